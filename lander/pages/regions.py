"""The regions of a page: elements that their author marked for editing, and what stands in them.

`data-edit="text|rich|image|link|form"` says how a region is edited, `data-name` what marketers call it; the same name in
every variant is the same field. A region has parts, each with the one place in the source where it is written. Reading
only, and pure: `region_values` writes.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lander.document import Document, Element, Text
from lander.errors import InvalidInput
from lander.pages.fields import type_of
from lander.pages.rich_text import clean_fragment, list_losses, list_styles
from lander.policy.findings import Finding, Severity

KIND_ATTRIBUTE: Final = "data-edit"
NAME_ATTRIBUTE: Final = "data-name"
LONGEST_NAME: Final = 60
_MOST_TEXTS: Final = 12
_MOST_MARKS: Final = 300
_SPACE: Final = "\t\n\f\r "
_SPACES: Final = re.compile(f"[{_SPACE}]+")
_NO_TEXT: Final = frozenset(("option", "script", "select", "style", "textarea"))
_KEEPS_SPACE: Final = frozenset(("listing", "pre", "textarea"))
_RAW: Final = frozenset(("iframe", "noembed", "noframes", "plaintext", "script", "style", "template", "xmp"))
_BUTTON_INPUTS: Final = frozenset(("button", "reset", "submit"))


class Kind(StrEnum):
    """How a region is edited."""

    TEXT = "text"
    RICH = "rich"
    IMAGE = "image"
    LINK = "link"
    FORM = "form"


class Place(StrEnum):
    """Where in its element a part is written."""

    TEXT = "text"  # one run of text
    CONTENT = "content"  # everything between start and end tag
    ATTRIBUTE = "attribute"


@dataclass(frozen=True, slots=True)
class Part:
    """One value of a region: `start` and `end` span it in the source where it is no attribute."""

    name: str  # text, html, src, alt, href, label-1, hint-1, button-1
    label: str  # for people
    value: str
    holder: Element
    place: Place
    attribute: str = ""
    start: int = 0
    end: int = 0
    nth: int = 0  # which of the holder's own texts that are not blank


@dataclass(frozen=True, slots=True)
class Region:
    """A marked element that can be edited."""

    name: str
    kind: Kind
    element: Element
    parts: tuple[Part, ...]

    @property
    def line(self) -> int:
        return self.element.line

    @property
    def values(self) -> dict[str, str]:
        return {part.name: part.value for part in self.parts}


@dataclass(frozen=True, slots=True)
class Regions:
    """Every region of a source that can be edited, and what is wrong with the others."""

    found: tuple[Region, ...]
    findings: tuple[Finding, ...]

    def find(self, name: str) -> Region | None:
        return next((region for region in self.found if region.name == name), None)


class Unfit(InvalidInput):
    """An element cannot be a region of this kind."""

    code = "unfit-region"


def read_regions(document: Document) -> Regions:
    """The regions of a page in source order. One that is nameless, named twice, inside another or unfit is a finding."""
    found: list[Region] = []
    findings: list[Finding] = []
    marked = [element for element in document.elements if element.get(KIND_ATTRIBUTE) is not None]
    for element in marked[:_MOST_MARKS]:
        try:
            found.append(_read_region(document, element, found))
        except Unfit as error:
            findings.append(
                Finding(
                    Severity.WARN, "regions", error.message, error.fix, line=element.line, element=f"<{element.name}>"
                )
            )
    if len(marked) > _MOST_MARKS:
        sentence = f"The page marks {len(marked):,} elements for editing; the first {_MOST_MARKS} are."
        findings.append(Finding(Severity.WARN, "regions", sentence, "Mark what people change, and nothing else."))
    return Regions(tuple(found), tuple(findings))


def check_name(name: str) -> str:
    """A region's name with its white space folded; raises `InvalidInput` where it is none."""
    folded = fold(name)
    if not folded:
        raise InvalidInput("The region has no name.", fix="Say what it is, like Headline.")
    if len(folded) > LONGEST_NAME:
        raise InvalidInput(f"The name has {len(folded)} characters; at most {LONGEST_NAME} fit.", fix="Shorten it.")
    if not folded.isprintable():
        raise InvalidInput("The name holds characters that nobody sees.", fix="Type it again.")
    return folded


