"""Of many questions asked at once (secondary goals, segments), which answers may be called discoveries.

It knows p-values only. Which questions belong to one family is for the caller to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from stats.domain import check_probability, find_finite
from stats.errors import InvalidProbability


@dataclass(frozen=True, slots=True)
class Adjusted:
    """In the order of the p-values. `p_values`: the lowest rate at which each would be a discovery; `discoveries`:
    whether it is one at `rate`, which bounds the expected share of false ones among them."""

    p_values: tuple[float, ...]
    discoveries: tuple[bool, ...]
    rate: float


def adjust(p_values: Sequence[float], *, rate: float = 0.05) -> Adjusted:
    """Adjusts a family of p-values for the number of them.

    Args:
        p_values: from 0 to 1, one for each question, any number of them.
        rate: false discovery rate to keep, strictly between 0 and 1.

    Returns:
        An `Adjusted`. The bound holds for independent questions and for those that tend to rise together.

    Raises:
        InvalidProbability: a p-value outside [0, 1] or not a number, or a rate outside (0, 1).

    Edge cases: no p-values are no discoveries. Equal p-values stay equal.

    Source: Benjamini and Hochberg, Controlling the false discovery rate, JRSS B 57, 1995; Benjamini and Yekutieli, Annals
    of Statistics 29, 2001, for dependence.

    >>> adjust([0.01, 0.04, 0.03, 0.20])  # doctest: +ELLIPSIS
    Adjusted(p_values=(0.04, 0.0533..., 0.0533..., 0.2), discoveries=(True, False, False, False), rate=0.05)
    """
    rate = check_probability("rate", rate)
    values = [_check_p_value(value) for value in p_values]
    adjusted = [1.0] * len(values)
    least = 1.0
    order = sorted(range(len(values)), key=values.__getitem__)
    for rank in range(len(values), 0, -1):
        i = order[rank - 1]
        least = min(least, values[i] * (len(values) / rank))
        adjusted[i] = least
    return Adjusted(tuple(adjusted), tuple(value <= rate for value in adjusted), rate=rate)


def two_sided(p_above: float) -> float:
    """Twice the smaller tail of a posterior: what a family of posteriors is adjusted by.

    Under a flat prior and with enough data it is the two-sided p-value of the test that the lift is zero, as then
    posterior and sampling distribution are the same normal. Under any other prior, or with few conversions, it is no
    p-value, only the posterior's doubt about the lift's sign, and its false discovery rate is approximate.

    Args:
        p_above: P(lift > 0), from 0 to 1.

    Raises:
        InvalidProbability.

    >>> round(two_sided(0.975), 12)
    0.05
    """
    p = _check_p_value(p_above)
    return min(1.0, 2 * min(p, 1 - p))


def _check_p_value(value: object) -> float:
    number = find_finite(value)
    if number is None or not 0 <= number <= 1:
        raise InvalidProbability("a p-value must lie between 0 and 1", value)
    return number
