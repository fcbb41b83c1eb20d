"""Sufficient statistics per cell: what each visitor adds to them, and how the whole is rebuilt from the visitors.

The ledger moves tallies by what its visitors no longer and newly stand for. `rebuild` computes them from nothing; both must
agree to the last integer.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import Date, bindparam, delete, select, text
from sqlmodel import Session, col

from experiments.models import Experiment, FilteredTally, Tally, VisitorRow
from experiments.visitors import Refusal, Standing, find_standing, list_refusals

ALL: Final = "all"
DIMENSIONS: Final = (ALL, "device", "browser", "source", "returning")
EXPOSURES: Final = ""  # the goal of cells that count visitors, not conversions


class Cell(NamedTuple):
    """Which number: the key of a tally within its experiment."""

    phase: int
    variant: str
    goal: str
    day: date
    dimension: str
    level: str


class Counts(NamedTuple):
    """The numbers of a cell, each a count of distinct visitors."""

    served: int = 0
    confirmed: int = 0
    conversions: int = 0
    unconfirmed_conversions: int = 0
    multiply_exposed: int = 0
    simulated: int = 0


NOTHING: Final = Counts()
_KEYS: Final = Cell._fields
_NUMBERS: Final = Counts._fields

# the same words for SQLite and PostgreSQL
_RAISE_TALLY: Final = text("""
    INSERT INTO tally (experiment_id, phase, variant, goal, day, dimension, level,
                       served, confirmed, conversions, unconfirmed_conversions, multiply_exposed, simulated)
    VALUES (:experiment_id, :phase, :variant, :goal, :day, :dimension, :level,
            :served, :confirmed, :conversions, :unconfirmed_conversions, :multiply_exposed, :simulated)
    ON CONFLICT (experiment_id, phase, variant, goal, day, dimension, level) DO UPDATE SET
        served = tally.served + excluded.served,
        confirmed = tally.confirmed + excluded.confirmed,
        conversions = tally.conversions + excluded.conversions,
        unconfirmed_conversions = tally.unconfirmed_conversions + excluded.unconfirmed_conversions,
        multiply_exposed = tally.multiply_exposed + excluded.multiply_exposed,
        simulated = tally.simulated + excluded.simulated
""").bindparams(bindparam("day", type_=Date()))

_RAISE_FILTERED: Final = text("""
    INSERT INTO filteredtally (experiment_id, phase, variant, reason, day, visitors)
    VALUES (:experiment_id, :phase, :variant, :reason, :day, :visitors)
    ON CONFLICT (experiment_id, phase, variant, reason, day) DO UPDATE SET
        visitors = filteredtally.visitors + excluded.visitors
