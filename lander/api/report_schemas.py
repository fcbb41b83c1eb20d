"""The JSON of a report as schemas, for the OpenAPI document. A test holds them to what `experiments` writes, key by key.

Rates, lifts and probabilities are fractions; times are ISO 8601 with their zone; days are the site's.
"""

from typing import Any

from pydantic import Field

from lander.api.belief_schemas import AnytimeBody, BeliefBody, ForecastBody, Output, RangeBody
from lander.api.outcome_schemas import ReportGoalBody, RevenueBody


class VariantBody(BeliefBody):
    """What was counted of a variant, and what that says: its own numbers are of the data alone."""

    key: str
    weight_bp: int
    served: int
    confirmed: int
    conversions: int
    unconfirmed_conversions: int
    multiply_exposed: int
    simulated: int
    decision: BeliefBody
    anytime: AnytimeBody | None
    forecast: ForecastBody | None
    advised_share: float | None = Field(description="Of the next visitors, to learn most about which is best")


class SplitBody(Output):
    """Whether visitors came in the proportions of the weights. No p-value where nobody came."""

    p_value: float | None
    mismatch: bool
    e_value: float
    leaked: int


class SplitsBody(Output):
    """The split at two steps."""

    served: SplitBody
    confirmed: SplitBody


class SegmentSplitBody(Output):
    """The split in one segment at one step, adjusted for how many were looked at."""

    dimension: str
    level: str
    step: str
    visitors: dict[str, int]
    p_value: float
    p_adjusted: float
    mismatch: bool


class PriorBody(Output):
    """The prior of the decision lens."""

    tau: float
    source: str = Field(description="default or learned")
    low: float | None
    high: float | None
    experiments: int


class ParametersBody(Output):
    """What the numbers were computed under."""

    level: float
    inner_level: float
    data_prior: dict[str, float]
    tau: float
    prior: PriorBody
    min_lift: float
    equivalent_lift: float
    value_minor: int | None
    currency: str
    rule: dict[str, float] = Field(description="Thresholds of the verdict")


class VerdictBody(Output):
    """What to do, why, and how much longer."""

    action: str = Field(description="ship, drop, keep, equivalent, hold or continue")
    reason: str
    sentence: str
    variant: str
    dropped: list[str]
    strong: bool
    days_left: int | None


class WaitingBody(Output):
    """What a week more of visitors is worth, in conversions per visitor."""

    days: int
    loss_now: float
    loss_after: float
    gain: float
    days_to_decision: int | None


class FindingBody(Output):
    """Something that is not fine."""

    severity: str = Field(description="stop, wait or note")
    gate: str
    sentence: str
    fix: str


class CountsBody(Output):
    """A day, or a level of a dimension, of one variant."""

    variant: str
    served: int
    confirmed: int
    conversions: int


class DayBody(CountsBody):
    """By the day of first exposure."""

    day: str


class SegmentBody(CountsBody):
    """By the segment of first exposure."""

    dimension: str
    level: str


class PhaseVariantBody(Output):
    """A variant in one phase, through the decision lens."""

    key: str
    weight_bp: int
    served: int
    confirmed: int
    conversions: int
    p_best: float
    lift: RangeBody | None


class PhaseBody(Output):
    """A phase beside the others."""

    number: int
    started_at: str
    ended_at: str | None
    coverage_bp: int
    variants: list[PhaseVariantBody]


class DepartureBody(Output):
    """Where practice left the plan."""

    kind: str
    sentence: str
    planned: str
    done: str


class PlanBody(Output):
    """The plan as it was fixed at the start; `hash` is the SHA-256 of its canonical JSON."""

    plan: dict[str, Any]
    hash: str
    is_intact: bool
    departures: list[DepartureBody]


class SeenVariantBody(Output):
    """What a look saw of a variant."""

    key: str
    served: int
    confirmed: int
    conversions: int
    p_best: float
    expected_loss: float
    lift: float | None
    lift_low: float | None
    lift_high: float | None


class LookBody(Output):
    """Who saw which verdict, and when."""

    experiment: str
    phase: int
    at: str
    by: str
    occasion: str = Field(description="daily, opened or decision")
    action: str
    variant: str
    sentence: str
    days: int
    variants: list[SeenVariantBody]


class AnnotationBody(Output):
    """Something that happened while it ran."""

    at: str
    by: str
    text: str


class ReportBody(Output):
    """A phase of an experiment, judged. `format` is 1; keys are only ever added."""

    format: int
    experiment: str
    purpose: str = Field(description="test or aa")
    phase: int
    phases: list[int]
    goal: str
    selector: str
    window_s: int
    hypothesis: str
    state: str
    shipped: str
    reason: str
    timezone: str
    control: str
    coverage_bp: int
    started_at: str
    ended_at: str | None
    as_of: str
    days: int
    elapsed_days: float
    parameters: ParametersBody
    verdict: VerdictBody
    waiting: WaitingBody | None
    health: list[FindingBody]
    variants: list[VariantBody]
    srm: SplitsBody
    autopsy: dict[str, Any] | None = Field(description="Why the split is broken")
    splits: list[SegmentSplitBody]
    filtered: dict[str, int] = Field(description="Distinct visitors who were recorded and not counted, by reason")
    filtered_by_variant: dict[str, dict[str, int]]
    seen: int = Field(description="Visitors before any of them was left out")
    by_day: list[DayBody]
    segments: list[SegmentBody]
    open_segments: list[SegmentBody] = Field(description="By campaign and keyword, where `by` asked for them")
    goals: list[ReportGoalBody] = Field(description="Further ones, in the order of their declaration")
    revenue: RevenueBody | None = Field(description="Null where nobody said what any lead is worth")
    phase_lines: list[PhaseBody]
    plan: PlanBody | None
    looks: list[LookBody]
    annotations: list[AnnotationBody]
