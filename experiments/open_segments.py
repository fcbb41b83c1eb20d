"""Segments whose levels nobody knows beforehand: the campaign and the keyword that led a visitor here.

There may be any number of levels, so no tally is kept for them: they are counted from the visitors' rows when somebody
asks, and the largest are shown.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlmodel import Session, col

from experiments.counting import nothing, put
from experiments.counts import Everybody, Segments, VariantCounts
from experiments.errors import UnknownDimension
from experiments.models import Experiment, Phase, VisitorRow
from experiments.tallies import Counts, count_standing
from experiments.visitors import NONE, UNKNOWN, cut, find_came, find_standing

OPEN_DIMENSIONS: Final = ("campaign", "keyword")
SHOWN: Final = 20
OTHER: Final = "(other)"  # all levels that are not shown
_LAST: Final = (OTHER, NONE, UNKNOWN)  # in this order, after those that have a name
_AT_ONCE: Final = 2_000  # visitors

_Sums = Counter[tuple[str, str, Counts]]  # of a dimension: level, variant and what a visitor counts as → how many do


def count_open(
    session: Session, experiment: Experiment, phase: Phase, *, dimensions: Sequence[str], at: datetime | None
) -> Segments:
    """The visitors of a phase by what led them to their first exposure.

    It reads every visitor of the experiment, one after another: about 1.5 s for 100,000 on one core. In memory it holds a few
    numbers for each level, 30 MB where every one of 100,000 visitors has a keyword of their own.

    Args:
        dimensions: campaign (`utm_campaign`), keyword (`utm_term`), as they stood in the address; each counts once.
        at: count what had happened until this moment; None: all that is known.

    Returns:
        Of each dimension the 20 levels with the most confirmed visitors, most first, by name where they are equal; then
        "(other)" for the rest of those that have a name, "(none)" where the address had none, "(unknown)" where the first
        page view itself never came in. Only levels that anybody is in. They add up to the totals of the phase, in every
        number.

    Raises:
        UnknownDimension: one is neither of the two.

    Edge cases:
        Letters count as they came: "Spring" and "spring" are two campaigns.
        An address that names a campaign "(none)", "(other)" or "(unknown)" is counted there.
    """
    for dimension in dimensions:
        check_dimension(dimension)
    wanted = tuple(dict.fromkeys(dimensions))
    counted = _count(session, experiment, phase, dimensions=wanted, at=at)
    return {
        (dimension, level): counts
        for dimension, sums in zip(wanted, counted, strict=True)
        for level, counts in _lay_out(sums, phase)
    }


def _lay_out(sums: _Sums, phase: Phase) -> Iterator[tuple[str, Everybody]]:
    """The levels to show of one dimension, in their order."""
    confirmed: Counter[str] = Counter()
    for (level, _, counts), visitors in sums.items():
        confirmed[level] += visitors * counts.confirmed
    named = sorted(confirmed.keys() - set(_LAST), key=lambda level: (-confirmed[level], level))
    shown = dict.fromkeys(named[:SHOWN])
    groups: dict[str, list[VariantCounts]] = {}
    for (level, variant, counts), visitors in sums.items():
        place = groups.setdefault(level if level in shown or level in _LAST else OTHER, nothing(phase))
        put(place, variant, [visitors * number for number in counts])
    yield from ((level, groups[level]) for level in (*shown, *_LAST) if level in groups)


def check_dimension(name: str) -> None:
    """Raises `UnknownDimension` for what visitors cannot be grouped by when asked."""
    if name not in OPEN_DIMENSIONS:
        raise UnknownDimension(
            f"Visitors cannot be grouped by {name!r}.",
            fix=f"Ask for {' or '.join(OPEN_DIMENSIONS)}; every report has device, browser, source, returning and day.",
        )


def _count(
    session: Session, experiment: Experiment, phase: Phase, *, dimensions: Sequence[str], at: datetime | None
) -> list[_Sums]:
    """Of each dimension its sums, in one reading of the visitors."""
    at_ms = None if at is None else int(at.timestamp() * 1000)
    window_s, timezone, goal = experiment.window_s, experiment.timezone, experiment.goal
    positions = [OPEN_DIMENSIONS.index(dimension) for dimension in dimensions]
    counted: list[_Sums] = [Counter() for _ in dimensions]
    states = select(col(VisitorRow.state)).where(col(VisitorRow.experiment_id) == experiment.id)
    for state in session.execute(states.execution_options(yield_per=_AT_ONCE)).scalars():
        then = state if at_ms is None else cut(state, at_ms=at_ms)
        standing = find_standing(then, window_s=window_s, timezone=timezone)
        if standing is not None and standing.phase == phase.number:
            came, counts = find_came(then, standing), count_standing(standing, goal=goal)
            for position, sums in zip(positions, counted, strict=True):
                sums[came[position], standing.variant, counts] += 1
    return counted
