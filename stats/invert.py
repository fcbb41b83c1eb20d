"""Where a distribution has a given probability below it, or above: Newton's method inside a bracket.

It steps on the log-odds of the probability, which is nearly straight where the probability itself is flat, so far tails
cost no more steps than the middle. It draws nothing and knows nothing of what is distributed.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy import special

from stats.panels import Array

_MAX_STEPS = 80
_CLOSE = 1e-6  # in log-odds of the probability; the step that starts this near ends at rounding, Newton squares it


def invert(
    tails: Callable[[float], tuple[float, float, float]],
    p: float,
    *,
    upper: bool = False,
    start: float,
    low: float,
    high: float,
) -> float:
    """The point between `low` and `high` with probability `p` below it, or above when `upper`.

    `tails(x)` is P(below x), P(above x) and the density at x; both probabilities are asked for, as neither can be had
    from the other where it is small.
    """
    side = -1 if upper else 1
    target = side * float(special.logit(p))
    x, moved = min(max(start, low), high), math.inf
    for _ in range(_MAX_STEPS):
        below, above, density = tails(x)
        gap = _log_odds(below, above) - target
        low, high = (low, x) if gap > 0 else (x, high)
        following = x - gap * below * above / density if density > 0 else math.inf
        if not low <= following <= high or 2 * abs(following - x) > moved:  # over a cusp Newton jumps to and fro
            following = (low + high) / 2
        elif abs(gap) < _CLOSE:
            return following
        if following == x:
            return x
        x, moved = following, abs(following - x)
    return x


def invert_interval(
    tails: Callable[[Array], tuple[Array, Array, Array]],
    level: float,
    *,
    moments: tuple[float, float, float],
    low: float,
    high: float,
) -> tuple[float, float, float]:
    """The lower end of the equal-tailed interval of mass `level`, the median, and the upper end, all three at once.

    `tails` is that of `invert`, for an array. `moments` are mean, variance and third central moment, from which the
    search starts.

    Source: Cornish and Fisher, Moments and cumulants in the specification of distributions, 1938.
    """
    tail = (1 - level) / 2
    target = float(special.logit(tail)) * np.array([1.0, 0, -1])
    normal = float(special.ndtri(tail)) * np.array([1.0, 0, -1])
    mean, variance, third = moments
    x = np.clip(mean + math.sqrt(variance) * normal + (normal * normal - 1) * third / variance / 6, low, high)
    least, most, moved = np.full(3, low), np.full(3, high), np.full(3, math.inf)
    for _ in range(_MAX_STEPS):
        below, above, density = tails(x)
        with np.errstate(divide="ignore", invalid="ignore"):
            gap = np.log(below) - np.log(above) - target
            following = x - gap * below * above / density
        near = np.abs(gap) < _CLOSE
        if near.all():
            x = following
            break
        least, most = np.where(gap > 0, least, x), np.where(gap > 0, x, most)
        shrinks = 2 * np.abs(following - x) <= moved  # over a cusp Newton jumps to and fro
        trusted = near | (shrinks & (following >= least) & (following <= most))
        before, x = x, np.where(trusted, following, (least + most) / 2)
        moved = np.abs(x - before)
        if (near | (moved == 0)).all():
            break
    return float(x[0]), float(x[1]), float(x[2])


def _log_odds(below: float, above: float) -> float:
    if below <= 0:
        return -math.inf
    return math.log(below) - math.log(above) if above > 0 else math.inf
