"""What a page refers to: scripts, styles, images, fonts, media, frames, connections and links, each with its place.

Finding them changes nothing and judges nothing; the policy's rules do that. `rewrite_references` is the one way in which
an address on a page is exchanged or taken out.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from lander.document import Document, Edits, Element
from lander.escapes import escape_text
from lander.pages.addresses import Address, Kind, Scope, resolve_address
from lander.pages.stylesheets import REMOVED_ADDRESS, CssReference, find_css_references, splice, write_css_address

TAKE_OUT: Final = ""
"""What `rewrite_references` is told about a reference that has to go."""

# (element, attribute) → kind; `*` is any element
_ATTRIBUTES: Final[Mapping[tuple[str, str], Kind]] = {
    ("script", "src"): Kind.SCRIPT,
    ("script", "href"): Kind.SCRIPT,  # in svg
    ("script", "xlink:href"): Kind.SCRIPT,
    ("img", "src"): Kind.IMG,
    ("img", "srcset"): Kind.IMG,
    ("source", "srcset"): Kind.IMG,
    ("source", "src"): Kind.MEDIA,
    ("input", "src"): Kind.IMG,
    ("video", "src"): Kind.MEDIA,
    ("video", "poster"): Kind.IMG,
    ("audio", "src"): Kind.MEDIA,
    ("track", "src"): Kind.MEDIA,
    ("image", "href"): Kind.IMG,
    ("image", "xlink:href"): Kind.IMG,
    ("use", "href"): Kind.IMG,
    ("use", "xlink:href"): Kind.IMG,
    ("feimage", "href"): Kind.IMG,
    ("feimage", "xlink:href"): Kind.IMG,
    ("iframe", "src"): Kind.FRAME,
    ("frame", "src"): Kind.FRAME,
    ("embed", "src"): Kind.FRAME,
    ("object", "data"): Kind.FRAME,
    ("a", "href"): Kind.LINK,
    ("a", "xlink:href"): Kind.LINK,
    ("area", "href"): Kind.LINK,
    ("a", "ping"): Kind.CONNECT,
    ("area", "ping"): Kind.CONNECT,
    ("*", "background"): Kind.IMG,
}
_SETS: Final = frozenset(["srcset", "imagesrcset"])
_PRELOADS: Final[Mapping[str, Kind]] = {
    "script": Kind.SCRIPT,
    "worker": Kind.SCRIPT,
    "style": Kind.STYLE,
    "image": Kind.IMG,
    "font": Kind.FONT,
    "audio": Kind.MEDIA,
    "video": Kind.MEDIA,
    "track": Kind.MEDIA,
    "document": Kind.FRAME,
}
GOES_WHOLE: Final = frozenset(
    ["script", "link", "iframe", "frame", "embed", "object", "source", "track", "use", "feimage"]
)
_CANDIDATE: Final = re.compile(r"[\s,]*(\S+)")

# what a hosted library defines, by a word in its address; local scripts that use it stop working without it
_LIBRARIES: Final[Mapping[str, tuple[str, ...]]] = {
    "jquery": ("jQuery", "$"),
    "bootstrap": ("bootstrap",),
    "popper": ("Popper",),
    "swiper": ("Swiper",),
    "splide": ("Splide",),
    "gsap": ("gsap",),
    "lodash": ("_",),
    "underscore": ("_",),
    "moment": ("moment",),
    "chart": ("Chart",),
    "aos": ("AOS",),
    "wow": ("WOW",),
    "axios": ("axios",),
    "vue": ("Vue",),
    "react": ("React", "ReactDOM"),
    "alpine": ("Alpine",),
    "leaflet": ("L",),
    "simplelightbox": ("SimpleLightbox",),
}
_BUILDS: Final = frozenset(
    [
        "js",
        "mjs",
        "cjs",
        "min",
        "slim",
        "bundle",
        "esm",
        "umd",
        "global",
        "core",
        "prod",
        "production",
        "dom",
        "all",
        "v",
    ]
)
_SCRIPT_NOISE: Final = re.compile(r"/\*[\s\S]*?\*/|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'")


@dataclass(frozen=True, slots=True)
class Reference:
    """One address on a page. `start` and `end` span it in the attribute's decoded value, or in the style's text."""

    kind: Kind
    address: str
    resolved: Address
    element: Element
    attribute: str  # empty: the text of a style element
    start: int
    end: int
    line: int
    css: CssReference | None = None

    @property
    def is_external(self) -> bool:
        return self.resolved.scope is Scope.EXTERNAL

    @property
    def tag(self) -> str:
        return f"<{self.element.name}>"


def find_references(document: Document, path: str = "index.html") -> list[Reference]:
    """Every reference of a page that stands at `path` of its archive, in source order."""
    found: list[Reference] = []
    for element in document.elements:
        for attribute in element.attributes:
            line = document.line(attribute.start)
            if attribute.name == "style" or (element.foreign and "url(" in attribute.value.lower()):
                found += _in_css(attribute.value, element, attribute.name, line, path)
                continue
            kind = _kind_of(element, attribute.name)
            if kind is None:
                continue
            for start, end in _spans(attribute.name, attribute.value):
                address = attribute.value[start:end]
                resolved = resolve_address(address, path)
                found.append(Reference(kind, address, resolved, element, attribute.name, start, end, line))
        if element.name == "style":
            text, first_line = _style_text(document, element), document.line(element.content_start)
            found += _in_css(text, element, "", first_line, path)
    return found


def rewrite_references(
    edits: Edits, document: Document, references: list[Reference], choose: Callable[[Reference], str | None]
) -> None:
    """Give references other addresses: what `choose` says, `TAKE_OUT` (the empty text) for none at all, None to keep it.

    Taking out is what does least harm: a script, stylesheet link or frame goes as an element, an image loses its source,
    an address in CSS becomes empty, an `@import` goes as a whole.
    """

    def holder(reference: Reference) -> tuple[int, str]:
        return reference.element.start, reference.attribute

    for _, group in groupby(sorted(references, key=holder), key=holder):
        together = list(group)
        chosen = [(item, address) for item in together if (address := choose(item)) is not None]
        if chosen:
            _rewrite_one(edits, document, chosen)


def scripts_depending_on(url: str, local_scripts: Mapping[str, str]) -> list[str]:
    """Which local scripts (name → text) use what a hosted script defines: `js/scripts.js uses bootstrap`."""
    defined = _defined_by(url)
    found = []
    for name, text in local_scripts.items():
        code = _SCRIPT_NOISE.sub(" ", text)
        used = [identifier for identifier in defined if _uses(code, identifier)]
        if used:
            found.append(f"{name} uses {' and '.join(used)}")
    return found


def inline_scripts(document: Document) -> dict[str, str]:
    """The page's own scripts by a name a person finds: `the script in line 42`."""
    return {
        f"the script in line {element.line}": document.text(element)
        for element in document.named("script")
        if element.get("src") is None and not (element.get("type") or "").lower().endswith("json")
    }


