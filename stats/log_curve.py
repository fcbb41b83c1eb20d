"""The posterior of a positive quantity as a curve over its log u, and the lift of one such quantity over another.

Over logs a lift is a difference, and neither a heavy right tail nor a pole at zero is in the way. The curve is known by
its height relative to its peak; area, quantiles and lifts are integrals over panels. What is measured is decided
elsewhere: events, money, a ratio.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from stats.estimate import Estimate
from stats.invert import invert
from stats.panels import Array, Panels

_DEPTH = 45.0  # where the density is below exp(-45) of its peak, what is left holds less than 1e-17 of the mass
_NEAR = np.array([1, 2, 3, 4.5, 6.5, 9, 14])
_STEPS = np.concatenate([_NEAR, 14 * 1.5 ** np.arange(1, 17)])  # in widths of the peak; the last is 9,000


@dataclass(frozen=True, slots=True, eq=False)
class LogCurve:
    """`edges`: where to cut the line so that the density is smooth in between; the outer two enclose all its mass.

    `mean` and `inverse_mean` are the expectations of the quantity and of one divided by it; `inf` where they do not
    exist.
    """

    log_height: Callable[[Array], Array]
    edges: Array
    log_area: float
    mean: float
    inverse_mean: float

    @classmethod
    def of(cls, log_height: Callable[[Array], Array], edges: Array, *, mean: float, inverse_mean: float) -> "LogCurve":
        """The curve of `log_height` over u, whatever its area."""
        panels = Panels.between([edges], edges[0], edges[-1])
        area = float(panels.integral(np.exp(log_height(panels.z))))
        return cls(log_height, edges, math.log(area), mean=mean, inverse_mean=inverse_mean)

    def density(self, u: Array) -> Array:
        """Per unit of log, at any u."""
        return np.exp(self.log_height(u) - self.log_area)

    def estimate(self, level: float) -> Estimate:
        """Mean, median and equal-tailed interval of the quantity itself."""
        tail = (1 - level) / 2
        return Estimate(
            mean=self.mean,
            median=math.exp(self._quantile(0.5)),
            low=math.exp(self._quantile(tail)),
            high=math.exp(self._quantile(tail, upper=True)),
        )

    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation of the log."""
        panels = Panels.between([self.edges], self.edges[0], self.edges[-1])
        density = self.density(panels.z)
        mean = float(panels.integral(density * panels.z))
        return mean, math.sqrt(float(panels.integral(density * (panels.z - mean) ** 2)))

    def _quantile(self, p: float, *, upper: bool = False) -> float:
        mean, deviation = self.moments()
        start = mean + (-1 if upper else 1) * deviation * float(special.ndtri(p))
        return invert(self._tails, p, upper=upper, start=start, low=self.edges[0], high=self.edges[-1])

    def _tails(self, u: float) -> tuple[float, float, float]:
        below = Panels.between([self.edges], self.edges[0], u)
        above = Panels.between([self.edges], u, self.edges[-1])
        return (
            float(below.integral(self.density(below.z))),
            float(above.integral(self.density(above.z))),
            float(self.density(np.array(u))),
        )


@dataclass(frozen=True, slots=True, eq=False)
class LogRatio:
    """variant / control, from the curve of each."""

    variant: LogCurve
    control: LogCurve

    def p_above(self, log_ratio: float) -> float:
        """P(log(variant / control) > log_ratio)."""
        return min(self._tails(log_ratio)[1], 1.0)

    def lift(self, level: float) -> Estimate:
        """variant / control - 1, with the equal-tailed interval at `level`."""
        tail = (1 - level) / 2
        return Estimate(
            mean=self.variant.mean * self.control.inverse_mean - 1,
            median=math.expm1(self._quantile(0.5)),
            low=math.expm1(self._quantile(tail)),
            high=math.expm1(self._quantile(tail, upper=True)),
        )

    def _quantile(self, p: float, *, upper: bool = False) -> float:
        mean, deviation = self.variant.moments()
        control_mean, control_deviation = self.control.moments()
        width = math.hypot(deviation, control_deviation)
        return invert(
            self._tails,
            p,
            upper=upper,
            start=mean - control_mean + (-1 if upper else 1) * width * float(special.ndtri(p)),
            low=self.variant.edges[0] - self.control.edges[-1],
            high=self.variant.edges[-1] - self.control.edges[0],
        )

    def _tails(self, log_ratio: float) -> tuple[float, float, float]:
        """P(below), P(above) and the density of the log ratio at `log_ratio`: control, moved there, meets the variant."""
        moved = self.control.edges + log_ratio
        low, high = min(self.variant.edges[0], moved[0]), max(self.variant.edges[-1], moved[-1])
        panels = Panels.between([self.variant.edges, moved], low, high)
        variant, control = self.variant.density(panels.z), self.control.density(panels.z - log_ratio)
        below, above = panels.running(control)
        return (
            float(panels.integral(variant * above)),
            float(panels.integral(variant * below)),
            float(panels.integral(variant * control)),
        )


def enclose(
    log_height: Callable[[Array], Array], *, peak: float, width: float, depth: float = _DEPTH, tilt: float = 0
) -> Array:
    """Panel edges in widths of the peak, on each side until the density has sunk by `depth`.

    `log_height` must fall on both sides of `peak`, and `width` be about the distance over which it bends. On the right
    `exp(tilt * u)` times the density must have sunk: with 1, all of the mean is enclosed, not just all of the mass.
    """
    offsets = width * _STEPS
    with np.errstate(over="ignore"):  # far out a height may be -inf, which is low enough
        top = log_height(np.array(peak))
        left = np.flatnonzero(log_height(peak - offsets) < top - depth)[0]
        right = np.flatnonzero(log_height(peak + offsets) + tilt * offsets < top - depth)[0]
    return np.concatenate([peak - offsets[left::-1], [peak], peak + offsets[: right + 1]])
