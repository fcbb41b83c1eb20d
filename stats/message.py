"""What some variants say, through the level they share with another, of where that other is.

A variant lies around the level, and what the rest know of the level is a smooth log-likelihood: the average of a
normal over it, at any place, is one integral.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from stats.concave import climb
from stats.panels import Array
from stats.smooth import Smooth

_FURTHEST = 1e4  # log-odds that no level reaches

# nodes and weights for the mean of something log-concave over a normal, in widths of the product's peak
_STEP, _STRETCH = 0.55, 0.25
_PLACES = _STEP * np.arange(-9, 10)
_SPREAD = np.sinh(_STRETCH * _PLACES) / _STRETCH
_LOG_WEIGHTS = np.log(_STEP * np.cosh(_STRETCH * _PLACES) / math.sqrt(2 * math.pi))


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """S of them: log ∫ N(z; m, spread²) p(m) L(m) dm over z, shape (S, ...), `log_likelihood` being log L of each.

    The integral is the trapezoidal rule around the peak of each product, as in `stats.concave.nodes_over`.
    """

    log_likelihood: Smooth
    spread: float
    about: Array  # where m is likely, shape (1,)

    def at(self, z: Array) -> Array:
        """The log itself, but for a constant."""
        return self._weigh(z)[2]

    def slope_and_bend(self, z: Array) -> tuple[Array, Array]:
        """The first derivative, and the second with its sign turned, from the moments of m given z."""
        m, weights, _ = self._weigh(z)
        mean = (weights * m).sum(axis=-1)
        variance = (weights * (m - mean[..., None]) ** 2).sum(axis=-1)
        precision = self.spread**-2
        return precision * (mean - z), np.maximum(precision - precision * precision * variance, 0)

    def _weigh(self, z: Array) -> tuple[Array, Array, Array]:
        """Nodes of m for each z, their weights in the integral, which sum to 1, and the log of it."""
        precision = self.spread**-2

        def of_level(m: Array) -> tuple[Array, Array]:
            slope, bend = slope_and_bend_of_prior(m)
            more_slope, curvature = self.log_likelihood.slope_and_bend(m)
            return slope + more_slope, np.maximum(bend - curvature, 0) + precision

        def slope_and_bend(m: Array) -> tuple[Array, Array]:
            slope, bend = of_level(m)
            return slope - precision * (m - z), bend

        about = np.full((len(z),) + (1,) * (z.ndim - 1), self.about)
        slope, bend = of_level(about)
        limit = np.full_like(z, _FURTHEST)
        start = about + (slope - precision * (about - z)) / bend
        peak, width = climb(slope_and_bend, start, low=-limit, high=limit)
        m = peak[..., None] + width[..., None] * _SPREAD
        heights = log_prior(m) + self.log_likelihood.at(m) - precision * (m - z[..., None]) ** 2 / 2 + _LOG_WEIGHTS
        top = heights.max(axis=-1, keepdims=True)
        weights = np.exp(heights - top)
        total = weights.sum(axis=-1, keepdims=True)
        return m, weights / total, (top + np.log(total))[..., 0] + np.log(width / self.spread)


def log_prior(m: Array) -> Array:
    """Of the log-odds of a rate that is Beta(0.5, 0.5), but for a constant."""
    log_density: Array = (special.log_expit(m) + special.log_expit(-m)) / 2
    return log_density


def slope_and_bend_of_prior(m: Array) -> tuple[Array, Array]:
    """The first derivative of its log, and the second with its sign turned."""
    rate = special.expit(m)
    return 0.5 - rate, rate * (1 - rate)
