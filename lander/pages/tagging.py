"""Marking elements of a page as regions, and taking marks off: two attributes in a start tag, nothing else of the source.

An element is named by its number among the start tags of one version, so it means something only together with that
version. Pure.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lander.document import Document, Edits, Element
from lander.errors import InvalidInput
from lander.pages.regions import (
    KIND_ATTRIBUTE,
    LONGEST_NAME,
    NAME_ATTRIBUTE,
    Kind,
    Part,
    Unfit,
    check_name,
    fold,
    read_parts,
    read_regions,
)

MOST_CANDIDATES: Final = 200
_DEEPEST: Final = 100  # no page nests like this; it keeps hostile nesting cheap
_EXCERPT: Final = 90
_SUGGESTED_WORDS: Final = 4
_SLOT: Final = re.compile(r"\{\{[^{}]*\|([^{}|]*)\}\}")  # dynamic text: its default stands for it
_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
_USUAL: Final = frozenset((*_HEADINGS, "a", "blockquote", "button", "figcaption", "form", "img", "li", "p"))
_WHOLE: Final = frozenset((*_HEADINGS, "a", "button", "form", "p"))
_BEST: Final = {"img": Kind.IMAGE, "a": Kind.LINK, "form": Kind.FORM}
_NOUNS: Final = {
    "a": "Link",
    "blockquote": "Quote",
    "button": "Button",
    "figcaption": "Caption",
    "form": "Form",
    "img": "Picture",
    "li": "List item",
    "p": "Paragraph",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """An element that could be a region, and as what."""

    number: int
    line: int
    noun: str  # as people call it: Heading 2, Link
    excerpt: str
    suggested: str  # a name nobody has yet
    kinds: tuple[Kind, ...]  # the likeliest first


@dataclass(frozen=True, slots=True)
class Tag:
    """One element to mark."""

    number: int
    kind: str
    name: str


def list_candidates(document: Document) -> list[Candidate]:
    """Headings, paragraphs, links, pictures, buttons and forms that are in no region and hold none, in source order."""
    taken = {region.name for region in read_regions(document).found}
    marked = [element for element in document.elements if element.get(KIND_ATTRIBUTE) is not None]
    found: list[Candidate] = []
    depths: dict[Element | None, int] = {None: 0}
    for number, element in enumerate(document.elements):
        depths[element] = depths[element.parent] + 1
        if (
            depths[element] > _DEEPEST
            or element.name not in _USUAL
            or _touches(element, marked)
            or _is_part_of_more(document, element)
        ):
            continue
        kinds = _kinds_of(document, element)
        excerpt = excerpt_of(document, element)
        if not kinds or not any(character.isalnum() for character in excerpt):
            continue
        suggested = _free(_suggest(element, excerpt), taken)
        taken.add(suggested)
        found.append(Candidate(number, element.line, _noun(element), excerpt, suggested, tuple(kinds)))
        if len(found) == MOST_CANDIDATES:
            break
    return found


def apply_tags(source: str, tags: Sequence[Tag]) -> str:
    """The source with these elements marked. Raises `InvalidInput`, the first thing that is wrong told in full."""
    document = Document(source)
    if not tags:
        raise InvalidInput("Nothing was chosen.", fix="Tick what should be editable, or click on it in the preview.")
    edits = Edits(document)
    taken = {name: item for item in document.elements if (name := item.get(NAME_ATTRIBUTE))}
    regions = {region.name: region.element for region in read_regions(document).found}
    for tag in tags:
        element, kind, name = _read_tag(document, tag)
        if name in taken:
            raise InvalidInput(f"{name} is there already, in line {taken[name].line}.", fix="Choose another name.")
        for other_name, other in regions.items():
            if _touches(element, [other]):
                raise InvalidInput(f"{name} would stand in or around {other_name}.", fix="Choose one of the two.")
        edits.set_attribute(element, KIND_ATTRIBUTE, kind.value)
        edits.set_attribute(element, NAME_ATTRIBUTE, name)
        taken[name] = regions[name] = element
    tagged = edits.text()
    lost = regions.keys() - {region.name for region in read_regions(Document(tagged)).found}
    if lost:
        raise InvalidInput(f"{min(lost)} could not be edited then.", fix="Mark something smaller.")
    return tagged


def remove_tag(source: str, name: str) -> str:
    """The source without the mark of a region; marks that were never readable can be taken off too."""
    document = Document(source)
    element = next(
        (
            item
            for item in document.elements
            if item.get(KIND_ATTRIBUTE) is not None and fold(item.get(NAME_ATTRIBUTE) or "") == fold(name)
        ),
        None,
    )
    if element is None:
        raise InvalidInput(f"Nothing here is called {name}.", fix="Somebody may have taken it off already.")
    edits = Edits(document)
    edits.remove_attribute(element, KIND_ATTRIBUTE)
    edits.remove_attribute(element, NAME_ATTRIBUTE)
    return edits.text()


def excerpt_of(document: Document, element: Element) -> str:
    """What a person recognises an element by; empty where there is nothing."""
    inner = element
    if element.name == "form":
        return _shorten(", ".join(part.value for part in _parts_of(document, element)))
    if element.name != "img" and not fold(document.text(element)):
        inner = next((item for item in document.inside(element) if item.name == "img"), element)
    if inner.name == "img":
        said = fold(inner.get("alt") or "").strip(".") or (inner.get("src") or "").rpartition("/")[2]
    else:
        said = fold(document.text(element))
    return _shorten(said)


def _read_tag(document: Document, tag: Tag) -> tuple[Element, Kind, str]:
    name = check_name(tag.name)
    if not 0 <= tag.number < len(document.elements):
        raise InvalidInput(f"{name} was chosen on a page that is not this one.", fix="Load this screen again.")
    if tag.kind not in list(Kind):
        raise InvalidInput(f"“{tag.kind}” is no kind of region.", fix=f"Choose {', '.join(Kind)}.")
    element, kind = document.elements[tag.number], Kind(tag.kind)
    try:
        read_parts(document, element, kind)
    except Unfit as error:
        raise InvalidInput(f"{name} cannot be edited as {kind}. {error.message}", fix=error.fix) from None
    return element, kind, name


def _kinds_of(document: Document, element: Element) -> list[Kind]:
    kinds = sorted(Kind, key=lambda kind: kind != _BEST.get(element.name))
    return [kind for kind in kinds if _is_sensible(element, kind) and _fits(document, element, kind)]


def _is_sensible(element: Element, kind: Kind) -> bool:
    """A heading in a link is not offered as a form."""
    if kind in (Kind.TEXT, Kind.RICH):
        return element.name not in _BEST
    return _BEST.get(element.name) is kind or (kind is Kind.IMAGE and element.name == "a")


def _shorten(text: str) -> str:
    return text if len(text) <= _EXCERPT else f"{text[: _EXCERPT - 1].rstrip()}…"


def _parts_of(document: Document, form: Element) -> tuple[Part, ...]:
    try:
        return read_parts(document, form, Kind.FORM)
    except Unfit:
        return ()


def _fits(document: Document, element: Element, kind: Kind) -> bool:
    try:
        read_parts(document, element, kind)
    except Unfit:
        return False
    return True


def _touches(element: Element, marked: Sequence[Element]) -> bool:
    return any(
        other.start <= element.start < other.close_end or element.start <= other.start < element.close_end
        for other in marked
    )


def _is_part_of_more(document: Document, element: Element) -> bool:
    """What is edited with the form, link or heading around it is not offered by itself; nor is a list item around links."""
    if element.name == "li" and any(item.name in _USUAL for item in document.inside(element)):
        return True
    return any(above.name in _WHOLE for above in element.ancestors())


def _noun(element: Element) -> str:
    return f"Heading {element.name[1]}" if element.name in _HEADINGS else _NOUNS[element.name]


def _suggest(element: Element, excerpt: str) -> str:
    if element.name == "h1":
        return "Headline"
    if element.name == "form":
        return "Form"
    said = _SLOT.sub(r"\1", excerpt.rstrip("…"))
    name = " ".join(said.split(" ")[:_SUGGESTED_WORDS]).rstrip(",.:;")
    return fold("".join(character for character in name if character.isprintable())[: LONGEST_NAME - 4]) or "Region"


def _free(name: str, taken: set[str]) -> str:
    numbers = _numbered(name)
    return next(candidate for candidate in numbers if candidate not in taken)


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name} {number}"
        number += 1
