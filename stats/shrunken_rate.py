"""The posterior of one variant's rate among exchangeable ones: its own likelihood times what the others say of it."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from stats.concave import edges_around
from stats.density import Density, draw
from stats.estimate import Estimate
from stats.invert import invert_interval
from stats.level import Level
from stats.panels import Array, Panels
from stats.smooth import Distributions

_FAR = 400.0  # log-odds beyond anything that a float can tell from certainty
_DRAWN = 0.9998  # of the mass


@dataclass(frozen=True, slots=True, eq=False)
class ShrunkenRate:
    """`distribution` (one row) of the log-odds, their mean, variance and third moment; and the mean of the rate."""

    distribution: Distributions
    moments: tuple[float, float, float]
    mean: float

    @classmethod
    def of_all(cls, level: Level) -> list["ShrunkenRate"]:
        """Of each variant."""
        likelihood = level.likelihood
        message = level.messages([[i] for i in range(len(likelihood.n))], spread=level.tau)

        peak = level.peaks
        width = 1 / np.sqrt(message.slope_and_bend(peak)[1] + likelihood.slope_and_bend(peak)[1])
        top = likelihood.log(peak) + message.at(peak)

        def log_height(away: Array) -> Array:
            z = (peak if away.ndim == peak.ndim else peak[..., None]) + away
            return likelihood.log(z) + message.at(z) - (top if away.ndim == peak.ndim else top[..., None])

        edges = edges_around(log_height, width[:, 0], far=_FAR)
        panels = Panels.cut(edges)
        density = np.exp(log_height(panels.z))
        density /= panels.integral(density)[:, None, None]
        z = peak[..., None] + panels.z
        mean = panels.integral(density * z)
        away = z - mean[:, None, None]
        variance, third = (panels.integral(density * away**power) for power in (2, 3))
        means = panels.integral(density * special.expit(z))
        return [
            cls(
                distribution=Distributions.of((peak + edges)[[i]], density[[i]]),
                moments=(float(mean[i]), float(variance[i]), float(third[i])),
                mean=float(means[i]),
            )
            for i in range(len(mean))
        ]

    def estimate(self, level: float) -> Estimate:
        """Mean, median and equal-tailed interval of the rate."""
        low, median, high = special.expit(self._interval(level))
        return Estimate(mean=self.mean, median=float(median), low=float(low), high=float(high))

    def draw(self, points: int) -> Density:
        """From the posterior's 0.01 % to its 99.99 % quantile."""
        low, median, high = self._interval(_DRAWN)
        mirrored = median > 0
        return draw(
            lambda z: self._tails(z)[2],
            low=float(special.expit(-high if mirrored else low)),
            high=float(special.expit(-low if mirrored else high)),
            mirrored=mirrored,
            points=points,
        )

    def _interval(self, level: float) -> tuple[float, float, float]:
        edges = self.distribution.edges[0]
        return invert_interval(self._tails, level, moments=self.moments, low=float(edges[0]), high=float(edges[-1]))

    def _tails(self, z: Array) -> tuple[Array, Array, Array]:
        below, above, density = self.distribution.at(z[None])
        return below[0], above[0], density[0]
