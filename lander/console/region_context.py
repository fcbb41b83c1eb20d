"""What the two screens about regions show: the fields beside the preview, and the list of what can be marked."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from lander.console.context import FindingRow, FormError


@dataclass(frozen=True, slots=True)
class PictureOption:
    """A picture among the files of the page: how it is written there, and where the preview shows it."""

    value: str
    label: str
    shown: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class PartField:
    """One form control: a part of a region."""

    identity: str
    part: str
    label: str
    control: str  # text, html, line or picture
    value: str
    longest: int
    is_changed: bool  # typed, and not what the version says
    theirs: str | None  # what somebody else wrote there meanwhile
    options: list[PictureOption] = field(default_factory=list)
    upload: str = ""  # the control for a new file


@dataclass(frozen=True, slots=True)
class RegionFields:
    """A region with its controls."""

    number: int
    name: str
    kind_word: str
    line: int
    line_address: str
    elsewhere: list[str]  # what other variants say there
    fields: list[PartField]


@dataclass(frozen=True, slots=True)
class EditScreen:
    """The regions of a variant, in place on the preview and in a list of fields."""

    template: ClassVar[str] = "regions/edit.html"
    label: str
    key: str
    page_address: str
    address: str
    tagging_address: str
    source_address: str
    renew_address: str
    version: int
    saved_at: datetime
    saved_by: str
    preview_address: str
    channel: str
    regions: list[RegionFields]
    gone: list[tuple[str, str]]  # region and text that were typed, and have no place any more
    others: str  # the other variants with regions of these names; empty where there are none
    in_every_variant: bool
    findings: list[FindingRow]
    errors: list[FormError]


@dataclass(frozen=True, slots=True)
class KindOption:
    """A way to edit an element."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """An element that could be edited."""

    number: int
    noun: str
    excerpt: str
    line: int
    line_address: str
    name: str
    kinds: list[KindOption]
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class RegionRow:
    """A region that is there."""

    name: str
    kind_word: str
    line: int
    line_address: str


@dataclass(frozen=True, slots=True)
class OtherElement:
    """An element that was clicked on and is not in the list."""

    number: str
    name: str
    kinds: list[KindOption]


@dataclass(frozen=True, slots=True)
class TaggingScreen:
    """What can be edited in a variant, and what could be."""

    template: ClassVar[str] = "regions/index.html"
    label: str
    key: str
    page_address: str
    address: str
    edit_address: str
    source_address: str
    renew_address: str
    version: int
    saved_at: datetime
    saved_by: str
    preview_address: str
    channel: str
    regions: list[RegionRow]
    candidates: list[CandidateRow]
    other: OtherElement
    findings: list[FindingRow]
    errors: list[FormError]
