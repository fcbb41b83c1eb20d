"""The log of a density, tabulated: computed once at the nodes of panels, known between them from polynomials.

For densities that are integrals themselves. It is the log that is tabulated, as it bends little even where the density
falls through forty powers of e within a panel.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import leggauss, legvander

from stats.panels import ORDER, Array, Panels

_FLOOR = 300.0  # a density below exp(-300) of its peak is nothing, and the log of nothing has no polynomial
_NODES, _WEIGHTS = leggauss(ORDER)
_COEFFICIENTS = ((np.arange(ORDER) + 0.5)[:, None] * legvander(_NODES, ORDER - 1).T * _WEIGHTS).T


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """`coefficients`: of each panel's Legendre polynomials, shape (20, P). Beyond the edges the density is nothing."""

    edges: Array
    coefficients: Array

    @classmethod
    def of(cls, log_height: Callable[[Array], Array], edges: Array) -> "Table":
        heights = log_height(Panels.between([edges], edges[0], edges[-1]).z)
        heights = np.maximum(heights, heights.max() - _FLOOR)
        return cls(edges, (heights @ _COEFFICIENTS).T.copy())

    def __call__(self, u: Array) -> Array:
        """The log of the density at any u, by Clenshaw's recurrence."""
        panel = np.clip(np.searchsorted(self.edges, u, side="right") - 1, 0, len(self.edges) - 2)
        low, high = self.edges[panel], self.edges[panel + 1]
        x = (2 * u - low - high) / (high - low)
        following, after = np.zeros_like(x), np.zeros_like(x)
        for k in range(ORDER - 1, 0, -1):
            here = self.coefficients[k][panel] + (2 * k + 1) / (k + 1) * x * following - (k + 1) / (k + 2) * after
            following, after = here, following
        height = self.coefficients[0][panel] + x * following - after / 2
        return np.where((u < self.edges[0]) | (u > self.edges[-1]), -np.inf, height)


def log_integral(panels: Panels, logs: Array) -> Array:
    """The log of the integral over all panels of exp(logs), shape (..., P, 20) in and (...) out."""
    top = np.maximum(logs.max(axis=(-2, -1)), -1e300)
    area = panels.integral(np.exp(logs - top[..., None, None]))
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(area) + top)
