"""What the screens of leads show: one frozen dataclass per template, already in words."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from lander.console.context import FormError, SiteOption


@dataclass(frozen=True, slots=True)
class LeadRow:
    """A lead in one line."""

    id: str
    address: str
    who: str
    says: str  # the other fields, cut short
    page: str
    variant: str
    source: str
    stage: str
    stage_word: str
    value: str
    received_at: datetime
    doubts: list[str]  # why it may not be genuine
    is_simulated: bool


@dataclass(frozen=True, slots=True)
class StageTab:
    """A stage with how many leads are in it; `stage` is empty for all of them."""

    stage: str
    word: str
    leads: int
    value: str
    address: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a filter."""

    value: str
    word: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class LeadsScreen:
    """Newest first, of one folder, as far as the filters say."""

    template: ClassVar[str] = "leads/index.html"
    site: str
    sites: list[SiteOption]
    timezone: str
    is_spam: bool
    inbox_address: str
    spam_address: str
    spam_count: int
    tabs: list[StageTab]
    pages: list[Choice]
    variants: list[Choice]
    sources: list[Choice]
    campaigns: list[Choice]
    since: str
    until: str
    query: str
    is_filtered: bool
    clear_address: str
    said: str  # how many these are, and how far a search looked
    elsewhere: str  # how many leads of the address that was searched for are in the other folder, and none here
    elsewhere_address: str
    rows: list[LeadRow]
    older: str
    kept: list[tuple[str, str]]  # the filters as fields, for forms that act on these leads
    has_any: bool  # whether this site has a lead at all
    may_edit: bool
    errors: list[FormError]


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One thing that happened. `at` is None where nobody knows when."""

    at: datetime | None
    what: str
    by: str
    more: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class LeadScreen:
    """A lead: what somebody sent, where they came from, and what was done about it."""

    template: ClassVar[str] = "leads/show.html"
    id: str
    who: str
    back: str
    timezone: str
    received_at: datetime
    page: str
    page_address: str
    fields: list[tuple[str, str]]
    cannot_be_opened: bool
    consent_text: str
    consent_id: str
    consented_at: datetime | None
    campaign: list[tuple[str, str]]
    click_ids: list[tuple[str, str]]
    landing: str
    referrer: str
    timeline: list[TimelineRow]
    stages: list[Choice]
    stage_word: str
    value: str
    currency: str
    is_spam: bool
    is_simulated: bool
    doubts: list[str]
    may_edit: bool
    may_erase: bool
    errors: list[FormError]


@dataclass(frozen=True, slots=True)
class EraseScreen:
    """Forgetting a person."""

    template: ClassVar[str] = "leads/edit.html"
    email: str
    lead_id: str  # that can be erased alone; empty where its person can be named
    people: int  # erased so far
    may_read: bool
    errors: list[FormError]


@dataclass(frozen=True, slots=True)
class AfterFormScreen:
    """What visitors see once they have sent a form of a page."""

    template: ClassVar[str] = "pages/after.html"
    label: str
    page_address: str
    action: str
    to_page: bool
    address: str
    message: str
    most: int
    others: list[str]  # pages of the site to choose from
    errors: list[FormError]
