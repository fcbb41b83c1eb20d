"""Which of the events that have just come in are conversions that count, as somebody outside may be told of them.

The ledger is asked what it makes of each visitor: a conversion that was filtered, came too late, was simulated, or belongs
to somebody who saw two variants is nobody's news. Nothing told here names a visitor.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlmodel import Session, col, select

from experiments.events import Event, Kind
from experiments.models import Experiment, VisitorRow
from experiments.visitors import VisitorState, find_standing
from lander.pages.models import Page, Site

_CHUNK: Final = 500
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Conversion:
    """The goal that decides an experiment, reached by a visitor of it for the first time."""

    id: str  # the same for the same visitor, phase and goal, and says nothing of the visitor
    experiment: str
    site_id: int
    page: str  # host and path
    phase: int
    variant: str
    goal: str
    at: datetime


def find_conversions(session: Session, events: Sequence[Event], *, sites: Collection[int]) -> Iterator[Conversion]:
    """The conversions among events that the ledger has taken in, on the pages of these sites; each once."""
    conversions = sorted((event for event in events if event.kind is Kind.CONVERSION), key=lambda event: -event.at_ms)
    # of a repeated one the first
    reached = {(item.experiment_id, item.visitor, item.phase, item.variant, item.goal): item for item in conversions}
    experiments = _load_experiments(session, {event.experiment_id for event in reached.values()}, sites)
    wanted = [event for event in reached.values() if _decides(event, experiments)]
    states = _load_states(session, wanted)
    for event in sorted(wanted, key=lambda event: event.at_ms):
        experiment, page, site = experiments[event.experiment_id]
        if not _counts(event, states.get((event.experiment_id, event.visitor)), experiment):
            continue
        identity = f"{event.experiment_id}:{event.phase}:{event.visitor}:{event.goal}"
        yield Conversion(
            id=hashlib.sha256(identity.encode()).hexdigest()[:32],
            experiment=experiment.key,
            site_id=page.site_id,
            page=f"{site.host}/{page.slug}",
            phase=event.phase,
            variant=event.variant,
            goal=event.goal,
            at=_EPOCH + timedelta(milliseconds=event.at_ms),
        )


def _decides(event: Event, experiments: Mapping[int, tuple[Experiment, Page, Site]]) -> bool:
    """Whether it is the goal that decides: how far somebody scrolled is for the report, and no conversion elsewhere."""
    known = experiments.get(event.experiment_id)
    return known is not None and event.goal == known[0].goal


def _counts(event: Event, state: VisitorState | None, experiment: Experiment) -> bool:
    standing = find_standing(state or {}, window_s=experiment.window_s, timezone=experiment.timezone)
    return (
        standing is not None
        and (standing.phase, standing.variant) == (event.phase, event.variant)
        and event.goal in standing.goals
        and not standing.multiply_exposed
        and not standing.simulated
    )


def _load_experiments(
    session: Session, ids: Collection[int], sites: Collection[int]
) -> dict[int, tuple[Experiment, Page, Site]]:
    query = (
        select(Experiment, Page, Site)
        .join(Page, col(Page.id) == col(Experiment.page_id))
        .join(Site, col(Site.id) == col(Page.site_id))
        .where(col(Experiment.id).in_(ids), col(Page.site_id).in_(sites))
    )
    return {experiment.id or 0: (experiment, page, site) for experiment, page, site in session.exec(query)}


def _load_states(session: Session, events: Sequence[Event]) -> dict[tuple[int, str], VisitorState]:
    states: dict[tuple[int, str], VisitorState] = {}
    for experiment_id in {event.experiment_id for event in events}:
        visitors = sorted({event.visitor for event in events if event.experiment_id == experiment_id})
        for at in range(0, len(visitors), _CHUNK):
            mine = select(VisitorRow.visitor, VisitorRow.state).where(
                VisitorRow.experiment_id == experiment_id, col(VisitorRow.visitor).in_(visitors[at : at + _CHUNK])
            )
            states |= {(experiment_id, visitor): dict(state) for visitor, state in session.exec(mine)}
    return states
