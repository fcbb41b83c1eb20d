"""Snippets: shared blocks of HTML with a name, which pages use as `<lander-snippet name="footer"></lander-snippet>`.

A version never changes; saving makes the next one, which publishing takes. Pages that are live show what they were
published with until they are published again.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, func, or_, select

from lander.access import audit
from lander.errors import Conflict, InvalidInput, NotFound
from lander.pages.expand import Block, assets_in, has_snippets, mentioned_in, named_in
from lander.pages.models import Asset, Page, Site, Snippet, SnippetVersion, StoredRelease, Variant, Version
from lander.pages.versions import check_source

LONGEST_NAME: Final = 60
_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Use:
    """A page that uses a snippet. `live` is the version of it that visitors see there, `draft` says who is to see it."""

    page: Page
    variants: tuple[str, ...]  # whose drafts name it
    live: int | None  # snippet version id


def check_name(name: str) -> str:
    """The name, if a snippet may have it: lower-case letters, digits and hyphens."""
    if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
        raise InvalidInput(
            f"'{name[: LONGEST_NAME + 1]}' cannot name a snippet.",
            fix=f"Use at most {LONGEST_NAME} lower-case letters, digits and hyphens, like footer or trust-badges.",
        )
    return name


def check_snippet_source(source: str) -> str:
    """The HTML, if a snippet may hold it."""
    if has_snippets(source):
        raise InvalidInput(
            "A snippet cannot hold another snippet, or itself.", fix="Put the other one's HTML here, or beside it."
        )
    if not source.strip():  # a new one has no earlier version
        raise InvalidInput("The snippet is empty.", fix="Write its HTML.")
    return check_source(source, called="The snippet")


def add_snippet(session: Session, site: Site, name: str, source: str, *, actor: str, now: datetime) -> Snippet:
    """A new snippet with its first version."""
    check_name(name)
    if find_snippet(session, site, name) is not None:
        raise Conflict(f"There is already a snippet '{name}'.", fix="Choose another name, or edit that one.")
    assert site.id is not None
    snippet = Snippet(site_id=site.id, name=name, created_at=now)
    session.add(snippet)
    session.flush()
    add_snippet_version(session, snippet, source, actor=actor, now=now)
    audit.record(session, now=now, actor=actor, action="snippet.add", subject=_subject(site, name))
    return snippet


def save_snippet(
    session: Session,
    site: Site,
    name: str,
    source: str,
    *,
    base_version: int | None,
    note: str = "",
    actor: str,
    now: datetime,
) -> SnippetVersion:
    """The edited HTML as a new version; the same HTML again is the version it was.

    `base_version` is the number of the version that the editor started from; None saves over whatever is there. Raises
    `Conflict` where somebody else saved in between.
    """
    snippet = load_snippet(session, site, name)
    session.refresh(snippet, with_for_update=True)  # PostgreSQL holds a second editor here; SQLite has one writer
    current = load_snippet_draft(session, snippet)
    if base_version is not None and base_version != current.number:
        raise Conflict(
            f"{current.created_by} saved version {current.number} of the snippet {name} while you worked on "
            f"{base_version}.",
            fix="Copy your text, load the snippet again, and put your change into the newer version.",
        )
    if source == current.source:
        return current
    version = add_snippet_version(session, snippet, source, note=note, actor=actor, now=now)
    audit.record(
        session,
        now=now,
        actor=actor,
        action="snippet.edit",
        subject=_subject(site, name),
        before=current.number,
        after=version.number,
    )
    return version


def restore_snippet(
    session: Session, site: Site, name: str, number: int, *, actor: str, now: datetime
) -> SnippetVersion:
    """An earlier content again, as a new version."""
    snippet = load_snippet(session, site, name)
    wanted = find_snippet_version(session, snippet, number)
    if wanted is None:
        raise NotFound(f"The snippet {name} has no version {number}.", fix="Its history lists every version.")
    note = f"version {number} again"
    return save_snippet(session, site, name, wanted.source, base_version=None, note=note, actor=actor, now=now)


def add_snippet_version(
    session: Session, snippet: Snippet, source: str, *, note: str = "", actor: str, now: datetime
) -> SnippetVersion:
    """The next version of a snippet, which becomes its draft."""
    assert snippet.id is not None
    newest = session.exec(select(func.max(SnippetVersion.number)).where(SnippetVersion.snippet_id == snippet.id)).one()
    version = SnippetVersion(
        snippet_id=snippet.id,
        number=(newest or 0) + 1,
        source=check_snippet_source(source),
        note=note,
        created_at=now,
        created_by=actor,
    )
    session.add(version)
    session.flush()
    snippet.version_id = version.id
    session.add(snippet)
    session.flush()
    return version


def list_snippets(session: Session, site: Site) -> Sequence[Snippet]:
    """The snippets of a site, by name."""
    return session.exec(select(Snippet).where(Snippet.site_id == site.id).order_by(col(Snippet.name))).all()


def find_snippet(session: Session, site: Site, name: str) -> Snippet | None:
    """The snippet of that name, or None."""
    return session.exec(select(Snippet).where(Snippet.site_id == site.id, Snippet.name == name)).first()


def load_snippet(session: Session, site: Site, name: str) -> Snippet:
    """The snippet of that name."""
    snippet = find_snippet(session, site, name)
    if snippet is None:
        known = ", ".join(item.name for item in list_snippets(session, site))
        raise NotFound(
            f"There is no snippet '{name}' on {site.host}.",
            fix=f"The snippets are {known}." if known else "Make the first one.",
        )
    return snippet


def load_snippet_draft(session: Session, snippet: Snippet) -> SnippetVersion:
    """The newest version, which publishing takes."""
    assert snippet.version_id is not None, "a snippet has a version from the moment it is added"
    return session.get_one(SnippetVersion, snippet.version_id)


def list_snippet_versions(session: Session, snippet: Snippet) -> Sequence[SnippetVersion]:
    """Every version of a snippet, newest first."""
    mine = select(SnippetVersion).where(SnippetVersion.snippet_id == snippet.id)
    return session.exec(mine.order_by(col(SnippetVersion.number).desc())).all()


def find_snippet_version(session: Session, snippet: Snippet, number: int | None) -> SnippetVersion | None:
    """The version of that number, or None, also for a number that no database can hold."""
    if number is None or not 0 < number < 2**31:
        return None
    mine = select(SnippetVersion).where(SnippetVersion.snippet_id == snippet.id)
    return session.exec(mine.where(SnippetVersion.number == number)).first()


def load_blocks(session: Session, versions: Sequence[Version], *, pinned: Mapping[str, int]) -> dict[str, Block]:
    """What compiling these versions of one site's pages needs of snippets: drafts, but for those `pinned` to a version."""
    names = {name for version in versions for name in mentioned_in(version.source)}
    if not names:
        return {}
    owners = {version.variant_id for version in versions}
    sites = select(Page.site_id).join(Variant, col(Variant.page_id) == col(Page.id)).where(col(Variant.id).in_(owners))
    query = (
        select(Snippet.name, SnippetVersion)
        .join(SnippetVersion, col(SnippetVersion.snippet_id) == col(Snippet.id))
        .where(col(Snippet.site_id).in_(sites), col(Snippet.name).in_(names))
        .where(or_(col(SnippetVersion.id) == col(Snippet.version_id), col(SnippetVersion.id).in_(set(pinned.values()))))
    )
    found: dict[str, SnippetVersion] = {}
    for name, version in session.exec(query):
        if name not in pinned or version.id == pinned[name]:
            found[name] = version
    return make_blocks(session, found)


