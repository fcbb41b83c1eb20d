"""What every plot shares: its shape as a value, its colours on screen and on paper, its axes.

A variant has the same colour in every plot, table and badge, and colour is never the only signal: each curve carries its
letter and a dash of its own, so that a plot reads in grey.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from experiments.report import Report
from experiments.words import name

WIDTH: Final = 560
_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"
_FONT: Final = "system-ui, sans-serif"

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
_DASHES: Final[tuple[list[int], ...]] = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3])


@dataclass(frozen=True, slots=True)
class Ink:
    """The colours of a plot: names of the style sheet's on screen, so that they follow light and dark; else fixed ones."""

    on_screen: bool

    @property
    def text(self) -> str:
        return "var(--plot-ink)" if self.on_screen else "#59636b"

    @property
    def line(self) -> str:
        return "var(--plot-line)" if self.on_screen else "#d9d7cf"

    def of(self, key: str) -> str:
        """A variant's colour."""
        known = key if key in PRINTED else "a"
        return f"var(--variant-{known})" if self.on_screen else PRINTED[known]


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot and the same in numbers. `name` is its place in addresses, `caption` says how to read it."""

    name: str
    title: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    spec: dict[str, Any]


def about(report: Report, says: str) -> str:
    """What a plot of a report shows, for whoever opens its specification."""
    return f"{report.experiment}, phase {report.phase}: {says}"


def make_spec(description: str, ink: Ink, **parts: Any) -> dict[str, Any]:
    """A specification with what is the same in all of them."""
    return {
        "$schema": _SCHEMA,
        "description": description,
        "background": None,
        "padding": {"left": 4, "right": 12, "top": 6, "bottom": 4},
        "config": {
            "font": _FONT,
            "view": {"stroke": None},
            "axis": {
                "labelColor": ink.text,
                "titleColor": ink.text,
                "domainColor": ink.line,
                "tickColor": ink.line,
                "gridColor": ink.line,
                "labelFontSize": 12,
                "titleFontSize": 12,
                "titleFontWeight": "normal",
                "labelLimit": 220,
            },
            "legend": {"labelColor": ink.text, "labelFontSize": 13},
            "text": {"color": ink.text, "fontSize": 12},
        },
        **parts,
    }


def label(key: str, report: Report) -> str:
    """How a variant is called in a plot."""
    return f"{name(key)} (control)" if key == report.control else name(key)


def colours(report: Report, ink: Ink, *, legend: Collection[str] = ()) -> dict[str, Any]:
    """The colour channel: one for each variant; `legend` names those that stand in the legend."""
    return _channel(report, [ink.of(variant.key) for variant in report.variants], legend=legend)


def dashes(report: Report, *, legend: Collection[str] = ()) -> dict[str, Any]:
    """The dash channel, in step with the colours."""
    each = [_DASHES[position % len(_DASHES)] for position in range(len(report.variants))]
    return _channel(report, each, legend=legend)


def quantity(field: str, title: str | None, *, ticks: str = "", grid: bool = False, **scale: Any) -> dict[str, Any]:
    """A numeric axis."""
    axis = {"title": title, "grid": grid, "tickCount": 6, **({"format": ticks} if ticks else {})}
    if ticks.startswith("+"):
        axis["labelExpr"] = "datum.value == 0 ? '0' : datum.label"
    return {"field": field, "type": "quantitative", "scale": {"nice": False, "zero": False, **scale}, "axis": axis}


def per_cent_format(width: float) -> str:
    """Ticks with as many digits as an axis of that width needs."""
    return ".0%" if width > 0.12 else ".1%" if width > 0.012 else ".2%"


def _channel(report: Report, values: list[Any], *, legend: Collection[str]) -> dict[str, Any]:
    names = [label(variant.key, report) for variant in report.variants]
    shown = {"title": None, "orient": "top", "symbolType": "stroke", "symbolSize": 400, "symbolStrokeWidth": 2.5}
    return {
        "field": "variant",
        "type": "nominal",
        "scale": {"domain": names, "range": values},
        "legend": {**shown, "values": [item for item in names if item in legend], "offset": 4, "columnPadding": 18}
        if legend
        else None,
    }
