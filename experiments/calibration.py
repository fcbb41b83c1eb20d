"""Whether the claims of ended experiments came true: claimed against realised lifts, win rate, and what the wins add up to.

A claim is what the decision lens believed of a variant at its end. It is held against what came later: a further phase of the
same experiment, or an experiment that repeats it with the old content as a variant.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session

import stats
from experiments import lifecycle, results
from experiments.archive import Ended, Lift, Outcome, list_ended
from experiments.health import RULE
from experiments.models import Purpose
from experiments.report import PhaseVariant, Report

_NORMAL_95: Final = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Claim:
    """A lift that was claimed, and what came of it. `where`: the phase or experiment that showed it."""

    experiment: str
    variant: str
    claimed: Lift
    realised: Lift
    where: str

    def as_json(self) -> dict[str, Any]:
        return {
            "experiment": self.experiment,
            "variant": self.variant,
            "claimed": self.claimed.as_json(),
            "realised": self.realised.as_json(),
            "where": self.where,
        }


@dataclass(frozen=True, slots=True)
class PageEffect:
    """What the shipped variants of a page come to together, one on top of the other."""

    page_id: int
    tests: int
    wins: int
    effect: Lift | None  # None where nothing was shipped

    def as_json(self) -> dict[str, Any]:
        return {
            "page_id": self.page_id,
            "tests": self.tests,
            "wins": self.wins,
            "effect": None if self.effect is None else self.effect.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Calibration:
    """Whether claims came true. `win_rate` is that of ended tests, with its 95 % range; None where none has ended.

    `slope`: realised against claimed lifts, 1 where claims are neither too bold nor too timid; None without a claim.
    """

    tests: int
    wins: int
    win_rate: Lift | None
    claims: tuple[Claim, ...]
    slope: float | None
    pages: tuple[PageEffect, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "tests": self.tests,
            "wins": self.wins,
            "win_rate": None if self.win_rate is None else self.win_rate.as_json(),
            "claims": [item.as_json() for item in self.claims],
            "slope": self.slope,
            "pages": [item.as_json() for item in self.pages],
        }


def calibrate(session: Session, *, now: datetime) -> Calibration:
    """How the claims of all ended tests fared. A/A tests claim nothing and are left out."""
    ended = [item for item in list_ended(session) if item.purpose is Purpose.TEST]
    wins = sum(item.outcome is Outcome.SHIPPED for item in ended)
    claims = tuple(_list_claims(session, ended, now))
    squared = sum(item.claimed.median**2 for item in claims)
    rate = stats.Beta(0.5, 0.5).updated(stats.BinarySample(n=len(ended), conversions=wins)).estimate(0.95)
    return Calibration(
        tests=len(ended),
        wins=wins,
        win_rate=Lift(rate.median, rate.low, rate.high) if ended else None,
        claims=claims,
        slope=sum(item.claimed.median * item.realised.median for item in claims) / squared if squared else None,
        pages=tuple(_add_up_page(page_id, ended) for page_id in sorted({item.page_id for item in ended})),
    )


def _list_claims(session: Session, ended: Sequence[Ended], now: datetime) -> Iterator[Claim]:
    claimed = {item.experiment: item for item in ended}
    for experiment in lifecycle.list_experiments(session):
        if experiment.purpose != Purpose.TEST.value:
            continue
        repeated = claimed.get(experiment.plan.get("repeats", ""))
        phases = lifecycle.list_phases(session, experiment)
        if repeated is not None or len(phases) > 1:
            report = results.report(session, experiment, now=now)
            yield from _find_later_phases(report)
            if repeated is not None and repeated.claimed is not None:
                yield from _find_repetition(report, repeated, repeated.claimed)


def _find_later_phases(report: Report) -> Iterator[Claim]:
    """Each phase claims what the next one, split anew, shows by its own data."""
    for before, after in zip(report.phase_lines, report.phase_lines[1:], strict=False):
        later = {item.key: item for item in after.variants}
        for item in before.variants:
            if item.lift is None or item.key not in later or report.control not in later:
                continue
            shown = _read_lift(later[report.control], later[item.key])
            if shown is not None and _is_enough(before.variants):
                claimed = Lift(item.lift.median, item.lift.low, item.lift.high)
                yield Claim(report.experiment, item.key, claimed, shown, f"phase {after.number}")


def _find_repetition(report: Report, repeated: Ended, claimed: Lift) -> Iterator[Claim]:
    """The winner is control by now, and the old content a variant: what it lost is what the winner won."""
    line = report.phase_lines[-1]
    new = next(item for item in line.variants if item.key == report.control)
    for old in line.variants:
        shown = None if old is new else _read_lift(old, new)
        if shown is not None:
            yield Claim(repeated.experiment, repeated.shipped, claimed, shown, report.experiment)


def _read_lift(control: PhaseVariant, variant: PhaseVariant) -> Lift | None:
    """From the data alone, which no prior has drawn toward nothing; None where it is too little."""
    if not _is_enough((control, variant)):
        return None
    samples = [stats.BinarySample(n=item.confirmed, conversions=item.conversions) for item in (control, variant)]
    found = stats.compare(samples).variants[1].lift
    assert found is not None, "it is not control"
    return Lift(found.median, found.low, found.high)


def _is_enough(variants: Sequence[PhaseVariant]) -> bool:
    return min(item.conversions for item in variants) >= RULE.min_conversions_each


def _add_up_page(page_id: int, ended: Sequence[Ended]) -> PageEffect:
    mine = [item for item in ended if item.page_id == page_id]
    wins = [item.claimed for item in mine if item.outcome is Outcome.SHIPPED and item.claimed is not None]
    return PageEffect(page_id, len(mine), len(wins), _compound(wins) if wins else None)


def _compound(lifts: Sequence[Lift]) -> Lift:
    """One on top of the other: logs add up, and so do their variances."""
    middle = sum(math.log1p(item.median) for item in lifts)
    widths = [(math.log1p(item.high) - math.log1p(item.low)) / (2 * _NORMAL_95) for item in lifts]
    reach = _NORMAL_95 * math.hypot(*widths)
    return Lift(math.expm1(middle), math.expm1(middle - reach), math.expm1(middle + reach))
