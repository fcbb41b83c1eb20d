"""The mean of revenue per visitor with its largest amounts cut down, which no single order can carry.

It assumes nothing about how amounts are spread, and answers a slightly different question: it is there to be held
against a model that does assume. What follows from a difference is decided elsewhere.
"""

import math
from dataclasses import dataclass

from stats.histogram import Histogram


@dataclass(frozen=True, slots=True)
class WinsorisedMean:
    """Of all visitors, the not paying ones included: its value and standard error, in minor units."""

    value: float
    standard_error: float


def cap_of(amounts: Histogram, share: float = 0.99) -> int:
    """The amount that `share` of the paying did not exceed; there must be a paying visitor."""
    return amounts.at_rank(math.ceil(share * amounts.n))


def winsorised_mean(n: int, amounts: Histogram, cap: int) -> WinsorisedMean | None:
    """The mean of min(amount, cap) over `n` visitors, of whom the paying are in `amounts`.

    Returns:
        None without two visitors or without a difference between them: then it has no standard error.

    Source: Tukey, The future of data analysis, Annals of Mathematical Statistics 33, 1962, section 14, who cuts both
    ends; here the lower one is zero for most visitors already.

    >>> winsorised_mean(100, Histogram.of([1000, 2000, 90_000]), cap=3000)  # doctest: +ELLIPSIS
    WinsorisedMean(value=60.0, standard_error=37.11...)
    """
    total = sum(min(value, cap) * visitors for value, visitors in amounts.cells)
    squares = sum(min(value, cap) ** 2 * visitors for value, visitors in amounts.cells)
    spread = n * squares - total * total
    return WinsorisedMean(total / n, math.sqrt(spread / (n - 1)) / n) if spread > 0 else None
