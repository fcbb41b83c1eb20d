"""What to do about a result, said in one or two sentences. What is to be done is decided by `stats.decide`; here it is
only put into words.

No word contradicts the interval that stands beside it: a variant ships only where the whole interval of its lift lies above
zero, and goes only where it lies below, or where a guardrail is harmed, which the sentence then names. All are those of the
decision lens, whose numbers the sentence quotes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import stats
from experiments.counts import Everybody
from experiments.guardrails import find_worst, list_harm
from experiments.health import RULE, Gate, HealthFinding, Severity, days_missing
from experiments.models import Purpose
from experiments.outcomes import GoalReport
from experiments.words import in_a_thousand, lift_range, listing, name, plural, probability, what_is_seen
from stats import Action, Estimate

__all__ = ["Action", "Evidence", "Verdict", "decide"]

_LONG_DAYS: Final = 90
_AA_DIFFERS: Final = "aa-differs"
_CALLS: Final = (Action.SHIP, Action.KEEP, Action.DROP)  # what must not be said of equal variants
_STRONG: Final = "The evidence is strong: it bears being looked at every day."


@dataclass(frozen=True, slots=True)
class Verdict:
    """A sentence or two, and what they come down to.

    `variant`: whom to ship, keep or drop, the leader of what continues; empty where there is nobody to name. `dropped`: who is
    out. `strong`: evidence that holds whatever the prior says the same. `days_left`: how much longer at the rate so far;
    None where that cannot be said, or nothing is left to wait for.
    """

    action: Action
    reason: str
    sentence: str
    variant: str = ""
    dropped: tuple[str, ...] = ()
    strong: bool = False
    days_left: int | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "action": self.action.value,
            "reason": self.reason,
            "sentence": self.sentence,
            "variant": self.variant,
            "dropped": list(self.dropped),
            "strong": self.strong,
            "days_left": self.days_left,
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a verdict rests on: counts, comparison, e-values and goals in the same order of variants."""

    counts: Everybody
    comparison: stats.Comparison
    e_values: Sequence[float]  # of each variant's lift; control's is not looked at
    findings: Sequence[HealthFinding]
    days: int  # full ones, of counting
    elapsed_days: float
    ended: bool
    noun: str  # of a conversion: lead, click
    goals: Sequence[GoalReport] = ()  # further ones; only guardrails are looked at
    phase: int = 1
    purpose: Purpose = Purpose.TEST
    waiting: stats.Waiting | None = None  # None where it has ended, or nothing is known of its traffic

    @property
    def control(self) -> str:
        return name(self.counts[self.comparison.control].key)

    @property
    def control_rate(self) -> float:
        return self.comparison.variants[self.comparison.control].rate.mean

    def challenger(self, position: int) -> "Challenger":
        judged = self.comparison.variants[position]
        assert judged.p_beats_control is not None, "control challenges nobody"
        assert judged.lift is not None, "control challenges nobody"
        return Challenger(
            self.counts[position].key, judged.p_best, judged.p_beats_control, judged.expected_loss, judged.lift
        )

    def challengers(self) -> list["Challenger"]:
        """Every variant but control."""
        return [self.challenger(i) for i in range(len(self.counts)) if i != self.comparison.control]

    def say_harm(self, position: int) -> str:
        """What a variant probably does to the guardrail it harms most, and how probably."""
        worst = find_worst(self.goals, position)
        assert worst is not None, "only a guardrail is harmed"
        return f"{worst.beyond(self.control)} ({probability(worst.found.p_harm)})"

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


def decide(evidence: Evidence) -> Verdict:
    """Hold where a gate stops, wait where one waits, and only then look at who is better."""
    decision = stats.decide(
        evidence.comparison,
        stats.Gates(
            open=all(finding.severity is not Severity.STOP for finding in evidence.findings),
            days=evidence.days,
            conversions=tuple(item.conversions for item in evidence.counts),
            harm=list_harm(evidence.goals),
        ),
        RULE,
        e_values=evidence.e_values,
    )
    if evidence.purpose is Purpose.AA and (decision.action in _CALLS or decision.dropped):
        return _call_off(decision, evidence)
    is_early = decision.reason in (stats.Reason.DAYS, stats.Reason.CONVERSIONS)
    return Verdict(
        action=decision.action,
        reason=decision.reason.value,
        sentence=_say(decision, evidence, is_early=is_early),
        variant="" if decision.variant is None else evidence.counts[decision.variant].key,
        dropped=tuple(evidence.counts[position].key for position in decision.dropped),
        strong=decision.strong,
        days_left=_count_days_left(decision, evidence, is_early=is_early),
    )


