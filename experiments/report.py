"""A report as a value: everything that studio, API, command line and file show of one phase of an experiment.

`as_json` is the contract with whoever reads it by machine: keys are only ever added within a format, numbers are plain,
and counts and parameters are complete, so that every other number can be recomputed from them.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

import stats
from experiments import segment_lifts
from experiments.autopsy import Autopsy
from experiments.counts import Segments
from experiments.forecast import Forecast
from experiments.health import RULE, HealthFinding
from experiments.lenses import EQUIVALENT_LIFT, INNER_LEVEL, LEVEL, Anytime, Belief, Range
from experiments.models import Annotation, Purpose, State
from experiments.outcomes import GoalReport, RevenueReport
from experiments.practice import PlanReport
from experiments.prior import Prior
from experiments.seen import Seen
from experiments.segment_lifts import SegmentLifts
from experiments.splits import SplitCheck
from experiments.trend import TrendPoint, follow
from experiments.verdict import Verdict

FORMAT: Final = 1
SEGMENT_DIMENSIONS: Final = ("device", "browser", "source", "returning", "day")
NOUNS: Final = {"form": "lead", "click": "click"}


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the numbers were computed under."""

    data_prior: stats.Beta
    prior: Prior  # of the decision lens, and of the anytime line
    min_lift: float  # the smallest one worth having
    value_minor: int | None  # of a conversion, in minor units of `currency`
    currency: str

    def as_json(self) -> dict[str, Any]:
        return {
            "level": LEVEL,
            "inner_level": INNER_LEVEL,
            "data_prior": {"a": self.data_prior.a, "b": self.data_prior.b},
            "tau": self.prior.tau,
            "prior": self.prior.as_json(),
            "min_lift": self.min_lift,
            "equivalent_lift": EQUIVALENT_LIFT,
            "value_minor": self.value_minor,
            "currency": self.currency,
            "rule": asdict(RULE),
        }


@dataclass(frozen=True, slots=True)
class VariantReport:
    """One variant: what was counted of it, and what that says through each lens."""

    key: str
    weight_bp: int
    served: int
    confirmed: int
    conversions: int
    unconfirmed_conversions: int  # of visitors whose first exposure was never confirmed: shown, never in the rate
    multiply_exposed: int  # saw another variant too, and are in none of the numbers above
    simulated: int
    data: Belief
    decision: Belief
    anytime: Anytime | None  # this one and the next are None for control
    forecast: Forecast | None
    advised_share: (
        float | None
    )  # of the next visitors, to learn most about which is best; None where nothing is to be learned

    @property
    def confirmed_share(self) -> float | None:
        """Of the served ones; None where nobody was served."""
        return self.confirmed / self.served if self.served else None

    def as_json(self) -> dict[str, Any]:
        """Its own numbers are those of the data alone; `decision` has the same keys for the decision lens."""
        return {
            "key": self.key,
            "weight_bp": self.weight_bp,
            "served": self.served,
            "confirmed": self.confirmed,
            "conversions": self.conversions,
            "unconfirmed_conversions": self.unconfirmed_conversions,
            "multiply_exposed": self.multiply_exposed,
            "simulated": self.simulated,
            **self.data.as_json(),
            "decision": self.decision.as_json(),
            "anytime": None if self.anytime is None else self.anytime.as_json(),
            "forecast": None if self.forecast is None else self.forecast.as_json(),
            "advised_share": self.advised_share,
        }


@dataclass(frozen=True, slots=True)
class DayCounts:
    """One day of one variant, by the day of first exposure in the site's time zone."""

    day: date
    variant: str
    served: int
    confirmed: int
    conversions: int

    def as_json(self) -> dict[str, Any]:
        return {
            "day": self.day.isoformat(),
            "variant": self.variant,
            "served": self.served,
            "confirmed": self.confirmed,
            "conversions": self.conversions,
        }


