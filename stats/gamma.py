"""The Gamma distribution of a mean number of events per visitor: prior and posterior of one variant.

It is the conjugate of Poisson events. Whether events are Poisson is decided elsewhere.
"""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np

from stats.domain import find_finite
from stats.errors import InvalidGamma
from stats.log_curve import LogCurve, enclose
from stats.panels import Array
from stats.samples import CountSample

MIN_PARAMETER, MAX_PARAMETER = 0.1, 1e13


@dataclass(frozen=True, slots=True)
class Gamma:
    """What is believed of a mean: as if `visitors` had been seen, and `events` of them all together.

    Args:
        events: pseudo-events, the shape, from 0.1 to 10^13.
        visitors: pseudo-visitors, the rate, from 0.1 to 10^13.

    Raises:
        InvalidGamma: a parameter is outside its domain, or not a number.

    >>> Gamma(0.5, 0.5).updated(CountSample(n=10, total=4, total_of_squares=6))
    Gamma(events=4.5, visitors=10.5)
    """

    events: float
    visitors: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "events", _check_parameter("events", self.events))
        object.__setattr__(self, "visitors", _check_parameter("visitors", self.visitors))

    @property
    def mean(self) -> float:
        return self.events / self.visitors

    def updated(self, sample: CountSample) -> "Gamma":
        """The posterior after `sample`, if each visitor's events are Poisson."""
        return Gamma(self.events + sample.total, self.visitors + sample.n)

    def curve(self) -> LogCurve:
        log_height = partial(_log_height, self.events, math.log(self.mean))
        # Wider than 1.5 and the double exponential on the right would fall within a single panel.
        edges = enclose(log_height, peak=math.log(self.mean), width=min(1 / math.sqrt(self.events), 1.5))
        inverse_mean = self.visitors / (self.events - 1) if self.events > 1 else math.inf
        return LogCurve.of(log_height, edges, mean=self.mean, inverse_mean=inverse_mean)


def _log_height(events: float, peak: float, u: Array) -> Array:
    """log f(u) - log f(peak), in which nothing large is subtracted."""
    d = u - peak
    return events * (d - np.expm1(d))


def _check_parameter(name: str, value: object) -> float:
    number = find_finite(value)
    if number is None or not MIN_PARAMETER <= number <= MAX_PARAMETER:
        raise InvalidGamma(f"{name} of a Gamma must lie between 0.1 and 10^13", value)
    return number


WEAK = Gamma(0.5, 0.5)
