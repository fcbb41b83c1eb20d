"""A smooth function known at the nodes of panels, read anywhere between and a little beyond; and densities so known,
whose distribution functions can be read anywhere.

Source: Berrut and Trefethen, Barycentric Lagrange interpolation, SIAM Review 46, 2004.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stats.panels import Array, Panels, barycentric, differentiate


@dataclass(frozen=True, slots=True, eq=False)
class Smooth:
    """S functions on the same panels, each a polynomial of degree 19 on each of them; outside, the tangent at the end.

    `edges`: shape (P + 1,). `values`, `slopes`, `bends`: the functions and their derivatives at the nodes of
    `Panels.cut(edges)`, shape (S, P, 20).
    """

    edges: Array
    values: Array
    slopes: Array
    bends: Array

    @classmethod
    def through(cls, edges: Array, values: Array) -> "Smooth":
        half = 0.5 * np.diff(edges)[:, None]
        slopes = differentiate(values) / half
        return cls(edges=edges, values=values, slopes=slopes, bends=differentiate(slopes) / half)

    def at(self, x: Array) -> Array:
        """Each function at its own x, shape (S, ...)."""
        inside, where, kernel = self._find(x)
        found = _weigh(kernel, self.values[where])
        if np.array_equal(inside, x):
            return found
        return found + (x - inside) * _weigh(kernel, self.slopes[where])

    def slope_and_bend(self, x: Array) -> tuple[Array, Array]:
        """First and second derivative of each function at its own x, shape (S, ...)."""
        inside, where, kernel = self._find(x)
        return _weigh(kernel, self.slopes[where]), np.where(x == inside, _weigh(kernel, self.bends[where]), 0)

    def _find(self, x: Array) -> tuple[Array, tuple[NDArray[np.intp], NDArray[np.intp]], Array]:
        inside = np.clip(x, self.edges[0], self.edges[-1])
        panel: NDArray[np.intp] = np.searchsorted(self.edges[1:-1], inside, side="right")
        left, right = self.edges[panel], self.edges[panel + 1]
        row = np.arange(len(self.values)).reshape((-1,) + (1,) * (x.ndim - 1))
        return inside, (row, panel), barycentric((2 * inside - left - right) / (right - left))


@dataclass(frozen=True, slots=True, eq=False)
class Distributions:
    """A rows of densities, each on panels of its own, and each with an area of 1."""

    edges: Array  # shape (A, P + 1)
    density: Array  # at the nodes of `Panels.cut(edges)`, shape (A, P, 20)
    known: Array  # there: the mass below, the mass above and the density, shape (A, P, 20, 3)

    @classmethod
    def of(cls, edges: Array, density: Array) -> "Distributions":
        below, above = Panels.cut(edges).running(density)
        return cls(edges=edges, density=density, known=np.stack([below, above, density], axis=-1))

    def at(self, x: Array) -> tuple[Array, Array, Array]:
        """The mass below, the mass above and the density at every x, infinite ones included; shape (A, N)."""
        inside = np.clip(x, self.edges[:, :1], self.edges[:, -1:])
        row = np.arange(len(x))[:, None]
        panel = (inside[..., None] >= self.edges[:, None, 1:-1]).sum(axis=-1)
        left, right = self.edges[row, panel], self.edges[row, panel + 1]
        width = right - left
        kernel = barycentric(np.divide(2 * inside - left - right, width, out=np.zeros_like(width), where=width > 0))
        found = (kernel[..., None, :] @ self.known[row, panel])[..., 0, :] / kernel.sum(axis=-1, keepdims=True)
        below, above, density = np.moveaxis(np.maximum(found, 0), -1, 0)
        return below, above, np.where(x == inside, density, 0)


def _weigh(kernel: Array, values: Array) -> Array:
    total: Array = np.einsum("...k,...k->...", kernel, values) / kernel.sum(axis=-1)
    return total
