"""Starting, pausing and ending a test on a page: what visitors see changes with it, and impossible tests never start."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlmodel import Session, select

from experiments import lifecycle
from experiments.errors import ExperimentError
from experiments.goals import Goal, GoalKind, Role
from experiments.models import Experiment, State
from lander.access.models import AuditEntry
from lander.catalog import SiteEntry
from lander.config import Settings
from lander.errors import Conflict, InvalidInput
from lander.pages import pages, publish, testing, versions
from lander.pages.models import Page, Site, StoredRelease
from lander.policy import store
from lander.policy.findings import Finding, Refused
from lander.published import Release, read_release
from tests.pages.publishing import (
    FORM,
    MAYA,
    NOW,
    PAGE,
    add_page,
    add_site,
    make_settings,
    object_to_everything,
    save,
    text_of,
)

SUMMER = FORM.replace("Spring", "Summer")
CTA = PAGE.replace("</h1>", '</h1><a class="cta" href="https://www.example.com/">Buy</a>')


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def site(session: Session) -> Site:
    return add_site(session)


@pytest.fixture
def page(session: Session, settings: Settings, site: Site) -> Page:
    page = add_page(session, site, {"a": FORM, "b": SUMMER})
    publish.publish(session, settings, page, actor=MAYA, now=NOW)
    return page


def _start(session: Session, settings: Settings, page: Page, **options: object) -> Experiment:
    plan = {"variants": {"a": 5000, "b": 5000}, "goal": "form", "hypothesis": "b is warmer", **options}
    return testing.start_experiment(session, settings, page=page, actor=MAYA, now=NOW, **plan)  # type: ignore[arg-type]


def _stop(session: Session, settings: Settings, experiment: Experiment, *, ship: str | None = None) -> Experiment:
    return testing.stop_experiment(session, settings, experiment, ship=ship, reason="decided", actor=MAYA, now=NOW)


def _live(session: Session, page: Page) -> Release:
    stored = session.get_one(StoredRelease, page.release_id)
    return read_release(stored.id, {name: text.encode() for name, text in stored.files.items()})


def _seen(session: Session, page: Page) -> str:
    release = _live(session, page)
    return text_of(release.variants[release.control].segments)


def test_shipping_goes_through_the_gate_and_keeping_control_need_not(
    session: Session, settings: Settings, site: Site
) -> None:
    store.apply_policy(session, '[isolation.allow]\nimg = ["cdn.example"]\n', actor="ivan", now=NOW)
    page = add_page(session, site, {"a": FORM, "b": f'{FORM}<img src="https://cdn.example/b.png" alt="">'})
    publish.publish(session, settings, page, actor=MAYA, now=NOW)
    experiment = _start(session, settings, page)
    store.apply_policy(session, "[isolation]\n", actor="ivan", now=NOW)
    session.commit()
    with pytest.raises(Refused, match="was not published") as refused:
        _stop(session, settings, experiment, ship="b")
    assert any("cdn.example" in finding.sentence for finding in refused.value.findings)
    session.rollback()
    assert experiment.state is State.RUNNING
    assert _stop(session, settings, experiment).shipped == "a"


def test_shipping_asks_the_release_first(session: Session, settings: Settings, page: Page) -> None:
    experiment = _start(session, settings, page)
    asked = []
    testing.stop_experiment(
        session, settings, experiment, ship="b", reason="decided", preflight=lambda *about: asked.append(about) or (),
        actor=MAYA, now=NOW,
    )  # fmt: skip
    assert len(asked) == 1


def test_starting_puts_the_split_before_visitors(session: Session, settings: Settings, page: Page) -> None:
    experiment = _start(session, settings, page, coverage_bp=8000)
    release = _live(session, page)
    assert experiment.key == "spring-sale-1"
    assert experiment.timezone == "Europe/Berlin"
    assert release.allocation is not None
    assert release.allocation.ranges == (("a", 0, 4000), ("b", 5000, 9000))
    assert release.allocation.seed == "spring-sale-1:1"
    assert release.allocation.goal == "form"
    assert publish.list_publications(session, page)[0].reason == "experiment start"
    assert session.exec(select(AuditEntry).where(AuditEntry.action == "experiment.start")).one().details["weights"] == {
        "a": 5000,
        "b": 5000,
    }


def test_the_first_variant_named_is_the_control(session: Session, settings: Settings, page: Page) -> None:
    _start(session, settings, page, variants={"b": 5000, "a": 5000})
    assert _live(session, page).control == "b"


def test_a_test_starts_on_what_is_live_not_on_what_is_drafted(session: Session, settings: Settings, page: Page) -> None:
    save(session, page, "b", FORM.replace("Spring", "Autumn"))
    _start(session, settings, page)
    assert "Summer" in text_of(_live(session, page).variants["b"].segments)


def test_a_click_goal_reaches_the_beacon(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": CTA, "b": CTA}, slug="clicks")
    publish.publish(session, settings, page, actor=MAYA, now=NOW)
    _start(session, settings, page, goal="click", selector="a.cta")
    assert 'data-goals="[[&quot;click&quot;,&quot;click&quot;,&quot;a.cta&quot;]]"' in _seen(session, page)


def test_further_goals_are_part_of_the_release(session: Session, settings: Settings, site: Site) -> None:
    both = FORM.replace("</h1>", '</h1><a class="cta" href="https://www.example.com/">Buy</a>')
    page = add_page(session, site, {"a": both, "b": both}, slug="more")
    publish.publish(session, settings, page, actor=MAYA, now=NOW)
    goals = [
        Goal(GoalKind.FORM),
        Goal(GoalKind.CLICK, selector="a.cta > b, a.cta", role=Role.GUARDRAIL, margin=0.1),
        Goal(GoalKind.SCROLL, threshold=75),
        Goal(GoalKind.TIME, threshold=30),
    ]
    experiment = _start(session, settings, page, goal="click", selector="h1", goals=goals)
    further = (
        ("form", "form", ""),
        ("click-3", "click", "a.cta > b, a.cta"),
        ("scroll-4", "scroll", "75"),
        ("time-5", "time", "30"),
    )
    release = _live(session, page)
    assert release.allocation is not None
    assert release.allocation.goals == further
    assert 'data-goals="' in _seen(session, page)
    started = session.exec(select(AuditEntry).where(AuditEntry.action == "experiment.start")).one()
    assert started.details["goals"] == experiment.goals
    testing.pause_experiment(session, settings, experiment, actor=MAYA, now=NOW)
    assert 'data-goals="' not in _seen(session, page)


def test_every_variant_must_be_able_to_reach_every_further_goal(
    session: Session, settings: Settings, site: Site
) -> None:
    page = add_page(session, site, {"a": FORM.replace("<h1>", '<h1 class="x">'), "b": FORM, "c": PAGE}, slug="walls")
    publish.publish(session, settings, page, actor=MAYA, now=NOW)
    with pytest.raises(InvalidInput, match=r"Nothing in variant b matches 'h1\.x'"):
        _start(session, settings, page, goals=[Goal(GoalKind.CLICK, selector="h1.x")])
    with pytest.raises(InvalidInput, match="not a CSS selector"):
        _start(session, settings, page, goals=[Goal(GoalKind.CLICK, selector="h1[")])
    with pytest.raises(ExperimentError, match="nothing is named"):
        _start(session, settings, page, goals=[Goal(GoalKind.CLICK, selector=" ")])
    weights = {"a": 5000, "c": 5000}
    with pytest.raises(InvalidInput, match="Variant c has no form"):
        _start(session, settings, page, variants=weights, goal="click", selector="h1", goals=[Goal(GoalKind.FORM)])
    assert lifecycle.list_experiments(session) == []


def test_a_click_goal_must_find_something_in_every_variant(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": CTA, "b": PAGE}, slug="clicks")
    publish.publish(session, settings, page, actor=MAYA, now=NOW)
    with pytest.raises(InvalidInput, match=r"Nothing in variant b matches 'a\.cta'"):
        _start(session, settings, page, goal="click", selector="a.cta")
    with pytest.raises(InvalidInput, match="not a CSS selector"):
        _start(session, settings, page, goal="click", selector="a[")
    with pytest.raises(ExperimentError, match="nothing is named"):
        _start(session, settings, page, goal="click")
    assert lifecycle.list_experiments(session) == []


def test_a_form_goal_needs_a_form_in_every_variant(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": FORM, "b": PAGE}, slug="forms")
    publish.publish(session, settings, page, actor=MAYA, now=NOW)
    with pytest.raises(InvalidInput, match="Variant b has no form"):
        _start(session, settings, page)


def test_a_page_that_nobody_sees_cannot_be_tested(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": FORM, "b": FORM}, slug="draft")
    with pytest.raises(Conflict, match="not live"):
        _start(session, settings, page)


def test_a_variant_that_is_not_live_cannot_take_part(session: Session, settings: Settings, page: Page) -> None:
    versions.copy_variant(session, page, target="c", actor=MAYA, now=NOW)
    with pytest.raises(Conflict, match=r"Variant c of go\.example\.com/spring-sale is not live"):
        _start(session, settings, page, variants={"a": 5000, "c": 5000})


def test_a_test_that_the_rules_of_today_refuse_does_not_start(session: Session, settings: Settings, page: Page) -> None:
    store.apply_policy(session, '[forms]\nfield_types = ["name"]\n', actor="ivan", now=NOW)
    with pytest.raises(Exception, match="was not published"):
        _start(session, settings, page)


def test_pausing_shows_everybody_the_control_and_resuming_the_same_split(
    session: Session, settings: Settings, page: Page
) -> None:
    experiment = _start(session, settings, page)
    running = _live(session, page)
    testing.pause_experiment(session, settings, experiment, actor=MAYA, now=NOW)
    assert _live(session, page).allocation is None
    testing.resume_experiment(session, settings, experiment, actor=MAYA, now=NOW)
    assert _live(session, page).allocation == running.allocation
    assert [entry.reason for entry in publish.list_publications(session, page)[:2]] == [
        "experiment resume",
        "experiment pause",
    ]


def test_pausing_is_possible_whatever_the_rules_have_become(session: Session, settings: Settings, page: Page) -> None:
    experiment = _start(session, settings, page)
    store.apply_policy(session, '[forms]\nfield_types = ["name"]\n', actor="ivan", now=NOW)
    testing.pause_experiment(session, settings, experiment, actor=MAYA, now=NOW)
    assert _live(session, page).allocation is None


def test_ending_is_possible_whatever_the_rules_have_become(session: Session, settings: Settings, page: Page) -> None:
    experiment = _start(session, settings, page)
    store.apply_policy(session, '[forms]\nfield_types = ["name"]\n', actor="ivan", now=NOW)
    _stop(session, settings, experiment)
    assert "Spring" in _seen(session, page)


def test_a_split_that_would_go_wrong_for_visitors_does_not_start_nor_go_on(
    session: Session, settings: Settings, page: Page
) -> None:
    before = page.release_id
    with pytest.raises(Refused, match="was not published"):
        _start(session, settings, page, preflight=object_to_everything)
    assert page.release_id == before
    session.rollback()


def test_a_split_is_asked_as_visitors_will_meet_it(session: Session, settings: Settings, page: Page) -> None:
    asked: list[Release] = []

    def note(_settings: Settings, _site: SiteEntry, release_id: str, files: Mapping[str, bytes]) -> list[Finding]:
        asked.append(read_release(release_id, files))
        return []

    experiment = _start(session, settings, page, preflight=note)
    testing.pause_experiment(session, settings, experiment, actor=MAYA, now=NOW)
    testing.resume_experiment(session, settings, experiment, preflight=note, actor=MAYA, now=NOW)
    assert asked == [_live(session, page)] * 2
    assert asked[0].allocation is not None


def test_stopping_without_a_winner_keeps_the_control(session: Session, settings: Settings, page: Page) -> None:
    experiment = _start(session, settings, page)
    _stop(session, settings, experiment)
    assert experiment.state is State.ENDED
    assert _live(session, page).allocation is None
    assert "Spring" in _seen(session, page)


def test_a_control_that_is_not_the_first_variant_stays_after_the_test(
    session: Session, settings: Settings, page: Page
) -> None:
    _stop(session, settings, _start(session, settings, page, variants={"b": 5000, "a": 5000}))
    assert "Summer" in _seen(session, page)


def test_shipping_makes_the_winners_live_content_the_pages(session: Session, settings: Settings, page: Page) -> None:
    experiment = _start(session, settings, page)
    save(session, page, "b", FORM.replace("Spring", "Autumn"))  # a draft that no visitor of the test has seen
    _stop(session, settings, experiment, ship="b")
    assert "Summer" in _seen(session, page)
    version = versions.load_draft(session, pages.load_variant(session, page, "a"))
    assert (version.source, version.number, version.note) == (SUMMER, 2, "won spring-sale-1 as variant b")
    assert publish.publish(session, settings, page, actor=MAYA, now=NOW).unchanged is False  # b's draft goes out now
    assert "Summer" in _seen(session, page)


def test_stopping_needs_a_reason_and_changes_nothing_without_one(
    session: Session, settings: Settings, page: Page
) -> None:
    experiment = _start(session, settings, page)
    before = page.release_id
    with pytest.raises(ExperimentError, match="reason"):
        testing.stop_experiment(session, settings, experiment, reason=" ", actor=MAYA, now=NOW)
    assert page.release_id == before