@dataclass(frozen=True, slots=True)
class SegmentCounts:
    """One level of one dimension, one variant."""

    dimension: str
    level: str
    variant: str
    served: int
    confirmed: int
    conversions: int

    def as_json(self) -> dict[str, Any]:
        return {
            "dimension": self.dimension,
            "level": self.level,
            "variant": self.variant,
            "served": self.served,
            "confirmed": self.confirmed,
            "conversions": self.conversions,
        }


def list_segments(segments: Segments) -> tuple[SegmentCounts, ...]:
    """Every level of every dimension, variant by variant."""
    return tuple(
        SegmentCounts(dimension, level, item.key, item.served, item.confirmed, item.conversions)
        for (dimension, level), counts in segments.items()
        for item in counts
    )


@dataclass(frozen=True, slots=True)
class PhaseVariant:
    """A variant in one of the phases; `lift` and `p_best` through the decision lens, `lift` None for control."""

    key: str
    weight_bp: int
    served: int
    confirmed: int
    conversions: int
    p_best: float
    lift: Range | None

    def as_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "weight_bp": self.weight_bp,
            "served": self.served,
            "confirmed": self.confirmed,
            "conversions": self.conversions,
            "p_best": self.p_best,
            "lift": None if self.lift is None else self.lift.as_json(),
        }


