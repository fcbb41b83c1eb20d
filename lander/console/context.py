"""What each screen shows: one frozen dataclass per template, already in words. Here stand those of small screens, and
what several share; pages, experiments and home have a module each.

A template uses nothing else; a test holds the two together. Building them from the domain is the views' work.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FormError:
    """Something in a form that needs mending; `field` is the id of the control."""

    message: str
    field: str = ""
    fix: str = ""
    address: str = ""  # where the fix is done, if that is another screen


@dataclass(frozen=True, slots=True)
class FindingRow:
    """What a rule says of one place of a page. `address` leads to the line in the editor."""

    severity: str  # refuse or warn
    severity_word: str
    sentence: str
    fix: str
    where: str
    line: int | None
    element: str
    rule: str
    address: str
    edit_address: str = ""  # where it is mended without the source: the editor of a region, or another screen
    edit_word: str = ""
    loads: str = ""  # a file on another host that can be brought inside, and where to send the copy
    bring_address: str = ""


@dataclass(frozen=True, slots=True)
class SignInScreen:
    """The door."""

    template: ClassVar[str] = "session/edit.html"
    name: str
    next: str
    error: str


@dataclass(frozen=True, slots=True)
class ErrorScreen:
    """What went wrong, and what to do."""

    template: ClassVar[str] = "errors/show.html"
    title: str
    status: int
    message: str
    fix: str
    reference: str


@dataclass(frozen=True, slots=True)
class SiteOption:
    """A pages host in the site switcher."""

    host: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A file that was in force before."""

    version: int
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class PolicyScreen:
    """The rules in force, as sentences."""

    template: ClassVar[str] = "policy/show.html"
    version: int
    applied_at: datetime | None
    applied_by: str
    sentences: list[str]
    text: str
    earlier: list[PolicyRow]
    may_apply: bool


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry of the trail."""

    at: datetime
    actor: str
    action: str
    subject: str
    details: list[tuple[str, str, str]] = field(default_factory=list)  # name, value, and all of a value cut short


@dataclass(frozen=True, slots=True)
class AuditScreen:
    """Who did what, newest first."""

    template: ClassVar[str] = "audit/index.html"
    rows: list[AuditRow]
    older: str
