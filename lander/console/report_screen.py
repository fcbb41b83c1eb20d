"""A report as its screen shows it, top to bottom. Nothing is computed here: numbers become words, states addresses."""

from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

import stats
from experiments.health import HealthFinding, Severity
from experiments.models import State
from experiments.report import Report
from experiments.words import name, plural
from lander.console import format as words
from lander.console import plots
from lander.console.experiment_words import goal_in_words, note_row
from lander.console.places import Place
from lander.console.report_context import Choice, Figure, HealthRow, Past, ReportScreen
from lander.console.report_query import Asked
from lander.console.report_rows import is_seen, list_apart, list_believed, list_filtered, list_segments, list_variants

_SEVERITIES: Final = {Severity.STOP: "Do not read on", Severity.WAIT: "Not yet", Severity.NOTE: "Note"}


def make_screen(report: Report, asked: Asked, place: Place, names: Mapping[str, str], *, may_run: bool) -> ReportScreen:
    """Everything that the report's template shows."""
    address = f"/experiments/{report.experiment}"
    return ReportScreen(
        key=report.experiment,
        address=address,
        page=place.label,
        page_address=place.at(),
        state=report.state.value,
        hypothesis=report.hypothesis,
        past=_past(report, asked),
        days=_days(report, asked),
        verdict=report.verdict.sentence,
        tone=report.verdict.action.value,
        facts=_facts(report),
        remedy=" ".join(finding.fix for finding in report.health if _is_said(finding, report)),
        health=[
            HealthRow(finding.severity.value, _SEVERITIES[finding.severity], finding.sentence, finding.fix)
            for finding in report.health
            if not _is_said(finding, report)
        ],
        believed=list_believed(report, names),
        variants=list_variants(report, names),
        apart=list_apart(report),
        noun=report.noun,
        figures=_draw(report, asked),
        segments=list_segments(report),
        json_address=f"/api/v1{address}/report" + ("" if asked.phase is None else f"?phase={asked.phase}"),
        filtered=list_filtered(report),
        notes=[note_row(note) for note in report.annotations],
        phases=[
            Choice(str(number), asked.at(phase=number), is_current=number == report.phase) for number in report.phases
        ],
        timezone=report.timezone,
        may_decide=may_run and not report.is_past and report.state is not State.ENDED,
    )


def _draw(report: Report, asked: Asked) -> list[Figure]:
    drawn = plots.list_plots(report, plots.Ink(on_screen=True)) if is_seen(report) else []
    return [
        Figure(
            name=plot.name,
            title=plot.title,
            caption=plot.caption,
            svg=svg,
            columns=plot.columns,
            rows=plot.rows,
            spec_address=asked.at(f"/plots/{plot.name}.json"),
        )
        for plot, svg in zip(drawn, plots.render([plot.spec for plot in drawn]), strict=True)
    ]


def _past(report: Report, asked: Asked) -> Past | None:
    if asked.as_of is None:
        return None
    if not report.is_past:
        return Past("This day is not over yet: the report shows how things stand now.", asked.at(as_of=None))
    day = f"{asked.as_of.day} {asked.as_of:%b %Y}"
    return Past(
        f"This is how it stood at the end of {day} ({report.timezone}), not how it stands.", asked.at(as_of=None)
    )


def _days(report: Report, asked: Asked) -> tuple[str, str, str]:
    zone = ZoneInfo(report.timezone)
    first, last = report.started_at.astimezone(zone).date(), report.as_of.astimezone(zone).date()
    return first.isoformat(), last.isoformat(), "" if asked.as_of is None else asked.as_of.isoformat()


def _is_said(finding: HealthFinding, report: Report) -> bool:
    """Whether the verdict says it already; then only what to do about it is left to say."""
    return finding.severity is Severity.STOP and finding.sentence in report.verdict.sentence


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
