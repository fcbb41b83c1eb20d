"""The Beta distribution of a conversion rate: prior and posterior of one variant.

It knows moments and quantiles in closed form. Whatever involves two variants is integrated elsewhere.
"""

from dataclasses import dataclass

from scipy import special

from stats.domain import check_probability, find_finite
from stats.errors import InvalidBeta
from stats.estimate import Estimate
from stats.samples import BinarySample

MIN_PARAMETER, MAX_PARAMETER = 0.5, 1e13  # below 0.5 too much of the mass lies nearer to 0 and 1 than a float can


@dataclass(frozen=True, slots=True)
class Beta:
    """What is believed of a rate: as if `a` conversions and `b` visitors without one had been seen.

    Args:
        a: pseudo-conversions, from 0.5 to 10^13.
        b: pseudo-visitors who did not convert, from 0.5 to 10^13.

    Raises:
        InvalidBeta: a parameter is outside its domain, or not a number.

    >>> Beta(1, 1).updated(BinarySample(n=10, conversions=4))
    Beta(a=5.0, b=7.0)
    """

    a: float
    b: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "a", _check_parameter("a", self.a))
        object.__setattr__(self, "b", _check_parameter("b", self.b))

    def updated(self, sample: BinarySample) -> "Beta":
        """The posterior after `sample`."""
        return Beta(self.a + sample.conversions, self.b + (sample.n - sample.conversions))

    def estimate(self, level: float) -> Estimate:
        """Mean, median and equal-tailed interval of the rate.

        Args:
            level: mass of the interval, strictly between 0 and 1.

        Raises:
            InvalidProbability.

        >>> round(Beta(1, 1).estimate(0.95).high, 3)
        0.975
        """
        level = check_probability("level", level)
        tail = (1 - level) / 2
        return Estimate(
            mean=self.a / (self.a + self.b),
            median=float(special.betaincinv(self.a, self.b, 0.5)),
            low=float(special.betaincinv(self.a, self.b, tail)),
            high=float(special.betainccinv(self.a, self.b, tail)),
        )


def _check_parameter(name: str, value: object) -> float:
    number = find_finite(value)
    if number is None or not MIN_PARAMETER <= number <= MAX_PARAMETER:
        raise InvalidBeta(f"{name} of a Beta must lie between 0.5 and 10^13", value)
    return number


JEFFREYS = Beta(0.5, 0.5)
