"""A report as lines for a person at a terminal: the verdict and what is not fine first, then counts, then both lenses."""

import textwrap
from collections.abc import Iterator
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from experiments.changes import Changes
from experiments.lenses import Belief
from experiments.report import Report, VariantReport
from experiments.words import MINUS, in_a_thousand, listing, per_thousand, plural, probability
from lander.cli.report_besides import say_guardrails, say_money, say_open_segments, say_range, say_secondary
from lander.cli.table import table

_WIDTH: Final = 120


def say_report(report: Report, changes: Changes | None = None) -> list[str]:
    """The lines, none longer than 120 characters but where a name is."""
    parts = [
        _wrap(_say_head(report)),
        _say_changes(report, changes),
        table(*_tabulate_counts(report), numbers=["share", "served", "confirmed", f"{report.noun}s"]),
        _say_lens(
            report, "decision", f"What to decide by (variants drawn together, tau {report.parameters.prior.tau:.3g}):"
        ),
        _say_lens(report, "data", "The data alone, taken at face value:"),
        say_guardrails(report),
        say_secondary(report),
        say_money(report),
        *say_open_segments(report),
        _wrap(_say_beside(report)),
        _wrap(_say_plan(report)),
        _wrap(_say_apart(report)),
    ]
    return [line for part in parts if part for line in ("", *part)][1:]


def _say_head(report: Report) -> Iterator[str]:
    goal = f"clicks on {report.selector}" if report.selector else f"{report.noun}s"
    phase = f", phase {report.phase}" if len(report.phases) > 1 else ""
    moment = f" As it stood on {_say_moment(report, report.as_of)}." if report.is_past else ""
    yield f"{report.experiment}{phase}: {report.state} since {report.started_at:%Y-%m-%d}, counts {goal}.{moment}"
    yield report.verdict.sentence
    yield from (f"- {' '.join(filter(None, [finding.sentence, finding.fix]))}" for finding in report.health)


def _say_changes(report: Report, changes: Changes | None) -> list[str]:
    return [] if changes is None else [f"Since {_say_moment(report, changes.since)}:", *_wrap(changes.sentences)]


def _say_moment(report: Report, moment: datetime) -> str:
    return f"{moment.astimezone(ZoneInfo(report.timezone)):%Y-%m-%d %H:%M} ({report.timezone})"


def _tabulate_counts(report: Report) -> tuple[list[str], list[list[str]]]:
    rows = [
        [
            _name(report, variant),
            f"{variant.weight_bp / 100:g} %",
            f"{variant.served:,}",
            f"{variant.confirmed:,}",
            f"{variant.conversions:,}",
        ]
        for variant in report.variants
    ]
    return ["variant", "share", "served", "confirmed", f"{report.noun}s"], rows


def _say_lens(report: Report, lens: str, title: str) -> list[str]:
    numbers = ["rate, 95 %", "lift, 95 %", "lift, 50 %", "beats control", "best", f"loss, {report.noun}s in 1,000"]
    beliefs: list[Belief] = [getattr(variant, lens) for variant in report.variants]
    rows = [
        [_name(report, variant), *_say_belief(report, variant, belief)]
        for variant, belief in zip(report.variants, beliefs, strict=True)
    ]
    return [title, *table(["variant", *numbers], rows, numbers=numbers)]


def _say_belief(report: Report, variant: VariantReport, belief: Belief) -> list[str]:
    seen, lift = variant.confirmed > 0, belief.lift
    has_lift = lift is not None and all(item.conversions for item in report.variants)
    return [
        f"{100 * belief.rate.low:.2f} to {100 * belief.rate.high:.2f} %" if seen else "–",
        say_range(lift.low, lift.high) if has_lift and lift else "–",
        say_range(lift.inner_low, lift.inner_high) if has_lift and lift else "–",
        "–" if belief.p_beats_control is None else probability(belief.p_beats_control),
        probability(belief.p_best),
        per_thousand(belief.loss.absolute) if seen else "–",
    ]


def _say_beside(report: Report) -> Iterator[str]:
    """What holds whatever the prior, and what comes next."""
    for variant in report.variants:
        watched = variant.anytime
        if watched is not None and watched.low is not None and watched.high is not None:
            yield (
                f"However often you look: {variant.key} lifts by {say_range(watched.low, watched.high)}; e-value "
                f"{_say_evidence(watched.log_e_value, watched.e_value)}, strong from 20."
            )
    for variant in report.variants:
        forecast = variant.forecast
        if forecast is not None and forecast.per_month is not None and variant.conversions:
            month = forecast.per_month
            yield (
                f"In a month of {forecast.visitors_per_month:,} visitors {variant.key} would bring {_signed(month.low)} to "
                f"{_signed(month.high)} {report.noun}s, compared with {report.control}."
            )
    if report.waiting is not None and report.verdict.days_left:
        yield f"A week more is worth {in_a_thousand(report.waiting.gain, report.noun)}."


def _say_plan(report: Report) -> Iterator[str]:
    if report.plan is None:
        return
    yield f"The plan was fixed at the start ({report.plan.hash[:12]}), and {_say_kept(report)}"
    yield from (f"- {item.sentence}" for item in report.plan.departures)


def _say_kept(report: Report) -> str:
    assert report.plan is not None, "it has a plan"
    return "practice left it here:" if report.plan.departures else "practice has kept to it."


def _say_apart(report: Report) -> Iterator[str]:
    apart = [
        f"{variant.key} {plural(variant.unconfirmed_conversions, report.noun)}"
        for variant in report.variants
        if variant.unconfirmed_conversions
    ]
    if apart:
        yield f"Of visitors whose page never reported back, in no rate: {', '.join(apart)}."
    if report.filtered:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(report.filtered.items()))
        yield f"Recorded and not counted, in visitors: {reasons}."
    people = sorted({look.by for look in report.looks if look.occasion.value != "daily"})
    if people:
        yield f"Looked at by {listing(people)}."


def _name(report: Report, variant: VariantReport) -> str:
    return f"{variant.key} (control)" if variant.key == report.control else variant.key


def _say_evidence(log_e_value: float, e_value: float) -> str:
    return f"{e_value:,.2g}" if log_e_value < 4 else f"{e_value:,.0f}" if log_e_value < 14 else "over a million"


def _signed(number: float) -> str:
    return f"{MINUS if number < 0 else '+'}{abs(number):,.0f}"


def _wrap(lines: Iterator[str] | tuple[str, ...]) -> list[str]:
    return [
        part
        for line in lines
        for part in textwrap.wrap(line, _WIDTH, subsequent_indent="  " if line.startswith("- ") else "")
    ]
