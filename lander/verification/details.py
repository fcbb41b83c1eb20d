"""What an exported report holds beside its totals: the trend day by day, and the lift in every segment."""

import math
from typing import Any, Final

import stats
from lander.verification.autopsy import by_level
from lander.verification.saved import Cell, Saved

_DIMENSIONS: Final = ("device", "browser", "source", "returning", "day")  # and then those that were asked for

Tree = dict[str, Any]


def recompute_details(saved: Saved) -> Tree:
    """Those that the file has: a report that was not exported holds neither."""
    made = {"trend": recompute_trend, "segment_lifts": recompute_segment_lifts}
    return {name: recompute(saved) for name, recompute in made.items() if name in saved.optional}


def recompute_trend(saved: Saved) -> list[Tree]:
    """After each day, of all visitors until then: chances and losses through both lenses, and the anytime line."""
    points: list[Tree] = []
    total = [stats.BinarySample(0, 0) for _ in saved.counts]
    for day, cells in by_level(saved.days, "day").items():
        came = {item.key: item.sample for item in cells}
        total = [before + came[item.key] for before, item in zip(total, saved.counts, strict=True)]
        alone = stats.compare(total, control=saved.control, prior=saved.parameters.data_prior)
        together = stats.compare(total, control=saved.control, prior=stats.Exchangeable(saved.parameters.tau))
        points += [
            {
                "day": day,
                "variant": saved.counts[i].key,
                "confirmed": sample.n,
                "conversions": sample.conversions,
                "data": {"p_best": alone.variants[i].p_best, "expected_loss": alone.variants[i].expected_loss},
                "decision": {
                    "p_best": together.variants[i].p_best,
                    "expected_loss": together.variants[i].expected_loss,
                },
                **_watch(total[saved.control], sample, saved, is_control=i == saved.control),
            }
            for i, sample in enumerate(total)
        ]
    return points


def recompute_segment_lifts(saved: Saved) -> list[Tree]:
    """Every variant but control in the levels of every dimension."""
    cells = [*saved.segments, *saved.days, *saved.open_segments]
    control = saved.counts[saved.control].key
    return [
        _compare(cells, dimension, control, item.key)
        for dimension in (*_DIMENSIONS, *dict.fromkeys(cell.dimension for cell in saved.open_segments))
        if any(cell.dimension == dimension for cell in cells)
        for item in saved.counts
        if item.key != control
    ]


def _watch(control: stats.BinarySample, sample: stats.BinarySample, saved: Saved, *, is_control: bool) -> Tree:
    if is_control:
        return {"e_value": None, "low": None, "high": None}
    # a lift spreads √2 times as far as a variant
    found = stats.anytime(control, sample, tau=saved.parameters.tau * math.sqrt(2), level=saved.parameters.level)
    lift = found.lift
    return {
        "e_value": found.e_value,
        "low": None if lift is None else lift.low,
        "high": None if lift is None else lift.high,
    }


def _compare(cells: list[Cell], dimension: str, control: str, variant: str) -> Tree:
    pairs = {}
    for level, counts in by_level(cells, dimension).items():
        samples = {item.key: item.sample for item in counts}
        pairs[level] = samples[control], samples[variant]
    found = stats.compare_segments(pairs)
    return {
        "dimension": dimension,
        "variant": variant,
        "heterogeneity": found.heterogeneity,
        "levels": [
            {
                "level": item.name,
                "control_confirmed": item.control.n,
                "control_conversions": item.control.conversions,
                "confirmed": item.variant.n,
                "conversions": item.variant.conversions,
                "lift": item.lift.median,
                "low": item.lift.low,
                "high": item.lift.high,
                "p_beats_control": item.p_beats_control,
                "p_value": item.p_value,
                "p_adjusted": item.adjusted,
                "discovery": item.discovery,
            }
            for item in found.segments
        ],
    }
