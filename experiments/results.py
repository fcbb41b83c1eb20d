"""What an experiment says: the one report that studio, API and command line all show, so that no two can disagree.

It is computed from tallies alone, so its cost does not depend on the number of visitors; nothing here writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col

import stats
from experiments import health, lifecycle
from experiments.health import HealthFinding, VariantCounts
from experiments.models import Annotation, Experiment, FilteredTally, Phase, State, Tally
from experiments.tallies import ALL, EXPOSURES, Counts
from experiments.verdict import Evidence, Verdict, decide

NOUNS: Final = {"form": "lead", "click": "click"}
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class VariantReport:
    """One variant: what was counted of it, and what that says. `lift` and `p_beats_control` are None for control."""

    key: str
    weight_bp: int
    served: int
    confirmed: int
    conversions: int
    unconfirmed_conversions: int  # of visitors whose first exposure was never confirmed: shown, never in the rate
    multiply_exposed: int  # saw another variant too, and are in none of the numbers above
    rate: stats.Estimate
    lift: stats.Estimate | None
    p_best: float
    p_beats_control: float | None
    expected_loss: float
    density: stats.Density  # the rate's posterior, to draw

    @property
    def confirmed_share(self) -> float | None:
        """Of the served ones; None where nobody was served."""
        return self.confirmed / self.served if self.served else None

    def as_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "served": self.served,
            "confirmed": self.confirmed,
            "conversions": self.conversions,
            "rate": _estimate_as_json(self.rate),
            "lift": None if self.lift is None else _estimate_as_json(self.lift),
            "p_best": self.p_best,
            "p_beats_control": self.p_beats_control,
            "expected_loss": self.expected_loss,
        }


@dataclass(frozen=True, slots=True)
class DayCounts:
    """One day of one variant, by the day of first exposure in the site's time zone."""

    day: date
    variant: str
    served: int
    confirmed: int
    conversions: int


@dataclass(frozen=True, slots=True)
class SegmentCounts:
    """One level of one dimension, one variant."""

    dimension: str
    level: str
    variant: str
    served: int
    confirmed: int
    conversions: int


@dataclass(frozen=True, slots=True)
class Report:
    """A phase of an experiment, judged. Rates, lifts and probabilities are fractions."""

    experiment: str
    phase: int
    phases: tuple[int, ...]
    page_id: int
    goal: str
    selector: str
    hypothesis: str
    state: State
    shipped: str
    reason: str
    timezone: str
    control: str
    coverage_bp: int
    started_at: datetime
    ended_at: datetime | None
    days: int  # full days of counting
    variants: tuple[VariantReport, ...]
    srm_served: stats.Srm
    srm_confirmed: stats.Srm
    filtered: dict[str, int]  # distinct visitors by reason
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
            "experiment": self.experiment,
            "phase": self.phase,
            "goal": self.goal,
            "variants": [variant.as_json() for variant in self.variants],
            "srm": {"served": _srm_as_json(self.srm_served), "confirmed": _srm_as_json(self.srm_confirmed)},
            "filtered": dict(sorted(self.filtered.items())),
        }


