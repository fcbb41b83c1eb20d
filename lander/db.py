"""The main database: its engine, its sessions, and everything in which SQLite and PostgreSQL differ.

Verbs take a session and never commit; `transaction` is the one commit, at the edge. A verb may look before it writes:
SQLite has one writer at a time, and on PostgreSQL `transaction` waits for its turn, so nothing changes in between.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlmodel import Session, create_engine

from experiments.storage import UtcDateTime
from lander.errors import ConfigurationError

__all__ = [
    "UtcDateTime",
    "afterwards",
    "alone",
    "ingestion",
    "is_away",
    "is_damaged",
    "is_missing",
    "make_engine",
    "make_file",
    "name_engine",
    "reading",
    "take_turn",
    "transaction",
]

# a PostgreSQL that has gone without a word is noticed after half a minute; the address may say otherwise
_PATIENCE: Final = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
}
# a node that has gone gives its locks back after a minute, and waiting for them has an end, as on SQLite
_MANNERS: Final = "SET lock_timeout = '30s'; SET idle_in_transaction_session_timeout = '60s'"
_SNAPSHOT: Final = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_TURN: Final = text("SELECT pg_advisory_xact_lock(hashtext(:what))")
_AFTERWARDS: Final = "afterwards"
_EXAMPLES: Final = "sqlite:////srv/lander/lander.db or postgresql+psycopg://user:password@host/lander"


def make_engine(database_url: str) -> Engine:
    """An engine for the address; nothing is connected yet. Raises `ConfigurationError` where it cannot be used.

    SQLite gets WAL, foreign keys and a patient busy timeout, and makes no file that is not there (`make_file` does). No
    error of any engine repeats the values of a statement: they may be somebody's.
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
    """One unit of work that changes something: everything in it is committed together, or nothing is.

    Those of all nodes come one after the other, and each sees what the one before has done.
    """
    with ingestion(engine) as session:
        take_turn(session, "transaction")
        yield session


@contextmanager
def ingestion(engine: Engine) -> Iterator[Session]:
    """A unit of work beside the others, for verbs that lock what they change: events come in while Maya imports."""
    with Session(engine, expire_on_commit=False) as session:
        session.connection(execution_options={"writes": True})
        yield session
        session.commit()
    for work in session.info.pop(_AFTERWARDS, ()):
        work()


def afterwards(session: Session, work: Callable[[], None]) -> None:
    """Have something slow done by whoever commits this session, once it is over and the writer is free.

    It must be work that may also be left undone, or done by somebody else later: a process can end in between.
    """
    session.info.setdefault(_AFTERWARDS, []).append(work)


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """One consistent look at the database that holds nobody up and changes nothing."""
    with Session(engine, expire_on_commit=False) as session:
        if _is_server(engine):
            session.connection(execution_options=_SNAPSHOT)
        yield session


def take_turn(session: Session, what: str) -> None:
    """Wait for any other transaction that took this turn; it is over with this one. SQLite has one writer anyway."""
    if _is_server(session.get_bind().engine):
        session.execute(_TURN, {"what": f"lander {what}"})


@contextmanager
def alone(connection: Connection, what: str) -> Iterator[None]:
    """Do what takes several transactions while nobody else does the same."""
    if not _is_server(connection.engine):
        yield
        return
    key = {"what": f"lander {what}"}
    connection.execute(text("SELECT pg_advisory_lock(hashtext(:what))"), key)
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(hashtext(:what))"), key)
        connection.commit()


def name_engine(engine: Engine) -> str:
    """What it is, in words, once it has been connected: "PostgreSQL 18.4"."""
    name = "PostgreSQL" if _is_server(engine) else "SQLite"
    return f"{name} {'.'.join(map(str, engine.dialect.server_version_info or ()))}".rstrip()


def is_missing(engine: Engine) -> bool:
    """Whether this is a file of SQLite that is not there."""
    file = _find_file(engine.url)
    return file is not None and not file.exists()


def make_file(engine: Engine) -> None:
    """Make the empty file that SQLite begins with; a database of PostgreSQL is made by whoever runs that."""
    file = _find_file(engine.url)
    if file is not None:
        file.touch(mode=0o644)  # as SQLite itself would


def is_away(error: DBAPIError) -> bool:
    """Whether the database is away or damaged; anything else is a mistake in what we asked of it."""
    return is_damaged(error) or isinstance(error, OperationalError | InterfaceError)


def is_damaged(error: DBAPIError) -> bool:
    """Whether SQLite cannot read its own file."""
    return type(error) is DatabaseError  # it has no narrower class for that


def _find_file(url: URL) -> Path | None:
    """The file of SQLite; None for a database of a server or in memory, and for an address that SQLite itself reads."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:") or "uri" in url.query:
        return None
    return Path(url.database).absolute()


def _make_sqlite(url: URL) -> Engine:
    file = _find_file(url)
    if file is not None:
        folder = file.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"The database's folder {folder} cannot be made: {error.strerror}.",
                fix="Check LANDER_DATA_DIR and LANDER_DATABASE_URL.",
            ) from None
    engine = create_engine(url, connect_args={"timeout": 30}, hide_parameters=True)
    if file is not None:
        # else SQLite makes what is not there, and an empty database would pass for the one that was lost
        address = f"{file.as_uri()}?mode=rw"

        def connect(dialect: Any, _record: Any, _arguments: Any, options: dict[str, Any]) -> Any:
            return dialect.connect(address, **{**options, "uri": True})

        event.listen(engine, "do_connect", connect)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_server(url: URL) -> Engine:
    if url.drivername == "postgresql":  # SQLAlchemy would look for psycopg2
        url = url.set(drivername="postgresql+psycopg")
    patience = {name: value for name, value in _PATIENCE.items() if name not in url.query}
    engine = create_engine(
        url,
        connect_args=patience,
        pool_size=4,  # a worker has eight threads, and few are ever in the studio at once
        max_overflow=8,
        pool_timeout=10,
        pool_pre_ping=True,  # a database that was restarted costs nobody an error
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare_server)
    return engine


def _is_server(engine: Engine) -> bool:
    return engine.dialect.name == "postgresql"


def _prepare_server(connection: Any, _record: Any) -> None:
    connection.execute(_MANNERS)
    connection.commit()


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
