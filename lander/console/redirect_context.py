"""What the screens of redirects, the 404 log, renaming, retiring and near-duplicates show, already in words."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from lander.console.context import FormError, SiteOption


@dataclass(frozen=True, slots=True)
class RedirectRow:
    """A redirect in one line."""

    path: str
    target: str
    status: int
    status_word: str
    note: str
    changed_at: datetime
    changed_by: str
    edit_address: str


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """A change that mends something: where an old address leads, and where it would lead."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class TableFindingRow:
    """What is wrong with the table, and what would mend it."""

    severity: str
    severity_word: str
    rule: str
    sentence: str
    fix: str
    proposals: list[ProposalRow]
    more: int  # proposals that are not listed
    action: str  # what the button says; empty where there is nothing to press
    takes_all: bool  # the button is for all of them, not for the ticked ones


@dataclass(frozen=True, slots=True)
class TypedRedirect:
    """A redirect as somebody typed it."""

    path: str = ""
    target: str = ""
    status: str = "301"
    note: str = ""


@dataclass(frozen=True, slots=True)
class RedirectsScreen:
    """The table of a site, with what is wrong with it."""

    template: ClassVar[str] = "redirects/index.html"
    site: str
    sites: list[SiteOption]
    query: str
    timezone: str
    rows: list[RedirectRow]
    total: int
    found: int
    search: str
    newer: str
    older: str
    findings: list[TableFindingRow]
    removed: TypedRedirect | None
    imported: int  # the import that was just taken in; 0 where there is none
    may_edit: bool
    errors: list[FormError]


@dataclass(frozen=True, slots=True)
class RedirectScreen:
    """Adding a redirect, or changing one."""

    template: ClassVar[str] = "redirects/edit.html"
    site: str
    query: str
    is_change: bool
    typed: TypedRedirect
    proposal: str  # the page whose address resembles the old one
    errors: list[FormError]


@dataclass(frozen=True, slots=True)
class WrongRow:
    """A row of a CSV file that cannot be taken in."""

    line: int
    value: str
    sentence: str
    fix: str


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """A row of a CSV file that would be taken in."""

    line: int
    path: str
    target: str
    before: str


@dataclass(frozen=True, slots=True)
class PlanBox:
    """What a file would do."""

    name: str
    summary: list[str]
    wrong: list[WrongRow]
    more_wrong: int
    new: list[PlannedRow]
    more_new: int
    changed: list[PlannedRow]
    more_changed: int
    findings: list[TableFindingRow]
    sheet: str  # the file, packed, for the button that applies it
    takes: int  # how many redirects that button writes


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A file that was taken in."""

    number: int
    at: datetime
    by: str
    what: str
    is_undone: bool


@dataclass(frozen=True, slots=True)
class RedirectImportScreen:
    """Taking a CSV in: choosing the file, then the plan."""

    template: ClassVar[str] = "redirects/import.html"
    site: str
    query: str
    timezone: str
    plan: PlanBox | None
    earlier: list[ImportRow]
    errors: list[FormError]


@dataclass(frozen=True, slots=True)
class MissedRow:
    """An address that people ask for in vain."""

    path: str
    hits: int
    referrer: str
    first_at: datetime
    last_at: datetime
    proposal: str
    redirect_address: str


@dataclass(frozen=True, slots=True)
class MissingScreen:
    """The 404 log, most asked first."""

    template: ClassVar[str] = "redirects/missing.html"
    site: str
    sites: list[SiteOption]
    query: str
    timezone: str
    rows: list[MissedRow]
    ignored: bool  # these were put aside
    other_address: str  # the other half of the log
    may_edit: bool


@dataclass(frozen=True, slots=True)
class RenameScreen:
    """Another address for a page."""

    template: ClassVar[str] = "pages/rename.html"
    site: str
    slug: str
    label: str
    address: str
    action: str
    typed: str
    in_the_way: str  # the redirect that stands at the typed address, in words; empty where there is none to ask about
    was_seen: bool
    is_under_test: bool
    links: list[str]
    errors: list[FormError]


@dataclass(frozen=True, slots=True)
class RetireScreen:
    """Where the visitors of a page go when it goes."""

    template: ClassVar[str] = "pages/retire.html"
    slug: str
    label: str
    address: str
    action: str
    core_site: str
    choice: str  # elsewhere, fallback or gone
    target: str
    fallback: str
    links: list[str]
    errors: list[FormError]


@dataclass(frozen=True, slots=True)
class TwinRow:
    """A page that says what another one says."""

    slug: str
    address: str
    alike: str
    state_word: str
    is_findable: bool


@dataclass(frozen=True, slots=True)
class TwinGroup:
    """Pages that say the same."""

    canonical: TwinRow
    others: list[TwinRow] = field(default_factory=list)
    advice: str = ""


@dataclass(frozen=True, slots=True)
class DuplicatesScreen:
    """Pages that say the same, in groups."""

    template: ClassVar[str] = "pages/alike.html"
    site: str
    sites: list[SiteOption]
    query: str
    threshold: str
    groups: list[TwinGroup]