""").bindparams(bindparam("day", type_=Date()))


def add_up(standings: Mapping[Standing, int]) -> dict[Cell, Counts]:
    """The cells of many visitors at once: how many stand so (or, negative, no longer do)."""
    total: dict[Cell, Counts] = {}
    for standing, visitors in standings.items():
        for cell, counts in _cells(standing):
            before = total.get(cell, NOTHING)
            total[cell] = Counts(*(a + visitors * b for a, b in zip(before, counts, strict=True)))
    return {cell: counts for cell, counts in total.items() if any(counts)}


def count_standing(standing: Standing, *, goal: str) -> Counts:
    """What one visitor adds to the numbers of a goal, who was shown what among them."""
    return Counts._make(map(sum, zip(_count_exposure(standing), _count_goal(standing, goal), strict=True)))


def raise_tallies(
    session: Session, experiment_id: int, standings: Mapping[Standing, int], refusals: Mapping[Refusal, int]
) -> None:
    """Move the running tallies by a difference."""
    _insert(session, experiment_id, add_up(standings), {key: n for key, n in refusals.items() if n})


def rebuild(session: Session) -> int:
    """Compute the tallies from the visitors alone, put them in the place of the running ones, and say what was wrong.

    Returns:
        How many cells differed; 0 is what it should always be.
    """
    # the same lock that the ledger takes: no event comes in between the count and the correction
    query = select(col(Experiment.id), col(Experiment.window_s), col(Experiment.timezone)).order_by(col(Experiment.id))
    locked = session.execute(query.with_for_update(key_share=True)).all()
    return sum(_rebuild_one(session, *row) for row in locked)


def _rebuild_one(session: Session, experiment_id: int, window_s: int, timezone: str) -> int:
    standings: Counter[Standing] = Counter()
    refusals: Counter[Refusal] = Counter()
    states = select(col(VisitorRow.state)).where(col(VisitorRow.experiment_id) == experiment_id)
    for state in session.execute(states.execution_options(yield_per=2000)).scalars():
        standing = find_standing(state, window_s=window_s, timezone=timezone)
        if standing is not None:
            standings[standing] += 1
        refusals.update(list_refusals(state, timezone=timezone))
    true_cells = add_up(standings)
    differing = _count_differing(_running_cells(session, experiment_id), true_cells)
    differing += _count_differing(_running_refusals(session, experiment_id), refusals)
    if differing:
        session.execute(delete(Tally).where(col(Tally.experiment_id) == experiment_id))
        session.execute(delete(FilteredTally).where(col(FilteredTally.experiment_id) == experiment_id))
        _insert(session, experiment_id, true_cells, refusals)
    return differing


def _cells(standing: Standing) -> Iterator[tuple[Cell, Counts]]:
    exposure = _count_exposure(standing)
    conversions = [(goal, _count_goal(standing, goal)) for goal in standing.goals if not standing.multiply_exposed]
    for dimension in DIMENSIONS:
        level = _level(standing, dimension)
        yield Cell(standing.phase, standing.variant, EXPOSURES, standing.day, dimension, level), exposure
        for goal, conversion in conversions:
            yield Cell(standing.phase, standing.variant, goal, standing.day, dimension, level), conversion


def _count_exposure(standing: Standing) -> Counts:
    simulated = int(standing.simulated)
    if standing.multiply_exposed:
        return Counts(multiply_exposed=1, simulated=simulated)
    return Counts(served=1, confirmed=int(standing.confirmed), simulated=simulated)


def _count_goal(standing: Standing, goal: str) -> Counts:
    if standing.multiply_exposed or goal not in standing.goals:
        return NOTHING
    return Counts(conversions=1) if standing.confirmed else Counts(unconfirmed_conversions=1)


def _level(standing: Standing, dimension: str) -> str:
    if dimension == ALL:
        return ""
    if dimension == "returning":
        return "returning" if standing.returning else "new"
    return str(getattr(standing, dimension))


def _insert(
    session: Session, experiment_id: int, cells: Mapping[Cell, Counts], refusals: Mapping[Refusal, int]
) -> None:
    rows: list[dict[str, Any]] = [
        {"experiment_id": experiment_id, **cell._asdict(), **counts._asdict()} for cell, counts in cells.items()
    ]
    if rows:
        session.execute(_RAISE_TALLY, rows)
    rows = [
        {"experiment_id": experiment_id, **refusal._asdict(), "visitors": visitors}
        for refusal, visitors in refusals.items()
    ]
    if rows:
        session.execute(_RAISE_FILTERED, rows)


def _running_cells(session: Session, experiment_id: int) -> dict[Cell, Counts]:
    """Without the cells of nothing but zeros that visitors leave behind when they move to an earlier day or phase."""
    columns = [col(getattr(Tally, name)) for name in _KEYS + _NUMBERS]
    rows = session.execute(select(*columns).where(col(Tally.experiment_id) == experiment_id)).all()
    return {Cell(*row[: len(_KEYS)]): Counts(*row[len(_KEYS) :]) for row in rows if any(row[len(_KEYS) :])}


def _running_refusals(session: Session, experiment_id: int) -> dict[Refusal, int]:
    columns = [col(getattr(FilteredTally, name)) for name in (*Refusal._fields, "visitors")]
    rows = session.execute(select(*columns).where(col(FilteredTally.experiment_id) == experiment_id)).all()
    return {Refusal(*key): visitors for *key, visitors in rows if visitors}


def _count_differing(running: Mapping[Any, Any], true: Mapping[Any, Any]) -> int:
    return sum(running.get(cell) != true.get(cell) for cell in running.keys() | true.keys())
