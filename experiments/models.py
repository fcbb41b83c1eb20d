"""Tables of experiments: what is tested, in which periods, and what the events of its visitors add up to.

Pages are named by id only: this package knows nothing of `lander`, so there is no foreign key to its tables.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from experiments.storage import UtcDateTime


class State(StrEnum):
    """Where an experiment stands."""

    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


class Purpose(StrEnum):
    """What an experiment is for."""

    TEST = "test"  # to find the better variant
    AA = "aa"  # every variant is the same content: it tests the counting


class Occasion(StrEnum):
    """Why somebody, or something, looked at a verdict."""

    DAILY = "daily"  # the work process, once a day
    OPENED = "opened"  # a colleague read the report
    DECISION = "decision"  # a colleague ended the experiment


class Experiment(SQLModel, table=True):
    """A test on a page."""

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    page_id: int = Field(index=True)
    timezone: str  # the site's, for the days of its tallies
    hypothesis: str
    control: str  # variant key
    goal: str  # the one that decides: form or click
    selector: str = ""  # of a click goal
    goals: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))  # further ones
    window_s: int = 72 * 3600
    purpose: str = Purpose.TEST.value
    plan: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))  # never changed
    plan_hash: str = ""  # SHA-256 of the plan as canonical JSON; empty where it was started without one
    state: State
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    shipped: str = ""  # variant key that the decision made the page's content; the control's where it was kept
    reason: str = ""


class Phase(SQLModel, table=True):
    """An immutable period of an experiment: variants, weights and ranges fixed."""

    id: int | None = Field(default=None, primary_key=True)
    experiment_id: int = Field(foreign_key="experiment.id", index=True)
    number: int
    weights: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))  # basis points
    coverage_bp: int
    ranges: list[list[Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))  # [key, low, high)
    started_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Look(SQLModel, table=True):
    """What a report said when somebody looked at it: one row per phase, day, person and occasion."""

    __table_args__ = (UniqueConstraint("experiment_id", "phase", "day", "by", "occasion"),)

    id: int | None = Field(default=None, primary_key=True)
    experiment_id: int = Field(foreign_key="experiment.id", index=True)
    phase: int
    day: date  # of the site
    at: datetime = Field(sa_type=UtcDateTime)
    by: str
    occasion: str
    action: str
    variant: str
    sentence: str
    days: int
    variants: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class Annotation(SQLModel, table=True):
    """A change made to every variant alike while a phase ran; charts carry it."""

    id: int | None = Field(default=None, primary_key=True)
    experiment_id: int = Field(foreign_key="experiment.id", index=True)
    phase: int
    at: datetime = Field(sa_type=UtcDateTime)
    by: str
    text: str


class VisitorRow(SQLModel, table=True):
    """The ledger: one row per experiment and visitor with what was seen of them, phase by phase.

    `state` is merged, never overwritten: minima and unions only, so the order and repetition of events cannot matter.
    """

    __tablename__ = "visitor"

    experiment_id: int = Field(primary_key=True, foreign_key="experiment.id")
    visitor: str = Field(primary_key=True)
    state: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class Tally(SQLModel, table=True):
    """Sufficient statistics of one cell. `goal` is empty for exposures; (dimension, level) is ("all", "") or one pair."""

    experiment_id: int = Field(primary_key=True, foreign_key="experiment.id")
    phase: int = Field(primary_key=True)
    variant: str = Field(primary_key=True)
    goal: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    dimension: str = Field(primary_key=True)
    level: str = Field(primary_key=True)
    served: int = 0
    confirmed: int = 0
    conversions: int = 0
    unconfirmed_conversions: int = 0
    multiply_exposed: int = 0
    simulated: int = 0  # of those served or multiply exposed, how many a simulation sent


class Receipt(SQLModel, table=True):
    """What something of a phase's visitors was worth, from a moment until another: a lead, named by its reference.

    Kept by variant, never by visitor: whoever records it does not know the visitor.
    """

    experiment_id: int = Field(primary_key=True, foreign_key="experiment.id")
    reference: str = Field(primary_key=True)
    at: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    until: datetime | None = Field(default=None, sa_type=UtcDateTime)  # None: still
    phase: int
    variant: str
    amount_minor: int = Field(sa_type=BigInteger)  # above 0
    simulated: bool = False


class FilteredTally(SQLModel, table=True):
    """Visits that were recorded and not counted: distinct visitors per reason, on the day each was first seen so."""

    experiment_id: int = Field(primary_key=True, foreign_key="experiment.id")
    phase: int = Field(primary_key=True)
    variant: str = Field(primary_key=True)  # that they were shown; empty where nobody wrote it down
    reason: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    visitors: int = 0