def report(session: Session, experiment: Experiment | str, *, phase: int | None = None, now: datetime) -> Report:
    """Judge one phase of an experiment.

    Args:
        experiment: it, or its key.
        phase: its number; the latest where None.
        now: for how long it has been running.

    Raises:
        UnknownExperiment: no such key or phase.

    Edge cases:
        Nobody has come yet: every rate is the prior's, every variant is best with equal probability, the split has no
        p-value, and the verdict says that it is too early.
    """
    if isinstance(experiment, str):
        experiment = lifecycle.load(session, experiment)
    latest = lifecycle.current_phase(session, experiment)
    judged = latest if phase is None else lifecycle.load_phase(session, experiment, phase)
    everybody, in_segments = col(Tally.dimension) == ALL, col(Tally.dimension) != ALL
    totals = _read_counts(session, experiment, judged, of=everybody).get((), _nothing(judged))
    by_day = _read_counts(session, experiment, judged, of=everybody, by=[col(Tally.day)])
    segments = _read_counts(session, experiment, judged, of=in_segments, by=[col(Tally.dimension), col(Tally.level)])
    control = list(judged.weights).index(experiment.control)
    comparison = stats.compare(
        [stats.BinarySample(n=item.confirmed, conversions=item.conversions) for item in totals], control=control
    )
    elapsed = max((judged.ended_at or now) - judged.started_at, timedelta(0))
    # a paused test lets days pass without visitors; they do not make it any surer
    days = min(elapsed // _DAY, len(by_day))
    findings = health.check(totals, segments, days=days)
    return Report(
        experiment=experiment.key,
        phase=judged.number,
        phases=tuple(item.number for item in lifecycle.list_phases(session, experiment)),
        page_id=experiment.page_id,
        goal=experiment.goal,
        selector=experiment.selector,
        hypothesis=experiment.hypothesis,
        state=experiment.state,
        shipped=experiment.shipped,
        reason=experiment.reason,
        timezone=experiment.timezone,
        control=experiment.control,
        coverage_bp=judged.coverage_bp,
        started_at=judged.started_at,
        ended_at=judged.ended_at,
        days=days,
        variants=_judge_variants(totals, comparison),
        srm_served=health.srm_served(totals),
        srm_confirmed=health.srm_confirmed(totals),
        filtered=_read_filtered(session, experiment, judged),
        verdict=decide(
            Evidence(
                counts=totals,
                comparison=comparison,
                findings=findings,
                days=days,
                elapsed_days=elapsed / _DAY,
                ended=judged.ended_at is not None,
                noun=NOUNS.get(experiment.goal, "conversion"),
            )
        ),
        health=tuple(findings),
        by_day=tuple(
            DayCounts(day, item.key, item.served, item.confirmed, item.conversions)
            for (day,), counts in sorted(by_day.items())
            for item in counts
        ),
        segments=tuple(
            SegmentCounts(dimension, level, item.key, item.served, item.confirmed, item.conversions)
            for (dimension, level), counts in sorted(segments.items())
            for item in counts
        ),
        annotations=tuple(
            note for note in lifecycle.list_annotations(session, experiment) if note.phase == judged.number
        ),
        simulated=sum(item.simulated for item in totals),
    )


def _read_counts(
    session: Session, experiment: Experiment, phase: Phase, *, of: ColumnElement[bool], by: Sequence[Mapped[Any]] = ()
) -> dict[tuple[Any, ...], list[VariantCounts]]:
    """Counts of each group that has any, the variants in the order of the phase; grouped by nothing, the group is ()."""
    # visitors stand under no goal, their conversions under theirs: the sum over both is the whole row
    sums = [func.sum(col(getattr(Tally, number))) for number in Counts._fields]
    query = select(*by, col(Tally.variant), *sums).where(
        col(Tally.experiment_id) == experiment.id,
        col(Tally.phase) == phase.number,
        col(Tally.goal).in_([EXPOSURES, experiment.goal]),
        of,
    )
    groups: dict[tuple[Any, ...], dict[str, VariantCounts]] = {}
    for row in session.execute(query.group_by(*by, col(Tally.variant))):
        group, variant, numbers = row[: len(by)], row[len(by)], row[len(by) + 1 :]
        if any(numbers):
            known = groups.setdefault(tuple(group), {item.key: item for item in _nothing(phase)})
            known[variant] = replace(known[variant], **dict(zip(Counts._fields, numbers, strict=True)))
    return {group: list(counts.values()) for group, counts in groups.items()}


def _nothing(phase: Phase) -> list[VariantCounts]:
    return [VariantCounts(key=key, weight_bp=weight) for key, weight in phase.weights.items()]


def _read_filtered(session: Session, experiment: Experiment, phase: Phase) -> dict[str, int]:
    query = (
        select(col(FilteredTally.reason), func.sum(col(FilteredTally.visitors)))
        .where(col(FilteredTally.experiment_id) == experiment.id, col(FilteredTally.phase) == phase.number)
        .group_by(col(FilteredTally.reason))
    )
    return {reason: visitors for reason, visitors in session.execute(query).all() if visitors}


def _judge_variants(totals: Sequence[VariantCounts], comparison: stats.Comparison) -> tuple[VariantReport, ...]:
    return tuple(
        VariantReport(
            key=item.key,
            weight_bp=item.weight_bp,
            served=item.served,
            confirmed=item.confirmed,
            conversions=item.conversions,
            unconfirmed_conversions=item.unconfirmed_conversions,
            multiply_exposed=item.multiply_exposed,
            rate=judged.rate,
            lift=judged.lift,
            p_best=judged.p_best,
            p_beats_control=judged.p_beats_control,
            expected_loss=judged.expected_loss,
            density=density,
        )
        for item, judged, density in zip(totals, comparison.variants, comparison.density(), strict=True)
    )


def _estimate_as_json(estimate: stats.Estimate) -> dict[str, float]:
    return {"median": estimate.median, "low": estimate.low, "high": estimate.high}


def _srm_as_json(srm: stats.Srm) -> dict[str, Any]:
    return {"p_value": srm.p_value, "mismatch": srm.mismatch}
