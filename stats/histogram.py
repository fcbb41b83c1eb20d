"""How many visitors had each value: money they paid, milliseconds they waited.

A value keeps three significant digits, so a tally holds at most 900 cells for each power of ten, however many visitors
come. What the values mean is decided elsewhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from stats.domain import MAX_COUNT, check_count, find_whole
from stats.errors import InvalidAmount


@dataclass(frozen=True, slots=True)
class Histogram:
    """Values with their visitors, in rising order of the values; made by `of` or `counted`, addable.

    Raises:
        InvalidAmount: a value is no whole number from 0 to 10^12, or the values do not rise.
        InvalidCount: a number of visitors is no whole number from 0 to 10^12.

    >>> Histogram.of([4900, 4900, 123_456])
    Histogram(cells=((4900, 2), (123000, 1)))
    """

    cells: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        cells = tuple((_check_value(value), check_count("visitors", visitors)) for value, visitors in self.cells)
        for (value, _), (following, _) in pairwise(cells):
            if following <= value:
                raise InvalidAmount("the values of a histogram must rise", following)
        object.__setattr__(self, "cells", cells)

    @classmethod
    def of(cls, values: Iterable[int]) -> "Histogram":
        """One visitor for each value, each value in its cell."""
        counts: dict[int, int] = {}
        for value in values:
            cell = cell_of(value)
            counts[cell] = counts.get(cell, 0) + 1
        return cls.counted(counts)

    @classmethod
    def counted(cls, counts: Mapping[int, int]) -> "Histogram":
        """From visitors by value, as a tally keeps them. Values are taken as they are; no visitors is no cell."""
        return cls(tuple(sorted((value, visitors) for value, visitors in counts.items() if visitors != 0)))

    @property
    def n(self) -> int:
        """Visitors in all cells."""
        return sum(visitors for _, visitors in self.cells)

    def at_rank(self, rank: int) -> int:
        """The `rank`-th smallest value, 1 being the smallest; there must be as many visitors."""
        for value, visitors in self.cells:
            rank -= visitors
            if rank <= 0:
                return value
        raise InvalidAmount("a rank must not exceed the number of visitors", rank + self.n)

    def __add__(self, other: "Histogram") -> "Histogram":
        counts = dict(self.cells)
        for value, visitors in other.cells:
            counts[value] = counts.get(value, 0) + visitors
        return Histogram.counted(counts)


def cell_of(value: int) -> int:
    """The value at which a visitor with `value` is counted: three significant digits, halves up, off by 0.5 % at most.

    Raises:
        InvalidAmount: no whole number from 0 to 10^12.

    >>> cell_of(999), cell_of(12_345), cell_of(99_950)
    (999, 12300, 100000)
    """
    value = _check_value(value)
    unit = unit_of(value)
    return (2 * value + unit) // (2 * unit) * unit


def unit_of(value: int) -> int:
    """How far apart cells lie about `value`."""
    return int(10 ** max(len(str(value)) - 3, 0))


def _check_value(value: object) -> int:
    number = find_whole(value)
    if number is None or not 0 <= number <= MAX_COUNT:
        raise InvalidAmount("a value must be a whole number from 0 to 10^12", value)
    return number
