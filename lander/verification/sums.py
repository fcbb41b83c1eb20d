"""What adds up to what in a report: days and the levels of each segment to the variants' totals, filtered visitors to theirs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lander.verification.saved import Cell, Counts, Saved

_NUMBERS: Final = ("served", "confirmed", "conversions")

Tree = dict[str, Any]


def add_up(saved: Saved) -> Tree:
    """The sums of what stands in the file: over its days, and over the levels of each of its dimensions."""
    parts = {"by_day": saved.days, **_by_dimension([*saved.segments, *saved.open_segments])}
    return {f"sum of {name}": _sum(cells, saved.counts) for name, cells in parts.items()}


def expect_sums(saved: Saved) -> Tree:
    """What these sums must be: the totals of the variants."""
    totals = {item.key: _numbers(item) for item in saved.counts}
    return {f"sum of {name}": totals for name in ("by_day", *_by_dimension([*saved.segments, *saved.open_segments]))}


def count_filtered(saved: Saved) -> Tree:
    """Filtered visitors by reason, and everybody who was seen."""
    filtered = Counter({reason: sum(shown.values()) for reason, shown in saved.filtered.items()})
    kept = sum(item.served + item.multiply_exposed for item in saved.counts)
    return {"filtered": filtered, "seen": kept + sum(filtered.values())}


def _by_dimension(segments: Sequence[Cell]) -> Mapping[str, Sequence[Cell]]:
    dimensions = dict.fromkeys(item.dimension for item in segments)
    return {f"segments {name}": [item for item in segments if item.dimension == name] for name in dimensions}


def _sum(cells: Sequence[Cell], variants: Sequence[Counts]) -> Tree:
    total = {item.key: dict.fromkeys(_NUMBERS, 0) for item in variants}
    for cell in cells:
        for name, number in _numbers(cell.counts).items():
            total[cell.counts.key][name] += number
    return total


def _numbers(counts: Counts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in _NUMBERS}
