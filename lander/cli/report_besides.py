"""What a report says beside its verdict, as lines for a person: further goals, guardrails, money, campaigns and keywords."""

from collections.abc import Sequence
from typing import Final

from experiments.goals import Role, describe
from experiments.outcomes import GoalReport, GoalVariant, RevenueReport, RevenueVariant
from experiments.report import Report
from experiments.segment_lifts import SegmentLift, SegmentLifts
from experiments.words import lift_range, name, probability
from lander.cli.table import table
from lander.leads.money import write_money
from stats import GuardrailStatus

_MOST_LIFT: Final = 10.0  # beyond a thousand per cent a number only says that little is known
_STATUS: Final = {
    GuardrailStatus.FINE: "not harmed",
    GuardrailStatus.UNSURE: "not sure",
    GuardrailStatus.HARM: "harmed",
}


def say_secondary(report: Report) -> list[str]:
    """What else changed, by the data alone, and what of it is no chance among so many questions."""
    numbers = ["reached", "rate, 95 %", "lift, 95 %"]
    rows = [
        [*cells, _say_discovery(item)]
        for goal in _of_role(report, Role.SECONDARY)
        for item, cells in zip(goal.variants, _tabulate(report, goal, "data"), strict=True)
    ]
    return _titled(
        "Secondary goals, the data alone:",
        ["goal", "variant", *numbers, "among all of them"],
        rows,
        numbers=numbers,
    )


def say_guardrails(report: Report) -> list[str]:
    """Whether anything is harmed that must not be, by what decides."""
    numbers = ["reached", "rate, 95 %", "lift, 95 %", "allowed", "chance of harm"]
    rows = [
        [*cells, *_say_harm(goal, item)]
        for goal in _of_role(report, Role.GUARDRAIL)
        for item, cells in zip(goal.variants, _tabulate(report, goal, "decision"), strict=True)
    ]
    return _titled(
        "Guardrails, as the decision sees them; a variant that harms one is out:",
        ["guardrail", "variant", *numbers, "so it is"],
        rows,
        numbers=numbers,
    )


def say_money(report: Report) -> list[str]:
    """What the visitors of each variant brought. No verdict rests on it."""
    money = report.revenue
    if money is None:
        return []
    numbers = ["paid", "together", "in 1,000 visitors, 95 %", "lift, 95 %", "beats control", "best"]
    rows = [[item.key, *_say_revenue(money, item)] for item in money.variants]
    lines = _titled(
        "Money, taking a lead for one paying visitor; no verdict rests on it:",
        ["variant", *numbers],
        rows,
        numbers=numbers,
    )
    if money.disagrees:
        lines += ["Without its largest amounts the lift is another one: look at those leads before you believe either."]
    return lines


def say_open_segments(report: Report) -> list[list[str]]:
    """A table for each variant and dimension that was asked for."""
    asked = {item.dimension for item in report.open_segments}
    return [_say_segments(report, lifts) for lifts in report.segment_lifts() if lifts.dimension in asked]


def say_range(low: float, high: float) -> str:
    """A lift's range; no number where it would only say that little is known."""
    if high > _MOST_LIFT:
        return f"{lift_range(low, _MOST_LIFT).split(' and ')[0]} to over +1,000 %"
    return lift_range(low, high).replace(" and ", " to ")


def _of_role(report: Report, role: Role) -> list[GoalReport]:
    return [item for item in report.goals if item.goal.role is role]


def _tabulate(report: Report, goal: GoalReport, lens: str) -> list[list[str]]:
    """Goal, variant, conversions, rate and lift of each variant; the goal is named in its first row."""
    better = ", fewer is better" if goal.goal.fewer_is_better and goal.goal.role is Role.SECONDARY else ""
    title, reached = f"{describe(goal.goal)}{better}", all(item.conversions for item in goal.variants)
    seen = {item.key: item.confirmed for item in report.variants}
    rows = []
    for position, item in enumerate(goal.variants):
        belief = item.data if lens == "data" else item.decision
        rate, lift = belief.rate, belief.lift
        rows.append(
            [
                "" if position else title,
                item.key,
                f"{item.conversions:,}",
                f"{100 * rate.low:.2f} to {100 * rate.high:.2f} %" if seen[item.key] else "–",
                say_range(lift.low, lift.high) if lift is not None and reached else "–",
            ]
        )
    return rows


def _say_discovery(item: GoalVariant) -> str:
    if item.p_adjusted is None:
        return "–"
    return f"{'a difference' if item.is_discovery else 'may be chance'}, p {item.p_adjusted:.2g}"


def _say_harm(goal: GoalReport, item: GoalVariant) -> list[str]:
    """The margin, the chance of more harm than that, and what it comes to."""
    if item.guardrail is None:
        return ["–", "–", "–"]
    allowed = f"{100 * goal.goal.margin:g} % {'more' if goal.goal.fewer_is_better else 'fewer'}"
    return [allowed, probability(item.guardrail.p_harm), _STATUS[item.guardrail.status]]


def _say_revenue(money: RevenueReport, item: RevenueVariant) -> list[str]:
    def write(minor: float) -> str:
        return write_money(round(1000 * minor), money.currency).removesuffix(f" {money.currency}")

    return [
        f"{item.receipts:,}",
        write_money(item.total_minor, money.currency).strip(),
        f"{write(item.per_visitor.low)} to {write(item.per_visitor.high)} {money.currency}".strip(),
        "–" if item.lift is None else say_range(item.lift.low, item.lift.high),
        "–" if item.p_beats_control is None else probability(item.p_beats_control),
        probability(item.p_best),
    ]


def _say_segments(report: Report, lifts: SegmentLifts) -> list[str]:
    nouns = f"{report.noun}s"
    numbers = [f"{report.control}: visitors", nouns, f"{lifts.variant}: visitors", f"{nouns} ", "lift, 95 %", "better"]
    title = (
        f"By {lifts.dimension}, {name(lifts.variant)} over {name(report.control)}, drawn toward the whole "
        f"({_say_heterogeneity(lifts)}):"
    )
    rows = [[item.level, *_say_level(item)] for item in lifts.levels]
    return _titled(title, [lifts.dimension, *numbers], rows, numbers=numbers)


def _say_heterogeneity(lifts: SegmentLifts) -> str:
    if lifts.heterogeneity is None:
        return "too few to tell whether lifts differ"
    return f"chance alone makes lifts this uneven with {probability(lifts.heterogeneity)}"


def _say_level(item: SegmentLift) -> list[str]:
    return [
        f"{item.control_confirmed:,}",
        f"{item.control_conversions:,}",
        f"{item.confirmed:,}",
        f"{item.conversions:,}",
        say_range(item.low, item.high),
        probability(item.p_beats_control),
    ]


def _titled(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[str]) -> list[str]:
    return [title, *table(headings, rows, numbers=numbers)] if rows else []
