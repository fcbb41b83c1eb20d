"""Which variant's visitors bring most money, how sure that is, and what choosing it would cost.

The model is a hurdle: some pay, and what they pay is log-normal. The winsorised mean, which has no model, is computed
beside it, and the result says where the two tell different stories. Nothing is drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

from stats.beta import JEFFREYS, Beta
from stats.domain import check_control, check_probability
from stats.errors import NotEnoughData
from stats.estimate import Estimate
from stats.histogram import Histogram
from stats.hurdle import Amounts, hurdle_curve
from stats.log_curve import LogRatio
from stats.means import MeanVariant, compare_means
from stats.normal import normal_curve
from stats.samples import LOG_UNITS, BinarySample, RevenueSample
from stats.winsorised import cap_of, winsorised_mean


@dataclass(frozen=True, slots=True)
class CrossCheck:
    """A variant's revenue per visitor and lift by the winsorised mean, None where that has no standard error.

    `agrees`: this lift's median lies in the model's interval, and the model's median in this one. None for control.
    """

    mean: Estimate
    lift: Estimate | None
    agrees: bool | None


@dataclass(frozen=True, slots=True)
class RevenueComparison:
    """The variants in the order of the samples; means and losses are minor units per visitor.

    `cap` and `checks` belong to the winsorised means: the amount that 99 % of all paying visitors did not exceed, and
    one check per variant. They are None where a sample has no histogram, or a variant no winsorised mean.
    """

    variants: tuple[MeanVariant[RevenueSample], ...]
    control: int
    prior: Beta
    level: float
    cap: int | None
    checks: tuple[CrossCheck | None, ...]

    @property
    def disagrees(self) -> bool:
        """Model and winsorised mean tell different stories of some variant: a few large orders, or no log-normal."""
        return any(check is not None and check.agrees is False for check in self.checks)


def compare_revenue(
    samples: Sequence[RevenueSample], *, control: int = 0, prior: Beta = JEFFREYS, level: float = 0.95
) -> RevenueComparison:
    """Compares revenue per visitor.

    Args:
        samples: one per variant, two or more, in the order the result keeps.
        control: position of the variant the others are compared with.
        prior: belief about every share of paying visitors before the data.
        level: mass of the credible intervals, strictly between 0 and 1.

    Returns:
        A `RevenueComparison`. Show its medians: means of such long tails are hardly ever seen. P(best) does not depend
        on the currency or its unit, as the prior of log amounts is centred on those of all variants together, with the
        weight of one paying visitor each. Everything is an integral, within 1e-8; the same input gives the same bits.

    Raises:
        TooFewVariants, InvalidControl, InvalidProbability.
        NotEnoughData: nobody has paid in any variant, so nothing is known of amounts, not even their unit.

    Edge cases:
        A variant without paying visitors, or without visitors: its amounts are believed to be like those of all.
        Control without paying visitors (under the default prior): the *mean* of a lift is `inf`.
        All amounts equal: the spread is the prior's, which a thousand paying visitors push down to 0.1 %.

    Source: Aitchison, On the distribution of a positive random variable having a discrete probability mass at the
    origin, JASA 50, 1955, for the hurdle; `stats.hurdle` for the posterior of a log-normal's mean.

    >>> control = RevenueSample.of(1000, [2900, 4900, 4900, 5900, 9900, 4900, 14900, 2900])
    >>> variant = RevenueSample.of(1000, [4900, 4900, 9900, 5900, 9900, 4900, 14900, 2900, 9900, 19900, 5900])
    >>> result = compare_revenue([control, variant])
    >>> round(result.variants[1].p_beats_control, 3), round(result.variants[1].expected_loss, 1), result.disagrees
    (0.856, 3.2, False)
    """
    control = check_control(control, len(samples))
    level = check_probability("level", level)
    centre = _centre(samples)
    curves = [
        hurdle_curve(prior.updated(BinarySample(sample.n, sample.paying)), Amounts.of(sample, centre))
        for sample in samples
    ]
    variants = compare_means(samples, curves, control=control, level=level)
    cap, checks = _cross_check(variants, control, level)
    return RevenueComparison(variants, control=control, prior=prior, level=level, cap=cap, checks=checks)


def _centre(samples: Sequence[RevenueSample]) -> float:
    """The mean log amount of all paying visitors."""
    paying = sum(sample.paying for sample in samples)
    if paying == 0:
        raise NotEnoughData("revenue can be compared once somebody has paid", tuple(samples))
    return sum(sample.total_log for sample in samples) / paying / LOG_UNITS


def _cross_check(
    variants: Sequence[MeanVariant[RevenueSample]], control: int, level: float
) -> tuple[int | None, tuple[CrossCheck | None, ...]]:
    """The cap and each variant's check."""
    amounts = [variant.sample.amounts for variant in variants]
    known = [histogram for histogram in amounts if histogram is not None]
    if len(known) < len(variants):
        return None, (None,) * len(variants)
    cap = cap_of(reduce(add, known, Histogram()))
    means = [
        winsorised_mean(variant.sample.n, histogram, cap) for variant, histogram in zip(variants, known, strict=True)
    ]
    curves = [None if mean is None else normal_curve(mean.value, mean.standard_error) for mean in means]
    checks: list[CrossCheck | None] = []
    for i, (variant, curve) in enumerate(zip(variants, curves, strict=True)):
        bottom = curves[control]
        if curve is None:
            checks.append(None)
        elif i == control or bottom is None:
            checks.append(CrossCheck(curve.estimate(level), lift=None, agrees=None))
        else:
            lift = LogRatio(variant=curve, control=bottom).lift(level)
            checks.append(CrossCheck(curve.estimate(level), lift=lift, agrees=_agree(variant.lift, lift)))
    return cap, tuple(checks)


def _agree(model: Estimate | None, other: Estimate) -> bool:
    assert model is not None, "only control has no lift"
    return model.low <= other.median <= model.high and other.low <= model.median <= other.high
