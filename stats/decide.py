"""What to do about a comparison: the rule, and nothing but the rule.

It says no sentence and looks at no health of its own: gates come in as facts, an action and its machine reason go out.
No action contradicts the interval of the lift that is shown beside it: where a probability says one thing and the
interval, at whatever level it was asked for, does not, the answer is to continue.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from stats.domain import check_count, check_probability, find_finite
from stats.errors import InvalidGates, InvalidLift, InvalidProbability
from stats.estimate import Estimate


class Action(StrEnum):
    """What the result asks for."""

    SHIP = "ship"
    DROP = "drop"
    KEEP = "keep"
    EQUIVALENT = "equivalent"
    HOLD = "hold"
    CONTINUE = "continue"


class Reason(StrEnum):
    """Why: the condition that decided, or that is missing yet."""

    GATE = "gate-failed"
    DAYS = "too-few-days"
    CONVERSIONS = "too-few-conversions"
    BETTER = "better"
    WORSE = "worse"
    HARM = "guardrail-harmed"
    EQUAL = "practically-equal"
    UNSURE_BETTER = "not-surely-better"
    UNSURE_BEST = "not-surely-best"
    LOSS = "loss-too-large"


class Judged(Protocol):
    """One variant of a comparison, under any prior and of any outcome; chance and lift are None for control."""

    @property
    def p_best(self) -> float: ...
    @property
    def relative_loss(self) -> float: ...
    @property
    def p_beats_control(self) -> float | None: ...
    @property
    def lift(self) -> Estimate | None: ...
    def p_equal(self, margin: float) -> float: ...


class Judgement(Protocol):
    """What `compare` returns, as far as a decision needs it."""

    @property
    def variants(self) -> Sequence[Judged]: ...
    @property
    def control(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Gates:
    """What stands between a comparison and a decision. Sequences are in the order of the variants, control included.

    Args:
        open: no health gate failed.
        days: full days of counting.
        conversions: of each variant.
        harm: the highest `p_harm` of this variant's guardrails (see `non_inferior`); empty where there is none.
    """

    open: bool
    days: int
    conversions: tuple[int, ...]
    harm: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """The thresholds. `max_loss` is a share of control's rate, `margin` a lift too small to matter, up or down.

    Raises:
        InvalidProbability, InvalidLift, InvalidCount, InvalidGates. `p_beats_control` must exceed 0.5, or a variant could
        be better and worse at once.
    """

    min_days: int = 7
    min_conversions: int = 100
    min_conversions_each: int = 25
    p_best: float = 0.95
    p_beats_control: float = 0.975
    max_loss: float = 0.0025
    p_harm: float = 0.975
    p_equal: float = 0.95
    margin: float = 0.01
    strong_from: float = 20.0

    def __post_init__(self) -> None:
        for name in ("min_days", "min_conversions", "min_conversions_each"):
            check_count(name, getattr(self, name))
        for name in ("p_best", "p_beats_control", "p_harm", "p_equal"):
            check_probability(name, getattr(self, name))
        if self.p_beats_control <= 0.5:
            raise InvalidProbability("p_beats_control must exceed 0.5", self.p_beats_control)
        for name in ("max_loss", "margin"):
            number = find_finite(getattr(self, name))
            if number is None or not 0 < number < 1:
                raise InvalidLift(f"{name} must lie strictly between 0 and 1", getattr(self, name))
        strong = find_finite(self.strong_from)
        if strong is None or strong < 1:
            raise InvalidGates("strong_from must be a finite number of 1 or more", self.strong_from)


@dataclass(frozen=True, slots=True)
class Decision:
    """An action and why. Positions are those of the comparison's variants.

    `variant`: whom to ship, keep or drop (the worst, where several go), the leader of what continues; control where all
    are practically equal; None for a hold and where it is too early. `dropped`: every variant that is out, `harmed`: those
    of them that are not worse, but harm a guardrail. `strong`: evidence that holds whatever the prior says the same.
    """

    action: Action
    reason: Reason
    variant: int | None = None
    dropped: tuple[int, ...] = ()
    strong: bool = False
    harmed: tuple[int, ...] = ()


def decide(
    comparison: Judgement, gates: Gates, rule: Rule | None = None, *, e_values: Sequence[float] = ()
) -> Decision:
    """The one action that a comparison asks for.

    Args:
        comparison: from `compare`, with the decision prior or with the data alone.
        gates: health, days, conversions and guardrails.
        rule: thresholds; None for the default `Rule()`.
        e_values: of each variant's lift, from `anytime`; control's is not looked at. Empty: nothing is strong.

    Returns:
        The first of these that holds:
        HOLD: a health gate failed.
        CONTINUE: fewer than 7 full days, 100 conversions in all or 25 of one variant.
        SHIP: P(best) >= 0.95, P(beats control) >= 0.975, its interval above 0, expected loss <= 0.25 % of control's rate,
        no guardrail harmed.
        KEEP control: every other variant is out. EQUIVALENT: those not out differ from control by less than 1 % with
        probability 0.95, and so do their intervals. DROP: some are out. CONTINUE otherwise.
        A variant is out where P(beats control) <= 0.025 and its interval lies below 0, or where a guardrail is harmed
        with probability >= 0.975. A low P(best) is no reason: twenty equal variants start there.

    Raises:
        InvalidGates: not one number per variant.

    Edge cases:
        At a level other than 0.95 the interval decides beside the probabilities: a wider one asks for more.
        A variant that is both surely worse and practically equal is out. One that is surely better by less than 1 % ships.

    Source: Stucchio, Bayesian A/B Testing at VWO, 2015, for expected loss as the stopping rule; thresholds are chosen
    by simulation of 28 daily looks.

    >>> from stats import BinarySample, compare
    >>> found = compare([BinarySample(40_000, 2_000), BinarySample(40_000, 2_300)])
    >>> decision = decide(found, Gates(open=True, days=14, conversions=(2_000, 2_300)))
    >>> decision.action.value, decision.reason.value, decision.variant
    ('ship', 'better', 1)
    """
    rule = Rule() if rule is None else rule
    _check_lengths(comparison, gates, e_values)
    if not gates.open:
        return Decision(Action.HOLD, Reason.GATE)
    if gates.days < rule.min_days:
        return Decision(Action.CONTINUE, Reason.DAYS)
    if sum(gates.conversions) < rule.min_conversions or min(gates.conversions) < rule.min_conversions_each:
        return Decision(Action.CONTINUE, Reason.CONVERSIONS)
    return _weigh(_challengers(comparison, gates, rule), comparison, rule, e_values)


@dataclass(frozen=True, slots=True)
class _Challenger:
    """A variant that is not control."""

    position: int
    p_best: float
    p_beats_control: float
    lift: Estimate
    p_equal: float
    relative_loss: float
    harm: float

    def is_harmful(self, rule: Rule) -> bool:
        return self.harm >= rule.p_harm

    def is_worse(self, rule: Rule) -> bool:
        return self.p_beats_control <= 1 - rule.p_beats_control and self.lift.high < 0

    def is_out(self, rule: Rule) -> bool:
        return self.is_harmful(rule) or self.is_worse(rule)

    def is_equal(self, rule: Rule) -> bool:
        inside = -rule.margin < self.lift.low and self.lift.high < rule.margin
        return self.p_equal >= rule.p_equal and inside

    def find_lacking(self, rule: Rule) -> Reason | None:
        """What keeps it from being shipped."""
        if self.p_beats_control < rule.p_beats_control or self.lift.low <= 0:
            return Reason.UNSURE_BETTER
        if self.p_best < rule.p_best:
            return Reason.UNSURE_BEST
        return Reason.LOSS if self.relative_loss > rule.max_loss else None


def _check_lengths(comparison: Judgement, gates: Gates, e_values: Sequence[float]) -> None:
    variants = len(comparison.variants)
    if len(gates.conversions) != variants:
        raise InvalidGates(f"{variants} variants need as many counts of conversions", gates.conversions)
    for name, numbers in (("probabilities of harm", gates.harm), ("e-values", e_values)):
        if len(numbers) not in (0, variants):
            raise InvalidGates(f"{variants} variants need as many {name}, or none", numbers)


def _challengers(comparison: Judgement, gates: Gates, rule: Rule) -> list[_Challenger]:
    return [
        _Challenger(
            position=i,
            p_best=judged.p_best,
            p_beats_control=judged.p_beats_control,
            lift=judged.lift,
            p_equal=judged.p_equal(rule.margin),
            relative_loss=judged.relative_loss,
            harm=gates.harm[i] if gates.harm else 0.0,
        )
        for i, judged in enumerate(comparison.variants)
        if judged.p_beats_control is not None and judged.lift is not None
    ]


def _weigh(
    challengers: Sequence[_Challenger], comparison: Judgement, rule: Rule, e_values: Sequence[float]
) -> Decision:
    out = [challenger for challenger in challengers if challenger.is_out(rule)]
    left = [challenger for challenger in challengers if not challenger.is_out(rule)]
    dropped = tuple(challenger.position for challenger in out)
    harmed = tuple(challenger.position for challenger in out if not challenger.is_worse(rule))

    def is_strong(about: Sequence[_Challenger]) -> bool:
        return bool(e_values) and all(e_values[challenger.position] >= rule.strong_from for challenger in about)

    if not left:
        reason = Reason.HARM if harmed else Reason.WORSE
        return Decision(Action.KEEP, reason, comparison.control, dropped, not harmed and is_strong(out), harmed)
    leader = max(left, key=lambda challenger: challenger.p_best)
    lacking = leader.find_lacking(rule)
    if lacking is None:
        return Decision(Action.SHIP, Reason.BETTER, leader.position, dropped, is_strong([leader]), harmed)
    if all(challenger.is_equal(rule) for challenger in left):
        return Decision(Action.EQUIVALENT, Reason.EQUAL, comparison.control, dropped, harmed=harmed)
    if not out:
        return Decision(Action.CONTINUE, lacking, leader.position)
    worst = min(out, key=lambda challenger: (not challenger.is_worse(rule), challenger.p_beats_control))
    reason = Reason.WORSE if worst.is_worse(rule) else Reason.HARM
    return Decision(Action.DROP, reason, worst.position, dropped, reason is Reason.WORSE and is_strong([worst]), harmed)
