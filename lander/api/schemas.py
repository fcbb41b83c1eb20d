"""What the API takes and answers, as schemas: the OpenAPI document is made of them."""

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from lander.exports import Format, What


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ExperimentPath(_Input):
    """Which experiment."""

    key: str = Field(max_length=120, description="Key of the experiment, e.g. spring-sale-1")


class ReportQuery(_Input):
    """Which period of it, and when."""

    phase: int | None = Field(default=None, ge=1, description="Number of the phase; the latest where left out")
    as_of: AwareDatetime | None = Field(default=None, description="As it stood at this moment, with its zone")


class ExportQuery(_Input):
    """Which numbers of it, written how."""

    what: What = Field(default=What.REPORT, description="The report, its tallies, or what each visitor did")
    format: Format = Field(
        default=Format.JSON, description="A report is JSON; events as JSON are one object a line; Parquet needs pyarrow"
    )


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


class ProblemBody(BaseModel):
    """A refusal, after RFC 9457."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
