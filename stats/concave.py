"""Log-concave densities, many at once: where their peak lies, where they end, how to integrate over one.

A density whose log is concave has one peak and tails that fall at least exponentially, so a peak, a width and a few
looks say where its mass is.
"""

import math
from collections.abc import Callable

import numpy as np

from stats.panels import Array

DEPTH = 40.0  # below exp(-40) of its peak a log-concave density has less than 1e-15 of its mass left
_STEPS = np.array([2.5, 5.5, 9, 16, 32, 64])
_OFFSETS = np.concatenate([-_STEPS[::-1], [0], _STEPS])  # in widths of the peak
_MAX_STEPS = 200
_CLOSE = 1e-6  # in widths of the peak; Newton squares what is left

_STRETCH = 0.3  # how much faster than evenly the nodes of `nodes_over` spread from the peak
_COARSE = 1.1  # their first distance, in widths of the peak
_SETTLED = 1e-5  # a sum that moves by less when nodes are doubled is off by the square of it
_NEGLIGIBLE = 1e-13


def climb(
    slope_and_bend: Callable[[Array], tuple[Array, Array]], start: Array, *, low: Array, high: Array
) -> tuple[Array, Array]:
    """The maximum of each of many concave functions between `low` and `high`, by Newton inside a bracket.

    The bracket is halved where Newton would leave it, or does not halve its step, as it may jump to and fro for ever.

    Args:
        slope_and_bend: the first derivative, and the second with its sign turned, which is positive.
        start, low, high: of each function.

    Returns:
        Where the maxima are, and the width of each peak: bend to the power -1/2.
    """
    x, moved = np.clip(start, low, high), high - low
    for _ in range(_MAX_STEPS):
        slope, bend = slope_and_bend(x)
        rises, step = slope > 0, slope / bend
        low, high = np.where(rises, x, low), np.where(rises, high, x)
        shrinks = np.abs(step) <= np.maximum(moved / 2, _CLOSE / np.sqrt(bend))
        trusted = shrinks & (x + step >= low) & (x + step <= high)
        following = np.where(trusted, x + step, (low + high) / 2)
        moved, x = np.abs(following - x), following
        if (moved * np.sqrt(bend) < _CLOSE).all():
            break
    return x, 1 / np.sqrt(slope_and_bend(x)[1])


def edges_around(log_height: Callable[[Array], Array], width: Array, *, far: float) -> Array:
    """Panel edges for each of many densities, as distances from its peak, shape (..., E).

    Args:
        log_height: at given distances from the peaks, shape (..., E), relative to the height there.
        width: of each peak.
        far: a distance beyond which every density is nothing.
    """
    edges = np.clip(width[..., None] * _OFFSETS, -far, far)
    ends = np.full((*width.shape, 1), far)
    edges = np.concatenate([-ends, edges, ends], axis=-1)
    alive = log_height(edges) > -DEPTH
    last = edges.shape[-1] - 1
    first_kept = np.maximum(alive.argmax(axis=-1) - 1, 0)
    last_kept = np.minimum(last + 1 - alive[..., ::-1].argmax(axis=-1), last)
    edges = np.clip(
        edges,
        np.take_along_axis(edges, first_kept[..., None], axis=-1),
        np.take_along_axis(edges, last_kept[..., None], axis=-1),
    )
    wanted = (np.diff(edges) > 0).reshape(-1, last).any(axis=0)
    kept: Array = edges[..., np.concatenate([[True], wanted])]
    return kept


def nodes_over(log_density: Callable[[Array], Array], *, peak: float, width: float) -> tuple[Array, Array]:
    """Nodes and weights, which sum to 1, that average a smooth function over a log-concave density.

    The trapezoidal rule on nodes that spread from the peak like a hyperbolic sine, twice as many until the sum stands:
    its error falls exponentially, as the density is analytic and vanishes with all derivatives at both ends.

    Source: Trefethen and Weideman, The exponentially convergent trapezoidal rule, SIAM Review 56, 2014.
    """
    steps = np.array([2, 4, 6.5, 9.5, 14, 20, 30, 45, 64])
    offsets = np.concatenate([-steps[::-1], [0], steps])
    heights = log_density(peak + width * offsets)
    alive = np.flatnonzero(heights > heights.max() - DEPTH)
    ends = np.arcsinh(_STRETCH * offsets[[max(alive[0] - 1, 0), min(alive[-1] + 1, len(offsets) - 1)]]) / _STRETCH
    top = heights.max()

    def weigh(places: Array) -> tuple[Array, Array]:
        nodes = peak + width * np.sinh(_STRETCH * places) / _STRETCH
        return nodes, np.exp(log_density(nodes) - top) * np.cosh(_STRETCH * places)

    step = _COARSE
    nodes, weights = weigh(step * np.arange(math.ceil(ends[0] / step), math.floor(ends[1] / step) + 1))
    total = step * weights.sum()
    for _ in range(8):
        step /= 2
        between = np.arange(math.ceil(ends[0] / step), math.floor(ends[1] / step) + 1)
        more_nodes, more_weights = weigh(step * between[between % 2 == 1])
        nodes, weights = np.concatenate([nodes, more_nodes]), np.concatenate([weights, more_weights])
        before, total = total, step * weights.sum()
        if abs(total - before) < _SETTLED * total:
            break
    kept = weights > _NEGLIGIBLE * weights.max()
    return nodes[kept], weights[kept] / weights[kept].sum()
