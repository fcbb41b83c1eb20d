"""What to do about a result, in one sentence. The thresholds are those of a decision, applied to the data alone.

A failed gate is never outvoted by a good number, and no word here contradicts the interval that stands beside it: a
variant ships only where the whole interval of its lift lies above zero, and goes only where it lies below.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from experiments.health import (
    MIN_CONVERSIONS,
    MIN_DAYS,
    Gate,
    HealthFinding,
    Severity,
    VariantCounts,
    days_missing,
)
from experiments.words import lift_range, listing, name, per_thousand, probability
from stats import Comparison, Estimate

P_BEST: Final = 0.95
P_BEATS_CONTROL: Final = 0.975  # so that the 95 % interval of the lift lies above zero
MAX_LOSS: Final = 0.0025  # of control's rate
_LONG_DAYS: Final = 90


class Action(StrEnum):
    """What the verdict asks for."""

    SHIP = "ship"
    KEEP = "keep"
    CONTINUE = "continue"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One sentence or two, and what they come down to. `variant` is whom to ship or keep, else empty."""

    action: Action
    sentence: str
    variant: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"action": self.action.value, "sentence": self.sentence, "variant": self.variant}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a verdict rests on: counts and comparison in the same order of variants."""

    counts: Sequence[VariantCounts]
    comparison: Comparison
    findings: Sequence[HealthFinding]
    days: int  # full ones, of counting
    elapsed_days: float
    ended: bool
    noun: str  # of a conversion: lead, click

    @property
    def control(self) -> str:
        return name(self.counts[self.comparison.control].key)

    @property
    def control_rate(self) -> float:
        return self.comparison.variants[self.comparison.control].rate.mean

    def challengers(self) -> list["Challenger"]:
        """Every variant but control."""
        pairs = zip(self.counts, self.comparison.variants, strict=True)
        return [
            Challenger(item.key, judged.p_best, judged.p_beats_control, judged.expected_loss, judged.lift)
            for item, judged in pairs
            if judged.p_beats_control is not None and judged.lift is not None
        ]

    def doubt(self, key: str) -> float:
        """P(another variant is the best), summed so that it keeps its digits where it is next to nothing."""
        pairs = zip(self.counts, self.comparison.variants, strict=True)
        return sum(judged.p_best for item, judged in pairs if item.key != key)


class Challenger(NamedTuple):
    """A variant against control."""

    key: str
    p_best: float
    p_beats_control: float
    expected_loss: float
    lift: Estimate

    def wins(self, control_rate: float) -> bool:
        """Better beyond doubt, and cheap where that is wrong."""
        sure = self.p_best >= P_BEST and self.p_beats_control >= P_BEATS_CONTROL and self.lift.low > 0
        return sure and self.expected_loss <= MAX_LOSS * control_rate

    def loses(self) -> bool:
        return self.p_beats_control <= 1 - P_BEATS_CONTROL and self.lift.high < 0


def decide(evidence: Evidence) -> Verdict:
    """Hold where a gate stops, wait where one waits, and only then look at who is better."""
    for finding in evidence.findings:
        if finding.severity is Severity.STOP:
            return Verdict(Action.HOLD, f"Don't read this result: {finding.sentence}")
    if any(finding.severity is Severity.WAIT for finding in evidence.findings):
        return Verdict(Action.CONTINUE, _say_too_early(evidence))
    challengers = evidence.challengers()
    for challenger in challengers:
        if challenger.wins(evidence.control_rate):
            return Verdict(Action.SHIP, _say_ship(challenger, evidence), variant=challenger.key)
    if all(challenger.loses() for challenger in challengers):
        control = evidence.counts[evidence.comparison.control].key
        return Verdict(Action.KEEP, _say_keep(challengers, evidence), variant=control)
    return Verdict(Action.CONTINUE, _say_continue(challengers, evidence))


def _say_too_early(evidence: Evidence) -> str:
    gates = {finding.gate for finding in evidence.findings if finding.severity is Severity.WAIT}
    begin = "It ended too early to say" if evidence.ended else "Too early to say"
    if Gate.EXPOSURE in gates:
        return f"{begin}: nobody has seen this test{'' if evidence.ended else ' yet'}."
    total = sum(item.conversions for item in evidence.counts)
    missing = [finding.sentence for finding in evidence.findings if finding.gate is Gate.CONVERSIONS]
    if total < MIN_CONVERSIONS:
        missing = [f"{total} of {MIN_CONVERSIONS} conversions"]
    if Gate.DAYS in gates:
        missing.append(f"{evidence.days} of {MIN_DAYS} days")
    said = f"{begin}: {', '.join(part.rstrip('.') for part in missing)}."
    return said if evidence.ended else f"{said}{_say_wait(evidence)}"


def _say_wait(evidence: Evidence) -> str:
    wait = days_missing(evidence.counts, days=evidence.days, elapsed_days=evidence.elapsed_days)
    if not wait:
        return ""
    if wait > _LONG_DAYS:
        return " At this rate it takes more than three months: the page has too few visitors for this test."
    return f" At this rate: {wait} more day{'s' if wait > 1 else ''}."


def _say_ship(winner: Challenger, evidence: Evidence) -> str:
    b, variants = name(winner.key), len(evidence.counts)
    than = evidence.control if variants == 2 else f"{evidence.control} and the best of all {variants}"
    said = [f"{b} is very likely better than {than} ({probability(min(winner.p_beats_control, winner.p_best))})."]
    # the expected loss is nothing wherever the variant is best: divided by the chance that it is not, it is what being
    # wrong would cost
    doubt = evidence.doubt(winner.key)
    if doubt > 0:
        cost = per_thousand(min(1.0, winner.expected_loss / doubt))
        said.append(f"If that is wrong, shipping {b} costs about {cost} {evidence.noun}s per 1,000 visitors.")
    if not evidence.ended:
        said.append("There is nothing left to wait for.")
    return " ".join(said)


def _say_keep(challengers: Sequence[Challenger], evidence: Evidence) -> str:
    who = listing([name(challenger.key) for challenger in challengers])
    are, it = ("is", who) if len(challengers) == 1 else ("are", "the best of them")
    surely = 1 - max(challenger.p_beats_control for challenger in challengers)
    cost = per_thousand(min(challenger.expected_loss for challenger in challengers))
    return (
        f"Keep {evidence.control}: {who} {are} very likely worse ({probability(surely)}). "
        f"Shipping {it} would cost about {cost} {evidence.noun}s per 1,000 visitors."
    )


def _say_continue(challengers: Sequence[Challenger], evidence: Evidence) -> str:
    leader = max(challengers, key=lambda challenger: challenger.p_best)
    a, b = evidence.control, name(leader.key)
    said = [
        f"No clear winner{' when it ended' if evidence.ended else ' yet'}: the lift of {b} over {a} lies between "
        f"{lift_range(leader.lift.low, leader.lift.high)}, and {b} is better with {probability(leader.p_beats_control)}."
    ]
    worse = [name(challenger.key) for challenger in challengers if challenger.loses()]
    if worse:
        said.append(f"{listing(worse)} {'is' if len(worse) == 1 else 'are'} very likely worse than {a} and can go.")
    if not evidence.ended:
        said.append(f"{_say_missing(leader, evidence.control_rate)} Let it run, or keep {a}.")
    return " ".join(said)


def _say_missing(leader: Challenger, control_rate: float) -> str:
    b = name(leader.key)
    if leader.p_beats_control < P_BEATS_CONTROL:
        return f"It takes {probability(P_BEATS_CONTROL)} to ship {b}, {probability(1 - P_BEATS_CONTROL)} to drop it."
    if leader.p_best < P_BEST:
        return f"To ship {b} takes {probability(P_BEST)} to be the best of all; it has {probability(leader.p_best)}."
    loss = 100 * leader.expected_loss / control_rate
    return f"To ship {b} its expected loss must fall to {100 * MAX_LOSS} % of the rate; it is {loss:.2f} %."
