"""What a saved report's numbers ask for: action, reason, whom, how sure, and how much longer. The sentence is not made again."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

import stats
from lander.verification.gates import STOP
from lander.verification.saved import Saved

_EARLY: Final = (stats.Reason.DAYS, stats.Reason.CONVERSIONS)
_CALLS: Final = (stats.Action.SHIP, stats.Action.KEEP, stats.Action.DROP)
_UNDECIDED: Final = (stats.Action.CONTINUE, stats.Action.DROP)

Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was recomputed so far. `e_values` and `harm` are in the order of the variants; control's are not looked at."""

    comparison: stats.Comparison
    e_values: Sequence[float]
    harm: tuple[float, ...]  # by guardrails; empty where there are none
    waiting: stats.Waiting | None
    days: int
    elapsed_days: float


def recompute_verdict(saved: Saved, evidence: Evidence) -> Tree:
    """By the rule in the file. Whether a gate stops is what its findings say; those are checked by themselves."""
    decision = stats.decide(
        evidence.comparison,
        stats.Gates(
            open=all(severity != STOP for severity, _ in saved.findings),
            days=evidence.days,
            conversions=tuple(item.conversions for item in saved.counts),
            harm=evidence.harm,
        ),
        saved.parameters.rule,
        e_values=evidence.e_values,
    )
    if saved.purpose == "aa" and (decision.action in _CALLS or decision.dropped):
        return _call_off(saved, evidence, decision)
    return {
        "action": decision.action.value,
        "reason": decision.reason.value,
        "variant": "" if decision.variant is None else saved.counts[decision.variant].key,
        "dropped": [saved.counts[position].key for position in decision.dropped],
        "strong": decision.strong,
        "days_left": _count_days_left(saved, evidence, decision),
    }


def _call_off(saved: Saved, evidence: Evidence, decision: stats.Decision) -> Tree:
    """Of variants with the same content none is called better; the one that looks most different, or harms, is named."""
    if decision.harmed and decision.harmed == decision.dropped:
        which = decision.harmed[0]
    else:
        doubts = [(judged.p_beats_control, i) for i, judged in enumerate(evidence.comparison.variants)]
        which = -max((abs(p - 0.5), -i) for p, i in doubts if p is not None)[1]
    return {
        "action": stats.Action.HOLD.value,
        "reason": "aa-differs",
        "variant": saved.counts[which].key,
        "dropped": [],
        "strong": decision.strong,
        "days_left": None,
    }


def _count_days_left(saved: Saved, evidence: Evidence, decision: stats.Decision) -> int | None:
    if saved.ended_at is not None:
        return None
    if decision.reason in _EARLY:
        return _count_days_to_enough(saved, evidence)
    if decision.action not in _UNDECIDED or evidence.waiting is None or _is_in_the_way(saved, evidence, decision):
        return None
    return evidence.waiting.days_to_decision


def _is_in_the_way(saved: Saved, evidence: Evidence, decision: stats.Decision) -> bool:
    """Whether a variant that is out for harm is so good otherwise that no other can be the best beside it."""
    return any(evidence.comparison.variants[i].p_best > 1 - saved.parameters.rule.p_best for i in decision.harmed)


def _count_days_to_enough(saved: Saved, evidence: Evidence) -> int | None:
    """Until days and conversions suffice, at the rate so far; None where that rate says nothing yet."""
    rule, elapsed = saved.parameters.rule, evidence.elapsed_days
    conversions = [item.conversions for item in saved.counts]
    lacking = [(sum(conversions), rule.min_conversions), *((n, rule.min_conversions_each) for n in conversions)]
    if elapsed < 1 or any(need and not have for have, need in lacking):
        return None
    waits = [ceil((need - have) / (have / elapsed)) for have, need in lacking if have < need]
    return max([0, rule.min_days - evidence.days, *waits])
