"""How a phase came to where it is: after each day, which variant was how likely the best, what choosing it would cost, and
the anytime-valid evidence for its lift.

Visitors stand on the day of their first exposure with all they did since, so a point is what is known today of the visitors
until that day. What stood in the report on that day is another question, which `as_of` answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final

import stats
from experiments.lenses import watch

_KEPT: Final = 4096  # past days do not change, so a process computes each of them once


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one variant through one lens."""

    p_best: float
    expected_loss: float

    def as_json(self) -> dict[str, float]:
        return {"p_best": self.p_best, "expected_loss": self.expected_loss}


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """A variant at the end of a day.

    `e_value`: evidence that its lift is not nothing, 1 is none and 20 is strong. `low`, `high`: between which its lift lies
    at every look together with 95 %, None where nothing can be said yet. All three are None for control.
    """

    day: date
    variant: str
    confirmed: int  # until then
    conversions: int
    data: Standing
    decision: Standing
    e_value: float | None
    low: float | None
    high: float | None

    def as_json(self) -> dict[str, Any]:
        return {
            "day": self.day.isoformat(),
            "variant": self.variant,
            "confirmed": self.confirmed,
            "conversions": self.conversions,
            "data": self.data.as_json(),
            "decision": self.decision.as_json(),
            "e_value": self.e_value,
            "low": self.low,
            "high": self.high,
        }


def follow(
    days: Sequence[tuple[date, Sequence[tuple[str, int, int]]]], *, control: int, data: stats.Beta, tau: float
) -> tuple[TrendPoint, ...]:
    """One point per day and variant, oldest first.

    Args:
        days: (day, counts), oldest first; counts are (variant, confirmed, conversions) of that day alone, the variants
            always in the same order.
        control: position of the variant the others are compared with.
        data: prior of the data lens.
        tau: of the decision lens, and with it of the anytime-valid line.
    """
    points: list[TrendPoint] = []
    total: list[stats.BinarySample] = []
    for day, counts in days:
        new = [stats.BinarySample(n=confirmed, conversions=conversions) for _, confirmed, conversions in counts]
        total = [before + item for before, item in zip(total, new, strict=True)] if total else new
        alone = _judge(tuple(total), control, data)
        together = _judge(tuple(total), control, stats.Exchangeable(tau))
        lines = watch(total, control=control, tau=tau)
        points += [
            TrendPoint(
                day,
                key,
                sample.n,
                sample.conversions,
                data=mine,
                decision=shrunken,
                e_value=None if line is None else line.e_value,
                low=None if line is None else line.low,
                high=None if line is None else line.high,
            )
            for (key, *_), sample, mine, shrunken, line in zip(counts, total, alone, together, lines, strict=True)
        ]
    return tuple(points)


@lru_cache(maxsize=_KEPT)
def _judge(
    samples: tuple[stats.BinarySample, ...], control: int, prior: stats.Beta | stats.Exchangeable
) -> tuple[Standing, ...]:
    found = stats.compare(samples, control=control, prior=prior)
    return tuple(Standing(p_best=item.p_best, expected_loss=item.expected_loss) for item in found.variants)
