"""Is there a lift at all, whenever and however often one looks? Evidence that stays valid under daily looks.

Where `compare` is calibrated if its prior is, this is held by an error rate whatever the prior: e reaches 1 / alpha with
probability alpha at most over all looks together, if there is no lift (Ville's inequality). Each call is one look. The
smallest 1 / e over the looks so far is a p-value that holds too; remembering looks is the caller's.
"""

import math
from dataclasses import dataclass

from stats import finite
from stats.domain import check_probability, check_tau
from stats.estimate import Estimate
from stats.samples import BinarySample

MIN_TAU, MAX_TAU = 0.001, 10.0


@dataclass(frozen=True, slots=True)
class Anytime:
    """`e_value`: evidence against "no lift", 1 is none and 20 is strong; `log_e_value`: its natural logarithm.

    `lift`: variant / control - 1 as observed (both `mean` and `median`) with the bounds of the confidence sequence;
    None where nothing can be said. The bounds exclude 0 exactly where e >= 1 / (1 - level).
    """

    e_value: float
    log_e_value: float
    lift: Estimate | None


def anytime(control: BinarySample, variant: BinarySample, *, tau: float, level: float = 0.95) -> Anytime:
    """The normal-mixture e-value of a lift, and the interval that holds over all looks together.

    Args:
        control, variant: all visitors and conversions so far.
        tau: standard deviation, on the log scale, of the lifts one hopes to find, from 0.001 to 10: 0.10 is a typical
            10 %. It decides which lifts are found soonest, not how often one errs. (The decision lens spreads each
            *variant* by its tau, so a lift by that times √2.)
        level: P(the bounds contain the lift at every look), strictly between 0 and 1.

    Returns:
        An `Anytime`. With d the observed log lift and v its variance,
        log e = -½ log(1 + τ²/v) + d²τ² / (2 v (v + τ²)), and the bounds are d ± sqrt(v (v + τ²)/τ² · log((v + τ²)/(v α²))).

    Raises:
        InvalidTau, InvalidProbability.

    Edge cases:
        No conversion in one of the two, or nobody who did not convert in both: there is no lift, or no spread, to
        measure. That is no evidence: e is 1 and `lift` None. No number here is ever infinite or not a number.
        The variance is the larger of each sample's own and the pooled one: a rate of 100 % among five visitors has no
        spread of its own, and would otherwise be overwhelming evidence.
        An interval that reaches beyond the largest float ends there.

    Source: Robbins, Statistical methods related to the law of the iterated logarithm, 1970; Howard et al., Time-uniform
    Chernoff bounds, 2021, proposition 5, two-sided; on the log of a ratio by the delta method.

    >>> found = anytime(BinarySample(50_000, 2_500), BinarySample(50_000, 2_800), tau=0.10)
    >>> round(found.e_value), round(found.lift.low, 3), round(found.lift.high, 3)
    (1100, 0.032, 0.215)
    """
    tau, level = check_tau(tau, MIN_TAU, MAX_TAU), check_probability("level", level)
    if not control.conversions or not variant.conversions:
        return _NO_EVIDENCE
    v = _variance(control, variant)
    if v == 0:
        return _NO_EVIDENCE
    d = _log_rate(variant) - _log_rate(control)
    log_e = log_mixture(d, v, tau=tau)
    half, observed = mixture_bound(v, tau=tau, level=level), math.expm1(d)
    return Anytime(
        e_value=finite.exp(log_e),
        log_e_value=log_e,
        lift=Estimate(mean=observed, median=observed, low=math.expm1(d - half), high=finite.expm1(d + half)),
    )


def log_mixture(d: float, v: float, *, tau: float) -> float:
    """log e of an effect observed as `d` with variance `v`, against none, where effects spread as N(0, tau²)."""
    spread = v + tau * tau
    return d * d * tau * tau / (2 * v * spread) - 0.5 * math.log(spread / v)


def mixture_bound(v: float, *, tau: float, level: float) -> float:
    """How far from the truth an observed effect of variance `v` may lie, at every look, with probability `level`."""
    spread = v + tau * tau
    return math.sqrt(v * spread * (math.log(spread / v) - 2 * math.log1p(-level))) / tau


_NO_EVIDENCE = Anytime(e_value=1.0, log_e_value=0.0, lift=None)


def _variance(control: BinarySample, variant: BinarySample) -> float:
    """Of the log lift, by the delta method."""
    own = _odds_against(control.n, control.conversions) / control.n
    own += _odds_against(variant.n, variant.conversions) / variant.n
    together = _odds_against(control.n + variant.n, control.conversions + variant.conversions)
    return max(own, together * (1 / control.n + 1 / variant.n))


def _odds_against(n: int, conversions: int) -> float:
    return (n - conversions) / conversions


def _log_rate(sample: BinarySample) -> float:
    return math.log(sample.conversions / sample.n)
