"""What a report shows: every part of the screen as it stands there, already in words."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from markupsafe import Markup

from lander.console.experiment_context import NoteRow
from lander.console.outcome_context import Bar, GoalTable, MoneyTable


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
    back: str = "Back to now"


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
class AnytimeRow:
    """A variant's line in the evidence that holds at every look; empty words for control."""

    counted: VariantRow
    lift_range: str
    lift: str
    lift_bar: Bar | None
    evidence: str
    strength: str


@dataclass(frozen=True, slots=True)
class AgainstRow:
    """A variant against control: what else can be said of it."""

    key: str
    numbers: list[str]


@dataclass(frozen=True, slots=True)
class Against:
    """All of them, and what the columns are."""

    columns: list[tuple[str, str]]  # title, unit
    rows: list[AgainstRow]
    said: str


@dataclass(frozen=True, slots=True)
class BrokenSplit:
    """A place where visitors did not come as the split says."""

    place: str
    step: str
    numbers: list[str]
    p_value: str


@dataclass(frozen=True, slots=True)
class PlanTable:
    """What was fixed before the start, and where practice left it."""

    facts: list[tuple[str, str]]
    departures: list[str]
    seal: str


@dataclass(frozen=True, slots=True)
class LookRow:
    """Somebody looked."""

    at: datetime
    by: str
    occasion: str
    sentence: str


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """A variant in one of the phases."""

    phase: str  # empty below the first line of a phase
    address: str
    when: str
    is_current: bool
    key: str
    numbers: list[str]


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
    """One level of a dimension."""

    level: str
    counts: list[str]  # of each variant
    lifts: list[tuple[str, str]]  # of each variant but control: its range, and its adjusted p-value


@dataclass(frozen=True, slots=True)
class SegmentTable:
    """One dimension."""

    name: str
    lifts: list[str]  # keys of the variants that have one
    rows: list[SegmentRow]
    said: str


@dataclass(frozen=True, slots=True)
class ReportScreen:
    """A report from top to bottom."""

    template: ClassVar[str] = "results/show.html"
    key: str
    address: str
    page: str
    page_address: str
    state: str
    is_aa: bool
    hypothesis: str
    decision: str  # what stays and why, once it has ended
    past: Past | None
    stands_on_paper: str  # which state of the report it is, where no address says so
    days: tuple[str, str, str]  # the first day that can be asked for, the last one, the one that is shown
    lens: str
    lenses: list[Choice]
    lens_says: str
    days_left: str
    verdict: str
    remedy: str  # what to do about a result that must not be read
    tone: str  # what the verdict asks for
    facts: list[tuple[str, str]]
    health: list[HealthRow]
    broken: list[BrokenSplit]
    believed: list[BelievedRow]
    anytime: list[AnytimeRow]
    against: Against | None
    changes: list[str]
    goals: list[GoalTable]
    money: MoneyTable | None
    variants: list[VariantRow]
    apart: list[ApartRow]
    noun: str
    figures: list[Figure]
    segments: list[SegmentTable]
    forest: Figure | None
    groupings: list[Choice]
    grouping_says: str
    kept: list[tuple[str, str]]  # what a form of this screen keeps of its address
    json_address: str
    export_address: str
    filtered: list[ApartRow]
    seen: list[tuple[str, list[str]]]  # filtered and unfiltered, in sum
    notes: list[NoteRow]
    plan: PlanTable | None
    looks: list[LookRow]
    looked: str
    phases: list[PhaseRow]
    timezone: str
    may_decide: bool
