"""What the API takes and answers, as schemas: the OpenAPI document is made of them."""

from datetime import datetime
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from experiments.allocation import WHOLE_BP
from experiments.goals import Goal, GoalKind, Role
from experiments.lifecycle import DEFAULT_LIFT
from experiments.plan_checks import MOST_MINOR
from lander.exports import Format, What

_MOST_SELECTOR = 500


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class _Body(_Input):
    """JSON has types: `true` is not the number 1, nor `"0.1"` the number 0.1."""

    model_config = ConfigDict(strict=True)


class ExperimentPath(_Input):
    """Which experiment."""

    key: str = Field(max_length=120, description="Key of the experiment, e.g. spring-sale-1")


class ReportQuery(_Input):
    """Which period of it, and when."""

    phase: int | None = Field(default=None, ge=1, description="Number of the phase; the latest where left out")
    as_of: AwareDatetime | None = Field(default=None, description="As it stood at this moment, with its zone")
    by: str = Field(
        default="",
        max_length=40,
        description="Group visitors by campaign, by keyword, or by both, with a comma in between; it reads every visitor",
    )

    @property
    def dimensions(self) -> list[str]:
        """Each of them once."""
        return list(dict.fromkeys(name.strip() for name in self.by.split(",") if name.strip()))


class ExportQuery(_Input):
    """Which numbers of it, written how."""

    what: What = Field(
        default=What.REPORT,
        description="The report, its tallies, what each visitor did, or how many leads are worth what",
    )
    format: Format = Field(
        default=Format.JSON, description="A report is JSON; events as JSON are one object a line; Parquet needs pyarrow"
    )
    phase: int | None = Field(
        default=None, ge=1, description="Number of the phase; the latest of a report, all of the rest where left out"
    )


class GoalInput(_Body):
    """A goal beside the one that decides."""

    kind: GoalKind = Field(strict=False, description="What visitors do: form, click, scroll or time")
    selector: str = Field(default="", max_length=_MOST_SELECTOR, description="What is clicked, as CSS")
    threshold: int = Field(default=0, description="Per cent of the page for scroll, seconds for time")
    role: Role = Field(
        strict=False, default=Role.SECONDARY, description="secondary, or guardrail, which a variant must not harm"
    )
    margin: float = Field(
        default=0, description="How much worse than control a guardrail may be, relative to it: 0.05 for 5 %"
    )
    fewer_is_better: bool = Field(default=False, description="For what nobody wants more of, say complaints")

    @model_validator(mode="after")
    def check(self) -> Self:
        """Nothing is given that the kind or the role has no use for."""
        idle = {
            "selector": self.selector and self.kind is not GoalKind.CLICK,
            "threshold": self.threshold and self.kind not in (GoalKind.SCROLL, GoalKind.TIME),
            "margin": self.margin and self.role is not Role.GUARDRAIL,
        }
        if wrong := [name for name, is_idle in idle.items() if is_idle]:
            raise ValueError(f"a {self.kind} goal that is {self.role} takes no {' and no '.join(wrong)}")
        return self

    def goal(self) -> Goal:
        return Goal(**self.model_dump())


class StartInput(_Body):
    """A test to start on a published page."""

    page: str = Field(max_length=400, description="Host and slug, e.g. go.example.com/spring-sale")
    variants: dict[str, int] = Field(description="Weight of each variant in basis points, together 10,000")
    control: str = Field(description="The variant that the others are compared with")
    coverage_bp: int = Field(default=WHOLE_BP, description="Share of visitors who take part, 1 to 10,000")
    goal: str = Field(description="The one that decides: form or click")
    selector: str = Field(default="", max_length=_MOST_SELECTOR, description="What is clicked, as CSS")
    goals: list[GoalInput] = Field(default_factory=list, max_length=100, description="Further ones, at most ten")
    hypothesis: str = Field(min_length=1, max_length=1_000, description="What is expected, and why")
    lift: float = Field(default=DEFAULT_LIFT, description="The smallest lift worth having, a fraction")
    value_minor: int | None = Field(
        default=None, le=MOST_MINOR, description="What a conversion is worth, in minor units of the site's currency"
    )
    repeats: str = Field(default="", max_length=120, description="Key of an ended test whose winner is control here")


class GoalBody(BaseModel):
    """A goal beside the one that decides; events and tallies know it by its key."""

    key: str
    kind: str = Field(description="form, click, scroll or time")
    selector: str
    threshold: int
    role: str = Field(description="secondary or guardrail")
    margin: float
    fewer_is_better: bool


class ExperimentBody(BaseModel):
    """An experiment as it stands."""

    experiment: str
    page: str = Field(description="Host and slug")
    state: str = Field(description="running, paused or ended")
    goal: str = Field(description="form or click")
    selector: str
    goals: list[GoalBody]
    hypothesis: str
    control: str
    variants: dict[str, int] = Field(description="Weight of each variant in basis points")
    coverage_bp: int
    phase: int
    started_at: datetime
    ended_at: datetime | None
    shipped: str
    reason: str
    plan_hash: str = Field(description="SHA-256 of the plan that was fixed at the start; empty where there was none")


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
