"""A quantity with its uncertainty, as every result of `stats` shows one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A posterior in four numbers, in the unit of the quantity itself (a rate of 5.2 % is 0.052, a lift of 10 % 0.10).

    `low` and `high` bound the equal-tailed credible interval at the level the comparison was asked for. `mean` is
    `inf` where the expectation does not exist (see `compare`); the other three are always finite.
    """

    mean: float
    median: float
    low: float
    high: float
