"""What happened day by day: visitors and conversions, with a rule where something was changed meanwhile."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from experiments.models import Annotation
from experiments.report import Report
from experiments.words import name
from lander.console import format as words
from lander.console.plots.look import WIDTH, Ink, Plot, about, colours, dashes, label, make_spec

_HEIGHT: Final = 110


def plot_days(report: Report, ink: Ink) -> Plot:
    """Confirmed visitors and conversions of each day, by the day of the first exposure."""
    values = [
        {
            "day": item.day.isoformat(),
            "variant": label(item.variant, report),
            "confirmed": item.confirmed,
            "conversions": item.conversions,
        }
        for item in report.by_day
    ]
    days = sorted({item.day for item in report.by_day})
    notes = notes_by_day(report)
    panels = [("confirmed", "Confirmed visitors"), ("conversions", f"{report.noun.capitalize()}s")]
    spec = make_spec(
        about(report, "confirmed visitors and conversions of each day"),
        ink,
        vconcat=[
            {
                "width": WIDTH,
                "height": _HEIGHT,
                "layer": [
                    draw_notes(notes, ink, named=position == 0),
                    draw_lines(values, field, title, report, ink),
                ],
            }
            for position, (field, title) in enumerate(panels)
        ],
        spacing=8,
    )
    counted = {(item.day, item.variant): item for item in report.by_day}
    keys = [variant.key for variant in report.variants]
    return Plot(
        name="days",
        title="Day by day",
        caption=f"Confirmed visitors above, their {report.noun}s below; both on the day of the first visit, so the last "
        "days still gain conversions." + say_notes(notes),
        columns=("Day", *(f"{name(key)}: visitors, {report.noun}s" for key in keys)),
        rows=tuple(
            (
                f"{day.day} {day:%b}{mark_of(notes, day)}",
                *(f"{words.count(item.confirmed)}, {words.count(item.conversions)}" for item in found),
            )
            for day in days
            if (found := [counted[day, key] for key in keys if (day, key) in counted])
        ),
        spec=spec,
    )


def draw_lines(
    values: Sequence[dict[str, Any]],
    field: str,
    title: str,
    report: Report,
    ink: Ink,
    *,
    axis: dict[str, Any] | None = None,
    **scale: Any,
) -> dict[str, Any]:
    """One line a variant over the days, dashed in its own way; `axis` says what is unusual about that of the values."""
    drawn = {value["variant"] for value in values}
    beside = {"title": title, "tickCount": 4, "grid": True, "domain": False, **(axis or {})}
    return {
        "data": {"values": list(values)},
        "encoding": {
            "x": day_axis(),
            "y": {"field": field, "type": "quantitative", "axis": beside, "scale": scale},
            "color": colours(report, ink, legend=drawn),
        },
        "layer": [
            {
                "mark": {"type": "line", "strokeWidth": 2},
                "encoding": {"strokeDash": dashes(report, legend=drawn)},
            },
            {"mark": {"type": "point", "filled": True, "size": 22, "opacity": 1}},
        ],
    }


def day_axis() -> dict[str, Any]:
    """Days are dates of the site: written in UTC, so that no clock of the reader shifts them."""
    return {
        "field": "day",
        "type": "temporal",
        "scale": {"type": "utc"},
        "axis": {
            "title": None,
            "format": "%-d %b",
            "grid": False,
            "tickCount": {"interval": "day", "step": 1},
            "labelOverlap": "greedy",
            "labelSeparation": 6,
            "labelFlush": False,
        },
    }


def draw_notes(notes: dict[date, list[Annotation]], ink: Ink, *, named: bool) -> dict[str, Any]:
    """A rule on each day that something happened, with its number above the first panel."""
    values = [{"day": day.isoformat(), "mark": str(number)} for number, day in enumerate(notes, 1)]
    rule = {"mark": {"type": "rule", "strokeDash": [3, 3], "color": ink.text}, "encoding": {"x": day_axis()}}
    mark = {
        "mark": {"type": "text", "y": -5, "fontSize": 11},
        "encoding": {"x": day_axis(), "text": {"field": "mark"}},
    }
    return {"data": {"values": values}, "layer": [rule, mark] if named else [rule]}


def notes_by_day(report: Report) -> dict[date, list[Annotation]]:
    """What was changed while the phase ran, by the day of the site."""
    zone = ZoneInfo(report.timezone)
    found: dict[date, list[Annotation]] = {}
    for note in sorted(report.annotations, key=lambda note: note.at):
        found.setdefault(note.at.astimezone(zone).date(), []).append(note)
    return found


def mark_of(notes: dict[date, list[Annotation]], day: date) -> str:
    """What a table says beside a day on which something happened."""
    said = "; ".join(note.text for note in notes.get(day, []))
    return f": {said}" if said else ""


def say_notes(notes: dict[date, list[Annotation]]) -> str:
    """The legend of the rules."""
    said = [
        f" {number}: {'; '.join(note.text for note in those)} ({day.day} {day:%b})."
        for number, (day, those) in enumerate(notes.items(), 1)
    ]
    return "".join(said)
