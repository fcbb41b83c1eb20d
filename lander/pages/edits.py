"""What a bulk edit does to one source: literal replacing, and changes to what a CSS selector finds.

Pure. Everything but the matches stays byte for byte. Text is found as a reader sees it, however it is written
(`&amp;`, line ends between words). Of dynamic text only the default can match, never the parameter; code never does:
no scripts, styles or event attributes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from lander.document import Document, Edits, Element, escape_attribute, escape_text
from lander.elements import ESCAPABLE_RAW_TEXT, RAW_TEXT, VOID
from lander.errors import InvalidInput
from lander.pages.dynamic_text import shows_text
from lander.pages.rich_text import clean_fragment
from lander.pages.wording import SPACE, Pattern, compile_words, decode, fit_case
from lander.policy.rules import is_code

LONGEST: Final = 2_000
_EXCERPT: Final = 48  # characters of the line on each side of a match
_DYNAMIC: Final = re.compile(r"\{\{([^{}|]*\|[^{}|]*\|)?([^{}]*)\}\}")
_MARKUP_IN_DEFAULT: Final = frozenset("{}|")
_NOT_SEARCHED: Final = frozenset(("script", "style"))
_SOCIAL: Final = frozenset(("og:title", "og:description", "og:image:alt", "twitter:title", "twitter:description"))
_ATTRIBUTE_NAME: Final = re.compile(r"[a-z][a-z0-9:_.-]*")
_CLASS: Final = re.compile(r"[^\s\"'<>&]+")


class Kind(StrEnum):
    """What is done."""

    REPLACE = "replace"
    SET_TEXT = "set_text"
    SET_HTML = "set_html"
    SET_ATTRIBUTE = "set_attribute"
    ADD_CLASS = "add_class"
    REMOVE_CLASS = "remove_class"


class Where(StrEnum):
    """Where a text is replaced."""

    TEXT = "text"  # what stands on the page, its title included
    SHOWN = "shown"  # that, and attributes that show text
    SOURCE = "source"  # everywhere but in scripts and styles, addresses and tags too


@dataclass(frozen=True, slots=True)
class Operation:
    """One change, to be made wherever it fits. `find` is a text, or for all but `replace` a CSS selector."""

    kind: Kind
    find: str
    value: str = ""
    attribute: str = ""
    where: Where = Where.SHOWN
    whole_word: bool = False
    match_case: bool = False

    def sentence(self) -> str:
        """What it does, in one line."""
        where = {Where.TEXT: " in text", Where.SHOWN: "", Where.SOURCE: " in the source"}[self.where]
        return {
            Kind.REPLACE: f"'{self.find}' → '{self.value}'{where}",
            Kind.SET_TEXT: f"text of {self.find} → '{self.value}'",
            Kind.SET_HTML: f"content of {self.find} → {self.value}",
            Kind.SET_ATTRIBUTE: f"{self.attribute} of {self.find} → '{self.value}'",
            Kind.ADD_CLASS: f"class {self.value} added to {self.find}",
            Kind.REMOVE_CLASS: f"class {self.value} taken off {self.find}",
        }[self.kind]

    def as_json(self) -> dict[str, Any]:
        words = {"kind": self.kind.value, "find": self.find, "value": self.value}
        if self.kind is not Kind.REPLACE:
            return {**words, **({"attribute": self.attribute} if self.attribute else {})}
        return {**words, "where": self.where.value, "whole_word": self.whole_word, "match_case": self.match_case}


@dataclass(frozen=True, slots=True)
class Match:
    """One place that changes: its line, what stood there and what will, and some of the line around it."""

    line: int
    old: str
    new: str
    left: str = ""
    right: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "line": self.line,
            "before": f"{self.left}{self.old}{self.right}",
            "after": f"{self.left}{self.new}{self.right}",
        }


@dataclass(frozen=True, slots=True)
class Edited:
    """What an operation makes of a source. `kept` are places that match and stay as they are, each with the reason."""

    source: str
    matches: tuple[Match, ...] = ()
    kept: tuple[str, ...] = ()


@dataclass(slots=True)
class _Changes:
    """What is found on the way through a document."""

    document: Document
    edits: Edits
    matches: list[tuple[int, Match]] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def add(self, start: int, end: int, old: str, new: str) -> None:
        """Note a match at a span of the source, with some of its line around it."""
        source = self.document.source
        first, last = source.rfind("\n", 0, start) + 1, source.find("\n", end)
        last = len(source) if last < 0 else last
        left, right = max(first, start - _EXCERPT), min(last, end + _EXCERPT)
        match = Match(
            line=int(self.document.line(start)),
            old=old,
            new=new,
            left=f"{'…' if left > first else ''}{source[left:start].lstrip()}",
            right=f"{source[end:right].rstrip()}{'…' if right < last else ''}",
        )
        self.matches.append((start, match))


def check_operation(operation: Operation) -> Operation:
    """The operation, if it can be carried out; raises `InvalidInput` saying what is missing or not allowed."""
    for what, text in (("What is looked for", operation.find), ("What comes in its place", operation.value)):
        if len(text) > LONGEST:
            raise InvalidInput(f"{what} has {len(text):,} characters.", fix=f"At most {LONGEST:,} are allowed.")
    if operation.kind is Kind.REPLACE:
        _check_replace(operation)
    else:
        _check_selector(operation)
    return operation


def may_match(source: str, operation: Operation) -> bool:
    """Whether a source is worth reading for an operation; cheap, and sometimes wrong about yes, never about no."""
    return operation.kind is not Kind.REPLACE or _pattern_of(operation).may_match(source)


def apply_operation(document: Document, operation: Operation) -> Edited:
    """Carry out a checked operation on a source; the same source where nothing matches."""
    source = document.source
    changes = _Changes(document, Edits(document))
    if operation.kind is not Kind.REPLACE:
        _change_elements(changes, operation)
    elif operation.where is Where.SOURCE:
        _replace_in_source(changes, operation)
    else:
        _replace_in_text(changes, operation)
    if not changes.matches:
        return Edited(source, kept=tuple(changes.kept))
    in_order = sorted(changes.matches, key=lambda item: item[0])
    return Edited(changes.edits.text(), tuple(match for _, match in in_order), tuple(changes.kept))


def _check_replace(operation: Operation) -> None:
    if not operation.find.strip():
        raise InvalidInput("There is nothing to look for.", fix="Write the words that are to change.")
    if operation.find == operation.value:
        raise InvalidInput("Both texts are the same.", fix="Write what is to stand there instead.")


def _check_selector(operation: Operation) -> None:
    try:
        Document("").select(operation.find)
    except ValueError as error:
        raise InvalidInput(str(error), fix="Write it as in a stylesheet, like h1, .price or a[href].") from None
    if operation.kind is Kind.SET_ATTRIBUTE:
        name = operation.attribute.lower()
        if not _ATTRIBUTE_NAME.fullmatch(name):
            raise InvalidInput(f"'{operation.attribute}' is not an attribute's name.", fix="Write it like alt or href.")
        if is_code(name, operation.value):
            raise InvalidInput(
                f"The attribute {name} would run code, which pages here never do.",
                fix="Set another attribute, or let a script of the page do it.",
            )
    if operation.kind in (Kind.ADD_CLASS, Kind.REMOVE_CLASS) and not _CLASS.fullmatch(operation.value):
        raise InvalidInput(f"'{operation.value}' is not one class.", fix="Write one name without spaces and dots.")


def _replace_in_text(changes: _Changes, operation: Operation) -> None:
    document = changes.document
    for text in document.texts:
        raw = document.source[text.start : text.end]
        for start, end, old, new in _found_in(changes, raw, operation, text.start):
            written = escape_text(new)
            changes.edits.replace(text.start + start, text.start + end, written)
            changes.add(text.start + start, text.start + end, old, written)
    if operation.where is Where.TEXT:
        return
    for element in document.elements:
        for attribute in element.attributes:
            if not attribute.value or not _is_shown(element, attribute.name):
                continue
            at = attribute.value_start
            raw = document.source[at : attribute.value_end]
            for start, end, old, new in _found_in(changes, raw, operation, at):
                written = escape_attribute(new).replace("'", "&#39;")
                if SPACE.search(written) and at == attribute.start + len(attribute.name) + 1:
                    changes.kept.append(
                        f"Line {document.line(at)}: the attribute {attribute.name} has no quotes, so it can hold no space."
                    )
                    continue
                changes.edits.replace(at + start, at + end, written)
                changes.add(at + start, at + end, old, written)


def _replace_in_source(changes: _Changes, operation: Operation) -> None:
    document, pattern = changes.document, _pattern_of(operation)
    closed = sorted(_closed_spans(document))
    position = 0
    for start, end in [*closed, (len(document.source), len(document.source))]:
        for found in pattern.written.finditer(document.source, position, max(position, start)):
            new = _say_instead(operation, found[0])
            written = new.replace("&", "&amp;") if "&amp;" in found[0] and "&amp;" not in new else new
            changes.edits.replace(found.start(), found.end(), written)
            changes.add(found.start(), found.end(), found[0], written)
        position = max(position, end)


def _closed_spans(document: Document) -> Iterator[tuple[int, int]]:
    """Where even a replacement in the source does not look: code, and the names of dynamic text."""
    for element in document.elements:
        if element.name in _NOT_SEARCHED:
            yield element.content_start, element.content_end
        for attribute in element.attributes:
            if attribute.name.startswith("on") or (element.name == "ub:dynamic" and attribute.name == "parameter"):
                yield attribute.start, attribute.end
    for found in _DYNAMIC.finditer(document.source):
        yield found.start(), found.start(2) if found[1] else found.end()


def _found_in(changes: _Changes, raw: str, operation: Operation, offset: int) -> Iterator[tuple[int, int, str, str]]:
    """(start, end, what stands there, what comes instead) for each match in a run of text, as offsets into it."""
    pattern = _pattern_of(operation)
    if not pattern.may_match(raw):
        return
    decoded, place = decode(raw)
    position = 0
    dynamic = [(found.start(), found.end(), found.start(2) if found[1] else found.end(), found.end() - 2)
               for found in _DYNAMIC.finditer(decoded)]  # fmt: skip
    spans = []
    for start, end, default, default_end in dynamic:
        spans += [(position, start, False), (min(default, default_end), default_end, True)]
        position = end
    for start, end, is_default in [*spans, (position, len(decoded), False)]:
        for found in pattern.decoded.finditer(decoded, start, max(start, end)):
            new = _say_instead(operation, found[0])
            if is_default and _MARKUP_IN_DEFAULT & set(new):
                line = changes.document.line(offset + place(found.start()))
                changes.kept.append(f"Line {line}: the default of dynamic text can hold no braces and bars.")
                continue
            first, last = place(found.start()), place(found.end())
            yield first, last, raw[first:last], new


def _pattern_of(operation: Operation) -> Pattern:
    return compile_words(operation.find, whole_word=operation.whole_word, match_case=operation.match_case)


def _say_instead(operation: Operation, found: str) -> str:
    """What comes in place of `found`."""
    return operation.value if operation.match_case else fit_case(operation.value, found, operation.find)


def _is_shown(element: Element, name: str) -> bool:
    if shows_text(element, name):
        return True
    stated = (element.get("property") or element.get("name") or "").strip().lower()
    return element.name == "meta" and name == "content" and stated in _SOCIAL


def _change_elements(changes: _Changes, operation: Operation) -> None:
    inside_until = 0
    for element in changes.document.select(operation.find):
        if element.start < inside_until:
            changes.kept.append(f"Line {int(element.line)}: <{element.name}> stands inside another match.")
            continue
        if operation.kind in (Kind.SET_TEXT, Kind.SET_HTML):
            if reason := _why_not_filled(element, operation.kind):
                changes.kept.append(f"Line {int(element.line)}: {reason}")
                continue
            _fill(changes, element, operation)
            inside_until = element.content_end
        else:
            _set_attribute(changes, element, operation)


def _why_not_filled(element: Element, kind: Kind) -> str:
    name = f"<{element.name}>"
    if element.name in VOID:
        return f"{name} holds no text."
    if element.name in RAW_TEXT:
        return f"{name} holds code, which is never changed."
    if element.name in ESCAPABLE_RAW_TEXT and kind is Kind.SET_HTML:
        return f"{name} holds text only."
    if element.close_end == element.end:
        return f"{name} is never closed."
    return ""


def _fill(changes: _Changes, element: Element, operation: Operation) -> None:
    is_text = operation.kind is Kind.SET_TEXT
    new = escape_text(operation.value) if is_text else clean_fragment(operation.value, element)
    start, end = element.content_start, element.content_end
    old = changes.document.source[start:end]
    if old == new:
        return
    changes.edits.replace(start, end, new)
    changes.add(start, end, old, new)


def _set_attribute(changes: _Changes, element: Element, operation: Operation) -> None:
    name = "class" if operation.kind is not Kind.SET_ATTRIBUTE else operation.attribute.lower()
    before = element.get(name)
    after = _class_of(before or "", operation) if name == "class" and operation.kind is not Kind.SET_ATTRIBUTE else (
        operation.value
    )  # fmt: skip
    if before == after or (before is None and after is None):
        return
    if after is None:
        changes.edits.remove_attribute(element, name)
    else:
        changes.edits.set_attribute(element, name, after)
    attribute = element.attribute(name)
    start, end = (attribute.start, attribute.end) if attribute else (element.name_end, element.name_end)
    written = "" if after is None else f'{"" if attribute else " "}{name}="{escape_attribute(after)}"'
    changes.add(start, end, changes.document.source[start:end], written)


def _class_of(before: str, operation: Operation) -> str | None:
    """The class attribute afterwards: untouched where nothing changes, None where nothing is left."""
    words = before.split()
    if (operation.value in words) is (operation.kind is Kind.ADD_CLASS):
        return before or None
    kept = [word for word in words if word != operation.value]
    if operation.kind is Kind.ADD_CLASS:
        kept.append(operation.value)
    return " ".join(kept) or None
