"""A page as its editing preview shows it: marks for the script of `lander.editing_script`, and that script.

What comes out is compiled like any draft, so it is sealed and its scripts are hashed; it is never stored and never
published. Inside regions, dynamic text stands as it is written, and what compiling will rewrite is noted beside it, so
that nothing of the source is lost when a region is edited in place.
"""

import json
from enum import StrEnum
from typing import Final

from lander.document import Document, Edits, Element, escape_attribute
from lander.editing_script import SCRIPT, STYLE
from lander.pages.regions import Place, Region, keeps_space, read_regions
from lander.pages.rich_text import holds_inline_only
from lander.pages.tagging import list_candidates

_REWRITTEN: Final = frozenset(("alt", "aria-label", "href", "src", "srcset", "style", "title"))
# fmt: off
_NEVER_CLICKED: Final = frozenset((
    "base", "body", "br", "head", "html", "link", "meta", "noscript", "option", "script", "source", "style", "template",
    "title", "track", "wbr",
))
# fmt: on


class Mode(StrEnum):
    """What the preview is opened for."""

    EDIT = "edit"
    TAG = "tag"


def open_for_editing(source: str, mode: Mode, *, channel: str, studio_origin: str) -> str:
    """The source with the marks and the script of an editing preview. Regions are counted as `read_regions` finds them."""
    document = Document(source)
    edits = Edits(document)
    if mode is Mode.EDIT:
        _mark_regions(document, edits)
    else:
        _mark_elements(document, edits)
    script = (
        f'<script data-channel="{escape_attribute(channel)}" data-studio="{escape_attribute(studio_origin)}" '
        f'data-mode="{mode}">{SCRIPT}</script><style>{STYLE}</style>'
    )
    edits.insert(_place_of_script(document), script)
    return edits.text()


def _mark_regions(document: Document, edits: Edits) -> None:
    held: dict[int, tuple[Element, list[list[object]]]] = {}
    for number, region in enumerate(read_regions(document).found):
        edits.set_attribute(region.element, "data-lander-region", str(number))
        for part in region.parts:
            where = part.attribute if part.place is Place.ATTRIBUTE else part.nth
            flags = [holds_inline_only(part.holder), keeps_space(part.holder)]
            item: list[object] = [number, part.name, part.place.value, where, *flags]
            held.setdefault(part.holder.start, (part.holder, []))[1].append(item)
        _keep_as_written(document, edits, region)
    for holder, items in held.values():
        edits.set_attribute(holder, "data-lander-parts", json.dumps(items))


def _keep_as_written(document: Document, edits: Edits, region: Region) -> None:
    for part in region.parts:
        if part.place is Place.ATTRIBUTE:
            continue
        for text in document.texts_in(part.holder):
            if part.start <= text.start < part.end or text.start <= part.start < text.end:
                written = document.source[text.start : text.end]
                if "{{" in written:
                    edits.replace(text.start, text.end, written.replace("{{", "&#123;&#123;"))
        if part.place is Place.CONTENT:
            for element in document.inside(part.holder):
                was = {item.name: item.value for item in element.attributes if item.name in _REWRITTEN}
                if was:
                    edits.set_attribute(element, "data-lander-was", json.dumps(was))


def _mark_elements(document: Document, edits: Edits) -> None:
    for number, element in enumerate(document.elements):
        if element.name not in _NEVER_CLICKED and not element.foreign:
            edits.set_attribute(element, "data-lander-element", str(number))
    for candidate in list_candidates(document):
        edits.set_attribute(document.elements[candidate.number], "data-lander-candidate", "")
    for number, region in enumerate(read_regions(document).found):
        edits.set_attribute(region.element, "data-lander-region", str(number))


def _place_of_script(document: Document) -> int:
    """Before any script of the page."""
    for name in ("head", "html"):
        found = next((item for item in document.named(name) if not item.foreign), None)
        if found is not None:
            return found.end
    return document.elements[0].start if document.elements else len(document.source)
