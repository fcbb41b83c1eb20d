"""Tags of an HTML source with their offsets, as the WHATWG tokenizer reads them.

It covers tags, attributes, comments, raw text, script data with its escaped states, and foreign content. The tree is
only approximated; who needs the true one asks Lexbor through `lander.document`. Nothing here changes or refuses
anything, and the time is linear in the source.
"""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Final, NamedTuple

from lander.elements import (
    CLOSES_P,
    ESCAPABLE_RAW_TEXT,
    FORMATTING,
    HTML_ENCODINGS,
    HTML_INSIDE,
    IMPLIED_ENDS,
    LEAVES_FOREIGN,
    OPTIONAL_END,
    RAW_TEXT,
    SCOPE,
    SPECIAL,
    TABLE_PARTS,
    TABLE_SCOPE,
    VOID,
)
from lander.escapes import lower, unescape
from lander.lines import Lines

_DEEPEST_LOOK: Final = 256  # no page nests like this; it keeps hostile nesting linear

_NAME: Final = r"[A-Za-z][^\t\n\f\r />]*"
_MARKUP: Final = re.compile(rf"<(?:(?P<start>{_NAME})|/(?P<end>{_NAME})|[!?]|/(?=[\s\S]))")
_ATTRIBUTE: Final = re.compile(
    r"[\t\n\f\r /]*"
    r"(?:(?P<end>>)|(?P<name>=?[^\t\n\f\r />=]+|=)"
    r"(?:[\t\n\f\r ]*=[\t\n\f\r ]*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\t\n\f\r \"'>][^\t\n\f\r >]*)"
    r"|(?P<none>(?=>))))?)"
)
_VALUE_FOLLOWS: Final = re.compile(r"[\t\n\f\r ]*=")
_RAW_END: Final = {
    name: re.compile(rf"</{name}(?=[\t\n\f\r />])", re.IGNORECASE | re.ASCII)
    for name in (RAW_TEXT - {"script"}) | ESCAPABLE_RAW_TEXT
}
_COMMENT_END: Final = re.compile(r"--!?>")
_SCRIPT: Final = re.compile(r"<!--|-->|</?script(?=[\t\n\f\r />])", re.IGNORECASE | re.ASCII)
_P: Final = frozenset(("p",))
_BUTTON_SCOPE: Final = SCOPE | {"button"}


class Attribute(NamedTuple):
    """One attribute; the spans are offsets into the source, the value's without its quotes."""

    name: str
    value: str
    start: int
    end: int
    value_start: int
    value_end: int


@dataclass(slots=True, eq=False)
class Element:
    """A start tag and what the source says about its content. Nobody but the reader changes it, who finds its end last.

    Frozen, and made from another one at the end, it was a third of the time that reading takes.
    """

    name: str
    start: int
    end: int
    name_end: int
    attributes: tuple[Attribute, ...]  # the first of each name, as a browser keeps them
    duplicates: tuple[Attribute, ...]  # later ones of the same name, which browsers ignore
    content_end: int  # void and unclosed elements: content_start == content_end == end
    close_end: int
    parent: "Element | None"
    line: int
    realm: str  # svg, math, or empty for HTML

    @property
    def content_start(self) -> int:
        return self.end

    @property
    def foreign(self) -> bool:
        """Whether it stands inside svg or math, or is one."""
        return self.realm != ""

    @property
    def holds_html(self) -> bool:
        """What stands in it is read as HTML, though it may be foreign itself."""
        if not self.realm or self.name in HTML_INSIDE[self.realm]:
            return True
        return self.name == "annotation-xml" and lower(self.get("encoding") or "") in HTML_ENCODINGS

    def get(self, name: str) -> str | None:
        """The decoded value of an attribute; None where it is missing."""
        found = self.attribute(name)
        return None if found is None else found.value

    def attribute(self, name: str) -> Attribute | None:
        """The attribute of that lower-case name."""
        for attribute in self.attributes:  # not a generator: this is asked more often than anything else
            if attribute.name == name:
                return attribute
        return None

    def ancestors(self) -> "list[Element]":
        """The open elements around this one, innermost first."""
        found: list[Element] = []
        above = self.parent
        while above is not None:
            found.append(above)
            above = above.parent
        return found


class Text(NamedTuple):
    """A run of character data. `raw` means that `&amp;` in it is no reference (script, style, CDATA…)."""

    start: int
    end: int
    parent: Element | None
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Tokens:
    """Everything a source holds that somebody may want to change."""

    elements: tuple[Element, ...]
    texts: tuple[Text, ...]


