"""What showing a page makes a browser load: the page, its own files as they are sent, what comes from other hosts.

Pure. Of a picture in several widths or formats the largest of the preferred ones counts, of a font in several formats
the best one: that is what a current browser loads at most.
"""

import gzip
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from lander.artifact import ASSET_PREFIX, DOWNLOAD_TYPES, extension
from lander.document import Document, Element
from lander.pages.addresses import Kind
from lander.pages.loads import Stylesheet
from lander.pages.references import Reference, find_references
from lander.policy.budgets import Part

_FONTS: Final = ("woff2", "woff", "ttf", "otf")
_SCRIPTS: Final = frozenset(("js", "mjs"))
_NOT_LOADED: Final = (Kind.LINK, Kind.CONNECT, Kind.FRAME)


def list_parts(
    served: Document,
    *,
    sizes: Mapping[str, int],
    paths: Mapping[str, str],
    stylesheets: Mapping[str, Stylesheet],
) -> list[Part]:
    """Every request. `sizes` are bytes as sent by asset name, `paths` asset names by what people call them."""
    names = {asset: path for path, asset in paths.items()}
    called = {
        name: names[name].rpartition("/")[2].partition("?")[0] if name in names else f"a .{extension(name)} file"
        for name in sizes
    }
    references = find_references(served)
    own = dict.fromkeys(_follow(_list_own(references, sizes), stylesheets))
    parts = [Part("the page itself", compressed_size(served.source.encode()))]
    for name in _choose_fonts(own, names):
        parts.append(Part(called.get(name, name), sizes.get(name, 0), extension(name) in _SCRIPTS))
    for address, kind in dict.fromkeys(_list_external(references)):
        parts.append(Part(address, 0, kind is Kind.SCRIPT))
    return parts


def inline_script_bytes(served: Document) -> int:
    """The scripts that stand in the page itself, compressed."""
    text = "".join(served.text(item) for item in served.named("script") if item.get("src") is None)
    return compressed_size(text.encode()) if text else 0


def compressed_size(content: bytes) -> int:
    """What a proxy makes of it on its way."""
    return len(gzip.compress(content, compresslevel=6, mtime=0))


def _list_own(references: Iterable[Reference], sizes: Mapping[str, int]) -> Iterator[str]:
    """Own files, of each picture one."""
    pictures: dict[Element, dict[Element, list[str]]] = {}
    for reference in references:
        name = reference.address.strip().removeprefix(ASSET_PREFIX).partition("#")[0].partition("?")[0]
        is_own = reference.address.strip().startswith(ASSET_PREFIX) and extension(name) not in DOWNLOAD_TYPES
        if not is_own or reference.kind in _NOT_LOADED or _waits(reference.element):
            continue
        if reference.attribute in ("src", "srcset") and reference.element.name in ("img", "source"):
            element = reference.element
            picture = element.parent if element.parent is not None and element.parent.name == "picture" else element
            if reference.attribute == "src" and element.get("srcset") is not None:
                continue
            pictures.setdefault(picture, {}).setdefault(element, []).append(name)
        else:
            yield name
    for candidates in pictures.values():
        preferred = next(iter(candidates.values()))
        yield max(preferred, key=lambda name: sizes.get(name, 0))


def _list_external(references: Iterable[Reference]) -> Iterator[tuple[str, Kind]]:
    for reference in references:
        if reference.is_external and reference.kind not in (Kind.LINK, Kind.CONNECT):
            yield reference.resolved.target, reference.kind


def _waits(element: Element) -> bool:
    """Whether a browser loads it only when somebody asks for it."""
    holder = element.parent if element.name == "source" and element.parent is not None else element
    return (
        holder.name in ("video", "audio")
        and holder.get("autoplay") is None
        and (holder.get("preload") or "").strip().lower() == "none"
    )


def _follow(names: Iterable[str], stylesheets: Mapping[str, Stylesheet]) -> Iterator[str]:
    """The files, and behind each stylesheet what it loads."""
    waiting, seen = list(names), set[str]()
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        yield name
        if name in stylesheets:
            waiting += stylesheets[name].assets


def _choose_fonts(own: Iterable[str], names: Mapping[str, str]) -> Iterator[str]:
    """All files but the fonts that stand in for a better one of the same name."""
    best: dict[str, str] = {}
    kept = list(own)
    for name in kept:
        if extension(name) in _FONTS:
            stem = names.get(name, name).rpartition(".")[0]
            if stem not in best or _FONTS.index(extension(name)) < _FONTS.index(extension(best[stem])):
                best[stem] = name
    chosen = set(best.values())
    return (name for name in kept if extension(name) not in _FONTS or name in chosen)
