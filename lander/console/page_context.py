"""What the screens of pages and their variants show: one frozen dataclass per template, already in words."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from lander.console.context import FindingRow, FormError, SiteOption
from lander.console.schedule_context import ScheduleRow


@dataclass(frozen=True, slots=True)
class PageRow:
    """A page in one line."""

    site: str
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
    below: list["BelowRow"] = field(default_factory=list)
    leads: int | None = None  # of the last seven days; None for those who may not see leads
    leads_address: str = ""


@dataclass(frozen=True, slots=True)
class BelowRow:
    """A page that stands under another one and says little by itself: thanks, imprint, privacy."""

    name: str
    address: str
    state_word: str  # empty where it is live, or in the state of the page above


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
class VariantTab:
    """A variant of a page, as a tab."""

    key: str
    address: str
    is_current: bool
    is_changed: bool  # its draft is not what visitors see
    name: str  # as marketers call it; empty: its letter alone


@dataclass(frozen=True, slots=True)
class ExternalRow:
    """Something that a variant loads from another host."""

    address: str
    kind: str
    line: int
    line_address: str
    is_allowed: bool
    used_by: list[str]  # own scripts that fail without it


@dataclass(frozen=True, slots=True)
class FormRow:
    """A form that a variant has, and what adopting it changes."""

    line: int
    fields: list[str]
    changes: list[str]
    problems: list[str]


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One act of putting a page live or taking it away."""

    at: datetime
    by: str
    what: str
    is_live: bool
    release: str  # to roll back to; empty where that is not possible


@dataclass(frozen=True, slots=True)
class TestChoice:
    """What publishing during a test asks."""

    key: str
    address: str
    set_aside: str


@dataclass(frozen=True, slots=True)
class PublishBox:
    """What publishing would change, what it asks, and what can be done next."""

    changes: list[str]
    is_settled: bool  # publishing would change nothing
    next_step: str
    next_address: str
    test: TestChoice | None
    must_choose: bool  # the running test needs to know which kind of change this is
    during_test: str
    offers_taking_out: bool  # of what loads from hosts that are not allowed
    strip_external: bool
    can_take_out: bool  # that would settle all that stands in the way
    waiting_below: list[str]  # pages it came with that have drafts nobody sees
    with_pages: bool
    may_publish: bool


@dataclass(frozen=True, slots=True)
class PageScreen:
    """A page: what visitors see, what the drafts are, and what stands between the two."""

    template: ClassVar[str] = "pages/show.html"
    slug: str
    label: str
    base: str
    query: str
    public_address: str
    state: str
    state_word: str
    timezone: str
    tabs: list[VariantTab]
    key: str
    name: str
    version: int
    saved_at: datetime
    saved_by: str
    source_address: str
    edit_address: str
    tagging_address: str
    regions: int  # that can be edited in place
    preview_address: str
    share_address: str
    history_address: str
    images_address: str
    visit_address: str
    links_address: str
    schedule_address: str  # empty where this person may schedule nothing
    scheduled: list[ScheduleRow]
    undo: int  # the version that was saved a moment ago; 0 where there is nothing to undo
    box: PublishBox
    in_the_way: list[FindingRow]
    worth_mending: list[FindingRow]
    fine: list[str]  # what was looked at and found in order
    findings_title: str
    search_address: str
    externals: list[ExternalRow]
    forms: list[FormRow]
    notes: list[str]
    history: list[HistoryRow]
    may_edit: bool
    may_withdraw: bool
    errors: list[FormError]


@dataclass(frozen=True, slots=True)
class SourceScreen:
    """The source of a variant's draft, to read or to edit."""

    template: ClassVar[str] = "variants/edit.html"
    label: str
    address: str
    page_address: str
    key: str
    version: int
    base_version: int
    saved_at: datetime
    saved_by: str
    source: str
    marked: str  # numbers of lines with findings, separated by commas
    findings: list[FindingRow]
    their_changes: list[tuple[str, str]]  # kind and text of each line of a difference
    may_edit: bool
    errors: list[FormError]
