"""An HTML source that can be asked about and edited, and is otherwise left alone.

Bytes come from the source, structure from Lexbor: `lander.tokenizer` finds every start tag with its offsets, and a copy
of the source with a number in each tag is parsed by Lexbor when somebody selects. Edits are splices on the source, so
what is not edited stays as it was, byte for byte.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final

from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from lander.elements import FORMATTING
from lander.escapes import escape_attribute, escape_text, lower, unescape
from lander.lines import InsertedLine, Insertion, Lines
from lander.tokenizer import Attribute, Element, Text, Tokens, tokenize

__all__ = [
    "Attribute",
    "Document",
    "Edits",
    "Element",
    "InsertedLine",
    "Insertion",
    "Text",
    "escape_attribute",
    "escape_text",
]

_MARKER: Final = "data-lander-node"
_REOPENED: Final = FORMATTING - {"a", "nobr", "form"}  # of these browsers keep one open
_NOT_TEXT: Final = frozenset(["script", "style"])
_NAME: Final = re.compile(r"[^\s\"'<>/=\x00-\x1f\x7f]+")
_SPACE: Final = "\t\n\f\r "


class Document:
    """One HTML source. `insertions` are spans of it that come from elsewhere; lines are counted as if they did not."""

    def __init__(self, source: str, insertions: Sequence[Insertion] = ()) -> None:
        self.source = source
        self._lines = Lines(source, insertions)
        self._tokens: Tokens = tokenize(source, self._lines)
        self.elements: tuple[Element, ...] = self._tokens.elements
        self.texts: tuple[Text, ...] = tuple(
            text
            for text in self._tokens.texts
            if not text.raw and (text.parent is None or text.parent.name not in _NOT_TEXT)
        )

    @cached_property
    def _tree(self) -> LexborHTMLParser:
        parts, position = [], 0
        for number, element in enumerate(self.elements):
            parts += [self.source[position : element.name_end], f' {_MARKER}="{number}"']
            position = element.name_end
        parts.append(self.source[position:])
        return LexborHTMLParser("".join(parts))

    def line(self, offset: int) -> int:
        """The line, counted from 1, on which this offset lies."""
        return self._lines.at(offset)

    def select(self, css: str) -> list[Element]:
        """The elements a CSS selector finds, in source order; `ValueError` where it is no selector.

        Elements that a browser adds by itself (a missing tbody, say) stand in no source and are not found.
        """
        if not css.strip():
            raise ValueError("The selector is empty.")
        try:
            nodes = self._tree.css(css)
        except SelectolaxError:
            raise ValueError(f"'{css}' is not a CSS selector.") from None
        numbers = {int(number) for node in nodes if (number := node.attributes.get(_MARKER)) is not None}
        return [self.elements[number] for number in sorted(numbers)]

    def named(self, *names: str) -> Iterator[Element]:
        """The elements of these (lower-case) names, in source order."""
        return (element for element in self.elements if element.name in names)

    def find_deeper(self, most: int) -> Element | None:
        """The first element that stands inside more than `most` others, or None."""
        around: dict[Element | None, int] = {None: -1}
        for element in self.elements:
            around[element] = around[element.parent] + 1
            if around[element] > most:
                return element
        return None

    def find_reopening(self, most: int) -> Element | None:
        """The element at which a browser has opened formatting that is left open (`<p><b>…</p>`) more than `most` times
        again, or None. It does so in whatever follows, so a few thousand such tags make millions of elements.
        """
        left_open = times = 0
        for element in self.elements:
            times += left_open
            if times > most:
                return element
            left_open += element.name in _REOPENED and not element.realm and element.close_end == element.end
        return None

    def inside(self, element: Element) -> list[Element]:
        """The elements whose start tags stand in the content of this one."""
        first = bisect_left(self.elements, element.content_start, key=lambda item: item.start)
        last = bisect_left(self.elements, element.content_end, key=lambda item: item.start)
        return list(self.elements[first:last])

    @property
    def title(self) -> str:
        """The text of the page's title, white space folded; empty where there is none."""
        found = next((element for element in self.named("title") if not element.foreign), None)
        return "" if found is None else " ".join(self.text(found).split())

    def text(self, element: Element) -> str:
        """The decoded character data in an element, that of scripts and styles only where it is one itself."""
        return "".join(
            self.decode(text)
            for text in self.texts_in(element)
            if text.parent is element or text.parent is None or text.parent.name not in _NOT_TEXT
        )

    def texts_in(self, element: Element) -> list[Text]:
        """The runs of character data in an element, raw ones too."""
        texts = self._tokens.texts
        first = bisect_left(texts, element.content_start, key=lambda item: item.start)
        last = bisect_left(texts, element.content_end, key=lambda item: item.start)
        return list(texts[first:last])

    def decode(self, text: Text) -> str:
        """What a run of character data says."""
        content = self.source[text.start : text.end]
        if text.raw:
            return content.replace("\r\n", "\n").replace("\r", "\n")
        return unescape(content)


