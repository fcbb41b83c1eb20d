"""Plots over many experiments: claims against what came, and the p-values of A/A tests against an even spread."""

from collections.abc import Sequence
from typing import Any, Final

from experiments.aa import AaTests
from experiments.calibration import Claim
from experiments.words import name
from lander.console import format as words
from lander.console.plots.look import Ink, Plot, make_spec, quantity

_SIDE: Final = 320
_MOST_LIFT: Final = 2.0


def plot_claims(claims: Sequence[Claim], ink: Ink) -> Plot:
    """Each claimed lift against the realised one, with its range; on the diagonal a claim keeps its word."""
    values = [
        {
            "experiment": claim.experiment,
            "claimed": _cut(claim.claimed.median),
            "realised": _cut(claim.realised.median),
            "low": _cut(claim.realised.low),
            "high": _cut(claim.realised.high),
        }
        for claim in claims
    ]
    edges = [
        0.0,
        *(_cut(at) for claim in claims for at in (claim.claimed.median, claim.realised.low, claim.realised.high)),
    ]
    domain = [min(edges), max(edges)]
    x = quantity("claimed", "Claimed lift", ticks="+.0%", domain=domain)
    y = quantity("realised", "Realised lift", ticks="+.0%", domain=domain)
    spec = make_spec(
        "claimed against realised lifts",
        ink,
        width=_SIDE,
        height=_SIDE,
        layer=[
            _draw_diagonal(domain, x, y, ink),
            {
                "data": {"values": values},
                "mark": {"type": "rule", "color": ink.of("b"), "strokeWidth": 2},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
            },
            {
                "data": {"values": values},
                "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1, "color": ink.of("b")},
                "encoding": {"x": x, "y": y},
            },
        ],
    )
    return Plot(
        name="claims",
        title="Claimed against realised",
        caption="Each point is a claim; its bar holds the realised lift with 95 % probability. Points below the dashed line "
        "claimed too much.",
        columns=("Experiment", "Claimed", "Realised", "Shown by"),
        rows=tuple(
            (
                f"{claim.experiment}, {name(claim.variant)}",
                words.lift_range(claim.claimed.low, claim.claimed.high),
                words.lift_range(claim.realised.low, claim.realised.high),
                claim.where,
            )
            for claim in claims
        ),
        spec=spec,
    )


def plot_p_values(found: AaTests, ink: Ink) -> Plot:
    """The p-values in order against an even spread from 0 to 1."""
    known = sorted((item.p_value, item.experiment) for item in found.tests if item.p_value is not None)
    values = [
        {"even": round((position + 0.5) / len(known), 6), "p": round(p, 6), "experiment": experiment}
        for position, (p, experiment) in enumerate(known)
    ]
    x = quantity("even", "Where an even spread has it", domain=[0, 1])
    y = quantity("p", "p-value", domain=[0, 1])
    spec = make_spec(
        "p-values of A/A tests against an even spread",
        ink,
        width=_SIDE,
        height=_SIDE,
        layer=[
            _draw_diagonal([0.0, 1.0], x, y, ink),
            {
                "data": {"values": values},
                "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1, "color": ink.of("b")},
                "encoding": {"x": x, "y": y},
            },
        ],
    )
    return Plot(
        name="spread",
        title="p-values against an even spread",
        caption="Where visitors are split and counted alike, the points follow the dashed line: one in twenty lies below 0.05.",
        columns=("Experiment", "p-value", "Where an even spread has it"),
        rows=tuple(
            (str(value["experiment"]), words.p_value(p), f"{value['even']:.2f}")
            for value, (p, _) in zip(values, known, strict=True)
        ),
        spec=spec,
    )


def _draw_diagonal(domain: Sequence[float], x: dict[str, Any], y: dict[str, Any], ink: Ink) -> dict[str, Any]:
    ends = [{x["field"]: edge, y["field"]: edge} for edge in domain]
    mark = {"type": "line", "strokeDash": [5, 4], "strokeWidth": 1.5, "color": ink.text}
    return {"data": {"values": ends}, "mark": mark, "encoding": {"x": x, "y": y}}


def _cut(lift: float) -> float:
    return min(lift, _MOST_LIFT)
