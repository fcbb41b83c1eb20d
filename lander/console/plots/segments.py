"""The lift in each segment beside the whole: a forest. What it draws has been drawn toward the whole already."""

from collections.abc import Sequence
from typing import Any, Final

from experiments.report import Report
from experiments.segment_lifts import SegmentLift, SegmentLifts
from experiments.words import name
from lander.console import format as words
from lander.console.plots.look import WIDTH, Ink, Plot, about, colours, label, make_spec, quantity
from lander.console.report_words import level_in_words, name_dimension

_ROW: Final = 15
_MOST_LEVELS: Final = 8  # of a dimension; the table has all
_MOST_LIFT: Final = 2.0
_DAY: Final = "day"


def plot_segments(report: Report, found: Sequence[SegmentLifts], ink: Ink) -> Plot:
    """A bar for each level and variant; the dashed line is what they are drawn toward."""
    shown = [(lifts, level) for lifts in found if lifts.dimension != _DAY for level in lifts.levels[:_MOST_LEVELS]]
    values = [_value(lifts, level, report) for lifts, level in shown]
    whole = [
        {"variant": label(variant.key, report), "low": min(variant.data.lift.median, _MOST_LIFT)}
        for variant in report.variants
        if variant.data.lift is not None
    ]
    edges = [0.0, *(min(edge, _MOST_LIFT) for _, level in shown for edge in (level.low, level.high))]
    x = quantity("low", f"Lift over {name(report.control)}", ticks="+.0%", domain=[min(edges), max(edges)])
    y = {
        "field": "segment",
        "type": "nominal",
        "sort": None,
        "axis": {"title": None, "domain": False, "ticks": False, "labelFontSize": 12, "minExtent": 150},
    }
    offset = {"yOffset": {"field": "variant", "sort": [item["variant"] for item in whole]}}
    colour = {"color": colours(report, ink, legend=[str(item["variant"]) for item in whole] if len(whole) > 1 else ())}
    spec = make_spec(
        about(report, "the lift in each segment"),
        ink,
        width=WIDTH - 130,
        height=(_ROW * len(whole) + 7) * max(1, len({value["segment"] for value in values})),
        layer=[
            {"data": {"values": [{"low": 0.0}]}, "mark": {"type": "rule", "color": ink.text}, "encoding": {"x": x}},
            {
                "data": {"values": whole},
                "mark": {"type": "rule", "strokeDash": [4, 4], "opacity": 0.8},
                "encoding": {"x": x, **colour},
            },
            {
                "data": {"values": values},
                "encoding": {"y": y, **offset, **colour},
                "layer": [
                    {"mark": {"type": "rule", "strokeWidth": 2.5}, "encoding": {"x": x, "x2": {"field": "high"}}},
                    {
                        "mark": {"type": "point", "filled": True, "size": 45, "opacity": 1},
                        "encoding": {"x": {**x, "field": "lift"}},
                    },
                ],
            },
        ],
    )
    return Plot(
        name="segments",
        title="Lift in each segment",
        caption="The bars hold the lift with 95 % probability, drawn toward the whole because most of what differs between "
        "segments is chance. The dashed line is that whole: the lift over everybody by the data alone.",
        columns=("Segment", "Variant", "95 % range", "Middle"),
        rows=tuple(
            (
                _title(lifts, level),
                name(lifts.variant),
                words.lift_range(level.low, level.high),
                words.lift(level.lift, level.low, level.high),
            )
            for lifts, level in shown
        ),
        spec=spec,
    )


def _value(lifts: SegmentLifts, level: SegmentLift, report: Report) -> dict[str, Any]:
    cut = {edge: min(getattr(level, edge), _MOST_LIFT) for edge in ("low", "lift", "high")}
    return {"segment": _title(lifts, level), "variant": label(lifts.variant, report), **cut}


def _title(lifts: SegmentLifts, level: SegmentLift) -> str:
    return f"{name_dimension(lifts.dimension)}: {level_in_words(lifts.dimension, level.level)}"