class Edits:
    """Splices on a document, gathered first and applied at once.

    Of several changes to one attribute the last counts. What lies inside a removed element goes with it; any other
    overlap is a mistake of the caller and raises `ValueError`.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._attributes: dict[tuple[int, str], tuple[Element, tuple[object, ...] | None]] = {}
        self._splices: list[tuple[int, int, tuple[object, ...]]] = []
        self._removed: list[tuple[int, int]] = []

    def set_attribute(self, element: Element, name: str, *value: object) -> None:
        """Give an attribute a value: text, which is escaped here, or text and slots."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"'{name}' is not an attribute name.")
        self._attributes[element.start, lower(name)] = (element, value)

    def remove_attribute(self, element: Element, name: str) -> None:
        """Take an attribute out of a start tag, and what repeats it."""
        self._attributes[element.start, lower(name)] = (element, None)

    def replace(self, start: int, end: int, *parts: object) -> None:
        """Put other parts, as they are, where this span of the source is."""
        if not 0 <= start <= end <= len(self._document.source):
            raise ValueError(f"{start}–{end} is no span of this source.")
        self._splices.append((start, end, parts))

    def insert(self, offset: int, *parts: object) -> None:
        """Put parts, as they are, at an offset; several at the same offset keep the order of the calls."""
        self.replace(offset, offset, *parts)

    def remove_element(self, element: Element) -> None:
        """Take out an element with its content and its end tag."""
        self._removed.append((element.start, element.close_end))

    def text(self) -> str:
        """The edited source, where no part is a slot."""
        parts = self.apply()
        if any(not isinstance(part, str) for part in parts):
            raise TypeError("These edits put in something that is not text; use apply().")
        return "".join(str(part) for part in parts)

    def apply(self) -> tuple[object, ...]:
        """The edited source as parts: text joined where it touches, everything else as it was handed in."""
        source, position = self._document.source, 0
        parts: list[object] = []
        for start, end, replacement in self._in_order():
            if start < position:
                raise ValueError(f"Two edits overlap in line {self._document.line(start)}.")
            parts += [source[position:start], *replacement]
            position = end
        parts.append(source[position:])
        return _merge(parts)

    def _in_order(self) -> list[tuple[int, int, tuple[object, ...]]]:
        removed: list[tuple[int, int]] = []
        for start, end in sorted(self._removed):
            if not removed or start >= removed[-1][1]:
                removed.append((start, end))
            elif end > removed[-1][1]:
                removed[-1] = (removed[-1][0], end)
        starts = [start for start, _ in removed]

        def is_gone(start: int, end: int) -> bool:
            index = bisect_right(starts, start) - 1
            if index < 0:
                return False
            low, high = removed[index]
            return (low < start and end < high) or (start < end and low <= start and end <= high)

        kept = [item for item in [*self._splices, *self._attribute_splices()] if not is_gone(item[0], item[1])]
        # an insertion stands before what begins where it stands; sorting is stable, so calls keep their order
        return sorted([*kept, *((start, end, ()) for start, end in removed)], key=lambda item: (item[0], item[1]))

    def _attribute_splices(self) -> Iterator[tuple[int, int, tuple[object, ...]]]:
        for (_, name), (element, value) in self._attributes.items():
            present = element.attribute(name)
            if value is None:
                for attribute in (*element.attributes, *element.duplicates):
                    if attribute.name == name:
                        yield self._without(attribute)
            elif present is None:
                yield element.name_end, element.name_end, (f' {name}="', *map(_escaped, value), '"')
            elif value != (present.value,):
                written = self._document.source[present.start : present.start + len(name)]
                yield present.start, present.end, (f'{written}="', *map(_escaped, value), '"')

    def _without(self, attribute: Attribute) -> tuple[int, int, tuple[object, ...]]:
        source, start = self._document.source, attribute.start
        # the space before it goes too, unless it keeps two neighbours apart: <p a=1 b/>, <p a "b"c>
        if source[attribute.end] in _SPACE + ">":
            while source[start - 1] in _SPACE:
                start -= 1
        return start, attribute.end, ()


def _escaped(part: object) -> object:
    return escape_attribute(part) if isinstance(part, str) else part


def _merge(parts: list[object]) -> tuple[object, ...]:
    merged: list[object] = []
    run: list[str] = []
    for part in [*parts, None]:
        if isinstance(part, str):
            run.append(part)
            continue
        if joined := "".join(run):
            merged.append(joined)
        run = []
        if part is not None:
            merged.append(part)
    return tuple(merged)
