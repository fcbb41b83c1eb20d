"""Which variant has the highest ratio of two totals, when the visitors, and not the views or orders, were assigned.

A visitor's views belong together, so the spread is that between visitors: counting each view as if it stood alone would
claim too much. It is a large-sample method, and refuses where it has no spread to go by.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stats.domain import check_control, check_probability
from stats.errors import NotEnoughData
from stats.log_curve import LogCurve
from stats.means import MeanVariant, compare_means
from stats.normal import log_normal_curve
from stats.samples import RatioSample


@dataclass(frozen=True, slots=True)
class RatioComparison:
    """The variants in the order of the samples. `mean` and losses of a variant are ratios, numerator per denominator."""

    variants: tuple[MeanVariant[RatioSample], ...]
    control: int
    level: float


def compare_ratios(samples: Sequence[RatioSample], *, control: int = 0, level: float = 0.95) -> RatioComparison:
    """Compares ratios of totals, clustered by visitor.

    Args:
        samples: one per variant, two or more, in the order the result keeps.
        control: position of the variant the others are compared with.
        level: mass of the intervals, strictly between 0 and 1.

    Returns:
        A `RatioComparison`. The log of each ratio is normal with the delta method's variance, under a flat prior; so
        the lift's log is normal too. Good from some hundred visitors with a numerator on.

    Raises:
        TooFewVariants, InvalidControl, InvalidProbability.
        NotEnoughData: a variant has fewer than two visitors, a total of 0, or the same ratio for every visitor, and so
            no variance of its log.

    Source: Deng, Knoblich and Lu, Applying the Delta Method in Metric Analytics, KDD 2018, equation 3.1, for the log:
    var(log(Ȳ/X̄)) = n / (n-1) · Σ (y Σx - x Σy)² / (Σx Σy)².

    >>> clicks_of_views = [(0, 1), (1, 3), (2, 4), (0, 2), (1, 1), (3, 9)] * 20
    >>> more_clicks = [(1, 1), (1, 3), (2, 4), (0, 2), (1, 1), (3, 9)] * 20
    >>> result = compare_ratios([RatioSample.of(clicks_of_views), RatioSample.of(more_clicks)])
    >>> round(result.variants[1].lift.median, 3), round(result.variants[1].p_beats_control, 4)
    (0.143, 0.9928)
    """
    control = check_control(control, len(samples))
    level = check_probability("level", level)
    curves = [_curve(sample) for sample in samples]
    return RatioComparison(compare_means(samples, curves, control=control, level=level), control=control, level=level)


def _curve(sample: RatioSample) -> LogCurve:
    y, x, n = sample.numerator, sample.denominator, sample.n
    if n < 2 or sample.squared_residuals == 0:
        raise NotEnoughData("a ratio needs two visitors or more who differ, and a numerator", sample)
    variance = sample.squared_residuals / (x * y) ** 2 * n / (n - 1)
    return log_normal_curve(math.log(y) - math.log(x), math.sqrt(variance))
