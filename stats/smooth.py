"""A smooth function known at the nodes of panels, read anywhere between and a little beyond; and densities so known,
whose distribution functions can be read anywhere.
"""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import legder, legvander
from numpy.typing import NDArray

from stats.panels import EXPAND, ORDER, Array, Panels, legendre_integrals


@dataclass(frozen=True, slots=True, eq=False)
class Smooth:
    """On each panel a polynomial of degree 19; outside, the tangent at the end.

    `edges`: shape (P + 1,). `value`, `slope`, `bend`: Legendre coefficients, shape (P, 20), of the function and its
    derivatives.
    """

    edges: Array
    value: Array
    slope: Array
    bend: Array

    @classmethod
    def through(cls, edges: Array, values: Array) -> "Smooth":
        """`values`: at the nodes of `Panels.cut(edges)`, shape (P, 20)."""
        value = values @ EXPAND
        half = 0.5 * np.diff(edges)[:, None]
        slope, bend = np.zeros_like(value), np.zeros_like(value)
        slope[:, :-1] = legder(value, axis=1) / half
        bend[:, :-1] = legder(slope, axis=1) / half
        return cls(edges=edges, value=value, slope=slope, bend=bend)

    def at(self, x: Array) -> Array:
        """The function at any x."""
        inside, panel, powers = self._find(x)
        return _sum(powers, self.value[panel]) + (x - inside) * _sum(powers, self.slope[panel])

    def slope_and_bend(self, x: Array) -> tuple[Array, Array]:
        """First and second derivative at any x."""
        inside, panel, powers = self._find(x)
        return _sum(powers, self.slope[panel]), np.where(x == inside, _sum(powers, self.bend[panel]), 0)

    def _find(self, x: Array) -> tuple[Array, NDArray[np.intp], Array]:
        inside = np.clip(x, self.edges[0], self.edges[-1])
        panel: NDArray[np.intp] = np.searchsorted(self.edges[1:-1], inside, side="right")
        left, right = self.edges[panel], self.edges[panel + 1]
        place: Array = (2 * inside - left - right) / (right - left)
        powers: Array = np.asarray(legvander(place, ORDER - 1), dtype=np.float64)
        return inside, panel, powers


@dataclass(frozen=True, slots=True, eq=False)
class Distributions:
    """A rows of densities, each on panels of its own, and each with an area of 1."""

    edges: Array  # shape (A, P + 1)
    density: Array  # Legendre coefficients, shape (A, P, 20)
    before: Array  # the mass before each panel, shape (A, P)
    after: Array

    @classmethod
    def of(cls, edges: Array, densities: Array) -> "Distributions":
        """`densities`: at the nodes of `Panels.cut(edges)`, shape (A, P, 20)."""
        before, after = Panels.cut(edges).around(densities)
        return cls(edges=edges, density=densities @ EXPAND, before=before, after=after)

    def at(self, x: Array) -> tuple[Array, Array, Array]:
        """The mass below, the mass above and the density at every x, infinite ones included; shape (A, N)."""
        inside = np.clip(x, self.edges[:, :1], self.edges[:, -1:])
        row = np.arange(len(x))[:, None]
        panel = (inside[..., None] >= self.edges[:, None, 1:-1]).sum(axis=-1)
        left, right = self.edges[row, panel], self.edges[row, panel + 1]
        half = (right - left) / 2
        place = np.divide(inside - (left + right) / 2, half, out=np.zeros_like(half), where=half > 0)
        coefficients = self.density[row, panel]
        up_to = _sum(legendre_integrals(place), coefficients) * half
        whole = 2 * coefficients[..., 0] * half
        height = np.where(x == inside, _sum(legvander(place, ORDER - 1), coefficients), 0)
        return (
            np.maximum(self.before[row, panel] + up_to, 0),
            np.maximum(self.after[row, panel] + whole - up_to, 0),
            np.maximum(height, 0),
        )


def _sum(powers: Array, coefficients: Array) -> Array:
    total: Array = (powers * coefficients).sum(axis=-1)
    return total
