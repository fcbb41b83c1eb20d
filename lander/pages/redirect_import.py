"""Taking a CSV of redirects in: first a plan that changes nothing, then all of it, or what is good of it.

Every row that is wrong is named with its line, its value and what to do. Nothing is applied while one is wrong, unless
somebody says that the good ones are enough.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session

from lander.access import audit
from lander.errors import LanderError
from lander.pages.models import Site
from lander.pages.redirect_checks import Table, TableFinding, check_table
from lander.pages.redirect_rules import InvalidRedirect, Rule, read_rule, write_path
from lander.pages.redirect_sheet import Row, read_sheet
from lander.pages.redirects import check_against, load_table, put_rules
from lander.policy.findings import Finding, Severity

IMPORT: Final = "redirect.import"
_MOST_REMEMBERED: Final = 1_000  # of the redirects that an import changes


@dataclass(frozen=True, slots=True)
class Planned:
    """A row that is to be taken in; `before` is what stands at its address now."""

    line: int
    rule: Rule
    before: Rule | None = None


@dataclass(frozen=True, slots=True)
class WrongRow:
    """What is wrong with a row that cannot be taken in."""

    line: int
    value: str
    sentence: str
    fix: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.sentence} {self.fix}"

    def as_json(self) -> dict[str, Any]:
        return {"line": self.line, "value": self.value, "sentence": self.sentence, "fix": self.fix}


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What a file would do to the table."""

    new: tuple[Planned, ...]
    changed: tuple[Planned, ...]
    same: int
    wrong: tuple[WrongRow, ...]
    findings: tuple[TableFinding, ...]  # of the table as it would be

    @property
    def rules(self) -> list[Rule]:
        return [item.rule for item in (*self.new, *self.changed)]

    @property
    def wrong_rows(self) -> int:
        """How many rows are wrong; several things may be wrong with one."""
        return len({item.line for item in self.wrong})

    def as_json(self) -> dict[str, Any]:
        return {
            "new": len(self.new),
            "changed": [
                {"line": item.line, "from": item.rule.path, "to": item.rule.target, "before": item.before.target}
                for item in self.changed
                if item.before is not None
            ],
            "same": self.same,
            "wrong": [item.as_json() for item in self.wrong],
            "findings": [found.finding.as_json() for found in self.findings],
        }


class ImportRefused(LanderError):
    """Rows of the file are wrong, and nobody said to leave them out. Nothing was changed."""

    code = "import-refused"
    status = 422

    def __init__(self, plan: ImportPlan) -> None:
        self.plan = plan
        self.findings = tuple(
            Finding(
                Severity.REFUSE, "redirects.row", item.sentence, item.fix, f"line {item.line}", item.line, item.value
            )
            for item in plan.wrong
        )
        rows = "One row is" if plan.wrong_rows == 1 else f"{plan.wrong_rows:,} rows are"
        super().__init__(f"{rows} wrong, and nothing was changed.", fix="Mend them, or take in the others alone.")


def plan_import(session: Session, site: Site, content: bytes) -> ImportPlan:
    """What taking this file in would do; raises `InvalidInput` where it is no CSV of redirects."""
    return _plan(load_table(session, site), content)


def apply_import(
    session: Session, site: Site, content: bytes, *, only_good: bool = False, actor: str, now: datetime
) -> ImportPlan:
    """Take the file in; `only_good` leaves out the rows that are wrong. Raises `ImportRefused` where some are."""
    table = load_table(session, site)
    plan = _plan(table, content)
    if plan.wrong and not only_good:
        raise ImportRefused(plan)
    if plan.rules:
        put_rules(session, site, plan.rules, table.rules, actor=actor, now=now)
        audit.record(
            session,
            now=now,
            actor=actor,
            action=IMPORT,
            subject=site.host,
            added=len(plan.new),
            changed=len(plan.changed),
            left_out=plan.wrong_rows,
            before=_remember(plan),
        )
    return plan


def remembered_in(details: Mapping[str, Any]) -> dict[str, Rule] | None:
    """What an import's audit entry remembers of the redirects that it changed; None where those were too many."""
    before: Mapping[str, Any] = details.get("before", {})
    if len(before) != details["changed"]:
        return None
    return {path: Rule(path, target, status, note) for path, (target, status, note) in before.items()}


def _remember(plan: ImportPlan) -> dict[str, Any]:
    """What stood where the file changes something, for undoing it."""
    if len(plan.changed) > _MOST_REMEMBERED:
        return {}
    replaced = [item.before for item in plan.changed if item.before is not None]
    return {rule.path: [rule.target, rule.status, rule.note] for rule in replaced}


def _plan(table: Table, content: bytes) -> ImportPlan:
    wrong: list[WrongRow] = []
    rules: dict[str, Planned] = {}
    for row in read_sheet(content):
        _take(row, table.host, rules, wrong)
    merged = Table(table.host, table.core_site, _merge(table.rules, rules), table.pages)
    for path in list(rules):
        if problem := check_against(merged, path):
            wrong.append(WrongRow(rules[path].line, path, problem.sentence, problem.fix))
            del rules[path]
    planned = [Planned(item.line, item.rule, table.rules.get(path)) for path, item in rules.items()]
    kept = Table(table.host, table.core_site, _merge(table.rules, rules), table.pages)
    return ImportPlan(
        new=tuple(item for item in planned if item.before is None),
        changed=tuple(item for item in planned if item.before is not None and item.before != item.rule),
        same=sum(item.before == item.rule for item in planned),
        wrong=tuple(sorted(wrong, key=lambda item: item.line)),
        findings=tuple(check_table(kept)),
    )


def _take(row: Row, host: str, rules: dict[str, Planned], wrong: list[WrongRow]) -> None:
    if row.wrong:
        wrong.append(WrongRow(row.line, row.path, row.wrong, "Mend the row."))
        return
    try:
        rule = read_rule(host, path=row.path, target=row.target, status=row.status, note=row.note)
    except InvalidRedirect as error:
        wrong += [WrongRow(row.line, item.value[:200], item.sentence, item.fix) for item in error.problems]
        return
    earlier = rules.setdefault(rule.path, Planned(row.line, rule))
    if earlier.rule != rule:
        wrong.append(
            WrongRow(
                row.line,
                write_path(rule.path),
                f"Line {earlier.line} already leads {rule.path} elsewhere.",
                "Keep one of the two.",
            )
        )


def _merge(present: Mapping[str, Rule], planned: Mapping[str, Planned]) -> dict[str, Rule]:
    return {**present, **{path: item.rule for path, item in planned.items()}}
