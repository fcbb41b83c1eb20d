"""The main database: how SQLite is set up, what a transaction is, and that time keeps its zone."""

import contextlib
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import (
    DatabaseError,
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    StatementError,
)
from sqlmodel import select

from lander.db import is_away, make_engine, make_file, reading, transaction
from lander.errors import ConfigurationError
from lander.pages.models import Page, Site
from tests.patience import PATIENCE_S

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def make_site(host: str = "go.example.com", created_at: datetime = NOON) -> Site:
    return Site(host=host, core_site="www.example.com", timezone="UTC", currency="EUR", created_at=created_at)


def count_sites(engine: Engine) -> int:
    with reading(engine) as session:
        return len(session.exec(select(Site)).all())


def test_sqlite_is_set_up_for_many_readers_and_no_lost_commits(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'deep' / 'lander.db'}")
    make_file(engine)
    with engine.connect() as connection:
        values = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    assert values == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2, "busy_timeout": 30_000}


def test_a_file_that_is_not_there_is_made_only_when_that_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "100% of #1 lander.db"
    engine = make_engine(f"sqlite:///{file}")
    with pytest.raises(OperationalError, match="unable to open"), engine.connect():
        pass
    assert not file.exists()
    make_file(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one() == 0
    assert [found.name for found in tmp_path.glob("*.db")] == [file.name]


def test_what_is_away_or_damaged_is_told_from_a_mistake_in_a_statement() -> None:
    away, ours = [OperationalError, InterfaceError, DatabaseError], [ProgrammingError, IntegrityError, DataError]
    assert [is_away(kind("", None, Exception())) for kind in [*away, *ours]] == [True] * 3 + [False] * 3


def test_a_row_without_its_parent_is_refused(database: Engine) -> None:
    with pytest.raises(IntegrityError), transaction(database) as session:
        session.add(Page(site_id=999, slug="spring-sale", created_at=NOON))


def test_a_transaction_is_all_or_nothing(database: Engine) -> None:
    with transaction(database) as session:
        session.add(make_site())
    with pytest.raises(IntegrityError), transaction(database) as session:
        session.add_all([make_site("go.example.org"), make_site("go.example.com")])  # the second is there already
    assert count_sites(database) == 1


def test_what_was_read_can_be_used_after_the_end(database: Engine) -> None:
    with transaction(database) as session:
        site = make_site()
        session.add(site)
    assert site.host == "go.example.com"


def test_reading_changes_nothing(database: Engine) -> None:
    with contextlib.suppress(DBAPIError), reading(database) as session:  # PostgreSQL says so at once
        session.add(make_site())
        session.flush()
    assert count_sites(database) == 0


def test_a_reader_is_not_held_up_by_a_writer(database: Engine) -> None:
    with transaction(database) as session:
        session.add(make_site())
        session.flush()
        assert count_sites(database) == 0
    assert count_sites(database) == 1


def test_a_second_writer_waits_for_the_first_instead_of_failing(database: Engine) -> None:
    first_has_read = threading.Event()

    def write_second() -> None:
        first_has_read.wait(PATIENCE_S)
        with transaction(database) as session:
            session.add(make_site("go.second.com"))

    second = threading.Thread(target=write_second)
    second.start()
    with transaction(database) as session:
        assert session.exec(select(Site)).all() == []  # reads first, writes later: where SQLite would fail at once
        first_has_read.set()
        second.join(timeout=0.1)
        session.add(make_site("go.first.com"))
    second.join(timeout=PATIENCE_S)
    assert count_sites(database) == 2


def test_a_time_comes_back_in_utc_whatever_its_zone(database: Engine) -> None:
    tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
    with transaction(database) as session:
        session.add(make_site(created_at=tokyo + timedelta(microseconds=7)))
    with reading(database) as session:
        stored = session.exec(select(Site.created_at)).one()
    assert stored == NOON + timedelta(microseconds=7)
    assert stored.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(database: Engine) -> None:
    with pytest.raises(StatementError, match="without a zone"), transaction(database) as session:
        session.add(make_site(created_at=datetime(2026, 11, 21, 12)))  # noqa: DTZ001


def test_an_error_never_repeats_the_values(database: Engine) -> None:
    with pytest.raises(DBAPIError) as caught, transaction(database) as session:
        session.execute(text("INSERT INTO nowhere VALUES (:mail)"), {"mail": "otto@example.com"})
    assert "nowhere" in str(caught.value)
    assert "otto@example.com" not in str(caught.value)


def test_postgresql_is_always_spoken_to_through_psycopg_3() -> None:
    engine = make_engine("postgresql://maya@127.0.0.1/lander")
    assert engine.url.drivername == "postgresql+psycopg"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigurationError, match="file/deep cannot be made: Not a directory"):
        make_engine(f"sqlite:///{tmp_path / 'file' / 'deep' / 'lander.db'}")
