"""Ana tests the counting: a page against its exact copy."""

from pathlib import Path

import pytest
from sqlmodel import Session

from experiments import lifecycle
from experiments.models import Experiment, Purpose
from lander.config import Settings
from lander.errors import Conflict
from lander.pages import pages, publish, testing, versions
from lander.pages.aa import start_aa
from lander.pages.models import Page, StoredRelease
from lander.pages.release import load_versions
from tests.pages.publishing import FORM, MAYA, NOW, add_page, add_site, make_settings, save

SUMMER = FORM.replace("Spring", "Summer")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


def live_page(session: Session, settings: Settings, sources: dict[str, str]) -> Page:
    page = add_page(session, add_site(session), sources)
    publish.publish(session, settings, page, actor=MAYA, now=NOW)
    return page


def begin(session: Session, settings: Settings, page: Page) -> Experiment:
    return start_aa(session, settings, page=page, goal="form", actor=MAYA, now=NOW)


def seen(session: Session, page: Page) -> dict[str, str]:
    assert page.release_id is not None
    live = load_versions(session, session.get_one(StoredRelease, page.release_id))
    return {key: version.source for key, version in live.items()}


def test_a_page_with_one_variant_gets_an_exact_copy_and_half_the_visitors_see_it(
    session: Session, settings: Settings
) -> None:
    page = live_page(session, settings, {"a": FORM})
    experiment = begin(session, settings, page)
    assert experiment.purpose == Purpose.AA.value
    assert lifecycle.current_phase(session, experiment).weights == {"a": 5_000, "b": 5_000}
    assert seen(session, page) == {"a": FORM, "b": FORM}


def test_a_variant_that_differs_is_left_alone_and_the_copy_takes_the_next_letter(
    session: Session, settings: Settings
) -> None:
    page = live_page(session, settings, {"a": FORM, "b": SUMMER})
    experiment = begin(session, settings, page)
    assert lifecycle.current_phase(session, experiment).weights == {"a": 5_000, "c": 5_000}
    assert seen(session, page) == {"a": FORM, "b": SUMMER, "c": FORM}


def test_a_copy_that_is_live_already_is_used_again(session: Session, settings: Settings) -> None:
    page = live_page(session, settings, {"a": FORM})
    first = begin(session, settings, page)
    testing.stop_experiment(session, settings, first, reason="Done.", actor=MAYA, now=NOW)
    begin(session, settings, page)
    assert [variant.key for variant in pages.list_variants(session, page)] == ["a", "b"]


def test_a_draft_stays_a_draft(session: Session, settings: Settings) -> None:
    page = live_page(session, settings, {"a": FORM})
    save(session, page, "a", SUMMER)
    begin(session, settings, page)
    assert seen(session, page) == {"a": FORM, "b": FORM}
    assert versions.load_draft(session, pages.load_variant(session, page, "a")).source == SUMMER


def test_variants_that_differ_are_no_aa_test(session: Session, settings: Settings) -> None:
    page = live_page(session, settings, {"a": FORM, "b": SUMMER})
    with pytest.raises(Conflict, match="are not the same content"):
        testing.start_experiment(
            session,
            settings,
            page=page,
            variants={"a": 5_000, "b": 5_000},
            goal="form",
            purpose=Purpose.AA,
            actor=MAYA,
            now=NOW,
        )


def test_a_page_that_is_not_live_is_refused(session: Session, settings: Settings) -> None:
    page = add_page(session, add_site(session), {"a": FORM})
    with pytest.raises(Conflict, match="is not live"):
        begin(session, settings, page)
