"""What became of the experiments that have ended, to be found again by words, page and outcome.

It tells what the last look saw, so it costs a few rows for any number of visitors.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from experiments import lifecycle, looks, results
from experiments.models import Annotation, Experiment, Occasion, Purpose, State
from experiments.seen import Seen, SeenVariant


class Outcome(StrEnum):
    """How an experiment ended."""

    SHIPPED = "shipped"  # a variant became the page's content
    KEPT = "kept"  # control stayed


@dataclass(frozen=True, slots=True)
class Lift:
    """A lift with its 95 % range."""

    median: float
    low: float
    high: float

    def as_json(self) -> dict[str, float]:
        return {"median": self.median, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class Ended:
    """An experiment that has ended. `claimed`: the lift believed of what was shipped; None where control stayed."""

    experiment: str
    page_id: int
    purpose: Purpose
    hypothesis: str
    goal: str
    started_at: datetime
    ended_at: datetime
    outcome: Outcome
    shipped: str
    reason: str
    decided_by: str
    verdict: str  # of the last look
    days: int
    visitors: int
    claimed: Lift | None

    def as_json(self) -> dict[str, Any]:
        return {
            "experiment": self.experiment,
            "purpose": self.purpose.value,
            "hypothesis": self.hypothesis,
            "goal": self.goal,
            "started_at": self.started_at.isoformat(),
            "ended_at": self.ended_at.isoformat(),
            "outcome": self.outcome.value,
            "shipped": self.shipped,
            "reason": self.reason,
            "decided_by": self.decided_by,
            "verdict": self.verdict,
            "days": self.days,
            "visitors": self.visitors,
            "claimed": None if self.claimed is None else self.claimed.as_json(),
        }


def list_ended(
    session: Session, *, words: str = "", page_ids: Iterable[int] | None = None, outcome: Outcome | None = None
) -> list[Ended]:
    """The archive, the latest end first.

    Args:
        words: each of them must occur, in any case, in the key, hypothesis or reason.
        page_ids: of these pages only; None for all.
        outcome: of this one only; None for both.
    """
    ended = [item for item in lifecycle.list_experiments(session) if item.state is State.ENDED]
    if page_ids is not None:
        wanted = set(page_ids)
        ended = [item for item in ended if item.page_id in wanted]
    last, deciders = looks.find_last(session, ended), _find_deciders(session)
    found = [
        _describe(item, last.get(item.key) or _look_again(session, item), by=deciders.get(item.id or 0, ""))
        for item in ended
    ]
    kept = [item for item in found if outcome in (None, item.outcome) and _mentions(item, words)]
    return sorted(kept, key=lambda item: item.ended_at, reverse=True)


def _find_deciders(session: Session) -> dict[int, str]:
    """Who ended each experiment, by its id: the note of its end says so."""
    ends = col(Annotation.text).startswith(lifecycle.ENDED)
    notes = session.execute(select(Annotation).where(ends)).scalars()
    return {note.experiment_id: note.by for note in notes}


def _describe(experiment: Experiment, seen: Seen, *, by: str) -> Ended:
    assert experiment.ended_at is not None, "it has ended"
    shipped = next((item for item in seen.variants if item.key == experiment.shipped), None)
    return Ended(
        experiment=experiment.key,
        page_id=experiment.page_id,
        purpose=Purpose(experiment.purpose),
        hypothesis=experiment.hypothesis,
        goal=experiment.goal,
        started_at=experiment.created_at,
        ended_at=experiment.ended_at,
        outcome=Outcome.KEPT if experiment.shipped == experiment.control else Outcome.SHIPPED,
        shipped=experiment.shipped,
        reason=experiment.reason,
        decided_by=by,
        verdict=seen.sentence,
        days=seen.days,
        visitors=sum(item.confirmed for item in seen.variants),
        claimed=None if shipped is None else _claim(shipped),
    )


def _claim(seen: SeenVariant) -> Lift | None:
    if seen.lift is None or seen.lift_low is None or seen.lift_high is None:
        return None
    return Lift(seen.lift, seen.lift_low, seen.lift_high)


def _look_again(session: Session, experiment: Experiment) -> Seen:
    """Where nobody looked in the end, it is judged now as of its end; late conversions are in it."""
    assert experiment.ended_at is not None, "it has ended"
    report = results.report(session, experiment, now=experiment.ended_at)
    return looks.take(report, by=looks.WORK_PROCESS, occasion=Occasion.DAILY)


def _mentions(item: Ended, words: str) -> bool:
    text = " ".join((item.experiment, item.hypothesis, item.reason)).casefold()
    return all(word in text for word in words.casefold().split())
