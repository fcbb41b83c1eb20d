"""What a phase's visitors did beside reaching the goal that decides: further goals and money, as values of a report.

No verdict rests on a secondary goal or on money; a guardrail that is harmed drops its variant.
"""

from dataclasses import dataclass
from typing import Any

import stats
from experiments.goals import Goal
from experiments.lenses import Belief, Range


@dataclass(frozen=True, slots=True)
class GoalVariant:
    """One variant by a further goal. The rates are of its confirmed visitors; what compares with control is None for control.

    `p_adjusted`: the lowest false discovery rate at which its difference would be a discovery among all secondary goals and
    variants, `is_discovery` whether it is one at 5 %; None where nobody was counted to compare, and for guardrails, of which
    `guardrail` says how they stand.
    """

    key: str
    conversions: int
    unconfirmed_conversions: int
    data: Belief
    decision: Belief
    p_adjusted: float | None
    is_discovery: bool | None
    guardrail: stats.Guardrail | None

    def as_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "conversions": self.conversions,
            "unconfirmed_conversions": self.unconfirmed_conversions,
            **self.data.as_json(),
            "decision": self.decision.as_json(),
            "p_adjusted": self.p_adjusted,
            "is_discovery": self.is_discovery,
            "guardrail": None
            if self.guardrail is None
            else {
                "p_harm": self.guardrail.p_harm,
                "margin": self.guardrail.margin,
                "status": self.guardrail.status.value,
            },
        }


@dataclass(frozen=True, slots=True)
class GoalReport:
    """A further goal, variant by variant, in the order of the report's."""

    goal: Goal
    variants: tuple[GoalVariant, ...]

    def as_json(self) -> dict[str, Any]:
        return {**self.goal.as_json(), "variants": [item.as_json() for item in self.variants]}


@dataclass(frozen=True, slots=True)
class RevenueVariant:
    """The money of one variant: `receipts` leads with a value, `total_minor` together, `per_visitor` in minor units.

    `check` is the lift by the winsorised mean, which has no model; `agrees` whether it tells the same story. Both None
    where there is none, as for control.
    """

    key: str
    receipts: int
    total_minor: int
    per_visitor: Range
    lift: Range | None
    p_best: float
    p_beats_control: float | None
    loss_minor: float  # per visitor: what choosing it gives away on average if another one is really better
    check: stats.Estimate | None
    agrees: bool | None

    def as_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "receipts": self.receipts,
            "total_minor": self.total_minor,
            "per_visitor": self.per_visitor.as_json(),
            "lift": None if self.lift is None else self.lift.as_json(),
            "p_best": self.p_best,
            "p_beats_control": self.p_beats_control,
            "loss_minor": self.loss_minor,
            "check": None
            if self.check is None
            else {"median": self.check.median, "low": self.check.low, "high": self.check.high},
            "agrees": self.agrees,
        }


@dataclass(frozen=True, slots=True)
class RevenueReport:
    """Revenue per visitor, variant by variant, in the order of the report's. `cap_minor`: what 99 % of receipts did not exceed.

    `amounts`: how many receipts of a variant had which amount, from which all the rest can be recomputed.
    """

    currency: str
    variants: tuple[RevenueVariant, ...]
    amounts: tuple[tuple[tuple[int, int], ...], ...]  # by variant: (amount in minor units, how many), ascending
    cap_minor: int | None
    disagrees: bool  # model and winsorised mean, of some variant

    def as_json(self) -> dict[str, Any]:
        return {
            "currency": self.currency,
            "cap_minor": self.cap_minor,
            "disagrees": self.disagrees,
            "variants": [
                {**item.as_json(), "amounts": [list(pair) for pair in amounts]}
                for item, amounts in zip(self.variants, self.amounts, strict=True)
            ],
        }