def tokenize(source: str, lines: Lines | None = None) -> Tokens:
    """Read the whole source; never fails, as a browser never does."""
    reader = _Reader(source, lines or Lines(source))
    return Tokens(tuple(reader.elements), tuple(reader.texts))


class _Reader:
    """One pass over one source."""

    def __init__(self, source: str, lines: Lines) -> None:
        self.source = source
        self.elements: list[Element] = []
        self.texts: list[Text] = []
        self._lines = lines
        self._open: list[Element] = []
        self._open_names: Counter[str] = Counter()
        self._read()

    def _read(self) -> None:
        source, position, text_start = self.source, 0, 0
        while match := _MARKUP.search(source, position):
            self._add_text(text_start, match.start())
            text_start = position = self._read_markup(match)
        self._add_text(text_start, len(source))
        for tag in self._open:
            if tag.name in OPTIONAL_END and not tag.realm:
                tag.content_end = tag.close_end = len(source)

    def _read_markup(self, match: re.Match[str]) -> int:
        if match["start"]:
            return self._read_start_tag(match)
        if match["end"]:
            return self._read_end_tag(match)
        source, start = self.source, match.start()
        if source.startswith("<!--", start):
            return self._skip_comment(start)
        if source.startswith("<![CDATA[", start) and self._open and self._open[-1].realm:
            return self._read_cdata(start)
        return self._skip_past(">", start)

    def _skip_past(self, mark: str, start: int) -> int:
        found = self.source.find(mark, start)
        return len(self.source) if found < 0 else found + len(mark)

    def _skip_comment(self, start: int) -> int:
        for empty in ("<!-->", "<!--->"):
            if self.source.startswith(empty, start):
                return start + len(empty)
        match = _COMMENT_END.search(self.source, start + 4)
        return match.end() if match else len(self.source)

    def _read_cdata(self, start: int) -> int:
        end = self.source.find("]]>", start)
        stop = len(self.source) if end < 0 else end
        self._add_text(start + len("<![CDATA["), stop, raw=True)
        return min(stop + 3, len(self.source))

    def _add_text(self, start: int, end: int, *, raw: bool = False) -> None:
        if start < end:
            self.texts.append(Text(start, end, self._open[-1] if self._open else None, raw))

    def _read_start_tag(self, match: re.Match[str]) -> int:
        source, start, name_end = self.source, match.start(), match.end()
        name = lower(match["start"])
        attributes, end = self._read_attributes(name_end)
        if end < 0:
            return len(source)  # the end of the file inside a tag: browsers drop the tag
        realm = self._enter(name, attributes, start)
        if name == "image" and not realm:
            name = "img"  # what browsers make of it, so that nothing loads unseen
        last = attributes[-1].end if attributes else name_end
        kept = tuple(attributes)
        duplicates: tuple[Attribute, ...] = ()
        if len(attributes) > 1:
            first: dict[str, Attribute] = {}
            duplicates = tuple([item for item in attributes if first.setdefault(item.name, item) is not item])
            kept = tuple(first.values())
        above = self._open[-1] if self._open else None
        line = self._lines.at(start)
        tag = Element(name, start, end, name_end, kept, duplicates, end, end, above, line, realm)
        self.elements.append(tag)
        if source[end - 2] == "/" and last < end - 1 if realm else name in VOID or self._is_stray(name):
            return end
        self._open.append(tag)
        self._open_names[name] += 1
        if realm:
            return end
        if name == "plaintext":
            self._add_text(end, len(source), raw=True)
            tag.content_end = tag.close_end = len(source)
            return len(source)
        return self._read_raw_text(tag) if name in RAW_TEXT or name in ESCAPABLE_RAW_TEXT else end

    def _read_attributes(self, position: int) -> tuple[list[Attribute], int]:
        """The attributes, and where the tag ends; -1 where the source ends first."""
        source = self.source
        attributes: list[Attribute] = []
        while match := _ATTRIBUTE.match(source, position):
            position, group = match.end(), match.lastgroup
            if group == "end":
                return attributes, position
            assert group
            value_start, value_end = (position, position) if group in ("name", "none") else match.span(group)
            if group == "name" and _VALUE_FOLLOWS.match(source, position):
                return attributes, -1  # a quote that nothing closes
            value = unescape(source[value_start:value_end], in_attribute=True).replace("\0", "\ufffd")
            name = lower(match["name"])
            attributes.append(Attribute(name, value, match.start("name"), position, value_start, value_end))
        return attributes, -1

    def _read_raw_text(self, tag: Element) -> int:
        if tag.name == "script":
            stop = self._find_script_end(tag.end)
        else:
            match = _RAW_END[tag.name].search(self.source, tag.end)
            stop = match.start() if match else len(self.source)
        self._add_text(tag.end, stop, raw=tag.name in RAW_TEXT)
        self._pop()
        end = len(self.source)
        if stop < end:
            _, after = self._read_attributes(stop + 2 + len(tag.name))
            end = after if after > 0 else end
        tag.content_end, tag.close_end = stop, end
        return end

    def _find_script_end(self, position: int) -> int:
        escaped = doubly = False
        while match := _SCRIPT.search(self.source, position):
            found, position = match.group(), match.end()
            if found == "<!--":
                escaped, position = True, match.start() + 2  # `<!-->` ends what it begins
            elif found == "-->":
                escaped = doubly = False
            elif found.startswith("</"):
                if not doubly:
                    return match.start()
                doubly = False
            elif escaped:
                doubly = True
        return len(self.source)

    def _read_end_tag(self, match: re.Match[str]) -> int:
        start, end = match.start(), match.end() + 1
        if not self.source.startswith(">", end - 1):
            _, end = self._read_attributes(end - 1)
        if end < 0:
            return len(self.source)
        name = lower(match["end"])
        if name in ("p", "br"):
            self._leave_foreign()
        if self._open and self._open[-1].name == name:
            tag = self._pop()
        else:
            position = self._find_open(frozenset((name,)), _boundary_of(name), in_html=False)
            if position is None:
                return end
            tag = self._open[position]
            if not tag.realm and self._outlive(name, position):
                del self._open[position]
                self._open_names[name] -= 1
            else:
                self._pop_to(position, start)
        tag.content_end, tag.close_end = start, end
        return end

    def _outlive(self, name: str, position: int) -> bool:
        """Whether what stands in this element stays open when it ends: misnested `<b><p></b>`."""
        if name == "form":
            return True
        above = self._open[position + 1 : position + 1 + _DEEPEST_LOOK]
        return name in FORMATTING and any(tag.name in SPECIAL and not tag.realm for tag in above)

    def _enter(self, name: str, attributes: list[Attribute], start: int) -> str:
        """Close what this start tag ends; returns the realm of its element."""
        if self._in_foreign():
            breaks_out = name in LEAVES_FOREIGN or (
                name == "font" and any(item.name in ("color", "face", "size") for item in attributes)
            )
            if not breaks_out:
                above = self._open[-1]
                return "svg" if (above.name, name) == ("annotation-xml", "svg") else above.realm
            self._leave_foreign()
        if name in CLOSES_P:
            self._close_implied(_P, _BUTTON_SCOPE, start)
        if name in IMPLIED_ENDS:
            self._close_implied(*IMPLIED_ENDS[name], start)
        return name if name in ("svg", "math") else ""

    def _is_stray(self, name: str) -> bool:
        """A part of a table where no table is: browsers pass over its tag."""
        return name in TABLE_PARTS and name != "table" and not any(map(self._open_names.get, ("table", "template")))

    def _in_foreign(self) -> bool:
        return bool(self._open) and not self._open[-1].holds_html

    def _leave_foreign(self) -> None:
        while self._in_foreign():
            self._pop()

    def _close_implied(self, names: frozenset[str], boundary: frozenset[str], start: int) -> None:
        while (position := self._find_open(names, boundary)) is not None:
            self._pop_to(position, start)

    def _find_open(self, names: frozenset[str], boundary: frozenset[str], *, in_html: bool = True) -> int | None:
        """The innermost open element of these names; from within HTML, no further than the foreign element around it."""
        if not any(map(self._open_names.get, names)):
            return None
        for position in range(len(self._open) - 1, max(-1, len(self._open) - 1 - _DEEPEST_LOOK), -1):
            tag = self._open[position]
            in_html = in_html or not tag.realm
            if in_html and tag.realm:
                return None
            if tag.name in names:
                return position
            if tag.name in boundary and not tag.realm:
                return None
        return None

    def _pop(self) -> Element:
        tag = self._open.pop()
        self._open_names[tag.name] -= 1
        return tag

    def _pop_to(self, position: int, start: int) -> None:
        while len(self._open) > position:
            tag = self._pop()
            if tag.name in OPTIONAL_END and not tag.realm:
                tag.content_end = tag.close_end = start


def _boundary_of(name: str) -> frozenset[str]:
    """Where an end tag stops looking for its start tag."""
    if name in TABLE_PARTS:
        return TABLE_SCOPE
    return SCOPE if (name in SPECIAL or name in FORMATTING) and name not in ("noscript", "select") else SPECIAL