@dataclass(frozen=True, slots=True)
class PhaseLine:
    """A phase beside the others. Phases are not added up: their visitors were split in different ways."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    coverage_bp: int
    variants: tuple[PhaseVariant, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "started_at": self.started_at.isoformat(),
            "ended_at": None if self.ended_at is None else self.ended_at.isoformat(),
            "coverage_bp": self.coverage_bp,
            "variants": [item.as_json() for item in self.variants],
        }


@dataclass(frozen=True, slots=True)
class Report:
    """A phase of an experiment, judged. Rates, lifts and probabilities are fractions."""

    experiment: str
    purpose: Purpose
    phase: int
    phases: tuple[int, ...]
    page_id: int
    goal: str
    selector: str
    window_s: int
    hypothesis: str
    state: State
    shipped: str
    reason: str
    timezone: str
    control: str
    coverage_bp: int
    started_at: datetime
    ended_at: datetime | None
    as_of: datetime  # the moment it shows
    is_past: bool  # whether somebody asked for that moment
    days: int  # full days of counting
    elapsed_days: float
    parameters: Parameters
    variants: tuple[VariantReport, ...]
    srm_served: stats.Srm
    srm_confirmed: stats.Srm
    autopsy: Autopsy | None  # why the split is broken
    splits: tuple[SplitCheck, ...]  # the split in each segment
    filtered: dict[str, int]  # distinct visitors by reason
    filtered_by_variant: dict[str, dict[str, int]]  # the same, and the variant they were shown
    verdict: Verdict
    waiting: stats.Waiting | None  # what a week more is worth; None where it has ended or its traffic is not known
    health: tuple[HealthFinding, ...]
    by_day: tuple[DayCounts, ...]
    segments: tuple[SegmentCounts, ...]
    phase_lines: tuple[PhaseLine, ...]  # all phases, side by side
    plan: PlanReport | None  # None where it was started without one
    looks: tuple[Seen, ...]  # at this phase, oldest first
    annotations: tuple[Annotation, ...]
    simulated: int  # visitors, of all counted
    goals: tuple[GoalReport, ...] = ()  # further ones
    revenue: RevenueReport | None = None  # None where nobody said what anything was worth
    open_segments: tuple[SegmentCounts, ...] = ()  # of campaign and keyword, where they were asked for

    @property
    def noun(self) -> str:
        """What a conversion is called."""
        return NOUNS.get(self.goal, "conversion")

    @property
    def seen(self) -> int:
        """Visitors before any of them was left out; somebody filtered for two reasons counts twice."""
        kept = sum(item.served + item.multiply_exposed for item in self.variants)
        return kept + sum(self.filtered.values())

    def segment_lifts(self) -> tuple[SegmentLifts, ...]:
        """The lift in every level of each dimension of this report, the day among them; computed when asked for."""
        control = [item.key for item in self.variants].index(self.control)
        keys = [item.key for item in self.variants]
        cells: list[tuple[str, str, DayCounts | SegmentCounts]]
        cells = [(item.dimension, item.level, item) for item in (*self.segments, *self.open_segments)]
        cells += [("day", item.day.isoformat(), item) for item in self.by_day]
        found: dict[str, dict[str, list[stats.BinarySample]]] = {}
        for dimension, level, item in cells:
            levels = found.setdefault(dimension, {})
            levels.setdefault(level, []).append(stats.BinarySample(n=item.confirmed, conversions=item.conversions))
        return tuple(
            lifts
            for dimension in (*SEGMENT_DIMENSIONS, *dict.fromkeys(item.dimension for item in self.open_segments))
            for lifts in segment_lifts.compare(dimension, found.get(dimension, {}), keys=keys, control=control)
        )

    def trend(self) -> tuple[TrendPoint, ...]:
        """How it came to this, day by day. Each day takes two comparisons, so it is computed when asked for."""
        days: dict[date, list[tuple[str, int, int]]] = {}
        for item in self.by_day:
            days.setdefault(item.day, []).append((item.variant, item.confirmed, item.conversions))
        control = [item.key for item in self.variants].index(self.control)
        return follow(
            list(days.items()), control=control, data=self.parameters.data_prior, tau=self.parameters.prior.tau
        )

    def as_json(self) -> dict[str, Any]:
        """The contract with API, command line and exports. What is computed when asked for stands in `details_as_json`."""
        return {
            "format": FORMAT,
            "experiment": self.experiment,
            "purpose": self.purpose.value,
            "phase": self.phase,
            "phases": list(self.phases),
            "goal": self.goal,
            "selector": self.selector,
            "window_s": self.window_s,
            "hypothesis": self.hypothesis,
            "state": self.state.value,
            "shipped": self.shipped,
            "reason": self.reason,
            "timezone": self.timezone,
            "control": self.control,
            "coverage_bp": self.coverage_bp,
            "started_at": self.started_at.isoformat(),
            "ended_at": None if self.ended_at is None else self.ended_at.isoformat(),
            "as_of": self.as_of.isoformat(),
            "days": self.days,
            "elapsed_days": self.elapsed_days,
            "parameters": self.parameters.as_json(),
            "verdict": self.verdict.as_json(),
            "waiting": None if self.waiting is None else asdict(self.waiting),
            "health": [finding.as_json() for finding in self.health],
            "variants": [variant.as_json() for variant in self.variants],
            "srm": {"served": _srm_as_json(self.srm_served), "confirmed": _srm_as_json(self.srm_confirmed)},
            "autopsy": None if self.autopsy is None else self.autopsy.as_json(),
            "splits": [item.as_json() for item in self.splits],
            "filtered": dict(sorted(self.filtered.items())),
            "filtered_by_variant": {
                reason: dict(sorted(shown.items())) for reason, shown in sorted(self.filtered_by_variant.items())
            },
            "seen": self.seen,
            "by_day": [item.as_json() for item in self.by_day],
            "segments": [item.as_json() for item in self.segments],
            "open_segments": [item.as_json() for item in self.open_segments],
            "goals": [item.as_json() for item in self.goals],
            "revenue": None if self.revenue is None else self.revenue.as_json(),
            "phase_lines": [item.as_json() for item in self.phase_lines],
            "plan": None if self.plan is None else self.plan.as_json(),
            "looks": [item.as_json() for item in self.looks],
            "annotations": [{"at": note.at.isoformat(), "by": note.by, "text": note.text} for note in self.annotations],
        }

    def details_as_json(self) -> dict[str, Any]:
        """What follows from the counts of days and segments, and takes a few hundred comparisons."""
        return {
            "trend": [item.as_json() for item in self.trend()],
            "segment_lifts": [item.as_json() for item in self.segment_lifts()],
        }


def _srm_as_json(srm: stats.Srm) -> dict[str, Any]:
    return {"p_value": srm.p_value, "mismatch": srm.mismatch, "e_value": srm.e_value, "leaked": srm.leaked}
