"""What was observed of one variant: the few numbers its posterior needs, whatever the number of visitors.

A sample holds no rate and no opinion. Samples of separate days or segments add up to the sample of all of them.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from stats.domain import MAX_COUNT, check_count, check_total, find_whole
from stats.errors import ImpossibleTotals, InvalidAmount, TooManyConversions
from stats.histogram import Histogram, cell_of

LOG_UNITS = 10_000  # of a natural logarithm: a rounded log is off by 0.005 % of the amount at most


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
        total_of_squares: each visitor's number of events squared, and added up, from 0 to 2^63 - 1.

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


@dataclass(frozen=True, slots=True)
class RevenueSample:
    """Visitors of one variant and the money each of them brought, in minor units (cents), all whole numbers.

    Logs are whole numbers too, in units of 1/10,000 (`log_units`), and are squared after rounding. So sums of them can
    be added and subtracted without ever drifting, and their spread is never negative.

    Args:
        n: visitors, from 0 to 10^12.
        paying: visitors who paid, from 0 to `n`.
        total: what all of them paid together, at most 2^63 - 1.
        total_log: the sum of `log_units(amount)` over the paying.
        total_log2: the sum of its square over the paying.
        amounts: how many paid how much, for the winsorised mean; None where nobody kept it.

    Raises:
        InvalidCount, InvalidTotal: a number is negative, too large, or not whole.
        ImpossibleTotals: no amounts of at least 1 have these sums, as when some are cents and others are not.

    >>> RevenueSample.of(200, [4900, 9900]) + RevenueSample.of(100, [4900])  # doctest: +ELLIPSIS
    RevenueSample(n=300, paying=3, total=19700, total_log=261943, total_log2=22904353809, amounts=Histogram(...))
    """

    n: int
    paying: int
    total: int
    total_log: int
    total_log2: int
    amounts: Histogram | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", check_count("visitors", self.n))
        object.__setattr__(self, "paying", check_count("paying visitors", self.paying))
        for name in ("total", "total_log", "total_log2"):
            object.__setattr__(self, name, check_total(name, getattr(self, name)))
        if self.paying > self.n:
            raise ImpossibleTotals("paying visitors must not exceed visitors", (self.paying, self.n))
        if not self._is_possible():
            sums = (self.paying, self.total, self.total_log, self.total_log2)
            raise ImpossibleTotals("no amounts have this number, sum, sum of logs and sum of squared logs", sums)
        if self.amounts is not None and self.amounts.n != self.paying:
            raise ImpossibleTotals("a histogram must hold the paying visitors", (self.amounts.n, self.paying))

    @classmethod
    def of(cls, n: int, amounts: Iterable[int]) -> "RevenueSample":
        """From what each paying visitor paid."""
        return cls.counted(n, ((amount, 1) for amount in amounts))

    @classmethod
    def counted(cls, n: int, payments: Iterable[tuple[int, int]]) -> "RevenueSample":
        """From each amount and how many visitors paid it, however many: they are not laid out one by one."""
        pairs = list(payments)
        cells: Counter[int] = Counter()
        for amount, visitors in pairs:
            cells[cell_of(amount)] += visitors
        logs = [(log_units(amount), visitors) for amount, visitors in pairs]
        return cls(
            n=n,
            paying=sum(visitors for _, visitors in pairs),
            total=sum(amount * visitors for amount, visitors in pairs),
            total_log=sum(log * visitors for log, visitors in logs),
            total_log2=sum(log * log * visitors for log, visitors in logs),
            amounts=Histogram.counted(cells),
        )

    def __add__(self, other: "RevenueSample") -> "RevenueSample":
        return RevenueSample(
            n=self.n + other.n,
            paying=self.paying + other.paying,
            total=self.total + other.total,
            total_log=self.total_log + other.total_log,
            total_log2=self.total_log2 + other.total_log2,
            amounts=self.amounts + other.amounts if self.amounts is not None and other.amounts is not None else None,
        )

    def _is_possible(self) -> bool:
        paying, logs, squares = self.paying, self.total_log, self.total_log2
        if paying == 0:
            return self.total == logs == squares == 0
        spread = paying * squares >= logs * logs >= squares
        # The mean of logs never exceeds the log of the mean, but for what rounding adds.
        return self.total >= paying and spread and logs / paying <= LOG_UNITS * math.log(self.total / paying) + 1


@dataclass(frozen=True, slots=True)
class RatioSample:
    """Visitors of one variant, each with two whole numbers whose totals make a ratio: clicks per view, items per order.

    Args:
        n: visitors, from 0 to 10^12.
        numerator, denominator: the two totals.
        numerator2, denominator2: the totals of the squares.
        product: the total of each visitor's numerator times the same visitor's denominator.

    All totals are whole numbers from 0 to 2^63 - 1.

    Raises:
        InvalidCount, InvalidTotal: a number is negative, too large, or not whole.
        ImpossibleTotals: no `n` pairs of whole numbers have these sums.

    >>> RatioSample.of([(1, 4), (0, 2)]) + RatioSample.of([(2, 3)])
    RatioSample(n=3, numerator=3, denominator=9, numerator2=5, denominator2=29, product=10)
    """

    n: int
    numerator: int
    denominator: int
    numerator2: int
    denominator2: int
    product: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", check_count("visitors", self.n))
        for name in ("numerator", "denominator", "numerator2", "denominator2", "product"):
            object.__setattr__(self, name, check_total(name, getattr(self, name)))
        n, y, x, yy, xx, xy = self.n, self.numerator, self.denominator, self.numerator2, self.denominator2, self.product
        spread, other_spread = n * yy - y * y, n * xx - x * x  # n² times the variances, and below the covariance
        possible = y <= yy <= y * y and x <= xx <= x * x and spread >= 0 and other_spread >= 0
        if not possible or (n * xy - x * y) ** 2 > spread * other_spread:
            raise ImpossibleTotals("no visitors have these sums", (n, y, x, yy, xx, xy))

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> "RatioSample":
        """From each visitor's numerator and denominator."""
        seen = list(pairs)
        return cls(
            n=len(seen),
            numerator=sum(y for y, _ in seen),
            denominator=sum(x for _, x in seen),
            numerator2=sum(y * y for y, _ in seen),
            denominator2=sum(x * x for _, x in seen),
            product=sum(y * x for y, x in seen),
        )

    @property
    def squared_residuals(self) -> int:
        """Σ (y · Σx - x · Σy)² over the visitors: 0 where everybody has the same ratio."""
        y, x = self.numerator, self.denominator
        return self.numerator2 * x * x - 2 * self.product * x * y + self.denominator2 * y * y

    def __add__(self, other: "RatioSample") -> "RatioSample":
        return RatioSample(
            n=self.n + other.n,
            numerator=self.numerator + other.numerator,
            denominator=self.denominator + other.denominator,
            numerator2=self.numerator2 + other.numerator2,
            denominator2=self.denominator2 + other.denominator2,
            product=self.product + other.product,
        )


def log_units(amount: int) -> int:
    """The natural logarithm of an amount in minor units, as the whole number that a tally adds up and takes away again.

    Args:
        amount: what one visitor paid in all, from 1 to 10^12.

    Returns:
        10,000 times the logarithm, rounded.

    Raises:
        InvalidAmount: no whole number from 1 to 10^12. Who paid nothing, or got all of it back, is not paying.

    >>> log_units(4900), log_units(1)
    (84970, 0)
    """
    number = find_whole(amount)
    if number is None or not 1 <= number <= MAX_COUNT:
        raise InvalidAmount("an amount must be a whole number of minor units from 1 to 10^12", amount)
    return round(LOG_UNITS * math.log(number))
