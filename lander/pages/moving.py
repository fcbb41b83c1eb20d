"""Renaming a page, and retiring one: its address changes or goes, and nobody who knows the old one is left alone.

Each is one transaction: the page, what visitors see of it, and the redirect stand or fall together.
"""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import String, cast
from sqlmodel import Session, col, func, or_, select

from lander.access import audit
from lander.config import Settings
from lander.document import Document
from lander.errors import Conflict, InvalidInput
from lander.pages import pages, publish, redirects
from lander.pages.addresses import Kind as ReferenceKind
from lander.pages.addresses import Scope, find_file
from lander.pages.models import Page, Publication, Site, Variant, Version
from lander.pages.publish import Published
from lander.pages.redirect_checks import Kind, Table, find_nearest
from lander.pages.redirect_rules import PERMANENT, InvalidRedirect, Problem, Rule, path_of, read_rule, write_path
from lander.pages.references import find_references
from lander.pages.rollback import rollback

RENAME: Final = "rename"


@dataclass(frozen=True, slots=True)
class Link:
    """A place that leads to a page: a variant's link, or where a form goes."""

    slug: str
    where: str  # "variant a, line 12", or "its form"

    def __str__(self) -> str:
        return f"/{self.slug} ({self.where})"


@dataclass(frozen=True, slots=True)
class Moved:
    """What renaming or retiring came to. `target` is where visitors of the old address go; empty where it is gone."""

    before: str  # host and path
    target: str
    status: int  # 301, 302 or 410; 0 where nobody ever saw the page, and nothing is left at its address
    links: tuple[Link, ...]  # of other pages, which lead to the old address
    published: Published | None = None
    removed: Rule | None = None  # the redirect that stood where the page answers now

    def as_json(self) -> dict[str, Any]:
        return {
            "before": self.before,
            "target": self.target,
            "status": self.status,
            "links": [{"page": link.slug, "where": link.where} for link in self.links],
            "release": self.published.release_id if self.published else None,
            "removed": asdict(self.removed) if self.removed else None,
        }

    def sentences(self) -> list[str]:
        """What happened, for people."""
        if self.status == 0:
            first = f"{self.before} was never live, so nothing is left there."
        elif self.target:
            first = (
                f"{self.before} leads to {self.target} now ({self.status}), with everything behind the question mark."
            )
        else:
            first = f"{self.before} says that it is gone (410)."
        removed = [f"Taken away, because the page answers there: {say_rule(self.removed)}."] if self.removed else []
        return [first, *removed, *(f"{link} still leads to the old address." for link in self.links)]


def rename_page(
    session: Session,
    settings: Settings,
    page: Page,
    slug: str,
    *,
    preflight: publish.Preflight | None = None,
    actor: str,
    now: datetime,
) -> Moved:
    """Give a page another address. Visitors of the old one are led to it, and a running test goes on undisturbed."""
    site = session.get_one(Site, page.site_id)
    before, address = page.slug, pages.page_address(site, page)
    pages.check_new_slug(slug)
    if slug == before:
        raise InvalidInput(f"The page is called {slug} already.", fix="Choose another address.")
    if pages.find_page(session, site, slug) is not None:
        raise Conflict(f"There is already a page at {site.host}/{slug}.", fix="Choose another address.")
    links = tuple(find_links(session, site, page))
    page.slug = slug
    if page.meta.get("canonical") in (f"/{before}", f"https://{site.host}/{before}"):  # itself, as it was called
        page.meta = {**page.meta, "canonical": f"/{slug}"}
    session.add(page)
    session.flush()
    published = publish.republish(session, settings, page, reason=RENAME, preflight=preflight, actor=actor, now=now)
    was_seen = _was_seen(session, page)
    removed = None
    if was_seen:
        removed = _lead_to_new(session, site, f"/{before}", f"/{slug}", actor=actor, now=now)
    audit.record(
        session,
        now=now,
        actor=actor,
        action="page.move",
        subject=pages.page_address(site, page),
        before=before,
        after=slug,
    )
    return Moved(address, f"/{slug}" if was_seen else "", PERMANENT if was_seen else 0, links, published, removed)


def retire_page(session: Session, page: Page, *, status: int, target: str = "", actor: str, now: datetime) -> Moved:
    """Take a page away and say where its visitors go: elsewhere for good (301) or for now (302), or nowhere (410).

    Raises `InvalidRedirect` where they would arrive at nothing.
    """
    site = session.get_one(Site, page.site_id)
    address = pages.page_address(site, page)
    rule = read_rule(site.host, path=f"/{page.slug}", target=target, status=str(status), note="page retired")
    links = tuple(find_links(session, site, page))
    publish.withdraw(session, page, actor=actor, now=now)
    _check_arrival(redirects.load_table(session, site), rule)
    redirects.put_redirect(session, site, rule, actor=actor, now=now)
    return Moved(address, rule.target, rule.status, links)


