"""Ana asks how a report stood at a moment, and gets what had happened until then, and nothing of what came later."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete

from experiments import lifecycle, results
from experiments.errors import UnknownExperiment
from experiments.events import Event, Kind
from experiments.goals import Goal, GoalKind, Role
from experiments.models import FilteredTally, State, Tally, VisitorRow
from lander.db import reading, transaction
from tests.experiments.builders import (
    DAY_MS,
    HOUR_MS,
    STARTED,
    STARTED_MS,
    after,
    confirm,
    convert,
    crowd,
    refuse,
    start,
    take_in,
    view,
)

MAYA, ANA = "1" * 32, "2" * 32


@pytest.fixture
def engine(database: Engine) -> Engine:
    phone = Goal(GoalKind.CLICK, selector="a.phone", role=Role.GUARDRAIL, margin=0.05)
    with transaction(database) as session:
        start(session, goals=[phone, Goal(GoalKind.SCROLL, threshold=75)])
    return database


def judge(engine: Engine, *, as_of: datetime | None = None, now: datetime | None = None) -> results.Report:
    with reading(engine) as session:
        return results.report(session, "spring-sale-1", as_of=as_of, now=now or after(days=30))


def test_a_conversion_counts_from_the_moment_it_was_made(engine: Engine) -> None:
    seen = confirm(view(MAYA))
    take_in(engine, [seen, convert(view(MAYA), after_ms=30 * HOUR_MS)])
    made = STARTED + timedelta(hours=31)
    before, then = (judge(engine, as_of=moment).variants[0] for moment in (made - timedelta(milliseconds=1), made))
    assert (before.confirmed, before.conversions) == (1, 0)
    assert (then.confirmed, then.conversions) == (1, 1)


def test_who_saw_a_second_variant_only_later_was_still_counted_then(engine: Engine) -> None:
    take_in(engine, [confirm(view(MAYA)), view(MAYA, variant="b", at_ms=STARTED_MS + 3 * DAY_MS)])
    assert judge(engine, as_of=after(days=2)).variants[0].confirmed == 1
    assert judge(engine).variants[0].confirmed == 0
    assert judge(engine).variants[0].multiply_exposed == 1


def test_before_it_started_there_was_nothing_to_read(engine: Engine) -> None:
    with pytest.raises(UnknownExperiment, match="had not started on 2026-11-01 09:00 UTC"):
        judge(engine, as_of=STARTED - timedelta(days=1))


def test_a_moment_that_has_not_come_is_now(engine: Engine) -> None:
    take_in(engine, crowd("a", served=20, conversions=3, days=4))
    assert judge(engine, as_of=after(days=99), now=after(days=9)) == judge(engine, now=after(days=9))


def test_phases_notes_state_and_decision_are_those_of_then(engine: Engine) -> None:
    with transaction(engine) as session:
        experiment = lifecycle.load(session, "spring-sale-1")
        lifecycle.pause(session, experiment, actor="Maya", now=after(days=2))
        lifecycle.resume(session, experiment, actor="Maya", now=after(days=3))
        lifecycle.new_phase(session, experiment, now=after(days=5))
        lifecycle.stop(session, experiment, ship="b", reason="More leads.", actor="Maya", now=after(days=9))
    told = [(item.state, item.phases, item.ended_at, item.shipped, len(item.annotations)) for item in (
        judge(engine, as_of=after(days=1)),
        judge(engine, as_of=after(days=2.5)),
        judge(engine, as_of=after(days=4)),
        judge(engine, as_of=after(days=6)),
        judge(engine, as_of=after(days=9)),
    )]  # fmt: skip
    assert told == [
        (State.RUNNING, (1,), None, "", 0),
        (State.PAUSED, (1,), None, "", 1),
        (State.RUNNING, (1,), None, "", 2),
        (State.RUNNING, (1, 2), None, "", 0),
        (State.ENDED, (1, 2), after(days=9), "b", 1),
    ]


def happened(event: Event, by_ms: int) -> bool:
    """Whether it had: a page view when it was served, a goal when it was reached."""
    return (event.at_ms if event.kind is Kind.CONVERSION else event.exposed_at_ms) <= by_ms


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    drawn = []
    for _ in range(draw(st.integers(1, 25))):
        served = view(
            str(draw(st.integers(1, 6))) * 32,
            variant=draw(st.sampled_from("ab")),
            at_ms=STARTED_MS + draw(st.integers(0, 8 * 24)) * HOUR_MS,
            device=draw(st.sampled_from(["phone", "desktop"])),
        )
        refused = refuse(served, "bot")
        goal = draw(st.sampled_from(["form", "click-2", "scroll-3", "time-4"]))
        converted = convert(served, after_ms=draw(st.integers(0, 80)) * HOUR_MS, goal=goal)
        drawn += draw(st.sampled_from([[served], [served, confirm(served)], [served, converted], [refused]]))
    return drawn


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=events(), hours=st.integers(0, 9 * 24))
def test_it_is_what_the_ledger_would_have_said_at_that_moment(engine: Engine, drawn: list[Event], hours: int) -> None:
    moment = STARTED + timedelta(hours=hours)
    by_ms = STARTED_MS + hours * HOUR_MS
    empty(engine)
    take_in(engine, [event for event in drawn if happened(event, by_ms)])
    then = judge(engine, now=moment)
    take_in(engine, drawn)
    later = judge(engine, as_of=moment)
    assert later.variants == then.variants
    assert (later.by_day, later.segments, later.filtered) == (then.by_day, then.segments, then.filtered)
    assert later.goals == then.goals
    assert later.verdict == then.verdict


def test_now_read_from_the_visitors_is_now_read_from_the_tallies(engine: Engine) -> None:
    take_in(engine, crowd("a", served=80, confirmed=70, conversions=9, days=5))
    take_in(engine, crowd("b", served=70, confirmed=66, conversions=8, days=5, device="desktop", returning=True))
    reached = [convert(item, goal="scroll-3") for item in crowd("a", served=80, days=5) if item.kind is Kind.SERVED]
    take_in(engine, reached[:30])
    take_in(engine, [refuse(view(MAYA), "bot"), refuse(view(ANA), "gpc"), convert(view(ANA, variant="b"))])
    from_tallies = judge(engine, now=after(days=20))
    from_visitors = judge(engine, as_of=after(days=20), now=after(days=20, seconds=1))
    assert from_visitors.is_past
    told, expected = from_visitors.as_json(), from_tallies.as_json()
    assert told == expected
    assert expected["goals"][1]["variants"][0]["conversions"] == 30


def empty(engine: Engine) -> None:
    with transaction(engine) as session:
        for table in (VisitorRow, Tally, FilteredTally):
            session.execute(delete(table))
