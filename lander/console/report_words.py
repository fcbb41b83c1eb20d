"""How a report writes what no other screen has: evidence as odds, money, days, occasions."""

import math
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import stats
from experiments.lenses import Range
from experiments.words import plural
from lander.console.format import NBSP
from lander.leads.money import in_units, write_money

_MOST_ODDS: Final = 1e6
_MOST_MONEY: Final = 1e6  # a visitor: beyond it a number only says that little is known
_WHOLE_FROM: Final = 10  # units
_MOST_DIGITS: Final = 4
_STRONG: Final = stats.Rule().strong_from
_LEVELS: Final = {("returning", "returning"): "yes", ("returning", "new"): "no", ("source", ""): "none named"}
_SOME: Final = 3.0  # Jeffreys: below this, evidence is worth no more than a bare mention


def odds(e_value: float) -> str:
    """An e-value: how many times likelier the data are if there is a lift than if there is none.

    >>> [odds(value).replace(NBSP, " ") for value in (0.2, 1.62, 34.4, 4e7)]
    ['0.2 to 1', '1.6 to 1', '34 to 1', 'over 1,000,000 to 1']
    """
    if e_value > _MOST_ODDS:
        return f"over{NBSP}{_MOST_ODDS:,.0f}{NBSP}to{NBSP}1"
    digits = 0 if e_value >= 10 else 1
    return f"{e_value:,.{digits}f}{NBSP}to{NBSP}1"


def strength(e_value: float) -> str:
    """
    >>> [strength(value) for value in (0.2, 5, 34)]
    ['none yet', 'some', 'strong']
    """
    return "strong" if e_value >= _STRONG else "some" if e_value >= _SOME else "none yet"


def number_range(item: Range) -> str:
    """A range of conversions, signed, with the digits it deserves.

    >>> number_range(Range(None, 6.2, -1.04, 13.3, 4.0, 8.0)).replace(NBSP, " ")
    '−1 to +13'
    >>> number_range(Range(None, 0.3, -0.52, 1.1, 0.1, 0.5)).replace(NBSP, " ")
    '−0.5 to +1.1'
    """
    digits = 0 if item.high - item.low >= 10 else 1
    return f"{_signed(item.low, digits)} to {_signed(item.high, digits)}"


def money_range(item: Range, currency: str) -> str:
    """
    >>> money_range(Range(None, 120.0, -5000.4, 123456.0, 0.0, 0.0), "EUR")
    '−50.00 EUR to 1,234.56 EUR'
    """
    return f"{money(item.low, currency)} to {money(item.high, currency)}"


def money(minor: float, currency: str) -> str:
    """
    >>> money(-5000.4, "EUR")
    '−50.00 EUR'
    """
    return f"{'−' if minor < 0 else ''}{write_money(abs(round(minor)), currency)}".strip()


def money_about(minor: float, currency: str) -> str:
    """An expectation, without more digits than it deserves.

    >>> money_about(537_956.2, "EUR").replace(NBSP, " "), money_about(781, "EUR")
    ('5,380 EUR', '7.81 EUR')
    """
    units = in_units(minor, currency)
    return f"{units:,.0f}{NBSP}{currency}".strip() if abs(units) >= _WHOLE_FROM else money(minor, currency)


def money_per_visitor_range(low: float, high: float, currency: str) -> str:
    """What a visitor brings, from minor units, with the digits that its range deserves.

    >>> money_per_visitor_range(61.2, 184.9, "EUR").replace(NBSP, " ")
    '0.61–1.85 EUR'
    >>> money_per_visitor_range(912.0, 5_000.0, "JPY").replace(NBSP, " ")
    '912–5,000 JPY'
    >>> money_per_visitor_range(56.17, 1_621.72, "EUR").replace(NBSP, " ")
    '0.56–16.22 EUR'
    >>> money_per_visitor_range(2.0, 5e40, "EUR").replace(NBSP, " ")
    '0.02–over 1,000,000 EUR'
    """
    digits = _money_digits(low, high, currency)
    least, most = in_units(low, currency), in_units(high, currency)
    upper = f"over{NBSP}{_MOST_MONEY:,.0f}" if most > _MOST_MONEY else f"{most:,.{digits}f}"
    return f"{least:,.{digits}f}–{upper}{NBSP}{currency}".strip()


def money_per_visitor(value: float, low: float, high: float, currency: str) -> str:
    """
    >>> money_per_visitor(120.4, 61.2, 184.9, "EUR").replace(NBSP, " ")
    '1.20 EUR'
    """
    return f"{in_units(value, currency):,.{_money_digits(low, high, currency)}f}{NBSP}{currency}".strip()


def name_dimension(dimension: str) -> str:
    """
    >>> name_dimension("device"), name_dimension("returning")
    ('Device', 'Returning')
    """
    return dimension.capitalize()


def level_in_words(dimension: str, level: str) -> str:
    """
    >>> level_in_words("returning", "new"), level_in_words("device", "phone"), level_in_words("browser", "")
    ('no', 'phone', 'unknown')
    >>> level_in_words("day", "2026-11-09")
    '9 Nov 2026'
    """
    if dimension == "day":
        return day(date.fromisoformat(level))
    return _LEVELS.get((dimension, level), level or "unknown")


def day(of: date) -> str:
    """
    >>> day(date(2026, 11, 9))
    '9 Nov 2026'
    """
    return f"{of.day} {of:%b %Y}"


def day_of(at: datetime, timezone: str) -> date:
    """The day of a moment in a time zone."""
    return at.astimezone(ZoneInfo(timezone)).date()


def days_left(days: int | None) -> str:
    """
    >>> days_left(12), days_left(0), days_left(None)
    ('about 12 more days', '', '')
    """
    return f"about {plural(days, 'more day')}" if days else ""


def _money_digits(low: float, high: float, currency: str) -> int:
    """None, or those of cents and more where the range begins that low or is that narrow."""
    width = in_units(high - low, currency)
    digits = min(_MOST_DIGITS, max(0, math.ceil(1 - math.log10(width)))) if width > 0 else _MOST_DIGITS
    return max(2, digits) if digits or in_units(low, currency) < _WHOLE_FROM else 0


def _signed(value: float, digits: int) -> str:
    text = f"{abs(value):,.{digits}f}"
    return text if float(text.replace(",", "")) == 0 else f"{'−' if value < 0 else '+'}{text}"
