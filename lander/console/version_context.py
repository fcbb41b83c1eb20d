"""What the screens of a variant's versions show: its history, and two versions side by side."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version in one line."""

    number: int
    at: datetime
    by: str
    note: str
    is_draft: bool
    is_live: bool
    preview_address: str
    is_from: bool  # chosen at first for comparing
    is_to: bool


@dataclass(frozen=True, slots=True)
class OtherVariant:
    """Another variant whose draft can be compared with this one's."""

    key: str
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class HistoryScreen:
    """Every version of a variant, newest first."""

    template: ClassVar[str] = "versions/index.html"
    label: str
    key: str
    name: str
    page_address: str
    base: str  # of what is done to this variant
    query: str
    site: str  # empty where there is only one
    timezone: str
    rows: list[VersionRow]
    others: list[OtherVariant]
    may_edit: bool


@dataclass(frozen=True, slots=True)
class Side:
    """One of two versions."""

    key: str
    name: str
    number: int
    at: datetime
    by: str
    note: str
    preview_address: str
    restore_address: str  # empty where it is the draft, or where this person may not


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """Something that reads differently."""

    what: str
    line: int
    words: list[tuple[str, str]]  # kind (same, removed, added) and text


@dataclass(frozen=True, slots=True)
class CompareScreen:
    """What differs between two versions."""

    template: ClassVar[str] = "versions/compare.html"
    label: str
    key: str
    page_address: str
    history_address: str
    swap_address: str
    timezone: str
    before: Side
    after: Side
    summary: str
    changes: list[ChangeRow]
    notes: list[str]
    lines: list[tuple[str, str]]
