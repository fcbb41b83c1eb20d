"""The posterior of one variant's rate among exchangeable ones."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from stats.concave import climb, edges_around
from stats.density import Density, draw
from stats.estimate import Estimate
from stats.invert import invert
from stats.level import Level
from stats.panels import Array, Panels
from stats.smooth import Distributions


@dataclass(frozen=True, slots=True, eq=False)
class ShrunkenRate:
    """Over log-odds: `mean` and `deviation` there, `mean_rate` over the rate itself."""

    edges: Array
    distribution: Distributions
    mean: float
    deviation: float
    mean_rate: float

    @classmethod
    def of(cls, level: Level, i: int) -> "ShrunkenRate":
        """Of variant `i`: its own likelihood times what the others say of it."""
        likelihood, message = level.likelihood.one(i), level.message([i], spread=level.tau)
        low, high = (np.array([end]) for end in level.reach)

        def slope_and_bend(z: Array) -> tuple[Array, Array]:
            slope, curvature = message.slope_and_bend(z)
            return slope + likelihood.score(z), np.maximum(likelihood.information(z) - curvature, 1e-9)

        peak, width = climb(slope_and_bend, (low + high) / 2, low=low, high=high)
        top = likelihood.log(peak) + message.at(peak)

        def log_height(away: Array) -> Array:
            return likelihood.log(peak + away) + message.at(peak + away) - top

        edges = edges_around(log_height, width, far=float((high - low)[0]))[0]
        panels = Panels.cut(edges)
        density = np.exp(log_height(panels.z))
        density /= panels.integral(density)
        z = peak + panels.z
        mean = float(panels.integral(density * z))
        return cls(
            edges=peak + edges,
            distribution=Distributions.of((peak + edges)[None], density[None]),
            mean=mean,
            deviation=math.sqrt(float(panels.integral(density * (z - mean) ** 2))),
            mean_rate=float(panels.integral(density * special.expit(z))),
        )

    def estimate(self, level: float) -> Estimate:
        """Mean, median and equal-tailed interval of the rate."""
        tail = (1 - level) / 2
        return Estimate(
            mean=self.mean_rate,
            median=float(special.expit(self._quantile(0.5))),
            low=float(special.expit(self._quantile(tail))),
            high=float(special.expit(self._quantile(tail, upper=True))),
        )

    def draw(self, points: int) -> Density:
        """From the posterior's 0.01 % to its 99.99 % quantile."""
        low, high = self._quantile(1e-4), self._quantile(1e-4, upper=True)
        mirrored = self.mean > 0
        ends = (-high, -low) if mirrored else (low, high)
        return draw(
            lambda z: self.distribution.at(z[None])[2][0],
            low=float(special.expit(ends[0])),
            high=float(special.expit(ends[1])),
            mirrored=mirrored,
            points=points,
        )

    def _at(self, z: float) -> tuple[float, float, float]:
        below, above, density = self.distribution.at(np.array([[z]]))
        return float(below[0, 0]), float(above[0, 0]), float(density[0, 0])

    def _quantile(self, p: float, *, upper: bool = False) -> float:
        start = self.mean + (-1 if upper else 1) * self.deviation * float(special.ndtri(p))
        return invert(self._at, p, upper=upper, start=start, low=float(self.edges[0]), high=float(self.edges[-1]))
