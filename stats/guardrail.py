"""Does a variant harm what it was not meant to touch? One question about one lift and one margin.

It decides what the evidence says of harm; what is done about it is decided with everything else.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from stats.domain import find_finite
from stats.errors import InvalidMargin

SURE = 0.975  # so that the 95 % interval of the lift lies on one side of the margin


class HasLift(Protocol):
    """A variant of any comparison, control excepted."""

    def p_lift_above(self, r: float) -> float: ...


class GuardrailStatus(StrEnum):
    FINE = "fine"
    UNSURE = "unsure"
    HARM = "harm"


@dataclass(frozen=True, slots=True)
class Guardrail:
    """`p_harm`: P(the variant is worse than control by more than the margin)."""

    p_harm: float
    margin: float
    status: GuardrailStatus


def non_inferior(variant: HasLift, *, margin: float, lower_is_better: bool = False) -> Guardrail:
    """Whether a variant is no worse than control by more than a margin.

    Args:
        variant: one of any comparison's variants, but not control.
        margin: how much worse, relative to control, is still acceptable: 0.05 for 5 %, at least 0 and below 1.
        lower_is_better: for what should be small, as waiting times and complaints.

    Returns:
        A `Guardrail`: `harm` where P(worse by more than the margin) is 0.975 or more, `fine` where P(not worse by
        more) is, and `unsure` in between. With the 95 % interval of the lift beside it: `harm` is an interval wholly
        beyond the margin, `fine` one wholly within.

    Raises:
        InvalidMargin: outside [0, 1), or not a number.
        ControlHasNoLift: the variant is control.

    Source: Piaggio et al., Reporting of noninferiority and equivalence randomized trials, JAMA 308, 2012, for the
    question; the decision rule of `stats.decide` for the threshold.

    >>> from stats import BinarySample, compare
    >>> _, variant = compare([BinarySample(20_000, 1000), BinarySample(20_000, 985)]).variants
    >>> non_inferior(variant, margin=0.10)  # doctest: +ELLIPSIS
    Guardrail(p_harm=0.0196..., margin=0.1, status=<GuardrailStatus.FINE: 'fine'>)
    >>> non_inferior(variant, margin=0.02).status
    <GuardrailStatus.UNSURE: 'unsure'>
    """
    number = find_finite(margin)
    if number is None or not 0 <= number < 1:
        raise InvalidMargin("a margin must be at least 0 and below 1", margin)
    p_harm = variant.p_lift_above(number) if lower_is_better else 1 - variant.p_lift_above(-number)
    return Guardrail(p_harm=p_harm, margin=number, status=_status(p_harm))


def _status(p_harm: float) -> GuardrailStatus:
    if p_harm >= SURE:
        return GuardrailStatus.HARM
    return GuardrailStatus.FINE if 1 - p_harm >= SURE else GuardrailStatus.UNSURE
