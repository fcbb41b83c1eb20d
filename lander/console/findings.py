"""Findings as rows of a screen, with the way to the line they speak of."""

from collections.abc import Iterable

from lander.console.context import FindingRow
from lander.console.places import Place
from lander.policy.findings import Finding, Severity

_WORDS = {Severity.REFUSE: "In the way", Severity.WARN: "Warning"}
_LOADS = "isolation.allow."  # rules about what is loaded from other hosts
_IS_A_FILE = frozenset(f"{_LOADS}{kind}" for kind in ("script", "style", "img", "font", "media"))


def finding_rows(findings: Iterable[Finding], place: Place, *, may_bring: bool = False) -> list[FindingRow]:
    """Gravest first. With `may_bring`, what is a file on another host can be uploaded right there."""
    rows = [_row(finding, place, may_bring) for finding in findings]
    return sorted(rows, key=lambda row: row.severity != Severity.REFUSE)


def has_forbidden_loads(rows: Iterable[FindingRow]) -> bool:
    """Whether something loads from a host that is not allowed."""
    return any(row.rule.startswith(_LOADS) for row in rows)


def can_be_taken_out(rows: Iterable[FindingRow]) -> bool:
    """Whether publishing without what loads from other hosts settles all that stands in the way."""
    refusals = [row for row in rows if row.severity == Severity.REFUSE]
    return bool(refusals) and all(row.rule.startswith(_LOADS) for row in refusals)


def _row(finding: Finding, place: Place, may_bring: bool) -> FindingRow:
    variant = finding.where.removeprefix("variant ") if finding.where.startswith("variant ") else ""
    has_line = finding.line is not None and bool(variant)
    is_file = may_bring and bool(variant and finding.address) and finding.rule in _IS_A_FILE
    return FindingRow(
        severity=finding.severity.value,
        severity_word=_WORDS[finding.severity],
        sentence=finding.sentence,
        fix=finding.fix,
        where=finding.where[:1].upper() + finding.where[1:],
        line=finding.line,
        element=finding.element,
        rule=finding.rule,
        address=f"{place.at(f'/{variant}/source')}#line-{finding.line}" if has_line else "",
        loads=finding.address if is_file else "",
        bring_address=place.at(f"/{variant}/bring") if is_file else "",
    )
