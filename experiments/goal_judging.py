"""What is believed of the further goals, each compared by itself through both lenses, as the deciding one is.

Secondary goals are many questions at once, so their answers are adjusted together; a guardrail asks one question of its own,
and what it finds of harm goes into the verdict.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

import stats
from experiments.counts import Everybody
from experiments.goals import Goal, Role
from experiments.lenses import believe, samples_of
from experiments.outcomes import GoalReport, GoalVariant
from experiments.report import Parameters

RATE: Final = 0.05  # of false ones among the discoveries


def judge_goals(
    goals: Sequence[Goal], counted: Mapping[str, Everybody], *, control: int, parameters: Parameters
) -> tuple[GoalReport, ...]:
    """A report of each further goal, in their order.

    Args:
        goals: with their keys.
        counted: by key, the counts of all variants with the conversions of that goal.
        control: position of the variant the others are compared with.
        parameters: priors and smallest lift, the same as for the goal that decides.

    Returns:
        Every variant of every secondary goal but control with its p-value, adjusted over all of them by Benjamini and
        Hochberg at 5 %; every one of a guardrail with the probability that it is worse than control by more than the
        margin, in the decision lens. Worse is below control, or above it where fewer is better.

    Edge cases:
        Nobody has come yet: what is believed is what the priors say, nothing is a discovery, no guardrail is sure.
        A variant or control without visitors: there is no question to adjust, and no p-value.

    Source: Benjamini and Hochberg, Controlling the false discovery rate, JRSS B 57, 1995.
    """
    judged = [_judge(goal, counted[goal.key], control=control, parameters=parameters) for goal in goals]
    return _adjust(judged, _list_comparable(counted[goals[0].key], control=control) if goals else [])


def _list_comparable(counts: Everybody, *, control: int) -> list[str]:
    """The variants that control can be compared with: of both somebody is counted."""
    seen = [item.key for position, item in enumerate(counts) if item.confirmed and position != control]
    return seen if counts[control].confirmed else []


def _judge(goal: Goal, counts: Everybody, *, control: int, parameters: Parameters) -> GoalReport:
    samples = samples_of(counts)
    _, data = believe(samples, control=control, prior=parameters.data_prior, min_lift=parameters.min_lift)
    comparison, decision = believe(
        samples, control=control, prior=stats.Exchangeable(parameters.prior.tau), min_lift=parameters.min_lift
    )
    return GoalReport(
        goal,
        tuple(
            GoalVariant(
                key=item.key,
                conversions=item.conversions,
                unconfirmed_conversions=item.unconfirmed_conversions,
                data=data[position],
                decision=decision[position],
                p_adjusted=None,
                is_discovery=None,
                guardrail=None if position == control else _look_for_harm(goal, comparison.variants[position]),
            )
            for position, item in enumerate(counts)
        ),
    )


def _look_for_harm(goal: Goal, variant: stats.VariantComparison) -> stats.Guardrail | None:
    if goal.role is not Role.GUARDRAIL:
        return None
    return stats.non_inferior(variant, margin=goal.margin, lower_is_better=goal.fewer_is_better)


def _adjust(reports: Sequence[GoalReport], comparable: Collection[str]) -> tuple[GoalReport, ...]:
    """The same, with the secondary goals' p-values adjusted as one family."""
    family = [
        (report.goal.key, item.key, stats.two_sided(item.data.p_beats_control))
        for report in reports
        for item in report.variants
        if report.goal.role is Role.SECONDARY and item.key in comparable and item.data.p_beats_control is not None
    ]
    found = stats.adjust([p_value for *_, p_value in family], rate=RATE)
    adjusted = {
        (goal, variant): (p_value, is_discovery)
        for (goal, variant, _), p_value, is_discovery in zip(family, found.p_values, found.discoveries, strict=True)
    }

    def put_in(goal: str, item: GoalVariant) -> GoalVariant:
        p_adjusted, is_discovery = adjusted.get((goal, item.key), (None, None))
        return replace(item, p_adjusted=p_adjusted, is_discovery=is_discovery)

    return tuple(
        replace(report, variants=tuple(put_in(report.goal.key, item) for item in report.variants)) for report in reports
    )
