"""Findings as rows of a screen, with the way to the line they speak of."""

from collections.abc import Iterable

from lander.console.context import FindingRow
from lander.console.places import Place
from lander.policy.findings import Finding, Severity

_WORDS = {Severity.REFUSE: "In the way", Severity.WARN: "Warning"}


def finding_rows(findings: Iterable[Finding], place: Place, *, key: str = "") -> list[FindingRow]:
    """Gravest first. `key` is the variant where a finding does not name one itself."""
    rows = [_row(finding, place, key) for finding in findings]
    return sorted(rows, key=lambda row: row.severity != Severity.REFUSE)


def count_refusals(rows: Iterable[FindingRow]) -> int:
    """How many of them stand in the way of publishing."""
    return sum(row.severity == Severity.REFUSE for row in rows)


def _row(finding: Finding, place: Place, key: str) -> FindingRow:
    variant = finding.where.removeprefix("variant ") if finding.where.startswith("variant ") else key
    has_line = finding.line is not None and bool(variant)
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
    )
