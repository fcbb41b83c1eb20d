"""What is scheduled happens once, under the rules of its moment, and says what came of it."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from experiments import lifecycle
from experiments.errors import UnknownExperiment
from experiments.goals import Goal, GoalKind, Role
from lander.access.audit import list_entries
from lander.config import Settings
from lander.db import reading, transaction
from lander.errors import Conflict, InvalidInput, NotFound
from lander.pages import publish, testing
from lander.pages.freezes import Frozen
from lander.pages.models import Page, Schedule, StoredRelease
from lander.pages.schedules import (
    Plan,
    Publishing,
    Starting,
    State,
    Stopping,
    Withdrawing,
    add_schedule,
    cancel_schedule,
    carry_out,
    foresee,
    list_due,
    list_schedules,
    load_schedule,
)
from lander.policy.store import apply_policy
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
)

AT = NOW + timedelta(hours=3)
EXTERNAL = PAGE.replace("</h1>", '</h1><script src="https://cdn.example.net/x.js"></script>')
ALLOWED = '[isolation.allow]\nscript = ["cdn.example.net"]\n'
FREEZE = """[lifecycle]
freezes = [{from = 2026-11-21T11:00:00Z, to = 2026-11-21T13:00:00Z, reason = "Black Friday"}]
"""
TEST = Starting(variants={"a": 5000, "b": 5000}, goal="form", hypothesis="b is shorter", coverage_bp=8000)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def page(session: Session) -> Page:
    return add_page(session, add_site(session), {"a": FORM, "b": FORM})


def plan(session: Session, page: Page, what: Plan, *, at: datetime = AT) -> int:
    number = add_schedule(session, page, what, at=at, actor=MAYA, now=NOW).id
    assert number is not None
    return number


def do(session: Session, settings: Settings, number: int, *, now: datetime = AT) -> tuple[str, str]:
    done = carry_out(session, settings, number, now=now)
    assert done is not None
    return done.state, done.outcome


def test_each_kind_is_carried_out_when_it_is_due(session: Session, settings: Settings, page: Page) -> None:
    numbers = [plan(session, page, Publishing()), plan(session, page, TEST, at=AT + timedelta(minutes=1))]
    assert page.release_id is None
    assert list_due(session, now=AT - timedelta(seconds=1)) == []
    assert list_due(session, now=AT + timedelta(minutes=1)) == numbers
    assert do(session, settings, numbers[0]) == ("done", "go.example.com/spring-sale is live.")
    assert do(session, settings, numbers[1], now=AT + timedelta(minutes=1)) == ("done", "spring-sale-1 is running.")
    experiment = lifecycle.load(session, "spring-sale-1")
    assert lifecycle.current_phase(session, experiment).coverage_bp == 8000
    stop = Stopping(experiment="spring-sale-1", reason="Enough", ship="b")
    ended = plan(session, page, stop, at=AT + timedelta(hours=1))
    gone = plan(session, page, Withdrawing(), at=AT + timedelta(hours=2))
    assert do(session, settings, ended, now=AT + timedelta(hours=1)) == ("done", "spring-sale-1 has ended; B stays.")
    assert do(session, settings, gone, now=AT + timedelta(hours=2)) == (
        *("done", "go.example.com/spring-sale is taken away."),
    )
    assert page.release_id is None
    assert publish.list_publications(session, page)[0].by == "maya (scheduled)"


def test_it_happens_once(session: Session, settings: Settings, page: Page) -> None:
    number = plan(session, page, Publishing())
    do(session, settings, number)
    assert carry_out(session, settings, number, now=AT + timedelta(hours=1)) is None
    assert len(publish.list_publications(session, page)) == 1


def test_it_does_not_happen_before_its_time(session: Session, settings: Settings, page: Page) -> None:
    number = plan(session, page, Publishing())
    assert carry_out(session, settings, number, now=AT - timedelta(seconds=1)) is None
    assert load_schedule(session, number).state == State.WAITING


def test_the_draft_of_its_moment_is_published_not_that_of_today(
    session: Session, settings: Settings, page: Page
) -> None:
    number = plan(session, page, Publishing())
    save(session, page, "a", FORM.replace("Spring sale", "Better"))
    do(session, settings, number)
    assert "Better" in session.get_one(StoredRelease, page.release_id).files["a.html"]


def test_the_policy_of_its_moment_decides(session: Session, settings: Settings) -> None:
    page = add_page(session, add_site(session), {"a": EXTERNAL})
    apply_policy(session, ALLOWED, actor="ivan", now=NOW)
    number = plan(session, page, Publishing())
    apply_policy(session, "", actor="ivan", now=NOW + timedelta(hours=1))
    state, outcome = do(session, settings, number)
    assert state == "failed"
    assert "was not published, and nothing changed" in outcome
    assert "cdn.example.net" in outcome
    assert page.release_id is None


def test_a_freeze_that_came_later_wins(session: Session, settings: Settings, page: Page) -> None:
    published = plan(session, page, Publishing())
    apply_policy(session, FREEZE, actor="ivan", now=NOW)
    state, outcome = do(session, settings, published)
    assert state == "failed"
    assert "no test is started: Black Friday." in outcome
    assert page.release_id is None


def test_nothing_is_scheduled_into_a_freeze_but_taking_away(session: Session, page: Page) -> None:
    apply_policy(session, FREEZE, actor="ivan", now=NOW)
    for what in (Publishing(), TEST):
        with pytest.raises(Frozen, match="Black Friday"):
            plan(session, page, what)
    plan(session, page, Withdrawing())
    plan(session, page, Publishing(), at=AT + timedelta(days=1))


def test_a_planned_test_starts_with_its_further_goals(session: Session, settings: Settings, page: Page) -> None:
    publish.publish(session, settings, page, actor=MAYA, now=NOW)
    goals = (Goal(GoalKind.SCROLL, threshold=75), Goal(GoalKind.CLICK, selector="h1", role=Role.GUARDRAIL, margin=0.1))
    number = plan(session, page, replace(TEST, goals=goals))
    assert do(session, settings, number) == ("done", "spring-sale-1 is running.")
    (started,) = lifecycle.list_experiments(session)
    given = lifecycle.further_goals(started)
    assert [replace(goal, key="") for goal in given] == list(goals)
    assert [goal.key for goal in given] == ["scroll-2", "click-3"]


def test_what_fails_leaves_nothing_half_done(session: Session, settings: Settings, page: Page) -> None:
    """Starting records the experiment and publishes its split; where the last step is refused, the first is gone."""
    publish.publish(session, settings, page, actor=MAYA, now=NOW)
    number = plan(
        session, page, Starting(variants={"a": 5000, "b": 5000}, goal="click", selector=".none", hypothesis="x")
    )
    state, outcome = do(session, settings, number)
    assert (state, "Nothing in variant a matches '.none'" in outcome) == ("failed", True)
    assert lifecycle.list_experiments(session) == []


def test_one_that_is_late_is_done_and_says_so(session: Session, settings: Settings, page: Page) -> None:
    number = plan(session, page, Publishing())
    assert do(session, settings, number, now=AT + timedelta(hours=3, minutes=5)) == (
        "done",
        "go.example.com/spring-sale is live. It was done 3 hours late, because nothing ran when it was due.",
    )


@pytest.mark.parametrize(
    ("late", "state"),
    [
        (timedelta(0), "done"),
        (timedelta(minutes=9), "done"),
        (timedelta(days=1), "done"),
        (timedelta(days=1, seconds=1), "failed"),
        (timedelta(days=40), "failed"),
    ],
)
def test_after_a_day_nobody_knows_whether_it_is_still_wanted(
    session: Session, settings: Settings, page: Page, late: timedelta, state: str
) -> None:
    number = plan(session, page, Publishing())
    became, outcome = do(session, settings, number, now=AT + late)
    assert became == state
    assert ("do it by hand" in outcome) == (state == "failed")
    assert ("late" in outcome) == (late > timedelta(minutes=10))


def test_a_cancelled_one_does_not_happen(session: Session, settings: Settings, page: Page) -> None:
    number = plan(session, page, Publishing())
    cancel_schedule(session, load_schedule(session, number), actor=MAYA, now=NOW)
    assert list_due(session, now=AT) == []
    assert carry_out(session, settings, number, now=AT) is None
    with pytest.raises(Conflict, match="is cancelled already"):
        cancel_schedule(session, load_schedule(session, number), actor=MAYA, now=NOW)


def test_one_that_failed_is_put_aside_and_keeps_its_reason(session: Session, settings: Settings, page: Page) -> None:
    number = plan(session, page, Withdrawing())
    do(session, settings, number)
    put_aside = cancel_schedule(session, load_schedule(session, number), actor=MAYA, now=AT)
    assert (put_aside.state, "is not live" in put_aside.outcome) == ("cancelled", True)
    assert list_schedules(session, State.FAILED) == []


@pytest.mark.parametrize(
    ("at", "said"),
    [(NOW, "has passed"), (NOW - timedelta(days=1), "has passed"), (NOW + timedelta(days=367), "within a year")],
)
def test_a_time_lies_ahead_and_within_a_year(session: Session, page: Page, at: datetime, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        plan(session, page, Publishing(), at=at)


def test_a_button_pressed_twice_schedules_once(session: Session, page: Page) -> None:
    plan(session, page, Publishing())
    with pytest.raises(Conflict, match="scheduled for that time already"):
        plan(session, page, Publishing(strip_external=True))
    plan(session, page, Withdrawing())


def test_a_test_can_be_ended_only_where_it_runs_and_with_a_reason(
    session: Session, settings: Settings, page: Page
) -> None:
    other = add_page(session, add_site(session, "go.example.org"), {"a": FORM})
    publish.publish(session, settings, page, actor=MAYA, now=NOW)
    testing.start_experiment(
        session,
        settings,
        page=page,
        variants={"a": 5000, "b": 5000},
        goal="form",
        hypothesis="x",
        actor=MAYA,
        now=NOW,
    )
    with pytest.raises(InvalidInput, match="does not run on this page"):
        plan(session, other, Stopping(experiment="spring-sale-1", reason="x"))
    with pytest.raises(InvalidInput, match="no reason yet"):
        plan(session, page, Stopping(experiment="spring-sale-1", reason=" "))
    with pytest.raises(InvalidInput, match="The reason has 1,001 characters"):
        plan(session, page, Stopping(experiment="spring-sale-1", reason="x" * 1_001))
    with pytest.raises(UnknownExperiment):
        plan(session, page, Stopping(experiment="nothing-1", reason="x"))


def test_what_would_stand_in_its_way_is_told_before_and_changes_nothing(
    session: Session, settings: Settings, page: Page
) -> None:
    session.commit()
    good, bad = (load_schedule(session, plan(session, page, what)) for what in (Publishing(), TEST))
    entries = len(list_entries(session))
    assert foresee(session, settings, good) == ""
    assert "is not live, so nobody could see the test" in foresee(session, settings, bad)
    assert "The page answers 500." in foresee(session, settings, good, preflight=object_to_everything)
    session.commit()
    assert page.release_id is None
    assert publish.list_publications(session, page) == []
    assert len(list_entries(session)) == entries
    assert {item.state for item in list_schedules(session, State.WAITING)} == {"waiting"}


def test_every_step_is_on_the_record(session: Session, settings: Settings, page: Page) -> None:
    first, second = plan(session, page, Publishing()), plan(session, page, Withdrawing(), at=AT + timedelta(days=1))
    do(session, settings, first)
    cancel_schedule(session, load_schedule(session, second), actor="ana", now=AT)
    said = [(item.actor, item.action) for item in list_entries(session) if item.action.startswith("schedule.")]
    assert said == [
        ("ana", "schedule.cancel"),
        ("maya (scheduled)", "schedule.done"),
        ("maya", "schedule.add"),
        ("maya", "schedule.add"),
    ]


def test_they_are_listed_the_next_one_first_and_by_page(session: Session, page: Page) -> None:
    other = add_page(session, add_site(session, "go.example.org"), {"a": FORM})
    later, sooner = plan(session, page, Publishing(), at=AT + timedelta(hours=1)), plan(session, other, Publishing())
    assert [item.id for item in list_schedules(session, State.WAITING)] == [sooner, later]
    assert [item.id for item in list_schedules(session, State.WAITING, page=page)] == [later]


def test_one_that_is_not_there_is_named(session: Session) -> None:
    with pytest.raises(NotFound, match="no schedule 7"):
        load_schedule(session, 7)


def test_several_nodes_at_the_same_moment_do_it_once(database: Engine, tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    with transaction(database) as session:
        page = add_page(session, add_site(session), {"a": FORM, "b": FORM})
        numbers = [plan(session, page, what) for what in (Publishing(), Withdrawing())]
    done: list[Schedule | None] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        for number in numbers:
            with transaction(database) as session:
                done.append(carry_out(session, settings, number, now=AT))

    nodes = [threading.Thread(target=work) for _ in range(4)]
    for node in nodes:
        node.start()
    for node in nodes:
        node.join()
    assert sorted(item.action for item in done if item is not None) == ["publish", "withdraw"]
    with reading(database) as session:
        assert len(publish.list_publications(session, session.get_one(Page, page.id))) == 2


def test_a_node_that_dies_in_the_middle_has_done_nothing(database: Engine, tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    with transaction(database) as session:
        page = add_page(session, add_site(session), {"a": FORM, "b": FORM})
        number = plan(session, page, Publishing())
    with pytest.raises(KeyboardInterrupt):
        _die_before_the_commit(database, settings, number)
    with transaction(database) as session:
        assert session.get_one(Page, page.id).release_id is None
        assert list_due(session, now=AT) == [number]
        assert do(session, settings, number)[0] == "done"


def _die_before_the_commit(database: Engine, settings: Settings, number: int) -> None:
    with transaction(database) as session:
        carry_out(session, settings, number, now=AT)
        raise KeyboardInterrupt
