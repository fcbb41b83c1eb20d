"""Which page each HTML file of an upload becomes: slugs from paths, the main one, the thank-you page.

It looks at what is there already and decides; making the pages is `importing`'s work.
"""

import posixpath
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import replace as changed
from typing import Final

from sqlmodel import Session

from lander.errors import Conflict, InvalidInput
from lander.pages import pages, versions
from lander.pages.models import Page, Site

_THANK_YOU: Final = re.compile(r"(thank|thanx|danke|merci|success|gracias|grazie)", re.IGNORECASE)
_INDEX: Final = frozenset(["index.html", "index.htm"])


@dataclass(frozen=True, slots=True)
class Place:
    """Where one HTML file of the upload goes. Without a page of its own yet, `page` is None."""

    path: str
    slug: str
    source: str
    page: Page | None
    key: str
    is_there: bool = False  # the page has this very content already


def plan_places(
    session: Session, site: Site, sources: Mapping[str, str], *, slug: str, key: str, replace: bool = False
) -> list[Place]:
    """A place for every HTML file, the main page first. Raises where a page would get in the way of another.

    A page that is there already keeps its content where it is the same, or gets the variant `key`; with `replace`, a
    new version of that variant.
    """
    main = _find_main(sources)
    places: list[Place] = []
    taken: set[str] = set()

    def is_free(planned: str) -> bool:
        if planned in taken:
            return False
        return not pages.is_of_studio(planned) or pages.find_page(session, site, planned) is not None

    for path in sorted(sources, key=lambda item: (item != main, item)):
        planned = pages.check_slug(slug if path == main else _slug_under(slug, main, path, is_free=is_free))
        taken.add(planned)
        page = pages.find_page(session, site, planned)
        place = Place(path, planned, sources[path], page, key if page is not None else "a")
        places.append(
            place if path == main or page is None else _plan_sibling(session, site, page, place, may_replace=replace)
        )
    return places


def find_thank_you(places: list[Place]) -> str | None:
    """The address of the page that looks like the one after the form."""
    _, *others = places
    found = next((place for place in others if _is_thank_you(place.path)), None)
    return None if found is None else f"/{found.slug}"


def _is_thank_you(path: str) -> bool:
    return _THANK_YOU.match(path.rpartition("/")[2]) is not None


def _find_main(sources: Mapping[str, str]) -> str:
    """index.html nearest the top, else the only HTML file."""

    def depth(path: str) -> tuple[int, str]:
        return path.count("/"), path

    indexes = [path for path in sources if path.rpartition("/")[2].lower() in _INDEX]
    if indexes:
        return min(indexes, key=depth)
    candidates = [path for path in sources if not _is_thank_you(path)] or list(sources)
    if len(candidates) > 1:
        raise InvalidInput(
            f"The zip holds {len(sources)} HTML files and none is called index.html.",
            fix=f"Call the page itself index.html ({', '.join(sorted(candidates)[:5])}).",
        )
    return candidates[0]


def _plan_sibling(session: Session, site: Site, page: Page, place: Place, *, may_replace: bool) -> Place:
    for variant in pages.list_variants(session, page):
        if versions.load_draft(session, variant).source == place.source:
            return changed(place, key=variant.key, is_there=True)
    if may_replace:
        return place
    if place.key == "a" or pages.find_variant(session, page, place.key) is not None:
        raise Conflict(
            f"{place.path} would be the page {site.host}/{place.slug}, which is there already with other content.",
            fix="Choose another address for the upload, or rename the file.",
        )
    return place


def _slug_under(slug: str, main: str, path: str, *, is_free: Callable[[str], bool]) -> str:
    """`thanks.html` → slug/thanks, `de/Über uns.html` → slug/de/ueber-uns; a number where that is not free."""
    relative = posixpath.relpath(path, posixpath.dirname(main) or ".")
    stem = relative.rpartition(".")[0]
    if stem.rpartition("/")[2].lower() == "index":
        stem = stem.rpartition("/")[0]
    parts = [_plain(part) for part in stem.split("/") if part not in ("", "..")]
    base = "/".join([slug, *(part for part in parts if part)])
    number, planned = 1, base
    while not is_free(planned):
        number += 1
        planned = f"{base}-{number}"
    return planned


def _plain(text: str) -> str:
    for letter, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        text = text.lower().replace(letter, letters)
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-")
