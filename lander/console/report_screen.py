"""A report as its screen shows it, top to bottom. Nothing is computed here: numbers become words, states addresses."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode

import stats
from experiments.changes import Changes
from experiments.health import HealthFinding, Severity
from experiments.models import Purpose, State
from experiments.report import Report
from experiments.words import name, plural
from lander.access.gate import edge
from lander.console import format as words
from lander.console import plots
from lander.console.experiment_words import goal_in_words, note_row
from lander.console.places import Place
from lander.console.report_context import Choice, Figure, HealthRow, Past, ReportScreen
from lander.console.report_goals import list_goals
from lander.console.report_lens import EXPLAINED, TITLES, Lens
from lander.console.report_money import make_money
from lander.console.report_query import Asked, is_latest
from lander.console.report_rows import (
    is_seen,
    list_anytime,
    list_apart,
    list_believed,
    list_filtered,
    list_seen,
    list_variants,
)
from lander.console.report_sections import list_broken, list_looks, list_phases, make_against, make_plan, say_looks
from lander.console.report_segments import list_segments
from lander.console.report_words import day, day_of, days_left

_FOREST: Final = "segments"
_GROUPINGS: Final = {"": "As usual", "campaign": "With campaigns", "keyword": "With keywords"}
_PARAMETERS: Final = {"campaign": "utm_campaign", "keyword": "utm_term"}
_SEVERITIES: Final = {Severity.STOP: "Do not read on", Severity.WAIT: "Not yet", Severity.NOTE: "Note"}


def make_screen(
    report: Report,
    asked: Asked,
    place: Place,
    names: Mapping[str, str],
    *,
    changes: Changes | None,
    may_run: bool,
) -> ReportScreen:
    """Everything that the report's template shows."""
    address = f"/experiments/{report.experiment}"
    figures = _draw(report, asked)
    return ReportScreen(
        key=report.experiment,
        address=address,
        page=place.label,
        page_address=place.at(),
        state=report.state.value,
        is_aa=report.purpose is Purpose.AA,
        hypothesis=report.hypothesis,
        decision=f"{name(report.shipped)} stays. {report.reason}" if report.state is State.ENDED else "",
        past=_past(report, asked),
        stands_on_paper=f"{report.experiment}, phase {report.phase}, as of {words.moment(report.as_of, report.timezone)}. "
        f"Numbers: {TITLES[asked.lens].lower()}.",
        days=_days(report, asked),
        lens=asked.lens.value,
        lenses=[Choice(TITLES[lens], asked.at(lens=lens), is_current=lens is asked.lens) for lens in Lens],
        lens_says=EXPLAINED[asked.lens],
        verdict=words.sentence(report.verdict.sentence),
        days_left=days_left(report.verdict.days_left),
        tone=report.verdict.action.value,
        facts=_facts(report),
        remedy=words.sentence(" ".join(finding.fix for finding in report.health if _is_said(finding, report))),
        health=[
            _health_row(finding, is_over=report.ended_at is not None)
            for finding in report.health
            if not _is_said(finding, report)
        ],
        broken=list_broken(report),
        believed=[] if asked.lens is Lens.ANYTIME else list_believed(report, asked.lens, names),
        anytime=list_anytime(report, names) if asked.lens is Lens.ANYTIME else [],
        against=make_against(report, asked.lens) if is_seen(report) else None,
        changes=[] if changes is None else list(changes.sentences),
        goals=list_goals(report, asked.lens, names) if is_seen(report) else [],
        money=make_money(report, names) if is_seen(report) else None,
        variants=list_variants(report, names),
        apart=list_apart(report),
        noun=report.noun,
        figures=[figure for figure in figures if figure.name != _FOREST],
        segments=list_segments(report, report.segment_lifts()) if is_seen(report) else [],
        forest=next((figure for figure in figures if figure.name == _FOREST), None),
        groupings=[
            Choice(title, asked.at(by=dimension), is_current=dimension == asked.by)
            for dimension, title in _GROUPINGS.items()
        ],
        grouping_says=_PARAMETERS.get(asked.by, ""),
        kept=[(field, value) for field, value in asked.parameters.items() if field != "as_of"],
        json_address=f"/api/v1{address}/report" + _say_query(asked),
        export_address=f"{address}/export" + _say_query(replace(asked, by="")),
        filtered=list_filtered(report),
        seen=list_seen(report),
        notes=[note_row(note) for note in report.annotations],
        plan=make_plan(report.plan, report),
        looks=list_looks(report),
        looked=say_looks(report),
        phases=list_phases(report, asked),
        timezone=report.timezone,
        may_decide=may_run and is_latest(report),
    )


def _say_query(asked: Asked) -> str:
    """The same report by machine, in which a lens is no question and a day is a moment."""
    query = {name: value for name, value in asked.parameters.items() if name in ("phase", "by")}
    return f"?{urlencode(query)}" if query else ""


def _draw(report: Report, asked: Asked) -> list[Figure]:
    drawn = plots.list_plots(report, asked.lens, plots.Ink(on_screen=True)) if is_seen(report) else []
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
    newest = max(line.number for line in report.phase_lines)
    if asked.as_of is None:
        if report.phase == newest:
            return None
        said = f"This is phase {report.phase} of {newest}, not how the test went on."
        return Past(said, asked.at(phase=None), back=f"To phase {newest}")
    if not report.is_past:
        return Past("This day is not over yet: the report shows how things stand now.", asked.at(as_of=None))
    said = f"This is how it stood at the end of {day(asked.as_of)} ({report.timezone}), not how it stands."
    return Past(said, asked.at(as_of=None))


def _days(report: Report, asked: Asked) -> tuple[str, str, str]:
    first, last = day_of(report.started_at, report.timezone), day_of(edge().now, report.timezone)
    return first.isoformat(), last.isoformat(), "" if asked.as_of is None else asked.as_of.isoformat()


def _health_row(finding: HealthFinding, *, is_over: bool) -> HealthRow:
    """What was still to come when it ended never will, and there is nothing to do about it."""
    said = words.sentence(finding.sentence)
    if is_over and finding.severity is Severity.WAIT:
        return HealthRow(finding.severity.value, "Cut short", said, "")
    return HealthRow(finding.severity.value, _SEVERITIES[finding.severity], said, words.sentence(finding.fix))


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