def read_parts(document: Document, element: Element, kind: Kind) -> tuple[Part, ...]:
    """What can be edited in an element of that kind. Raises `Unfit` with the reason where it cannot be one."""
    if element.foreign:
        raise Unfit(_say(element, "stands in a drawing (svg)"), fix="Mark the element around the drawing.")
    if element.name in _RAW or any(above.name in ("template", "noscript") for above in element.ancestors()):
        raise Unfit(_say(element, "is not shown to visitors as it stands there"), fix="Mark what they see.")
    match kind:
        case Kind.TEXT:
            return _read_text(document, element)
        case Kind.RICH:
            return _read_rich(document, element)
        case Kind.IMAGE:
            return _read_image(_only(document, element, "img"))
        case Kind.LINK:
            return _read_link(document, _only(document, element, "a"))
        case Kind.FORM:
            return _read_form(document, _only(document, element, "form"))


def fold(text: str) -> str:
    """Text as a browser shows it: runs of white space as one space. A no-break space is no white space here."""
    return _SPACES.sub(" ", text).strip(_SPACE)


def keeps_space(element: Element) -> bool:
    """Whether white space in it is shown as it is written."""
    return element.name in _KEEPS_SPACE or any(above.name in _KEEPS_SPACE for above in element.ancestors())


def _read_region(document: Document, element: Element, found: Sequence[Region]) -> Region:
    written = (element.get(KIND_ATTRIBUTE) or "").strip().lower()
    if written not in list(Kind):
        raise Unfit(
            _say(element, f"is marked {KIND_ATTRIBUTE}=“{written}”, which is no kind of region"),
            fix=f"Write {', '.join(Kind)}.",
        )
    try:
        name = check_name(element.get(NAME_ATTRIBUTE) or "")
    except InvalidInput as error:
        raise Unfit(_say(element, f"is marked for editing. {error.message.rstrip('.')}"), fix=error.fix) from None
    twin = next((region for region in found if region.name == name), None)
    if twin is not None:
        raise Unfit(
            _say(element, f"is called {name}, as the region in line {twin.line} is"),
            fix="Give each region of a variant a name of its own.",
        )
    if found and element.start < found[-1].element.close_end:
        raise Unfit(
            _say(element, f"stands inside the region {found[-1].name}"), fix="Take the mark off one of the two."
        )
    return Region(name, Kind(written), element, read_parts(document, element, Kind(written)))


def _read_text(document: Document, element: Element) -> tuple[Part, ...]:
    _require_content(element)
    runs = _runs(document, element)
    if not runs and document.inside(element):
        raise Unfit(_say(element, "holds no text"), fix="Mark what holds the words, or mark a picture as image.")
    if len(runs) > _MOST_TEXTS:
        raise Unfit(
            _say(element, f"holds {len(runs)} pieces of text, too many for one field"),
            fix="Mark something smaller, or mark it as rich.",
        )
    return tuple(_text_parts(document, element, runs, "text", "Text"))


def _read_rich(document: Document, element: Element) -> tuple[Part, ...]:
    _require_content(element)
    content = document.source[element.content_start : element.content_end].replace("\r\n", "\n")
    lost = list_losses(content, clean_fragment(content, element, styles=list_styles(content)))
    if lost:
        more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
        raise Unfit(
            _say(element, f"holds {', '.join(lost[:3])}{more}, which a rich region cannot keep"),
            fix="Mark smaller pieces of it.",
        )
    return (
        Part("html", "Text", content, element, Place.CONTENT, start=element.content_start, end=element.content_end),
    )


def _read_image(element: Element) -> tuple[Part, ...]:
    return (
        Part("src", "Picture", element.get("src") or "", element, Place.ATTRIBUTE, "src"),
        Part(
            "alt",
            "What it shows, for those who cannot see it",
            element.get("alt") or "",
            element,
            Place.ATTRIBUTE,
            "alt",
        ),
    )


