"""From the table of redirects to its screens: rows, findings with what mends them, and the plan of a file."""

from collections.abc import Sequence
from urllib.parse import urlencode

from flask import request
from sqlmodel import Session

from experiments.words import plural
from lander.access.gate import caller
from lander.access.permissions import Permission
from lander.console.context import FormError
from lander.console.places import has_several, site_options
from lander.console.redirect_context import (
    ImportRow,
    PlanBox,
    PlannedRow,
    ProposalRow,
    RedirectRow,
    RedirectScreen,
    RedirectsScreen,
    TableFindingRow,
    TypedRedirect,
    WrongRow,
)
from lander.pages import redirects
from lander.pages.models import Redirect, Site
from lander.pages.redirect_checks import TableFinding, find_nearest
from lander.pages.redirect_import import ImportPlan, Planned
from lander.pages.redirect_rules import Rule, write_path
from lander.pages.redirect_undo import list_imports

AT_ONCE = 100
_MOST_LISTED = 50
_LONGEST_SHOWN = 80  # of a value that is wrong
_WORDS = {301: "for good", 302: "for now", 410: "gone"}
_SEVERITY = {"refuse": "Broken", "warn": "Warning"}
_ACTIONS = {  # rule → what its button says, and whether it is for all of them at once
    "redirects.chain": ("Lead them there at once", True),
    "redirects.page": ("Remove them", True),
    "redirects.dead-end": ("Lead the ticked ones there", False),
    "redirects.collapse": ("Lead the ticked ones there", False),
}


