"""Taking an import of redirects back: what it added goes, what it changed leads again where it led.

The audit trail knows each import, when it was and what it changed. Rows that it wrote carry its moment, so one that was
changed since is seen, and then nothing is undone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete
from sqlmodel import Session, col, select

from lander.access import audit
from lander.access.models import AuditEntry
from lander.errors import Conflict, NotFound
from lander.pages.models import Redirect, Site
from lander.pages.redirect_checks import Table
from lander.pages.redirect_import import IMPORT, remembered_in
from lander.pages.redirect_rules import InvalidRedirect, Rule
from lander.pages.redirects import check_against, load_table, put_rules, rule_of

UNDO: Final = "redirect.import-undone"
_CHUNK: Final = 500
_FEW: Final = 3


@dataclass(frozen=True, slots=True)
class Import:
    """A file that was taken in."""

    number: int  # of its audit entry
    at: datetime
    by: str
    added: int
    changed: int
    is_undone: bool


@dataclass(frozen=True, slots=True)
class Undone:
    """What taking it back came to."""

    removed: int
    restored: int


def list_imports(session: Session, site: Site, *, limit: int = 10) -> list[Import]:
    """The latest imports of a site, the newest first."""
    mine = select(AuditEntry).where(AuditEntry.subject == site.host, AuditEntry.action == IMPORT)
    entries = session.exec(mine.order_by(col(AuditEntry.id).desc()).limit(limit)).all()
    undone = _list_undone(session, site)
    return [
        Import(
            number=entry.id or 0,
            at=entry.at,
            by=entry.actor,
            added=entry.details["added"],
            changed=entry.details["changed"],
            is_undone=entry.id in undone,
        )
        for entry in entries
    ]


def undo_import(session: Session, site: Site, number: int, *, actor: str, now: datetime) -> Undone:
    """Put back what was there; raises `Conflict` where a redirect of it was changed since, and changes nothing then."""
    entry = _load(session, site, number)
    if number in _list_undone(session, site):
        raise Conflict("This import is undone already.", fix="There is nothing to do.")
    before = remembered_in(entry.details)
    if before is None:
        raise Conflict(
            f"This import changed {entry.details['changed']:,} redirects, more than are remembered.",
            fix="Take in a table that was exported before it.",
        )
    table = load_table(session, site)
    written = {redirect.path: rule_of(redirect) for redirect in _list_written(session, site, entry)}
    _check_untouched(entry, before, written)
    added = [path for path in written if path not in before]
    _check_restored(table, before, added)
    for start in range(0, len(added), _CHUNK):
        mine = col(Redirect.site_id) == site.id, col(Redirect.path).in_(added[start : start + _CHUNK])
        session.execute(delete(Redirect).where(*mine))
    left = {path: rule for path, rule in table.rules.items() if path not in set(added)}
    put_rules(session, site, list(before.values()), left, actor=actor, now=now)
    counts = {"removed": len(added), "restored": len(before)}
    audit.record(session, now=now, actor=actor, action=UNDO, subject=site.host, number=number, **counts)
    return Undone(**counts)


def _load(session: Session, site: Site, number: int) -> AuditEntry:
    entry = session.get(AuditEntry, number) if 0 < number < 2**31 else None
    if entry is None or entry.action != IMPORT or entry.subject != site.host:
        raise NotFound(f"{site.host} has no import {number}.", fix="The screen of imports lists the latest.")
    return entry


def _list_undone(session: Session, site: Site) -> set[int]:
    query = select(AuditEntry).where(AuditEntry.subject == site.host, AuditEntry.action == UNDO)
    return {entry.details["number"] for entry in session.exec(query)}


def _list_written(session: Session, site: Site, entry: AuditEntry) -> Sequence[Redirect]:
    """The redirects that are as the import wrote them."""
    mine = Redirect.site_id == site.id, Redirect.created_at == entry.at, Redirect.created_by == entry.actor
    return session.exec(select(Redirect).where(*mine)).all()


def _check_untouched(entry: AuditEntry, before: dict[str, Rule], written: dict[str, Rule]) -> None:
    missing = entry.details["added"] + entry.details["changed"] - len(written)
    if missing <= 0:
        return
    touched = sorted(path for path in before if path not in written)[:_FEW]
    named = f" ({', '.join(touched)}{' …' if missing > len(touched) else ''})" if touched else ""
    count = "One of its redirects was" if missing == 1 else f"{missing:,} of its redirects were"
    raise Conflict(
        f"{count} changed or removed since{named}, so nothing was undone.",
        fix="Change the others by hand, or take in a table that was exported before.",
    )


def _check_restored(table: Table, before: dict[str, Rule], added: Sequence[str]) -> None:
    gone = set(added)
    rules = {**{path: rule for path, rule in table.rules.items() if path not in gone}, **before}
    restored = Table(table.host, table.core_site, rules, table.pages)
    for path in before:
        if problem := check_against(restored, path):
            raise InvalidRedirect([problem])
