"""What a report shows: every part of the screen as it stands there, already in words."""

from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup

from lander.console.experiment_context import NoteRow


@dataclass(frozen=True, slots=True)
class Choice:
    """A state of the report that is one click away."""

    label: str
    address: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Past:
    """That this is not how things stand now."""

    said: str
    address: str  # the way back


@dataclass(frozen=True, slots=True)
class Bar:
    """A range on a scale from 0 to 100, for drawing only: 95 % thin, 50 % thick inside it where that is known."""

    low: float
    middle: float
    high: float
    inner: tuple[float, float] | None = None
    zero: float | None = None


@dataclass(frozen=True, slots=True)
class VariantRow:
    """What was counted of a variant."""

    key: str
    name: str
    is_control: bool
    served: str
    confirmed: str
    confirmed_share: str
    conversions: str


@dataclass(frozen=True, slots=True)
class BelievedRow:
    """A variant's line through the decision lens or the data alone; without bars where nobody has confirmed yet."""

    counted: VariantRow
    rate_range: str
    rate: str
    rate_bar: Bar | None
    lift_range: str
    lift: str
    lift_bar: Bar | None
    p_best: str
    p_beats_control: str
    loss: str


@dataclass(frozen=True, slots=True)
class ApartRow:
    """Something that is kept, shown per variant, and in none of its rates."""

    what: str
    why: str
    numbers: list[str]  # in the order of the variants


@dataclass(frozen=True, slots=True)
class HealthRow:
    """Something that is not fine."""

    severity: str
    severity_word: str
    sentence: str
    fix: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot, how to read it, and the same in numbers."""

    name: str
    title: str
    caption: str
    svg: Markup
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    spec_address: str


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One level of a dimension: visitors and conversions of each variant."""

    level: str
    numbers: list[str]


@dataclass(frozen=True, slots=True)
class SegmentTable:
    """One dimension."""

    name: str
    rows: list[SegmentRow]


@dataclass(frozen=True, slots=True)
class ReportScreen:
    """A report from top to bottom."""

    template: ClassVar[str] = "results/show.html"
    key: str
    address: str
    page: str
    page_address: str
    state: str
    hypothesis: str
    past: Past | None
    days: tuple[str, str, str]  # the first day that can be asked for, the last one, the one that is shown
    verdict: str
    remedy: str  # what to do about a result that must not be read
    tone: str  # what the verdict asks for
    facts: list[tuple[str, str]]
    health: list[HealthRow]
    believed: list[BelievedRow]
    variants: list[VariantRow]
    apart: list[ApartRow]
    noun: str
    figures: list[Figure]
    segments: list[SegmentTable]
    json_address: str
    filtered: list[ApartRow]
    notes: list[NoteRow]
    phases: list[Choice]
    timezone: str
    may_decide: bool