def make_blocks(session: Session, versions: Mapping[str, SnippetVersion]) -> dict[str, Block]:
    """Snippet versions as compiling needs them."""
    wanted = {name: assets_in(version.source) for name, version in versions.items()}
    named = set[str]().union(*wanted.values())
    there = set(session.exec(select(Asset.name).where(col(Asset.name).in_(named)))) if named else set()
    return {
        name: Block(version.id or 0, version.source, frozenset(wanted[name] & there))
        for name, version in versions.items()
    }


def list_uses(session: Session, site: Site) -> dict[str, list[Use]]:
    """Where snippets are used, by their names: in drafts, or in what visitors see."""
    drafts: dict[tuple[str, int], list[str]] = {}
    page_of: dict[int, Page] = {}
    query = (
        select(Page, Variant.key, Version.source)
        .join(Variant, col(Variant.page_id) == col(Page.id))
        .join(Version, col(Version.id) == col(Variant.version_id))
        .where(Page.site_id == site.id, func.lower(Version.source).contains("<lander-snippet"))
        .order_by(col(Page.slug), col(Variant.key))
    )
    for page, key, source in session.exec(query):
        page_of[page.id or 0] = page
        for name in named_in(source):
            drafts.setdefault((name, page.id or 0), []).append(key)
    live: dict[tuple[str, int], int] = {}
    stored = (
        select(Page, StoredRelease.snippets)
        .join(StoredRelease, col(StoredRelease.id) == col(Page.release_id))
        .where(Page.site_id == site.id)
    )
    for page, snippets in session.exec(stored):
        for name, number in snippets.items():
            page_of[page.id or 0] = page
            live[name, page.id or 0] = number
    uses: dict[str, list[Use]] = {}
    for name, page_id in sorted({*drafts, *live}, key=lambda item: page_of[item[1]].slug):
        keys = tuple(drafts.get((name, page_id), ()))
        uses.setdefault(name, []).append(Use(page_of[page_id], keys, live.get((name, page_id))))
    return uses


def list_behind(uses: Iterable[Use], draft_id: int | None) -> list[Page]:
    """The live pages that show another version of a snippet than its draft."""
    return [use.page for use in uses if use.live is not None and use.live != draft_id]


def _subject(site: Site, name: str) -> str:
    return f"{site.host}, snippet {name}"
