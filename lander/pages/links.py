"""The links of a variant that lead to other hosts, each once. Nothing is asked here."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlmodel import Session

from lander.document import Element
from lander.pages.addresses import Kind
from lander.pages.expand import expand
from lander.pages.models import Site, Version
from lander.pages.references import find_references
from lander.pages.release import load_files

_LONGEST_WORDS = 80


@dataclass(frozen=True, slots=True)
class OutsideLink:
    """An address on another host, and where the page leads to it."""

    address: str  # absolute, without its fragment: that is the browser's
    words: str  # of the first link that leads there
    lines: tuple[int, ...]  # some stand in snippets: their lines say so


def list_outside(session: Session, site: Site, version: Version) -> Iterator[OutsideLink]:
    """Where a click leads away from the site, snippets included, in the order of the page."""
    document = expand(version.source, load_files(session, [version]).blocks).document
    found: dict[str, list[Element]] = {}
    for reference in find_references(document, version.path):
        if reference.kind is Kind.LINK and reference.is_external and _host_of(reference.resolved.target) != site.host:
            found.setdefault(reference.resolved.target, []).append(reference.element)
    for address, elements in found.items():
        words = " ".join(document.text(elements[0]).split()) or elements[0].get("aria-label") or ""
        yield OutsideLink(address, words[:_LONGEST_WORDS], tuple(element.line for element in elements))


def _host_of(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""
