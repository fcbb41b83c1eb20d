"""What the API takes and answers, as schemas: the OpenAPI document is made of them."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ExperimentPath(_Input):
    """Which experiment."""

    key: str = Field(max_length=120, description="Key of the experiment, e.g. spring-sale-1")


class ReportQuery(_Input):
    """Which period of it."""

    phase: int | None = Field(default=None, ge=1, description="Number of the phase; the latest where left out")


class ExperimentBody(BaseModel):
    """An experiment as it stands."""

    experiment: str
    page: str = Field(description="Host and slug")
    state: str = Field(description="running, paused or ended")
    goal: str = Field(description="form or click")
    selector: str
    hypothesis: str
    control: str
    variants: dict[str, int] = Field(description="Weight of each variant in basis points")
    coverage_bp: int
    phase: int
    started_at: datetime
    ended_at: datetime | None
    shipped: str
    reason: str


class ExperimentsBody(BaseModel):
    """Every experiment, newest first."""

    experiments: list[ExperimentBody]


class EstimateBody(BaseModel):
    """A fraction with its 95 % credible interval."""

    median: float
    low: float
    high: float


class VariantBody(BaseModel):
    """What was counted of a variant, and what that says. `lift` and `p_beats_control` are null for control."""

    key: str
    served: int
    confirmed: int
    conversions: int
    rate: EstimateBody
    lift: EstimateBody | None
    p_best: float
    p_beats_control: float | None
    expected_loss: float


class SplitBody(BaseModel):
    """Whether visitors came in the proportions of the weights. No p-value where nobody came."""

    p_value: float | None
    mismatch: bool


class SplitsBody(BaseModel):
    """The split at two steps."""

    served: SplitBody
    confirmed: SplitBody


class ReportBody(BaseModel):
    """A phase of an experiment, judged. Rates, lifts and probabilities are fractions."""

    experiment: str
    phase: int
    goal: str
    variants: list[VariantBody]
    srm: SplitsBody
    filtered: dict[str, int] = Field(description="Distinct visitors who were recorded and not counted, by reason")


class ProblemBody(BaseModel):
    """A refusal, after RFC 9457."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
