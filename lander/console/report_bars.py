"""The small bars in a report's tables: a range on a scale that all bars of a column share."""

from collections.abc import Sequence
from typing import Final

from experiments.lenses import Range
from lander.console.outcome_context import Bar

MOST_LIFT: Final = 2.0  # bars end here: a range beyond only says that little is known

Scale = tuple[float, float]


def scale_of(ranges: Sequence[Range], *, zero: bool = False) -> Scale:
    """From the lowest edge to the highest; with nothing, where there is nothing to draw."""
    edges = [min(edge, MOST_LIFT) for item in ranges for edge in (item.low, item.high)]
    edges += [0.0] if zero or not edges else []
    return min(edges), max(edges)


def draw_bar(item: Range, scale: Scale, *, zero: bool = False) -> Bar:
    """One bar; `zero` marks where there is no lift."""
    low, inner_low, middle, inner_high, high = (
        place(min(value, MOST_LIFT), scale)
        for value in (item.low, item.inner_low, item.median, item.inner_high, item.high)
    )
    return Bar(low, middle, high, inner=(inner_low, inner_high), zero=place(0.0, scale) if zero else None)


def place(value: float, scale: Scale) -> float:
    """Where it stands from 3 to 97, so that a bar's ends are never cut."""
    low, high = scale
    return round(3 + 94 * (value - low) / (high - low), 2) if high > low else 50.0
