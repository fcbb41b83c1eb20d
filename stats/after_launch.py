"""What to expect once a variant is shown to everybody: conversions gained over control in a coming period.

Two kinds of doubt add up: what the two rates are, and who of the visitors will happen to convert. The first is the
joint posterior as it is; the second is taken for normal given the rates, with the variance that rounding to whole
conversions has (Sheppard's correction), so it is right to within about half a conversion.
"""

import math

import numpy as np
from scipy import special

from stats.estimate import Estimate
from stats.invert import invert_interval
from stats.panels import Array

_ROUNDING = 1 / 12  # variance of what is lost to whole numbers
_FAR = 40.0  # standard deviations, where a normal has nothing left


def forecast_gain(control: Array, variant: Array, weights: Array, *, visitors: int, level: float) -> Estimate:
    """Conversions of `visitors` who see the variant less those of as many who see control.

    Args:
        control, variant: nodes of the joint posterior of both rates, of any equal shape.
        weights: how much each node counts; they sum to 1.
    """
    gains = visitors * (variant - control)
    deviations = np.sqrt(visitors * (variant * (1 - variant) + control * (1 - control)) + _ROUNDING)
    mean = float((weights * gains).sum())
    away = gains - mean
    variance = float((weights * (away**2 + deviations**2)).sum())
    third = float((weights * (away**3 + 3 * away * deviations**2)).sum())

    def tails(x: Array) -> tuple[Array, Array, Array]:
        place = (x[:, None] - gains) / deviations
        density = np.exp(-(place**2) / 2) / (math.sqrt(2 * math.pi) * deviations)
        return special.ndtr(place) @ weights, special.ndtr(-place) @ weights, density @ weights

    low, median, high = invert_interval(
        tails,
        level,
        moments=(mean, variance, third),
        low=float((gains - _FAR * deviations).min()),
        high=float((gains + _FAR * deviations).max()),
    )
    return Estimate(mean=mean, median=median, low=low, high=high)
