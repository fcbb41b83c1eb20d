"""Which variant converts best, how sure that is, and what choosing it would cost: exact, from the data alone.

Every variant has its own independent Beta posterior; there is no shrinkage between variants and no allowance for
looking every day. What should be *done* about the result is decided elsewhere.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import special

from stats.beta import JEFFREYS, Beta
from stats.curve import Curve
from stats.domain import check_probability, find_finite, find_whole
from stats.errors import ControlHasNoLift, InvalidControl, InvalidLift, InvalidPoints, TooFewVariants
from stats.estimate import Estimate
from stats.panels import LOGISTIC_EDGES, Array, Panels
from stats.ratio import Ratio
from stats.samples import BinarySample


def compare(
    samples: Sequence[BinarySample], *, control: int = 0, prior: Beta = JEFFREYS, level: float = 0.95
) -> "Comparison":
    """Compares conversion rates by their exact posteriors.

    Args:
        samples: one per variant, two or more, in the order the result keeps.
        control: position of the variant the others are compared with.
        prior: belief about every rate before the data. The default is Jeffreys' Beta(0.5, 0.5).
        level: mass of the credible intervals, strictly between 0 and 1.

    Returns:
        A `Comparison`. The same input gives the same bits. Probabilities and expected losses are within 1e-9 of
        the true posterior's from no visitors to 1e9 per variant, for up to 20 variants.

    Raises:
        TooFewVariants, InvalidControl, InvalidProbability.

    Edge cases:
        No visitors anywhere: the posterior is the prior, every variant is best with probability 1/K.
        Equal rates have probability zero, so P(best) sums to 1.
        Control with so few conversions that its posterior has a <= 1 (none, under the default prior): the *mean* of
        a lift is `inf`, as the expectation of variant/control does not exist. Its median and interval do, and are
        what should be shown.

    Source: Stucchio, Bayesian A/B Testing at VWO, 2015, for the definitions. They are computed as

        P(i best) = ∫ f_i Π F_j dz,   loss of i = E[max] - E[x_i] = ∫ x (1-x) F_i (1 - Π F_j) dz,   j ≠ i,

    over log-odds z, where every term is positive and nothing cancels.

    >>> control, variant = compare([BinarySample(1000, 52), BinarySample(1000, 71)]).variants
    >>> round(variant.p_beats_control, 4)
    0.9617
    >>> round(variant.lift.low, 3), round(variant.lift.median, 3), round(variant.lift.high, 3)
    (-0.033, 0.364, 0.937)
    """
    if len(samples) < 2:
        raise TooFewVariants("a comparison needs two variants or more", len(samples))
    control = _check_control(control, len(samples))
    level = check_probability("level", level)
    curves = [Curve.of(prior.updated(sample)) for sample in samples]
    p_best, losses, p_beats_control = _integrate(curves, control)
    variants = []
    for i, (sample, curve) in enumerate(zip(samples, curves, strict=True)):
        ratio = None if i == control else Ratio(variant=curve, control=curves[control])
        variants.append(
            VariantComparison(
                sample=sample,
                posterior=curve.beta,
                rate=curve.beta.estimate(level),
                p_best=p_best[i],
                p_beats_control=None if ratio is None else p_beats_control[i],
                expected_loss=losses[i],
                lift=None if ratio is None else ratio.lift(level),
                curve=curve,
                ratio=ratio,
            )
        )
    return Comparison(variants=tuple(variants), control=control, prior=prior, level=level)


@dataclass(frozen=True, slots=True)
class Density:
    """A posterior to draw: `y[k]` is the density, per unit of rate, at rate `x[k]`; x rises in equal steps."""

    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class VariantComparison:
    """One variant's result. Rates and expected loss are fractions of visitors: 0.002 is 0.2 percentage points.

    `p_best`: P(this rate is the highest of all). `expected_loss`: E[highest rate] - E[this rate], what choosing this
    variant gives away on average. `p_beats_control` and `lift` (variant / control - 1) are None for control.
    """

    sample: BinarySample
    posterior: Beta
    rate: Estimate
    p_best: float
    p_beats_control: float | None
    expected_loss: float
    lift: Estimate | None
    curve: Curve = field(repr=False, compare=False)
    ratio: Ratio | None = field(repr=False, compare=False)

    def p_lift_above(self, r: float) -> float:
        """P(variant / control - 1 > r), for any finite r; it is 1 for -1 and less.

        Raises:
            ControlHasNoLift: this variant is control.
            InvalidLift: r is not a finite number.
        """
        if self.ratio is None:
            raise ControlHasNoLift("control has no lift over itself", self.sample)
        lift = find_finite(r)
        if lift is None:
            raise InvalidLift("a lift must be a finite number", r)
        return self.ratio.p_above(math.log1p(lift)) if lift > -1 else 1.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """The variants in the order of the samples, and what they were compared with and under."""

    variants: tuple[VariantComparison, ...]
    control: int
    prior: Beta
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
        return tuple(_density(variant.curve, count) for variant in self.variants)


def _check_control(control: object, variants: int) -> int:
    position = find_whole(control)
    if position is None or not 0 <= position < variants:
        raise InvalidControl(f"control must be a position from 0 to {variants - 1}", control)
    return position


def _integrate(curves: Sequence[Curve], control: int) -> tuple[list[float], list[float], list[float]]:
    """P(best), expected loss and P(beats control) of every variant, on panels that suit all of their curves."""
    low = min(curve.edges[0] for curve in curves)
    high = max(curve.edges[-1] for curve in curves)
    panels = Panels.between([LOGISTIC_EDGES, *(curve.edges for curve in curves)], low, high)
    densities = np.stack([curve.density(panels.z) for curve in curves])
    below, above = panels.running(densities)
    all_below, any_above = _others(below, above)
    rate_per_log_odds = special.expit(panels.z) * special.expit(-panels.z)
    p_best = panels.integral(densities * all_below)
    losses = panels.integral(rate_per_log_odds * below * any_above)
    p_beats_control = panels.integral(densities * below[control])
    return np.minimum(p_best, 1).tolist(), losses.tolist(), np.minimum(p_beats_control, 1).tolist()


def _others(below: Array, above: Array) -> tuple[Array, Array]:
    """For each variant: P(all others lie below) and P(any other lies above), first axis the variants.

    The second is the complement of the first, built up beside it: subtracted, it would lose every digit where the
    others are almost surely below, which is where the expected loss of a clear winner comes from.
    """
    all_before, any_before = np.ones_like(below), np.zeros_like(below)
    all_after, any_after = np.ones_like(below), np.zeros_like(below)
    for i in range(1, len(below)):
        all_before[i] = all_before[i - 1] * below[i - 1]
        any_before[i] = any_before[i - 1] + all_before[i - 1] * above[i - 1]
        all_after[-1 - i] = all_after[-i] * below[-i]
        any_after[-1 - i] = any_after[-i] + all_after[-i] * above[-i]
    return all_before * all_after, any_before + all_before * any_after


def _density(curve: Curve, points: int) -> Density:
    """On the rarer outcome's rate, as 1 - x has no digits left where nearly all visitors converted."""
    a, b = curve.beta.a, curve.beta.b
    mirrored = a > b
    few, many = min(a, b), max(a, b)
    rare = np.linspace(special.betaincinv(few, many, 1e-4), special.betainccinv(few, many, 1e-4), points)
    z = special.logit(rare)
    y = curve.density(-z if mirrored else z) / (rare * (1 - rare))
    if mirrored:
        rare, y = 1 - rare[::-1], y[::-1]
    return Density(x=tuple(rare.tolist()), y=tuple(y.tolist()))
