"""What most visitors had to wait, at most: quantiles of timings, and how they differ between variants.

Timings are so skewed that nothing is assumed of their shape: an interval runs from one observed value to another, by
how many visitors must lie below a quantile. Whether longer is worse is for the caller to say.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from scipy import special

from stats.domain import check_control, check_probability, find_finite
from stats.errors import ControlHasNoLift, InvalidLift, NotEnoughData
from stats.histogram import Histogram, unit_of

_ERROR_LEVEL = 0.95  # of the interval that a standard error is read from


@dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile, or a difference of two, in the unit of the values, with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class QuantileVariant:
    """One variant's result. `difference` is variant - control, None for control."""

    sample: Histogram
    quantile: Quantile
    standard_error: float
    difference: Quantile | None
    control: tuple[float, float] | None = field(repr=False)  # its value and standard error

    def p_lift_above(self, r: float) -> float:
        """P(variant > (1 + r) · control), both quantiles being normal with their standard errors; 1 for r of -1 and less.

        Raises:
            ControlHasNoLift: this variant is control.
            InvalidLift: r is not a finite number.
        """
        if self.control is None:
            raise ControlHasNoLift("control has no lift over itself", self.sample)
        lift = find_finite(r)
        if lift is None:
            raise InvalidLift("a lift must be a finite number", r)
        if lift <= -1:
            return 1.0
        value, error = self.control
        gap = self.quantile.value - (1 + lift) * value
        return float(special.ndtr(gap / math.hypot(self.standard_error, (1 + lift) * error)))


@dataclass(frozen=True, slots=True)
class QuantileComparison:
    """The variants in the order of the samples; `q` is which quantile it is."""

    variants: tuple[QuantileVariant, ...]
    control: int
    q: float
    level: float


def compare_quantiles(
    samples: Sequence[Histogram], *, q: float = 0.75, control: int = 0, level: float = 0.95
) -> QuantileComparison:
    """Compares a quantile of values between variants.

    Args:
        samples: the values of each variant's visitors, two variants or more, in the order the result keeps.
        q: the share of visitors at or below the quantile, strictly between 0 and 1. Web vitals are judged at 0.75.
        control: position of the variant the others are compared with.
        level: chance of an interval to cover, strictly between 0 and 1.

    Returns:
        A `QuantileComparison`. A quantile's interval holds at least `level`, whatever the values' distribution. A
        difference's interval is that of two normals whose standard errors are read from the 95 % intervals, plus that
        of a value rounded to its cell; good from some hundred visitors on.

    Raises:
        TooFewVariants, InvalidControl, InvalidProbability.
        NotEnoughData: too few visitors for any observed value to bound the quantile, as 12 for q = 0.75 at 0.95.

    Source: Woodruff, Confidence intervals for medians and other position measures, JASA 47, 1952, for the interval and
    the standard error; Price and Bonett, Distribution-free confidence intervals for difference and ratio of medians,
    Journal of Statistical Computation and Simulation 72, 2002, for the difference.

    >>> fast, slow = Histogram.of(range(900, 1900)), Histogram.of(range(1000, 2000))
    >>> variant = compare_quantiles([fast, slow]).variants[1]
    >>> variant.quantile
    Quantile(value=1750, low=1720, high=1780)
    >>> variant.difference.value, round(variant.difference.low), round(variant.p_lift_above(0), 4)
    (100, 58, 1.0)
    """
    control = check_control(control, len(samples))
    q, level = check_probability("q", q), check_probability("level", level)
    quantiles = [quantile_of(sample, q=q, level=level) for sample in samples]
    errors = [_standard_error(sample, q) for sample in samples]
    z = -float(special.ndtri((1 - level) / 2))
    base = (quantiles[control].value, errors[control])
    variants = []
    for i, (sample, quantile, error) in enumerate(zip(samples, quantiles, errors, strict=True)):
        gap, reach = quantile.value - base[0], z * math.hypot(error, base[1])
        variants.append(
            QuantileVariant(
                sample=sample,
                quantile=quantile,
                standard_error=error,
                difference=None if i == control else Quantile(gap, gap - reach, gap + reach),
                control=None if i == control else base,
            )
        )
    return QuantileComparison(tuple(variants), control=control, q=q, level=level)


def quantile_of(sample: Histogram, *, q: float, level: float = 0.95) -> Quantile:
    """A quantile with its order-statistic interval.

    Args:
        sample: the values, at least as many as two of them can bound the quantile.
        q: the share at or below it, strictly between 0 and 1.
        level: least chance of the interval to hold it, strictly between 0 and 1.

    Returns:
        The smallest value that a share `q` of the visitors do not exceed, and the two values that bound it.

    Raises:
        InvalidProbability, NotEnoughData.

    >>> quantile_of(Histogram.of(range(1, 101)), q=0.5)
    Quantile(value=50, low=40, high=61)
    """
    q, level = check_probability("q", q), check_probability("level", level)
    low, high = _ranks(sample, q, (1 - level) / 2)
    return Quantile(sample.at_rank(math.ceil(q * sample.n)), sample.at_rank(low), sample.at_rank(high))


def _ranks(sample: Histogram, q: float, tail: float) -> tuple[int, int]:
    """The ranks between which the quantile lies but for `tail` at either end: the number at or below it is binomial."""
    n = sample.n
    low = _smallest(n, q, tail)
    high = n + 1 - _smallest(n, 1 - q, tail)
    if low == 0 or high == n + 1:
        raise NotEnoughData("too few visitors for a value to bound this quantile", n)
    return low, high


def _smallest(n: int, q: float, tail: float) -> int:
    """The most `k` that P(fewer than k of n) <= tail, each counting with probability q."""
    least, most = 0, n
    while least < most:
        k = (least + most + 1) // 2
        least, most = (k, most) if special.betainc(n - k + 1, k, 1 - q) <= tail else (least, k - 1)
    return least


def _standard_error(sample: Histogram, q: float) -> float:
    """Half the width of the interval over the normal quantile of its true level, and what rounding to a cell adds."""
    low, high = _ranks(sample, q, (1 - _ERROR_LEVEL) / 2)
    n = sample.n
    outside = special.betainc(n - low + 1, low, 1 - q) + special.betainc(high, n - high + 1, q)
    bottom, top = sample.at_rank(low), sample.at_rank(high)
    width = (top - bottom) / (-2 * float(special.ndtri(outside / 2)))
    return math.hypot(width, unit_of(top) / math.sqrt(12))
