"""In a freeze window nothing new goes live and no test is started; going back, taking away and ending a test go on."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from experiments.models import State
from lander.config import Settings
from lander.pages import publish, testing
from lander.pages.freezes import Frozen
from lander.pages.models import Page
from lander.pages.pages import load_variant
from lander.pages.rollback import rollback
from lander.pages.together import Content, publish_together
from lander.pages.versions import load_draft
from lander.policy.store import apply_policy
from tests.pages.publishing import FORM, MAYA, NOW, add_page, add_site, make_settings, save

FREEZE = """[lifecycle]
freezes = [{from = 2026-11-22T00:00:00Z, to = 2026-11-23T00:00:00Z, reason = "Black Friday."}]
"""
INSIDE = NOW + timedelta(days=1)
AFTER = NOW + timedelta(days=2)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def page(session: Session, settings: Settings) -> Page:
    """Live in two contents one after the other, with a third as its draft; then IT named the freeze."""
    page = add_page(session, add_site(session), {"a": FORM, "b": FORM})
    for headline in ("First", "Second"):
        save(session, page, "a", FORM.replace("Spring sale", headline))
        publish.publish(session, settings, page, actor=MAYA, now=NOW)
    save(session, page, "a", FORM.replace("Spring sale", "Third"))
    apply_policy(session, FREEZE, actor="ivan", now=NOW)
    return page


def start(session: Session, settings: Settings, page: Page, *, now: object) -> object:
    plan = {"variants": {"a": 5000, "b": 5000}, "goal": "form", "hypothesis": "b is shorter"}
    return testing.start_experiment(session, settings, page=page, actor=MAYA, now=now, **plan)  # type: ignore[arg-type]


def test_publishing_is_refused_with_the_window_and_its_reason(session: Session, settings: Settings, page: Page) -> None:
    before = page.release_id
    with pytest.raises(Frozen) as refused:
        publish.publish(session, settings, page, actor=MAYA, now=INSIDE)
    assert str(refused.value) == (
        "From 22 Nov 2026, 00:00 (UTC) to 23 Nov 2026, 00:00 (UTC) nothing is published and no test is started: Black "
        "Friday. Do it after that, or ask IT to change the freeze window. Rolling back and taking away stay possible."
    )
    assert page.release_id == before
    assert not publish.publish(session, settings, page, actor=MAYA, now=AFTER).unchanged


def test_no_test_is_started(session: Session, settings: Settings, page: Page) -> None:
    with pytest.raises(Frozen):
        start(session, settings, page, now=INSIDE)
    start(session, settings, page, now=AFTER)


def test_going_back_and_taking_away_stay_possible(session: Session, settings: Settings, page: Page) -> None:
    before = page.release_id
    assert rollback(session, settings, page, actor=MAYA, now=INSIDE).release_id != before
    publish.withdraw(session, page, actor=MAYA, now=INSIDE)
    assert page.release_id is None


def test_a_test_can_be_paused_and_ended(session: Session, settings: Settings, page: Page) -> None:
    experiment = testing.start_experiment(
        session,
        settings,
        page=page,
        variants={"a": 5000, "b": 5000},
        goal="form",
        hypothesis="b is shorter",
        actor=MAYA,
        now=NOW,
    )
    testing.pause_experiment(session, settings, experiment, actor=MAYA, now=INSIDE)
    with pytest.raises(Frozen, match="Black Friday"):
        testing.stop_experiment(session, settings, experiment, ship="b", reason="Enough", actor=MAYA, now=INSIDE)
    assert experiment.state is State.PAUSED
    testing.stop_experiment(session, settings, experiment, reason="Enough", actor=MAYA, now=INSIDE)
    assert experiment.state is State.ENDED


def test_publishing_many_pages_at_once_is_refused_and_going_back_with_them_is_not(
    session: Session, settings: Settings, page: Page
) -> None:
    def act(reason: str) -> list[publish.Published]:
        content = Content(page, {"a": load_draft(session, load_variant(session, page, "a")).id or 0}, {})
        return publish_together(
            session, settings, [content], choices={}, reason=reason, note="", actor=MAYA, now=INSIDE
        )

    with pytest.raises(Frozen, match="Black Friday"):
        act("bulk edit")
    assert [item.unchanged for item in act("bulk undo")] == [False]
