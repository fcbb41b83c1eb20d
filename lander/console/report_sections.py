"""What a report says beside its numbers: the lifts in other units, the broken split, the plan, the looks, the phases."""

from collections.abc import Sequence
from typing import Final

from experiments.autopsy import SERVED
from experiments.goals import Goal
from experiments.lenses import EQUIVALENT_LIFT
from experiments.models import Occasion
from experiments.practice import PlanReport
from experiments.report import PhaseLine, Report, VariantReport
from experiments.words import listing, name, plural, share
from lander.console import format as words
from lander.console.experiment_words import further_in_words, goal_in_words
from lander.console.report_context import Against, AgainstRow, BrokenSplit, LookRow, PhaseRow, PlanTable
from lander.console.report_lens import Lens, see
from lander.console.report_query import Asked
from lander.console.report_words import money, money_range, number_range
from lander.leads.money import write_money

_MOST_BROKEN: Final = 12
_MOST_LOOKS: Final = 14
_SEAL: Final = 12  # digits of a hash are enough to compare by eye
_OCCASIONS: Final = {
    Occasion.DAILY: "look of the day",
    Occasion.OPENED: "read the report",
    Occasion.DECISION: "decided",
}


def make_against(report: Report, lens: Lens) -> Against | None:
    """Each variant against control: chances, and what its lift comes to after a launch. The anytime lens has no chances."""
    if lens is Lens.ANYTIME:
        return None
    parameters, noun = report.parameters, report.noun
    known = [item.forecast for item in report.variants if item.forecast is not None]
    has_month = lens is Lens.DECISION and any(item.per_month is not None for item in known)
    has_money = parameters.value_minor is not None
    columns = [
        ("Beats control", "probability"),
        (f"Lift of {words.percent(parameters.min_lift)} or more", "probability"),
        (f"Within {words.percent(EQUIVALENT_LIFT)} of control", "probability"),
        *([(f"{noun.capitalize()}s after launch", "more a month, 95 % range")] if has_month else []),
        *([("In money", "more a month, 95 % range")] if has_month and has_money else []),
        *([("Expected loss in money", "per 1,000 visitors")] if has_money else []),
    ]
    challengers = [variant for variant in report.variants if variant.key != report.control]
    rows = [
        AgainstRow(item.key, _say_against(item, lens, report, has_month=has_month, has_money=has_money))
        for item in challengers
    ]
    said = [_say_month(report) if has_month else "", _say_advice(report) if lens is Lens.DECISION else ""]
    return Against(columns=columns, rows=rows, said=" ".join(filter(None, said)))


def _say_advice(report: Report) -> str:
    """Where the next visitors teach most; empty where there is nothing to choose."""
    shares = [(item.key, item.advised_share) for item in report.variants if item.advised_share is not None]
    if not shares:
        return ""
    listed = listing([f"{share(advised)} to {name(key)}" for key, advised in shares])
    return (
        f"To learn soonest which variant is best, send the next visitors {listed}: a new phase can have these weights."
    )


def list_broken(report: Report) -> list[BrokenSplit]:
    """Where the split does not hold, the worst first."""
    broken = sorted((item for item in report.splits if item.mismatch), key=lambda item: item.p_adjusted)
    return [
        BrokenSplit(
            place=item.place(),
            step="when served" if item.step == SERVED else "when confirmed",
            numbers=[words.count(getattr(counts, item.step)) for counts in item.counts],
            p_value=words.p_value(item.p_adjusted),
        )
        for item in broken[:_MOST_BROKEN]
    ]


def make_plan(found: PlanReport | None, report: Report) -> PlanTable | None:
    """The plan as it was fixed, and every departure from it."""
    if found is None:
        return None
    plan = found.plan
    further = [Goal.from_json(entry) for entry in plan.get("goals", [])]  # older plans name none
    facts = [
        ("Goal", goal_in_words(plan["goal"], plan["selector"])),
        *((("Also counted", "; ".join(further_in_words(goal) for goal in further)),) if further else ()),
        ("Smallest lift worth having", words.percent(plan["lift"])),
        ("Planned for", _say_length(plan["visitors"], plan["days"])),
    ]
    if plan["rate"] is not None:
        facts.append(
            ("Rate reckoned with", f"{words.percent(plan['rate'])}{', assumed' if plan['rate_assumed'] else ''}")
        )
    if plan["value_minor"] is not None:
        facts.append((f"A {report.noun} is worth", write_money(plan["value_minor"], plan["currency"])))
    held = "It is what was fixed at the start" if found.is_intact else "It is not what was fixed at the start"
    return PlanTable(
        facts=facts,
        departures=[item.sentence for item in found.departures],
        seal=f"{held}: SHA-256 {found.hash[:_SEAL]}…",
    )


