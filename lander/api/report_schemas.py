"""The JSON of a report as schemas, for the OpenAPI document. A test holds them to what `experiments` writes, key by key.

Rates, lifts and probabilities are fractions; times are ISO 8601 with their zone; days are the site's.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class _Output(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RangeBody(_Output):
    """A quantity: 95 % range (low, high), 50 % range (inner_low, inner_high). No mean where none exists."""

    median: float
    low: float
    high: float
    inner_low: float
    inner_high: float
    mean: float | None


class LossBody(_Output):
    """What choosing this variant gives away on average; money per 1,000 visitors, in minor units."""

    absolute: float
    relative: float
    per_thousand: float
    money_minor: float | None


class BeliefBody(_Output):
    """A variant through one lens. What compares with control is null for control."""

    rate: RangeBody
    lift: RangeBody | None
    p_best: float
    p_beats_control: float | None
    expected_loss: float
    p_worthwhile: float | None = Field(description="P(lift is at least the smallest one worth having)")
    p_equivalent: float | None = Field(description="P(lift within 1 % of nothing)")
    loss: LossBody


class AnytimeBody(_Output):
    """Evidence that holds however often somebody looks."""

    e_value: float
    log_e_value: float
    lift: float | None
    low: float | None
    high: float | None


class ForecastBody(_Output):
    """Conversions more than control's after a launch."""

    per_thousand: RangeBody
    visitors_per_month: float | None
    per_month: RangeBody | None
    money_minor: RangeBody | None


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


class SplitBody(_Output):
    """Whether visitors came in the proportions of the weights. No p-value where nobody came."""

    p_value: float | None
    mismatch: bool
    e_value: float
    leaked: int


class SplitsBody(_Output):
    """The split at two steps."""

    served: SplitBody
    confirmed: SplitBody


class SegmentSplitBody(_Output):
    """The split in one segment at one step, adjusted for how many were looked at."""

    dimension: str
    level: str
    step: str
    visitors: dict[str, int]
    p_value: float
    p_adjusted: float
    mismatch: bool


class PriorBody(_Output):
    """The prior of the decision lens."""

    tau: float
    source: str = Field(description="default or learned")
    low: float | None
    high: float | None
    experiments: int


class ParametersBody(_Output):
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


class VerdictBody(_Output):
    """What to do, why, and how much longer."""

    action: str = Field(description="ship, drop, keep, equivalent, hold or continue")
    reason: str
    sentence: str
    variant: str
    dropped: list[str]
    strong: bool
    days_left: int | None


class WaitingBody(_Output):
    """What a week more of visitors is worth, in conversions per visitor."""

    days: int
    loss_now: float
    loss_after: float
    gain: float
    days_to_decision: int | None


class FindingBody(_Output):
    """Something that is not fine."""

    severity: str = Field(description="stop, wait or note")
    gate: str
    sentence: str
    fix: str


class CountsBody(_Output):
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


class PhaseVariantBody(_Output):
    """A variant in one phase, through the decision lens."""

    key: str
    weight_bp: int
    served: int
    confirmed: int
    conversions: int
    p_best: float
    lift: RangeBody | None


class PhaseBody(_Output):
    """A phase beside the others."""

    number: int
    started_at: str
    ended_at: str | None
    coverage_bp: int
    variants: list[PhaseVariantBody]


class DepartureBody(_Output):
    """Where practice left the plan."""

    kind: str
    sentence: str
    planned: str
    done: str


class PlanBody(_Output):
    """The plan as it was fixed at the start; `hash` is the SHA-256 of its canonical JSON."""

    plan: dict[str, Any]
    hash: str
    is_intact: bool
    departures: list[DepartureBody]


class SeenVariantBody(_Output):
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


class LookBody(_Output):
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


class AnnotationBody(_Output):
    """Something that happened while it ran."""

    at: str
    by: str
    text: str


class ReportBody(_Output):
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
    phase_lines: list[PhaseBody]
    plan: PlanBody | None
    looks: list[LookBody]
    annotations: list[AnnotationBody]
