"""The main database: its engine, its sessions, and everything in which SQLite and PostgreSQL differ.

Verbs take a session and never commit; `transaction` is the one commit, at the edge.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlmodel import Session, create_engine

from experiments.storage import UtcDateTime
from lander.errors import ConfigurationError

__all__ = ["UtcDateTime", "make_engine", "reading", "transaction"]

_EXAMPLES: Final = "sqlite:////srv/lander/lander.db or postgresql+psycopg://user:password@host/lander"


def make_engine(database_url: str) -> Engine:
    """An engine for the address; nothing is connected yet. Raises `ConfigurationError` where it cannot be used.

    SQLite gets WAL, foreign keys and a patient busy timeout. No error of any engine repeats the values of a statement:
    they may be somebody's.
    """
    try:
        url = make_url(database_url)
        return _make_sqlite(url) if url.get_backend_name() == "sqlite" else _make_server(url)
    except (ArgumentError, ValueError):  # a port that is no number is a ValueError
        raise ConfigurationError(
            "LANDER_DATABASE_URL is no address of a database that Lander knows.", fix=f"Write it like {_EXAMPLES}."
        ) from None
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"LANDER_DATABASE_URL needs the Python package {error.name}, which is not installed.",
            fix=f"Install it beside Lander: pip install {error.name}",
        ) from None


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """One unit of work that changes something: everything in it is committed together, or nothing is."""
    with Session(engine, expire_on_commit=False) as session:
        session.connection(execution_options={"writes": True})
        yield session
        session.commit()


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """One consistent look at the database that holds nobody up."""
    with Session(engine, expire_on_commit=False) as session:
        yield session


def _make_sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        folder = Path(url.database).absolute().parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"The database's folder {folder} cannot be made: {error.strerror}.",
                fix="Check LANDER_DATA_DIR and LANDER_DATABASE_URL.",
            ) from None
    engine = create_engine(url, connect_args={"timeout": 30}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_server(url: URL) -> Engine:
    if url.drivername == "postgresql":  # SQLAlchemy would look for psycopg2
        url = url.set(drivername="postgresql+psycopg")
    return create_engine(url, pool_pre_ping=True, hide_parameters=True)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy begins; the driver's own implicit BEGIN would come too late
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE takes the write lock up front: a deferred transaction that upgrades later fails at once instead of waiting
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
