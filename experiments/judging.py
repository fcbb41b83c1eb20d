"""From what was counted to a report: pure, so that the same facts give the same bits. Where they were read is not known here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import stats
from experiments import autopsy, forecast, health, lifecycle
from experiments.allocation import WHOLE_BP
from experiments.counts import Counted, Everybody
from experiments.goal_judging import judge_goals
from experiments.guardrails import list_harm
from experiments.health import RULE
from experiments.lenses import Anytime, Belief, believe, samples_of, watch
from experiments.lifecycle import DEFAULT_LIFT
from experiments.models import Annotation, Experiment, Phase, Purpose, State
from experiments.outcomes import GoalReport
from experiments.practice import Practice, hold_against_plan
from experiments.prior import Prior
from experiments.receipts import Amounts
from experiments.report import (
    NOUNS,
    DayCounts,
    Parameters,
    PhaseLine,
    PhaseVariant,
    Report,
    VariantReport,
    list_segments,
)
from experiments.revenue import judge_revenue
from experiments.seen import Seen
from experiments.splits import check_splits
from experiments.surprise import check_surprise
from experiments.verdict import Evidence, decide

_DAY: Final = timedelta(days=1)
_FLOOR: Final = 0.1  # of an equal share, that every variant keeps in the advice
_DATA_PRIOR: Final = stats.Beta(0.5, 0.5)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of an experiment at a moment: its phases until then, notes, looks, and what was counted."""

    experiment: Experiment
    phase: Phase  # the one to judge
    phases: Sequence[Phase]
    totals: Sequence[Everybody]  # of each phase
    counted: Counted  # of the judged one
    amounts: Amounts  # what its visitors' leads are worth
    notes: Sequence[Annotation]
    looks: Sequence[Seen]  # at the judged phase
    at: datetime
    is_past: bool

    @property
    def has_ended(self) -> bool:
        return self.experiment.ended_at is not None and self.experiment.ended_at <= self.at

    @property
    def state(self) -> State:
        """That of the moment; a pause and its end are notes."""
        if not self.is_past:
            return self.experiment.state
        if self.has_ended:
            return State.ENDED
        told = [note.text for note in self.notes if note.text in (lifecycle.PAUSED, lifecycle.RESUMED)]
        return State.PAUSED if told[-1:] == [lifecycle.PAUSED] else State.RUNNING

    def end_of(self, phase: Phase) -> datetime | None:
        return phase.ended_at if phase.ended_at is not None and phase.ended_at <= self.at else None