def _call_off(decision: stats.Decision, evidence: Evidence) -> Verdict:
    """Equal variants that differ: nothing else that is counted the same way can be believed."""
    judged = evidence.challengers()
    if decision.harmed and decision.harmed == decision.dropped:
        which = evidence.challenger(decision.harmed[0])
        seems = f"seems to bring {evidence.say_harm(decision.harmed[0])}"
    else:
        which = max(judged, key=lambda item: abs(item.p_beats_control - 0.5))
        better = which.p_beats_control > 0.5
        surely = probability(which.p_beats_control if better else 1 - which.p_beats_control)
        seems = f"seems {'better' if better else 'worse'} ({surely})"
    return Verdict(
        Action.HOLD,
        _AA_DIFFERS,
        f"{listing([evidence.control, *(name(item.key) for item in judged)])} are the same content, and yet "
        f"{name(which.key)} {seems}. Look how visitors are split and counted before you believe another test on this page.",
        variant=which.key,
        strong=decision.strong,
    )


def _count_days_left(decision: stats.Decision, evidence: Evidence, *, is_early: bool) -> int | None:
    if evidence.ended:
        return None
    if is_early:
        return _wait(evidence)
    undecided = decision.action in (Action.CONTINUE, Action.DROP) and not _list_in_the_way(decision, evidence)
    return evidence.waiting.days_to_decision if undecided and evidence.waiting is not None else None


def _say(decision: stats.Decision, evidence: Evidence, *, is_early: bool) -> str:
    if decision.action is Action.HOLD:
        stop = next(finding for finding in evidence.findings if finding.severity is Severity.STOP)
        return f"Don't read this result: {stop.sentence}"
    if is_early:
        return _say_too_early(evidence)
    if decision.action is Action.KEEP:
        return _say_keep(decision, evidence)
    if decision.action is Action.EQUIVALENT and evidence.purpose is Purpose.TEST:
        return _say_equivalent(decision, evidence)
    assert decision.variant is not None, "whatever is left to say is about a variant"
    if decision.action is Action.SHIP:
        return _say_ship(decision.variant, decision, evidence)
    return _say_continue(decision, evidence)


def _wait(evidence: Evidence) -> int | None:
    return days_missing(evidence.counts, days=evidence.days, elapsed_days=evidence.elapsed_days)


def _say_too_early(evidence: Evidence) -> str:
    gates = {finding.gate for finding in evidence.findings if finding.severity is Severity.WAIT}
    begin = "It ended too early to say" if evidence.ended else "Too early to say"
    if Gate.EXPOSURE in gates:
        return f"{begin}: nobody has seen {what_is_seen(evidence.phase)}{'' if evidence.ended else ' yet'}."
    total = sum(item.conversions for item in evidence.counts)
    missing = [finding.sentence for finding in evidence.findings if finding.gate is Gate.CONVERSIONS]
    if total < RULE.min_conversions:
        missing = [f"{total} of {RULE.min_conversions} conversions"]
    if Gate.DAYS in gates:
        missing.append(f"{evidence.days} of {RULE.min_days} days")
    said = f"{begin}: {', '.join(part.rstrip('.') for part in missing)}."
    return said if evidence.ended else f"{said}{_say_wait(_wait(evidence))}"


def _say_wait(days: int | None) -> str:
    if not days:
        return ""
    if days > _LONG_DAYS:
        return " At this rate it takes more than three months: the page has too few visitors for this test."
    return f" At this rate: {days} more day{'s' if days > 1 else ''}."


def _say_ship(position: int, decision: stats.Decision, evidence: Evidence) -> str:
    winner, harm = evidence.challenger(position), find_worst(evidence.goals, position)
    b, variants = name(winner.key), len(evidence.counts)
    than = evidence.control if variants == 2 else f"{evidence.control} and the best of all {variants}"
    said = [f"{b} is very likely better than {than} ({probability(min(winner.p_beats_control, winner.p_best))})."]
    # the expected loss is nothing wherever the variant is best: divided by the chance that it is not, it is what being
    # wrong would cost
    doubt = evidence.doubt(winner.key)
    if doubt > 0:
        cost = in_a_thousand(min(1.0, winner.expected_loss / doubt), evidence.noun)
        said.append(f"If that is wrong, shipping {b} costs about {cost}.")
    if decision.strong:
        said.append(_STRONG)
    if harm is not None and harm.is_unsure:
        said.append(f"A guardrail is not sure: {b} may bring {evidence.say_harm(position)}.")
        if not evidence.ended:
            said.append("Wait if that is too much to risk.")
    elif not evidence.ended:
        said.append("There is nothing left to wait for.")
    return " ".join(said)


def _say_keep(decision: stats.Decision, evidence: Evidence) -> str:
    worse, because = _list_worse(decision, evidence), []
    if worse:
        surely = 1 - max(challenger.p_beats_control for challenger in worse)
        who = listing([name(challenger.key) for challenger in worse])
        because.append(f"{who} {'is' if len(worse) == 1 else 'are'} very likely worse ({probability(surely)})")
    because += [
        f"{name(evidence.counts[position].key)} very likely harms a guardrail, with {evidence.say_harm(position)}"
        for position in decision.harmed
    ]
    said = [f"Keep {evidence.control}: {', and '.join(because)}."]
    if decision.harmed:
        best = max(map(evidence.challenger, decision.harmed), key=lambda challenger: challenger.p_beats_control)
        if best.p_beats_control > 0.5:
            chance = probability(best.p_beats_control)
            said.append(
                f"By {evidence.noun}s alone {name(best.key)} would be better with {chance}; the guardrail decides."
            )
        return " ".join(said)
    cost = in_a_thousand(min(challenger.expected_loss for challenger in worse), evidence.noun)
    it = name(worse[0].key) if len(worse) == 1 else "the best of them"
    said.append(f"Shipping {it} would cost about {cost}.")
    return " ".join([*said, _STRONG] if decision.strong else said)


