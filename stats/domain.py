"""What may be a count, a number, a probability: the checks that every entrance of `stats` shares.

They return the plain Python value, so numpy scalars may come in but travel no further. A bool is never a number.
"""

import math
from numbers import Integral, Real

from stats.errors import InvalidControl, InvalidCount, InvalidProbability, InvalidTau, InvalidTotal, TooFewVariants

MAX_COUNT = 10**12  # the precision of every result is tested up to here
MAX_TOTAL = 2**63 - 1  # of money, and of squares: what a database keeps in 64 bits


def check_count(name: str, value: object) -> int:
    count = find_whole(value)
    if count is None or not 0 <= count <= MAX_COUNT:
        raise InvalidCount(f"{name} must be a whole number from 0 to 10^12", value)
    return count


def check_total(name: str, value: object) -> int:
    total = find_whole(value)
    if total is None or not 0 <= total <= MAX_TOTAL:
        raise InvalidTotal(f"{name} must be a whole number from 0 to 2^63 - 1", value)
    return total


def check_control(control: object, variants: int) -> int:
    """The position of control among `variants`, of which there must be two or more."""
    if variants < 2:
        raise TooFewVariants("a comparison needs two variants or more", variants)
    position = find_whole(control)
    if position is None or not 0 <= position < variants:
        raise InvalidControl(f"control must be a position from 0 to {variants - 1}", control)
    return position


def check_probability(name: str, value: object) -> float:
    number = find_finite(value)
    if number is None or not 0 < number < 1:
        raise InvalidProbability(f"{name} must lie strictly between 0 and 1", value)
    return number


def check_tau(value: object, low: float, high: float) -> float:
    number = find_finite(value)
    if number is None or not low <= number <= high:
        raise InvalidTau(f"tau must lie between {low} and {high:g}", value)
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
