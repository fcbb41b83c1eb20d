"""Further goals of a saved report: both lenses, what is a discovery among all of them, and whether a guardrail is harmed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import stats
from lander.verification.lens import compare, describe
from lander.verification.outcomes import Goal
from lander.verification.saved import Saved

_RATE: Final = 0.05  # of false discoveries among the secondary goals

Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class JudgedGoal:
    """A goal through both lenses; guardrails one per variant, None for control and for a secondary goal."""

    goal: Goal
    data: stats.Comparison
    decision: stats.Comparison
    guardrails: tuple[stats.Guardrail | None, ...]


def judge_goals(saved: Saved) -> list[JudgedGoal]:
    found = []
    for goal in saved.goals:
        counted = zip(saved.counts, goal.conversions, strict=True)
        samples = [stats.BinarySample(n=item.confirmed, conversions=reached) for item, reached in counted]
        decision = compare(samples, saved, stats.Exchangeable(saved.parameters.tau))
        data = compare(samples, saved, saved.parameters.data_prior)
        found.append(JudgedGoal(goal, data, decision, tuple(_guard(goal, item) for item in decision.variants)))
    return found


def find_harm(judged: Sequence[JudgedGoal]) -> tuple[float, ...]:
    """The worst that any guardrail says of each variant; empty where there is no guardrail."""
    guarded = [item.guardrails for item in judged if item.goal.is_guardrail]
    if not guarded:
        return ()
    by_variant = ([one for one in found if one is not None] for found in zip(*guarded, strict=True))
    return tuple(max((one.p_harm for one in found), default=0.0) for found in by_variant)


def describe_goals(judged: Sequence[JudgedGoal], saved: Saved) -> list[Tree]:
    """In the order of the declarations; all secondary goals and variants together are one family of questions."""
    asked = [
        (which, position, stats.two_sided(variant.p_beats_control))
        for which, item in enumerate(judged)
        if not item.goal.is_guardrail
        for position, variant in enumerate(item.data.variants)
        if variant.p_beats_control is not None
        and saved.counts[position].confirmed
        and saved.counts[saved.control].confirmed
    ]
    adjusted = stats.adjust([p for *_, p in asked], rate=_RATE)
    told = {
        (which, position): (p, is_discovery)
        for (which, position, _), p, is_discovery in zip(asked, adjusted.p_values, adjusted.discoveries, strict=True)
    }
    return [
        {
            "variants": [
                {
                    "key": counts.key,
                    "conversions": reached,
                    **describe(alone, saved, value_minor=None),
                    "decision": describe(together, saved, value_minor=None),
                    "p_adjusted": told.get((which, position), (None, None))[0],
                    "is_discovery": told.get((which, position), (None, None))[1],
                    "guardrail": None if guardrail is None else _describe_guardrail(guardrail),
                }
                for position, (counts, reached, alone, together, guardrail) in enumerate(
                    zip(
                        saved.counts,
                        item.goal.conversions,
                        item.data.variants,
                        item.decision.variants,
                        item.guardrails,
                        strict=True,
                    )
                )
            ],
        }
        for which, item in enumerate(judged)
    ]


def _guard(goal: Goal, judged: stats.VariantComparison) -> stats.Guardrail | None:
    if not goal.is_guardrail or judged.lift is None:
        return None
    return stats.non_inferior(judged, margin=goal.margin, lower_is_better=goal.fewer_is_better)


def _describe_guardrail(found: stats.Guardrail) -> Tree:
    return {"p_harm": found.p_harm, "margin": found.margin, "status": found.status.value}
