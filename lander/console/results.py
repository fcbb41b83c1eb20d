"""The report of an experiment on one screen, and its plot as data. It shows what `experiments.results` says, no more."""

import json
from collections.abc import Mapping

from flask import Blueprint, Response, make_response, request
from sqlmodel import Session

import stats
from experiments import results
from experiments.events import Reason
from experiments.health import HealthFinding, Severity
from experiments.models import Annotation, State
from experiments.report import Report, VariantReport
from experiments.words import listing, name, plural
from lander.access.gate import caller, edge, studio, view
from lander.access.permissions import Permission
from lander.console import format as words
from lander.console import plots
from lander.console.places import Place, place_of
from lander.console.report_context import (
    ApartRow,
    Bar,
    FilteredRow,
    HealthRow,
    NoteRow,
    PhaseLink,
    ReportRow,
    ReportScreen,
)
from lander.console.screens import show
from lander.db import reading
from lander.errors import InvalidInput
from lander.pages.pages import name_variants

blueprint = Blueprint("results", __name__)

_LONGEST_NUMBER = 9
_SEVERITIES = {Severity.STOP: "Do not read on", Severity.WAIT: "Not yet", Severity.NOTE: "Note"}
_REASONS = {
    Reason.BOT: ("Bots", "Known crawlers, and programs that name no browser, see the page and are no visitors."),
    Reason.PREFETCH: ("Prefetched", "A browser loaded the page ahead; nobody may have looked at it."),
    Reason.HEAD: ("Checks without content", "A program asked whether the page is there."),
    Reason.GPC: ("Asked not to be tracked", "The browser sends Global Privacy Control: they see control, uncounted."),
    Reason.OPT_OUT: ("Opted out", "They asked not to be counted."),
    Reason.OUTSIDE: ("Outside the coverage", "The experiment takes only a share of visitors; the others see control."),
    Reason.TOKEN_EXPIRED: ("Came back too late", "They acted on a page that had been open for more than a day."),
    Reason.PHASE_CLOSED: ("After the phase", "They acted when this phase had ended."),
    Reason.HONEYPOT: ("Honeypot", "A field that people cannot see was filled in."),
    Reason.TOO_FAST: ("Too fast", "The form came back within two seconds."),
    Reason.UNKNOWN_FORM: ("Unknown form", "No form of the published page was sent; the lead is kept, unchecked."),
}


@view(blueprint, "/experiments/<key>/report", permission=Permission.EXPERIMENTS_READ)
def show_report(key: str) -> Response:
    with reading(studio().engine) as session:
        report = _load(session, key)
        place = place_of(session, report.page_id)
        names = name_variants(session, report.page_id)
    return show(_screen(report, place, names))


@view(blueprint, "/experiments/<key>/report/plot.json", permission=Permission.EXPERIMENTS_READ)
def download_plot(key: str) -> Response:
    with reading(studio().engine) as session:
        report = _load(session, key)
    response = make_response(json.dumps(plots.posterior_spec(report, on_screen=False), indent=1))
    response.content_type = "application/json"
    response.headers["Content-Disposition"] = f'attachment; filename="{report.experiment}-phase-{report.phase}.vl.json"'
    return response


def _load(session: Session, key: str) -> Report:
    wanted = request.args.get("phase", "")
    if wanted and not (wanted.isdecimal() and len(wanted) <= _LONGEST_NUMBER):
        raise InvalidInput(
            f"'{wanted[:_LONGEST_NUMBER]}' is not the number of a phase.", fix="Phases are counted from 1."
        )
    return results.report(session, key, phase=int(wanted) if wanted else None, now=edge().now)


def _screen(report: Report, place: Place, names: Mapping[str, str]) -> ReportScreen:
    address = f"/experiments/{report.experiment}"
    query = "" if report.phase == report.phases[-1] else f"?phase={report.phase}"
    return ReportScreen(
        key=report.experiment,
        address=address,
        page=place.label,
        page_address=place.at(),
        state=report.state.value,
        hypothesis=report.hypothesis,
        verdict=report.verdict.sentence,
        tone=report.verdict.action.value,
        facts=_facts(report),
        remedy=" ".join(finding.fix for finding in report.health if _is_said(finding, report)),
        health=[
            HealthRow(finding.severity.value, _SEVERITIES[finding.severity], finding.sentence, finding.fix)
            for finding in report.health
            if not _is_said(finding, report)
        ],
        rows=_rows(report, names),
        apart=_apart(report),
        noun=report.noun,
        plot=plots.render(plots.posterior_spec(report, on_screen=True)) if _is_seen(report) else "",
        plot_summary=_describe_plot(report),
        spec_address=f"{address}/report/plot.json{query}",
        json_address=f"/api/v1{address}/report{query}",
        filtered=[_filtered_row(reason, count) for reason, count in sorted(report.filtered.items(), key=_largest)],
        notes=[note_row(note) for note in report.annotations],
        phases=[
            PhaseLink(number, f"{address}/report?phase={number}", is_current=number == report.phase)
            for number in report.phases
        ],
        timezone=report.timezone,
        may_decide=report.state is not State.ENDED and caller().can(Permission.EXPERIMENTS_RUN),
    )


def _is_seen(report: Report) -> bool:
    """Whether anybody is in the rates; before that they would only show what is believed of any page."""
    return any(variant.confirmed for variant in report.variants)


