"""Looks: what a report said when somebody looked at it, kept so that peeking is no secret.

A look is taken in three ways: once a day for every running experiment, by the work process; when a colleague opens the
report, once per person and day; and when a colleague decides. Opening is a GET, which changes nothing in the database: the
edge hands the look to the node's journal, as it hands over events and leads, and the work process stores it.
"""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import JSON, Date, bindparam, func, select, text
from sqlmodel import Session, col

from experiments.models import Experiment, Look, Occasion
from experiments.report import Report
from experiments.seen import Seen, SeenVariant
from experiments.storage import UtcDateTime
from experiments.visitors import day_of

WORK_PROCESS: Final = "the work process"

# the same words for SQLite and PostgreSQL; two nodes may store the same look at once
_INSERT: Final = text("""
    INSERT INTO look (experiment_id, phase, day, at, "by", occasion, action, variant, sentence, days, variants)
    VALUES (:experiment_id, :phase, :day, :at, :by, :occasion, :action, :variant, :sentence, :days, :variants)
    ON CONFLICT DO NOTHING
""").bindparams(
    bindparam("day", type_=Date()), bindparam("at", type_=UtcDateTime()), bindparam("variants", type_=JSON())
)


def take(report: Report, *, by: str, occasion: Occasion) -> Seen:
    """What a report says, in short."""
    return Seen(
        experiment=report.experiment,
        phase=report.phase,
        at=report.as_of,
        by=by,
        occasion=occasion,
        action=report.verdict.action.value,
        variant=report.verdict.variant,
        sentence=report.verdict.sentence,
        days=report.days,
        variants=tuple(
            SeenVariant(
                key=item.key,
                served=item.served,
                confirmed=item.confirmed,
                conversions=item.conversions,
                p_best=item.decision.p_best,
                expected_loss=item.decision.loss.absolute,
                lift=item.decision.lift.median if item.decision.lift else None,
                lift_low=item.decision.lift.low if item.decision.lift else None,
                lift_high=item.decision.lift.high if item.decision.lift else None,
            )
            for item in report.variants
        ),
    )


def store(session: Session, looks: Iterable[Seen]) -> int:
    """Keep looks, one per phase, day, person and occasion: the first of a day stays. How many were new."""
    return sum(_store_one(session, seen) for seen in looks)


def list_looks(session: Session, experiment: Experiment, phase: int, *, until: datetime) -> list[Seen]:
    """Oldest first."""
    mine = select(Look).where(col(Look.experiment_id) == experiment.id, col(Look.phase) == phase, col(Look.at) <= until)
    rows = session.execute(mine.order_by(col(Look.at), col(Look.id))).scalars()
    return [_seen(row, experiment) for row in rows]


def find_last(session: Session, experiments: Iterable[Experiment]) -> dict[str, Seen]:
    """The latest look at each of these experiments that has any, by the experiment's key."""
    by_id = {item.id: item for item in experiments}
    newest = select(func.max(col(Look.id))).where(col(Look.experiment_id).in_(by_id)).group_by(col(Look.experiment_id))
    rows = session.execute(select(Look).where(col(Look.id).in_(newest))).scalars()
    return {by_id[row.experiment_id].key: _seen(row, by_id[row.experiment_id]) for row in rows}


def list_due(session: Session, *, now: datetime) -> list[str]:
    """Keys of the experiments that want a look for the record: those not ended without a daily one of today, in the
    site's time zone, and ended ones without any since they ended.
    """
    looked = select(col(Look.experiment_id), col(Look.occasion), func.max(col(Look.at)))
    last: dict[int, dict[str, datetime]] = {}
    for experiment_id, occasion, at in session.execute(looked.group_by(col(Look.experiment_id), col(Look.occasion))):
        last.setdefault(experiment_id, {})[occasion] = at
    everything = session.execute(select(Experiment).order_by(col(Experiment.id))).scalars()
    return [item.key for item in everything if _is_due(item, last.get(item.id or 0, {}), now)]


def begin_of_day(now: datetime, timezone: str) -> datetime:
    """The last midnight in a time zone."""
    return now.astimezone(ZoneInfo(timezone)).replace(hour=0, minute=0, second=0, microsecond=0)


def _is_due(experiment: Experiment, last: dict[str, datetime], now: datetime) -> bool:
    if experiment.ended_at is not None:
        return not any(at >= experiment.ended_at for at in last.values())
    daily = last.get(Occasion.DAILY.value)
    return daily is None or daily < begin_of_day(now, experiment.timezone)


def _store_one(session: Session, seen: Seen) -> int:
    experiment = session.execute(select(Experiment).where(col(Experiment.key) == seen.experiment)).scalar_one_or_none()
    if experiment is None:
        return 0
    values = {
        "experiment_id": experiment.id,
        "phase": seen.phase,
        "day": day_of(int(seen.at.timestamp() * 1000), experiment.timezone),
        "at": seen.at,
        "by": seen.by,
        "occasion": seen.occasion.value,
        "action": seen.action,
        "variant": seen.variant,
        "sentence": seen.sentence,
        "days": seen.days,
        "variants": [asdict(item) for item in seen.variants],
    }
    done = session.execute(_INSERT, values)
    return int(done.rowcount)  # type: ignore[attr-defined]


def _seen(row: Look, experiment: Experiment) -> Seen:
    return Seen(
        experiment=experiment.key,
        phase=row.phase,
        at=row.at,
        by=row.by,
        occasion=Occasion(row.occasion),
        action=row.action,
        variant=row.variant,
        sentence=row.sentence,
        days=row.days,
        variants=tuple(SeenVariant(**item) for item in row.variants),
    )
