"""The segments of a report as tables: what was counted in each level, and the lift there, drawn toward the whole."""

from collections.abc import Mapping, Sequence
from typing import Final

from experiments.open_segments import OPEN_DIMENSIONS
from experiments.report import Report
from experiments.segment_lifts import SegmentLift, SegmentLifts
from experiments.words import listing, name
from lander.console import format as words
from lander.console.report_context import SegmentRow, SegmentTable
from lander.console.report_words import level_in_words, name_dimension

_UNEVEN_BELOW: Final = 0.05

Cells = dict[str, list[tuple[int, int]]]  # level → (conversions, confirmed) of each variant


def list_segments(report: Report, found: Sequence[SegmentLifts]) -> list[SegmentTable]:
    """One table a dimension, what was asked for before the others; the levels of each add up to the whole."""
    cells: dict[str, Cells] = {}
    for item in (*report.segments, *report.open_segments):
        cells.setdefault(item.dimension, {}).setdefault(item.level, []).append((item.conversions, item.confirmed))
    for day in report.by_day:
        cells.setdefault("day", {}).setdefault(day.day.isoformat(), []).append((day.conversions, day.confirmed))
    lifts: dict[str, list[SegmentLifts]] = {}
    for each in found:
        lifts.setdefault(each.dimension, []).append(each)
    order = sorted((item for item in lifts if item in cells), key=lambda item: item not in OPEN_DIMENSIONS)
    return [_table(dimension, cells[dimension], lifts[dimension]) for dimension in order]


def _table(dimension: str, cells: Cells, found: Sequence[SegmentLifts]) -> SegmentTable:
    by_level: Mapping[str, list[SegmentLift]] = {
        level: [lift for lifts in found for lift in lifts.levels if lift.level == level] for level in cells
    }
    return SegmentTable(
        name=name_dimension(dimension),
        lifts=[lifts.variant for lifts in found],
        rows=[
            SegmentRow(
                level=level_in_words(dimension, level),
                counts=[f"{words.count(won)} of {words.count(visitors)}" for won, visitors in cells[level]],
                lifts=[_say_lift(lift) for lift in by_level[level]],
            )
            for level in _order(dimension, cells)
        ],
        said=" ".join(filter(None, (_say_uneven(found), _say_discoveries(dimension, found)))) if len(cells) > 1 else "",
    )


def _order(dimension: str, cells: Cells) -> list[str]:
    """The largest first, days in their order; campaigns and keywords come in theirs, those with a name first."""
    if dimension in OPEN_DIMENSIONS:
        return list(cells)
    if dimension == "day":
        return sorted(cells)
    return sorted(cells, key=lambda level: -sum(n for _, n in cells[level]))


def _say_lift(lift: SegmentLift) -> tuple[str, str]:
    p = "" if lift.p_adjusted is None else f"p{words.NBSP}{words.p_value(lift.p_adjusted)}"
    return words.lift_range(lift.low, lift.high), f"{p}, differs" if lift.discovery else p


def _say_uneven(found: Sequence[SegmentLifts]) -> str:
    uneven = [name(lifts.variant) for lifts in found if (lifts.heterogeneity or 1.0) < _UNEVEN_BELOW]
    if uneven:
        return f"The lift of {listing(uneven)} differs between the levels by more than chance explains."
    known = any(lifts.heterogeneity is not None for lifts in found)
    return "The lift differs between the levels no more than chance makes it." if known else ""


def _say_discoveries(dimension: str, found: Sequence[SegmentLifts]) -> str:
    """Where a variant differs from control, beyond what looking at so many levels explains."""
    places = {
        name(lifts.variant): [level_in_words(dimension, lift.level) for lift in lifts.levels if lift.discovery]
        for lifts in found
    }
    said = [f"{variant} differs from control in {listing(levels)}" for variant, levels in places.items() if levels]
    return f"{listing(said)}, beyond what looking at so many levels explains." if said else ""