def judge(facts: Facts) -> Report:
    """The report that these facts make."""
    experiment, phase, counted = facts.experiment, facts.phase, facts.counted
    totals, ended_at = counted.totals, facts.end_of(facts.phase)
    elapsed = max((ended_at or facts.at) - phase.started_at, timedelta(0))
    # a paused test lets days pass without visitors; they do not make it any surer
    days = min(elapsed // _DAY, len(counted.by_day))
    parameters = _read_parameters(experiment)
    control = list(phase.weights).index(experiment.control)
    samples = samples_of(totals)
    _, data = believe(
        samples,
        control=control,
        prior=parameters.data_prior,
        min_lift=parameters.min_lift,
        value_minor=parameters.value_minor,
    )
    comparison, decision = believe(
        samples,
        control=control,
        prior=stats.Exchangeable(parameters.prior.tau),
        min_lift=parameters.min_lift,
        value_minor=parameters.value_minor,
    )
    anytime = watch(samples, control=control, tau=parameters.prior.tau)
    per_day = sum(item.confirmed for item in totals) / min(elapsed / _DAY, len(counted.by_day)) if days else None
    waiting = None
    if ended_at is None and per_day is not None and per_day >= 1:
        waiting = stats.value_of_waiting(comparison, visitors_per_day=per_day, rule=RULE)
    goals = judge_goals(lifecycle.further_goals(experiment), counted.goals, control=control, parameters=parameters)
    advice = _advise(comparison, goals) if ended_at is None and days >= RULE.min_days else None
    splits = check_splits(counted)
    notes = [note for note in facts.notes if note.phase == phase.number]
    conduct = health.Conduct(
        phase=phase.number,
        coverage_bp=phase.coverage_bp,
        is_allocation_intact=lifecycle.is_intact(phase),
        changes=sum(lifecycle.is_change(note) for note in notes),
    )
    findings = health.check(counted, days=days, splits=splits, conduct=conduct)
    findings += check_surprise([item.key for item in totals], data, decision)
    return Report(
        experiment=experiment.key,
        purpose=Purpose(experiment.purpose),
        phase=phase.number,
        phases=tuple(item.number for item in facts.phases),
        page_id=experiment.page_id,
        goal=experiment.goal,
        selector=experiment.selector,
        window_s=experiment.window_s,
        hypothesis=experiment.hypothesis,
        state=facts.state,
        shipped=experiment.shipped if facts.has_ended else "",
        reason=experiment.reason if facts.has_ended else "",
        timezone=experiment.timezone,
        control=experiment.control,
        coverage_bp=phase.coverage_bp,
        started_at=phase.started_at,
        ended_at=ended_at,
        as_of=facts.at,
        is_past=facts.is_past,
        days=days,
        elapsed_days=elapsed / _DAY,
        parameters=parameters,
        variants=_put_together(
            totals,
            comparison,
            data,
            decision,
            anytime=anytime,
            advice=advice,
            visitors_per_day=None if per_day is None else per_day * WHOLE_BP / phase.coverage_bp,
            value_minor=parameters.value_minor,
        ),
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
                goals=goals,
                phase=phase.number,
                purpose=Purpose(experiment.purpose),
                waiting=waiting,
            )
        ),
        waiting=waiting,
        health=tuple(findings),
        by_day=tuple(
            DayCounts(day, item.key, item.served, item.confirmed, item.conversions)
            for day, counts in counted.by_day.items()
            for item in counts
        ),
        segments=list_segments(counted.segments),
        phase_lines=tuple(
            _draw_line(item, counts, facts, parameters=parameters)
            for item, counts in zip(facts.phases, facts.totals, strict=True)
        ),
        plan=hold_against_plan(
            Practice(
                experiment=experiment,
                phases=facts.phases,
                counts=totals,
                control_rate=data[control].rate,
                days=days,
                ended_at=ended_at,
                looks=facts.looks,
            )
        ),
        looks=tuple(facts.looks),
        annotations=tuple(notes),
        simulated=sum(item.simulated for item in totals),
        revenue=judge_revenue(totals, facts.amounts, control=control, currency=parameters.currency),
        goals=goals,
    )


def _read_parameters(experiment: Experiment) -> Parameters:
    """Those that the plan fixed; the usual ones where it was started without."""
    plan = experiment.plan
    return Parameters(
        data_prior=_DATA_PRIOR,
        prior=Prior.of_plan(plan),
        min_lift=plan.get("lift", DEFAULT_LIFT),
        value_minor=plan.get("value_minor"),
        currency=plan.get("currency", ""),
    )


def _put_together(
    totals: Everybody,
    comparison: stats.Comparison,
    data: Sequence[Belief],
    decision: Sequence[Belief],
    *,
    anytime: Sequence[Anytime | None],
    advice: Sequence[float] | None,
    visitors_per_day: float | None,
    value_minor: int | None,
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
            data=data[position],
            decision=decision[position],
            anytime=anytime[position],
            forecast=forecast.foresee(
                comparison.variants[position],
                decision[position],
                decision[comparison.control],
                visitors_per_day=visitors_per_day,
                value_minor=value_minor,
            ),
            advised_share=None if advice is None else advice[position],
        )
        for position, item in enumerate(totals)
    )


def _advise(comparison: stats.Comparison, goals: Sequence[GoalReport]) -> tuple[float, ...] | None:
    """Where the next visitors teach most: with two variants half each, and nowhere while one of them does harm."""
    variants = len(comparison.variants)
    if max(list_harm(goals), default=0.0) >= RULE.p_harm:
        return None
    return stats.top_two(comparison, floor=_FLOOR / variants) if variants > 2 else None


def _draw_line(phase: Phase, counts: Everybody, facts: Facts, *, parameters: Parameters) -> PhaseLine:
    control = list(phase.weights).index(facts.experiment.control)
    _, beliefs = believe(
        samples_of(counts),
        control=control,
        prior=stats.Exchangeable(parameters.prior.tau),
        min_lift=parameters.min_lift,
        value_minor=parameters.value_minor,
    )
    return PhaseLine(
        number=phase.number,
        started_at=phase.started_at,
        ended_at=facts.end_of(phase),
        coverage_bp=phase.coverage_bp,
        variants=tuple(
            PhaseVariant(
                item.key, item.weight_bp, item.served, item.confirmed, item.conversions, belief.p_best, belief.lift
            )
            for item, belief in zip(counts, beliefs, strict=True)
        ),
    )
