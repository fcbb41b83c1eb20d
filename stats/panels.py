"""Integrals over log-odds: a line cut into panels, twenty Gauss-Legendre nodes in each.

A density that is smooth inside every panel is integrated to the last bits, and so is its running integral, which is
its distribution function at the same nodes. No incomplete beta function is called: at 1e9 visitors it costs 2 us a
point, a hundred times what a node costs here. Where the edges must lie is decided by whoever brings the density.

Source: Greengard, Spectral integration and two-point boundary value problems, SIAM J. Numer. Anal. 28, 1991.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import leggauss, legvander
from numpy.typing import NDArray

Array = NDArray[np.float64]

ORDER = 20
_NODES, _WEIGHTS = leggauss(ORDER)

# Edges for the logistic function itself: its poles at ±πi stay well outside the ellipse of each panel between them.
LOGISTIC_EDGES = np.array([-32.0, -16, -8, -4, -2, 0, 2, 4, 8, 16, 32])


def _running_matrix() -> Array:
    """Row k turns the values at the nodes of [-1, 1] into the integral from -1 to node k."""
    values = legvander(_NODES, ORDER)
    degree = np.arange(1, ORDER)
    integrals = np.empty((ORDER, ORDER))  # of each Legendre polynomial, from -1 to each node
    integrals[:, 0] = 1 + _NODES
    integrals[:, 1:] = (values[:, 2:] - values[:, :-2]) / (2 * degree + 1)
    coefficients = (np.arange(ORDER) + 0.5)[:, None] * values[:, :ORDER].T * _WEIGHTS
    return integrals @ coefficients


def _slope_matrix() -> Array:
    """Row k turns the values at the nodes of [-1, 1] into the slope at node k."""
    away = _NODES[:, None] - _NODES + np.eye(ORDER)
    slopes: Array = _POLES / _POLES[:, None] / away
    np.fill_diagonal(slopes, 0)
    np.fill_diagonal(slopes, -slopes.sum(axis=1))
    return slopes


_BELOW = _running_matrix().T
_ABOVE = _WEIGHTS[:, None] - _BELOW
_POLES = np.sqrt((1 - _NODES**2) * _WEIGHTS) * (-1.0) ** np.arange(ORDER)
_SLOPE = _slope_matrix().T


def barycentric(place: Array) -> Array:
    """By how much the value at each of a panel's nodes counts at `place`, from -1 to 1 on that panel: (..., 20).

    Up to a factor: the value there is a weighted mean.
    """
    away: Array = place[..., None] - _NODES
    away += 1e-300  # nothing, but for a place that is a node
    np.divide(_POLES, away, out=away)
    return away


def differentiate(values: Array) -> Array:
    """The derivative at the nodes of [-1, 1] of what has these values there, shape (..., 20)."""
    slopes: Array = values @ _SLOPE
    return slopes


@dataclass(frozen=True, slots=True, eq=False)
class Panels:
    """P panels, or rows of them. `z` holds their nodes, shape (..., P, 20); so do functions on them, and may lead with
    further axes. A panel may be empty: then it adds nothing.
    """

    z: Array
    half: Array  # half the width of each panel, shape (..., P, 1)

    @classmethod
    def between(cls, edges: Iterable[Array], low: float, high: float) -> "Panels":
        """Panels from `low` to `high`, cut at every edge inside."""
        inside = np.concatenate([*edges, [low, high]])
        return cls.cut(np.unique(inside[(inside >= low) & (inside <= high)]))

    @classmethod
    def cut(cls, edges: Array) -> "Panels":
        """Panels between rising edges, shape (..., P + 1)."""
        half = (0.5 * np.diff(edges))[..., None]
        return cls(z=edges[..., :-1, None] + half * (1 + _NODES), half=half)

    def integral(self, f: Array) -> Array:
        """Over all panels of a row: shape (...)."""
        total: Array = ((f @ _WEIGHTS) * self.half[..., 0]).sum(axis=-1)
        return total

    @property
    def weights(self) -> Array:
        """What each node counts in an integral, shape (..., P, 20)."""
        weights: Array = _WEIGHTS * self.half
        return weights

    def running(self, f: Array) -> tuple[Array, Array]:
        """The integral of a positive `f` below and above each node, neither found by subtraction from the other."""
        panel = (f @ _WEIGHTS) * self.half[..., 0]
        before = np.zeros_like(panel)
        before[..., 1:] = np.cumsum(panel[..., :-1], axis=-1)
        after = np.zeros_like(panel)
        after[..., :-1] = np.cumsum(panel[..., :0:-1], axis=-1)[..., ::-1]
        below = before[..., None] + (f @ _BELOW) * self.half
        above = after[..., None] + (f @ _ABOVE) * self.half
        return np.maximum(below, 0), np.maximum(above, 0)  # a polynomial may dip 1e-17 below zero where f is nothing
