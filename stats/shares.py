"""What conversions alone can say, where visitors are not counted: without cookies, without consent.

Given how traffic is allocated, which variant a conversion came from is a draw from a multinomial, whatever the number of
visitors and however their rate changes from day to day. So lifts can be known, but never a rate.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import special

from stats import finite, multinomial
from stats.domain import check_control, check_count, check_probability, find_finite
from stats.errors import InvalidWeights
from stats.estimate import Estimate
from stats.gamma import Gamma
from stats.means import MeanVariant, compare_means

_MIN_SHARE = 1e-4
_MAX_STEPS = 200
_LIMIT = 700.0  # of a log ratio: e^700 is nearly the largest float


@dataclass(frozen=True, slots=True)
class ConversionsOnly:
    """The variants in the order given, `sample` being the conversions of each.

    Their `mean` and `expected_loss` are conversions per basis point of the traffic: only ratios of them mean something.
    `e_value`: evidence against "all convert alike", valid at every look; 1 is none. `anytime`: each variant's lift as
    observed, with bounds that hold at every look; None for control, and where control has no conversion.
    """

    variants: tuple[MeanVariant[int], ...]
    control: int
    level: float
    e_value: float
    log_e_value: float
    anytime: tuple[Estimate | None, ...]


def conversions_only(
    observed: Sequence[int], weights: Sequence[float], *, control: int = 0, level: float = 0.95
) -> ConversionsOnly:
    """Compares variants by where their conversions came from.

    Args:
        observed: conversions of each variant, counted while the weights stood as they are.
        weights: the allocation in the same order, in any unit; each at least 1/10,000 of their sum.
        control: position of the variant the others are compared with.
        level: of the credible intervals and of the bounds that hold at every look, strictly between 0 and 1.

    Returns:
        A `ConversionsOnly`. A variant's posterior is Gamma(conversions + ½, weight): of control's and its own
        conversions, the share that is its own is Beta(own + ½, control's + ½). The e-value is that of a
        Dirichlet-multinomial around the weights (see `srm`), and `anytime` the ratios it does not refute.

    Raises:
        InvalidCount, InvalidWeights, InvalidControl, InvalidProbability, TooFewVariants.

    Edge cases:
        No conversions: e is 1. As nothing was seen of either, the variant with less weight may still be the better one.
        Control without conversions: the lift has no upper limit that holds at every look, so `anytime` is None, and the
        *mean* of its posterior is `inf`; median and interval of that are finite.
        A bound beyond e^700 ends there.
        A variant without weight has no conversions to be judged by: leave it out.
        The same visitor converting twice, or bots on one variant only, are not seen here as they would be in a rate.

    Source: Lindon and Malek, Sequential Testing of Multinomial Hypotheses, 2020, section 5, for time-inhomogeneous
    Bernoulli processes; Jeffreys, Theory of Probability, 1961, for the prior.

    >>> found = conversions_only([520, 610], [50, 50])
    >>> round(found.e_value, 1), round(found.variants[1].p_beats_control, 4)
    (4.6, 0.9963)
    >>> [round(bound, 3) for bound in (found.variants[1].lift.low, found.variants[1].lift.high)]
    [0.044, 0.319]
    >>> [round(bound, 3) for bound in (found.anytime[1].low, found.anytime[1].high)]
    [-0.03, 0.419]
    """
    counts = [check_count("conversions", count) for count in observed]
    control = check_control(control, len(counts))
    shares = _check_weights(weights, len(counts))
    level = check_probability("level", level)
    log_e = multinomial.log_mixture(counts, shares)
    curves = [Gamma(count + 0.5, 10_000 * share).curve() for count, share in zip(counts, shares, strict=True)]
    return ConversionsOnly(
        variants=compare_means(counts, curves, control=control, level=level),
        control=control,
        level=level,
        e_value=finite.exp(log_e),
        log_e_value=log_e,
        anytime=tuple(
            None if i == control else lift_bounds(counts, shares, i, control, log_e=log_e, level=level)
            for i in range(len(counts))
        ),
    )


def lift_bounds(
    counts: Sequence[int], shares: Sequence[float], variant: int, control: int, *, log_e: float, level: float
) -> Estimate | None:
    """Lifts that the evidence, `log_e` against the shares, does not refute; None without conversions in control.

    Other shares are refuted where their likelihood is below 1 - level of the mixture's. Whatever the ratio of two of
    them, the rest is left free, and fits best as observed.
    """
    own, other = counts[variant], counts[control]
    if not other:
        return None
    means = [sum(counts) * share for share in shares]
    fit = math.fsum(multinomial.divergence(count, mean) for count, mean in zip(counts, means, strict=True))
    slack = fit - log_e - math.log1p(-level)
    even = shares[variant] / shares[control]
    observed = own / other / even - 1
    return Estimate(
        mean=observed,
        median=observed,
        low=math.expm1(-_farthest(other, own, slack) - math.log(even)) if own else -1.0,
        high=finite.expm1(_farthest(own, other, slack) - math.log(even)),
    )


def _farthest(own: int, other: int, slack: float) -> float:
    """The highest log(p / (1 - p)) whose log likelihood of `own` among both is at most `slack` below the best.

    That loss is convex, so Newton's method from beyond the answer comes down to it without a step too far.
    """
    both = own + other
    if not own:
        return slack / both + math.log(-math.expm1(-slack / both))
    z = min(_LIMIT, math.log(own / other) + (slack + both * math.log1p(other / own)) / other)
    for _ in range(_MAX_STEPS):
        p, rest = float(special.expit(z)), float(special.expit(-z))
        loss = multinomial.divergence(own, both * p) + multinomial.divergence(other, both * rest)
        step = (loss - slack) / (other - both * rest)
        if z - step == z or step <= 0:
            return z
        z -= step
    return z


def _check_weights(weights: Sequence[float], variants: int) -> list[float]:
    """The weights as shares of 1."""
    if len(weights) != variants:
        raise InvalidWeights(f"{variants} variants need as many weights", weights)
    numbers = [number for weight in weights if (number := find_finite(weight)) is not None and number > 0]
    total = sum(numbers) if len(numbers) == variants else math.inf
    if not total < math.inf or min(numbers) < _MIN_SHARE * total:
        raise InvalidWeights("weights must be finite and each at least a ten-thousandth of their sum", weights)
    return [number / total for number in numbers]
