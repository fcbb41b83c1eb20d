"""Plots as Vega-Lite specifications, and their rendering to inline SVG on the server.

A specification is plain data and can be downloaded; nothing here computes a statistic. The renderer is 93 MiB, so it is
imported at the first plot (never before a fork), and the same specification is rendered once.
"""

import json
from functools import lru_cache
from typing import Any, Final

from markupsafe import Markup

from experiments.report import Report, VariantReport
from experiments.words import name

_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"
_VEGA_LITE: Final = "5.21"
_FONT: Final = "system-ui, sans-serif"
_WIDTH, _HEIGHT = 660, 160
_BAR: Final = 11  # pixels of height that the bar of each variant takes under the curves
_NEGLIGIBLE: Final = 0.002  # of the highest density: what lies below would only widen the plot

# the same colours as in studio.css, for readers of the specification
PRINTED: Final = {
    "a": "#5b6770",
    "b": "#0072b2",
    "c": "#c05a00",
    "d": "#00805f",
    "e": "#b04a86",
    "f": "#8a6d00",
    "g": "#3d4fb5",
    "h": "#7a3b1d",
}
_PRINTED_INK, _PRINTED_LINE = "#59636b", "#d9d7cf"


def posterior_spec(report: Report, *, on_screen: bool) -> dict[str, Any]:
    """What is believed of each variant's rate: a curve over the rate, its middle 95 % as a bar below."""
    ink, line = ("var(--plot-ink)", "var(--plot-line)") if on_screen else (_PRINTED_INK, _PRINTED_LINE)
    names = [_label(variant.key, report.control) for variant in report.variants]
    colours = [colour_of(variant.key, on_screen=on_screen) for variant in report.variants]
    colour = {
        "field": "variant",
        "type": "nominal",
        "scale": {"domain": names, "range": colours},
        "legend": {
            "title": None,
            "orient": "top",
            "symbolType": "square",
            "symbolOpacity": 1,
            "offset": 4,
            "columnPadding": 18,
        }
        if len(names) > 1
        else None,
    }
    low, high = _domain(report.variants)
    x = {
        "field": "rate",
        "type": "quantitative",
        "scale": {"domain": [low, high], "nice": False, "zero": False},
        "axis": {
            "title": f"Rate: {report.noun}s per visitor",
            "format": _tick_format(high - low),
            "tickCount": 7,
            "grid": False,
        },
    }
    y = {"field": "density", "type": "quantitative", "axis": None, "scale": {"range": [_HEIGHT - 4, 0]}}
    curves = {
        "data": {"values": _curves(report, low, high)},
        "encoding": {"x": x, "color": colour, "fill": colour},
        "layer": [
            {
                "mark": {"type": "area", "opacity": 0.18, "line": False},
                "encoding": {"y": {**y, "stack": None}},
            },
            {
                "mark": {"type": "line", "strokeWidth": 2, "fill": None},
                "encoding": {"y": y, "fill": {"value": "transparent"}},
            },
        ],
    }
    return {
        "$schema": _SCHEMA,
        "description": f"{report.experiment}, phase {report.phase}: what is believed of each variant's rate",
        "background": None,
        "width": _WIDTH,
        "height": _HEIGHT + _BAR * len(names),
        "layer": [curves, _middles(report, x, colour)],
        "resolve": {"scale": {"y": "independent"}},
        "config": {
            "font": _FONT,
            "view": {"stroke": None},
            "axis": {
                "labelColor": ink,
                "titleColor": ink,
                "domainColor": line,
                "tickColor": line,
                "labelFontSize": 12,
                "titleFontSize": 12,
                "titleFontWeight": "normal",
            },
            "legend": {"labelColor": ink, "labelFontSize": 13},
        },
    }


def render(spec: dict[str, Any]) -> Markup:
    """The plot as an `<svg>` without styles or scripts, ready to stand in a screen."""
    return _render(json.dumps(spec, sort_keys=True))


def colour_of(key: str, *, on_screen: bool) -> str:
    """A variant's colour: the same in every plot, table and badge."""
    known = key if key in PRINTED else "a"
    return f"var(--variant-{known})" if on_screen else PRINTED[known]


@lru_cache(maxsize=128)
def _render(spec: str) -> Markup:
    import vl_convert  # noqa: PLC0415

    svg: str = vl_convert.vegalite_to_svg(spec, vl_version=_VEGA_LITE)
    return Markup(svg)  # noqa: S704  its texts are variant keys and our own words, and the renderer escapes them


def _domain(variants: tuple[VariantReport, ...]) -> tuple[float, float]:
    """From where the first curve rises to where the last one has sunk."""
    shown = [x for variant in variants for x, _ in _visible(variant)]
    return min(shown), max(shown)


def _visible(variant: VariantReport) -> list[tuple[float, float]]:
    highest = max(variant.data.density.y)
    pairs = zip(variant.data.density.x, variant.data.density.y, strict=True)
    return [(x, y) for x, y in pairs if y >= _NEGLIGIBLE * highest]


def _label(key: str, control: str) -> str:
    return f"{name(key)} (control)" if key == control else name(key)


def _curves(report: Report, low: float, high: float) -> list[dict[str, Any]]:
    return [
        {"variant": _label(variant.key, report.control), "rate": round(x, 8), "density": round(y, 4)}
        for variant in report.variants
        for x, y in zip(variant.data.density.x, variant.data.density.y, strict=True)
        if low <= x <= high
    ]


def _middles(report: Report, x: dict[str, Any], colour: dict[str, Any]) -> dict[str, Any]:
    """One bar a variant under the curves: 95 % of what is believed, a point at its middle."""
    bars = [
        {
            "variant": _label(variant.key, report.control),
            "low": variant.data.rate.low,
            "rate": variant.data.rate.median,
            "high": variant.data.rate.high,
            "place": _HEIGHT + _BAR * (position + 0.5),
        }
        for position, variant in enumerate(report.variants)
    ]
    place = {"field": "place", "type": "quantitative", "scale": None, "axis": None}
    return {
        "data": {"values": bars},
        "encoding": {"y": place, "color": {**colour, "legend": None}},
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 4, "opacity": 0.9, "strokeCap": "round"},
                "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}},
            },
            {"mark": {"type": "point", "filled": True, "size": 55, "opacity": 1}, "encoding": {"x": x}},
        ],
    }


def _tick_format(width: float) -> str:
    return ".0%" if width > 0.12 else ".1%" if width > 0.012 else ".2%"
