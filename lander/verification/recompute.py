"""The report that a saved one's counts and parameters make, in the shape of its JSON, as far as it follows from them.

Words, looks and notes do not follow, and are left out. Nothing here is taken from `experiments`: what is the same there and
here was written twice, so that a fault in one of them shows.
"""

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import stats
from lander.verification.gates import STEPS, list_gates, recompute_autopsy, recompute_splits, split
from lander.verification.plan import recompute_plan
from lander.verification.saved import Counts, PhaseLine, Saved
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
    days = min(elapsed // _DAY, len({item.level for item in saved.days}))
    per_day = sum(item.confirmed for item in saved.counts) / days if days else None
    data = _compare(samples, saved, parameters.data_prior)
    decision = _compare(samples, saved, stats.Exchangeable(parameters.tau))
    anytime = [_watch(samples[saved.control], item, saved) for item in samples]
    waiting = None
    if saved.ended_at is None and per_day is not None and per_day >= 1:
        waiting = stats.value_of_waiting(decision, visitors_per_day=per_day, rule=parameters.rule)
    evidence = Evidence(
        comparison=decision,
        e_values=[item.e_value for item in anytime],
        waiting=waiting,
        days=days,
        elapsed_days=elapsed / _DAY,
    )
    return {
        **recompute_plan(saved),
        "days": days,
        "elapsed_days": elapsed / _DAY,
        "verdict": recompute_verdict(saved, evidence),
        "waiting": None if waiting is None else _describe_waiting(waiting),
        "health": list_gates(saved, data, decision, days=days),
        "variants": [
            {
                **_describe(alone, saved),
                "decision": _describe(together, saved),
                "anytime": None if alone.lift is None else _describe_anytime(watched),
                "forecast": None if alone.lift is None else _foresee(decision, together, saved, per_day),
                "advised_share": share,
            }
            for alone, together, watched, share in zip(
                data.variants, decision.variants, anytime, _advise(saved, decision, days), strict=True
            )
        ],
        "srm": {step: _describe_split(saved.counts, step) for step in STEPS},
        "autopsy": recompute_autopsy(saved.counts),
        "splits": recompute_splits(saved),
        "phases": [line.number for line in saved.phase_lines],
        "phase_lines": [_describe_line(line, saved) for line in saved.phase_lines],
        **count_filtered(saved),
        **expect_sums(saved),
    }


def _compare(samples: Sequence[stats.BinarySample], saved: Saved, prior: stats.Prior) -> stats.Comparison:
    return stats.compare(samples, control=saved.control, prior=prior, level=saved.parameters.level)


def _watch(control: stats.BinarySample, variant: stats.BinarySample, saved: Saved) -> stats.Anytime:
    # a lift spreads √2 times as far as a variant
    tau = saved.parameters.tau * math.sqrt(2)
    return stats.anytime(control, variant, tau=tau, level=saved.parameters.level)


def _describe(judged: stats.VariantComparison, saved: Saved) -> Tree:
    """A variant through one lens."""
    parameters = saved.parameters
    inner, has_lift = parameters.inner_level, judged.lift is not None
    per_thousand = 1000 * judged.expected_loss
    value = parameters.value_minor
    return {
        "rate": _range(judged.rate, judged.rate_at(inner)),
        "lift": None if judged.lift is None else _range(judged.lift, judged.lift_at(inner)),
        "p_best": judged.p_best,
        "p_beats_control": judged.p_beats_control,
        "expected_loss": judged.expected_loss,
        "p_worthwhile": judged.p_lift_above(parameters.min_lift) if has_lift else None,
        "p_equivalent": judged.p_equal(parameters.equivalent_lift) if has_lift else None,
        "loss": {
            "absolute": judged.expected_loss,
            "relative": judged.relative_loss,
            "per_thousand": per_thousand,
            "money_minor": None if value is None else per_thousand * value,
        },
    }


def _range(outer: stats.Estimate, inner: stats.Estimate, factor: float = 1.0) -> Tree:
    return {
        "mean": factor * outer.mean if math.isfinite(outer.mean) else None,
        "median": factor * outer.median,
        "low": factor * outer.low,
        "high": factor * outer.high,
        "inner_low": factor * inner.low,
        "inner_high": factor * inner.high,
    }


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
        "per_thousand": _range(judged.lift, judged.lift_at(inner), 1000 * rate),
        "visitors_per_month": visitors,
        "per_month": None if month is None else _range(*month),
        "money_minor": None if month is None or value is None else _range(*month, value),
    }


def _advise(saved: Saved, decision: stats.Comparison, days: int) -> Sequence[float | None]:
    """Where the next visitors teach most; with two variants that is half each, whatever they have shown."""
    variants = len(saved.counts)
    if saved.ended_at is not None or days < saved.parameters.rule.min_days or variants == 2:
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


def _describe_line(line: PhaseLine, saved: Saved) -> Tree:
    """A phase beside the others; the judged one must have the counts of the report itself."""
    keys = [item.key for item in line.counts]
    control = keys.index(saved.counts[saved.control].key)
    found = stats.compare(
        [item.sample for item in line.counts],
        control=control,
        prior=stats.Exchangeable(saved.parameters.tau),
        level=saved.parameters.level,
    )
    counted = saved.counts if line.number == saved.phase else line.counts
    return {
        "number": line.number,
        "variants": [
            {
                "key": item.key,
                "weight_bp": item.weight_bp,
                "served": item.served,
                "confirmed": item.confirmed,
                "conversions": item.conversions,
                "p_best": judged.p_best,
                "lift": None
                if judged.lift is None
                else _range(judged.lift, judged.lift_at(saved.parameters.inner_level)),
            }
            for item, judged in zip(counted, found.variants, strict=False)
        ],
    }