def restore_page(
    session: Session,
    settings: Settings,
    page: Page,
    *,
    preflight: publish.Preflight | None = None,
    actor: str,
    now: datetime,
) -> Published:
    """Undo retiring: what visitors saw last is live again, if the rules of today allow it, and its redirect goes."""
    if page.release_id is not None:
        raise Conflict(f"The page '{page.slug}' is live.", fix="There is nothing to put back.")
    site = session.get_one(Site, page.site_id)
    published = rollback(session, settings, page, preflight=preflight, actor=actor, now=now)
    if redirects.find_redirect(session, site, f"/{page.slug}") is not None:
        redirects.remove_redirect(session, site, f"/{page.slug}", actor=actor, now=now)
    return published


def say_rule(rule: Rule) -> str:
    """A redirect in one line, its target last because that may be long."""
    note = f", “{rule.note}”" if rule.note else ""
    return f"{rule.path} ({rule.status}{note}) → {rule.target or 'gone'}"


def find_links(session: Session, site: Site, page: Page) -> Iterator[Link]:
    """Where other pages of the site lead to this one, in their drafts."""
    forms = select(Page.slug).where(Page.site_id == site.id, Page.id != page.id, Page.thank_you == f"/{page.slug}")
    yield from (Link(slug, "its form") for slug in sorted(session.exec(forms)))
    candidates = (
        select(Page.slug, Variant.key, Version)
        .join(Variant, col(Variant.page_id) == col(Page.id))
        .join(Version, col(Version.id) == col(Variant.version_id))
        .where(
            Page.site_id == site.id,
            Page.id != page.id,
            or_(
                col(Version.source).contains(f"/{page.slug}", autoescape=True),
                cast(col(Version.links), String).contains(f'"{page.slug}"', autoescape=True),
            ),
        )
        .order_by(col(Page.slug), col(Variant.key))
    )
    for slug, key, version in session.exec(candidates):
        if (line := _find_line(version, site, page)) is not None:
            yield Link(slug, f"variant {key}, line {line}")


def _find_line(version: Version, site: Site, page: Page) -> int | None:
    """The first line of a version that links to the page."""
    own = re.compile(rf"(https?:)?//{re.escape(site.host)}(:\d+)?/{re.escape(page.slug)}/?([?#].*)?", re.IGNORECASE)
    for reference in find_references(Document(version.source), version.path):
        if reference.kind is not ReferenceKind.LINK:
            continue
        resolved = reference.resolved
        if resolved.scope is Scope.EXTERNAL and own.fullmatch(reference.address.strip()):
            return reference.line
        if resolved.scope is not Scope.RELATIVE:
            continue
        file = find_file(version.links, resolved)
        if (version.links[file] if file is not None else resolved.target.rstrip("/")) == page.slug:
            return reference.line
    return None


def _was_seen(session: Session, page: Page) -> bool:
    return bool(session.exec(select(func.count()).select_from(Publication).where(Publication.page_id == page.id)).one())


def _check_arrival(table: Table, rule: Rule) -> None:
    """A page has visitors now, so they are not led to an address where nothing is."""
    end = Table(table.host, table.core_site, {**table.rules, rule.path: rule}, table.pages).find_end(rule.path)
    if end.kind is not Kind.NOTHING:
        return
    path = path_of(end.target) or end.target
    nearest = find_nearest(path, table.pages)
    fix = f"Did you mean {write_path(nearest)}?" if nearest else "Publish a page there first, or lead them elsewhere."
    sentence = f"Nothing is at {write_path(path)}, neither a live page nor a redirect."
    raise InvalidRedirect([Problem("to", rule.target, sentence, fix)])


def _lead_to_new(session: Session, site: Site, old: str, new: str, *, actor: str, now: datetime) -> Rule | None:
    """The old address leads to the new one, what led to the old one leads there at once, and nothing stands in its way:
    the redirect that did, if any.
    """
    removed = None
    if redirects.find_redirect(session, site, new) is not None:
        removed = redirects.remove_redirect(session, site, new, actor=actor, now=now)
    table = redirects.load_table(session, site)
    retargeted = [
        Rule(rule.path, f"{new}{rule.target[len(old) :]}", rule.status, rule.note)
        for rule in table.rules.values()
        if path_of(rule.target) == old and rule.path != old and rule.target.startswith(old)
    ]
    moved = Rule(old, new, PERMANENT, "page renamed")
    redirects.put_rules(session, site, [moved, *retargeted], table.rules, actor=actor, now=now)
    return removed
