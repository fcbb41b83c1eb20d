"""`lander redirect`: where old addresses lead."""

from pathlib import Path
from typing import Any

import click

from lander.cli.edge import Answer, Cli, command
from lander.cli.table import table
from lander.db import reading, transaction
from lander.errors import NotFound
from lander.pages import missing, redirects, sites
from lander.pages.redirect_checks import TableFinding
from lander.pages.redirect_import import ImportPlan, apply_import, plan_import
from lander.pages.redirect_rules import Rule, read_path, read_rule
from lander.pages.redirect_sheet import write_sheet
from lander.pages.redirect_undo import list_imports, undo_import

_SITE = click.option("--site", required=True, metavar="HOST", help="The pages host.")
_MOST_TOLD = 20


def register(cli: click.Group) -> None:
    group = click.Group("redirect", help="Where old addresses lead.")
    cli.add_command(group)
    _register_table(group)
    _register_sheets(group)


def _register_table(group: click.Group) -> None:
    @command(group, "list")
    @_SITE
    @click.option("--search", default="", metavar="TEXT", help="Only those with it in address, target or note.")
    def list_(edge: Cli, site: str, search: str) -> Answer:
        """List redirects by their old address."""
        with reading(edge.engine) as session:
            found = redirects.list_redirects(session, sites.load_site(session, site), search=search)
        rows = [redirects.rule_of(item) for item in found]
        lines = table(["old address", "leads to", "status"], [[row.path, row.target, str(row.status)] for row in rows])
        return Answer([_as_json(row) for row in rows], lines if rows else ["No redirects."])

    @command(group, "add")
    @_SITE
    @click.option("--status", default="301", show_default=True, help="301 for good, 302 for now, 410 gone.")
    @click.option("--note", default="", help="For colleagues.")
    @click.argument("old")
    @click.argument("target", default="")
    def add(edge: Cli, *, site: str, status: str, note: str, old: str, target: str) -> Answer:
        """Lead the address OLD to TARGET: a path of the site or an https address."""
        with transaction(edge.engine) as session:
            owner = sites.load_site(session, site)
            rule = read_rule(owner.host, path=old, target=target, status=status, note=note)
            redirects.put_redirect(session, owner, rule, actor=edge.actor, now=edge.now)
        where = f"leads to {rule.target}" if rule.target else "says that it is gone"
        return Answer(_as_json(rule), [f"{site}{rule.path} {where} now ({rule.status})."])

    @command(group, "remove")
    @_SITE
    @click.argument("old")
    def remove(edge: Cli, site: str, old: str) -> Answer:
        """Take the redirect at the address OLD away."""
        with transaction(edge.engine) as session:
            owner = sites.load_site(session, site)
            rule = redirects.remove_redirect(session, owner, read_path(old, owner.host), actor=edge.actor, now=edge.now)
        return Answer(_as_json(rule), [f"{site}{rule.path} is not redirected any more."])

    @command(group, "check")
    @_SITE
    @click.option("--flatten", is_flag=True, help="Lead every chain to where it ends.")
    def check(edge: Cli, site: str, flatten: bool) -> Answer:
        """Look for loops, chains, dead ends, and many addresses that collapse into one target."""
        mended = 0
        if flatten:
            with transaction(edge.engine) as session:
                owner = sites.load_site(session, site)
                mended = redirects.mend(session, owner, "redirects.chain", None, actor=edge.actor, now=edge.now)
        with reading(edge.engine) as session:
            found = redirects.check_redirects(session, sites.load_site(session, site))
        lines = [f"{mended} redirects flattened."] if flatten else []
        lines += [line for item in found for line in _tell(item)] or ["Nothing is wrong with the redirects."]
        return Answer({"flattened": mended, "findings": [_finding_as_json(item) for item in found]}, lines)

    @command(group, "missing")
    @_SITE
    @click.option("--limit", default=50, show_default=True, type=click.IntRange(1, missing.KEPT))
    def missing_(edge: Cli, site: str, limit: int) -> Answer:
        """List what people asked for in vain, most asked first, with the page that resembles it."""
        with reading(edge.engine) as session:
            found = missing.list_missing(session, sites.load_site(session, site), limit=limit)
        rows = [[item.path, str(item.hits), item.referrer, item.proposal] for item in found]
        lines = table(["address", "asked for", "linked from", "resembles"], rows, numbers=["asked for"])
        data = [
            {
                "path": item.path,
                "hits": item.hits,
                "referrer": item.referrer,
                "first_at": item.first_at.isoformat(),
                "last_at": item.last_at.isoformat(),
                "proposal": item.proposal,
            }
            for item in found
        ]
        return Answer(data, lines if rows else ["Nobody asked for anything in vain."])


