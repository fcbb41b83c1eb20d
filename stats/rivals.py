"""Independent normals, many sets of them at once: which one is highest, and how high the highest is.

For plans and forecasts, where thousands of futures are weighed and each is a normal approximation anyway. Results that
people act on are integrated exactly, elsewhere.
"""

import math

import numpy as np
from scipy import special

from stats.panels import Array

_REACH = 8.0  # standard deviations; beyond it lies 1e-15
_MAX_POINTS = 1_600


def highest(means: Array, deviations: Array) -> tuple[Array, Array]:
    """P(highest of its set) of each, and the expectation of the highest.

    Args:
        means, deviations: shape (..., K); deviations positive.

    Returns:
        Shapes (..., K) and (...), by the trapezoid rule, to 1e-9 for up to 20; less exact where one deviation of a set is
        a hundred times another.

    >>> p, top = highest(np.array([0.0, 0.0]), np.array([1.0, 1.0]))
    >>> p.round(9).tolist(), round(float(top), 9), round(1 / np.pi**0.5, 9)
    ([0.5, 0.5], 0.564189584, 0.564189584)
    """
    low = (means - _REACH * deviations).max(axis=-1)  # below it somebody surely is higher
    high = (means + _REACH * deviations).max(axis=-1)
    finest = float(((high - low) / deviations.min(axis=-1)).max())
    points = math.ceil(min(max(2.0, math.sqrt(means.shape[-1])) * finest, _MAX_POINTS))
    step = (high - low) / (points - 1)
    x = low[..., None] + step[..., None] * np.arange(points)
    z = (x[..., None, :] - means[..., None]) / deviations[..., None]
    below = special.ndtr(z)
    all_below = below.prod(axis=-2)
    with np.errstate(divide="ignore", invalid="ignore"):
        others_below = np.where(below > 0, all_below[..., None, :] / below, 0.0)
    density = np.exp(-0.5 * z * z) / (np.sqrt(2 * np.pi) * deviations[..., None])
    p_highest = step[..., None] * (density * others_below).sum(axis=-1)
    return p_highest, high - step * (all_below.sum(axis=-1) - 0.5)
