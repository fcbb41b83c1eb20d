"""The decision rule over many futures at once, where every rate's log has a normal posterior of its own.

An approximation for plans and forecasts; a result in hand is decided by `decide`, from exact posteriors.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from stats.decide import Rule
from stats.panels import Array
from stats.rivals import highest

_LEVEL = 0.95  # of the interval of a lift that `decide` would be shown


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What the rule says to each of S sets of K variants.

    `ships`: the position of the variant that ships, or -1; shape (S,). `out`: those that are worse; shape (S, K).
    `keeps`, `equivalent`: shape (S,); at most one of the three holds.
    """

    ships: NDArray[np.int64]
    keeps: NDArray[np.bool_]
    equivalent: NDArray[np.bool_]
    out: NDArray[np.bool_]

    @property
    def ended(self) -> NDArray[np.bool_]:
        return (self.ships >= 0) | self.keeps | self.equivalent


def outcomes(means: Array, deviations: Array, *, control: int, rule: Rule) -> Outcomes:
    """Applies the rule's probabilities; days, conversions and guardrails are for the caller.

    Args:
        means, deviations: of the logs of the rates, shape (S, K).
    """
    lifts = means - means[:, [control]]
    widths = np.hypot(deviations, deviations[:, [control]])
    challenger = np.arange(means.shape[1]) != control
    p_beats = special.ndtr(lifts / widths)
    out = challenger & (p_beats <= 1 - rule.p_beats_control)
    keeps = (out | ~challenger).all(axis=1)
    ships = np.full(len(means), -1)
    sure = np.flatnonzero((challenger & (p_beats >= rule.p_beats_control)).any(axis=1))
    if sure.size:
        ships[sure] = _ships(means[sure], deviations[sure], lifts[sure], p_beats[sure], rule=rule)
    near = _is_equal(lifts, widths, rule)
    equivalent = (near | out | ~challenger).all(axis=1) & ~keeps & (ships < 0)
    return Outcomes(ships=ships, keeps=keeps, equivalent=equivalent, out=out)


def shrunken(conversions: NDArray[np.int64], n: int, *, tau: float) -> tuple[Array, Array]:
    """Mean and deviation of the log of each rate under the decision prior, shrunken toward what all have in common.

    The observed log-odds, half a conversion added, are taken for normal. What is unknown of the common level is left
    out, as it moves no difference between variants of equal size.

    Args:
        conversions: shape (S, K).
        n: visitors of each variant.
        tau: spread of the variants' log-odds.

    Returns:
        Two arrays of shape (S, K).

    Source: Gelman et al., Bayesian Data Analysis, 3rd ed. 2013, section 5.4.
    """
    hits = conversions + 0.5
    misses = n + 1 - hits
    log_odds = np.log(hits / misses)
    variances = 1 / hits + 1 / misses
    weights = 1 / (variances + tau * tau)
    level = (weights * log_odds).sum(axis=1, keepdims=True) / weights.sum(axis=1, keepdims=True)
    kept = tau * tau * weights
    means = level + kept * (log_odds - level)
    return special.log_expit(means), np.sqrt(kept * variances) * special.expit(-means)


def _ships(means: Array, deviations: Array, lifts: Array, p_beats: Array, *, rule: Rule) -> NDArray[np.int64]:
    p_best, top = highest(means, deviations)
    relative_losses = (top[:, None] - means) * np.exp(lifts)
    passes = (p_beats >= rule.p_beats_control) & (p_best >= rule.p_best) & (relative_losses <= rule.max_loss)
    return np.where(passes.any(axis=1), passes.argmax(axis=1), -1)


def _is_equal(lifts: Array, widths: Array, rule: Rule) -> NDArray[np.bool_]:
    low, high = np.log1p(-rule.margin), np.log1p(rule.margin)
    p_equal = special.ndtr((high - lifts) / widths) - special.ndtr((low - lifts) / widths)
    reach = special.ndtri(0.5 + _LEVEL / 2) * widths
    inside = (low < lifts - reach) & (lifts + reach < high)
    return np.asarray((p_equal >= rule.p_equal) & inside)
