"""Reading what was counted of a phase.

Two ways lead here and give the same for the same moment: the tallies, which cost the same for any number of visitors, and
the visitors themselves, who remember when each thing happened and so can be asked for any moment in the past.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col

from experiments.counts import NUMBERS, Counted, Everybody, VariantCounts, add, with_conversions_of
from experiments.lifecycle import further_goals
from experiments.models import Experiment, FilteredTally, Phase, Tally, VisitorRow
from experiments.tallies import ALL, EXPOSURES, Cell, Counts, add_up
from experiments.visitors import Refusal, Standing, cut, find_standing, list_refusals

Groups = dict[tuple[Any, ...], list[VariantCounts]]
Filtered = dict[str, dict[str, int]]

_AT_ONCE: Final = 2000  # visitors


def count(session: Session, experiment: Experiment, phase: Phase) -> Counted:
    """As it stands now, from the tallies."""
    mine = col(Tally.phase) == phase.number
    everybody, in_segments = mine & (col(Tally.dimension) == ALL), mine & (col(Tally.dimension) != ALL)
    days = _read(session, experiment, phase, of=everybody, by=[col(Tally.day)])
    segments = _read(session, experiment, phase, of=in_segments, by=[col(Tally.dimension), col(Tally.level)])
    further = {goal.key: nothing(phase) for goal in further_goals(experiment)}
    if further:
        reached = _read(session, experiment, phase, of=everybody, by=[col(Tally.goal)], goals=list(further))
        further |= {goal: counts for (goal,), counts in reached.items()}
    return _lay_out(phase, days, segments, further, _read_filtered(session, experiment, phase))


def count_totals(session: Session, experiment: Experiment, phases: Sequence[Phase]) -> list[Everybody]:
    """The totals of several phases, in their order, from the tallies."""
    everybody = col(Tally.dimension) == ALL
    found = [
        _read(session, experiment, phase, of=everybody & (col(Tally.phase) == phase.number), by=[]) for phase in phases
    ]
    return [groups.get((), nothing(phase)) for groups, phase in zip(found, phases, strict=True)]


def count_as_of(session: Session, experiment: Experiment, phases: Sequence[Phase], *, at: datetime) -> list[Counted]:
    """Several phases as they stood at a moment, in their order, from what each visitor had done until then.

    It reads every visitor of the experiment, so it costs their number. What had happened by then and reached the ledger
    only later is in it: this is how things stood, not what was known of them.
    """
    at_ms, where = int(at.timestamp() * 1000), experiment.timezone
    further = [goal.key for goal in further_goals(experiment)]
    standings: Counter[Standing] = Counter()
    refusals: Counter[Refusal] = Counter()
    states = select(col(VisitorRow.state)).where(col(VisitorRow.experiment_id) == experiment.id)
    for state in session.execute(states.execution_options(yield_per=_AT_ONCE)).scalars():
        then = cut(state, at_ms=at_ms)
        standing = find_standing(then, window_s=experiment.window_s, timezone=where)
        if standing is not None:
            standings[standing] += 1
        refusals.update(list_refusals(then, timezone=where))
    cells = list(add_up(standings).items())
    return [_pick(phase, cells, refusals, deciding=experiment.goal, further=further) for phase in phases]


def _pick(
    phase: Phase,
    cells: Sequence[tuple[Cell, Counts]],
    refusals: Mapping[Refusal, int],
    *,
    deciding: str,
    further: Sequence[str],
) -> Counted:
    """What belongs to one phase."""
    days: Groups = {}
    segments: Groups = {}
    reached = {goal: nothing(phase) for goal in further}
    for cell, counts in cells:
        if cell.phase != phase.number:
            continue
        whole = cell.dimension == ALL
        if cell.goal in (EXPOSURES, deciding):
            groups, group = (days, (cell.day,)) if whole else (segments, (cell.dimension, cell.level))
            put(groups.setdefault(group, nothing(phase)), cell.variant, counts)
        elif whole and cell.goal in reached:
            put(reached[cell.goal], cell.variant, counts)
    filtered: Filtered = {}
    for refusal, visitors in refusals.items():
        if refusal.phase == phase.number:
            shown = filtered.setdefault(refusal.reason, {})
            shown[refusal.variant] = shown.get(refusal.variant, 0) + visitors
    return _lay_out(phase, days, segments, reached, filtered)


def nothing(phase: Phase) -> list[VariantCounts]:
    """The variants of a phase before anybody came."""
    return [VariantCounts(key=key, weight_bp=weight) for key, weight in phase.weights.items()]


def _lay_out(
    phase: Phase, days: Groups, segments: Groups, further: Mapping[str, Everybody], filtered: Filtered
) -> Counted:
    totals = add(days.values(), to=nothing(phase))
    return Counted(
        totals=totals,
        by_day={day: counts for (day,), counts in sorted(days.items())},
        segments={(dimension, level): counts for (dimension, level), counts in sorted(segments.items())},
        filtered=filtered,
        goals={goal: with_conversions_of(reached, totals) for goal, reached in further.items()},
    )


def put(place: list[VariantCounts], variant: str, counts: Sequence[int]) -> None:
    """Add counts to a variant's, in place. A variant that the phase does not have is not shown."""
    for position, item in enumerate(place):
        if item.key == variant:
            place[position] = item.plus(dict(zip(NUMBERS, counts, strict=True)))


def _read(
    session: Session,
    experiment: Experiment,
    phase: Phase,
    *,
    of: ColumnElement[bool],
    by: Sequence[Mapped[Any]],
    goals: Sequence[str] = (),
) -> Groups:
    """Counts of each group that has any: of visitors and the goal that decides, or of the conversions of other goals."""
    # visitors stand under no goal, their conversions under theirs: the sum over both is the whole row
    sums = [func.sum(col(getattr(Tally, number))) for number in NUMBERS]
    query = select(*by, col(Tally.variant), *sums).where(
        col(Tally.experiment_id) == experiment.id,
        col(Tally.goal).in_(goals or [EXPOSURES, experiment.goal]),
        of,
    )
    groups: Groups = {}
    for row in session.execute(query.group_by(*by, col(Tally.variant))):
        group, variant, numbers = tuple(row[: len(by)]), row[len(by)], row[len(by) + 1 :]
        if any(numbers):
            put(groups.setdefault(group, nothing(phase)), variant, [int(number) for number in numbers])
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
