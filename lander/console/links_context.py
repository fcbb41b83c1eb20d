"""What the screen of links that lead elsewhere shows."""

from dataclasses import dataclass
from typing import ClassVar

from lander.console.context import FormError


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link to another host, and what came of looking at it."""

    address: str
    words: str
    lines: list[tuple[str, str]]  # each as words, and the address of the line
    tone: str  # empty: nobody has looked
    tone_word: str
    result: str


@dataclass(frozen=True, slots=True)
class LinksScreen:
    """Where a variant leads away from the site."""

    template: ClassVar[str] = "links/index.html"
    label: str
    key: str
    page_address: str
    address: str
    version: int
    rows: list[LinkRow]
    looked: str  # what came of it in one line; empty where nobody has looked
    is_allowed: bool
    may_check: bool
    asked: int  # how many of them one click asks
    errors: list[FormError]
