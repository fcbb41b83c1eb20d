"""Visitors who came on a day: their events, taken in by the ledger, so that tallies and past moments agree."""

from datetime import UTC, date, datetime, time, timedelta
from hashlib import md5
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from experiments import ledger
from experiments.events import Event, Kind
from experiments.models import Experiment
from lander.db import transaction

_MINUTE_MS = 60_000
_SEGMENTS = ("device", "browser", "source", "campaign", "keyword")


def come(engine: Engine, experiment: Experiment, *, on: date, phase: int = 1, **variants: Any) -> None:
    """Visitors and conversions of each variant, at noon of that day in the site's zone; all of them confirm.

    What is no variant is a segment, `device="phone"`, or what led here, `campaign="spring"`.
    """
    segments = {name: variants.pop(name) for name in _SEGMENTS if name in variants}
    noon = datetime.combine(on, time(12), ZoneInfo(experiment.timezone)).astimezone(UTC)
    events = []
    for variant, (visitors, conversions) in variants.items():
        for number in range(visitors):
            seen = view(experiment, variant, noon + timedelta(seconds=number % 3600), number, segments)
            seen = seen._replace(phase=phase)
            events += [seen, seen._replace(kind=Kind.CONFIRMED)]
            if number < conversions:
                later = seen.at_ms + _MINUTE_MS
                events.append(seen._replace(kind=Kind.CONVERSION, goal=experiment.goal, at_ms=later))
    for first in range(0, len(events), 5_000):
        with transaction(engine) as session:
            ledger.ingest(session, events[first : first + 5_000])


def view(experiment: Experiment, variant: str, at: datetime, number: int, segments: dict[str, str]) -> Event:
    """A page view of somebody who is nobody else."""
    assert experiment.id is not None
    who = md5(f"{experiment.key} {variant} {at} {number} {segments}".encode(), usedforsecurity=False).hexdigest()
    at_ms = int(at.timestamp() * 1000)
    known = {"device": "phone", "browser": "chrome", "source": "google", **segments}
    return Event(Kind.SERVED, experiment.id, 1, variant, who, at_ms, at_ms, returning=False, **known)
