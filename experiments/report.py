"""A report as a value: everything that studio, API, command line and file show of one phase of an experiment.

`as_json` is the contract with whoever reads it by machine: keys are only ever added within a format, numbers are plain,
and counts and parameters are complete, so that every other number can be recomputed from them.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

import stats
from experiments.autopsy import Autopsy
from experiments.health import RULE, HealthFinding
from experiments.lenses import EQUIVALENT_LIFT, INNER_LEVEL, LEVEL, Anytime, Belief
from experiments.models import Annotation, State
from experiments.splits import SplitCheck
from experiments.verdict import Verdict

FORMAT: Final = 1
NOUNS: Final = {"form": "lead", "click": "click"}


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the numbers were computed under."""

    data_prior: stats.Beta
    tau: float  # standard deviation of a variant's log rate, for the decision lens and the anytime line
    min_lift: float  # the smallest one worth having
    value_minor: int | None  # of a conversion, in minor units of `currency`
    currency: str

    def as_json(self) -> dict[str, Any]:
        return {
            "level": LEVEL,
            "inner_level": INNER_LEVEL,
            "data_prior": {"a": self.data_prior.a, "b": self.data_prior.b},
            "tau": self.tau,
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
    anytime: Anytime | None  # None for control

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
            "anytime": None if self.anytime is None else self.anytime.as_json(),
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


@dataclass(frozen=True, slots=True)
class Report:
    """A phase of an experiment, judged. Rates, lifts and probabilities are fractions."""

    experiment: str
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
    parameters: Parameters
    variants: tuple[VariantReport, ...]
    srm_served: stats.Srm
    srm_confirmed: stats.Srm
    autopsy: Autopsy | None  # why the split is broken
    splits: tuple[SplitCheck, ...]  # the split in each segment
    filtered: dict[str, int]  # distinct visitors by reason
    filtered_by_variant: dict[str, dict[str, int]]  # the same, and the variant they were shown
    verdict: Verdict
    health: tuple[HealthFinding, ...]
    by_day: tuple[DayCounts, ...]
    segments: tuple[SegmentCounts, ...]
    annotations: tuple[Annotation, ...]
    simulated: int  # visitors, of all counted

    @property
    def noun(self) -> str:
        """What a conversion is called."""
        return NOUNS.get(self.goal, "conversion")

    def as_json(self) -> dict[str, Any]:
        """The contract with API, command line and exports."""
        return {
            "format": FORMAT,
            "experiment": self.experiment,
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
            "parameters": self.parameters.as_json(),
            "verdict": self.verdict.as_json(),
            "health": [finding.as_json() for finding in self.health],
            "variants": [variant.as_json() for variant in self.variants],
            "srm": {"served": _srm_as_json(self.srm_served), "confirmed": _srm_as_json(self.srm_confirmed)},
            "autopsy": None if self.autopsy is None else self.autopsy.as_json(),
            "splits": [item.as_json() for item in self.splits],
            "filtered": dict(sorted(self.filtered.items())),
            "filtered_by_variant": {
                reason: dict(sorted(shown.items())) for reason, shown in sorted(self.filtered_by_variant.items())
            },
            "by_day": [item.as_json() for item in self.by_day],
            "segments": [item.as_json() for item in self.segments],
            "annotations": [{"at": note.at.isoformat(), "by": note.by, "text": note.text} for note in self.annotations],
        }


def _srm_as_json(srm: stats.Srm) -> dict[str, Any]:
    return {"p_value": srm.p_value, "mismatch": srm.mismatch, "e_value": srm.e_value, "leaked": srm.leaked}
