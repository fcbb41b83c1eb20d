"""How much a lift differs from segment to segment beyond chance: a test, and the posterior of the spread.

Both go by each segment's departure from the lift of the whole, scored under the whole's lift, which keeps its variance
right where a segment has only a handful of conversions. Nothing is said of any single segment here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from stats.estimate import Estimate
from stats.panels import Array
from stats.samples import BinarySample

Pair = tuple[BinarySample, BinarySample]  # control's and the variant's sample of one segment

_STEP = 0.02  # in log tau; the posterior of a hundred segments is 0.07 wide
_REACH = 23.0  # in log tau, below the smallest scale in sight: 1e-10 of it


@dataclass(frozen=True, slots=True, eq=False)
class Departures:
    """Each segment's log lift less that of the whole, one scoring step from there, with its variance; shape (J,)."""

    steps: Array
    variances: Array

    @classmethod
    def of(cls, pairs: Sequence[Pair], log_lift: float) -> "Departures":
        """Of segments with visitors on both sides and a conversion on either, from a common log lift.

        Source: Miettinen and Nurminen, Comparative analysis of two rates, Statistics in Medicine 4, 1985, for the rates
        fitted to a given ratio and for the score.
        """
        n, x, m, y = (
            np.array([(c.n, c.conversions, v.n, v.conversions) for c, v in pairs], dtype=float).reshape(-1, 4).T
        )
        ratio = math.exp(log_lift)
        b = m * ratio + y + n + x * ratio
        fitted = 2 * (x + y) / (b + np.sqrt(np.maximum(b * b - 4 * (n + m) * ratio * (x + y), 0)))
        raised = np.minimum(ratio * fitted, 1)
        variances = (1 - raised) / (m * raised) + (1 - fitted) / (n * fitted)
        least = 0.5 / m**2 + 0.5 / n**2  # what is left of a log rate's variance where everybody converts
        return cls(steps=(y / m - ratio * x / n) / raised, variances=np.maximum(variances, least))

    def p_value(self) -> float | None:
        """P(lifts at least this uneven | all segments have the same), None with fewer than two.

        Source: Cochran, The combination of estimates from different experiments, Biometrics 10, 1954, for Q; with
        scored variances as in Breslow and Day, Statistical Methods in Cancer Research I, 1980, section 4.4.
        """
        if len(self.steps) < 2:
            return None
        weights = 1 / self.variances
        centre = (weights @ self.steps) / weights.sum()
        return float(special.chdtrc(len(self.steps) - 1, weights @ (self.steps - centre) ** 2))


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """The posterior of tau, the standard deviation of log lifts between segments: values, and weights that sum to 1."""

    tau: Array
    weights: Array

    @classmethod
    def of(cls, departures: Departures, scale: float) -> "Spread":
        """Under a half-normal prior of standard deviation `scale`, whatever the lift that the segments spread about.

        An even grid of log tau integrates it to rounding, as the density is smooth and nothing at either end.

        Source: Gelman et al., Bayesian Data Analysis, 3rd ed. 2013, equation 5.21, for the marginal posterior; Röver et
        al., Research Synthesis Methods 12, 2021, for the half-normal.
        """
        smallest = math.sqrt(float(np.min(departures.variances, initial=scale**2)))
        low, high = math.log(min(smallest, scale)) - _REACH, math.log(9 * scale)  # beyond 9 the prior is below exp(-40)
        log_tau = np.arange(low, high, _STEP)
        tau = np.exp(log_tau)
        logs = log_tau - (tau / scale) ** 2 / 2 + _log_likelihood(departures, tau)
        density = np.exp(logs - logs.max())
        return cls(tau=tau, weights=density / density.sum())

    def estimate(self, level: float) -> Estimate:
        """Of tau, quantiles to the third digit: those are read off the grid."""
        below = np.cumsum(self.weights) - self.weights / 2
        low, median, high = np.interp([(1 - level) / 2, 0.5, (1 + level) / 2], below, self.tau).tolist()
        return Estimate(mean=float(self.weights @ self.tau), median=median, low=low, high=high)


def _log_likelihood(departures: Departures, tau: Array) -> Array:
    """The lift of the whole integrated out. Without segments it says nothing."""
    if len(departures.steps) == 0:
        return np.zeros_like(tau)
    precision = 1 / (departures.variances + tau[..., None] ** 2)
    total = precision.sum(axis=-1)
    centre = (precision @ departures.steps) / total
    misfit = (precision * (departures.steps - centre[..., None]) ** 2).sum(axis=-1)
    return np.asarray((np.log(precision).sum(axis=-1) - np.log(total) - misfit) / 2)
