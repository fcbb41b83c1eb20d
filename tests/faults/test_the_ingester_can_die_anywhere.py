"""The ingester may be killed between any two of its statements: nothing is lost, nothing is counted twice.

It is stopped before its 1st, 2nd, 3rd … statement in turn, as kill -9 would: the transaction is gone, the journal is as
it was. Then another one starts over. In the end the ledger must hold what one undisturbed run would have left.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from experiments import journal, lifecycle
from experiments.events import Event, Kind
from experiments.journal import Durability, Journal, JournalFile, Record
from lander import jobs
from lander.config import Settings, load_settings
from lander.db import transaction
from lander.jobs import Worker

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
MINUTE_MS = 60_000
AT_MS = int(NOW.timestamp() * 1000) + MINUTE_MS


class Killed(BaseException):
    """Not an Exception: nothing in the product may catch it."""


class Fate:
    """Counts the steps of an ingester, and ends it before the one that is deadly."""

    def __init__(self) -> None:
        self.steps = 0
        self.deadly: int | None = None

    def step(self, *_: Any) -> None:
        self.steps += 1
        if self.steps == self.deadly:
            raise Killed

    def around(self, verb: Callable[..., Any]) -> Callable[..., Any]:
        """The verb, with a step before it and one after it."""

        def fated(*arguments: Any, **named: Any) -> Any:
            self.step()
            done = verb(*arguments, **named)
            self.step()
            return done

        return fated


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"LANDER_ENV": "development", "LANDER_DATA_DIR": str(tmp_path)})


@pytest.fixture
def engine(database: Engine) -> Engine:
    with transaction(database) as session:
        lifecycle.start(
            session, page_id=1, slug_key="offer", timezone="UTC", control="a", weights={"a": 5_000, "b": 5_000},
            coverage_bp=10_000, goal="form", hypothesis="Nothing is lost.", actor="maya", now=NOW,
        )  # fmt: skip
    return database


@pytest.fixture
def fate(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fate]:
    """Every statement and every commit in the database, and everything that is done to a journal, is a step."""
    fate = Fate()
    event.listen(engine, "before_cursor_execute", fate.step)
    event.listen(engine, "commit", fate.step)
    for name in ("read", "forget", "remove_if_dead_and_empty"):
        monkeypatch.setattr(JournalFile, name, fate.around(getattr(JournalFile, name)))
    monkeypatch.setattr(Path, "unlink", fate.around(Path.unlink))
    yield fate
    event.remove(engine, "before_cursor_execute", fate.step)
    event.remove(engine, "commit", fate.step)


def events() -> list[Record]:
    """Three visitors, two of them confirmed, one of whom converted."""
    stories = [[Kind.SERVED], [Kind.SERVED, Kind.CONFIRMED], [Kind.SERVED, Kind.CONFIRMED, Kind.CONVERSION]]
    return [
        Record("event", make_event(kind, f"{number:032x}", AT_MS + number).to_json())
        for number, kinds in enumerate(stories)
        for kind in kinds
    ]


def leads() -> list[Record]:
    """Three, two of which came from one view, so that one is flagged afterwards."""
    return [Record("lead", make_lead(number, view=f"{number // 2:02x}")) for number in range(3)]


def make_event(kind: Kind, visitor: str, at_ms: int) -> Event:
    return Event(
        kind=kind, experiment_id=1, phase=1, variant="a", visitor=visitor, exposed_at_ms=at_ms, at_ms=at_ms + 1000,
        device="phone", browser="chrome", source="direct", returning=False,
        goal="form" if kind is Kind.CONVERSION else "",
    )  # fmt: skip


def make_lead(number: int, *, view: str) -> bytes:
    return (
        b'{"id": "%032x", "page_id": 1, "host": "go.localhost", "path": "/offer", "form": "f1", "variant": "a",'
        b' "experiment_key": "offer-1", "phase": 1, "sealed": "x", "email_index": "", "consent_text": "",'
        b' "consented_at_ms": null, "flags": [], "network": "n", "view": "%b", "simulated": false,'
        b' "received_at_ms": %d}' % (number, view.encode(), AT_MS + number)
    )


def fill(settings: Settings, records: list[Record]) -> None:
    """What a worker that has gone since left behind."""
    own = Journal(settings.journal_dir)
    own.append(records, Durability.LEAD)
    own.close()


def contents(engine: Engine) -> dict[str, list[Any]]:
    queries = {
        "visitor": "SELECT visitor, state FROM visitor ORDER BY visitor",
        "tally": "SELECT * FROM tally ORDER BY variant, goal, day, dimension, level",
        "lead": "SELECT id, flags FROM lead ORDER BY id",
    }
    with engine.connect() as connection:
        return {name: [tuple(row) for row in connection.execute(text(query))] for name, query in queries.items()}


def empty(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in ("visitor", "tally", "lead"):
            connection.execute(text(f"DELETE FROM {table}"))


@pytest.mark.parametrize("batch", [3, 2_000], ids=["batches of events, batch of leads", "one batch of both"])
def test_killed_before_each_statement_in_turn_it_loses_and_doubles_nothing(
    settings: Settings, engine: Engine, fate: Fate, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_BATCH", batch)

    def bring_home(*, deadly: int | None = None) -> None:
        fate.steps, fate.deadly = 0, deadly
        try:
            Worker(settings, engine).ingest()
        finally:
            fate.deadly = None

    fill(settings, events() + leads())
    bring_home()
    undisturbed = contents(engine)
    killed = 0
    while True:
        empty(engine)
        fill(settings, events() + leads())
        try:
            bring_home(deadly=killed + 1)
        except Killed:
            killed += 1
        else:
            break
        engine.dispose()  # its connections die with a process
        bring_home()
        assert contents(engine) == undisturbed, f"killed before step {killed}"
        assert not any(file.count() for file in journal.list_journals(settings.journal_dir))
    print(f"killed before each of {killed} steps")
    assert killed > 20
    assert contents(engine) == undisturbed

    fill(settings, events() + leads())  # and all of it once more, as a repeated delivery
    bring_home()
    assert contents(engine) == undisturbed


def test_undisturbed_it_leaves_what_was_sent(settings: Settings, engine: Engine) -> None:
    """The other test compares with this."""
    fill(settings, events() + leads())
    Worker(settings, engine).ingest()
    found = contents(engine)
    assert [len(found[name]) for name in ("visitor", "lead")] == [3, 3]
    with engine.connect() as connection:
        whole = "SELECT goal, served, confirmed, conversions FROM tally WHERE dimension = 'all' ORDER BY goal"
        assert [tuple(row) for row in connection.execute(text(whole))] == [("", 3, 2, 0), ("form", 0, 0, 1)]
        flagged = "SELECT id FROM lead WHERE CAST(flags AS TEXT) LIKE '%repeated-token%'"
        assert [int(row[0], 16) for row in connection.execute(text(flagged))] == [1]
