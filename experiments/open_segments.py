"""Segments whose levels nobody knows beforehand: the campaign and the keyword that led a visitor here.

There may be any number of levels, so no tally is kept for them: they are counted from the visitors' rows when somebody
asks, and the largest are shown.
"""

from collections import Counter
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlmodel import Session, col

from experiments.counting import nothing
from experiments.counts import NUMBERS, Segments, VariantCounts
from experiments.errors import UnknownDimension
from experiments.models import Experiment, Phase, VisitorRow
from experiments.tallies import Counts, count_standing
from experiments.visitors import NONE, UNKNOWN, cut, find_came, find_standing

OPEN_DIMENSIONS: Final = ("campaign", "keyword")
SHOWN: Final = 20
OTHER: Final = "(other)"  # all levels that are not shown
_LAST: Final = (OTHER, NONE, UNKNOWN)  # in this order, after those that have a name
_AT_ONCE: Final = 2_000  # visitors

_Sums = Counter[tuple[str, str, Counts]]  # level, variant and what a visitor counts as → how many do


def count_open(
    session: Session, experiment: Experiment, phase: Phase, *, dimension: str, at: datetime | None
) -> Segments:
    """The visitors of a phase by what led them to their first exposure.

    It reads every visitor of the experiment, one after another: about 1.5 s for 100,000 on one core. In memory it holds a few
    numbers for each level, 30 MB where every one of 100,000 visitors has a keyword of their own.

    Args:
        dimension: campaign (`utm_campaign`) or keyword (`utm_term`), as they stood in the address.
        at: count what had happened until this moment; None: all that is known.

    Returns:
        The 20 levels with the most confirmed visitors, most first, by name where they are equal; then "(other)" for the rest
        of those that have a name, "(none)" where the address had none, "(unknown)" where the first page view itself never
        came in. Only levels that anybody is in. They add up to the totals of the phase, in every number.

    Raises:
        UnknownDimension: neither of the two.

    Edge cases:
        Letters count as they came: "Spring" and "spring" are two campaigns.
        An address that names a campaign "(none)", "(other)" or "(unknown)" is counted there.
    """
    check_dimension(dimension)
    sums = _count(session, experiment, phase, position=OPEN_DIMENSIONS.index(dimension), at=at)
    confirmed: Counter[str] = Counter()
    for (level, _, counts), visitors in sums.items():
        confirmed[level] += visitors * counts.confirmed
    named = sorted(confirmed.keys() - set(_LAST), key=lambda level: (-confirmed[level], level))
    shown = dict.fromkeys(named[:SHOWN])
    groups: dict[str, list[VariantCounts]] = {}
    for (level, variant, counts), visitors in sums.items():
        place = groups.setdefault(level if level in shown or level in _LAST else OTHER, nothing(phase))
        _add(place, variant, counts, visitors)
    return {(dimension, level): groups[level] for level in (*shown, *_LAST) if level in groups}


def check_dimension(name: str) -> None:
    """Raises `UnknownDimension` for what visitors cannot be grouped by when asked."""
    if name not in OPEN_DIMENSIONS:
        raise UnknownDimension(
            f"Visitors cannot be grouped by {name!r}.",
            fix=f"Ask for {' or '.join(OPEN_DIMENSIONS)}; every report has device, browser, source, returning and day.",
        )


def _count(session: Session, experiment: Experiment, phase: Phase, *, position: int, at: datetime | None) -> _Sums:
    at_ms = None if at is None else int(at.timestamp() * 1000)
    window_s, timezone, goal = experiment.window_s, experiment.timezone, experiment.goal
    sums: _Sums = Counter()
    states = select(col(VisitorRow.state)).where(col(VisitorRow.experiment_id) == experiment.id)
    for state in session.execute(states.execution_options(yield_per=_AT_ONCE)).scalars():
        then = state if at_ms is None else cut(state, at_ms=at_ms)
        standing = find_standing(then, window_s=window_s, timezone=timezone)
        if standing is not None and standing.phase == phase.number:
            level = find_came(then, standing)[position]
            sums[level, standing.variant, count_standing(standing, goal=goal)] += 1
    return sums


def _add(place: list[VariantCounts], variant: str, counts: Counts, visitors: int) -> None:
    """A variant that the phase does not have is not shown, as in every other count."""
    for position, item in enumerate(place):
        if item.key == variant:
            numbers = (visitors * number for number in counts)
            place[position] = item.plus(dict(zip(NUMBERS, numbers, strict=True)))