def _register_sheets(group: click.Group) -> None:
    @command(group, "import")
    @_SITE
    @click.option("--plan", "only_plan", is_flag=True, help="Say what it would do, and change nothing.")
    @click.option("--only-good", is_flag=True, help="Leave out rows that are wrong, and take in the others.")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    def import_(edge: Cli, *, site: str, only_plan: bool, only_good: bool, file: Path) -> Answer:
        """Take in FILE, a CSV with the columns from,to,status,note. While a row is wrong, nothing is changed."""
        content = file.read_bytes()
        if only_plan:
            with reading(edge.engine) as session:
                plan = plan_import(session, sites.load_site(session, site), content)
            return Answer(plan.as_json(), _tell_plan(plan, "would be"))
        with transaction(edge.engine) as session:
            plan = apply_import(
                session,
                sites.load_site(session, site),
                content,
                only_good=only_good,
                actor=edge.actor,
                now=edge.now,
            )
        return Answer(plan.as_json(), _tell_plan(plan, "were"))

    @command(group, "undo-import")
    @_SITE
    def undo_import_(edge: Cli, site: str) -> Answer:
        """Take the latest import back: all of it, or nothing where one of its redirects was changed since."""
        with transaction(edge.engine) as session:
            owner = sites.load_site(session, site)
            latest = list_imports(session, owner, limit=1)
            if not latest:
                raise NotFound(f"Nothing was ever imported into {site}.", fix="There is nothing to undo.")
            done = undo_import(session, owner, latest[0].number, actor=edge.actor, now=edge.now)
        said = f"{done.removed} redirects removed, {done.restored} as before."
        return Answer({"removed": done.removed, "restored": done.restored}, [said])

    @command(group, "export")
    @_SITE
    def export(edge: Cli, site: str) -> Answer:
        """Print the table as CSV; importing it again changes nothing."""
        with reading(edge.engine) as session:
            found = redirects.list_redirects(session, sites.load_site(session, site))
        text = write_sheet(redirects.rule_of(item) for item in found)
        return Answer({"csv": text}, [text.rstrip("\n")])


def _as_json(rule: Rule) -> dict[str, Any]:
    return {"from": rule.path, "to": rule.target, "status": rule.status, "note": rule.note}


def _finding_as_json(item: TableFinding) -> dict[str, Any]:
    changes = [
        {"from": change.before.path, "to": change.after.target if change.after else None} for change in item.proposals
    ]
    return {**item.finding.as_json(), "paths": list(item.paths), "proposals": changes}


def _tell(item: TableFinding) -> list[str]:
    lines = [str(item.finding)]
    for change in item.proposals[:_MOST_TOLD]:
        after = (change.after.target or "gone") if change.after else "removed"
        lines.append(f"  {change.before.path}: {change.before.target} → {after}")
    if len(item.proposals) > _MOST_TOLD:
        lines.append(f"  and {len(item.proposals) - _MOST_TOLD} more; --json lists all of them")
    return lines


def _tell_plan(plan: ImportPlan, verb: str) -> list[str]:
    counts = f"{len(plan.new)} redirects {verb} added, {len(plan.changed)} changed, {plan.same} are there already."
    wrong = [f"Left out: {item}" for item in plan.wrong[:_MOST_TOLD]]
    if len(plan.wrong) > _MOST_TOLD:
        wrong.append(f"and {len(plan.wrong) - _MOST_TOLD} more; --json lists all of them")
    return [counts, *wrong, *(line for item in plan.findings for line in _tell(item))]
