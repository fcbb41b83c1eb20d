"""What each screen shows: one frozen dataclass per template, already in words.

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
class Need:
    """One thing that waits for somebody."""

    sentence: str
    detail: str
    address: str
    action: str
    grave: bool = False


@dataclass(frozen=True, slots=True)
class RunningRow:
    """An experiment in one line."""

    key: str
    address: str
    page: str
    state: str
    verdict: str
    days: str
    visitors: int


@dataclass(frozen=True, slots=True)
class HomeScreen:
    """What needs you, then what is live and running."""

    template: ClassVar[str] = "home/show.html"
    needs: list[Need]
    running: list[RunningRow]
    live: list["PageRow"]
    has_pages: bool
    may_edit: bool


@dataclass(frozen=True, slots=True)
class SiteOption:
    """A pages host in the site switcher."""

    host: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class PageRow:
    """A page in one line."""

    slug: str
    address: str
    public_address: str
    state: str
    state_word: str
    variants: list[str]
    changed_at: datetime
    changed_by: str
    experiment: str
    experiment_address: str


@dataclass(frozen=True, slots=True)
class PagesScreen:
    """Every page of a site."""

    template: ClassVar[str] = "pages/index.html"
    site: str
    sites: list[SiteOption]
    rows: list[PageRow]
    may_edit: bool


@dataclass(frozen=True, slots=True)
class NewPageScreen:
    """Uploading a page."""

    template: ClassVar[str] = "pages/edit.html"
    site: str
    sites: list[SiteOption]
    slug: str
    limits: str
    errors: list[FormError]


@dataclass(frozen=True, slots=True)
class PolicyScreen:
    """The rules in force, as sentences."""

    template: ClassVar[str] = "policy/show.html"
    version: int
    applied_at: datetime | None
    applied_by: str
    sentences: list[str]
    text: str
    may_apply: bool


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry of the trail."""

    at: datetime
    actor: str
    action: str
    subject: str
    details: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AuditScreen:
    """Who did what, newest first."""

    template: ClassVar[str] = "audit/index.html"
    rows: list[AuditRow]
    older: str
