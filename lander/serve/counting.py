"""What of a view's story is counted: the steps that every event passes, each of which may drop it with a reason."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from experiments.events import Event, Kind, Reason
from experiments.journal import Record
from lander.published import Allocation
from lander.serve.token import View


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that a view's token was sent back for."""

    view: View
    kind: Kind
    goal: str
    at_ms: int
    allocation: Allocation | None  # what runs on the page now
    doubts: tuple[Reason, ...]  # found by the endpoint: a trap that was stepped into
    simulated: bool


def judge(happening: Happening) -> Event | None:
    """The event to record: as it happened, filtered with its reason, or None where there is nothing to test."""
    view = happening.view
    if not view.experiment_id or not _is_declared(happening):
        return None
    reason = next((reason for reason in (step(happening) for step in _STEPS) if reason), None)
    return make_event(
        view,
        Kind.FILTERED if reason else happening.kind,
        experiment_id=view.experiment_id,
        phase=view.phase,
        at_ms=happening.at_ms,
        goal=happening.goal,
        reason=reason,
        simulated=happening.simulated,
    )


def make_event(
    view: View,
    kind: Kind,
    *,
    experiment_id: int,
    phase: int,
    at_ms: int,
    goal: str = "",
    reason: Reason | None = None,
    simulated: bool,
) -> Event:
    """An event of this view."""
    return Event(
        kind=kind,
        experiment_id=experiment_id,
        phase=phase,
        variant=view.variant,
        visitor=view.visitor,
        exposed_at_ms=view.issued_at_ms,
        at_ms=at_ms,
        device=view.device,
        browser=view.browser,
        source=view.source,
        returning=view.returning,
        goal=goal,
        reason=reason.value if reason else "",
        simulated=simulated or view.simulated,
    )


def records_of(events: Iterable[Event]) -> list[Record]:
    """Rows for the journal."""
    return [Record("event", event.to_json()) for event in events]


def find_open_phase(view: View, allocation: Allocation | None) -> Allocation | None:
    """The running phase where it is the one that the view belongs to."""
    if allocation and (allocation.experiment_id, allocation.phase) == (view.experiment_id, view.phase):
        return allocation
    return None


def _is_declared(happening: Happening) -> bool:
    """Goals are declared before a phase starts; what else is reached is not an event of the experiment."""
    open_phase = find_open_phase(happening.view, happening.allocation)
    if happening.kind is not Kind.CONVERSION or open_phase is None:
        return True
    return any(key == happening.goal for key, _, _ in open_phase.every_goal)


def _check_bot(happening: Happening) -> Reason | None:
    return Reason.BOT if happening.view.bot else None


def _check_age(happening: Happening) -> Reason | None:
    return Reason.TOKEN_EXPIRED if happening.view.is_expired(happening.at_ms) else None


def _check_phase(happening: Happening) -> Reason | None:
    return None if find_open_phase(happening.view, happening.allocation) else Reason.PHASE_CLOSED


def _check_doubts(happening: Happening) -> Reason | None:
    return next(iter(happening.doubts), None)


_STEPS: Final[tuple[Callable[[Happening], Reason | None], ...]] = (_check_bot, _check_age, _check_phase, _check_doubts)
