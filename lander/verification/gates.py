"""Whether the visitors of a saved report came as planned, and which of its health gates should stand open."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import stats
from lander.verification.autopsy import STEPS, by_level, split
from lander.verification.saved import Cell, Saved

STOP, WAIT, NOTE = "stop", "wait", "note"
_DIMENSIONS: Final = ("device", "browser", "source", "day")
_TAKEN: Final = ((STOP, "configuration"), (NOTE, "configuration"))  # no count tells whether shares or page were changed
_MISMATCH_BELOW: Final = 0.001
_MIN_EXPECTED: Final = 5
_ENOUGH_TO_MISS: Final = 20
_MAX_MULTIPLY_EXPOSED: Final = 0.01
_WHOLE_BP: Final = 10_000

Tree = dict[str, Any]


def recompute_splits(saved: Saved) -> list[Tree]:
    """The split in every segment and on every day that has visitors enough to tell."""
    cells = [*saved.segments, *saved.days]
    found = [item for dimension in _DIMENSIONS for item in _test(dimension, cells)]
    adjusted = stats.adjust([item["p_value"] for item in found]).p_values
    return [{**item, "p_adjusted": p, "mismatch": p < _MISMATCH_BELOW} for item, p in zip(found, adjusted, strict=True)]


def list_gates(saved: Saved, data: stats.Comparison, decision: stats.Comparison, *, days: int) -> list[Tree]:
    """Severity and gate of every finding, in order."""
    findings = [
        *_check_visitors(saved),
        *(finding for finding in _TAKEN if finding in saved.findings),
        *_check_enough(saved, days),
        *_check_surprise(data, decision),
    ]
    return [{"severity": severity, "gate": gate} for severity, gate in findings]


def _check_visitors(saved: Saved) -> Iterator[tuple[str, str]]:
    counts = saved.counts
    served, confirmed = sum(item.served for item in counts), sum(item.confirmed for item in counts)
    weight = sum(item.weight_bp for item in counts) or 1
    if not served:
        yield WAIT, "exposure"
    elif not confirmed and served >= _ENOUGH_TO_MISS:
        yield STOP, "exposure"
    if any(not item.served and served * item.weight_bp / weight >= _ENOUGH_TO_MISS for item in counts):
        yield STOP, "exposure"
    broken = [step for step in STEPS if split(counts, step).mismatch]
    if any(item.served and not item.weight_bp for item in counts):
        yield STOP, "leak"
    elif broken:
        yield STOP, f"srm-{broken[0]}"
    if not broken and any(item["mismatch"] for item in recompute_splits(saved)):
        yield STOP, "srm-segment"
    excluded = sum(item.multiply_exposed for item in counts)
    if excluded > _MAX_MULTIPLY_EXPOSED * (excluded + served):
        yield NOTE, "multiply-exposed"
    shown = saved.filtered.get("bot", {})
    bots = [shown.get(item.key, 0) for item in counts]
    # where only a share of visitors takes part, bots outside of it are shown control
    if saved.coverage_bp == _WHOLE_BP and stats.srm(bots, [item.weight_bp for item in counts]).mismatch:
        yield STOP, "bots"


def _check_enough(saved: Saved, days: int) -> Iterator[tuple[str, str]]:
    rule, conversions = saved.parameters.rule, [item.conversions for item in saved.counts]
    if any(item.simulated for item in saved.counts):
        yield NOTE, "simulated"
    if days < rule.min_days:
        yield WAIT, "days"
    if sum(conversions) < rule.min_conversions or min(conversions) < rule.min_conversions_each:
        yield WAIT, "conversions"


def _check_surprise(data: stats.Comparison, decision: stats.Comparison) -> Iterator[tuple[str, str]]:
    """The decision lens cannot follow the data."""
    lifts = [(alone.lift, together.lift) for alone, together in zip(data.variants, decision.variants, strict=True)]
    if any(
        alone is not None and together is not None and not alone.low <= together.median <= alone.high
        for alone, together in lifts
    ):
        yield NOTE, "surprise"


def _test(dimension: str, cells: Sequence[Cell]) -> Iterator[Tree]:
    for level, counts in by_level(cells, dimension).items():
        for step in STEPS:
            found = split(counts, step)
            expected = [mean for mean, item in zip(found.expected, counts, strict=True) if item.weight_bp]
            if found.p_value is not None and min(expected) >= _MIN_EXPECTED:
                visitors = Counter({item.key: getattr(item, step) for item in counts})
                yield {
                    "dimension": dimension,
                    "level": level,
                    "step": step,
                    "visitors": visitors,
                    "p_value": found.p_value,
                }
