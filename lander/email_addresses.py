"""E-mail addresses as they are compared: how one is written to be found again, and which stand in a text. A leaf."""

import re
from collections.abc import Iterator
from typing import Final

_BREAKS: Final = re.compile(r"[\s,;:<>()\[\]\"'|/]+")
_LONGEST: Final = 254


def normalise(address: str) -> str:
    """As it is indexed: without blanks around it, in lower case."""
    return address.strip().lower()


def find_addresses(text: str) -> Iterator[str]:
    """What reads like an address, normalised; whether mail arrives there, nobody asks.

    >>> list(find_addresses("Write to Otto <Otto@Example.com>, not to @otto."))
    ['otto@example.com']
    """
    for word in _BREAKS.split(text):
        address = normalise(word.strip(".!?"))
        name, _, host = address.partition("@")
        if name and "." in host and "@" not in host and len(address) <= _LONGEST:
            yield address
