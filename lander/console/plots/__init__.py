"""The plots of a report as Vega-Lite specifications, and their rendering to inline SVG on the server.

A specification is plain data and can be downloaded; nothing here computes a statistic. Each family of plots has a module,
and what every plot shares stands in `look`. A plot comes with the table that says the same in numbers.
"""

from collections.abc import Sequence

from experiments.report import Report
from lander.console.plots import beliefs, days, steps
from lander.console.plots.look import Ink, Plot
from lander.console.plots.rendering import render

__all__ = ["Ink", "Plot", "list_plots", "render"]


def list_plots(report: Report, ink: Ink) -> Sequence[Plot]:
    """Every plot that can be drawn, in the order of the screen. Before anybody came the beliefs are those of any page."""
    return [
        beliefs.plot_rates(report, ink),
        beliefs.plot_lifts(report, ink),
        *([days.plot_days(report, ink)] if report.by_day else []),
        steps.plot_steps(report, ink),
    ]
