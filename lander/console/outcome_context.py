"""What a report shows beside the goal that decides: further goals and money, already in words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """A range on a scale from 0 to 100, for drawing only: 95 % thin, 50 % thick inside it where that is known."""

    low: float
    middle: float
    high: float
    inner: tuple[float, float] | None = None
    zero: float | None = None


@dataclass(frozen=True, slots=True)
class GoalLine:
    """A variant by a further goal; what compares with control is empty for control."""

    key: str
    name: str
    is_control: bool
    reached: str
    rate_range: str
    rate: str
    lift_range: str
    lift: str
    lift_bar: Bar | None
    chance: str
    standing: str  # fine, unsure or harm; discovery or chance
    finding: str
    finding_more: str


@dataclass(frozen=True, slots=True)
class GoalGroup:
    """A further goal."""

    title: str
    note: str
    lines: list[GoalLine]


@dataclass(frozen=True, slots=True)
class GoalTable:
    """The further goals of one role. `chance` and `finding` are titles of columns, with their units."""

    name: str
    title: str
    chance: tuple[str, str]
    finding: tuple[str, str]
    groups: list[GoalGroup]
    said: str


@dataclass(frozen=True, slots=True)
class MoneyLine:
    """What the visitors of a variant bring."""

    key: str
    name: str
    is_control: bool
    receipts: str
    total: str
    per_visitor_range: str
    per_visitor: str
    lift_range: str
    lift: str
    lift_bar: Bar | None
    p_best: str
    p_beats_control: str
    loss: str


@dataclass(frozen=True, slots=True)
class MoneyTable:
    """Revenue per visitor, and what the other way to reckon it says; no lines where no lead has a value yet."""

    lines: list[MoneyLine]
    said: list[str]
    is_doubtful: bool
