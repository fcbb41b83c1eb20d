"""What was observed of one variant: the few numbers its posterior needs, whatever the number of visitors.

A sample holds no rate and no opinion. Samples of separate days or segments add up to the sample of all of them.
"""

from dataclasses import dataclass

from stats.domain import check_count
from stats.errors import TooManyConversions


@dataclass(frozen=True, slots=True)
class BinarySample:
    """Visitors of one variant, each of whom converted or did not.

    Args:
        n: visitors, a whole number from 0 to 10^12.
        conversions: visitors who converted, a whole number from 0 to `n`.

    Raises:
        InvalidCount: a number is negative, too large, or not whole (1000.0 and True are not).
        TooManyConversions: more conversions than visitors.

    Edge cases: zero visitors is a sample, the posterior is then the prior.

    >>> BinarySample(n=1000, conversions=52) + BinarySample(n=500, conversions=20)
    BinarySample(n=1500, conversions=72)
    """

    n: int
    conversions: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", check_count("visitors", self.n))
        object.__setattr__(self, "conversions", check_count("conversions", self.conversions))
        if self.conversions > self.n:
            raise TooManyConversions("conversions must not exceed visitors", (self.conversions, self.n))

    def __add__(self, other: "BinarySample") -> "BinarySample":
        return BinarySample(n=self.n + other.n, conversions=self.conversions + other.conversions)
