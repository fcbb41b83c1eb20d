"""A/A tests of the whole installation: their p-values, which prove that visitors are split and counted alike.

Where nothing is wrong, p-values are spread evenly from 0 to 1: one in twenty lies below 0.05.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session

import stats
from experiments import lifecycle, results
from experiments.health import RULE
from experiments.models import Purpose, State
from experiments.words import chance

LOW: Final = 0.05
_ODD: Final = 0.01  # a chance below this is worth an alarm


@dataclass(frozen=True, slots=True)
class AaTest:
    """An A/A test. `p_value` is two-sided, of equal rates; None until every variant has 25 conversions."""

    experiment: str
    page_id: int
    state: State
    started_at: datetime
    visitors: int
    conversions: int
    p_value: float | None
    split_p_value: float | None  # of the visitors, at confirmed

    def as_json(self) -> dict[str, Any]:
        return {
            "experiment": self.experiment,
            "state": self.state.value,
            "started_at": self.started_at.isoformat(),
            "visitors": self.visitors,
            "conversions": self.conversions,
            "p_value": self.p_value,
            "split_p_value": self.split_p_value,
        }


@dataclass(frozen=True, slots=True)
class AaTests:
    """All of them, newest first. `chance_of_as_many`: P(as many p-values below 0.05 | all is well)."""

    tests: tuple[AaTest, ...]
    judged: int  # with a p-value
    low: int  # below 0.05
    chance_of_as_many: float

    def sentence(self) -> str:
        if not self.judged:
            return "No A/A test has enough conversions yet."
        said = f"{self.low} of {self.judged:,} A/A tests differ at the 5 % level"
        if self.chance_of_as_many < _ODD:
            return f"{said}, which chance explains {chance(self.chance_of_as_many)}. Something counts unequally."
        return f"{said}, which is what chance alone gives."

    def as_json(self) -> dict[str, Any]:
        return {
            "tests": [item.as_json() for item in self.tests],
            "judged": self.judged,
            "low": self.low,
            "chance_of_as_many": self.chance_of_as_many,
            "sentence": self.sentence(),
        }


def list_aa(session: Session, *, now: datetime) -> AaTests:
    """Every A/A test with its p-value, and what they come to together.

    Source of the p-value: twice the smaller tail of the data-only posterior, `stats.two_sided`; with three variants or
    more the smallest of them, times their number.
    """
    tests = tuple(
        _judge(results.report(session, item, now=now))
        for item in lifecycle.list_experiments(session)
        if item.purpose == Purpose.AA.value
    )
    known = [item.p_value for item in tests if item.p_value is not None]
    low = sum(p < LOW for p in known)
    return AaTests(tests=tests, judged=len(known), low=low, chance_of_as_many=_tail(low, len(known)))


def _judge(report: results.Report) -> AaTest:
    enough = min(item.conversions for item in report.variants) >= RULE.min_conversions_each
    sided = [
        stats.two_sided(item.data.p_beats_control) for item in report.variants if item.data.p_beats_control is not None
    ]
    return AaTest(
        experiment=report.experiment,
        page_id=report.page_id,
        state=report.state,
        started_at=report.started_at,
        visitors=sum(item.confirmed for item in report.variants),
        conversions=sum(item.conversions for item in report.variants),
        p_value=min(1.0, len(sided) * min(sided)) if enough else None,
        split_p_value=report.srm_confirmed.p_value,
    )


def _tail(successes: int, trials: int) -> float:
    """P(that many or more of so many trials lie below 0.05).

    >>> round(_tail(1, 20), 3), _tail(0, 0)
    (0.642, 1.0)
    """
    below = sum(math.comb(trials, k) * LOW**k * (1 - LOW) ** (trials - k) for k in range(successes))
    return max(0.0, 1.0 - below)
