"""What is believed of each variant: the curve of its rate, and how far its lift reaches."""

from typing import Any, Final

from experiments.lenses import Belief, Range
from experiments.report import Report
from experiments.words import name
from lander.console import format as words
from lander.console.plots.look import WIDTH, Ink, Plot, colours, dashes, label, make_spec, per_cent_format, quantity

_HEIGHT: Final = 150
_BAR: Final = 13  # pixels of height that the bar of each variant takes under the curves
_ROW: Final = 26
_NEGLIGIBLE: Final = 0.002  # of the highest density: what lies below would only widen the plot
_MOST_LIFT: Final = 2.0  # a range beyond is cut: it only says that little is known


def plot_rates(report: Report, ink: Ink) -> Plot:
    """A curve over the rate for each variant; below it 95 % of what is believed, the middle half thicker."""
    believed = {variant.key: variant.data for variant in report.variants}
    shown = [x for belief in believed.values() for x, _ in _visible(belief)]
    low, high = min(shown), max(shown)
    x = quantity("rate", f"Rate: {report.noun}s per visitor", ticks=per_cent_format(high - low), domain=[low, high])
    y = {"field": "density", "type": "quantitative", "axis": None, "scale": {"range": [_HEIGHT - 4, 14]}}
    colour = colours(report, ink)
    curves = {
        "data": {"values": _curves(believed, report, low, high)},
        "encoding": {"x": x},
        "layer": [
            {
                "mark": {"type": "area", "opacity": 0.14, "line": False},
                "encoding": {"y": {**y, "stack": None}, "fill": colour},
            },
            {
                "mark": {"type": "line", "strokeWidth": 2},
                "encoding": {"y": y, "color": colour, "strokeDash": dashes(report)},
            },
        ],
    }
    peaks = {
        "data": {"values": [_peak(key, belief, report) for key, belief in believed.items()]},
        "mark": {"type": "text", "dy": -7, "fontWeight": "bold", "fontSize": 13},
        "encoding": {"x": x, "y": y, "color": colour, "text": {"field": "letter"}},
    }
    ranges = {key: belief.rate for key, belief in believed.items()}
    spec = make_spec(
        report,
        "what is believed of each variant's rate",
        ink,
        width=WIDTH,
        height=_HEIGHT + _BAR * len(believed) + 4,
        layer=[{"layer": [curves, peaks]}, _draw_middles(ranges, report, x, ink)],
        resolve={"scale": {"y": "independent"}},
    )
    return Plot(
        name="rates",
        title="What is believed of each rate",
        caption="The higher the curve, the likelier the rate. The bar below holds 95 %, its thick part 50 %. "
        "The less two curves overlap, the clearer the difference.",
        columns=("Variant", "95 % range", "50 % range", "Middle"),
        rows=tuple(
            (
                label(key, report),
                words.rate_range(rate.low, rate.high),
                words.rate_range(rate.inner_low, rate.inner_high),
                words.rate(rate.median, rate.low, rate.high),
            )
            for key, rate in ranges.items()
        ),
        spec=spec,
    )


def plot_lifts(report: Report, ink: Ink) -> Plot:
    """How far the lift of each variant over control reaches."""
    rows = [
        (label(variant.key, report), variant.key, variant.data.lift)
        for variant in report.variants
        if variant.data.lift is not None
    ]
    reach = [min(_MOST_LIFT, edge) for _, _, lift in rows for edge in (lift.low, lift.high, 0.0)]
    low, high = min(reach), max(reach)
    x = quantity("low", f"Lift over {name(report.control)}", ticks="+.0%", domain=[low, high], clamp=True)
    y = {
        "field": "row",
        "type": "nominal",
        "sort": None,
        "axis": {"title": None, "domain": False, "ticks": False, "labelFontSize": 13},
    }
    values = [{"row": title, "variant": label(key, report), **_edges(lift)} for title, key, lift in rows]
    spec = make_spec(
        report,
        "how far the lift of each variant over control reaches",
        ink,
        width=WIDTH,
        height=_ROW * len(rows) + 6,
        layer=[
            {"data": {"values": [{"low": 0.0}]}, "mark": {"type": "rule", "color": ink.text}, "encoding": {"x": x}},
            {
                "data": {"values": values},
                "encoding": {"y": y, "color": colours(report, ink)},
                "layer": draw_ranges(x, middle="middle"),
            },
        ],
    )
    return Plot(
        name="lifts",
        title=f"Lift over {name(report.control)}",
        caption="The thin bar holds the lift with 95 % probability, the thick one with 50 %. "
        "Where the thin bar crosses the line at zero, nobody can say yet which variant is better.",
        columns=("Variant", "95 % range", "50 % range", "Middle"),
        rows=tuple(
            (
                title,
                words.lift_range(lift.low, lift.high),
                words.lift_range(lift.inner_low, lift.inner_high),
                words.lift(lift.median, lift.low, lift.high),
            )
            for title, _, lift in rows
        ),
        spec=spec,
    )


def draw_ranges(x: dict[str, Any], *, middle: str) -> list[dict[str, Any]]:
    """Layers of one range: 95 % thin, 50 % thick inside it, a point at its middle."""
    return [
        {
            "mark": {"type": "rule", "strokeWidth": 2.5, "strokeCap": "round"},
            "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}},
        },
        {
            "mark": {"type": "rule", "strokeWidth": 8, "opacity": 0.55},
            "encoding": {"x": {**x, "field": "inner_low"}, "x2": {"field": "inner_high"}},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
            "encoding": {"x": {**x, "field": middle}},
        },
    ]


def _draw_middles(ranges: dict[str, Range], report: Report, x: dict[str, Any], ink: Ink) -> dict[str, Any]:
    bars = [
        {"variant": label(key, report), "place": _HEIGHT + 4 + _BAR * (position + 0.5), **_edges(rate)}
        for position, (key, rate) in enumerate(ranges.items())
    ]
    place = {"field": "place", "type": "quantitative", "scale": None, "axis": None}
    return {
        "data": {"values": bars},
        "encoding": {"y": place, "color": colours(report, ink)},
        "layer": draw_ranges(x, middle="middle"),
    }


def _edges(found: Range) -> dict[str, float]:
    return {
        "low": found.low,
        "inner_low": found.inner_low,
        "middle": found.median,
        "inner_high": found.inner_high,
        "high": found.high,
    }


def _visible(belief: Belief) -> list[tuple[float, float]]:
    highest = max(belief.density.y)
    pairs = zip(belief.density.x, belief.density.y, strict=True)
    return [(x, y) for x, y in pairs if y >= _NEGLIGIBLE * highest]


def _peak(key: str, belief: Belief, report: Report) -> dict[str, Any]:
    x, y = max(zip(belief.density.x, belief.density.y, strict=True), key=lambda pair: pair[1])
    return {"variant": label(key, report), "letter": name(key), "rate": round(x, 8), "density": round(y, 4)}


def _curves(believed: dict[str, Belief], report: Report, low: float, high: float) -> list[dict[str, Any]]:
    return [
        {"variant": label(key, report), "rate": round(x, 8), "density": round(y, 4)}
        for key, belief in believed.items()
        for x, y in zip(belief.density.x, belief.density.y, strict=True)
        if low <= x <= high
    ]
