"""What the screens of experiments show, but for their reports: one frozen dataclass per template, already in words."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from lander.console.context import FormError


@dataclass(frozen=True, slots=True)
class ExperimentRow:
    """An experiment in one line: what it comes to, before anything else."""

    key: str
    address: str
    page: str
    state: str
    action: str  # what the verdict asks for: ship, keep, continue, hold
    verdict: str
    hypothesis: str
    days: int
    visitors: int


@dataclass(frozen=True, slots=True)
class EndedRow:
    """An experiment that has ended: what came of it, who decided, and why."""

    key: str
    address: str
    page: str
    hypothesis: str
    outcome: str
    claimed: str
    by: str
    reason: str
    verdict: str
    ended_at: datetime
    timezone: str
    days: int
    visitors: int
    is_aa: bool


@dataclass(frozen=True, slots=True)
class ExperimentsScreen:
    """Every experiment, running ones first."""

    template: ClassVar[str] = "experiments/index.html"
    open: list[ExperimentRow]
    ended: list[EndedRow]  # the latest few
    may_run: bool
    has_live_pages: bool


@dataclass(frozen=True, slots=True)
class VariantChoice:
    """A variant in a plan. `weight` is what was typed, in per cent."""

    key: str
    name: str
    is_control: bool
    is_chosen: bool
    weight: str


@dataclass(frozen=True, slots=True)
class PageChoice:
    """A page that can be tested."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class GoalFields:
    """A row of the plan's further goals, as it was typed. `target` is a selector, a per cent or seconds."""

    number: int
    kind: str
    target: str
    role: str
    margin: str
    better: str  # more or fewer

    def control(self, what: str) -> str:
        """The id of one of its controls."""
        return f"goal-{self.number}-{what}"


@dataclass(frozen=True, slots=True)
class NeedRow:
    """What a plan takes, and how it will probably go."""

    sentence: str
    outlook: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class NewExperimentScreen:
    """The plan of an experiment, and how many visitors it needs."""

    template: ClassVar[str] = "experiments/edit.html"
    pages: list[PageChoice]
    page: str
    variants: list[VariantChoice]
    coverage: str
    goal: str
    selector: str
    goals: list[GoalFields]
    lift: str
    value: str
    currency: str
    hypothesis: str
    need: NeedRow
    why_not: str  # why the chosen page cannot be tested yet; empty where it can
    page_address: str
    has_live_pages: bool
    date: str  # of a start at a time
    time: str
    timezone: str
    errors: list[FormError]


@dataclass(frozen=True, slots=True)
class ShipChoice:
    """A way to end an experiment."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class NoteRow:
    """Something that happened while an experiment ran."""

    at: datetime
    by: str
    text: str
    phase: int


@dataclass(frozen=True, slots=True)
class ExperimentScreen:
    """How an experiment stands, and what can be done with it."""

    template: ClassVar[str] = "experiments/show.html"
    key: str
    address: str
    page: str
    page_address: str
    state: str
    is_aa: bool
    hypothesis: str
    verdict: str
    tone: str  # ship, keep, continue, hold
    goal: str
    goals: list[str]  # further ones
    split: list[tuple[str, str, str]]  # variant key, its name, its share
    coverage: str
    control: str
    phase: int
    phase_started_at: datetime
    timezone: str
    started_at: datetime
    started_by: str
    ended_at: datetime | None
    shipped: str
    reason: str
    notes: list[NoteRow]
    ways_to_end: list[ShipChoice]
    chosen: str
    typed_reason: str
    typed_against: str
    is_against: bool  # something else than the report asks for was chosen
    schedule_address: str  # where its end is scheduled
    may_run: bool
    errors: list[FormError]
