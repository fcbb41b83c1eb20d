"""Normal posteriors of positive quantities, as curves over the log: of a mean that cannot be negative, and of a log.

What makes them normal, the number of visitors, is for the caller to judge.
"""

import math
from dataclasses import replace
from functools import partial

import numpy as np
from scipy import special

from stats.log_curve import LogCurve, enclose
from stats.panels import Array, Panels

_FAR_FROM_ZERO = 9.0  # standard deviations: beyond it a normal leaves 1e-19 of its mass below zero


def normal_curve(mean: float, deviation: float) -> LogCurve:
    """The normal with this mean, which is positive, and standard deviation, cut off at zero.

    One divided by it has no expectation, as the density at zero is not zero. Where zero is nine deviations away that
    is of no consequence, and the expectation above zero is given.
    """
    ratio = mean / deviation
    peak = math.log((mean + math.sqrt(mean * mean + 4 * deviation * deviation)) / 2)
    log_height = partial(_log_height, mean, deviation)
    top = math.exp(peak)
    edges = enclose(log_height, peak=peak, width=deviation / math.sqrt(top * (2 * top - mean)))
    cut = math.exp(-ratio * ratio / 2 - float(special.log_ndtr(ratio))) / math.sqrt(2 * math.pi)
    curve = LogCurve.of(log_height, edges, mean=mean + deviation * cut, inverse_mean=math.inf)
    if ratio < _FAR_FROM_ZERO:
        return curve
    panels = Panels.between([edges], edges[0], edges[-1])
    return replace(curve, inverse_mean=float(panels.integral(curve.density(panels.z) * np.exp(-panels.z))))


def log_normal_curve(mean: float, deviation: float) -> LogCurve:
    """The quantity whose log is normal with this mean and standard deviation."""
    log_height = partial(_log_height_of_log, mean, deviation)
    half = deviation * deviation / 2
    edges = enclose(log_height, peak=mean, width=deviation)
    return LogCurve.of(log_height, edges, mean=math.exp(mean + half), inverse_mean=math.exp(half - mean))


def _log_height(mean: float, deviation: float, u: Array) -> Array:
    return u - ((np.exp(u) - mean) / deviation) ** 2 / 2


def _log_height_of_log(mean: float, deviation: float, u: Array) -> Array:
    return -(((u - mean) / deviation) ** 2) / 2
