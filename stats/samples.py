"""What was observed of one variant: the few numbers its posterior needs, whatever the number of visitors.

A sample holds no rate and no opinion. Samples of separate days or segments add up to the sample of all of them.
"""

from dataclasses import dataclass

from stats.domain import check_count, check_total
from stats.errors import ImpossibleTotals, TooManyConversions


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


@dataclass(frozen=True, slots=True)
class CountSample:
    """Visitors of one variant, each of whom did something any number of times: pages read, videos started, orders.

    Args:
        n: visitors, a whole number from 0 to 10^12.
        total: events of all of them together, from 0 to 10^12.
        total_of_squares: each visitor's number of events squared, and added up, from 0 to 10^18.

    Raises:
        InvalidCount, InvalidTotal: a number is negative, too large, or not whole.
        ImpossibleTotals: no `n` whole numbers have this sum and this sum of squares.

    >>> CountSample(n=3, total=4, total_of_squares=10) + CountSample(n=1, total=2, total_of_squares=4)
    CountSample(n=4, total=6, total_of_squares=14)
    """

    n: int
    total: int
    total_of_squares: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", check_count("visitors", self.n))
        object.__setattr__(self, "total", check_count("events", self.total))
        object.__setattr__(self, "total_of_squares", check_total("the sum of squares", self.total_of_squares))
        n, total, squares = self.n, self.total, self.total_of_squares
        if not total <= squares <= total * total or n * squares < total * total:
            raise ImpossibleTotals("no visitors have this number, sum and sum of squares", (n, total, squares))

    @property
    def dispersion(self) -> float | None:
        """Variance between visitors over their mean, 1 for Poisson events; None without two visitors and an event."""
        if self.n < 2 or self.total == 0:
            return None
        return (self.n * self.total_of_squares - self.total**2) / (self.total * (self.n - 1))

    def __add__(self, other: "CountSample") -> "CountSample":
        return CountSample(
            n=self.n + other.n,
            total=self.total + other.total,
            total_of_squares=self.total_of_squares + other.total_of_squares,
        )