def _defined_by(url: str) -> tuple[str, ...]:
    # bootstrap.bundle.min.js and jquery-3.7.1.js are the library; bootstrap-icons.css and react-to-print.js are not
    file = url.lower().partition("?")[0].rstrip("/").rpartition("/")[2]
    first, *others = [word for word in re.split(r"[^a-z]+", file) if word] or [""]
    return _LIBRARIES.get(first, ()) if _BUILDS.issuperset(others) else ()


def _uses(code: str, identifier: str) -> bool:
    return re.search(rf"(?<![\w$.]){re.escape(identifier)}\s*[.(\[]", code) is not None


def _kind_of(element: Element, attribute: str) -> Kind | None:
    if element.name == "link":
        return _kind_of_link(element) if attribute in ("href", "imagesrcset") else None
    if element.name == "input" and (element.get("type") or "").lower() != "image":
        return None
    if element.name == "source" and attribute == "src" and element.parent and element.parent.name == "picture":
        return Kind.IMG
    return _ATTRIBUTES.get((element.name, attribute)) or _ATTRIBUTES.get(("*", attribute))


def _kind_of_link(element: Element) -> Kind:
    words = (element.get("rel") or "").lower().split()
    if "stylesheet" in words:
        return Kind.STYLE
    if any(word in ("icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon") for word in words):
        return Kind.IMG
    if "modulepreload" in words:
        return Kind.SCRIPT
    if "preload" in words:
        return _PRELOADS.get((element.get("as") or "").lower(), Kind.CONNECT)
    if any(word in ("preconnect", "dns-prefetch", "prefetch", "prerender", "manifest") for word in words):
        return Kind.CONNECT
    return Kind.LINK


def _in_css(css: str, element: Element, attribute: str, line: int, path: str) -> Iterator[Reference]:
    for item in find_css_references(css):
        resolved = resolve_address(item.address, path)
        place = line + item.line - 1
        yield Reference(item.kind, item.address, resolved, element, attribute, item.start, item.end, place, item)


def _style_text(document: Document, element: Element) -> str:
    # in svg the text of a style element holds character references; in HTML it is what stands there
    return document.text(element) if element.foreign else document.source[element.content_start : element.content_end]


def _spans(attribute: str, value: str) -> Iterator[tuple[int, int]]:
    if attribute == "ping":
        yield from (match.span() for match in re.finditer(r"\S+", value))
    elif attribute not in _SETS:
        if stripped := value.strip():
            start = value.index(stripped)
            yield start, start + len(stripped)
    else:
        yield from _spans_of_set(value)


def _spans_of_set(value: str) -> Iterator[tuple[int, int]]:
    position = 0
    while match := _CANDIDATE.match(value, position):
        address = match[1].rstrip(",")
        yield match.start(1), match.start(1) + len(address)
        position = match.end()
        if address == match[1]:  # descriptors follow, up to a comma outside brackets
            depth = 0
            while position < len(value) and (depth > 0 or value[position] != ","):
                depth += {"(": 1, ")": -1}.get(value[position], 0)
                position += 1


def _rewrite_one(edits: Edits, document: Document, chosen: list[tuple[Reference, str]]) -> None:
    first = chosen[0][0]
    element, attribute = first.element, first.attribute
    if first.css is None and any(address == TAKE_OUT for _, address in chosen):
        if element.name in GOES_WHOLE:
            edits.remove_element(element)
        else:
            edits.remove_attribute(element, attribute)
        return
    changes = [_change(reference, address) for reference, address in chosen]
    if attribute:
        edits.set_attribute(element, attribute, splice(element.get(attribute) or "", changes))
    elif element.foreign:
        changed = splice(_style_text(document, element), changes)
        edits.replace(element.content_start, element.content_end, escape_text(changed))
    else:
        for start, end, text in changes:
            edits.replace(element.content_start + start, element.content_start + end, text)


def _change(reference: Reference, address: str) -> tuple[int, int, str]:
    css = reference.css
    if css is None:
        return reference.start, reference.end, address
    if address == TAKE_OUT and css.statement is not None:
        return (*css.statement, "")
    return reference.start, reference.end, write_css_address(address or REMOVED_ADDRESS, quoted=css.quoted)
