"""What is believed of a variant, as schemas: ranges, losses, chances, forecasts."""

from pydantic import BaseModel, ConfigDict, Field


class Output(BaseModel):
    """What is answered: nothing but what the document describes."""

    model_config = ConfigDict(extra="forbid")


class RangeBody(Output):
    """A quantity: 95 % range (low, high), 50 % range (inner_low, inner_high). No mean where none exists."""

    median: float
    low: float
    high: float
    inner_low: float
    inner_high: float
    mean: float | None


class LossBody(Output):
    """What choosing this variant gives away on average; money per 1,000 visitors, in minor units."""

    absolute: float
    relative: float
    per_thousand: float
    money_minor: float | None


class BeliefBody(Output):
    """A variant through one lens. What compares with control is null for control."""

    rate: RangeBody
    lift: RangeBody | None
    p_best: float
    p_beats_control: float | None
    expected_loss: float
    p_worthwhile: float | None = Field(description="P(lift is at least the smallest one worth having)")
    p_equivalent: float | None = Field(description="P(lift within 1 % of nothing)")
    loss: LossBody


class AnytimeBody(Output):
    """Evidence that holds however often somebody looks."""

    e_value: float
    log_e_value: float
    lift: float | None
    low: float | None
    high: float | None


class ForecastBody(Output):
    """Conversions more than control's after a launch."""

    per_thousand: RangeBody
    visitors_per_month: float | None
    per_month: RangeBody | None
    money_minor: RangeBody | None
