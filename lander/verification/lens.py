"""A variant through one lens, in the words of a report: rate, lift, chances, loss."""

import math
from collections.abc import Sequence
from typing import Any

import stats
from lander.verification.saved import Saved

Tree = dict[str, Any]


def compare(samples: Sequence[stats.BinarySample], saved: Saved, prior: stats.Prior) -> stats.Comparison:
    return stats.compare(samples, control=saved.control, prior=prior, level=saved.parameters.level)


def describe(judged: stats.VariantComparison, saved: Saved, *, value_minor: int | None) -> Tree:
    """All that a report says of a variant in one lens."""
    parameters = saved.parameters
    inner, has_lift = parameters.inner_level, judged.lift is not None
    per_thousand = 1000 * judged.expected_loss
    return {
        "rate": describe_range(judged.rate, judged.rate_at(inner)),
        "lift": None if judged.lift is None else describe_range(judged.lift, judged.lift_at(inner)),
        "p_best": judged.p_best,
        "p_beats_control": judged.p_beats_control,
        "expected_loss": judged.expected_loss,
        "p_worthwhile": judged.p_lift_above(parameters.min_lift) if has_lift else None,
        "p_equivalent": judged.p_equal(parameters.equivalent_lift) if has_lift else None,
        "loss": {
            "absolute": judged.expected_loss,
            "relative": judged.relative_loss,
            "per_thousand": per_thousand,
            "money_minor": None if value_minor is None else per_thousand * value_minor,
        },
    }


def describe_range(outer: stats.Estimate, inner: stats.Estimate, factor: float = 1.0) -> Tree:
    return {
        "mean": factor * outer.mean if math.isfinite(outer.mean) else None,
        "median": factor * outer.median,
        "low": factor * outer.low,
        "high": factor * outer.high,
        "inner_low": factor * inner.low,
        "inner_high": factor * inner.high,
    }
