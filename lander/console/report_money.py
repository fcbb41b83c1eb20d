"""The money of a report: what the visitors of each variant bring, and whether the other way to reckon it agrees."""

from collections.abc import Mapping
from typing import Final

from experiments.outcomes import RevenueReport, RevenueVariant
from experiments.report import Report
from experiments.words import name
from lander.console import format as words
from lander.console.outcome_context import MoneyLine, MoneyTable
from lander.console.report_bars import Scale, draw_bar, scale_of
from lander.console.report_words import money, money_about, money_per_visitor, money_per_visitor_range

_FORM: Final = "form"


def make_money(report: Report, names: Mapping[str, str]) -> MoneyTable | None:
    """None where no form is counted, since only leads have a value; without lines where no lead has one yet."""
    found = report.revenue
    if found is None:
        kinds = {report.goal, *(item.goal.kind.value for item in report.goals)}
        return MoneyTable(lines=[], said=[], is_doubtful=False) if _FORM in kinds else None
    scale = scale_of([item.lift for item in found.variants if item.lift is not None], zero=True)
    return MoneyTable(
        lines=[_make_line(item, found.currency, report, names, scale) for item in found.variants],
        said=_say_check(found),
        is_doubtful=found.disagrees,
    )


def _make_line(
    item: RevenueVariant, currency: str, report: Report, names: Mapping[str, str], scale: Scale
) -> MoneyLine:
    each, lift = item.per_visitor, item.lift
    return MoneyLine(
        key=item.key,
        name=names.get(item.key, ""),
        is_control=item.key == report.control,
        receipts=words.count(item.receipts),
        total=money(item.total_minor, currency),
        per_visitor_range=money_per_visitor_range(each.low, each.high, currency),
        per_visitor=money_per_visitor(each.median, each.low, each.high, currency),
        lift_range=words.lift_range(lift.low, lift.high) if lift else "",
        lift=words.lift(lift.median, lift.low, lift.high) if lift else "",
        lift_bar=draw_bar(lift, scale, zero=True) if lift else None,
        p_best=words.probability(item.p_best),
        p_beats_control="" if item.p_beats_control is None else words.probability(item.p_beats_control),
        loss=money_about(1000 * item.loss_minor, currency),
    )


def _say_check(found: RevenueReport) -> list[str]:
    """The lifts by the winsorised mean, where there are any."""
    checked = [(item, item.check) for item in found.variants if item.check is not None]
    if not checked:
        return []
    cut = "" if found.cap_minor is None else f", amounts above {money(found.cap_minor, found.currency)} cut to that"
    lifts = "; ".join(f"{name(item.key)} {words.lift_range(check.low, check.high)}" for item, check in checked)
    if not found.disagrees:
        return [f"Reckoned in another way, by the plain mean{cut}, the lift is much the same: {lifts}."]
    return [
        f"Two ways to reckon disagree. By the plain mean{cut}, the lift is: {lifts}. A few large amounts can do that: look at "
        "them before you believe either."
    ]
