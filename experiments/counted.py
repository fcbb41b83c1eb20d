"""What was counted of one phase: everybody, day by day, segment by segment, and who was left out.

Two ways lead here and give the same for the same moment: the tallies, which cost the same for any number of visitors, and
the visitors themselves, who remember when each thing happened and so can be asked for any moment in the past.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col

from experiments.health import VariantCounts
from experiments.models import Experiment, FilteredTally, Phase, Tally, VisitorRow
from experiments.tallies import ALL, EXPOSURES, Counts, add_up
from experiments.visitors import Standing, cut, find_standing, list_refusals

Everybody = list[VariantCounts]  # one per variant, in the order of the phase
Groups = dict[tuple[Any, ...], Everybody]

_AT_ONCE: Final = 2000  # visitors


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of a phase. Each visitor stands on the day and in the segments of the first exposure.

    `by_day` and `segments` hold only what anybody was counted in; each adds up to `totals`. `filtered` counts distinct
    visitors per reason.
    """

    totals: Everybody
    by_day: dict[date, Everybody]
    segments: dict[tuple[str, str], Everybody]  # (dimension, level)
    filtered: dict[str, int]


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
    filtered: Counter[str] = Counter()
    states = select(col(VisitorRow.state)).where(col(VisitorRow.experiment_id) == experiment.id)
    for state in session.execute(states.execution_options(yield_per=_AT_ONCE)).scalars():
        then = cut(state, at_ms=at_ms)
        standing = find_standing(then, window_s=experiment.window_s, timezone=where)
        if standing is not None and standing.phase == phase.number:
            standings[standing] += 1
        filtered.update(item.reason for item in list_refusals(then, timezone=where) if item.phase == phase.number)
    days: Groups = {}
    segments: Groups = {}
    for cell, counts in add_up(standings).items():
        if cell.goal in (EXPOSURES, experiment.goal):
            whole = cell.dimension == ALL
            groups, group = (days, (cell.day,)) if whole else (segments, (cell.dimension, cell.level))
            _put(groups.setdefault(group, _nothing(phase)), cell.variant, counts)
    return _lay_out(phase, days, segments, dict(filtered))


def _lay_out(phase: Phase, days: Groups, segments: Groups, filtered: dict[str, int]) -> Counted:
    return Counted(
        totals=add(days.values(), nothing=_nothing(phase)),
        by_day={day: counts for (day,), counts in sorted(days.items())},
        segments={(dimension, level): counts for (dimension, level), counts in sorted(segments.items())},
        filtered=filtered,
    )


def add(groups: Iterable[Everybody], *, nothing: Everybody) -> Everybody:
    """The sum of groups, variant by variant; `nothing` where there is no group."""
    total = list(nothing)
    for group in groups:
        for item in group:
            _put(total, item.key, Counts(*(getattr(item, number) for number in Counts._fields)))
    return total


def _put(place: Everybody, variant: str, counts: Sequence[int]) -> None:
    """Add counts to a variant's, in place. A variant that the phase does not have is not shown."""
    for position, item in enumerate(place):
        if item.key == variant:
            numbers = zip(Counts._fields, counts, strict=True)
            place[position] = replace(item, **{name: getattr(item, name) + number for name, number in numbers})


def _read(
    session: Session, experiment: Experiment, phase: Phase, *, of: ColumnElement[bool], by: Sequence[Mapped[Any]]
) -> Groups:
    """Counts of each group that has any."""
    # visitors stand under no goal, their conversions under theirs: the sum over both is the whole row
    sums = [func.sum(col(getattr(Tally, number))) for number in Counts._fields]
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
            _put(groups.setdefault(group, _nothing(phase)), variant, [int(number) for number in numbers])
    return groups


def _nothing(phase: Phase) -> Everybody:
    return [VariantCounts(key=key, weight_bp=weight) for key, weight in phase.weights.items()]


def _read_filtered(session: Session, experiment: Experiment, phase: Phase) -> dict[str, int]:
    query = (
        select(col(FilteredTally.reason), func.sum(col(FilteredTally.visitors)))
        .where(col(FilteredTally.experiment_id) == experiment.id, col(FilteredTally.phase) == phase.number)
        .group_by(col(FilteredTally.reason))
    )
    return {reason: int(visitors) for reason, visitors in session.execute(query).all() if visitors}
