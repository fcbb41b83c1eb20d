"""What an experiment says: the one report that studio, API, command line and file all show, so that no two can disagree.

It is computed from tallies alone, so its cost does not depend on the number of visitors, unless a moment in the past is
asked for; nothing here writes.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

import stats
from experiments import autopsy, health, lifecycle
from experiments.counting import count, count_as_of
from experiments.counts import Counted, Everybody
from experiments.errors import UnknownExperiment
from experiments.lenses import Anytime, Belief, believe, watch
from experiments.models import Annotation, Experiment, Phase, State
from experiments.report import NOUNS, DayCounts, Parameters, Report, SegmentCounts, VariantReport
from experiments.splits import check_splits
from experiments.verdict import Evidence, decide

__all__ = ["Report", "VariantReport", "report"]

_DAY: Final = timedelta(days=1)
_TAU: Final = 0.07
_DATA_PRIOR: Final = stats.Beta(0.5, 0.5)


def report(
    session: Session,
    experiment: Experiment | str,
    *,
    phase: int | None = None,
    as_of: datetime | None = None,
    now: datetime,
) -> Report:
    """Judge one phase of an experiment.

    Args:
        experiment: it, or its key.
        phase: its number; the latest where None.
        as_of: show everything as it stood at this moment; that reads every visitor. Now where None.
        now: for how long it has been running.

    Raises:
        UnknownExperiment: no such key or phase, or none yet at that moment.

    Edge cases:
        Nobody has come yet: every rate is the prior's, every variant is best with equal probability, the split has no
        p-value, and the verdict says that it is too early.
        A moment that has not come is now.
    """
    if isinstance(experiment, str):
        experiment = lifecycle.load(session, experiment)
    at, is_past = (now, False) if as_of is None or as_of >= now else (as_of, True)
    phases = [item for item in lifecycle.list_phases(session, experiment) if item.started_at <= at or not is_past]
    judged = _choose(phases, experiment, phase, at)
    counted = count_as_of(session, experiment, judged, at=at) if is_past else count(session, experiment, judged)
    notes = [item for item in lifecycle.list_annotations(session, experiment) if item.at <= at or not is_past]
    return _judge(experiment, judged, counted, phases=phases, notes=notes, at=at, is_past=is_past)


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


def _judge(
    experiment: Experiment,
    phase: Phase,
    counted: Counted,
    *,
    phases: Sequence[Phase],
    notes: Sequence[Annotation],
    at: datetime,
    is_past: bool,
) -> Report:
    totals = counted.totals
    ended_at = phase.ended_at if phase.ended_at is not None and phase.ended_at <= at else None
    elapsed = max((ended_at or at) - phase.started_at, timedelta(0))
    # a paused test lets days pass without visitors; they do not make it any surer
    days = min(elapsed // _DAY, len(counted.by_day))
    splits = check_splits(counted)
    changes = [note for note in notes if note.phase == phase.number and lifecycle.is_change(note)]
    conduct = health.Conduct(
        coverage_bp=phase.coverage_bp, is_allocation_intact=lifecycle.is_intact(phase), changes=len(changes)
    )
    findings = health.check(counted, days=days, splits=splits, conduct=conduct)
    parameters = Parameters(data_prior=_DATA_PRIOR, tau=_TAU, min_lift=0.0, value_minor=None, currency="")
    samples = [stats.BinarySample(n=item.confirmed, conversions=item.conversions) for item in totals]
    control = list(phase.weights).index(experiment.control)
    comparison, data = believe(
        samples,
        control=control,
        prior=parameters.data_prior,
        min_lift=parameters.min_lift,
        value_minor=parameters.value_minor,
    )
    anytime = watch(samples, control=control, tau=parameters.tau)
    has_ended = experiment.ended_at is not None and experiment.ended_at <= at
    return Report(
        experiment=experiment.key,
        phase=phase.number,
        phases=tuple(item.number for item in phases),
        page_id=experiment.page_id,
        goal=experiment.goal,
        selector=experiment.selector,
        window_s=experiment.window_s,
        hypothesis=experiment.hypothesis,
        state=_state_at(notes, has_ended=has_ended) if is_past else experiment.state,
        shipped=experiment.shipped if has_ended else "",
        reason=experiment.reason if has_ended else "",
        timezone=experiment.timezone,
        control=experiment.control,
        coverage_bp=phase.coverage_bp,
        started_at=phase.started_at,
        ended_at=ended_at,
        as_of=at,
        is_past=is_past,
        days=days,
        parameters=parameters,
        variants=_put_together(totals, data, anytime),
        srm_served=autopsy.split(totals, autopsy.SERVED),
        srm_confirmed=autopsy.split(totals, autopsy.CONFIRMED),
        autopsy=autopsy.examine(totals, counted.segments),
        splits=splits,
        filtered={reason: sum(shown.values()) for reason, shown in counted.filtered.items()},
        filtered_by_variant={reason: dict(shown) for reason, shown in counted.filtered.items()},
        verdict=decide(
            Evidence(
                counts=totals,
                comparison=comparison,
                e_values=[1.0 if item is None else item.e_value for item in anytime],
                findings=findings,
                days=days,
                elapsed_days=elapsed / _DAY,
                ended=ended_at is not None,
                noun=NOUNS.get(experiment.goal, "conversion"),
            )
        ),
        health=tuple(findings),
        by_day=tuple(
            DayCounts(day, item.key, item.served, item.confirmed, item.conversions)
            for day, counts in counted.by_day.items()
            for item in counts
        ),
        segments=tuple(
            SegmentCounts(dimension, level, item.key, item.served, item.confirmed, item.conversions)
            for (dimension, level), counts in counted.segments.items()
            for item in counts
        ),
        annotations=tuple(note for note in notes if note.phase == phase.number),
        simulated=sum(item.simulated for item in totals),
    )


def _state_at(notes: Sequence[Annotation], *, has_ended: bool) -> State:
    """What the notes until then say; a pause and its end are notes."""
    if has_ended:
        return State.ENDED
    told = [note.text for note in notes if note.text in (lifecycle.PAUSED, lifecycle.RESUMED)]
    return State.PAUSED if told[-1:] == [lifecycle.PAUSED] else State.RUNNING


def _put_together(
    totals: Everybody, data: Sequence[Belief], anytime: Sequence[Anytime | None]
) -> tuple[VariantReport, ...]:
    return tuple(
        VariantReport(
            key=item.key,
            weight_bp=item.weight_bp,
            served=item.served,
            confirmed=item.confirmed,
            conversions=item.conversions,
            unconfirmed_conversions=item.unconfirmed_conversions,
            multiply_exposed=item.multiply_exposed,
            simulated=item.simulated,
            data=believed,
            anytime=watched,
        )
        for item, believed, watched in zip(totals, data, anytime, strict=True)
    )
