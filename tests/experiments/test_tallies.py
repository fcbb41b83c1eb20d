"""Tallies follow from the visitors, and can be made from them again."""

from datetime import date

import pytest
from sqlalchemy import Engine, delete, update
from sqlmodel import col

from experiments import tallies
from experiments.models import Experiment, FilteredTally, Tally
from experiments.tallies import Cell, Counts
from experiments.visitors import VisitorState, day_of, find_standing, merge
from lander.db import reading, transaction
from tests.experiments.builders import (
    STARTED_MS,
    confirm,
    convert,
    crowd,
    refuse,
    start,
    take_in,
    view,
)

MAYA, ANA = "1" * 32, "2" * 32
DAY = date(2026, 11, 2)


@pytest.fixture
def engine(database: Engine) -> Engine:
    with transaction(database) as session:
        start(session)
        start(session, page_id=2, slug_key="winter")
    take_in(database, crowd("a", served=40, confirmed=35, conversions=6, days=3))
    take_in(database, crowd("b", served=42, confirmed=39, conversions=9, days=3, device="desktop"))
    take_in(database, [refuse(view(MAYA), "bot"), confirm(view(ANA, experiment_id=2))])
    return database


def test_a_visitor_adds_to_the_total_and_to_each_of_their_segments() -> None:
    state: VisitorState = {}
    seen = view(MAYA, returning=True)
    for event in (seen, confirm(seen), convert(seen), convert(seen, goal="click")):
        merge(state, event)
    standing = find_standing(state, window_s=3600, timezone="Europe/Berlin")
    assert standing is not None
    added = tallies.add_up({standing: 1})
    pairs = [("all", ""), ("device", "phone"), ("browser", "chrome"), ("source", "email"), ("returning", "returning")]
    assert added == {
        **{Cell(1, "a", "", DAY, *pair): Counts(served=1, confirmed=1) for pair in pairs},
        **{Cell(1, "a", "form", DAY, *pair): Counts(conversions=1) for pair in pairs},
        **{Cell(1, "a", "click", DAY, *pair): Counts(conversions=1) for pair in pairs},
    }


def test_a_filtered_visitor_adds_nothing() -> None:
    state: VisitorState = {}
    merge(state, refuse(view(MAYA), "bot"))
    assert find_standing(state, window_s=3600, timezone="UTC") is None
    assert find_standing({}, window_s=3600, timezone="UTC") is None


@pytest.mark.parametrize(
    ("timezone", "day"),
    [("Pacific/Kiritimati", 3), ("Asia/Kathmandu", 2), ("Pacific/Pago_Pago", 1), ("Europe/Berlin", 2)],
)
def test_a_day_is_the_sites_own(timezone: str, day: int) -> None:
    assert day_of(STARTED_MS + 3_600_000, timezone) == date(2026, 11, day)  # 2 November, 10:00 UTC


def test_a_day_begins_at_midnight_also_where_the_offset_is_three_quarters_of_an_hour() -> None:
    midnight_in_kathmandu_ms = 1_793_643_300_000  # 2 November, 18:15 UTC
    assert day_of(midnight_in_kathmandu_ms - 1, "Asia/Kathmandu") == date(2026, 11, 2)
    assert day_of(midnight_in_kathmandu_ms, "Asia/Kathmandu") == date(2026, 11, 3)


def test_a_rebuild_finds_right_tallies_right(engine: Engine) -> None:
    before = read(engine)
    with transaction(engine) as session:
        assert tallies.rebuild(session) == 0
    assert read(engine) == before


def test_a_rebuild_mends_what_is_wrong_and_says_how_many_cells_that_were(engine: Engine) -> None:
    before = read(engine)
    total = (col(Tally.dimension) == "all") & (col(Tally.experiment_id) == 1)
    with transaction(engine) as session:
        session.execute(update(Tally).where(total, col(Tally.goal) == "").values(served=Tally.served + 1))
        session.execute(delete(Tally).where(total, col(Tally.goal) == "form"))
        session.execute(update(FilteredTally).values(visitors=7))
        session.add(Tally(experiment_id=1, phase=1, variant="z", goal="", day=DAY, dimension="all", level="", served=3))
    with transaction(engine) as session:
        assert tallies.rebuild(session) == 6 + 6 + 1 + 1  # 2 variants on 3 days, twice, and two cells more
    assert read(engine) == before


def test_a_rebuild_makes_all_tallies_from_nothing(engine: Engine) -> None:
    before = read(engine)
    with transaction(engine) as session:
        session.execute(delete(Tally))
        session.execute(delete(FilteredTally))
    with transaction(engine) as session:
        assert tallies.rebuild(session) == len(before)
    assert read(engine) == before


def test_a_window_that_is_shortened_takes_effect_with_a_rebuild(engine: Engine) -> None:
    with transaction(engine) as session:
        session.execute(update(Experiment).values(window_s=59))
        assert tallies.rebuild(session) > 0
    assert sum(row[-1][2] for row in read(engine) if row[-1]) == 0


def read(engine: Engine) -> set[tuple[object, ...]]:
    with reading(engine) as session:
        rows = session.execute(Tally.__table__.select()).all()  # type: ignore[attr-defined]
        refusals = session.execute(FilteredTally.__table__.select()).all()  # type: ignore[attr-defined]
    return {(*row[:7], tuple(row[7:])) for row in rows} | {(*row, ()) for row in refusals}
