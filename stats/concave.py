"""Log-concave densities, many at once: where their peak lies, where they end, how to integrate over one.

A density whose log is concave has one peak and tails that fall at least exponentially, so a peak, a width and a few
looks say where its mass is.
"""

import math
from collections.abc import Callable

import numpy as np

from stats.panels import Array

DEPTH = 40.0  # below exp(-40) of its peak a log-concave density has less than 1e-15 of its mass left
_STEPS = np.array([4.0, 9, 20, 45, 100])
_OFFSETS = np.concatenate([-_STEPS[::-1], [0], _STEPS])  # in widths of the peak
_WIDEST = 0.5  # in log-odds: a logistic function bends within 1, however wide a peak
_MAX_STEPS = 200
_CLOSE = 0.01  # in widths of the peak; where a peak is decides where panels and nodes lie, not what they add up to

_STRETCH = 0.25  # how much faster than evenly the nodes of `nodes_over` spread from the peak, per width of it
_SLIGHT = 0.08  # the same per unit of log-odds, for a density whose tails are those of Beta(0.5, 0.5)
_COARSE = 0.55  # their first distance, in widths of the peak
_SETTLED = 3e-6  # a sum that moves by less when nodes are doubled is off by the square of it
_NEGLIGIBLE = 1e-11

_PLACES = 0.3 * np.arange(-27, 28)
PEAK = np.sinh(_STRETCH * _PLACES) / _STRETCH  # nodes and weights of `nodes_over` around one peak, in widths of it
PEAK_WEIGHTS = 0.3 * np.cosh(_STRETCH * _PLACES)

_LOOKS = np.array([2, 4, 6.5, 9, 13, 20, 30, 45, 64])  # where to see how far the mass reaches, in widths of the peak


def climb(
    slope_and_bend: Callable[[Array], tuple[Array, Array]], start: Array, *, low: Array, high: Array
) -> tuple[Array, Array]:
    """The maximum of each of many concave functions between `low` and `high`, by Newton inside a bracket.

    The bracket is halved where Newton would leave it, or hardly shortens its step, as it may jump to and fro for ever.

    Args:
        slope_and_bend: the first derivative, and the second with its sign turned, which is positive.
        start, low, high: of each function.

    Returns:
        Where the maxima are, about, and the width of each peak: bend to the power -1/2.
    """
    x, moved = np.clip(start, low, high), high - low
    for _ in range(_MAX_STEPS):
        slope, bend = slope_and_bend(x)
        rises, step = slope > 0, slope / bend
        low, high = np.where(rises, x, low), np.where(rises, high, x)
        shrinks = np.abs(step) <= np.maximum(0.8 * moved, _CLOSE / np.sqrt(bend))
        trusted = shrinks & (x + step >= low) & (x + step <= high)
        following = np.where(trusted, x + step, (low + high) / 2)
        moved, x = np.abs(following - x), following
        if (moved * np.sqrt(bend) < _CLOSE).all():
            break
    return x, 1 / np.sqrt(bend)


def edges_around(log_height: Callable[[Array], Array], width: Array, *, far: float) -> Array:
    """Panel edges for each of many densities, as distances from its peak, shape (..., E).

    Args:
        log_height: at given distances from the peaks, shape (..., E), relative to the height there.
        width: of each peak.
        far: a distance beyond which every density is nothing.
    """
    edges = np.clip(np.minimum(width, _WIDEST)[..., None] * _OFFSETS, -far, far)
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


def nodes_over(
    log_density: Callable[[Array], Array], peak: Array, width: Array, *, apart: float = math.inf
) -> tuple[Array, Array]:
    """Nodes, and weights to sum with: values at the nodes times weights add up to an integral, for each of R densities.

    The trapezoidal rule, twice as many nodes until the integral of the density stands: its error falls exponentially,
    as what vanishes with all derivatives at both ends is periodic. The nodes spread from the peak like a hyperbolic
    sine, and hardly where that would take them too far `apart`: no faster than the density falls, of which they may miss
    ever larger a share.

    Args:
        log_density: of what the values are about proportional to, log-concave: from (R, N) to (R, N).
        peak, width: of each, about; shape (R,).
        apart: how far from each other nodes may be at the peak.

    Returns:
        Both of shape (R, N).

    Source: Trefethen and Weideman, The exponentially convergent trapezoidal rule, SIAM Review 56, 2014.
    """
    peak, width = peak[:, None], width[:, None]
    looks = np.concatenate([-_LOOKS[::-1], [0], _LOOKS])
    heights = log_density(peak + width * looks)
    top = heights.max(axis=1, keepdims=True)
    alive = np.flatnonzero((heights > top - DEPTH).any(axis=0))
    ends = looks[[max(alive[0] - 1, 0), min(alive[-1] + 1, len(looks) - 1)]]
    coarse = min(_COARSE, apart / width.max())
    stretch = _STRETCH
    if coarse * width.max() * math.hypot(1, _STRETCH * np.abs(ends).max()) > apart:
        stretch = min(_STRETCH, _SLIGHT * float(width.min()))
    low, high = np.arcsinh(stretch * ends) / stretch
    places, densities = np.empty(0), np.empty((len(peak), 0))
    step, before = coarse, np.full(len(peak), np.inf)
    steps = np.arange(math.ceil(low / step), math.floor(high / step) + 1)
    while True:
        more = step * steps
        found = np.exp(log_density(peak + width * _spread(more, stretch)) - top) * np.cosh(stretch * more)
        places, densities = np.concatenate([places, more]), np.concatenate([densities, found], axis=1)
        total = step * densities.sum(axis=1)
        if not math.isfinite(before[0]):  # the first time, every second node tells what twice the step would have given
            before = 2 * step * found[:, steps % 2 == 0].sum(axis=1)
        if (np.abs(total - before) < _SETTLED * total).all():
            break
        step, before = step / 2, total
        steps = np.arange(math.ceil(low / step), math.floor(high / step) + 1)
        steps = steps[steps % 2 == 1]
    places = places[(densities > _NEGLIGIBLE * densities.max(axis=1, keepdims=True)).any(axis=0)]
    return peak + width * _spread(places, stretch), step * width * np.cosh(stretch * places)


def _spread(places: Array, stretch: float) -> Array:
    spread: Array = np.sinh(stretch * places) / stretch
    return spread
