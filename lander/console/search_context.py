"""What the search screen shows."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found. `before`, `match` and `after` are the words around it, where it is a text."""

    label: str
    address: str
    detail: str = ""
    before: str = ""
    match: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Things of one kind; `has_more` where there are more than are listed."""

    name: str
    title: str
    hits: list[Hit]
    has_more: bool


@dataclass(frozen=True, slots=True)
class SearchScreen:
    """Whatever has these words in it."""

    template: ClassVar[str] = "search/index.html"
    words: str
    groups: list[Group]
    said: str
