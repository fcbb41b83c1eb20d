"""What may be a count, a number, a probability: the checks that every entrance of `stats` shares.

They return the plain Python value, so numpy scalars may come in but travel no further. A bool is never a number.
"""

import math
from numbers import Integral, Real

from stats.errors import InvalidCount, InvalidProbability

MAX_COUNT = 10**12  # the precision of every result is tested up to here


def check_count(name: str, value: object) -> int:
    count = find_whole(value)
    if count is None or not 0 <= count <= MAX_COUNT:
        raise InvalidCount(f"{name} must be a whole number from 0 to 10^12", value)
    return count


def check_probability(name: str, value: object) -> float:
    number = find_finite(value)
    if number is None or not 0 < number < 1:
        raise InvalidProbability(f"{name} must lie strictly between 0 and 1", value)
    return number


def find_whole(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, Integral):
        return None
    return int(value)


def find_finite(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except OverflowError:  # a whole number beyond any float
        return None
    return number if math.isfinite(number) else None
