"""From served to confirmed to converted: where visitors are lost, variant by variant."""

from typing import Final

from experiments.report import Report, VariantReport
from experiments.words import name, share
from lander.console import format as words
from lander.console.plots.look import WIDTH, Ink, Plot, about, colours, label, make_spec

_ROW: Final = 20


def plot_steps(report: Report, ink: Ink) -> Plot:
    """One bar a step and variant, with its number and its share of the step before."""
    values = [
        {
            "step": step,
            "variant": label(variant.key, report),
            "visitors": number,
            "said": f"{name(variant.key)}  {said}",
        }
        for variant in report.variants
        for step, number, said in _steps(variant)
    ]
    y = {
        "field": "step",
        "type": "nominal",
        "sort": None,
        "axis": {"title": None, "ticks": False, "domain": False, "labelFontSize": 13, "minExtent": 84},
        "scale": {"paddingInner": 0.25},
    }
    most = max(1, *(variant.served for variant in report.variants))
    x = {"field": "visitors", "type": "quantitative", "axis": None, "scale": {"domain": [0, most * 1.3]}}
    variants = [label(variant.key, report) for variant in report.variants]
    spec = make_spec(
        about(report, "visitors served, confirmed and converted"),
        ink,
        width=WIDTH,
        height=3 * _ROW * len(report.variants) + 24,
        data={"values": values},
        encoding={"y": y, "yOffset": {"field": "variant", "sort": variants}, "x": x},
        layer=[
            {"mark": {"type": "bar", "opacity": 0.85}, "encoding": {"color": colours(report, ink)}},
            {
                "mark": {"type": "text", "align": "left", "dx": 6, "fontSize": 12, "color": ink.text},
                "encoding": {"text": {"field": "said"}},
            },
        ],
    )
    return Plot(
        name="steps",
        title="Served, confirmed, converted",
        caption="Distinct visitors. Confirmed ones are a share of the served, converted ones of the confirmed. "
        "Variants that differ at confirmed differ in whether they load.",
        columns=("Variant", "Served", "Confirmed", "Converted"),
        rows=tuple((label(item.key, report), *(said for _, _, said in _steps(item))) for item in report.variants),
        spec=spec,
    )


def _steps(variant: VariantReport) -> list[tuple[str, int, str]]:
    return [
        ("Served", variant.served, words.count(variant.served)),
        ("Confirmed", variant.confirmed, _say(variant.confirmed, variant.served)),
        ("Converted", variant.conversions, _say(variant.conversions, variant.confirmed, exact=True)),
    ]


def _say(number: int, of: int, *, exact: bool = False) -> str:
    if not of:
        return words.count(number)
    part = f"{100 * number / of:.1f} %" if exact else share(number / of)
    return f"{words.count(number)} ({part})"