def _read_link(document: Document, element: Element) -> tuple[Part, ...]:
    _require_content(element)
    runs = _runs(document, element)
    texts: list[Part] = []
    if runs or not document.inside(element):  # a linked picture has no text to edit
        texts = list(_read_text(document, element))
    return (*texts, Part("href", "Leads to", element.get("href") or "", element, Place.ATTRIBUTE, "href"))


def _read_form(document: Document, element: Element) -> tuple[Part, ...]:
    _require_content(element)
    parts = list(_form_parts(document, element))
    if not parts:
        raise Unfit(_say(element, "has no label, hint or button text to edit"), fix="Mark its text in the source.")
    return tuple(parts)


def _form_parts(document: Document, form: Element) -> Iterator[Part]:
    count = {"label": 0, "hint": 0, "button": 0}
    seen: set[int] = set()  # a button in a label is one part

    def name(what: str) -> tuple[str, str]:
        count[what] += 1
        return f"{what}-{count[what]}", f"{what.capitalize()} {count[what]}"

    for element in document.inside(form):
        if element.name == "label" or (element.name == "button" and type_of(element) != "reset"):
            for run in _runs(document, element):
                if run.start not in seen:
                    seen.add(run.start)
                    yield _text_part(document, run, *name(element.name))
        elif element.name == "input" and type_of(element) in _BUTTON_INPUTS and element.get("value") is not None:
            yield Part(*name("button"), element.get("value") or "", element, Place.ATTRIBUTE, "value")
        if element.name in ("input", "textarea") and element.get("placeholder") is not None:
            yield Part(*name("hint"), element.get("placeholder") or "", element, Place.ATTRIBUTE, "placeholder")


def _text_parts(document: Document, element: Element, runs: Sequence[Text], name: str, label: str) -> Iterator[Part]:
    if not runs:
        yield Part(name, label, "", element, Place.TEXT, start=element.content_start, end=element.content_end)
    for number, run in enumerate(runs, start=1):
        several = len(runs) > 1
        yield _text_part(
            document, run, f"{name}-{number}" if several else name, f"{label} {number}" if several else label
        )


def _text_part(document: Document, run: Text, name: str, label: str) -> Part:
    holder = run.parent
    assert holder is not None
    start, end = run.start, run.end
    value = document.decode(run)
    if not keeps_space(holder):
        written = document.source[start:end]
        start += len(written) - len(written.lstrip(_SPACE))
        end -= len(written) - len(written.rstrip(_SPACE))
        value = fold(value)
    own = [text for text in document.texts_in(holder) if text.parent is holder and _is_shown(document, text)]
    return Part(name, label, value, holder, Place.TEXT, start=start, end=end, nth=own.index(run))


def _runs(document: Document, element: Element) -> list[Text]:
    """The pieces of text in an element that visitors read."""
    return [text for text in document.texts_in(element) if _is_shown(document, text) and not _is_choice(text, element)]


def _is_shown(document: Document, text: Text) -> bool:
    return not text.raw and bool(document.decode(text).strip(f"{_SPACE}\xa0"))


def _is_choice(text: Text, element: Element) -> bool:
    parent = text.parent
    if parent is None or parent is element:
        return False
    return parent.foreign or any(
        above.name in _NO_TEXT for above in (parent, *parent.ancestors()) if above is not element
    )


def _only(document: Document, element: Element, name: str) -> Element:
    """The element itself, or the one of that name in it."""
    if element.name == name:
        return element
    inside = [item for item in document.inside(element) if item.name == name]
    if len(inside) != 1:
        count = "none" if not inside else f"{len(inside)} of them"
        raise Unfit(_say(element, f"is no <{name}> and holds {count}"), fix=f"Mark the <{name}> itself.")
    return inside[0]


def _require_content(element: Element) -> None:
    if element.close_end == element.end:
        raise Unfit(_say(element, "has no end tag, so nobody can tell what is in it"), fix=f"Add </{element.name}>.")


def _say(element: Element, what: str) -> str:
    return f"Line {element.line}: <{element.name}> {what}."
