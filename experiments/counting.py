"""Reading what was counted of a phase.

Two ways lead here and give the same for the same moment: the tallies, which cost the same for any number of visitors, and
the visitors themselves, who remember when each thing happened and so can be asked for any moment in the past.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col

from experiments.counts import NUMBERS, Counted, VariantCounts, add
from experiments.models import Experiment, FilteredTally, Phase, Tally, VisitorRow
from experiments.tallies import ALL, EXPOSURES, add_up
from experiments.visitors import Standing, cut, find_standing, list_refusals

Groups = dict[tuple[Any, ...], list[VariantCounts]]
Filtered = dict[str, dict[str, int]]

_AT_ONCE: Final = 2000  # visitors


def count(session: Session, experiment: Experiment, phase: Phase) -> Counted:
    """As it stands now, from the tallies."""
    everybody, in_segments = col(Tally.dimension) == ALL, col(Tally.dimension) != ALL
    days = _read(session, experiment, phase, of=everybody, by=[col(Tally.day)])
    segments = _read(session, experiment, phase, of=in_segments, by=[col(Tally.dimension), col(Tally.level)])
    return _lay_out(phase, days, segments, _read_filtered(session, experiment, phase))


def count_as_of(session: Session, experiment: Experiment, phase: Phase, *, at: datetime) -> Counted:
    """As it stood at a moment, from what each visitor had done until then.

    It reads every visitor of the experiment, so it costs their number. What had happened by then and reached the ledger
    only later is in it: this is how things stood, not what was known of them.
    """
    at_ms, where = int(at.timestamp() * 1000), experiment.timezone
    standings: Counter[Standing] = Counter()
    filtered: Filtered = {}
    states = select(col(VisitorRow.state)).where(col(VisitorRow.experiment_id) == experiment.id)
    for state in session.execute(states.execution_options(yield_per=_AT_ONCE)).scalars():
        then = cut(state, at_ms=at_ms)
        standing = find_standing(then, window_s=experiment.window_s, timezone=where)
        if standing is not None and standing.phase == phase.number:
            standings[standing] += 1
        for refusal in list_refusals(then, timezone=where):
            if refusal.phase == phase.number:
                shown = filtered.setdefault(refusal.reason, {})
                shown[refusal.variant] = shown.get(refusal.variant, 0) + 1
    days: Groups = {}
    segments: Groups = {}
    for cell, counts in add_up(standings).items():
        if cell.goal in (EXPOSURES, experiment.goal):
            whole = cell.dimension == ALL
            groups, group = (days, (cell.day,)) if whole else (segments, (cell.dimension, cell.level))
            _put(groups.setdefault(group, nothing(phase)), cell.variant, counts)
    return _lay_out(phase, days, segments, filtered)


def nothing(phase: Phase) -> list[VariantCounts]:
    """The variants of a phase before anybody came."""
    return [VariantCounts(key=key, weight_bp=weight) for key, weight in phase.weights.items()]


def _lay_out(phase: Phase, days: Groups, segments: Groups, filtered: Filtered) -> Counted:
    return Counted(
        totals=add(days.values(), to=nothing(phase)),
        by_day={day: counts for (day,), counts in sorted(days.items())},
        segments={(dimension, level): counts for (dimension, level), counts in sorted(segments.items())},
        filtered=filtered,
    )


def _put(place: list[VariantCounts], variant: str, counts: Sequence[int]) -> None:
    """Add counts to a variant's, in place. A variant that the phase does not have is not shown."""
    for position, item in enumerate(place):
        if item.key == variant:
            place[position] = item.plus(dict(zip(NUMBERS, counts, strict=True)))


def _read(
    session: Session, experiment: Experiment, phase: Phase, *, of: ColumnElement[bool], by: Sequence[Mapped[Any]]
) -> Groups:
    """Counts of each group that has any."""
    # visitors stand under no goal, their conversions under theirs: the sum over both is the whole row
    sums = [func.sum(col(getattr(Tally, number))) for number in NUMBERS]
    query = select(*by, col(Tally.variant), *sums).where(
        col(Tally.experiment_id) == experiment.id,
        col(Tally.phase) == phase.number,
        col(Tally.goal).in_([EXPOSURES, experiment.goal]),
        of,
    )
    groups: Groups = {}
    for row in session.execute(query.group_by(*by, col(Tally.variant))):
        group, variant, numbers = tuple(row[: len(by)]), row[len(by)], row[len(by) + 1 :]
        if any(numbers):
            _put(groups.setdefault(group, nothing(phase)), variant, [int(number) for number in numbers])
    return groups


def _read_filtered(session: Session, experiment: Experiment, phase: Phase) -> Filtered:
    by = (col(FilteredTally.reason), col(FilteredTally.variant))
    query = select(*by, func.sum(col(FilteredTally.visitors))).where(
        col(FilteredTally.experiment_id) == experiment.id, col(FilteredTally.phase) == phase.number
    )
    filtered: Filtered = {}
    for reason, variant, visitors in session.execute(query.group_by(*by)):
        if visitors:
            filtered.setdefault(reason, {})[variant] = int(visitors)
    return filtered
