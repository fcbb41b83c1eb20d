"""The work process looks at every test once a day, and keeps what it saw."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from experiments import lifecycle, looks, results
from experiments.journal import Durability, Journal, Record, list_journals
from experiments.models import Occasion
from experiments.seen import Seen
from lander.db import reading, transaction
from lander.jobs import Worker
from lander.unreadable import list_aside
from tests.experiments.builders import crowd, start, take_in
from tests.pages.publishing import make_settings

NOW = datetime.now(UTC)


@pytest.fixture
def worker(tmp_path: Path, database: Engine) -> Worker:
    with transaction(database) as session:
        start(session, now=NOW - timedelta(days=3))
    take_in(database, crowd("a", served=20, conversions=2) + crowd("b", served=20, conversions=3))
    return Worker(make_settings(tmp_path), database)


def seen(engine: Engine) -> list[Seen]:
    with reading(engine) as session:
        return looks.list_looks(session, lifecycle.load(session, "spring-sale-1"), 1, until=datetime.now(UTC))


def test_a_running_test_is_looked_at_once_a_day(worker: Worker, database: Engine) -> None:
    assert worker.look_at_tests() == 1
    assert worker.look_at_tests() == 0
    (look,) = seen(database)
    assert (look.by, look.occasion, look.action) == (looks.WORK_PROCESS, Occasion.DAILY, "continue")
    assert [(item.key, item.confirmed, item.conversions) for item in look.variants] == [("a", 20, 2), ("b", 20, 3)]


def test_an_ended_test_is_looked_at_once_more_in_the_end(worker: Worker, database: Engine) -> None:
    worker.look_at_tests()
    with transaction(database) as session:
        experiment = lifecycle.load(session, "spring-sale-1")
        lifecycle.stop(session, experiment, reason="Enough.", actor="Maya", now=datetime.now(UTC))
    with reading(database) as session:
        assert looks.list_due(session, now=datetime.now(UTC)) == ["spring-sale-1"]


def test_a_decision_is_the_last_look_that_an_ended_test_needs(worker: Worker, database: Engine) -> None:
    with transaction(database) as session:
        now = datetime.now(UTC)
        report = results.report(session, "spring-sale-1", now=now)
        looks.store(session, [looks.take(report, by="Maya", occasion=Occasion.DECISION)])
        lifecycle.stop(session, lifecycle.load(session, "spring-sale-1"), reason="Enough.", actor="Maya", now=now)
    assert worker.look_at_tests() == 0


def test_a_look_that_came_by_the_journal_is_stored_and_a_broken_one_put_aside(
    worker: Worker, database: Engine, tmp_path: Path
) -> None:
    settings = make_settings(tmp_path)
    with reading(database) as session:
        report = results.report(session, "spring-sale-1", now=NOW)
    look = looks.take(report, by="Ana", occasion=Occasion.OPENED)
    journal = Journal(settings.journal_dir)
    journal.append([Record("look", look.to_journal()), Record("look", b'{"by": 1}')], Durability.ACKNOWLEDGED)
    journal.close()
    assert worker.ingest() == 2
    assert seen(database) == [look]
    assert len(list_aside(settings.unreadable_dir)) == 1
    assert not [row for file in list_journals(settings.journal_dir) for row in file.read(10)]
