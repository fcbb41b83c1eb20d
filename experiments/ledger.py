"""The ledger: takes events in and keeps visitors and tallies in step, in the transaction of the caller.

It never decides what an event means for a visitor (`visitors`) or which cells that touches (`tallies`). Taking the same
events in again, in another order or in other batches, changes nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any, Final, NamedTuple

from sqlalchemy import JSON, bindparam, select, text
from sqlmodel import Session, col

from experiments.events import Event, Kind
from experiments.models import Experiment, Phase, VisitorRow
from experiments.tallies import raise_tallies
from experiments.visitors import Refusal, Standing, VisitorState, find_standing, list_refusals, merge

_CHUNK: Final = 500  # visitors per query; SQLite once allowed no more than 999 values in one

_SAVE: Final = text("""
    INSERT INTO visitor (experiment_id, visitor, state) VALUES (:experiment_id, :visitor, :state)
    ON CONFLICT (experiment_id, visitor) DO UPDATE SET state = excluded.state
""").bindparams(bindparam("state", type_=JSON()))


class Drop(StrEnum):
    """Why an event was not taken in."""

    UNKNOWN_EXPERIMENT = "unknown-experiment"
    UNKNOWN_PHASE = "unknown-phase"
    UNKNOWN_VARIANT = "unknown-variant"
    NO_VISITOR = "no-visitor"
    NO_GOAL = "no-goal"
    NO_REASON = "no-reason"


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of a batch."""

    events: int
    visitors: int  # rows that changed
    dropped: dict[str, int] = field(default_factory=dict)  # events, by reason


class _Frame(NamedTuple):
    """What never changes of an experiment, read once per batch."""

    window_s: int
    timezone: str
    variants: dict[int, frozenset[str]]  # by phase


def ingest(session: Session, events: Sequence[Event]) -> IngestReport:
    """Merge events into the visitors' rows and move the tallies by the difference.

    The rows of the experiments are locked first, so that two ingesters of one experiment take turns. On SQLite the write
    transaction has seen to that already and the lock is left out; PostgreSQL needs it, and under its READ COMMITTED the
    visitors fetched after it include what the other has committed.

    Args:
        events: in any order, repeated as often as may be.

    Returns:
        How many came in, how many rows changed, and what was dropped and why.
    """
    frames = _lock(session, {event.experiment_id for event in events})
    dropped: Counter[str] = Counter()
    grouped: dict[int, dict[str, list[Event]]] = defaultdict(lambda: defaultdict(list))
    for event in events:
        drop = _find_drop(event, frames.get(event.experiment_id))
        if drop is None:
            grouped[event.experiment_id][event.visitor].append(event)
        else:
            dropped[drop] += 1
    changed = sum(_ingest_one(session, key, frames[key], visitors) for key, visitors in sorted(grouped.items()))
    return IngestReport(events=len(events), visitors=changed, dropped=dict(dropped))


def _lock(session: Session, experiment_ids: Iterable[int]) -> dict[int, _Frame]:
    wanted = sorted(experiment_ids)
    columns = (col(Experiment.id), col(Experiment.window_s), col(Experiment.timezone))
    query = select(*columns).where(col(Experiment.id).in_(wanted)).order_by(col(Experiment.id))
    found = session.execute(query.with_for_update(key_share=True)).all()
    variants: dict[int, dict[int, frozenset[str]]] = defaultdict(dict)
    phases = select(col(Phase.experiment_id), col(Phase.number), col(Phase.weights))
    for experiment_id, number, weights in session.execute(phases.where(col(Phase.experiment_id).in_(wanted))):
        variants[experiment_id][number] = frozenset(weights)
    return {key: _Frame(window_s, timezone, variants[key]) for key, window_s, timezone in found}


def _find_drop(event: Event, frame: _Frame | None) -> Drop | None:
    if frame is None:
        return Drop.UNKNOWN_EXPERIMENT
    if event.phase not in frame.variants:
        return Drop.UNKNOWN_PHASE
    if not event.visitor:
        return Drop.NO_VISITOR
    if event.kind is Kind.FILTERED:
        return None if event.reason else Drop.NO_REASON
    if event.variant not in frame.variants[event.phase]:
        return Drop.UNKNOWN_VARIANT
    if event.kind is Kind.CONVERSION and not event.goal:
        return Drop.NO_GOAL
    return None


def _ingest_one(session: Session, experiment_id: int, frame: _Frame, visitors: dict[str, list[Event]]) -> int:
    standings: Counter[Standing] = Counter()
    refusals: Counter[Refusal] = Counter()
    rows: list[dict[str, Any]] = []
    for visitor, state in _fetch(session, experiment_id, sorted(visitors)):
        before = _count(state, frame)
        if not sum(merge(state, event) for event in visitors[visitor]):
            continue
        after = _count(state, frame)
        if before != after:
            standings.subtract(before[0])
            standings.update(after[0])
            refusals.subtract(before[1])
            refusals.update(after[1])
        rows.append({"experiment_id": experiment_id, "visitor": visitor, "state": state})
    if rows:
        session.execute(_SAVE, rows)
        raise_tallies(session, experiment_id, standings, refusals)
    return len(rows)


def _fetch(session: Session, experiment_id: int, visitors: list[str]) -> Iterator[tuple[str, VisitorState]]:
    """Every visitor with their state; an empty one for somebody new."""
    names = iter(visitors)
    while chunk := list(islice(names, _CHUNK)):
        mine = select(col(VisitorRow.visitor), col(VisitorRow.state)).where(
            col(VisitorRow.experiment_id) == experiment_id, col(VisitorRow.visitor).in_(chunk)
        )
        known = {row.visitor: row.state for row in session.execute(mine)}
        for visitor in chunk:
            yield visitor, known.get(visitor) or {}


def _count(state: VisitorState, frame: _Frame) -> tuple[tuple[Standing, ...], tuple[Refusal, ...]]:
    standing = find_standing(state, window_s=frame.window_s, timezone=frame.timezone)
    return () if standing is None else (standing,), tuple(list_refusals(state, timezone=frame.timezone))