def _is_said(finding: HealthFinding, report: Report) -> bool:
    """Whether the verdict says it already; then only what to do about it is left to say."""
    return finding.severity is Severity.STOP and finding.sentence in report.verdict.sentence


def note_row(note: Annotation) -> NoteRow:
    """A note for a screen."""
    return NoteRow(at=note.at, by=note.by, text=note.text, phase=note.phase)


def goal_in_words(goal: str, selector: str) -> str:
    """What is counted as a conversion."""
    return f"a click on {selector}" if goal == "click" else "a form sent"


def _facts(report: Report) -> list[tuple[str, str]]:
    split = " : ".join(words.basis_points(variant.weight_bp) for variant in report.variants)
    facts = [
        ("Goal", goal_in_words(report.goal, report.selector)),
        ("Split", f"{split} of {words.coverage(report.coverage_bp)}"),
        ("Split check", _say_split_check(report)),
        ("Since", f"{words.moment(report.started_at, report.timezone)}, {plural(report.days, 'full day')}"),
    ]
    if report.ended_at is not None:
        facts.append(("Until", words.moment(report.ended_at, report.timezone)))
    if report.state is State.ENDED:
        facts.append(("Decision", f"{name(report.shipped)} stays. {report.reason}"))
    return facts


def _say_split_check(report: Report) -> str:
    """Whether visitors came as the weights say, at both steps; numbers where they did not."""
    at_served = _say_split(report.srm_served, [variant.served for variant in report.variants])
    at_confirmed = _say_split(report.srm_confirmed, [variant.confirmed for variant in report.variants])
    return f"At served {at_served}; at confirmed {at_confirmed}"


def _say_split(srm: stats.Srm, visitors: list[int]) -> str:
    if srm.p_value is None:
        return "nobody yet"
    p = f"p{words.NBSP}{words.p_value(srm.p_value)}"
    if srm.mismatch:
        return f"wrong: {' : '.join(words.count(number) for number in visitors)} ({p})"
    return f"fine ({p})"


def _apart(report: Report) -> list[ApartRow]:
    """What is in none of the rates, where there is any."""
    noun = report.noun
    kept = [
        (
            f"{noun.capitalize()}s of unconfirmed visitors",
            f"The page never reported that they saw it. Their {noun}s are kept, and not in the rate.",
            [variant.unconfirmed_conversions for variant in report.variants],
        ),
        (
            "Visitors who saw several variants",
            "They are in none of the numbers above, because nobody can say which variant moved them.",
            [variant.multiply_exposed for variant in report.variants],
        ),
    ]
    return [ApartRow(what, why, [words.count(n) for n in numbers]) for what, why, numbers in kept if any(numbers)]


def _rows(report: Report, names: Mapping[str, str]) -> list[ReportRow]:
    rates = [(variant.data.rate.low, variant.data.rate.high) for variant in report.variants]
    lifts = [(variant.data.lift.low, variant.data.lift.high) for variant in report.variants if variant.data.lift]
    rate_scale = (min(low for low, _ in rates), max(high for _, high in rates))
    lift_scale = (min([0.0, *(low for low, _ in lifts)]), max([0.0, *(high for _, high in lifts)]))
    return [
        _row(variant, report, rate_scale, lift_scale, named=names.get(variant.key, "")) for variant in report.variants
    ]


def _row(
    variant: VariantReport,
    report: Report,
    rate_scale: tuple[float, float],
    lift_scale: tuple[float, float],
    *,
    named: str,
) -> ReportRow:
    rate, lift = variant.data.rate, variant.data.lift
    share = variant.confirmed_share
    return ReportRow(
        key=variant.key,
        name=named,
        is_control=variant.key == report.control,
        served=words.count(variant.served),
        confirmed=words.count(variant.confirmed),
        confirmed_share="" if share is None else f"{words.share(share)} of served",
        conversions=words.count(variant.conversions),
        rate_range=words.rate_range(rate.low, rate.high),
        rate=words.rate(rate.median, rate.low, rate.high),
        rate_bar=Bar(*(_on_scale(value, rate_scale) for value in (rate.low, rate.median, rate.high)))
        if _is_seen(report)
        else None,
        lift_range=words.lift_range(lift.low, lift.high) if lift else "",
        lift=words.lift(lift.median, lift.low, lift.high) if lift else "",
        lift_bar=Bar(*(_on_scale(value, lift_scale) for value in (lift.low, lift.median, lift.high, 0.0)))
        if lift and _is_seen(report)
        else None,
        p_best=words.probability(variant.data.p_best),
        loss=words.per_thousand(variant.data.loss.absolute),
    )


def _on_scale(value: float, scale: tuple[float, float]) -> float:
    """Where it stands from 3 to 97, so that a bar's ends are never cut."""
    low, high = scale
    return round(3 + 94 * (value - low) / (high - low), 2) if high > low else 50.0


def _describe_plot(report: Report) -> str:
    parts = [
        f"{name(item.key)} lies between {words.rate_range(item.data.rate.low, item.data.rate.high)}"
        for item in report.variants
    ]
    return f"What is believed of each variant's rate: {listing(parts)}, with 95{words.PER_CENT} probability."


def _largest(item: tuple[str, int]) -> int:
    return -item[1]


def _filtered_row(reason: str, visitors: int) -> FilteredRow:
    known = {member.value: text for member, text in _REASONS.items()}
    title, why = known.get(reason, (reason.replace("-", " ").capitalize(), "Recorded, not counted."))
    return FilteredRow(reason=title, why=why, visitors=words.count(visitors))
