"""Which variant converts best, how sure that is, and what choosing it would cost: exact, under the prior one asks for.

Under a `Beta` every variant speaks for itself: the data alone, with no shrinkage and no allowance for looking every
day. Under `Exchangeable` the variants draw each other together: the decision lens. What should be *done* about the
result is decided elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy import special

from stats.after_launch import forecast_gain
from stats.beta import JEFFREYS, Beta
from stats.contest import contest
from stats.curve import Curve
from stats.density import Density
from stats.domain import check_control, check_count, check_probability, find_whole
from stats.errors import InvalidCount, InvalidPoints
from stats.estimate import Estimate
from stats.exchangeable import Exchangeable, standings_given_level
from stats.level import Level
from stats.lift import OverControl
from stats.likelihood import Likelihood
from stats.panels import LOGISTIC_EDGES, Panels
from stats.posterior import RatePosterior, RatioPosterior
from stats.ratio import Ratio
from stats.samples import BinarySample
from stats.shrunken_rate import ShrunkenRate
from stats.shrunken_ratio import ShrunkenRatio

Prior = Beta | Exchangeable


def compare(
    samples: Sequence[BinarySample], *, control: int = 0, prior: Prior = JEFFREYS, level: float = 0.95
) -> "Comparison":
    """Compares conversion rates by their exact posteriors.

    Args:
        samples: one per variant, two or more, in the order the result keeps.
        control: position of the variant the others are compared with.
        prior: belief about the rates before the data: a `Beta` that holds for each of them separately, Jeffreys'
            Beta(0.5, 0.5) unless another is given, or `Exchangeable()`, which holds for all of them together.
        level: mass of the credible intervals, strictly between 0 and 1.

    Returns:
        A `Comparison`. The same input gives the same bits. From no visitors to 1e9 per variant, and for up to 20
        variants, probabilities and expected losses are within 1e-9 of the true posterior's under a Beta, within 1e-8
        under `Exchangeable`.

    Raises:
        TooFewVariants, InvalidControl, InvalidProbability.

    Edge cases:
        No visitors anywhere: the posterior is the prior, every variant is best with probability 1/K.
        Equal rates have probability zero, so P(best) sums to 1.
        Under a Beta, control with so few conversions that its posterior has a <= 1 (none, under the default): the
        *mean* of a lift is `inf`, as the expectation of variant/control does not exist. Its median and interval do,
        and are what should be shown. Under `Exchangeable` the mean always exists.

    Source: Stucchio, Bayesian A/B Testing at VWO, 2015, for the definitions. They are computed as

        P(i best) = ∫ f_i Π F_j dz,   loss of i = E[max] - E[x_i] = ∫ x (1-x) F_i (1 - Π F_j) dz,   j ≠ i,

    over log-odds z, where every term is positive and nothing cancels; under `Exchangeable` given the level that the
    variants share, and then averaged over its posterior.

    >>> samples = [BinarySample(1000, 52), BinarySample(1000, 71)]
    >>> control, variant = compare(samples).variants
    >>> round(variant.p_beats_control, 4)
    0.9617
    >>> round(variant.lift.low, 3), round(variant.lift.median, 3), round(variant.lift.high, 3)
    (-0.033, 0.364, 0.937)
    >>> control, variant = compare(samples, prior=Exchangeable(tau=0.07)).variants
    >>> round(variant.lift.low, 3), round(variant.lift.median, 3), round(variant.lift.high, 3)
    (-0.088, 0.07, 0.257)
    """
    control = check_control(control, len(samples))
    level = check_probability("level", level)
    found = _solve(samples, control, prior)
    rates = [posterior.estimate(level) for posterior in found.rates]
    variants = tuple(
        VariantComparison(
            sample=sample,
            rate=rates[i],
            p_best=found.p_best[i],
            p_beats_control=found.p_beats_control[i],
            expected_loss=found.losses[i],
            relative_loss=found.losses[i] / rates[control].mean,
            lift=None if ratio is None else ratio.lift(level),
            posterior=posterior,
            ratio=ratio,
        )
        for i, (sample, posterior, ratio) in enumerate(zip(samples, found.rates, found.ratios, strict=True))
    )
    return Comparison(variants=variants, control=control, prior=prior, level=level)


@dataclass(frozen=True, slots=True)
class VariantComparison(OverControl):
    """One variant's result. Rates and expected loss are fractions of visitors: 0.002 is 0.2 percentage points.

    `p_best`: P(this rate is the highest of all). `expected_loss`: E[highest rate] - E[this rate], what choosing this
    variant gives away on average; `relative_loss` is that divided by the mean of control's rate. `p_beats_control` and
    `lift` (variant / control - 1) are None for control.
    """

    sample: BinarySample
    rate: Estimate
    p_best: float
    p_beats_control: float | None
    expected_loss: float
    relative_loss: float
    lift: Estimate | None
    posterior: RatePosterior = field(repr=False, compare=False)
    ratio: RatioPosterior | None = field(repr=False, compare=False)

    def rate_at(self, level: float) -> Estimate:
        """The rate with an interval of another mass, strictly between 0 and 1.

        Raises:
            InvalidProbability.
        """
        return self.posterior.estimate(check_probability("level", level))

    def forecast(self, visitors: int, *, level: float = 0.95) -> Estimate:
        """What to expect after launch: conversions gained over control in a coming period.

        Args:
            visitors: of that period, all of whom would see this variant, 1 or more.
            level: mass of the interval, strictly between 0 and 1.

        Returns:
            How many more conversions these visitors make than as many who see control, as a prediction: the interval
            holds both what is not known of the rates and who will happen to convert. A fraction of a conversion is no
            more than that. Under `Exchangeable` it is calibrated for whichever variant was chosen; under a Beta the
            gain of a variant chosen *because* it led is overstated.

        Raises:
            ControlHasNoLift: this variant is control.
            InvalidCount, InvalidProbability.

        >>> samples = [BinarySample(20_000, 1_000), BinarySample(20_000, 1_100)]
        >>> gain = compare(samples, prior=Exchangeable()).variants[1].forecast(30_000)
        >>> round(gain.low), round(gain.mean), round(gain.high)
        (-36, 124, 285)
        """
        ratio, count = self._over_control(self.ratio), check_count("visitors", visitors)
        if count == 0:
            raise InvalidCount("a forecast needs visitors to be of", visitors)
        return forecast_gain(*ratio.joint(), visitors=count, level=check_probability("level", level))


@dataclass(frozen=True, slots=True)
class Comparison:
    """The variants in the order of the samples, and what they were compared with and under."""

    variants: tuple[VariantComparison, ...]
    control: int
    prior: Prior
    level: float

    def density(self, points: int = 201) -> tuple[Density, ...]:
        """Each variant's posterior for a plot, in the order of the variants.

        Args:
            points: rates per variant, 2 or more. They run from the posterior's 0.01 % to its 99.99 % quantile, so
                each variant has its own x: on a shared one a million visitors beside a hundred would be one spike.

        Returns:
            One `Density` of `points` finite values per variant. Where a posterior is infinite (no conversions, at
            rate 0) its lowest x lies beside the pole.

        Raises:
            InvalidPoints: fewer than two, or not whole.
        """
        count = find_whole(points)
        if count is None or count < 2:
            raise InvalidPoints("a plot needs a whole number of points, two or more", points)
        return tuple(variant.posterior.draw(count) for variant in self.variants)


class _Solved(NamedTuple):
    """Of each variant; None stands for control over itself."""

    rates: Sequence[RatePosterior]
    ratios: Sequence[RatioPosterior | None]
    p_best: Sequence[float]
    losses: Sequence[float]
    p_beats_control: Sequence[float | None]


def _solve(samples: Sequence[BinarySample], control: int, prior: Prior) -> _Solved:
    if isinstance(prior, Beta):
        return _solve_alone(samples, control, prior)
    return _solve_together(samples, control, prior)


def _solve_alone(samples: Sequence[BinarySample], control: int, prior: Beta) -> _Solved:
    """Independent posteriors, on panels that suit all of their curves."""
    curves = [Curve.of(prior.updated(sample)) for sample in samples]
    low = min(curve.edges[0] for curve in curves)
    high = max(curve.edges[-1] for curve in curves)
    panels = Panels.between([LOGISTIC_EDGES, *(curve.edges for curve in curves)], low, high)
    densities = np.stack([curve.density(panels.z) for curve in curves])
    rate_per_log_odds = special.expit(panels.z) * special.expit(-panels.z)
    p_best, losses, p_beats_control = contest(panels, densities, worth=rate_per_log_odds, control=control)
    return _Solved(
        rates=curves,
        ratios=[None if i == control else Ratio(curve, curves[control]) for i, curve in enumerate(curves)],
        p_best=p_best,
        losses=losses,
        p_beats_control=[None if i == control else p for i, p in enumerate(p_beats_control)],
    )


def _solve_together(samples: Sequence[BinarySample], control: int, prior: Exchangeable) -> _Solved:
    """Posteriors that depend on each other through the level they share."""
    level = Level(Likelihood.of(samples), prior.tau)
    p_best, losses = standings_given_level(level)
    ratios = ShrunkenRatio.of_all(level, control=control)
    return _Solved(
        rates=ShrunkenRate.of_all(level),
        ratios=ratios,
        p_best=p_best,
        losses=losses,
        p_beats_control=[None if ratio is None else ratio.p_above(0.0) for ratio in ratios],
    )
