"""Pages and their variants, on the write side: what they may be called, finding them, adding them.

What stands in a variant is `versions`' work. Nothing here reaches a visitor; `publish` does that.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from lander.access import audit
from lander.errors import Conflict, InvalidInput, NotFound
from lander.pages.models import Page, Site, Variant

LONGEST_SLUG: Final = 100
LONGEST_NAME: Final = 60
VARIANT_KEYS: Final = "abcdefghijklmnopqrstuvwxyz"
_SLUG: Final = re.compile(r"[a-z0-9]+(-+[a-z0-9]+)*(/[a-z0-9]+(-+[a-z0-9]+)*)*")
_RESERVED: Final = frozenset(
    ["_l", "robots.txt", "favicon.ico", "sitemap.xml", "ads.txt", ".well-known", "healthz", "readyz", "metrics"]
)
# behind /pages/ the studio has screens of its own at these, and a page there could not be opened; held to its routes
_STUDIO: Final = re.compile(
    r"new|.+/(after-form|rename|retire|search|[a-z0-9]/"
    r"(compare|edit(/preview)?|history|images(/[0-9]+/(crop|thumbnail))?|links|regions|share|source|visit))"
)


def check_slug(slug: str) -> str:
    """The slug, if a page may have it: lower-case letters, digits and hyphens, '/' between parts."""
    if not slug:
        raise InvalidInput("The page has no address yet.", fix="Write one, like spring-sale or de/spring-sale.")
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


def check_new_slug(slug: str) -> str:
    """The same for a page that has no address yet, or gets another one: those of the studio's screens are refused too."""
    if is_of_studio(check_slug(slug)):
        raise InvalidInput(
            f"The address '{slug}' is that of a screen of the studio, which would hide the page.",
            fix=f"Change its last part, for example to {slug.rpartition('/')[2]}-page.",
        )
    return slug


def is_of_studio(slug: str) -> bool:
    """Whether the studio shows a screen of its own where it would show the page. Pages from before may be called so."""
    return _STUDIO.fullmatch(slug) is not None


def page_address(site: Site, page: Page) -> str:
    """Host and slug, as people write it: go.example.com/spring-sale."""
    return f"{site.host}/{page.slug}"


def address_of(session: Session, page: Page) -> str:
    """The same for a page whose site is not at hand."""
    return page_address(session.get_one(Site, page.site_id), page)


def add_page(session: Session, site: Site, slug: str, *, actor: str, now: datetime) -> Page:
    """A page without variants; whoever calls this adds the first one in the same transaction."""
    check_new_slug(slug)
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


def rename_variant(session: Session, page: Page, key: str, name: str, *, actor: str, now: datetime) -> Variant:
    """Call a variant something that stands beside its letter; an empty name leaves the letter alone."""
    variant = load_variant(session, page, key)
    name = " ".join(name.split())
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidInput(
            f"“{name[:LONGEST_NAME]}” cannot be the name of a variant.",
            fix=f"Write up to {LONGEST_NAME} letters, like Shorter headline.",
        )
    if name == variant.name:
        return variant
    before, variant.name = variant.name, name
    session.add(variant)
    session.flush()
    subject = address_of(session, page)
    audit.record(
        session, now=now, actor=actor, action="variant.rename", subject=subject, variant=key, before=before, after=name
    )
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


def name_variants(session: Session, page_id: int) -> dict[str, str]:
    """What the variants of a page are called beside their letters; empty for those that have no name."""
    rows = session.exec(select(Variant.key, Variant.name).where(Variant.page_id == page_id))
    return dict(rows.all())


def choose_free_key(session: Session, page: Page) -> str:
    """The first letter that no variant of the page has; raises `Conflict` where all are taken."""
    taken = {variant.key for variant in list_variants(session, page)}
    free = next((key for key in VARIANT_KEYS if key not in taken), None)
    if free is None:
        raise Conflict(f"The page '{page.slug}' has all 26 variants.", fix="Edit one of them.")
    return free
