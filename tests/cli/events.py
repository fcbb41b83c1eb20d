"""Events in the database of a terminal: visitors of the first test, in the days before now."""

from datetime import UTC, datetime, timedelta

from experiments import ledger, receipts
from experiments.events import Event
from lander.db import transaction
from tests.cli.conftest import Terminal
from tests.experiments.builders import STARTED, crowd


def come(terminal: Terminal, *crowds: list[Event], days_ago: int = 20) -> None:
    """Bring the crowds home as if the first of them had come so many days ago."""
    begin = datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0) - timedelta(days=days_ago)
    shift_ms = int((begin - STARTED).total_seconds() * 1000)
    with transaction(terminal.engine) as session:
        for events in crowds:
            moved = [
                event._replace(exposed_at_ms=event.exposed_at_ms + shift_ms, at_ms=event.at_ms + shift_ms)
                for event in events
            ]
            ledger.ingest(session, moved)


def pay(terminal: Terminal, variant: str, *amounts_minor: int) -> None:
    """Leads of a variant of the first test are worth this from now on."""
    with transaction(terminal.engine) as session:
        for number, amount in enumerate(amounts_minor):
            receipts.record(
                session,
                experiment_key="spring-sale-1",
                phase=1,
                variant=variant,
                reference=f"{variant} {number}",
                amount_minor=amount,
                simulated=False,
                now=datetime.now(UTC),
            )


__all__ = ["come", "crowd", "pay"]
