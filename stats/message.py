"""What some variants say, through the level they share with another, of where that other is.

A variant lies around the level, and what the rest know of the level is a smooth log-likelihood: the average of a
normal over it, at any place, is one integral.
"""

import math

import numpy as np
from scipy import special

from stats.panels import Array, Panels
from stats.smooth import Smooth

_REACH = 9.0  # in spreads: a normal has e^-40 of its height left there
_STEP = 0.6  # in widths of the narrowest product: a normal is then summed to e^-55, the most skewed product to 1e-11
_MOST = 50_000  # nodes of m, for all messages together


class Message:
    """S of them: log ∫ N(z; m, spread²) p(m) L(m) dm over z, shape (S, ...), but for a constant.

    The integral is the trapezoidal rule on even nodes of m, around the peak of each product and as far as the normal
    reaches. All z choose from the same nodes, where log p(m) L(m) is known beforehand; only where the spread is tiny
    beside what is known of the level would these be too many.
    """

    def __init__(self, log_likelihood: Smooth, spread: float) -> None:
        """`log_likelihood`: log L of each."""
        self._log_likelihood, self._precision = log_likelihood, spread**-2
        self._peaks = Panels.cut(log_likelihood.edges).z
        slope, bend = slope_and_bend_of_prior(self._peaks)
        # a product has its peak at m where the normal, drawn toward z, rises as the rest falls
        self._places = self._peaks - spread**2 * (slope + log_likelihood.slopes)
        steepest = max(float((bend - log_likelihood.bends).max()), 0) + self._precision
        self._step = np.float64(_STEP / math.sqrt(steepest))
        reach = math.ceil(_REACH * spread / self._step)
        self._around = np.arange(-reach, reach + 1)
        self._first = math.floor(log_likelihood.edges[0] / self._step) - reach
        last = math.ceil(log_likelihood.edges[-1] / self._step) + reach
        self._known: Array | None = None
        if (last - self._first) * len(self._places) < _MOST:
            self._known = self._height(self._step * np.arange(self._first, last + 1)[None])

    def at(self, z: Array) -> Array:
        """The log itself."""
        _, logs = self._product(z)
        top = logs.max(axis=-1)
        log: Array = top + np.log(np.exp(logs - top[..., None]).sum(axis=-1))
        return log

    def slope_and_bend(self, z: Array) -> tuple[Array, Array]:
        """The first derivative, and the second with its sign turned, from the moments of m given z."""
        m, logs = self._product(z)
        weights = np.exp(logs - logs.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        mean = (weights * m).sum(axis=-1)
        variance = (weights * (m - mean[..., None]) ** 2).sum(axis=-1)
        return self._precision * (mean - z), np.maximum(self._precision - self._precision**2 * variance, 0)

    def _product(self, z: Array) -> tuple[Array, Array]:
        """Nodes of m for each z, and the log of the integrand there."""
        rows = zip(z, self._places, strict=True)
        peak = np.stack([np.interp(row, places.ravel(), self._peaks.ravel()) for row, places in rows])
        nearest = np.rint(peak / self._step).astype(np.intp)
        number = nearest[..., None] + self._around
        m = self._step * number
        if self._known is None:
            heights = self._height(m)
        else:
            row = np.arange(len(z)).reshape((-1,) + (1,) * z.ndim)
            heights = self._known[row, number - self._first]
        return m, heights - self._precision / 2 * (m - z[..., None]) ** 2

    def _height(self, m: Array) -> Array:
        height: Array = log_prior(m) + self._log_likelihood.at(m)
        return height


def log_prior(m: Array) -> Array:
    """Of the log-odds of a rate that is Beta(0.5, 0.5), but for a constant."""
    log_density: Array = (special.log_expit(m) + special.log_expit(-m)) / 2
    return log_density


def slope_and_bend_of_prior(m: Array) -> tuple[Array, Array]:
    """The first derivative of its log, and the second with its sign turned."""
    rate = special.expit(m)
    return 0.5 - rate, rate * (1 - rate)