def _say_equivalent(decision: stats.Decision, evidence: Evidence) -> str:
    left = [item for item in evidence.challengers() if item.key not in _keys(decision.dropped, evidence)]
    who = listing([evidence.control, *(name(item.key) for item in left)])
    widest = lift_range(min(item.lift.low for item in left), max(item.lift.high for item in left))
    said = (
        f"{who} do practically the same: the lift lies between {widest}, and less than {100 * RULE.margin:g} % "
        f"makes no difference worth having. Keep {evidence.control}, or choose by what else you like."
    )
    return f"{_say_drop(decision, evidence)} {said}" if decision.dropped else said


def _say_continue(decision: stats.Decision, evidence: Evidence) -> str:
    out = _keys(decision.dropped, evidence)
    leader = max((item for item in evidence.challengers() if item.key not in out), key=lambda item: item.p_best)
    a, b = evidence.control, name(leader.key)
    if evidence.purpose is Purpose.AA:
        return (
            f"As it should be: {a} and {b} are the same content, and nothing tells them apart. The lift of {b} lies between "
            f"{lift_range(leader.lift.low, leader.lift.high)}."
        )
    begin = f"{_say_drop(decision, evidence)} Of the rest none wins clearly" if out else "No clear winner"
    said = [
        f"{begin}{' when it ended' if evidence.ended else ' yet'}: the lift of {b} over {a} lies between "
        f"{lift_range(leader.lift.low, leader.lift.high)}, and {b} is better with {probability(leader.p_beats_control)}."
    ]
    in_the_way = _list_in_the_way(decision, evidence)
    if in_the_way and not evidence.ended:
        them = "it" if len(in_the_way) == 1 else "them"
        said.append(f"{listing(in_the_way)} may be the best but cannot be shipped: start a new phase without {them}.")
    elif not evidence.ended:
        said.append(f"{_say_missing(leader, evidence.control_rate)} {_say_outlook(evidence)}")
    return " ".join(said)


def _list_in_the_way(decision: stats.Decision, evidence: Evidence) -> list[str]:
    """Variants that are out for harm and so good otherwise that nobody else is the best beside them."""
    harmed = map(evidence.challenger, decision.harmed)
    return [name(challenger.key) for challenger in harmed if challenger.p_best > 1 - RULE.p_best]


def _say_outlook(evidence: Evidence) -> str:
    a, waiting = evidence.control, evidence.waiting
    if waiting is None:
        return f"Let it run, or keep {a}."
    if waiting.days_to_decision is None:
        return f"If the lift stays as it is, not even a year would decide it: keep {a}, or test a bolder change."
    if waiting.days_to_decision > _LONG_DAYS:
        return f"If the lift stays as it is, that takes more than three months: keep {a}, or test a bolder change."
    return f"If the lift stays as it is, about {plural(max(1, waiting.days_to_decision), 'more day')} will decide it."


def _say_drop(decision: stats.Decision, evidence: Evidence) -> str:
    worse, said = _list_worse(decision, evidence), []
    if worse:
        they_are = "it is" if len(worse) == 1 else "they are"
        surely = probability(1 - max(item.p_beats_control for item in worse))
        who = listing([name(item.key) for item in worse])
        said.append(f"Drop {who}: {they_are} very likely worse than {evidence.control} ({surely}).")
    if decision.strong:
        said.append(_STRONG)
    said += [
        f"Drop {name(evidence.counts[position].key)}: it very likely harms a guardrail, with {evidence.say_harm(position)}."
        for position in decision.harmed
    ]
    return " ".join(said)


def _list_worse(decision: stats.Decision, evidence: Evidence) -> list[Challenger]:
    """Who is out for being worse than control, and not only for harm."""
    return [evidence.challenger(position) for position in decision.dropped if position not in decision.harmed]


def _say_missing(leader: Challenger, control_rate: float) -> str:
    b = name(leader.key)
    if leader.p_beats_control < RULE.p_beats_control or leader.lift.low <= 0:
        return (
            f"It takes {probability(RULE.p_beats_control)} to ship {b}, "
            f"{probability(1 - RULE.p_beats_control)} to drop it."
        )
    if leader.p_best < RULE.p_best:
        return (
            f"To ship {b} takes {probability(RULE.p_best)} to be the best of all; it has {probability(leader.p_best)}."
        )
    loss = 100 * leader.expected_loss / control_rate
    return f"To ship {b} its expected loss must fall to {100 * RULE.max_loss} % of the rate; it is {loss:.2f} %."


def _keys(positions: Sequence[int], evidence: Evidence) -> list[str]:
    return [evidence.counts[position].key for position in positions]
