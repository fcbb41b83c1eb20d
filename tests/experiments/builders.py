"""Experiments and events with defaults, for tests that care about one thing at a time."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from experiments import ledger, lifecycle
from experiments.events import Event, Kind
from experiments.models import Experiment
from lander.db import transaction

STARTED = datetime(2026, 11, 2, 9, tzinfo=UTC)
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
STARTED_MS = int(STARTED.timestamp() * 1000)


def start(session: Session, **changes: Any) -> Experiment:
    """Maya starts a test of a against b on page 1, half each, for leads."""
    plan: dict[str, Any] = {
        "page_id": 1,
        "slug_key": "spring-sale",
        "timezone": "Europe/Berlin",
        "control": "a",
        "weights": {"a": 5_000, "b": 5_000},
        "coverage_bp": 10_000,
        "goal": "form",
        "hypothesis": "A shorter headline brings more leads.",
        "actor": "Maya",
        "now": STARTED,
    }
    return lifecycle.start(session, **{**plan, **changes})


def view(visitor: str, **changes: Any) -> Event:
    """A page view of the running experiment, one hour after its start."""
    at = changes.pop("at_ms", STARTED_MS + HOUR_MS)
    event = Event(
        kind=Kind.SERVED,
        experiment_id=1,
        phase=1,
        variant="a",
        visitor=visitor,
        exposed_at_ms=at,
        at_ms=at,
        device="phone",
        browser="chrome",
        source="email",
        returning=False,
    )
    return event._replace(**changes)


def confirm(served: Event) -> Event:
    return served._replace(kind=Kind.CONFIRMED, at_ms=served.exposed_at_ms + 800)


def convert(served: Event, *, after_ms: int = MINUTE_MS, goal: str = "form") -> Event:
    return served._replace(kind=Kind.CONVERSION, goal=goal, at_ms=served.exposed_at_ms + after_ms)


def refuse(served: Event, reason: str) -> Event:
    return served._replace(kind=Kind.FILTERED, reason=reason)


def crowd(
    variant: str, *, served: int, confirmed: int | None = None, conversions: int = 0, days: int = 1, **changes: Any
) -> list[Event]:
    """Visitors of one variant, spread evenly over days; the first ones confirm, and the first ones convert."""
    events = []
    for number in range(served):
        at_ms = STARTED_MS + HOUR_MS + number % days * DAY_MS
        who = hashlib.md5(f"{variant} {changes} {number}".encode(), usedforsecurity=False).hexdigest()
        seen = view(who, variant=variant, at_ms=at_ms, **changes)
        events.append(seen)
        if number < (served if confirmed is None else confirmed):
            events.append(confirm(seen))
        if number < conversions:
            events.append(convert(seen))
    return events


def take_in(engine: Engine, events: list[Event], *, batch: int = 5_000) -> None:
    for at in range(0, len(events), batch):
        with transaction(engine) as session:
            ledger.ingest(session, events[at : at + batch])


def after(**passed: float) -> datetime:
    return STARTED + timedelta(**passed)
