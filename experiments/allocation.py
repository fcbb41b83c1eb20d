"""From weights and coverage to bucket ranges, once, when a phase starts; serving compares integers.

The ranges are GrowthBook's to the last bucket: its SDKs add doubles (0.1 + 0.2 is not 0.3), so the cut is computed in
that arithmetic and only then turned into the integers it admits.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Final

from experiments.assign import BUCKETS

WHOLE_BP: Final = 10_000


def ranges(weights_bp: Sequence[int], coverage_bp: int = WHOLE_BP) -> tuple[tuple[int, int], ...]:
    """Per variant, the half-open range of buckets that it owns.

    Coverage c shrinks each range in place, [start, start + c·w), so raising it never moves a visitor between variants.
    A weight of 0 owns no bucket. Raises `ValueError` where weights are negative or do not sum to 10,000 basis points,
    or coverage is not within 0–10,000.

    Source: `getBucketRanges` of the GrowthBook SDKs.

    >>> ranges([5_000, 5_000], 2_000)
    ((0, 1000), (5000, 6000))
    """
    if any(weight < 0 for weight in weights_bp) or sum(weights_bp) != WHOLE_BP:
        raise ValueError(
            f"weights are {list(weights_bp)} basis points; make them non-negative with a sum of {WHOLE_BP}"
        )
    if not 0 <= coverage_bp <= WHOLE_BP:
        raise ValueError(f"coverage is {coverage_bp} basis points; it goes from 0 to {WHOLE_BP}")
    coverage = coverage_bp / WHOLE_BP
    cumulative = 0.0
    owned: list[tuple[int, int]] = []
    for weight_bp in weights_bp:
        weight = weight_bp / WHOLE_BP
        start = cumulative
        cumulative += weight
        owned.append((_first_bucket(start), _first_bucket(start + coverage * weight)))
    return tuple(owned)


def ranges_by_key(weights_bp: Mapping[str, int], coverage_bp: int) -> list[tuple[str, int, int]]:
    """Each variant with the range that it owns, by key, so that the order in which weights were written decides nothing.

    Raises `ValueError` as `ranges` does.

    >>> ranges_by_key({"b": 5_000, "a": 5_000}, 2_000)
    [('a', 0, 1000), ('b', 5000, 6000)]
    """
    keys = sorted(weights_bp)
    owned = ranges([weights_bp[key] for key in keys], coverage_bp)
    return [(key, low, high) for key, (low, high) in zip(keys, owned, strict=True)]


def _first_bucket(bound: float) -> int:
    """The smallest bucket whose number (k / 10,000) is not below `bound`; 10,000 where none is left."""
    return bisect_left(range(BUCKETS), bound, key=lambda k: k / BUCKETS)
