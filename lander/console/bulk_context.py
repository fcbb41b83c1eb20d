"""What the screens of bulk edits show: the form with its plan, and one bulk edit with what became of it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from lander.console.context import FindingRow, FormError, SiteOption


@dataclass(frozen=True, slots=True)
class Option:
    """A choice of a list."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class MatchRow:
    """A line as it is and as it would be; what changes stands between `left` and `right`."""

    line: int
    left: str
    old: str
    new: str
    right: str


@dataclass(frozen=True, slots=True)
class PieceRow:
    """A variant's draft, or a snippet, with what would change in it."""

    label: str
    key: str  # of a variant; empty for a snippet
    address: str
    count: int
    matches: list[MatchRow]
    more: int


@dataclass(frozen=True, slots=True)
class TestRow:
    """A test that a bulk edit touches, and the choice it needs."""

    key: str
    address: str
    page: str
    field: str
    choice: str
    reason: str


@dataclass(frozen=True, slots=True)
class PlanBox:
    """What would happen."""

    sentences: list[str]
    pieces: list[PieceRow]
    unchanged: list[str]
    unchanged_more: int
    kept: list[str]
    waiting: list[str]
    tests: list[TestRow]
    findings: list[FindingRow]
    findings_more: int
    hidden: list[tuple[str, str]]  # the form again, so that exactly this is applied
    fingerprint: str
    live: int


@dataclass(frozen=True, slots=True)
class BulkRow:
    """A bulk edit in one line."""

    number: int
    address: str
    sentence: str
    state: str
    state_word: str
    drafts: int
    at: datetime
    by: str
    can_undo: bool


@dataclass(frozen=True, slots=True)
class BulkScreen:
    """One change on many pages: the form, its plan, and what was done before."""

    template: ClassVar[str] = "bulk/index.html"
    site: str
    sites: list[SiteOption]
    kinds: list[Option]
    find: str
    value: str
    attribute: str
    places: list[Option]
    whole_word: bool
    match_case: bool
    pages: str
    prefix: str
    variants: str
    no_snippets: bool
    has_more: bool  # something below the fold of the form is set
    plan: PlanBox | None
    rows: list[BulkRow]
    token: str
    may_edit: bool
    may_publish: bool
    errors: list[FormError]
    refusals: list[FindingRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """What a bulk edit changed."""

    label: str
    address: str
    matches: int


@dataclass(frozen=True, slots=True)
class BulkEditScreen:
    """One bulk edit: what became of it, and what can be done now."""

    template: ClassVar[str] = "bulk/show.html"
    number: int
    sentence: str
    state: str
    state_word: str
    said: str
    site: str
    index_address: str
    address: str
    at: datetime
    by: str
    timezone: str
    live: int
    changes: list[ChangedRow]
    left: list[str]
    tests: list[TestRow]
    token: str
    may_publish: bool
    can_publish: bool
    can_undo: bool
    errors: list[FormError]
    refusals: list[FindingRow]
