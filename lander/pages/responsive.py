"""Lets browsers choose how large an image they load, reserve its place, and wait with those further down.

Pure; only what is served changes. An image measures on the screen what it measured before: each attribute is given only
where no stylesheet of the page makes it mean something else, no smaller image where a script sets addresses itself, and
no `<picture>` around it where anything could tell.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from lander.artifact import ASSET_PREFIX
from lander.document import Document, Edits, Element, escape_attribute
from lander.pages.image_places import Picture, Pictures, Places, Used

_MARK: Final = "data-lander-size"
# in a layer, and the first one, so that whatever the page says itself comes before it; what is important in it comes
# before everything, and a <picture> that is no box leaves the image where it was among flex items and table cells
_STYLE: Final = (
    f'<style>@layer lander{{img[{_MARK}=""],img[{_MARK}="ratio"]{{height:auto}}'
    f'img[{_MARK}="ratio"],img[{_MARK}="width"]{{width:auto}}'
    f"picture[{_MARK}]{{display:contents!important}}picture[{_MARK}]>source{{display:none!important}}}}</style>"
)
_LOADED_AT_ONCE: Final = 2
_LARGE: Final = 100_000  # pixels; what is smaller is a logo and not what a visitor waits for
_NOT_SHOWN: Final = frozenset(["noscript", "template"])
_DIGITS: Final = re.compile(r"\s*([0-9]{1,5})(?:\.[0-9]*)?(?:px)?\s*")


@dataclass(slots=True)
class Placed:
    """What came of the images of a page."""

    style: str = ""  # to stand before every other style
    assets: set[str] = field(default_factory=set)
    sentences: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Counts:
    avif: int = 0
    webp: int = 0
    reserved: int = 0
    later: int = 0
    waiting: int = 0


def place_renditions(document: Document, edits: Edits, used: Used, pictures: Pictures) -> Placed:
    """Put widths, sizes and `loading` of images into `edits`."""
    placed, counts = Placed(), _Counts()
    if not pictures.images:  # none is ours, or the page is opened for editing
        return placed
    places = Places(document, used, pictures)
    shown = [item for item in document.named("img") if not item.foreign and not _is_inside(item, _NOT_SHOWN)]
    prefers = any(item.get("fetchpriority") is not None for item in shown)
    for number, element in enumerate(shown):
        if places.is_its_scripts(element):
            continue
        picture = pictures.images.get(used.images.get(element, ""))
        if picture is not None:
            counts.reserved += _reserve(edits, element, picture, places)
            counts.waiting += picture.is_waiting
            if picture.webp and places.may_choose(element):
                _offer(edits, element, picture, places, placed, counts)
        if number >= _LOADED_AT_ONCE and _may_wait(element, is_measured=picture is not None):
            edits.set_attribute(element, "loading", "lazy")
            edits.set_attribute(element, "decoding", "async")
            counts.later += 1
        elif number < _LOADED_AT_ONCE and picture is not None and not prefers and _is_large(element, picture):
            edits.set_attribute(element, "fetchpriority", "high")
            prefers = True
    placed.style = _STYLE if counts.reserved or counts.avif else ""
    placed.sentences = _say(counts, script=places.setting_script)
    return placed


def _reserve(edits: Edits, element: Element, picture: Picture, places: Places) -> bool:
    """Say the measures that the tag does not say; whether there were any to say."""
    width, height = element.get("width"), element.get("height")
    if width is not None and height is not None:
        return False
    if width is None and height is None:
        edits.set_attribute(element, "width", str(picture.width))
        edits.set_attribute(element, "height", str(picture.height))
        edits.set_attribute(element, _MARK, "ratio" if places.keeps_ratio(element) else "")
        return True
    said = _DIGITS.fullmatch(width if width is not None else height or "")
    if said is None or int(said[1]) == 0:  # per cent, or nothing that a browser would heed
        return False
    if width is not None:
        edits.set_attribute(element, "height", str(round(int(said[1]) * picture.height / picture.width)))
        edits.set_attribute(element, _MARK, "")
    else:
        edits.set_attribute(element, "width", str(round(int(said[1]) * picture.width / picture.height)))
        edits.set_attribute(element, _MARK, "width")
    return True


def _offer(  # noqa: PLR0917  (what is offered, where, and what is noted of it)
    edits: Edits, element: Element, picture: Picture, places: Places, placed: Placed, counts: _Counts
) -> None:
    follows_window = not places.keeps_ratio(element) or places.has_width(element)
    natural = f"{picture.width}px"
    sizes = f"(max-width: {natural}) 100vw, {natural}" if follows_window else natural
    edits.set_attribute(element, "srcset", _list_candidates(picture.webp))
    edits.set_attribute(element, "sizes", sizes)
    placed.assets |= {name for _, name in picture.webp}
    counts.webp += 1
    if picture.avif and places.may_enclose(element):
        source = (
            f'<source type="image/avif" srcset="{_list_candidates(picture.avif)}" sizes="{escape_attribute(sizes)}">'
        )
        edits.insert(element.start, f'<picture {_MARK}="">{source}')
        edits.insert(element.end, "</picture>")
        placed.assets |= {name for _, name in picture.avif}
        counts.avif += 1


def _list_candidates(renditions: tuple[tuple[int, str], ...]) -> str:
    return ", ".join(f"{ASSET_PREFIX}{name} {width}w" for width, name in renditions)


def _may_wait(element: Element, *, is_measured: bool) -> bool:
    says = (element.get("width") or "", element.get("height") or "")
    return (
        element.get("loading") is None
        and (element.get("fetchpriority") or "").strip().lower() != "high"
        and (is_measured or all(_DIGITS.fullmatch(item) for item in says))
    )


def _is_large(element: Element, picture: Picture) -> bool:
    return picture.width * picture.height >= _LARGE and (element.get("loading") or "").strip().lower() != "lazy"


def _say(counts: _Counts, *, script: str) -> list[str]:
    formats = "as AVIF and WebP" if counts.avif == counts.webp else "as WebP"
    if 0 < counts.avif < counts.webp:
        formats = f"as WebP ({counts.avif} of them as AVIF too)"
    said = [
        f"{counts.webp} offered smaller and {formats}" if counts.webp else "",
        f"{counts.reserved} with width and height, so that nothing jumps" if counts.reserved else "",
        f"{counts.later} loaded only when they come near" if counts.later else "",
    ]
    sentences = [f"Images: {'; '.join(item for item in said if item)}."] if any(said) else []
    if counts.waiting:
        sentences.append(f"Being drawn smaller just now, and published as they are until then: {counts.waiting}.")
    if script and sentences:
        sentences.append(f"Smaller images are not offered: {script} may set addresses of images itself.")
    return sentences


def _is_inside(element: Element, names: frozenset[str]) -> bool:
    parent = element.parent
    while parent is not None:
        if parent.name in names:
            return True
        parent = parent.parent
    return False