def redirects_screen(session: Session, site: Site, errors: Sequence[FormError] = ()) -> RedirectsScreen:
    """The table, a hundred at a time; on top of it everything that is wrong, unless somebody is looking for something."""
    search = request.args.get("search", "").strip()[:200]
    page = min(max(request.args.get("page", 1, type=int), 1), redirects.MOST // AT_ONCE + 1)
    found = redirects.count_redirects(session, site, search=search)
    rows = redirects.list_redirects(session, site, search=search, limit=AT_ONCE, offset=(page - 1) * AT_ONCE)
    query = query_of(session, site)
    total = redirects.count_redirects(session, site) if search else found

    def turn(number: int) -> str:
        terms = {**({"search": search} if search else {}), "page": str(number)}
        return f"/redirects{query}{'&' if query else '?'}{urlencode(terms)}"

    return RedirectsScreen(
        site=site.host,
        sites=site_options(session, site),
        query=query,
        timezone=site.timezone,
        rows=[_row(item, query) for item in rows],
        total=total,
        found=found,
        search=search,
        newer=turn(page - 1) if page > 1 else "",
        older=turn(page + 1) if page * AT_ONCE < found else "",
        findings=finding_rows(redirects.check_redirects(session, site)) if total and not search and page == 1 else [],
        removed=_read_removed(),
        imported=_find_imported(session, site),
        may_edit=caller().can(Permission.REDIRECTS_EDIT),
        errors=list(errors),
    )


def redirect_screen(
    session: Session, site: Site, typed: TypedRedirect, *, is_change: bool, errors: Sequence[FormError] = ()
) -> RedirectScreen:
    """The form, with the page that resembles the old address where no target is written yet."""
    proposal = ""
    if typed.path and not typed.target and typed.status != "410":
        proposal = find_nearest(typed.path, redirects.load_table(session, site).pages) or ""
    return RedirectScreen(
        site=site.host,
        query=query_of(session, site),
        is_change=is_change,
        typed=typed,
        proposal=proposal,
        errors=list(errors),
    )


def plan_box(plan: ImportPlan, *, name: str, sheet: str) -> PlanBox:
    """What the file would do, in counts first."""
    summary = [
        f"{plural(len(plan.new), 'redirect')} would be added.",
        f"{plural(len(plan.changed), 'redirect')} would change.",
        f"{plural(plan.same, 'redirect')} {'is' if plan.same == 1 else 'are'} there already.",
    ]
    if plan.wrong:
        summary.append(f"{plural(plan.wrong_rows, 'row')} cannot be taken in.")
    return PlanBox(
        name=name,
        summary=summary,
        wrong=[WrongRow(item.line, _cut(item.value), item.sentence, item.fix) for item in plan.wrong[:_MOST_LISTED]],
        more_wrong=max(0, len(plan.wrong) - _MOST_LISTED),
        new=[_planned(item) for item in plan.new[:_MOST_LISTED]],
        more_new=max(0, len(plan.new) - _MOST_LISTED),
        changed=[_planned(item) for item in plan.changed[:_MOST_LISTED]],
        more_changed=max(0, len(plan.changed) - _MOST_LISTED),
        findings=finding_rows(plan.findings, may_mend=False),
        sheet=sheet,
        takes=len(plan.new) + len(plan.changed),
    )


def import_rows(session: Session, site: Site) -> list[ImportRow]:
    """The latest imports, each with its way back."""
    return [
        ImportRow(
            number=item.number,
            at=item.at,
            by=item.by,
            what=f"{plural(item.added, 'redirect')} added, {item.changed:,} changed",
            is_undone=item.is_undone,
        )
        for item in list_imports(session, site)
    ]


def finding_rows(found: Sequence[TableFinding], *, may_mend: bool = True) -> list[TableFindingRow]:
    """Findings with their proposals; buttons only where the table itself is looked at."""
    rows = []
    for item in found:
        action, takes_all = _ACTIONS.get(item.finding.rule, ("", False))
        can = may_mend and bool(item.proposals) and caller().can(Permission.REDIRECTS_EDIT)
        rows.append(
            TableFindingRow(
                severity=item.finding.severity.value,
                severity_word=_SEVERITY[item.finding.severity.value],
                rule=item.finding.rule,
                sentence=item.finding.sentence,
                fix=item.finding.fix,
                proposals=[
                    ProposalRow(
                        change.before.path, say(change.before), say(change.after) if change.after else "removed"
                    )
                    for change in item.proposals[:_MOST_LISTED]
                ],
                more=max(0, len(item.proposals) - _MOST_LISTED),
                action=action if can else "",
                takes_all=takes_all,
            )
        )
    return rows


def say(rule: Rule) -> str:
    """Where a redirect leads, in a word or two."""
    return rule.target or "gone (410)"


def query_of(session: Session, site: Site) -> str:
    """What an address about this site needs besides its path."""
    return f"?{urlencode({'site': site.host})}" if has_several(session) else ""


def edit_address(query: str, **terms: str) -> str:
    """The form, filled in."""
    return f"/redirects/edit{query}{'&' if query else '?'}{urlencode(terms)}"


def _row(item: Redirect, query: str) -> RedirectRow:
    return RedirectRow(
        path=item.path,
        target=item.target,
        status=item.status,
        status_word=_WORDS[item.status],
        note=item.note,
        changed_at=item.created_at,
        changed_by=item.created_by,
        edit_address=edit_address(query, path=item.path),
    )


def _cut(value: str) -> str:
    return value if len(value) <= _LONGEST_SHOWN else f"{value[:_LONGEST_SHOWN]}…"


def _planned(item: Planned) -> PlannedRow:
    return PlannedRow(item.line, item.rule.path, say(item.rule), say(item.before) if item.before else "")


def _find_imported(session: Session, site: Site) -> int:
    """The import that was just taken in, so that one click takes it back; 0 where there is none."""
    number = request.args.get("imported", 0, type=int)
    latest = list_imports(session, site, limit=1) if number else []
    return number if any(item.number == number and not item.is_undone for item in latest) else 0


def _read_removed() -> TypedRedirect | None:
    """What was just removed, so that one click puts it back."""
    args = request.args
    if "removed" not in args:
        return None
    return TypedRedirect(
        write_path(args["removed"]), args.get("to", ""), args.get("status", "301"), args.get("note", "")
    )
