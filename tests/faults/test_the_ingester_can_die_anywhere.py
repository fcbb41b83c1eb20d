"""The ingester may be killed between any two of its statements: nothing is lost, nothing is counted twice.

It is stopped before its 1st, 2nd, 3rd … statement in turn, as kill -9 would: the transaction is gone, the journal is as
it was. Then another one starts over. In the end the ledger must hold what one undisturbed run would have left.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from sqlmodel import SQLModel

import lander.leads.models
import lander.policy.models  # noqa: F401  (their tables)
from experiments import journal, lifecycle
from experiments.events import Event, Kind
from experiments.journal import Durability, Journal, JournalFile, Record
from lander.config import Settings, load_settings
from lander.db import make_engine, transaction
from lander.jobs import Worker

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
MINUTE_MS = 60_000


class Killed(BaseException):
    """Not an Exception: nothing in the product may catch it."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"LANDER_ENV": "development", "LANDER_DATA_DIR": str(tmp_path)})


@pytest.fixture
def engine(settings: Settings) -> Engine:
    engine = make_engine(settings.database_url)
    SQLModel.metadata.create_all(engine)
    with transaction(engine) as session:
        lifecycle.start(
            session, page_id=1, slug_key="offer", timezone="UTC", control="a", weights={"a": 5_000, "b": 5_000},
            coverage_bp=10_000, goal="form", hypothesis="Nothing is lost.", actor="maya", now=NOW,
        )  # fmt: skip
    return engine


def _fill(settings: Settings) -> None:
    """Three visitors, two confirmed, one of them converted and left a lead."""
    own = Journal(settings.journal_dir)
    at = int(NOW.timestamp() * 1000) + MINUTE_MS
    for number, kinds in enumerate([[Kind.SERVED], [Kind.SERVED, Kind.CONFIRMED], list(Kind)[:3]]):
        records = [Record("event", _event(kind, f"{number:032x}", at + number).to_json()) for kind in kinds]
        own.append(records, Durability.ACKNOWLEDGED)
    own.append([Record("lead", _lead(at))], Durability.LEAD)
    own.close()


def _event(kind: Kind, visitor: str, at_ms: int) -> Event:
    return Event(
        kind=kind, experiment_id=1, phase=1, variant="a", visitor=visitor, exposed_at_ms=at_ms, at_ms=at_ms + 1000,
        device="phone", browser="chrome", source="direct", returning=False,
        goal="form" if kind is Kind.CONVERSION else "",
    )  # fmt: skip


def _lead(at_ms: int) -> bytes:
    return (
        b'{"id": "%032x", "page_id": 1, "host": "go.localhost", "path": "/offer", "form": "f1", "variant": "a",'
        b' "experiment_key": "offer-1", "phase": 1, "sealed": "x", "email_index": "", "consent_text": "",'
        b' "consented_at_ms": null, "flags": [], "network": "n", "view": "00", "simulated": false,'
        b' "received_at_ms": %d}' % (7, at_ms)
    )


def _contents(engine: Engine) -> dict[str, list[Any]]:
    queries = {
        "visitor": "SELECT visitor, state FROM visitor ORDER BY visitor",
        "tally": "SELECT * FROM tally ORDER BY variant, goal, day, dimension, level",
        "lead": "SELECT id, flags FROM lead ORDER BY id",
    }
    with engine.connect() as connection:
        return {name: [tuple(row) for row in connection.execute(text(query))] for name, query in queries.items()}


def test_killed_before_each_statement_in_turn_it_loses_and_doubles_nothing(
    settings: Settings, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 0
    deadly = 0
    forget = JournalFile.forget

    def step(*_: Any) -> None:
        nonlocal steps
        steps += 1
        if steps == deadly:
            raise Killed

    def step_and_forget(file: JournalFile, up_to_id: int) -> None:
        step()
        forget(file, up_to_id)
        step()

    event.listen(engine, "before_cursor_execute", step)
    event.listen(engine, "commit", step)
    monkeypatch.setattr(JournalFile, "forget", step_and_forget)
    _fill(settings)
    killed = 0
    while True:
        steps, deadly = 0, deadly + 1
        try:
            Worker(settings, engine).ingest()
        except Killed:
            killed += 1
            engine.dispose()  # its connections die with a process
            continue
        break
    deadly = 0
    found = _contents(engine)
    _fill(settings)  # and all of it once more, as a repeated delivery
    Worker(settings, engine).ingest()

    assert killed > 8
    assert _contents(engine) == found
    assert [len(found[name]) for name in ("visitor", "lead")] == [3, 1]
    total = next(row for row in found["tally"] if row[3] == "" and row[5] == "all")
    assert total[7:10] == (3, 2, 0)
    assert not any(file.read(1) for file in journal.list_journals(settings.journal_dir))
