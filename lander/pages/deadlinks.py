"""Where the links of a page lead: pages here, files that came along, places on the page itself, old addresses.

Looking only, and only at what is ours: a link to another host is nobody's business here.
"""

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from lander.artifact import ASSET_PREFIX
from lander.document import Document, Element
from lander.pages.addresses import Kind, Scope, find_file
from lander.pages.models import Version
from lander.pages.redirect_checks import Kind as End
from lander.pages.redirect_checks import Table
from lander.pages.redirect_rules import is_own
from lander.pages.references import Reference, find_references
from lander.policy.findings import Finding, Severity

_NOT_A_PLACE: Final = ("!", "/", ":~:")  # what scripts, and browsers' links to text, write behind #
_TAGS: Final = ("a", "area")
_MOST_LINES: Final = 12
_DEAD: Final = {
    End.GONE: "leads to something that is gone for good (410).",
    End.LOOP: "leads in a circle of redirects.",
    End.NOTHING: "leads to no page here.",
}


@dataclass(frozen=True, slots=True)
class Around:
    """What a link of a page may lead to. `table` and `places` are asked for only where a link needs them."""

    host: str
    slug: str
    live: Container[str]  # slugs
    drafts: Container[str]  # slugs of pages that visitors do not see yet
    table: Callable[[], Table]
    places: Callable[[str], Container[str]]  # what a fragment can mean on the live page of a slug


def check_links(
    document: Document, version: Version, assets: Container[str], around: Around, level: Severity
) -> Iterator[Finding]:
    """The links that lead nowhere. `assets` are the files that visitors get."""
    checker = _Checker(version, assets, list_places(document), around)
    empty: list[Reference] = []
    for reference in find_references(document, version.path):
        if reference.kind is not Kind.LINK or reference.element.name not in _TAGS:
            continue
        problem = checker.check(reference)
        if problem is _NOWHERE:
            empty.append(reference)
        elif problem is not None:
            yield Finding(
                level if problem.is_dead else Severity.WARN,
                "content.dead_links" if problem.is_dead else "references.not-live",
                f"Line {reference.line}: the link to {_shorten(reference.address)} {problem.what}",
                problem.fix,
                line=reference.line,
                element=reference.tag,
            )
    if empty:
        yield _say_empty(empty, level)


def _say_empty(links: Sequence[Reference], level: Severity) -> Finding:
    """The links that templates leave for somebody to fill in, in one finding."""
    lines = list(dict.fromkeys(str(link.line) for link in links))
    if len(lines) == 1:
        sentence = f"Line {lines[0]}: the link to {links[0].address} {_NOWHERE.what}"
    else:
        shown = f"{', '.join(lines[:_MOST_LINES])}{' …' if len(lines) > _MOST_LINES else ''}"
        sentence = f"{len(links)} links lead nowhere ({links[0].address}), in lines {shown}."
    return Finding(level, "content.dead_links", sentence, _NOWHERE.fix, line=links[0].line, element=links[0].tag)


class _Problem(NamedTuple):
    what: str
    fix: str
    is_dead: bool = True


_NOWHERE: Final = _Problem("leads nowhere.", "Give it an address, or take it out.")


@dataclass(frozen=True, slots=True)
class _Checker:
    version: Version
    assets: Container[str]
    places: Container[str]
    around: Around

    def check(self, reference: Reference) -> _Problem | None:
        resolved, version = reference.resolved, self.version
        if resolved.scope is Scope.INSIDE:
            return self._check_place(reference.element, resolved.fragment)
        path = _find_path(reference, self.around.host)
        if path is None:
            return None
        if resolved.scope is Scope.RELATIVE:
            target = find_file({**version.links, version.path: self.around.slug}, resolved)
            if target is not None:  # a page that came along is looked at with all of them
                if target == version.path:
                    return self._check_place(reference.element, resolved.fragment)
                return self._check_place_elsewhere(version.links[target], resolved.fragment)
            if not resolved.rooted or find_file(version.files, resolved) is not None:
                return None  # what is missing among the files is said of everything that is loaded
        if path.startswith(ASSET_PREFIX):
            is_there = path.removeprefix(ASSET_PREFIX) in self.assets
            return None if is_there else _Problem("leads to a file that is not there.", "Upload it with the page.")
        if path.strip("/") == self.around.slug:
            return self._check_place(reference.element, resolved.fragment)
        return self._check_path(path) or self._check_place_elsewhere(path.strip("/"), resolved.fragment)

    def _check_path(self, path: str) -> _Problem | None:
        slug = path.strip("/")
        if slug in self.around.live or is_own(path):
            return None
        if slug in self.around.drafts:
            what, fix = f"leads to /{slug}, which is not live yet.", "Publish it too, with this page or before it."
            return _Problem(what, fix, is_dead=False)
        dead = _DEAD.get(self.around.table().find_end(path).kind)
        return _Problem(dead, "Lead it to a page that is live, or take it out.") if dead else None

    def _check_place(self, element: Element, fragment: str) -> _Problem | None:
        name = unquote(fragment.removeprefix("#"))
        if not fragment or name in self.places or name == "top":
            return None
        if name in ("", "!"):
            return None if _does_something(element) else _NOWHERE
        if name.startswith(_NOT_A_PLACE):
            return None
        fix = f'Give the place it means id="{_shorten(name)}", or correct the link.'
        return _Problem("leads to a place that is not on the page.", fix)

    def _check_place_elsewhere(self, slug: str, fragment: str) -> _Problem | None:
        """On another page of ours, as visitors see it; one that nobody sees yet is looked at when it is live."""
        name = unquote(fragment.removeprefix("#"))
        if not name or name == "top" or name.startswith(_NOT_A_PLACE) or slug not in self.around.live:
            return None
        if name in self.around.places(slug):
            return None
        fix = f'Give the place it means id="{_shorten(name)}" there and publish that page, or correct the link.'
        return _Problem(f"leads to a place that visitors do not find on /{slug}.", fix)


def _does_something(element: Element) -> bool:
    """Whether a script plainly waits for this link."""
    role = (element.get("role") or "").lower()
    return role in ("button", "tab", "menuitem") or any(item.name.startswith("data-") for item in element.attributes)


def _find_path(reference: Reference, host: str) -> str | None:
    """The path of an address of ours; None where it leads elsewhere."""
    resolved = reference.resolved
    if resolved.scope is Scope.RELATIVE:
        return f"/{resolved.target}"
    if resolved.scope is not Scope.EXTERNAL:
        return None
    try:
        parts = urlsplit(resolved.target)
        return (unquote(parts.path) or "/") if parts.hostname == host else None
    except ValueError:
        return None


def list_places(document: Document) -> frozenset[str]:
    """What a fragment can mean: ids, and names of anchors."""
    names = (item.get(name) for item in document.elements for name in (("id", "name") if item.name == "a" else ("id",)))
    return frozenset(name for name in names if name)


def _shorten(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"
