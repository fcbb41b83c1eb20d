"""The work process: rows leave a journal only after the ledger's commit, and no journal holds up another."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import func, select
from structlog.testing import capture_logs

from experiments import results
from experiments.events import Event
from experiments.journal import Durability, Journal, JournalFile, Record, list_journals
from lander import erasure
from lander.catalog import load_catalog
from lander.config import Settings
from lander.db import reading, transaction
from lander.jobs import Worker
from lander.leads.models import Erasure, Lead
from lander.pages import publish
from lander.pages.missing import list_missing
from lander.unreadable import list_aside, load_aside, put_aside
from lander.vault import Vault
from tests.experiments.builders import after, confirm, convert, crowd, start, view
from tests.leads.builders import make_body
from tests.pages.publishing import FORM, MAYA, NOW, add_page, add_site, make_settings
from tests.patience import PATIENCE_S, wait_until


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def engine(database: Engine) -> Engine:
    """A database with Maya's test in it, on each engine in turn."""
    with transaction(database) as session:
        start(session)
    return database


@pytest.fixture
def worker(settings: Settings, engine: Engine) -> Worker:
    return Worker(settings, engine)


def rows_of(*events: Event) -> list[Record]:
    return [Record("event", event.to_json()) for event in events]


def leave(settings: Settings, *records: Record) -> JournalFile:
    """What a worker that has ended left in its journal."""
    before = set(list_journals(settings.journal_dir))
    journal = Journal(settings.journal_dir)
    journal.append(records, Durability.ACKNOWLEDGED)
    journal.close()
    (file,) = set(list_journals(settings.journal_dir)) - before
    return file


def count(engine: Engine) -> tuple[int, int, int]:
    """Served, confirmed, converted, over both variants."""
    with reading(engine) as session:
        variants = results.report(session, "spring-sale-1", now=after(days=1)).variants
    return (
        sum(item.served for item in variants),
        sum(item.confirmed for item in variants),
        sum(item.conversions for item in variants),
    )


def count_leads(engine: Engine) -> int:
    with reading(engine) as session:
        return session.exec(select(func.count()).select_from(Lead)).one()


@contextmanager
def broken_ledger(engine: Engine) -> Iterator[None]:
    """A database that answers, but takes no visitor in."""
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE visitor RENAME TO gone")
    yield
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO visitor")


def test_events_and_leads_come_home(settings: Settings, engine: Engine, worker: Worker) -> None:
    seen = view("1" * 32)
    leave(settings, *rows_of(seen, confirm(seen), convert(seen)), Record("lead", make_body(1)))
    assert worker.ingest() == 4
    assert count(engine) == (1, 1, 1)
    assert count_leads(engine) == 1
    assert worker.progress.as_json() == {"events": 3, "leads": 1, "deployments": 0, "dropped": {}, "filtered": {}}


def test_what_was_asked_for_in_vain_comes_home(settings: Settings, engine: Engine, worker: Worker) -> None:
    with transaction(engine) as session:
        site = add_site(session, "go.localhost")
    row = b'{"host": "go.localhost", "path": "/old", "referrer": "", "at_ms": 1763715600000}'
    leave(settings, Record("missing", row), Record("missing", b"{"), Record("lead", make_body(1)))
    with capture_logs() as logs:
        assert worker.ingest() == 3
    assert [(entry["event"], entry["rows"]) for entry in logs] == [
        ("rows of the 404 log cannot be read and are dropped", 1)
    ]
    with reading(engine) as session:
        assert [(item.path, item.hits) for item in list_missing(session, site)] == [("/old", 1)]
    assert count_leads(engine) == 1


def test_more_rows_than_fit_in_one_batch_come_home(settings: Settings, engine: Engine, worker: Worker) -> None:
    leave(settings, *rows_of(*crowd("a", served=1_500, conversions=30)))
    assert worker.ingest() == 3_030
    assert count(engine) == (1_500, 1_500, 30)


def test_rows_stay_while_the_ledger_fails_and_come_home_once(
    settings: Settings, engine: Engine, worker: Worker
) -> None:
    file = leave(settings, Record("lead", make_body(1)), *rows_of(view("1" * 32)))
    with broken_ledger(engine), capture_logs():
        for _ in range(3):
            assert worker.ingest() == 0
        assert len(file.read(10)) == 2
        assert count_leads(engine) == 0
        assert worker.progress.events == 0
    assert worker.ingest() == 2
    assert worker.ingest() == 0
    assert (count(engine), count_leads(engine)) == ((1, 0, 0), 1)


