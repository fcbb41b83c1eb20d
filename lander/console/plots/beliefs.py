"""What is believed of each variant: the curve of its rate, and how far its lift reaches."""

from collections.abc import Mapping
from typing import Any, Final

from experiments.lenses import Belief, Range
from experiments.report import Report
from experiments.words import name
from lander.console import format as words
from lander.console.plots.look import (
    WIDTH,
    Ink,
    Plot,
    about,
    colours,
    dashes,
    label,
    make_spec,
    per_cent_format,
    quantity,
)
from lander.console.report_lens import Lens, see

_HEIGHT: Final = 150
_BAR: Final = 13  # pixels of height that the bar of each variant takes under the curves
_ROW: Final = 26
_NEGLIGIBLE: Final = 0.002  # of the highest density: what lies below would only widen the plot
_MOST_LIFT: Final = 2.0  # a range beyond is cut: it only says that little is known


def plot_rates(report: Report, lens: Lens, ink: Ink) -> Plot:
    """A curve over the rate for each variant; below it 95 % of what is believed, the middle half thicker."""
    believed = {variant.key: see(variant, lens) for variant in report.variants}
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
        about(report, "what is believed of each variant's rate"),
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


def plot_lifts(report: Report, lens: Lens, ink: Ink) -> Plot:
    """How far the lift of each variant over control reaches."""
    lifts = {variant.key: see(variant, lens).lift for variant in report.variants}
    known = {key: lift for key, lift in lifts.items() if lift is not None}
    control = name(report.control)
    return Plot(
        name="lifts",
        title=f"Lift over {control}",
        caption="The thin bar holds the lift with 95 % probability, the thick one with 50 %. "
        "Where the thin bar crosses the line at zero, nobody can say yet which variant is better.",
        columns=("Variant", "95 % range", "50 % range", "Middle"),
        rows=tuple(
            (
                label(key, report),
                words.lift_range(lift.low, lift.high),
                words.lift_range(lift.inner_low, lift.inner_high),
                words.lift(lift.median, lift.low, lift.high),
            )
            for key, lift in known.items()
        ),
        spec=_draw_lifts({key: _edges(lift) for key, lift in known.items()}, report, ink),
    )


def plot_anytime(report: Report, ink: Ink) -> Plot:
    """The same for evidence that holds at every look: no probabilities, and so no 50 % inside."""
    found = {variant.key: variant.anytime for variant in report.variants}
    known = {
        key: {"low": item.low, "middle": item.lift, "high": item.high}
        for key, item in found.items()
        if item is not None and item.low is not None and item.lift is not None and item.high is not None
    }
    return Plot(
        name="anytime",
        title=f"Lift over {name(report.control)}, at any time",
        caption="The bar holds the lift at all looks together with 95 % probability, the point is the lift as counted. "
        "Where the bar lies beside the line at zero, the variant differs, however often anybody has looked.",
        columns=("Variant", "95 % range at all looks", "As counted"),
        rows=tuple(
            (
                label(key, report),
                words.lift_range(item["low"], item["high"]),
                words.lift(item["middle"], item["low"], item["high"]),
            )
            for key, item in known.items()
        ),
        spec=_draw_lifts(known, report, ink),
    )


def _draw_lifts(known: Mapping[str, Mapping[str, float]], report: Report, ink: Ink) -> dict[str, Any]:
    values = [
        {"row": name(key), "variant": label(key, report), **{edge: min(at, _MOST_LIFT) for edge, at in item.items()}}
        for key, item in known.items()
    ]
    edges = [0.0, *(min(item[edge], _MOST_LIFT) for item in known.values() for edge in ("low", "high"))]
    x = quantity("low", f"Lift over {name(report.control)}", ticks="+.0%", domain=[min(edges), max(edges)])
    y = {
        "field": "row",
        "type": "nominal",
        "sort": None,
        "axis": {"title": None, "domain": False, "ticks": False, "labelFontSize": 13, "minExtent": 24},
    }
    return make_spec(
        about(report, "how far the lift of each variant over control reaches"),
        ink,
        width=WIDTH,
        height=_ROW * max(1, len(values)) + 6,
        layer=[
            {"data": {"values": [{"low": 0.0}]}, "mark": {"type": "rule", "color": ink.text}, "encoding": {"x": x}},
            {
                "data": {"values": values},
                "encoding": {"y": y, "color": colours(report, ink)},
                "layer": draw_ranges(x, middle="middle"),
            },
        ],
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
