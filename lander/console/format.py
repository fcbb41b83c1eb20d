"""How numbers and times are written on screens: units always, never more digits than they deserve.

Rates and lifts are fractions in code and per cent here. The width of the range decides the digits of the point beside
it. Pure functions; templates reach them as filters.
"""

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from experiments import words
from experiments.words import MINUS, plural

NBSP = "\u00a0"
PER_CENT = NBSP + "%"
_MOST_LIFT = 10.0  # beyond a thousand per cent a number only says that little is known


def sentence(said: str) -> str:
    """With each number and its per cent on one line.

    >>> sentence("over 99 % sure")
    'over 99\\xa0% sure'
    """
    return said.replace(" %", PER_CENT)


def count(number: int) -> str:
    """
    >>> count(1234567)
    '1,234,567'
    """
    return f"{number:,}"


def digits_for(low: float, high: float) -> int:
    """Decimals, in per cent, that a value between `low` and `high` deserves: its range spans two digits or more."""
    width = (high - low) * 100
    if not math.isfinite(width) or width <= 0:
        return 1
    return min(4, max(0, math.ceil(1 - math.log10(width))))


def rate_range(low: float, high: float) -> str:
    """
    >>> rate_range(0.0461, 0.0588).replace(NBSP, " ")
    '4.6–5.9 %'
    """
    digits = digits_for(low, high)
    return f"{low * 100:.{digits}f}–{high * 100:.{digits}f}{PER_CENT}"


def rate(value: float, low: float, high: float) -> str:
    """
    >>> rate(0.05213, 0.0461, 0.0588).replace(NBSP, " ")
    '5.2 %'
    """
    return f"{value * 100:.{digits_for(low, high)}f}{PER_CENT}"


def lift_range(low: float, high: float) -> str:
    """
    >>> lift_range(-0.021, 0.234).replace(NBSP, " ")
    '−2 to +23 %'
    >>> lift_range(-0.99, 262).replace(NBSP, " ")
    '−99 to over +1,000 %'
    """
    digits = _lift_digits(low, high)
    upper = "over +1,000" if high > _MOST_LIFT else _signed(high * 100, digits)
    return f"{_signed(low * 100, digits)} to {upper}{PER_CENT}"


def lift(value: float, low: float, high: float) -> str:
    """
    >>> lift(0.1234, -0.021, 0.234).replace(NBSP, " ")
    '+12 %'
    """
    return f"{_signed(value * 100, _lift_digits(low, high))}{PER_CENT}"


def probability(value: float) -> str:
    """As in the verdict, so that a table never disagrees with the sentence above it.

    >>> probability(0.973).replace(NBSP, " ")
    '97 %'
    """
    return words.probability(value).replace(" %", PER_CENT)


def share(value: float) -> str:
    """
    >>> share(0.816).replace(NBSP, " ")
    '82 %'
    """
    return words.share(value).replace(" %", PER_CENT)


def percent(fraction: float) -> str:
    """A number that somebody chose, without a zero too many.

    >>> [percent(value).replace(NBSP, " ") for value in (0.1, 0.005, 0.0482)]
    ['10 %', '0.5 %', '4.82 %']
    """
    return f"{round(100 * fraction, 2):g}{PER_CENT}"


def p_value(value: float) -> str:
    """
    >>> p_value(0.4137), p_value(0.004), p_value(1e-9)
    ('0.41', '0.004', 'under 0.001')
    """
    if value < 0.001:
        return "under 0.001"
    return f"{value:.2f}" if value >= 0.01 else f"{value:.3f}"


def per_thousand(value: float) -> str:
    """A rate as conversions per 1,000 visitors, as in the verdict.

    >>> per_thousand(0.0004)
    '0.4'
    """
    return words.per_thousand(value)


def basis_points(value: int) -> str:
    """
    >>> basis_points(5000).replace(NBSP, " "), basis_points(3333).replace(NBSP, " ")
    ('50 %', '33.33 %')
    """
    return f"{value / 100:g}{PER_CENT}"


def coverage(value: int) -> str:
    """
    >>> coverage(10_000), coverage(2_000).replace(NBSP, " ")
    ('all visitors', '20 % of visitors')
    """
    return "all visitors" if value == 10_000 else f"{basis_points(value)} of visitors"


def moment(at: datetime, timezone: str) -> str:
    """In the site's zone, which is named.

    >>> moment(datetime(2026, 11, 21, 13, 5, tzinfo=UTC), "Europe/Berlin")
    '21 Nov 2026, 14:05 (Europe/Berlin)'
    """
    local = at.astimezone(ZoneInfo(timezone))
    return f"{local.day} {local:%b %Y, %H:%M} ({timezone})"


def stamp(at: datetime) -> str:
    """For the audit trail: UTC to the second, which sorts as text.

    >>> stamp(datetime(2026, 11, 21, 13, 5, 9, tzinfo=UTC))
    '2026-11-21 13:05:09'
    """
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def ago(at: datetime, now: datetime) -> str:
    """
    >>> noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    >>> [ago(noon - timedelta(**{unit: 3}), noon) for unit in ("seconds", "minutes", "hours", "days", "weeks")]
    ['just now', '3 minutes ago', '3 hours ago', '3 days ago', '21 days ago']
    """
    passed = now - at
    if passed < timedelta(minutes=1):
        return "just now"
    if passed < timedelta(hours=1):
        return f"{plural(passed // timedelta(minutes=1), 'minute')} ago"
    if passed < timedelta(days=1):
        return f"{plural(passed // timedelta(hours=1), 'hour')} ago"
    return f"{plural(passed // timedelta(days=1), 'day')} ago"


def _lift_digits(low: float, high: float) -> int:
    return max(0, digits_for(low, high) - 1)


def _signed(value: float, digits: int) -> str:
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return text
    return f"{MINUS if value < 0 else '+'}{text}"
