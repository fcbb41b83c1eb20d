"""The prior of the decision lens: how far the variants of an experiment are believed to lie apart before any data.

It is chosen when an experiment starts, from those that had ended by then, and stays with its plan: a result must not move
because another experiment has ended meanwhile.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import func, select
from sqlmodel import Session, col

import stats
from experiments.models import Experiment, Purpose, Tally
from experiments.tallies import ALL, EXPOSURES


@dataclass(frozen=True, slots=True)
class Prior:
    """`tau`: standard deviation of a variant's log-odds; a lift has √2 times that. `low` and `high`: 95 % range of a tau
    that was learned, None for the default one. `experiments`: how many it was learned from, 0 for the default.
    """

    tau: float
    low: float | None = None
    high: float | None = None
    experiments: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "tau": self.tau,
            "source": "learned" if self.experiments else "default",
            "low": self.low,
            "high": self.high,
            "experiments": self.experiments,
        }

    @classmethod
    def of_plan(cls, plan: Mapping[str, Any]) -> "Prior":
        """The one that a plan fixed; the default where it fixed none.

        >>> Prior.of_plan({}) == DEFAULT_PRIOR
        True
        """
        fixed = plan.get("prior")
        if fixed is None:
            return DEFAULT_PRIOR
        return cls(tau=fixed["tau"], low=fixed["low"], high=fixed["high"], experiments=fixed["experiments"])


DEFAULT_PRIOR: Final = Prior(tau=0.07)
_MOST: Final = 100  # ended tests; what was tested before them says little of what is tested now


def find_prior(session: Session, *, before: datetime) -> Prior:
    """The prior for an experiment that starts now: learned from those that have ended, the default while they are few.

    Args:
        before: experiments that ended later teach nothing.

    Returns:
        One that was learned from 15 experiments or more, the latest hundred, or `DEFAULT_PRIOR`. A/A tests do not count:
        their variants are alike because somebody made them so. Of an experiment with several phases each phase is an
        experiment here, as its visitors were split anew.
    """
    return _learn(tuple(map(tuple, _list_ended(session, before))))


@lru_cache(maxsize=8)
def _learn(history: tuple[tuple[stats.BinarySample, ...], ...]) -> Prior:
    """10 ms an experiment, so the same history is learned from once in a process."""
    try:
        learned = stats.learn_prior(history)
    except stats.NotEnoughData:
        return DEFAULT_PRIOR
    deviation = learned.deviation
    return Prior(
        tau=learned.prior.tau,
        low=deviation.low / math.sqrt(2),
        high=deviation.high / math.sqrt(2),
        experiments=learned.experiments,
    )


def _list_ended(session: Session, before: datetime) -> list[list[stats.BinarySample]]:
    """The samples of each phase of the tests that ended last."""
    latest = select(col(Experiment.id)).where(
        col(Experiment.ended_at) <= before, col(Experiment.purpose) == Purpose.TEST.value
    )
    latest = latest.order_by(col(Experiment.ended_at).desc(), col(Experiment.id).desc()).limit(_MOST)
    columns = (col(Tally.experiment_id), col(Tally.phase), col(Tally.variant))
    sums = select(*columns, func.sum(Tally.confirmed), func.sum(Tally.conversions)).join(
        Experiment, col(Experiment.id) == col(Tally.experiment_id)
    )
    ended = sums.where(
        col(Experiment.id).in_(session.execute(latest).scalars().all()),
        col(Tally.goal).in_([EXPOSURES, col(Experiment.goal)]),
        col(Tally.dimension) == ALL,
    )
    found: dict[tuple[int, int], list[stats.BinarySample]] = {}
    for experiment, phase, _, n, conversions in session.execute(ended.group_by(*columns).order_by(*columns)):
        sample = stats.BinarySample(n=int(n), conversions=int(conversions))
        found.setdefault((experiment, phase), []).append(sample)
    return list(found.values())
