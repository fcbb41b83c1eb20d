"""The further goals of a report as tables: secondary ones with what chance explains, guardrails with how they stand."""

from collections.abc import Mapping
from typing import Final

from experiments.goals import Goal, Role
from experiments.lenses import Belief
from experiments.outcomes import GoalReport, GoalVariant
from experiments.report import Report
from experiments.words import plural
from lander.console import format as words
from lander.console.experiment_words import margin_in_words, secondary_in_words
from lander.console.outcome_context import GoalGroup, GoalLine, GoalTable
from lander.console.report_bars import Scale, draw_bar, scale_of
from lander.console.report_lens import Lens, see
from stats import GuardrailStatus

_STANDING: Final = {
    GuardrailStatus.FINE: "fine",
    GuardrailStatus.UNSURE: "not sure yet",
    GuardrailStatus.HARM: "harmed",
}
_NO_EVIDENCE: Final = "There is no evidence at any time for further goals: these numbers are the data alone. "


def list_goals(report: Report, lens: Lens, names: Mapping[str, str]) -> list[GoalTable]:
    """One table for each role that some goal has."""
    groups = {role: [found for found in report.goals if found.goal.role is role] for role in Role}
    return [
        *([_tell_secondary(groups[Role.SECONDARY], report, lens, names)] if groups[Role.SECONDARY] else []),
        *([_tell_guardrails(groups[Role.GUARDRAIL], report, lens, names)] if groups[Role.GUARDRAIL] else []),
    ]


def _tell_secondary(goals: list[GoalReport], report: Report, lens: Lens, names: Mapping[str, str]) -> GoalTable:
    asked = sum(item.p_adjusted is not None for found in goals for item in found.variants)
    return GoalTable(
        name="goals",
        title="Other goals",
        chance=("Better than control", "probability"),
        finding=("Beyond chance", f"among {plural(asked, 'question')}" if asked > 1 else "by the data alone"),
        groups=_list_groups(goals, report, lens, names),
        said=(_NO_EVIDENCE if lens is Lens.ANYTIME else "") + _say_chance(asked, report.noun),
    )


def _say_chance(asked: int, noun: str) -> str:
    said = f"The verdict goes by {noun}s; this is to know what else changed. "
    if asked == 1:
        return (
            said + "p is of the data alone: where nothing changed, chance makes a discovery of it once in twenty tests."
        )
    return (
        f"{said}Whoever asks {plural(asked, 'question')} finds something by chance more easily, so p, of the data alone, is "
        "adjusted for their number: of all that is called a discovery at one look, about one in twenty is none."
    )


def _tell_guardrails(goals: list[GoalReport], report: Report, lens: Lens, names: Mapping[str, str]) -> GoalTable:
    return GoalTable(
        name="guardrails",
        title="Guardrails",
        chance=("Harm", "probability"),
        finding=("Stands", "against its margin"),
        groups=_list_groups(goals, report, lens, names),
        said=(_NO_EVIDENCE if lens is Lens.ANYTIME else "")
        + "Harm is being worse than control by more than the margin. From 97.5 % on a guardrail is harmed, and a verdict drops "
        "the variant; up to 2.5 % it is fine. How they stand is judged as for deciding, whichever way they are looked at.",
    )


def _list_groups(goals: list[GoalReport], report: Report, lens: Lens, names: Mapping[str, str]) -> list[GoalGroup]:
    lifts = [belief.lift for found in goals for belief in _see_all(found, lens) if belief.lift is not None]
    scale = scale_of(lifts, zero=True)
    return [
        GoalGroup(
            title=secondary_in_words(found.goal),
            note=margin_in_words(found.goal) if found.goal.role is Role.GUARDRAIL else "",
            lines=[_make_line(item, found.goal, report, lens, names=names, scale=scale) for item in found.variants],
        )
        for found in goals
    ]


def _see_all(found: GoalReport, lens: Lens) -> list[Belief]:
    return [see(item, lens) for item in found.variants]


def _make_line(
    item: GoalVariant, goal: Goal, report: Report, lens: Lens, *, names: Mapping[str, str], scale: Scale
) -> GoalLine:
    belief = see(item, lens)
    rate, lift = belief.rate, belief.lift
    chance, standing, finding, more = _say_finding(item, goal, belief)
    return GoalLine(
        key=item.key,
        name=names.get(item.key, ""),
        is_control=item.key == report.control,
        reached=words.count(item.conversions),
        rate_range=words.rate_range(rate.low, rate.high),
        rate=words.rate(rate.median, rate.low, rate.high),
        lift_range=words.lift_range(lift.low, lift.high) if lift else "",
        lift=words.lift(lift.median, lift.low, lift.high) if lift else "",
        lift_bar=draw_bar(lift, scale, zero=True) if lift else None,
        chance=chance,
        standing=standing,
        finding=finding,
        finding_more=more,
    )


def _say_finding(item: GoalVariant, goal: Goal, belief: Belief) -> tuple[str, str, str, str]:
    """The probability that its column is about, how it stands, that in words, and the number behind it."""
    if item.guardrail is not None:
        status = item.guardrail.status
        return words.probability(item.guardrail.p_harm), status.value, _STANDING[status], ""
    if belief.p_beats_control is None or item.p_adjusted is None:
        return "", "", "", ""
    better = 1 - belief.p_beats_control if goal.fewer_is_better else belief.p_beats_control
    p = f"p{words.NBSP}{words.p_value(item.p_adjusted)}"
    if item.is_discovery:
        return words.probability(better), "discovery", "a discovery", p
    return words.probability(better), "chance", "could be chance", p
