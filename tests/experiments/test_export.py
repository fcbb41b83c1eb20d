"""Ana takes an experiment along as rows, and counts again what the report counted."""

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete

from experiments import export, lifecycle, receipts, results
from experiments.events import Event
from experiments.export import EventRow, ReceiptRow, TallyRow
from experiments.goals import Goal, GoalKind
from experiments.models import FilteredTally, Tally, VisitorRow
from lander.db import reading, transaction
from tests.experiments.builders import (
    DAY_MS,
    HOUR_MS,
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

MAYA, ANA, IVAN, OTTO = (digit * 32 for digit in "1234")
SECRET = b"of this experiment alone"


def list_events(engine: Engine, *, secret: bytes = SECRET, phase: int | None = None) -> list[EventRow]:
    with reading(engine) as session:
        experiment = lifecycle.load(session, "spring-sale-1")
        return list(export.iterate_events(session, experiment, secret=secret, phase=phase))


def list_tallies(engine: Engine, *, phase: int | None = None) -> list[TallyRow]:
    with reading(engine) as session:
        return list(export.iterate_tallies(session, lifecycle.load(session, "spring-sale-1"), phase=phase))


def list_receipts(engine: Engine, *, phase: int | None = None) -> list[ReceiptRow]:
    with reading(engine) as session:
        return list(export.iterate_receipts(session, lifecycle.load(session, "spring-sale-1"), phase=phase))


def pay(engine: Engine, reference: str, amount_minor: int | None, *, variant: str = "b", phase: int = 1) -> None:
    with transaction(engine) as session:
        receipts.record(
            session,
            experiment_key="spring-sale-1",
            phase=phase,
            variant=variant,
            reference=reference,
            amount_minor=amount_minor,
            simulated=False,
            now=after(days=2),
        )


def read_report(engine: Engine) -> results.Report:
    with reading(engine) as session:
        return results.report(session, "spring-sale-1", now=after(days=30))


def check_that_rows_give_the_report(engine: Engine) -> None:
    """Every number of the report's variants and days, from either table."""
    report, rows, tallies = read_report(engine), list_events(engine), list_tallies(engine)
    mine = [row for row in rows if row.phase == report.phase and row.goal in ("", report.goal)]
    counted = Counter((row.variant, row.event) for row in mine if row.counted)
    by_day = Counter((row.day, row.variant, row.event) for row in mine if row.counted)
    unconfirmed = Counter(row.variant for row in mine if row.reason == "unconfirmed")
    sums: Counter[tuple[str, str]] = Counter()
    for cell in tallies:
        if cell.dimension == "all" and cell.phase == report.phase and cell.goal in ("", report.goal):
            sums[cell.variant, "served"] += cell.served
            sums[cell.variant, "confirmed"] += cell.confirmed
            sums[cell.variant, "converted"] += cell.conversions
    for item in report.variants:
        told = {"served": item.served, "confirmed": item.confirmed, "converted": item.conversions}
        assert {event: counted[item.key, event] for event in told} == told
        assert {event: sums[item.key, event] for event in told} == told
        assert unconfirmed[item.key] == item.unconfirmed_conversions
    for day in report.by_day:
        told = (day.served, day.confirmed, day.conversions)
        assert tuple(by_day[day.day, day.variant, event] for event in ("served", "confirmed", "converted")) == told
    filtered = Counter(row.reason for row in mine if row.event == "filtered")
    assert filtered == report.filtered
    refused: Counter[str] = Counter()
    for cell in tallies:
        if cell.dimension == export.FILTERED and cell.phase == report.phase:
            refused[cell.level] += cell.filtered
    assert refused == report.filtered


def test_counting_the_rows_gives_the_report(engine: Engine) -> None:
    take_in(engine, crowd("a", served=60, confirmed=50, conversions=55, days=4))
    take_in(engine, crowd("b", served=55, confirmed=50, conversions=9, days=4, source="ad", device="desktop"))
    take_in(engine, [view(MAYA), view(MAYA, variant="b"), refuse(view(ANA), "bot")])
    check_that_rows_give_the_report(engine)


def test_each_row_says_why_it_is_not_counted(engine: Engine) -> None:
    with transaction(engine) as session:
        lifecycle.new_phase(session, lifecycle.load(session, "spring-sale-1"), now=after(days=10))
    later = STARTED_MS + 11 * DAY_MS
    take_in(engine, [confirm(view(MAYA)), convert(view(MAYA), after_ms=80 * HOUR_MS), view(MAYA, phase=2, at_ms=later)])
    take_in(engine, [view(ANA), confirm(view(ANA, at_ms=STARTED_MS + 5 * HOUR_MS)), convert(view(ANA))])
    take_in(engine, [confirm(view(IVAN)), confirm(view(IVAN, variant="b"))])
    take_in(engine, [refuse(view(OTTO), "gpc")])
    assert Counter((row.phase, row.event, row.counted, row.reason) for row in list_events(engine)) == {
        (1, "served", True, ""): 2,
        (1, "confirmed", True, ""): 1,
        (1, "converted", False, "too-late"): 1,
        (2, "served", False, "earlier-phase"): 1,
        (1, "confirmed", False, "later-view"): 1,
        (1, "converted", False, "unconfirmed"): 1,
        (1, "served", False, "multiply-exposed"): 2,
        (1, "confirmed", False, "multiply-exposed"): 2,
        (1, "filtered", False, "gpc"): 1,
    }


def test_a_row_has_the_sites_day_and_utc_to_the_second(engine: Engine) -> None:
    at_ms = STARTED_MS + 14 * HOUR_MS + 30 * 60_000 + 789  # 23:30 UTC, half past midnight in Berlin
    take_in(engine, [view(MAYA, at_ms=at_ms)])
    (row,) = list_events(engine)
    assert (row.at.isoformat(), row.day.isoformat()) == ("2026-11-02T23:30:00+00:00", "2026-11-03")
    assert (row.experiment, row.device, row.browser, row.source, row.returning) == (
        "spring-sale-1", "phone", "chrome", "email", False,
    )  # fmt: skip


def test_rows_of_one_visitor_belong_together_and_say_nothing_of_who_it_is(engine: Engine) -> None:
    take_in(engine, [confirm(view(MAYA)), convert(view(MAYA)), view(ANA)])
    rows, others = list_events(engine), list_events(engine, secret=b"of another one")
    assert sorted(Counter(row.visitor for row in rows).values()) == [1, 3]
    assert not {row.visitor for row in rows} & {row.visitor for row in others}
    assert not any(who in repr(rows) for who in (MAYA, ANA))
    assert rows == list_events(engine)


def test_every_goal_is_among_the_rows_and_gives_the_report(database: Engine) -> None:
    with transaction(database) as session:
        start(session, goals=[Goal(GoalKind.CLICK, selector="a.phone"), Goal(GoalKind.SCROLL, threshold=75)])
    visits = {key: crowd(key, served=40, confirmed=30, conversions=5) for key in "ab"}
    take_in(database, [*visits["a"], *visits["b"]])
    take_in(database, [convert(view, goal="click-2") for key in "ab" for view in served(visits[key])[:9]])
    take_in(database, [convert(view, goal="scroll-3") for view in served(visits["b"])])
    reached = Counter((row.variant, row.goal) for row in list_events(database) if row.counted and row.goal)
    sums: Counter[tuple[str, str]] = Counter()
    for cell in list_tallies(database):
        if cell.dimension == "all" and cell.goal:
            sums[cell.variant, cell.goal] += cell.conversions
    told = {
        (item.key, goal.goal.key): item.conversions for goal in read_report(database).goals for item in goal.variants
    }
    assert told == {("a", "click-2"): 9, ("b", "click-2"): 9, ("a", "scroll-3"): 0, ("b", "scroll-3"): 30}
    for rows in (reached, sums):
        assert {key: rows[key] for key in told} == told


def served(events: list[Event]) -> list[Event]:
    return [event for event in events if event.kind == "served"]


def test_a_row_says_by_which_campaign_and_keyword_its_visitor_came(engine: Engine) -> None:
    seen = view(MAYA, campaign="Spring", keyword="buggies near me")
    take_in(engine, [seen, confirm(seen._replace(campaign="", keyword="")), view(ANA), confirm(view(IVAN))])
    take_in(engine, [refuse(view(OTTO), "bot")])
    came = {(row.event, row.campaign, row.keyword) for row in list_events(engine)}
    assert came == {
        ("served", "Spring", "buggies near me"),
        ("confirmed", "Spring", "buggies near me"),
        ("served", "(none)", "(none)"),
        ("served", "(unknown)", "(unknown)"),  # only the confirmation of that view came in
        ("confirmed", "(unknown)", "(unknown)"),
        ("filtered", "", ""),
    }


def test_receipts_are_the_money_of_the_report_and_lead_to_nobody(engine: Engine) -> None:
    take_in(engine, crowd("a", served=20) + crowd("b", served=20))
    for reference, amount, variant in (("l1", 4_900, "b"), ("l2", 4_900, "b"), ("l3", 125_000, "b"), ("l4", 900, "a")):
        pay(engine, reference, amount, variant=variant)
    pay(engine, "l3", None)
    rows = list_receipts(engine)
    assert [(row.phase, row.variant, row.amount_minor, row.receipts) for row in rows] == [
        (1, "a", 900, 1), (1, "b", 4_900, 2),
    ]  # fmt: skip
    revenue = read_report(engine).revenue
    assert revenue is not None
    assert [sum(row.receipts for row in rows if row.variant == item.key) for item in revenue.variants] == [1, 2]
    assert "l1" not in repr(rows)


def test_one_phase_can_be_taken_by_itself(engine: Engine) -> None:
    with transaction(engine) as session:
        lifecycle.new_phase(session, lifecycle.load(session, "spring-sale-1"), now=after(days=10))
    later = STARTED_MS + 11 * DAY_MS
    take_in(
        engine, [view(MAYA), convert(view(MAYA)), view(MAYA, phase=2, at_ms=later), view(ANA, phase=2, at_ms=later)]
    )
    take_in(engine, [refuse(view(IVAN), "bot"), refuse(view(OTTO, phase=2, at_ms=later), "bot")])
    for reference, phase in (("l1", 1), ("l2", 2)):
        pay(engine, reference, 4_900, phase=phase)
    for rows in (list_events, list_tallies, list_receipts):
        whole = rows(engine)
        parts = [rows(engine, phase=number) for number in (1, 2)]
        assert [{row.phase for row in part} for part in parts] == [{1}, {2}]
        assert sorted(map(repr, whole)) == sorted(map(repr, [*parts[0], *parts[1]]))
        assert rows(engine, phase=3) == []


def test_nobody_came_and_there_are_no_rows(engine: Engine) -> None:
    assert (list_events(engine), list_tallies(engine), list_receipts(engine)) == ([], [], [])


def test_another_experiment_has_no_part_in_it(engine: Engine) -> None:
    take_in(engine, crowd("a", served=5, conversions=1))
    before = list_events(engine), list_tallies(engine)
    with transaction(engine) as session:
        start(session, page_id=2, slug_key="autumn-sale")
    take_in(engine, [event._replace(experiment_id=2) for event in crowd("b", served=3)])
    assert (list_events(engine), list_tallies(engine)) == before


EVENTS = st.builds(
    lambda who, variant, phase, hour, make: make(
        view(who * 32, variant=variant, phase=phase, at_ms=STARTED_MS + (phase - 1) * 10 * DAY_MS + hour * HOUR_MS)
    ),
    st.sampled_from("123"),
    st.sampled_from("ab"),
    st.sampled_from([1, 2]),
    st.integers(0, 60),
    st.sampled_from(
        [
            lambda seen: seen,
            confirm,
            convert,
            lambda seen: convert(seen, after_ms=100 * HOUR_MS),
            lambda seen: refuse(seen, "bot"),
        ]
    ),
)


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(EVENTS, max_size=20))
def test_whatever_happened_the_rows_give_the_report(database: Engine, events: list[Event]) -> None:
    with transaction(database) as session:
        for table in (VisitorRow, Tally, FilteredTally):
            session.execute(delete(table))
        if not lifecycle.list_experiments(session):
            experiment = start(session)
            lifecycle.new_phase(session, experiment, now=after(days=10))
    take_in(database, events)
    check_that_rows_give_the_report(database)
