"""How the answer came about: the chance to be best, the expected loss and the evidence after each day, with who looked and
what changed.

A point is what is known today of the visitors until that day; what the report said on that day is asked for by its date.
"""

import math
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final

import stats
from experiments.models import Occasion
from experiments.report import Report
from experiments.trend import TrendPoint
from experiments.words import listing, name
from lander.console import format as words
from lander.console.plots.days import day_axis, draw_lines, draw_notes, mark_of, notes_by_day, say_notes
from lander.console.plots.look import WIDTH, Ink, Plot, about, label, make_spec
from lander.console.report_lens import Lens
from lander.console.report_words import day_of, odds, strength

_HEIGHT: Final = 150
_LEAST, _MOST = 1e-3, 1e6  # of evidence that is drawn
_STRONG: Final = stats.Rule().strong_from


def list_plots(report: Report, lens: Lens, ink: Ink) -> list[Plot]:
    """The plots over the days of the phase that a lens has."""
    points = report.trend()
    if lens is Lens.ANYTIME:
        return [_plot_evidence(report, ink, [point for point in points if point.e_value is not None])]
    return [_plot_best(report, lens, ink, points), _plot_loss(report, lens, ink, points)]


def _plot_best(report: Report, lens: Lens, ink: Ink, points: Sequence[TrendPoint]) -> Plot:
    values = [_value(point, report, p_best=getattr(point, lens.value).p_best) for point in points]
    return Plot(
        name="best",
        title="Probability to be best, day by day",
        caption="After each day, from all visitors until then. A triangle marks a day on which a colleague looked."
        + say_notes(notes_by_day(report)),
        columns=("Day", *(name(variant.key) for variant in report.variants), "Who looked"),
        rows=_rows(points, report, lambda point: words.probability(getattr(point, lens.value).p_best)),
        spec=_draw(report, values, "p_best", "Probability to be best", ink, axis={"format": ".0%"}, domain=[0, 1]),
    )


def _plot_loss(report: Report, lens: Lens, ink: Ink, points: Sequence[TrendPoint]) -> Plot:
    values = [_value(point, report, loss=1000 * getattr(point, lens.value).expected_loss) for point in points]
    title = f"{report.noun.capitalize()}s per 1,000 visitors"
    return Plot(
        name="loss",
        title="Expected loss, day by day",
        caption="What choosing the variant on that day would have given away on average, if another one is really better. "
        "It falls towards nothing for the best one." + say_notes(notes_by_day(report)),
        columns=("Day", *(name(variant.key) for variant in report.variants), "Who looked"),
        rows=_rows(points, report, lambda point: words.per_thousand(getattr(point, lens.value).expected_loss)),
        spec=_draw(report, values, "loss", title, ink),
    )


def _plot_evidence(report: Report, ink: Ink, points: Sequence[TrendPoint]) -> Plot:
    """On a scale of powers of ten, because evidence multiplies; what is far beyond doubt is cut."""
    values = [_value(point, report, evidence=min(max(_evidence(point), _LEAST), _MOST)) for point in points]
    shown = [value["evidence"] for value in values] + [1.0, _STRONG]
    lowest, highest = (math.floor(math.log10(min(shown))), math.ceil(math.log10(max(shown))))
    spec = _draw(
        report,
        values,
        "evidence",
        "Evidence, to 1",
        ink,
        axis={"format": ",~g", "values": [10.0**power for power in range(lowest, highest + 1)]},
        marks=[(1.0, "none"), (_STRONG, "strong")],
        type="log",
        domain=[10.0**lowest, 10.0**highest],
    )
    return Plot(
        name="evidence",
        title="Evidence, day by day",
        caption="How many times likelier the visitors until that day are if the variant differs than if it does not. Above the "
        "line of 20 to 1 it is strong, however often anybody has looked; below 1 it speaks for no difference. A triangle marks "
        "a day on which a colleague looked." + say_notes(notes_by_day(report)),
        columns=("Day", *(name(key) for key in dict.fromkeys(point.variant for point in points)), "Who looked"),
        rows=_rows(points, report, lambda point: f"{odds(_evidence(point))}, {strength(_evidence(point))}"),
        spec=spec,
    )


def _evidence(point: TrendPoint) -> float:
    return 1.0 if point.e_value is None else point.e_value


def _value(point: TrendPoint, report: Report, **numbers: float) -> dict[str, Any]:
    rounded = {field: round(number, 6) for field, number in numbers.items()}
    return {"day": point.day.isoformat(), "variant": label(point.variant, report), **rounded}


def _draw(
    report: Report,
    values: list[dict[str, Any]],
    field: str,
    title: str,
    ink: Ink,
    *,
    axis: dict[str, Any] | None = None,
    marks: Sequence[tuple[float, str]] = (),
    **scale: Any,
) -> dict[str, Any]:
    days = {value["day"] for value in values}
    looked = [{"day": day.isoformat()} for day in _looks_by_day(report) if day.isoformat() in days]
    return make_spec(
        about(report, title),
        ink,
        width=WIDTH,
        height=_HEIGHT,
        layer=[
            draw_notes(notes_by_day(report), ink, named=True),
            *_draw_marks(field, marks, ink),
            draw_lines(values, field, title, report, ink, axis=axis, **scale),
            {
                "data": {"values": looked},
                "mark": {"type": "point", "shape": "triangle-up", "size": 45, "color": ink.text, "filled": True},
                "encoding": {"x": day_axis(), "y": {"value": _HEIGHT - 5}},
            },
        ],
    )


def _draw_marks(field: str, marks: Sequence[tuple[float, str]], ink: Ink) -> list[dict[str, Any]]:
    """Lines across at values that mean something, with a word beside them."""
    if not marks:
        return []
    y = {"field": field, "type": "quantitative"}
    return [
        {
            "data": {"values": [{field: value, "word": word} for value, word in marks]},
            "encoding": {"y": y},
            "layer": [
                {"mark": {"type": "rule", "color": ink.text, "strokeDash": [1, 3], "strokeWidth": 1.5}},
                {
                    "mark": {"type": "text", "x": WIDTH, "align": "left", "dx": 5, "fontSize": 11},
                    "encoding": {"text": {"field": "word"}},
                },
            ],
        }
    ]


def _rows(
    points: Sequence[TrendPoint], report: Report, say: Callable[[TrendPoint], str]
) -> tuple[tuple[str, ...], ...]:
    looks, notes = _looks_by_day(report), notes_by_day(report)
    by_day: dict[date, list[str]] = {}
    for point in points:
        by_day.setdefault(point.day, []).append(say(point))
    return tuple(
        (f"{day.day} {day:%b}{mark_of(notes, day)}", *said, listing(looks[day]) if day in looks else "–")
        for day, said in by_day.items()
    )


def _looks_by_day(report: Report) -> dict[date, list[str]]:
    """The colleagues who looked, by the day of the site."""
    found: dict[date, list[str]] = {}
    for look in report.looks:
        if look.occasion is not Occasion.DAILY:
            people = found.setdefault(day_of(look.at, report.timezone), [])
            people += [look.by] if look.by not in people else []
    return found
