"""Findings as rows of a screen, with the way to the line they speak of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from experiments.words import listing
from lander.console.context import FindingRow
from lander.console.places import Place
from lander.document import InsertedLine
from lander.policy.findings import Finding, Severity

_WORDS = {Severity.REFUSE: "In the way", Severity.WARN: "Warning"}
_SET_ELSEWHERE = ("content.canonical",)
_LOADS = "isolation.allow."  # rules about what is loaded from other hosts
_IS_A_FILE = frozenset(f"{_LOADS}{kind}" for kind in ("script", "style", "img", "font", "media"))


def finding_rows(
    findings: Iterable[Finding],
    place: Place,
    *,
    may_bring: bool = False,
    regions: Mapping[str, Sequence[tuple[int, int]]] | None = None,
) -> list[FindingRow]:
    """Gravest first, and what is said of several variants once. With `may_bring`, what is a file on another host can be
    uploaded right there. `regions` are the lines of each variant that can be edited beside its preview."""
    alike: dict[Finding, list[str]] = {}
    for finding in findings:
        alike.setdefault(replace(finding, where=""), []).append(finding.where)
    rows = [
        _row(replace(finding, where=places[0]), places, place, may_bring=may_bring, regions=regions or {})
        for finding, places in alike.items()
    ]
    return sorted(rows, key=lambda row: row.severity != Severity.REFUSE)


def plain_row(finding: Finding, address: str) -> FindingRow:
    """A finding with the way to where it is mended, whatever that is."""
    return FindingRow(
        severity=finding.severity.value,
        severity_word=_WORDS[finding.severity],
        sentence=finding.sentence,
        fix=finding.fix,
        where=finding.where[:1].upper() + finding.where[1:],
        line=None if finding.line is None else int(finding.line),
        element=finding.element,
        rule=finding.rule,
        address=address,
    )


def has_forbidden_loads(rows: Iterable[FindingRow]) -> bool:
    """Whether something loads from a host that is not allowed."""
    return any(row.rule.startswith(_LOADS) for row in rows)


def can_be_taken_out(rows: Iterable[FindingRow]) -> bool:
    """Whether publishing without what loads from other hosts settles all that stands in the way."""
    refusals = [row for row in rows if row.severity == Severity.REFUSE]
    return bool(refusals) and all(row.rule.startswith(_LOADS) for row in refusals)


def _row(
    finding: Finding,
    places: Sequence[str],
    place: Place,
    *,
    may_bring: bool,
    regions: Mapping[str, Sequence[tuple[int, int]]],
) -> FindingRow:
    variant = finding.where.removeprefix("variant ") if finding.where.startswith("variant ") else ""
    address = ""
    if isinstance(finding.line, InsertedLine):  # it stands in a snippet, and is mended there
        address, may_bring = f"/snippets/{finding.line.name}{place.query}#line-{finding.line.own}", False
    elif finding.line is not None and variant:
        address = f"{place.at(f'/{variant}/source')}#line-{finding.line}"
    row = plain_row(finding, address)
    if len(places) > 1:
        row = replace(row, where=f"Variants {listing([item.removeprefix('variant ') for item in places])}")
    if finding.rule in _SET_ELSEWHERE and may_bring:
        row = replace(row, edit_address=place.at("/search"), edit_word="Search and social")
    elif any(first <= (finding.line or 0) <= last for first, last in regions.get(variant, ())) and may_bring:
        row = replace(row, edit_address=place.at(f"/{variant}/edit"), edit_word="Edit it beside the preview")
    if may_bring and variant and finding.address and finding.rule in _IS_A_FILE:
        return replace(row, loads=finding.address, bring_address=place.at(f"/{variant}/bring"))
    return row
