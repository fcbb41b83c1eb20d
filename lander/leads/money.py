"""Money as people type it and read it, and as it is kept: integer cents of the site's currency."""

import re
from typing import Final

from lander.errors import InvalidInput

LARGEST_MINOR: Final = 2**31 - 1
# fmt: off
_WHOLE: Final = frozenset((  # ISO 4217: no cents
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF",
))
# fmt: on
_AMOUNT: Final = re.compile(
    r"(?P<whole>[0-9]+|[1-9][0-9]{0,2}(?P<mark>[.,' ])[0-9]{3}(?:(?P=mark)[0-9]{3})*)(?:(?!(?P=mark))[.,](?P<part>[0-9]{1,2}))?"
)
_MARKS: Final = str.maketrans("\u00a0\u202f\u2019", "  '")
_SIGNS: Final = "€$£¥ "


def parse_money(text: str, currency: str) -> int | None:
    """Cents of what was typed; None for nothing. Raises `InvalidInput`.

    A dot or comma before one or two last digits begins the cents, before three it groups thousands, which
    never begin with 0.

    >>> parse_money("1,234.50", "EUR"), parse_money("1.234", "EUR"), parse_money("12,5", "EUR"), parse_money("900", "JPY")
    (123450, 123400, 1250, 900)
    """
    typed = text.translate(_MARKS).strip().removeprefix(currency).removesuffix(currency).strip(_SIGNS)
    if not typed:
        return None
    found = _AMOUNT.fullmatch(typed)
    if found is None:
        raise InvalidInput(f"“{text.strip()[:40]}” is not an amount of money.", fix="Write it like 1,234.50.")
    part = found["part"] or ""
    if part and currency in _WHOLE:
        raise InvalidInput(f"{currency} has no cents.", fix="Write a whole number.")
    whole = int(re.sub(r"\D", "", found["whole"])[:15])
    minor = whole if currency in _WHOLE else whole * 100 + int(part.ljust(2, "0"))
    if minor > LARGEST_MINOR:
        raise InvalidInput(
            f"A lead is worth at most {write_money(LARGEST_MINOR, currency)} here.", fix="Write a smaller amount."
        )
    return minor


def in_units(minor: float, currency: str) -> float:
    """
    >>> in_units(123450, "EUR"), in_units(900, "JPY")
    (1234.5, 900)
    """
    return minor if currency in _WHOLE else minor / 100


def write_money(minor: int, currency: str) -> str:
    """
    >>> write_money(123450, "EUR"), write_money(900, "JPY")
    ('1,234.50 EUR', '900 JPY')
    """
    return f"{write_amount(minor, currency, grouped=True)} {currency}"


def write_amount(minor: int, currency: str, *, grouped: bool = False) -> str:
    """The number alone, as it can be typed again.

    >>> write_amount(123450, "EUR")
    '1234.50'
    """
    digits = 0 if currency in _WHOLE else 2
    amount = minor / 10**digits
    return f"{amount:,.{digits}f}" if grouped else f"{amount:.{digits}f}"
