"""Ana asks by campaign and keyword, and everybody of the phase stands in exactly one level of each."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete
from sqlmodel import Session

from experiments import ledger, lifecycle, results
from experiments.counting import count, count_as_of
from experiments.counts import NUMBERS, Everybody, Segments
from experiments.errors import UnknownDimension
from experiments.events import Event, Kind
from experiments.models import FilteredTally, Tally, VisitorRow
from experiments.open_segments import OPEN_DIMENSIONS, SHOWN, count_open
from experiments.visitors import VisitorState, cut, merge
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

MAYA, ANA, IVAN = "1" * 32, "2" * 32, "3" * 32


def group(session: Session, *, dimension: str = "campaign", phase: int = 1, at: datetime | None = None) -> Segments:
    experiment = lifecycle.load(session, "spring-sale-1")
    judged = lifecycle.list_phases(session, experiment)[phase - 1]
    return count_open(session, experiment, judged, dimensions=[dimension], at=at)


def confirmed_by(engine: Engine, *, dimension: str = "campaign", at: datetime | None = None) -> dict[str, int]:
    """Level by level, in the order of the answer."""
    with reading(engine) as session:
        found = group(session, dimension=dimension, at=at)
    return {level: sum(item.confirmed for item in counts) for (_, level), counts in found.items()}


def say_nothing(event: Event) -> Event:
    """Confirmations and conversions come with a token, which carries neither campaign nor keyword."""
    return event._replace(campaign="", keyword="")


def name_view(event: Event) -> tuple[str, int, str, int]:
    return event.visitor, event.phase, event.variant, event.exposed_at_ms


def come(number: int, **changes: str) -> list[Event]:
    seen = view(f"{number:032x}", **changes)
    return [seen, say_nothing(confirm(seen))]


def test_the_campaign_and_the_keyword_are_those_of_the_first_exposure(engine: Engine) -> None:
    first = view(MAYA, campaign="spring", keyword="garden bumpers")
    later = view(MAYA, campaign="brand", keyword="bumpers", at_ms=first.exposed_at_ms + HOUR_MS)
    take_in(engine, [later, say_nothing(confirm(later)), say_nothing(convert(later))])
    assert confirmed_by(engine) == {"brand": 1}
    take_in(engine, [first, say_nothing(confirm(first))])
    assert confirmed_by(engine) == {"spring": 1}
    assert confirmed_by(engine, dimension="keyword") == {"garden bumpers": 1}


def test_who_named_none_and_whose_first_view_is_not_known_are_told_apart(engine: Engine) -> None:
    take_in(engine, [*come(1), say_nothing(confirm(view(ANA, campaign="spring")))])
    assert confirmed_by(engine) == {"(none)": 1, "(unknown)": 1}
    take_in(engine, [view(ANA, campaign="spring")])  # the journal that holds the page view comes in late
    assert confirmed_by(engine) == {"spring": 1, "(none)": 1}


def test_the_twenty_largest_levels_are_shown_and_the_rest_is_one(engine: Engine) -> None:
    events = [event for place in range(SHOWN + 3) for event in come(place, campaign=f"c{place:02}")]
    events += [event for place in range(100, 105) for event in come(place, campaign=f"c{SHOWN + 2:02}")]
    take_in(engine, events)
    found = confirmed_by(engine)
    largest = f"c{SHOWN + 2:02}"
    assert list(found) == [largest, *(f"c{place:02}" for place in range(SHOWN - 1)), "(other)"]
    assert (found[largest], found["c00"], found["(other)"]) == (6, 1, 3)


def test_a_campaign_called_like_one_of_ours_is_counted_there_and_is_never_shown_twice(engine: Engine) -> None:
    names = ["(other)", "(none)", "(unknown)", "", "spring"]
    take_in(engine, [event for place, name in enumerate(names) for event in come(place, campaign=name)])
    assert confirmed_by(engine) == {"spring": 1, "(other)": 1, "(none)": 2, "(unknown)": 1}


def test_letters_count_as_they_came(engine: Engine) -> None:
    take_in(engine, [*come(1, campaign="Spring"), *come(2, campaign="spring"), *come(3, campaign="frühling 🌷 </td>")])
    assert confirmed_by(engine) == {"Spring": 1, "frühling 🌷 </td>": 1, "spring": 1}


def test_rows_that_were_kept_before_there_were_campaigns_are_read(engine: Engine) -> None:
    take_in(engine, come(1, campaign="spring"))
    with transaction(engine) as session:
        row = session.get_one(VisitorRow, (1, f"{1:032x}"))
        old = {key: value for key, value in row.state["phases"]["1"]["a"].items() if key != "came"}
        row.state = {"phases": {"1": {"a": old}}}
    assert confirmed_by(engine) == {"(unknown)": 1}
    take_in(engine, come(1, campaign="spring"))
    assert confirmed_by(engine) == {"spring": 1}


def test_nobody_yet_is_no_level_at_all(engine: Engine) -> None:
    assert confirmed_by(engine) == {}


def test_a_moment_in_the_past_knows_only_what_had_happened(engine: Engine) -> None:
    early, late = view(MAYA, campaign="spring"), view(ANA, campaign="brand", at_ms=STARTED_MS + 3 * DAY_MS)
    take_in(engine, [early, confirm(early), late, confirm(late)])
    assert confirmed_by(engine, at=after(days=2)) == {"spring": 1}
    assert confirmed_by(engine) == {"brand": 1, "spring": 1}


def test_a_state_as_of_a_moment_holds_no_view_that_came_later() -> None:
    first = view(MAYA)
    later = view(MAYA, campaign="brand", at_ms=first.exposed_at_ms + HOUR_MS)
    state: VisitorState = {}
    assert [merge(state, event) for event in (say_nothing(confirm(first)), later, later)] == [True, True, False]
    then = cut(state, at_ms=first.exposed_at_ms)
    assert "came" not in then["phases"]["1"]["a"]
    assert "came" in cut(state, at_ms=later.exposed_at_ms)["phases"]["1"]["a"]


def test_the_report_holds_what_was_asked_for_and_its_lifts_cover_it(engine: Engine) -> None:
    take_in(engine, crowd("a", served=300, conversions=20, campaign="spring"))
    take_in(engine, crowd("b", served=300, conversions=40, campaign="spring"))
    take_in(engine, crowd("a", served=200, conversions=30, campaign="brand", keyword="bumpers"))
    take_in(engine, crowd("b", served=200, conversions=15, campaign="brand", keyword="bumpers"))
    with reading(engine) as session:
        plain = results.report(session, "spring-sale-1", now=after(days=9))
        asked = results.report(session, "spring-sale-1", dimensions=["campaign", "keyword"], now=after(days=9))
    assert plain.open_segments == ()
    told = [
        (item.dimension, item.level, item.variant, item.confirmed, item.conversions) for item in asked.open_segments
    ]
    assert told == [
        ("campaign", "spring", "a", 300, 20),
        ("campaign", "spring", "b", 300, 40),
        ("campaign", "brand", "a", 200, 30),
        ("campaign", "brand", "b", 200, 15),
        ("keyword", "bumpers", "a", 200, 30),
        ("keyword", "bumpers", "b", 200, 15),
        ("keyword", "(none)", "a", 300, 20),
        ("keyword", "(none)", "b", 300, 40),
    ]
    by_dimension = {item.dimension: item for item in asked.segment_lifts()}
    assert by_dimension.keys() - {item.dimension for item in plain.segment_lifts()} == {"campaign", "keyword"}
    spring, brand = by_dimension["campaign"].levels
    assert (spring.level, brand.level) == ("spring", "brand")
    assert spring.lift > 0 > brand.lift
    assert by_dimension["campaign"].heterogeneity is not None


def test_the_rest_of_the_report_does_not_depend_on_what_was_asked(engine: Engine) -> None:
    take_in(engine, crowd("a", served=90, conversions=9, campaign="spring") + crowd("b", served=80, conversions=9))
    with reading(engine) as session:
        plain, asked = (
            results.report(session, "spring-sale-1", dimensions=asked_for, now=after(days=9)).as_json()
            for asked_for in ((), ("campaign", "campaign"))
        )
    assert len(asked.pop("open_segments")) == 4
    assert plain.pop("open_segments") == []
    assert asked == plain


@pytest.mark.parametrize("name", ["colour", "device", "", "campaign "])
def test_what_visitors_cannot_be_grouped_by_is_said_with_what_they_can(engine: Engine, name: str) -> None:
    with reading(engine) as session, pytest.raises(UnknownDimension, match="Ask for campaign or keyword") as caught:
        results.report(session, "spring-sale-1", dimensions=["campaign", name], now=after(days=9))
    assert (caught.value.status, caught.value.code) == (400, "unknown-dimension")


@st.composite
def stories(draw: st.DrawFn) -> list[Event]:
    """A few visitors with collisions of everything: phases, variants, views, campaigns; some events never come in."""
    told: list[Event] = []
    for _ in range(draw(st.integers(0, 12))):
        seen = view(
            draw(st.sampled_from([MAYA, ANA, IVAN, "4" * 32, "5" * 32])),
            variant=draw(st.sampled_from("aaab")),
            phase=draw(st.sampled_from([1, 1, 2])),
            at_ms=STARTED_MS + draw(st.integers(0, 5 * 24)) * HOUR_MS,
            campaign=draw(st.sampled_from(["", "spring", "brand", "(none)", *(f"c{place}" for place in range(30))])),
            keyword=draw(st.sampled_from(["", "bumpers"])),
            simulated=draw(st.booleans()),
        )
        later = [
            seen,
            say_nothing(confirm(seen)),
            say_nothing(convert(seen, after_ms=draw(st.integers(0, 80)) * HOUR_MS)),
        ]
        told += draw(st.lists(st.sampled_from([*later, refuse(seen, "bot")]), unique=True, max_size=4))
    return told


def numbers(counts: Everybody) -> list[list[int]]:
    return [[getattr(item, name) for name in NUMBERS] for item in counts]


def add_up(groups: Segments) -> list[list[int]]:
    rows = [numbers(counts) for counts in groups.values()]
    return [[sum(column) for column in zip(*of, strict=True)] for of in zip(*rows, strict=True)]


@pytest.fixture(scope="module")
def two_phases(lasting_database: Engine) -> Engine:
    with transaction(lasting_database) as session:
        lifecycle.new_phase(session, start(session), now=after(days=1))
    return lasting_database


def tell(engine: Engine, batches: list[list[Event]]) -> None:
    with transaction(engine) as session:
        for table in (VisitorRow, Tally, FilteredTally):
            session.execute(delete(table))
    for batch in batches:
        with transaction(engine) as session:
            ledger.ingest(session, batch)


@settings(max_examples=80, deadline=None)
@given(told=stories(), hours=st.integers(0, 6 * 24))
def test_the_levels_sum_to_the_totals_in_every_number_now_and_at_any_moment(
    two_phases: Engine, told: list[Event], hours: int
) -> None:
    tell(two_phases, [told])
    moment = STARTED + timedelta(hours=hours)
    with reading(two_phases) as session:
        experiment = lifecycle.load(session, "spring-sale-1")
        phases = lifecycle.list_phases(session, experiment)
        then = count_as_of(session, experiment, phases, at=moment)
        for dimension in OPEN_DIMENSIONS:
            for phase, past in zip(phases, then, strict=True):
                nobody = [[0] * len(NUMBERS)] * 2
                now = count(session, experiment, phase).totals
                assert (add_up(group(session, dimension=dimension, phase=phase.number)) or nobody) == numbers(now)
                found = group(session, dimension=dimension, phase=phase.number, at=moment)
                assert (add_up(found) or nobody) == numbers(past.totals)


@settings(max_examples=80, deadline=None)
@given(told=stories(), data=st.data())
def test_order_repetition_and_batches_of_events_change_no_level(
    two_phases: Engine, told: list[Event], data: st.DataObject
) -> None:
    again = data.draw(
        st.permutations(told + data.draw(st.lists(st.sampled_from(told), max_size=6) if told else st.just([])))
    )
    middle = data.draw(st.integers(0, len(again)))
    found = []
    for batches in ([told], [again[:middle], again[middle:]]):
        tell(two_phases, batches)
        with reading(two_phases) as session:
            found.append(
                [
                    list(group(session, dimension=name, phase=phase).items())
                    for name in OPEN_DIMENSIONS
                    for phase in (1, 2)
                ]
            )
    assert found[0] == found[1]


@settings(max_examples=80, deadline=None)
@given(told=stories(), hours=st.integers(0, 6 * 24))
def test_a_moment_shows_what_the_ledger_would_have_said_then(two_phases: Engine, told: list[Event], hours: int) -> None:
    by_ms = STARTED_MS + hours * HOUR_MS
    # a conversion that has not happened yet tells of its view all the same, which a ledger of then could not know
    views = {name_view(event) for event in told if event.kind in (Kind.SERVED, Kind.CONFIRMED)}
    told = [event for event in told if event.kind is not Kind.CONVERSION or name_view(event) in views]
    happened = [event for event in told if (event.at_ms if event.goal else event.exposed_at_ms) <= by_ms]
    # whether somebody was simulated has no time
    told, happened = ([event._replace(simulated=False) for event in events] for events in (told, happened))
    moment = STARTED + timedelta(hours=hours)
    found = []
    for events, at in ((told, moment), (happened, None)):
        tell(two_phases, [events])
        with reading(two_phases) as session:
            found.append([group(session, dimension=name, at=at) for name in OPEN_DIMENSIONS])
    assert found[0] == found[1]
