"""What an experiment says: the one report that studio, API, command line and file all show, so that no two can disagree.

It reads tallies and receipts, so its cost does not depend on the number of visitors, unless a moment in the past is asked
for, or campaigns or keywords; nothing here writes.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from experiments import changes as changing
from experiments import lifecycle, looks
from experiments.changes import Changes
from experiments.counting import count, count_as_of, count_totals
from experiments.errors import UnknownExperiment
from experiments.judging import Facts, judge
from experiments.models import Experiment, Occasion, Phase
from experiments.open_segments import check_dimension, count_open
from experiments.receipts import count_receipts
from experiments.report import Report, VariantReport, list_segments
from experiments.seen import Seen

__all__ = ["Report", "VariantReport", "changes", "report"]

_SOON: Final = timedelta(hours=1)  # after midnight: what was seen then is how the day before ended
_FEW: Final = 20_000  # visitors, whose rows are read in a fraction of a second


def report(
    session: Session,
    experiment: Experiment | str,
    *,
    phase: int | None = None,
    as_of: datetime | None = None,
    dimensions: Sequence[str] = (),
    now: datetime,
) -> Report:
    """Judge one phase of an experiment.

    Args:
        experiment: it, or its key.
        phase: its number; the latest where None.
        as_of: show everything as it stood at this moment; that reads every visitor. Now where None.
        dimensions: campaign and keyword, to group visitors by as well; that reads every visitor.
        now: for how long it has been running.

    Raises:
        UnknownExperiment: no such key or phase, or none yet at that moment.
        UnknownDimension: visitors cannot be grouped by that.

    Edge cases:
        Nobody has come yet: every rate is the prior's, every variant is best with equal probability, the split has no
        p-value, and the verdict says that it is too early.
        A moment that has not come is now.
    """
    for dimension in dimensions:
        check_dimension(dimension)
    if isinstance(experiment, str):
        experiment = lifecycle.load(session, experiment)
    at, is_past = (now, False) if as_of is None or as_of >= now else (as_of, True)
    phases = [item for item in lifecycle.list_phases(session, experiment) if item.started_at <= at or not is_past]
    judged = _choose(phases, experiment, phase, at)
    position = phases.index(judged)
    if is_past:
        everything = count_as_of(session, experiment, phases, at=at)
        counted, totals = everything[position], [item.totals for item in everything]
    else:
        counted = count(session, experiment, judged)
        others = iter(count_totals(session, experiment, [item for item in phases if item is not judged]))
        totals = [counted.totals if item is judged else next(others) for item in phases]
    found = judge(
        Facts(
            experiment=experiment,
            phase=judged,
            phases=phases,
            totals=totals,
            counted=counted,
            amounts=count_receipts(session, experiment, judged.number, at=at if is_past else None),
            notes=[item for item in lifecycle.list_annotations(session, experiment) if item.at <= at or not is_past],
            looks=looks.list_looks(session, experiment, judged.number, until=at),
            at=at,
            is_past=is_past,
        )
    )
    if not dimensions:
        return found
    # beside the judged numbers: no finding and no verdict rests on them
    opened = count_open(session, experiment, judged, dimensions=dimensions, at=at if is_past else None)
    return replace(found, open_segments=list_segments(opened))


def changes(session: Session, now: Report) -> Changes | None:
    """What changed since the end of yesterday, in the time zone of the site.

    Args:
        now: the latest report of an experiment; its own moment says when yesterday ended.

    Returns:
        None where the phase had not begun by then, or nobody knows how it stood: the work process was not there to look
        at midnight, and there are too many visitors to read them all for this.
    """
    midnight = looks.begin_of_day(now.as_of, now.timezone)
    before = _find_last_night(now, midnight) or _recompute(session, now, midnight)
    return (
        None
        if before is None
        else changing.compare(before, looks.take(now, by="", occasion=Occasion.OPENED), noun=now.noun)
    )


def _find_last_night(now: Report, midnight: datetime) -> Seen | None:
    """The daily look of last night, if there was one."""
    nightly = [look for look in now.looks if look.occasion is Occasion.DAILY and midnight <= look.at < midnight + _SOON]
    return nightly[0] if nightly and nightly[0].at < now.as_of else None


def _recompute(session: Session, now: Report, midnight: datetime) -> Seen | None:
    if now.started_at >= midnight or now.seen > _FEW:
        return None
    then = report(session, now.experiment, phase=now.phase, as_of=midnight, now=now.as_of)
    return looks.take(then, by="", occasion=Occasion.DAILY)


def _choose(phases: Sequence[Phase], experiment: Experiment, number: int | None, at: datetime) -> Phase:
    if not phases:
        raise UnknownExperiment(
            f"Experiment {experiment.key} had not started on {at:%Y-%m-%d %H:%M} UTC.",
            fix=f"It started on {experiment.created_at:%Y-%m-%d %H:%M} UTC.",
        )
    # compared here, because no database takes a number of any length
    chosen = phases[-1] if number is None else next((item for item in phases if item.number == number), None)
    if chosen is None:
        raise UnknownExperiment(f"Experiment {experiment.key} has no phase {number}.", fix="Phases count from 1.")
    return chosen
