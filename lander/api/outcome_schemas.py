"""Further goals and money of a report, as schemas."""

from pydantic import Field

from lander.api.belief_schemas import BeliefBody, Output, RangeBody


class GuardrailBody(Output):
    """Whether a variant harms what it was not meant to touch."""

    p_harm: float = Field(description="P(worse than control by more than the margin), in the decision lens")
    margin: float
    status: str = Field(description="fine, unsure or harm")


class GoalVariantBody(BeliefBody):
    """A variant by a further goal: its own numbers are of the data alone."""

    key: str
    conversions: int
    unconfirmed_conversions: int
    decision: BeliefBody
    p_adjusted: float | None = Field(
        description="Lowest false discovery rate at which the difference is a discovery among all secondary goals and "
        "variants; null for control, guardrails, and where nobody was counted to compare"
    )
    is_discovery: bool | None = Field(description="Whether it is one at 5 %")
    guardrail: GuardrailBody | None = Field(description="Null for control and secondary goals")


class ReportGoalBody(Output):
    """A further goal: declared at the start, and judged."""

    kind: str = Field(description="form, click, scroll or time")
    selector: str
    threshold: int = Field(description="Per cent of the page for scroll, seconds for time")
    role: str = Field(description="secondary or guardrail")
    margin: float = Field(description="How much worse than control a guardrail may be, relative to it")
    fewer_is_better: bool
    key: str
    variants: list[GoalVariantBody]


class CheckBody(Output):
    """The lift by the winsorised mean, which has no model."""

    median: float
    low: float
    high: float


class RevenueVariantBody(Output):
    """The money of one variant, per visitor, in minor units."""

    key: str
    receipts: int = Field(description="Leads that are worth something")
    total_minor: int
    per_visitor: RangeBody
    lift: RangeBody | None
    p_best: float
    p_beats_control: float | None
    loss_minor: float = Field(description="Per visitor: what choosing it gives away on average")
    check: CheckBody | None
    agrees: bool | None = Field(description="Whether model and winsorised mean tell the same story")
    amounts: list[tuple[int, int]] = Field(description="Amount in minor units, and how many leads are worth it")


class RevenueBody(Output):
    """Revenue per visitor. No verdict rests on it."""

    currency: str
    cap_minor: int | None = Field(description="What 99 % of receipts did not exceed")
    disagrees: bool = Field(description="Model and winsorised mean, of some variant")
    variants: list[RevenueVariantBody]