def test_rows_that_were_committed_but_not_forgotten_count_once(
    settings: Settings, engine: Engine, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(self: JournalFile, up_to_id: int) -> None:
        raise OSError("the process was killed here")

    seen = view("1" * 32)
    leave(settings, Record("lead", make_body(1)), *rows_of(seen, confirm(seen), convert(seen)))
    with monkeypatch.context() as patched, capture_logs():
        patched.setattr(JournalFile, "forget", die)
        assert worker.ingest() == 0
    assert worker.ingest() == 4
    assert (count(engine), count_leads(engine)) == ((1, 1, 1), 1)


def test_a_damaged_journal_holds_up_no_other_and_is_logged_once(
    settings: Settings, engine: Engine, worker: Worker
) -> None:
    leave(settings, *rows_of(view("1" * 32)))
    leave(settings, *rows_of(view("2" * 32)))
    damaged = settings.journal_dir / "0-damaged.db"  # the first one to be looked at
    damaged.write_bytes(b"this was a journal once" * 100)
    with capture_logs() as said:
        for _ in range(5):
            worker.ingest()
    assert count(engine) == (2, 0, 0)
    assert [(entry["log_level"], entry["step"]) for entry in said] == [("error", "0-damaged.db")]
    assert damaged.exists()


def test_it_is_said_when_it_works_again(settings: Settings, engine: Engine, worker: Worker) -> None:
    file = leave(settings, *rows_of(view("1" * 32)))
    with capture_logs() as said:
        with broken_ledger(engine):
            worker.ingest()
            worker.ingest()
        worker.ingest()
        worker.ingest()
    assert [(entry["event"], entry["step"]) for entry in said] == [
        ("step fails, will be tried again", file.path.name),
        ("step works again", file.path.name),
    ]


def test_events_of_an_unknown_experiment_are_dropped_with_their_reason(
    settings: Settings, engine: Engine, worker: Worker
) -> None:
    leave(settings, *rows_of(view("1" * 32, experiment_id=99), view("2" * 32)))
    worker.ingest()
    assert worker.progress.dropped == {"unknown-experiment": 1}


@pytest.mark.parametrize(
    "odd",
    [Record("lead", b"\xff{}"), Record("order", b"{}"), Record("event", b"\xff"), Record("event", b'{"later":1}')],
    ids=["unreadable lead", "unknown kind", "unreadable event", "event of a newer node"],
)
def test_what_cannot_be_read_is_put_aside_and_holds_up_nobody(
    settings: Settings, engine: Engine, worker: Worker, odd: Record
) -> None:
    kept = leave(settings, Record("lead", make_body(1)), odd, Record("lead", make_body(2)), *rows_of(view("1" * 32)))
    with capture_logs() as said:
        worker.ingest()
        worker.ingest()
    assert (count(engine), count_leads(engine)) == ((1, 0, 0), 2)
    assert not kept.path.exists()
    (aside,) = list_aside(settings.unreadable_dir)
    assert load_aside(aside) == odd
    assert [(entry["kind"], entry["file"]) for entry in said] == [(odd.kind, aside.name)]
    assert worker.progress.leads == 2


def test_a_row_is_put_aside_before_its_journal_forgets_it(
    settings: Settings, engine: Engine, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path, record: Record) -> Path:
        raise OSError("the disk is full")

    rows = [Record("lead", b"{}"), Record("lead", make_body(1))]
    kept = leave(settings, *rows)
    with monkeypatch.context() as patched, capture_logs():
        patched.setattr("lander.jobs.unreadable.put_aside", refuse)
        worker.ingest()
    assert [Record(kind, body) for _, kind, body in kept.read(10)] == rows
    with capture_logs():
        worker.ingest()
    assert (len(list_aside(settings.unreadable_dir)), count_leads(engine)) == (1, 1)


def test_what_another_version_put_aside_comes_home_as_far_as_it_can_be_read(
    settings: Settings, engine: Engine, worker: Worker
) -> None:
    leave(settings, Record("order", b"{}"), Record("lead", b"{}"))
    with capture_logs():
        worker.ingest()
    for row in (Record("lead", make_body(1)), *rows_of(view("1" * 32))):
        put_aside(settings.unreadable_dir, row)
    (settings.unreadable_dir / "0.json").write_text("damaged")
    with capture_logs():
        assert worker.retry_unreadable() == 2
        assert worker.retry_unreadable() == 0
    assert (count(engine), count_leads(engine)) == ((1, 0, 0), 1)
    assert worker.progress.leads == 1
    assert len(list_aside(settings.unreadable_dir)) == 3


def test_an_empty_journal_goes_with_its_worker(settings: Settings, worker: Worker) -> None:
    leave(settings, *rows_of(view("1" * 32)))
    alive = Journal(settings.journal_dir)
    alive.append(rows_of(view("2" * 32)), Durability.ACKNOWLEDGED)
    worker.ingest()
    (left,) = list_journals(settings.journal_dir)
    assert left.read(1) == []
    alive.close()
    worker.ingest()
    assert list(settings.journal_dir.iterdir()) == []


def test_what_was_published_becomes_visible(settings: Settings, engine: Engine, worker: Worker) -> None:
    assert worker.deploy() == 1  # the first time, an empty catalog
    with transaction(engine) as session:
        page = add_page(session, add_site(session), {"a": FORM})
        publish.publish(session, settings, page, actor=MAYA, now=NOW)
    assert worker.deploy() == 1
    assert list(load_catalog(settings.published_dir).routes) == [("go.example.com", "/spring-sale")]
    assert worker.deploy() == 0
    assert worker.progress.deployments == 2


def test_a_disk_that_refuses_releases_does_not_hold_up_events(
    settings: Settings, engine: Engine, worker: Worker
) -> None:
    settings.published_dir.write_text("a file where the folder should be")
    leave(settings, *rows_of(view("1" * 32)))
    with capture_logs() as said:
        assert worker.deploy() == worker.deploy() == 0
        worker.ingest()
    assert [entry["step"] for entry in said] == ["deploy"]
    assert count(engine) == (1, 0, 0)


def test_it_works_until_it_is_told_to_stop_and_then_once_more(
    settings: Settings, engine: Engine, worker: Worker
) -> None:
    stop = threading.Event()
    running = threading.Thread(target=worker.run, args=(stop,))
    running.start()
    leave(settings, *rows_of(view("1" * 32)))
    wait_until(lambda: worker.progress.events, "the event does not come home")
    assert count(engine) == (1, 0, 0)
    assert load_catalog(settings.published_dir).routes == {}
    stop.set()
    running.join(timeout=PATIENCE_S)
    assert not running.is_alive()
    leave(settings, *rows_of(view("2" * 32)))
    worker.run(stop)  # told to stop already: brings home what is there
    assert count(engine) == (2, 0, 0)


def test_it_outlives_a_database_that_is_away(settings: Settings, engine: Engine, worker: Worker) -> None:
    leave(settings, *rows_of(view("1" * 32)))
    stop = threading.Event()
    with capture_logs():
        with broken_ledger(engine):
            running = threading.Thread(target=worker.run, args=(stop,))
            running.start()
            wait_until(lambda: worker._failing, "nothing fails")
        wait_until(lambda: worker.progress.events, "the event does not come home")
        stop.set()
        running.join(timeout=PATIENCE_S)
    assert count(engine) == (1, 0, 0)


def test_who_was_erased_before_a_backup_was_taken_back_is_erased_again(
    worker: Worker, settings: Settings, engine: Engine
) -> None:
    with transaction(engine) as session:
        erasure.erase_person(session, settings, "otto7@example.com", actor="Ivan", now=datetime.now(UTC))
    erasure.write_list(engine, settings)
    with transaction(engine) as session:
        for item in session.exec(select(Erasure)):
            session.delete(item)
    leave(
        settings, Record("lead", make_body(7, email_index=Vault(settings.secret_keys).blind_index("otto7@example.com")))
    )
    worker.ingest()
    assert count_leads(engine) == 1
    assert worker.erase_again() == 1
    assert (count_leads(engine), worker.erase_again()) == (0, 0)


def test_leads_that_may_be_of_somebody_who_was_erased_are_in_the_log(
    worker: Worker, settings: Settings, engine: Engine
) -> None:
    erased = Erasure(email_index="index", at=datetime.now(UTC), by="Ivan").model_dump(mode="json")
    row = [erased["at"], erased["email_index"], erased["by"], 0]
    (settings.data_dir / erasure.FILE).write_text(json.dumps({"format": 1, "erasures": [row]}))
    leave(settings, Record("lead", make_body(7, sealed="unreadable")))
    worker.ingest()
    with capture_logs() as logs:
        assert worker.erase_again() == 0
    assert [(entry["log_level"], entry["leads"]) for entry in logs] == [("warning", 1)]


def test_a_list_of_erased_people_that_cannot_be_read_holds_up_nothing_else(
    worker: Worker, settings: Settings, engine: Engine
) -> None:
    (settings.data_dir / erasure.FILE).write_text("damaged")
    leave(settings, Record("lead", make_body(7)))
    with capture_logs() as logs:
        assert worker.erase_again() == 0
        assert worker.ingest() == 1
    assert [entry["step"] for entry in logs if entry["log_level"] == "error"] == ["erasures"]
