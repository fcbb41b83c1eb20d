"""What checking a page brings to light: findings, each with where it is and what to do about it.

A finding is a value; who made it decides how grave it is, who shows it decides how it looks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from lander.errors import LanderError


class Severity(StrEnum):
    """Whether a finding stands in the way of publishing."""

    WARN = "warn"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule has to say about one place of one page."""

    severity: Severity
    rule: str  # e.g. isolation.allow.script
    sentence: str  # what is wrong, in words a marketer understands, the line included
    fix: str  # what to do
    where: str = ""  # e.g. variant b
    line: int | None = None
    element: str = ""  # e.g. <script>
    address: str = ""  # what is loaded from another host, where the finding is about that

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "severity": self.severity.value}

    def __str__(self) -> str:
        place = f"{self.where[:1].upper()}{self.where[1:]}: " if self.where else ""
        return f"{place}{self.sentence} {self.fix} ({self.rule})"


class Refused(LanderError):
    """The rules do not allow it. `findings` holds all of them, warnings too, so that one look shows the whole work."""

    code = "refused"
    status = 422

    def __init__(self, subject: str, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        in_the_way = say_in_the_way(count_refusals(findings))
        super().__init__(f"{subject} was not published, and nothing changed.", fix=f"{in_the_way}.")


def count_refusals(findings: Iterable[Finding]) -> int:
    """How many of them stand in the way of publishing."""
    return sum(finding.severity is Severity.REFUSE for finding in findings)


def say_refusals(findings: Iterable[Finding]) -> str:
    """What stands in the way and what to do about each of it, in one line; the same of two variants once."""
    said = dict.fromkeys(f"{item.sentence} {item.fix}" for item in findings if item.severity is Severity.REFUSE)
    return " ".join(said)


def say_in_the_way(refusals: int) -> str:
    """
    >>> say_in_the_way(1), say_in_the_way(3)
    ('One thing stands in the way', '3 things stand in the way')
    """
    return "One thing stands in the way" if refusals == 1 else f"{refusals:,} things stand in the way"
