"""Revenue per visitor of a saved report, from how many receipts had which amount."""

from typing import Any

import stats
from lander.verification.lens import describe_range
from lander.verification.saved import Saved

Tree = dict[str, Any]


def recompute_revenue(saved: Saved) -> Tree | None:
    """None where the report says nothing of money."""
    if saved.money is None:
        return None
    samples = [
        stats.RevenueSample.counted(item.confirmed, pairs)
        for item, pairs in zip(saved.counts, saved.money.amounts, strict=True)
    ]
    level, inner = saved.parameters.level, saved.parameters.inner_level
    found = stats.compare_revenue(samples, control=saved.control, level=level)
    return {
        "currency": saved.parameters.currency,
        "cap_minor": found.cap,
        "disagrees": found.disagrees,
        "variants": [
            {
                "key": counts.key,
                "receipts": judged.sample.paying,
                "total_minor": judged.sample.total,
                "per_visitor": describe_range(judged.mean, judged.mean_at(inner)),
                "lift": None if judged.lift is None else describe_range(judged.lift, judged.lift_at(inner)),
                "p_best": judged.p_best,
                "p_beats_control": judged.p_beats_control,
                "loss_minor": judged.expected_loss,
                **_describe_check(check),
            }
            for counts, judged, check in zip(saved.counts, found.variants, found.checks, strict=True)
        ],
    }


def _describe_check(check: stats.CrossCheck | None) -> Tree:
    """The lift by the winsorised mean, and whether it tells the same story."""
    lift = None if check is None else check.lift
    return {
        "check": None if lift is None else {"median": lift.median, "low": lift.low, "high": lift.high},
        "agrees": None if check is None else check.agrees,
    }