def list_looks(report: Report) -> list[LookRow]:
    """Who looked, and what the report said then; newest first."""
    return [
        LookRow(at=look.at, by=look.by, occasion=_OCCASIONS[look.occasion], sentence=look.sentence)
        for look in report.looks[: -_MOST_LOOKS - 1 : -1]
    ]


def say_looks(report: Report) -> str:
    """How often somebody looked: peeking is no secret here."""
    people = {look.by for look in report.looks if look.occasion is not Occasion.DAILY}
    times = sum(look.occasion is not Occasion.DAILY for look in report.looks)
    if not times:
        phase = f" at phase {report.phase}" if len(report.phase_lines) > 1 else ""
        return f"No colleague has looked{phase} yet."
    older = len(report.looks) - _MOST_LOOKS
    hidden = f" The {plural(older, 'older look')} left out here stand in the JSON." if older > 0 else ""
    return f"{plural(len(people), 'colleague')} looked {plural(times, 'time')}, counted once a day each.{hidden}"


def list_phases(report: Report, asked: Asked) -> list[PhaseRow]:
    """All phases side by side; nothing where there is but one."""
    if len(report.phase_lines) < 2:
        return []
    return [row for line in report.phase_lines for row in _phase_rows(line, report, asked)]


def _say_against(variant: VariantReport, lens: Lens, report: Report, *, has_month: bool, has_money: bool) -> list[str]:
    belief, forecast, currency = see(variant, lens), variant.forecast, report.parameters.currency
    chances = (belief.p_beats_control, belief.p_worthwhile, belief.p_equivalent)
    said = ["–" if chance is None else words.probability(chance) for chance in chances]
    if has_month:
        month = None if forecast is None else forecast.per_month
        said.append("–" if month is None else number_range(month))
        if has_money:
            worth = None if forecast is None else forecast.money_minor
            said.append("–" if worth is None else money_range(worth, currency))
    if has_money:
        loss = belief.loss.money_minor
        said.append("–" if loss is None else money(loss, currency))
    return said


def _say_month(report: Report) -> str:
    months = [item.forecast.visitors_per_month for item in report.variants if item.forecast is not None]
    visitors = next((number for number in months if number is not None), None)
    if visitors is None:
        return ""
    return (
        f"After launch: what the lift comes to at the page's present traffic, about {visitors:,.0f} visitors in 30 days. "
        "It knows no season, and no novelty that wears off."
    )


def _say_length(visitors: int | None, days: int | None) -> str:
    if visitors is None:
        return "as long as it takes: at this rate no such lift is left to find"
    return plural(visitors, "visitor") + (f", about {plural(days, 'day')}" if days is not None else "")


def _phase_rows(line: PhaseLine, report: Report, asked: Asked) -> Sequence[PhaseRow]:
    until = "now" if line.ended_at is None else words.moment(line.ended_at, report.timezone)
    when = f"{words.moment(line.started_at, report.timezone)} to {until}"
    return [
        PhaseRow(
            phase=str(line.number) if position == 0 else "",
            address=asked.at(phase=line.number),
            when=f"{when}, {words.coverage(line.coverage_bp)}",
            is_current=line.number == report.phase,
            key=item.key,
            numbers=[
                words.basis_points(item.weight_bp),
                words.count(item.confirmed),
                words.count(item.conversions),
                words.lift_range(item.lift.low, item.lift.high) if item.lift and item.confirmed else "–",
                words.probability(item.p_best) if item.confirmed else "–",
            ],
        )
        for position, item in enumerate(line.variants)
    ]
