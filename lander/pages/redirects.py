"""The table of redirects of a site: what is in it, adding, changing, removing. A page always wins over a redirect.

Every change settles `Site.redirects_id`, by which nodes see that there is something to fetch.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, insert, update
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, or_, select

from lander.access import audit
from lander.errors import Conflict, NotFound
from lander.pages.models import Page, Redirect, Site
from lander.pages.redirect_checks import Kind, Proposal, Table, TableFinding, check_table
from lander.pages.redirect_rules import InvalidRedirect, Problem, Rule
from lander.redirection import write_redirects

MOST: Final = 100_000
_CHUNK: Final = 500
_FEW: Final = 20  # that an audit entry names


def load_table(session: Session, site: Site) -> Table:
    """All redirects of a site beside its live pages."""
    rows = session.execute(
        select_columns(col(Redirect.path), col(Redirect.target), col(Redirect.status), col(Redirect.note)).where(
            col(Redirect.site_id) == site.id
        )
    )
    pages = session.exec(select(Page.slug).where(Page.site_id == site.id, col(Page.release_id).is_not(None)))
    return Table(
        host=site.host,
        core_site=site.core_site,
        rules={path: Rule(path, target, status, note) for path, target, status, note in rows},
        pages=frozenset(f"/{slug}" for slug in pages),
    )


def check_redirects(session: Session, site: Site) -> list[TableFinding]:
    """What is wrong with the table as it is."""
    return check_table(load_table(session, site))


def list_redirects(
    session: Session, site: Site, *, search: str = "", limit: int | None = None, offset: int = 0
) -> Sequence[Redirect]:
    """The redirects of a site by path; `search` is a part of path, target or note."""
    query = select(Redirect).where(*_matching(site, search)).order_by(col(Redirect.path), col(Redirect.id))
    return session.exec(query.limit(limit).offset(offset)).all()


def count_redirects(session: Session, site: Site, *, search: str = "") -> int:
    """How many of them there are."""
    return session.exec(select(func.count()).select_from(Redirect).where(*_matching(site, search))).one()


def find_redirect(session: Session, site: Site, path: str) -> Redirect | None:
    """The redirect at exactly this path, or None."""
    return session.exec(select(Redirect).where(Redirect.site_id == site.id, Redirect.path == path)).first()


def load_redirect(session: Session, site: Site, path: str) -> Redirect:
    """The redirect at exactly this path."""
    redirect = find_redirect(session, site, path)
    if redirect is None:
        raise NotFound(f"There is no redirect at {site.host}{path}.", fix="See them all with: lander redirect list")
    return redirect


def rule_of(redirect: Redirect) -> Rule:
    """What a row of the table says."""
    return Rule(redirect.path, redirect.target, redirect.status, redirect.note)


def check_against(table: Table, path: str) -> Problem | None:
    """What speaks against a redirect at `path` in the table as it would be."""
    if table.is_page(path):
        return Problem(
            "from",
            path,
            f"A live page answers at {path}, and pages come first.",
            "Choose another old address, or take the page away first.",
        )
    if table.find_end(path).kind is Kind.LOOP:
        return Problem(
            "to", table.rules[path].target, f"{path} would lead in a circle.", "Lead it to a page that is live."
        )
    return None


def put_redirect(session: Session, site: Site, rule: Rule, *, actor: str, now: datetime) -> Redirect:
    """Add a redirect, or change the one at that path. Raises `InvalidRedirect` where a page answers or it would loop."""
    table = load_table(session, site)
    before = table.rules.get(rule.path)
    changed = Table(table.host, table.core_site, {**table.rules, rule.path: rule}, table.pages)
    if problem := check_against(changed, rule.path):
        raise InvalidRedirect([problem])
    if before != rule:
        put_rules(session, site, [rule], table.rules, actor=actor, now=now)
        audit.record(
            session,
            now=now,
            actor=actor,
            action="redirect.change" if before else "redirect.add",
            subject=f"{site.host}{rule.path}",
            before=_describe(before),
            after=_describe(rule),
        )
    return load_redirect(session, site, rule.path)


def remove_redirect(session: Session, site: Site, path: str, *, actor: str, now: datetime) -> Rule:
    """Take the redirect at exactly this path away; what it was."""
    rule = rule_of(load_redirect(session, site, path))
    session.execute(delete(Redirect).where(col(Redirect.site_id) == site.id, col(Redirect.path) == path))
    settle(session, site)
    audit.record(
        session,
        now=now,
        actor=actor,
        action="redirect.remove",
        subject=f"{site.host}{path}",
        before=_describe(rule),
    )
    return rule


def mend(
    session: Session, site: Site, rule_name: str, paths: Iterable[str] | None, *, actor: str, now: datetime
) -> int:
    """Carry out what the findings of this rule propose, as the table is now, for these addresses (None: for all of
    them); how many changed."""
    table = load_table(session, site)
    wanted = set(table.rules if paths is None else paths)
    chosen = {
        item.before.path: item
        for found in check_table(table)
        if found.finding.rule == rule_name
        for item in found.proposals
        if item.before.path in wanted
    }
    if not chosen:
        raise Conflict(
            "Nothing of this is proposed any more.", fix="Look at the findings again; the table has changed."
        )
    _check_mended(table, chosen)
    put_rules(session, site, [item.after for item in chosen.values() if item.after], table.rules, actor=actor, now=now)
    gone = [path for path, item in chosen.items() if item.after is None]
    for start in range(0, len(gone), _CHUNK):
        session.execute(
            delete(Redirect).where(
                col(Redirect.site_id) == site.id, col(Redirect.path).in_(gone[start : start + _CHUNK])
            )
        )
    settle(session, site)
    audit.record(
        session,
        now=now,
        actor=actor,
        action="redirect.mend",
        subject=site.host,
        rule=rule_name,
        redirects=len(chosen),
        first=sorted(chosen)[:_FEW],
    )
    return len(chosen)


def put_rules(
    session: Session, site: Site, rules: Sequence[Rule], present: Mapping[str, Rule], *, actor: str, now: datetime
) -> None:
    """Write checked rules; `present` is the table before. Raises `Conflict` where it would grow too large."""
    added = [rule for rule in rules if rule.path not in present]
    if len(present) + len(added) > MOST:
        raise Conflict(
            f"{site.host} would have {len(present) + len(added):,} redirects.", fix=f"At most {MOST:,} are served."
        )
    stamp: dict[str, Any] = {"created_at": now, "created_by": actor}
    if added:
        session.execute(insert(Redirect), [{"site_id": site.id, **_row(rule), **stamp} for rule in added])
    changed = {rule.path: rule for rule in rules if rule.path in present and present[rule.path] != rule}
    if changed:
        ids = select_columns(col(Redirect.path), col(Redirect.id)).where(col(Redirect.site_id) == site.id)
        rows = [{"id": id_, **_row(changed[path]), **stamp} for path, id_ in session.execute(ids) if path in changed]
        session.execute(update(Redirect), rows)
    settle(session, site)


def settle(session: Session, site: Site) -> None:
    """Let nodes know which redirects there are now; whoever changes the table calls this."""
    session.flush()
    for item in list(session.identity_map.values()):
        if isinstance(item, Redirect):  # written in bulk, past the objects
            session.expire(item)
    rows = session.execute(
        select_columns(col(Redirect.path), col(Redirect.target), col(Redirect.status)).where(
            col(Redirect.site_id) == site.id
        )
    ).all()
    site.redirects_id = write_redirects((path, target, status) for path, target, status in rows)[0] if rows else ""
    session.add(site)
    session.flush()


def _check_mended(table: Table, chosen: Mapping[str, Proposal]) -> None:
    rules = {path: rule for path, rule in table.rules.items() if path not in chosen}
    rules |= {path: item.after for path, item in chosen.items() if item.after}
    changed = Table(table.host, table.core_site, rules, table.pages)
    for path in chosen:
        if path in rules and (problem := check_against(changed, path)):
            raise InvalidRedirect([problem])


def _matching(site: Site, search: str) -> list[Any]:
    wanted = [col(Redirect.site_id) == site.id]
    if text := search.strip():
        columns = (Redirect.path, Redirect.target, Redirect.note)
        wanted.append(or_(*(col(column).icontains(text, autoescape=True) for column in columns)))
    return wanted


def _row(rule: Rule) -> dict[str, Any]:
    return {"path": rule.path, "target": rule.target, "status": rule.status, "note": rule.note}


def _describe(rule: Rule | None) -> str:
    return "" if rule is None else f"{rule.status} {rule.target}".strip()
