"""The report that a saved one's counts and parameters make, in the shape of its JSON, as far as it follows from them.

Words and notes do not follow, and are left out. Nothing here is taken from `experiments`: what is the same there and
here was written twice, so that a fault in one of them shows.
"""

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import stats
from lander.verification.autopsy import STEPS, recompute_autopsy, split
from lander.verification.details import recompute_details
from lander.verification.gates import list_gates, recompute_splits
from lander.verification.goals import JudgedGoal, describe_goals, find_harm, judge_goals
from lander.verification.lens import compare, describe, describe_range
from lander.verification.phases import describe_phases
from lander.verification.plan import find_fixed, find_named, is_intact
from lander.verification.practice import recompute_departures, recompute_looks
from lander.verification.revenue import recompute_revenue
from lander.verification.saved import Counts, Saved
from lander.verification.sums import count_filtered, expect_sums
from lander.verification.verdict import Evidence, recompute_verdict

_DAY: Final = timedelta(days=1)
_MONTH_DAYS: Final = 30
_WHOLE_BP: Final = 10_000
_FLOOR: Final = 0.1  # of an equal share, that every variant keeps in the advice

Tree = dict[str, Any]


def recompute(saved: Saved) -> Tree:
    """Everything that follows, with the keys of the file."""
    samples, parameters = [item.sample for item in saved.counts], saved.parameters
    elapsed = max((saved.ended_at or saved.as_of) - saved.started_at, timedelta(0))
    seen = len({item.level for item in saved.days})
    days = min(elapsed // _DAY, seen)
    per_day = sum(item.confirmed for item in saved.counts) / min(elapsed / _DAY, seen) if days else None
    data = compare(samples, saved, parameters.data_prior)
    decision = compare(samples, saved, stats.Exchangeable(parameters.tau))
    goals = judge_goals(saved)
    anytime = [_watch(samples[saved.control], item, saved) for item in samples]
    waiting = None
    if saved.ended_at is None and per_day is not None and per_day >= 1:
        waiting = stats.value_of_waiting(decision, visitors_per_day=per_day, rule=parameters.rule)
    evidence = Evidence(
        comparison=decision,
        e_values=[item.e_value for item in anytime],
        waiting=waiting,
        harm=find_harm(goals),
        days=days,
        elapsed_days=elapsed / _DAY,
    )
    return {
        **find_named(saved),
        "plan": _describe_plan(saved, data, days),
        "parameters": find_fixed(saved),
        "days": days,
        "elapsed_days": elapsed / _DAY,
        "verdict": recompute_verdict(saved, evidence),
        "waiting": None if waiting is None else _describe_waiting(waiting),
        "health": list_gates(saved, data, decision, days=days),
        "variants": [
            {
                **describe(alone, saved, value_minor=parameters.value_minor),
                "decision": describe(together, saved, value_minor=parameters.value_minor),
                "anytime": None if alone.lift is None else _describe_anytime(watched),
                "forecast": None if alone.lift is None else _foresee(decision, together, saved, per_day),
                "advised_share": share,
            }
            for alone, together, watched, share in zip(
                data.variants, decision.variants, anytime, _advise(saved, decision, evidence.harm, days), strict=True
            )
        ],
        "srm": {step: _describe_split(saved.counts, step) for step in STEPS},
        "autopsy": recompute_autopsy(saved),
        "splits": recompute_splits(saved),
        **describe_phases(saved),
        "looks": recompute_looks(saved),
        **_describe_further(saved, goals),
        **recompute_details(saved),
        **count_filtered(saved),
        **expect_sums(saved),
    }


def _describe_further(saved: Saved, judged: Sequence[JudgedGoal]) -> Tree:
    """Goals and money, where whoever wrote the file knew of them."""
    told: Tree = {"goals": describe_goals(judged, saved), "revenue": recompute_revenue(saved)}
    return {name: told[name] for name in told if name in saved.optional}


def _describe_plan(saved: Saved, data: stats.Comparison, days: int) -> Tree | None:
    """Its seal, and where practice left it."""
    if saved.plan is None:
        return None
    return {
        "is_intact": is_intact(saved),
        "departures": recompute_departures(saved, data, days=days),
    }


def _watch(control: stats.BinarySample, variant: stats.BinarySample, saved: Saved) -> stats.Anytime:
    # a lift spreads √2 times as far as a variant
    tau = saved.parameters.tau * math.sqrt(2)
    return stats.anytime(control, variant, tau=tau, level=saved.parameters.level)


def _foresee(decision: stats.Comparison, judged: stats.VariantComparison, saved: Saved, per_day: float | None) -> Tree:
    """The lift in conversions: per 1,000 visitors, and in a month of everybody who comes to the page."""
    assert judged.lift is not None, "control has no forecast"
    level, inner, value = saved.parameters.level, saved.parameters.inner_level, saved.parameters.value_minor
    visitors = None if per_day is None else round(_MONTH_DAYS * (per_day * _WHOLE_BP / saved.coverage_bp))
    month = None
    if visitors:
        month = judged.forecast(visitors, level=level), judged.forecast(visitors, level=inner)
    rate = decision.variants[saved.control].rate.mean
    return {
        "per_thousand": describe_range(judged.lift, judged.lift_at(inner), 1000 * rate),
        "visitors_per_month": visitors,
        "per_month": None if month is None else describe_range(*month),
        "money_minor": None if month is None or value is None else describe_range(*month, value),
    }


def _advise(saved: Saved, decision: stats.Comparison, harm: Sequence[float], days: int) -> Sequence[float | None]:
    """Where the next visitors teach most: with two variants half each, and nowhere while one of them does harm."""
    variants = len(saved.counts)
    if (
        max(harm, default=0.0) >= saved.parameters.rule.p_harm
        or saved.ended_at is not None
        or days < saved.parameters.rule.min_days
        or variants == 2
    ):
        return [None] * variants
    return stats.top_two(decision, floor=_FLOOR / variants)


def _describe_anytime(found: stats.Anytime) -> Tree:
    lift = found.lift
    return {
        "e_value": found.e_value,
        "log_e_value": found.log_e_value,
        "lift": None if lift is None else lift.median,
        "low": None if lift is None else lift.low,
        "high": None if lift is None else lift.high,
    }


def _describe_waiting(waiting: stats.Waiting) -> Tree:
    return {
        "days": waiting.days,
        "loss_now": waiting.loss_now,
        "loss_after": waiting.loss_after,
        "gain": waiting.gain,
        "days_to_decision": waiting.days_to_decision,
    }


def _describe_split(counts: Sequence[Counts], step: str) -> Tree:
    found = split(counts, step)
    return {
        "p_value": found.p_value,
        "mismatch": found.mismatch,
        "e_value": found.e_value,
        "leaked": found.leaked,
    }
