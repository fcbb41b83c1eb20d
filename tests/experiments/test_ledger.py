"""Events come in any order, any number of times, in any batches, and always mean the same."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, select
from sqlmodel import Session, col

from experiments import ledger, lifecycle, tallies
from experiments.events import Event, Kind, Reason
from experiments.models import FilteredTally, Tally, VisitorRow
from lander.db import reading, transaction
from tests.experiments.builders import (
    DAY_MS,
    HOUR_MS,
    STARTED_MS,
    after,
    confirm,
    convert,
    refuse,
    start,
    take_in,
    view,
)

MAYA, ANA, IVAN = "1" * 32, "2" * 32, "3" * 32
WINDOW_MS = 72 * HOUR_MS
ZONE = ZoneInfo("Europe/Berlin")


def tally(engine: Engine, *, goal: str = "", **where: Any) -> Counter[str]:
    """The sums of the total cells, per number; `where` narrows them."""
    sums: Counter[str] = Counter()
    with reading(engine) as session:
        for row in session.execute(select(Tally)).scalars():
            wanted = {"dimension": "all", "goal": goal, **where}
            if all(getattr(row, name) == value for name, value in wanted.items()):
                sums.update({name: getattr(row, name) for name in tallies.Counts._fields})
    return +sums


def filtered(engine: Engine) -> Counter[tuple[int, str]]:
    sums: Counter[tuple[int, str]] = Counter()
    with reading(engine) as session:
        for row in session.execute(select(FilteredTally)).scalars():
            sums[row.phase, row.reason] += row.visitors
    return +sums


def test_a_visitor_is_counted_once_however_often_they_look(engine: Engine) -> None:
    first, second = view(MAYA), view(MAYA, at_ms=STARTED_MS + DAY_MS)
    take_in(engine, [first, second, confirm(first), confirm(second), convert(first), convert(second)])
    assert tally(engine) == {"served": 1, "confirmed": 1}
    assert tally(engine, goal="form") == {"conversions": 1}


def test_a_conversion_or_a_confirmation_alone_proves_that_the_page_was_served(engine: Engine) -> None:
    take_in(engine, [confirm(view(MAYA)), convert(view(ANA))])
    assert tally(engine) == {"served": 2, "confirmed": 1}
    assert tally(engine, goal="form") == {"unconfirmed_conversions": 1}


def test_only_a_confirmed_first_exposure_counts(engine: Engine) -> None:
    later = view(MAYA, at_ms=STARTED_MS + 5 * HOUR_MS)
    take_in(engine, [view(MAYA), later, confirm(later), convert(later)])
    assert tally(engine) == {"served": 1}
    assert tally(engine, goal="form") == {"unconfirmed_conversions": 1}
    take_in(engine, [confirm(view(MAYA))])  # its beacon comes in at last
    assert tally(engine) == {"served": 1, "confirmed": 1}
    assert tally(engine, goal="form") == {"conversions": 1}


@pytest.mark.parametrize(("late_ms", "counted"), [(0, True), (1, False)])
def test_a_conversion_counts_until_the_window_closes(engine: Engine, late_ms: int, counted: bool) -> None:
    take_in(engine, [confirm(view(MAYA)), convert(view(MAYA), after_ms=WINDOW_MS + late_ms)])
    assert tally(engine, goal="form") == ({"conversions": 1} if counted else {})


def test_the_window_opens_at_the_first_exposure_not_the_last(engine: Engine) -> None:
    later = view(MAYA, at_ms=view(MAYA).exposed_at_ms + WINDOW_MS - HOUR_MS)
    take_in(engine, [confirm(view(MAYA)), convert(later, after_ms=2 * HOUR_MS)])
    assert tally(engine, goal="form") == {}


def test_a_clock_that_runs_behind_does_not_lose_a_conversion(engine: Engine) -> None:
    take_in(engine, [confirm(view(MAYA)), convert(view(MAYA), after_ms=-40)])
    assert tally(engine, goal="form") == {"conversions": 1}


def test_who_saw_two_variants_leaves_every_number_and_is_counted_apart(engine: Engine) -> None:
    take_in(engine, [confirm(view(MAYA)), convert(view(MAYA)), confirm(view(ANA))])
    take_in(engine, [view(MAYA, variant="b", at_ms=STARTED_MS + DAY_MS)])
    assert tally(engine, variant="a") == {"served": 1, "confirmed": 1, "multiply_exposed": 1}
    assert tally(engine, variant="b") == {}
    assert tally(engine, goal="form") == {}


def test_who_was_seen_in_an_earlier_phase_counts_there_and_only_there(engine: Engine) -> None:
    second = view(MAYA, phase=2, variant="b", at_ms=STARTED_MS + 2 * DAY_MS)
    with transaction(engine) as session:
        lifecycle.new_phase(session, lifecycle.load(session, "spring-sale-1"), now=after(days=1))
    take_in(engine, [confirm(second), convert(second)])
    assert tally(engine, phase=2) == {"served": 1, "confirmed": 1}
    take_in(engine, [confirm(view(MAYA))])  # a late journal says that they came before
    assert tally(engine, phase=1) == {"served": 1, "confirmed": 1}
    assert tally(engine, phase=2) == {}
    assert tally(engine, goal="form") == {}


def test_day_and_segments_are_those_of_the_first_exposure_in_the_sites_time_zone(engine: Engine) -> None:
    midnight_ms = int(datetime(2026, 11, 4, tzinfo=ZONE).timestamp() * 1000)
    before, later = view(MAYA, at_ms=midnight_ms - 1), view(MAYA, at_ms=midnight_ms, device="desktop", returning=True)
    take_in(engine, [later, confirm(later), convert(later)])
    assert tally(engine, dimension="device", level="desktop", day=date(2026, 11, 4))["served"] == 1
    take_in(engine, [before])
    for dimension, level in (("device", "phone"), ("browser", "chrome"), ("source", "email"), ("returning", "new")):
        assert tally(engine, dimension=dimension, level=level, day=date(2026, 11, 3)) == {"served": 1}
    assert tally(engine, day=date(2026, 11, 4)) == {}


def test_filtered_visitors_are_counted_once_per_reason_and_in_no_variant(engine: Engine) -> None:
    bot = refuse(view(MAYA), Reason.BOT)
    take_in(engine, [bot, bot, refuse(view(MAYA, at_ms=STARTED_MS + DAY_MS), Reason.BOT), refuse(view(ANA), "bot")])
    take_in(engine, [refuse(view(MAYA), Reason.OUTSIDE)])
    assert filtered(engine) == {(1, "bot"): 2, (1, "outside"): 1}
    assert tally(engine) == {}


def test_a_visitor_filtered_on_an_earlier_day_than_was_known_moves_there_and_leaves_nothing(engine: Engine) -> None:
    take_in(engine, [refuse(view(MAYA, at_ms=STARTED_MS + DAY_MS), "bot")])
    take_in(engine, [refuse(view(MAYA), "bot")])
    assert filtered(engine) == {(1, "bot"): 1}
    with transaction(engine) as session:
        assert tallies.rebuild(session) == 0


def test_simulated_visitors_are_counted_and_marked(engine: Engine) -> None:
    take_in(engine, [view(MAYA, simulated=True), confirm(view(ANA))])
    assert tally(engine) == {"served": 2, "confirmed": 1, "simulated": 1}


def test_what_belongs_nowhere_is_dropped_with_a_counted_reason(engine: Engine) -> None:
    events = [
        view(MAYA),
        view(MAYA, experiment_id=99),
        view(ANA, experiment_id=99),
        view(ANA, phase=2),
        view(ANA, variant="c"),
        view(""),
        convert(view(ANA), goal=""),
        refuse(view(ANA), ""),
    ]
    with transaction(engine) as session:
        report = ledger.ingest(session, events)
    assert (report.events, report.visitors) == (8, 1)
    assert report.dropped == {
        "unknown-experiment": 2,
        "unknown-phase": 1,
        "unknown-variant": 1,
        "no-visitor": 1,
        "no-goal": 1,
        "no-reason": 1,
    }
    assert tally(engine) == {"served": 1}


def test_nothing_is_written_for_what_is_already_known(engine: Engine) -> None:
    events = [confirm(view(MAYA)), convert(view(ANA)), refuse(view(IVAN), "bot")]
    for expected in (3, 0):
        with transaction(engine) as session:
            assert ledger.ingest(session, events).visitors == expected


def test_a_batch_of_nothing_is_fine(engine: Engine) -> None:
    with transaction(engine) as session:
        assert ledger.ingest(session, []) == ledger.IngestReport(events=0, visitors=0)


def test_visitors_and_tallies_stand_or_fall_together(engine: Engine) -> None:
    with Session(engine) as session:
        ledger.ingest(session, [view(MAYA)])
        session.rollback()
    assert tally(engine) == {}
    take_in(engine, [view(MAYA)])
    assert tally(engine) == {"served": 1}


def test_experiments_in_one_batch_do_not_touch_each_other(engine: Engine) -> None:
    with transaction(engine) as session:
        start(session, page_id=2, slug_key="winter", timezone="UTC")
    take_in(engine, [view(MAYA), view(MAYA, experiment_id=2, variant="b"), confirm(view(ANA, experiment_id=2))])
    assert tally(engine, experiment_id=1) == {"served": 1}
    assert tally(engine, experiment_id=2) == {"served": 2, "confirmed": 1}


def test_more_visitors_than_one_query_can_name_fit_in_one_batch(engine: Engine) -> None:
    take_in(engine, [confirm(view(f"{number:032x}")) for number in range(1_203)])
    assert tally(engine) == {"served": 1_203, "confirmed": 1_203}


# Few visitors, times at and beside the edges of days and of the window: collisions are the point.
MIDNIGHT_MS = int(datetime(2026, 11, 4, tzinfo=ZONE).timestamp() * 1000)
TIMES = [STARTED_MS, STARTED_MS + 1, MIDNIGHT_MS - 1, MIDNIGHT_MS, STARTED_MS + WINDOW_MS, STARTED_MS + WINDOW_MS + 1]
events = st.builds(
    Event,
    kind=st.sampled_from(Kind),
    experiment_id=st.just(1),
    phase=st.sampled_from([1, 1, 1, 2]),
    variant=st.sampled_from("aaab"),
    visitor=st.sampled_from([MAYA, ANA, IVAN]),
    exposed_at_ms=st.sampled_from(TIMES),
    at_ms=st.sampled_from(TIMES),
    device=st.sampled_from(["phone", "desktop"]),
    browser=st.sampled_from(["chrome", "safari"]),
    source=st.just("email"),
    returning=st.booleans(),
    goal=st.sampled_from(["form", "click"]),
    reason=st.sampled_from(["bot", "outside"]),
    simulated=st.booleans(),
    campaign=st.sampled_from(["", "spring", "brand"]),
    keyword=st.sampled_from(["", "bumpers"]),
)


@st.composite
def retellings(draw: st.DrawFn) -> tuple[list[Event], list[list[Event]]]:
    """A stream, and the same stream in another order, with repetitions, cut into batches."""
    told = draw(st.lists(events, max_size=14))
    repeated = told + draw(st.lists(st.sampled_from(told), max_size=6) if told else st.just([]))
    shuffled = draw(st.permutations(repeated))
    cuts = sorted(draw(st.lists(st.integers(0, len(shuffled)), max_size=4)))
    bounds = list(zip([0, *cuts], [*cuts, len(shuffled)], strict=True))
    return told, [shuffled[low:high] for low, high in bounds]


@settings(max_examples=150, deadline=None)
@given(retelling=retellings())
def test_order_repetition_and_batches_of_events_change_nothing(
    two_phases: Engine,
    retelling: tuple[list[Event], list[list[Event]]],
) -> None:
    told, batches = retelling
    assert remember(two_phases, [told]) == remember(two_phases, batches)


@settings(max_examples=150, deadline=None)
@given(told=st.lists(events, max_size=14))
def test_the_tallies_are_what_a_plain_count_of_the_events_gives(two_phases: Engine, told: list[Event]) -> None:
    _, cells, refusals = remember(two_phases, [told])
    totals = {cell: counts for cell, counts in cells.items() if cell.dimension == "all"}
    assert totals == count_plainly(told)
    reasons = {(event.phase, event.reason, event.visitor) for event in told if event.kind is Kind.FILTERED}
    assert Counter((phase, reason) for phase, _, reason, _ in refusals.elements()) == Counter(
        (phase, reason) for phase, reason, _ in reasons
    )


@settings(max_examples=100, deadline=None)
@given(retelling=retellings())
def test_no_cell_has_more_conversions_than_confirmed_nor_more_confirmed_than_served_visitors(
    two_phases: Engine,
    retelling: tuple[list[Event], list[list[Event]]],
) -> None:
    _, cells, _ = remember(two_phases, retelling[1])
    for cell, counts in cells.items():
        visitors = cells.get(cell._replace(goal=""), tallies.NOTHING)
        assert 0 <= counts.conversions <= visitors.confirmed <= visitors.served
        assert 0 <= counts.conversions + counts.unconfirmed_conversions <= visitors.served
        assert 0 <= visitors.simulated <= visitors.served + visitors.multiply_exposed


@settings(max_examples=100, deadline=None)
@given(retelling=retellings())
def test_the_levels_of_every_dimension_sum_to_the_total(
    two_phases: Engine, retelling: tuple[list[Event], list[list[Event]]]
) -> None:
    _, cells, _ = remember(two_phases, retelling[1])
    sums: dict[str, dict[tallies.Cell, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for cell, counts in cells.items():
        sums[cell.dimension][cell._replace(dimension="all", level="")].update(counts._asdict())
    for dimension in tallies.DIMENSIONS:
        assert sums[dimension] == sums["all"]


Memory = tuple[dict[str, Any], dict[tallies.Cell, tallies.Counts], Counter[tuple[int, str, str, date]]]


def remember(engine: Engine, batches: Iterable[list[Event]]) -> Memory:
    """Visitors, tallies and filtered tallies after these batches; a rebuild must find them right already."""
    with transaction(engine) as session:
        for table in (VisitorRow, Tally, FilteredTally):
            session.execute(delete(table))
    for batch in batches:
        with transaction(engine) as session:
            ledger.ingest(session, batch)
    with transaction(engine) as session:
        running = read(session)
        assert tallies.rebuild(session) == 0
        assert read(session) == running
    return running


@pytest.fixture(scope="module")
def two_phases(lasting_database: Engine) -> Engine:
    with transaction(lasting_database) as session:
        lifecycle.new_phase(session, start(session), now=after(days=1))
    return lasting_database


def read(session: Session) -> Memory:
    cells = {}
    for row in session.execute(select(Tally)).scalars():
        counts = tallies.Counts(*(getattr(row, name) for name in tallies.Counts._fields))
        if any(counts):
            cells[tallies.Cell(*(getattr(row, name) for name in tallies.Cell._fields))] = counts
    refusals = Counter(
        {
            (row.phase, row.variant, row.reason, row.day): row.visitors
            for row in session.execute(select(FilteredTally)).scalars()
        }
    )
    states = dict(session.execute(select(col(VisitorRow.visitor), col(VisitorRow.state))).all())  # type: ignore[arg-type]
    return states, cells, +refusals


def count_plainly(told: list[Event]) -> dict[tallies.Cell, tallies.Counts]:
    """The definition, visitor by visitor, from the events and nothing else."""
    sums: dict[tallies.Cell, Counter[str]] = defaultdict(Counter)
    for visitor in {event.visitor for event in told}:
        seen = [event for event in told if event.visitor == visitor and event.kind is not Kind.FILTERED]
        if not seen:
            continue
        first = min(seen, key=lambda event: (event.exposed_at_ms, event.phase, event.variant))
        same_phase = [event for event in seen if event.phase == first.phase]
        mine = [event for event in same_phase if event.variant == first.variant]
        day = datetime.fromtimestamp(first.exposed_at_ms / 1000, UTC).astimezone(ZONE).date()
        cell = tallies.Cell(first.phase, first.variant, "", day, "all", "")
        sums[cell]["simulated"] += any(event.simulated for event in seen)
        if any(event.variant != first.variant for event in same_phase):
            sums[cell]["multiply_exposed"] += 1
            continue
        confirmed = any(event.kind is Kind.CONFIRMED and event.exposed_at_ms == first.exposed_at_ms for event in mine)
        sums[cell].update(served=1, confirmed=confirmed)
        for goal in ("form", "click"):
            reached = [
                max(event.at_ms, event.exposed_at_ms)
                for event in mine
                if event.kind is Kind.CONVERSION and event.goal == goal
            ]
            if reached and min(reached) <= first.exposed_at_ms + WINDOW_MS:
                sums[cell._replace(goal=goal)]["conversions" if confirmed else "unconfirmed_conversions"] += 1
    return {cell: tallies.Counts(**counts) for cell, counts in sums.items()}
