"""The posterior of one rate as a curve over log-odds z = log(x / (1 - x)).

There it has one peak and no poles, even where Beta(0.5, 0.5) is infinite over x. The curve knows where it lives
(`edges`) and its height, relative to the peak: exact at 1e9 visitors, where the Beta function itself has lost all
its digits.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from stats.beta import Beta
from stats.density import Density, draw
from stats.estimate import Estimate
from stats.panels import Array, Panels

_DEPTH = 45.0  # where the density is below exp(-45) of its peak, what is left holds less than 1e-17 of the mass
_STEPS = np.array([1, 2, 3, 4.5, 6.5, 9, 14])
_OFFSETS = np.concatenate([-_STEPS[::-1], [0], _STEPS])  # in widths of the peak


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """`edges`: where to cut the line so that the density is smooth in between; the outer two enclose all its mass."""

    beta: Beta
    mode: float
    edges: Array
    log_area: float

    @classmethod
    def of(cls, beta: Beta) -> "Curve":
        edges, mode = _edges(beta), math.log(beta.a / beta.b)
        panels = Panels.between([edges], edges[0], edges[-1])
        area = panels.integral(np.exp(_log_height(beta, panels.z - mode)))
        return cls(beta=beta, mode=mode, edges=edges, log_area=math.log(area))

    def density(self, z: Array) -> Array:
        """Per unit of log-odds, at any z."""
        return np.exp(_log_height(self.beta, z - self.mode) - self.log_area)

    def nodes(self) -> tuple[Array, Array]:
        """Log-odds, and the mass that each stands for."""
        panels = Panels.cut(self.edges)
        return panels.z.ravel(), (self.density(panels.z) * panels.weights).ravel()

    def estimate(self, level: float) -> Estimate:
        """Mean, median and equal-tailed interval of the rate."""
        return self.beta.estimate(level)

    def draw(self, points: int) -> Density:
        """From the posterior's 0.01 % to its 99.99 % quantile."""
        few, many = min(self.beta.a, self.beta.b), max(self.beta.a, self.beta.b)
        return draw(
            self.density,
            low=float(special.betaincinv(few, many, 1e-4)),
            high=float(special.betainccinv(few, many, 1e-4)),
            mirrored=self.beta.a > self.beta.b,
            points=points,
        )


def _log_height(beta: Beta, d: Array) -> Array:
    """log f(mode + d) - log f(mode), seen from the rarer of the two outcomes so that nothing large is subtracted."""
    rarer, toward = (beta.a, d) if beta.a <= beta.b else (beta.b, -d)
    n = beta.a + beta.b
    return rarer * toward - n * np.log1p(rarer / n * np.expm1(toward))


def _edges(beta: Beta) -> Array:
    """Panel edges in widths of the peak, from where the density has sunk by `_DEPTH` on the left to the same right.

    log f is concave with slope `a` far left and `-b` far right, so the two asymptotes bound where it has sunk enough:
    tightly when a (or b) is small and the tail is long; too far out when it is large, but there the panels beyond the
    last step are already empty and are left off.
    """
    a, b = beta.a, beta.b
    mode = math.log(a / b)
    peak = -a * math.log1p(b / a) - b * math.log1p(a / b)
    low, high = (peak - _DEPTH) / a, (_DEPTH - peak) / b
    width = math.sqrt(1 / a + 1 / b)  # at most 2, as a Beta has a, b >= 0.5: the bend of the logistic is resolved too
    edges = np.unique(np.concatenate([[low, high], np.clip(mode + width * _OFFSETS, low, high)]))
    deep = _log_height(beta, edges - mode) < -_DEPTH
    alive = np.flatnonzero(~(deep[:-1] & deep[1:]))
    return edges[alive[0] : alive[-1] + 2]
