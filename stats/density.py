"""A posterior to draw."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from stats.panels import Array


@dataclass(frozen=True, slots=True)
class Density:
    """A posterior to draw: `y[k]` is the density, per unit of rate, at rate `x[k]`; x rises in equal steps."""

    x: tuple[float, ...]
    y: tuple[float, ...]


def draw(per_log_odds: Callable[[Array], Array], *, low: float, high: float, mirrored: bool, points: int) -> Density:
    """The density of a rate, known per unit of log-odds.

    Args:
        low, high: of the rarer outcome's rate, as 1 - x has no digits left where nearly all visitors converted.
        mirrored: the rarer outcome is not to convert.
    """
    rare = np.linspace(low, high, points)
    z = special.logit(rare)
    y = per_log_odds(-z if mirrored else z) / (rare * (1 - rare))
    if mirrored:
        rare, y = 1 - rare[::-1], y[::-1]
    return Density(x=tuple(rare.tolist()), y=tuple(y.tolist()))
