"""Pages, their variants and versions, on the write side.

A version never changes: saving makes the next one. Nothing here reaches a visitor; `publish` does that.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, func, select

from lander.access import audit
from lander.errors import Conflict, InvalidInput, NotFound
from lander.pages.models import Page, Site, Variant, Version

LONGEST_SLUG: Final = 100
LARGEST_SOURCE: Final = 10 * 1024 * 1024
VARIANT_KEYS: Final = "abcdefghijklmnopqrstuvwxyz"
_SLUG: Final = re.compile(r"[a-z0-9]+(-+[a-z0-9]+)*(/[a-z0-9]+(-+[a-z0-9]+)*)*")
_RESERVED: Final = frozenset(
    ["_l", "robots.txt", "favicon.ico", "sitemap.xml", "ads.txt", ".well-known", "healthz", "readyz", "metrics"]
)


def check_slug(slug: str) -> str:
    """The slug, if a page may have it: lower-case letters, digits and hyphens, '/' between parts."""
    if slug.split("/", maxsplit=1)[0].lower() in _RESERVED:
        raise InvalidInput(f"The address '{slug}' is reserved.", fix="Choose another one, like spring-sale.")
    if len(slug) > LONGEST_SLUG:
        raise InvalidInput(
            f"The address has {len(slug)} characters; at most {LONGEST_SLUG} are allowed.", fix="Shorten it."
        )
    if not _SLUG.fullmatch(slug):
        raise InvalidInput(
            f"'{slug}' cannot be a page's address.",
            fix="Use lower-case letters, digits and hyphens, with '/' between parts, like spring-sale or de/spring-sale.",
        )
    return slug


def page_address(site: Site, page: Page) -> str:
    """Host and slug, as people write it: go.example.com/spring-sale."""
    return f"{site.host}/{page.slug}"


def add_page(session: Session, site: Site, slug: str, *, actor: str, now: datetime) -> Page:
    """A page without variants; whoever calls this adds the first one in the same transaction."""
    check_slug(slug)
    assert site.id is not None
    if find_page(session, site, slug) is not None:
        raise Conflict(
            f"There is already a page at {site.host}/{slug}.",
            fix="Choose another address, or add a variant to that page.",
        )
    page = Page(site_id=site.id, slug=slug, created_at=now, created_by=actor)
    session.add(page)
    session.flush()
    return page


def load_page(session: Session, site: Site, slug: str) -> Page:
    """The page at an address of a site."""
    page = find_page(session, site, slug)
    if page is None:
        raise NotFound(f"There is no page at {site.host}/{slug}.", fix="See them all with: lander page list")
    return page


def find_page(session: Session, site: Site, slug: str) -> Page | None:
    """The page at an address of a site, or None."""
    return session.exec(select(Page).where(Page.site_id == site.id, Page.slug == slug)).first()


def list_pages(session: Session, site: Site | None = None) -> Sequence[Page]:
    """The pages of a site, or of all sites, by slug."""
    query = select(Page).order_by(col(Page.slug), col(Page.id))
    return session.exec(query if site is None else query.where(Page.site_id == site.id)).all()


def check_variant_key(key: str) -> str:
    """The key, if a variant may have it: one lower-case letter."""
    if len(key) != 1 or key not in VARIANT_KEYS:
        raise InvalidInput(f"'{key}' cannot name a variant.", fix="Variants are called a, b, c…")
    return key


def add_variant(session: Session, page: Page, key: str, *, now: datetime) -> Variant:
    """A variant without versions; whoever calls this adds the first one in the same transaction."""
    check_variant_key(key)
    assert page.id is not None
    if find_variant(session, page, key) is not None:
        raise Conflict(f"The page '{page.slug}' already has a variant {key}.", fix="Choose another letter, or edit it.")
    variant = Variant(page_id=page.id, key=key, created_at=now)
    session.add(variant)
    session.flush()
    return variant


def load_variant(session: Session, page: Page, key: str) -> Variant:
    """A variant of a page."""
    variant = find_variant(session, page, key)
    if variant is None:
        keys = ", ".join(variant.key for variant in list_variants(session, page))
        raise NotFound(f"The page '{page.slug}' has no variant {key}.", fix=f"Its variants are {keys}.")
    return variant


def find_variant(session: Session, page: Page, key: str) -> Variant | None:
    """A variant of a page, or None."""
    return session.exec(select(Variant).where(Variant.page_id == page.id, Variant.key == key)).first()


def list_variants(session: Session, page: Page) -> Sequence[Variant]:
    """The variants of a page, by key; the first is the control."""
    return session.exec(select(Variant).where(Variant.page_id == page.id).order_by(col(Variant.key))).all()


def draft(session: Session, variant: Variant) -> Version:
    """The newest version, which publishing takes."""
    version = session.get(Version, variant.version_id) if variant.version_id is not None else None
    if version is None:
        raise NotFound(
            f"Variant {variant.key} has no content yet.", fix="Import a page into it, or copy another variant."
        )
    return version


def history(session: Session, variant: Variant) -> Sequence[Version]:
    """Every version of a variant, newest first."""
    return session.exec(
        select(Version).where(Version.variant_id == variant.id).order_by(col(Version.number).desc())
    ).all()


def add_version(
    session: Session,
    variant: Variant,
    *,
    source: str,
    path: str,
    files: dict[str, str],
    links: dict[str, str],
    enable_submit: bool,
    note: str = "",
    actor: str,
    now: datetime,
) -> Version:
    """The next version of a variant, which becomes its draft."""
    assert variant.id is not None
    newest = session.exec(select(func.max(Version.number)).where(Version.variant_id == variant.id)).one()
    version = Version(
        variant_id=variant.id,
        number=(newest or 0) + 1,
        source=check_source(source),
        path=path,
        files=files,
        links=links,
        enable_submit=enable_submit,
        note=note,
        created_at=now,
        created_by=actor,
    )
    session.add(version)
    session.flush()
    variant.version_id = version.id
    session.add(variant)
    session.flush()
    return version


def check_source(source: str) -> str:
    """The HTML, if it can be stored."""
    if not source.strip():
        raise InvalidInput("The page is empty.", fix="Write its HTML, or restore an earlier version.")
    try:
        size = len(source.encode())
    except UnicodeEncodeError:
        size = -1
    if size < 0 or "\0" in source:
        raise InvalidInput("The page holds characters that are no text.", fix="Paste it again from a text editor.")
    if size > LARGEST_SOURCE:
        raise InvalidInput("The page's HTML is larger than 10 MiB.", fix="Move images out of it into files.")
    return source


def copy_variant(
    session: Session, page: Page, *, source: str = "a", target: str | None = None, actor: str, now: datetime
) -> Variant:
    """A new variant with the content that `source` has now, under the next free letter if none is named."""
    original = draft(session, load_variant(session, page, source))
    if target is None:
        taken = {variant.key for variant in list_variants(session, page)}
        target = next((key for key in VARIANT_KEYS if key not in taken), None)
        if target is None:
            raise Conflict(f"The page '{page.slug}' has all 26 variants.", fix="Edit one of them.")
    variant = add_variant(session, page, target, now=now)
    add_version(
        session,
        variant,
        source=original.source,
        path=original.path,
        files=dict(original.files),
        links=dict(original.links),
        enable_submit=original.enable_submit,
        note=f"copy of {source}",
        actor=actor,
        now=now,
    )
    subject = _subject(session, page)
    audit.record(session, now=now, actor=actor, action="variant.copy", subject=subject, source=source, variant=target)
    return variant


def save_source(
    session: Session, page: Page, key: str, source: str, *, actor: str, now: datetime, base_version: int | None
) -> Version:
    """The edited HTML as a new version; the same HTML again is the version it was.

    `base_version` is the number of the version that the editor started from; None saves over whatever is there. Raises
    `Conflict` where somebody else saved in between.
    """
    variant = load_variant(session, page, key)
    # PostgreSQL holds a second editor here; SQLite has one writer anyway
    session.exec(select(Variant.id).where(Variant.id == variant.id).with_for_update()).one()
    session.refresh(variant)
    current = draft(session, variant)
    if base_version is not None and base_version != current.number:
        raise Conflict(
            f"{current.created_by} saved version {current.number} of variant {key} while you worked on {base_version}.",
            fix="Copy your text, load the page again, and put your change into the newer version.",
        )
    if check_source(source) == current.source:
        return current
    version = add_version(
        session,
        variant,
        source=source,
        path=current.path,
        files=dict(current.files),
        links=dict(current.links),
        enable_submit=current.enable_submit,
        actor=actor,
        now=now,
    )
    audit.record(
        session,
        now=now,
        actor=actor,
        action="page.edit",
        subject=_subject(session, page),
        variant=key,
        before=current.number,
        after=version.number,
    )
    return version


def _subject(session: Session, page: Page) -> str:
    return page_address(session.get_one(Site, page.site_id), page)
