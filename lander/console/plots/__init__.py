"""The plots of a report as Vega-Lite specifications, and their rendering to inline SVG on the server.

A specification is plain data and can be downloaded; nothing here computes a statistic. Each family of plots has a module,
and what every plot shares stands in `look`. A plot comes with the table that says the same in numbers.
"""

from collections.abc import Sequence

from experiments.report import Report
from lander.console.plots import beliefs, days, over_time, segments, steps
from lander.console.plots.history import plot_claims, plot_p_values
from lander.console.plots.look import Ink, Plot
from lander.console.plots.rendering import render
from lander.console.report_lens import Lens

__all__ = ["Ink", "Plot", "list_plots", "plot_claims", "plot_p_values", "render"]


def list_plots(report: Report, lens: Lens, ink: Ink) -> Sequence[Plot]:
    """Every plot that can be drawn, in the order of the screen. Before anybody came the beliefs are those of any page."""
    if lens is Lens.ANYTIME:
        believed = [beliefs.plot_anytime(report, ink)]
    else:
        believed = [beliefs.plot_rates(report, lens, ink), beliefs.plot_lifts(report, lens, ink)]
    if not report.by_day:
        return [*believed, steps.plot_steps(report, ink)]
    return [
        *believed,
        *over_time.list_plots(report, lens, ink),
        days.plot_days(report, ink),
        steps.plot_steps(report, ink),
        segments.plot_segments(report, report.segment_lifts(), ink),
    ]
