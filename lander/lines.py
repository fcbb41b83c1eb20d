"""Which line of a source an offset lies on, where parts of the source were put in from elsewhere: a page's snippets.

A finding names the line that somebody can open: one of the page, or one of the snippet that stands there.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_NEWLINE: Final = re.compile(r"\r\n?|\n")


@dataclass(frozen=True, slots=True)
class Insertion:
    """A span of a source that was put in from elsewhere, in place of something that spanned `lines` line ends."""

    start: int
    end: int
    name: str
    lines: int = 0


class InsertedLine(int):
    """A line of the page, on which line `own` of an insertion `name` stands."""

    own: int
    name: str

    def __new__(cls, line: int, own: int, name: str) -> "InsertedLine":
        made = super().__new__(cls, line)
        made.own, made.name = own, name
        return made

    def __getnewargs__(self) -> tuple[int, int, str]:  # type: ignore[override]  # so that it can be copied
        return int(self), self.own, self.name

    def __str__(self) -> str:
        return f"{int(self)} (line {self.own} of the snippet {self.name})"


class Lines:
    """Which line an offset lies on, counted from 1. Insertions move no line of the page, and count their own."""

    def __init__(self, source: str, insertions: Sequence[Insertion] = ()) -> None:
        self._starts = (0, *(match.end() for match in _NEWLINE.finditer(source)))
        self._insertions = insertions
        self._insertion_starts = [insertion.start for insertion in insertions]
        self._moved = [0]  # by how many lines all insertions so far have moved what follows them
        for item in insertions:
            spanned = bisect_right(self._starts, item.end) - bisect_right(self._starts, item.start)
            self._moved.append(self._moved[-1] + spanned - item.lines)

    def at(self, offset: int) -> int:
        line = bisect_right(self._starts, offset)
        if not self._insertions:
            return line
        position = bisect_right(self._insertion_starts, offset) - 1
        if position >= 0 and offset < self._insertions[position].end:
            first = bisect_right(self._starts, self._insertions[position].start)
            return InsertedLine(first - self._moved[position], line - first + 1, self._insertions[position].name)
        return line - self._moved[position + 1]
