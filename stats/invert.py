"""Where a distribution has a given probability below it, or above: Newton's method inside a bracket.

It steps on the log-odds of the probability, which is nearly straight where the probability itself is flat, so far tails
cost no more steps than the middle. It draws nothing and knows nothing of what is distributed.
"""

import math
from collections.abc import Callable

from scipy import special

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
    x = min(max(start, low), high)
    for _ in range(_MAX_STEPS):
        below, above, density = tails(x)
        gap = _log_odds(below, above) - target
        low, high = (low, x) if gap > 0 else (x, high)
        following = x - gap * below * above / density if density > 0 else math.inf
        if not low <= following <= high:
            following = (low + high) / 2
        elif abs(gap) < _CLOSE:
            return following
        if following == x:
            return x
        x = following
    return x


def _log_odds(below: float, above: float) -> float:
    if below <= 0:
        return -math.inf
    return math.log(below) - math.log(above) if above > 0 else math.inf
