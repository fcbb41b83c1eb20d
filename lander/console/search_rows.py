"""What stands behind the search: one bounded query for each kind of thing, and the line that it is shown in.

Words are searched as they were typed, whatever their case. Leads are found by their exact e-mail address alone, through
its keyed index, so that nothing sealed is opened here.
"""

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import ColumnElement, case, func, or_, select
from sqlmodel import Session, col

from experiments.models import Experiment
from experiments.words import name
from lander.access.gate import studio
from lander.access.models import AuditEntry
from lander.access.permissions import Permission
from lander.console.format import moment, stamp
from lander.console.places import Place
from lander.console.search_context import Group, Hit
from lander.email_addresses import find_addresses, normalise
from lander.leads.models import Lead
from lander.pages.models import Page, Redirect, Site, Snippet, SnippetVersion, Variant, Version
from lander.vault import Vault

MOST: Final = 10
"""How many of a kind are listed."""
_AROUND: Final = 60
_PORT: Final = re.compile(r":\d+(?=/|$)")
_MOST_ROWS: Final = 4 * MOST  # a page has a row for each of its variants


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched for. `several` says whether sites must be told apart."""

    words: str
    several: bool

    def stands_in(self, *columns: Any, more: Sequence[str] = ()) -> ColumnElement[bool]:
        """A condition: one of these columns has the words in it, or what else they may be written as."""
        forms = sorted({form for written in (self.words, *more) for form in _forms(written)})
        return or_(*(column.icontains(form, autoescape=True) for column in columns for form in forms))

    @property
    def addresses(self) -> list[str]:
        """The words as part of an address, if any: pasted with its scheme and query, or typed with blanks for hyphens."""
        without_scheme = self.words.partition("://")[2] or self.words
        plain = without_scheme.partition("?")[0].partition("#")[0]
        address = _PORT.sub("", plain).strip("/ ").replace(" ", "-")
        return [address] if address else []


def find_pages(session: Session, search: Search) -> Group:
    """By address first, then by what a draft says."""
    address = col(Site.host) + "/" + col(Page.slug)
    by_address = search.stands_in(address, more=search.addresses)
    escaped = [html.escape(search.words, quote=False)]
    query = (
        select(Site, Page, col(Variant.key), col(Version.source))
        .join(Page, col(Page.site_id) == col(Site.id))
        .join(Variant, col(Variant.page_id) == col(Page.id))
        .join(Version, col(Version.id) == col(Variant.version_id))
        .where(or_(by_address, search.stands_in(col(Version.source), more=escaped)))
        .order_by(case((by_address, 0), else_=1), col(Page.slug), col(Page.id), col(Variant.key))
        .limit(_MOST_ROWS)
    )
    hits: dict[str, Hit] = {}
    for site, page, key, source in session.execute(query):
        place = Place(site, page, search.several)
        if place.at() in hits:
            continue
        if len(hits) > MOST:
            break
        title, text = _read(source)
        excerpt = _excerpt(text, search.words) or _excerpt(" ".join(source.split()), search.words)
        at = place.at(variant=key) if excerpt else place.at()
        hits.setdefault(place.at(), Hit(place.label, at, title, *excerpt))
    return _group("pages", "Pages", list(hits.values()))


def find_variants(session: Session, search: Search) -> Group:
    query = (
        select(Site, Page, Variant)
        .join(Page, col(Page.site_id) == col(Site.id))
        .join(Variant, col(Variant.page_id) == col(Page.id))
        .where(search.stands_in(col(Variant.name)))
        .order_by(col(Page.slug), col(Variant.key))
        .limit(MOST + 1)
    )
    hits = []
    for site, page, variant in session.execute(query):
        place = Place(site, page, search.several)
        hits.append(Hit(f"{name(variant.key)}: {variant.name}", place.at(variant=variant.key), place.label))
    return _group("variants", "Variants", hits)


def find_experiments(session: Session, search: Search) -> Group:
    query = (
        select(Experiment)
        .where(search.stands_in(col(Experiment.key), col(Experiment.hypothesis)))
        .order_by(col(Experiment.id).desc())
        .limit(MOST + 1)
    )
    found = session.execute(query).scalars()
    hits = [
        Hit(item.key, f"/experiments/{item.key}", f"{item.state.value.capitalize()}. {item.hypothesis}")
        for item in found
    ]
    return _group("experiments", "Experiments", hits)


def find_redirects(session: Session, search: Search) -> Group:
    address = col(Site.host) + col(Redirect.path)
    query = (
        select(Site, Redirect)
        .join(Redirect, col(Redirect.site_id) == col(Site.id))
        .where(
            or_(
                search.stands_in(address, more=search.addresses),
                search.stands_in(col(Redirect.target), col(Redirect.note)),
            )
        )
        .order_by(col(Redirect.path), col(Redirect.id))
        .limit(MOST + 1)
    )
    hits = []
    for site, item in session.execute(query):
        where = {"site": site.host} if search.several else {}
        leads = f"{item.status} to {item.target}" if item.target else "410, gone"
        listed = f"/redirects?{urlencode({**where, 'search': item.path})}"
        hits.append(Hit(f"{site.host}{item.path}", listed, f"{leads}. {item.note}" if item.note else leads))
    return _group("redirects", "Redirects", hits)


def find_snippets(session: Session, search: Search) -> Group:
    query = (
        select(Site, Snippet, col(SnippetVersion.source))
        .join(Snippet, col(Snippet.site_id) == col(Site.id))
        .join(SnippetVersion, col(SnippetVersion.id) == col(Snippet.version_id))
        .where(search.stands_in(col(Snippet.name), col(SnippetVersion.source)))
        .order_by(col(Snippet.name), col(Snippet.id))
        .limit(MOST + 1)
    )
    hits = []
    for site, snippet, source in session.execute(query):
        where = f"?{urlencode({'site': site.host})}" if search.several else ""
        excerpt = _excerpt(_read(source)[1], search.words) or _excerpt(" ".join(source.split()), search.words)
        hits.append(Hit(snippet.name, f"/snippets/{snippet.name}{where}", site.host, *excerpt))
    return _group("snippets", "Snippets", hits)


def find_leads(session: Session, search: Search) -> Group:
    """By e-mail address, all of it."""
    address = normalise(search.words)
    if list(find_addresses(address)) != [address]:
        return _group("leads", "Leads", [])
    indexes = Vault(studio().settings.secret_keys).blind_indexes(address)
    query = (
        select(Lead, func.coalesce(col(Site.timezone), "UTC"))
        .outerjoin(Site, col(Site.host) == col(Lead.host))
        .where(col(Lead.email_index).in_(indexes))
        .order_by(col(Lead.received_at).desc(), col(Lead.id))
        .limit(MOST + 1)
    )
    hits = []
    for lead, zone in session.execute(query):
        detail = f"{lead.host}{lead.path}, {'spam' if lead.spam else lead.stage}"
        hits.append(Hit(moment(lead.received_at, zone), f"/leads/{lead.id}", detail))
    return _group("leads", "Leads of this address", hits)


def find_audit(session: Session, search: Search) -> Group:
    """What was done to things that are called so, newest first; each leads to its place in the trail."""
    query = (
        select(AuditEntry)
        .where(search.stands_in(col(AuditEntry.subject), more=search.addresses))
        .order_by(col(AuditEntry.id).desc())
        .limit(MOST + 1)
    )
    hits = []
    for entry in session.execute(query).scalars():
        assert entry.id is not None
        detail = f"{entry.action} by {entry.actor}, {stamp(entry.at)} UTC"
        hits.append(Hit(entry.subject, f"/audit?before={entry.id + 1}", detail))
    return _group("audit", "Audit trail", hits)


FINDERS: Final[Sequence[tuple[Permission, Callable[[Session, Search], Group]]]] = (
    (Permission.PAGES_READ, find_pages),
    (Permission.PAGES_READ, find_variants),
    (Permission.EXPERIMENTS_READ, find_experiments),
    (Permission.LEADS_READ, find_leads),
    (Permission.REDIRECTS_READ, find_redirects),
    (Permission.PAGES_READ, find_snippets),
    (Permission.AUDIT_READ, find_audit),
)
"""In the order in which they are shown, and who may see them."""


def _group(name: str, title: str, hits: list[Hit]) -> Group:
    return Group(name, title, hits[:MOST], has_more=len(hits) > MOST)


def _forms(words: str) -> set[str]:
    """As they may be written: databases find words in any case, but SQLite knows the case of ASCII alone."""
    forms = (words, words.lower(), words.upper(), words.capitalize(), words.title())
    return {"".join(letter.lower() if letter.isascii() else letter for letter in form) for form in forms}


def _read(source: str) -> tuple[str, str]:
    """The title of a document and the text that a visitor reads, in one line each."""
    tree = LexborHTMLParser(source)
    title = tree.css_first("title")
    said = " ".join(title.text().split()) if title is not None else ""
    tree.strip_tags(["script", "style", "template", "title"])
    return said, " ".join(tree.root.text(separator=" ").split()) if tree.root is not None else ""


def _excerpt(text: str, words: str) -> tuple[str, str, str] | tuple[()]:
    """What stands before, the words as they stand there, and what comes after; empty where they do not stand there."""
    at = text.lower().find(words.lower())
    if at < 0 or len(text.lower()) != len(text):  # a letter whose small form is two would shift the rest
        return ()
    end = at + len(words)
    before, after = text[max(0, at - _AROUND) : at], text[end : end + _AROUND]
    return ("…" if at > _AROUND else "") + before, text[at:end], after + ("…" if end + _AROUND < len(text) else "")
