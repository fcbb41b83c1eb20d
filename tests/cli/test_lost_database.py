"""The database's file is gone, empty, damaged or of another version: nothing makes another one in its place unasked."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from lander.jobs import Worker
from tests.cli.conftest import Terminal

LOOKING = [("page", "list"), ("doctor",), ("serve",), ("work",)]


@pytest.fixture
def serving(terminal: Terminal) -> Terminal:
    """With a page on this node's disk."""
    terminal.publish_page()
    Worker(terminal.settings, terminal.engine).deploy()
    return terminal


def lose(terminal: Terminal, *, empty: bool = False) -> None:
    for file in terminal.data_dir.glob("lander.db*"):
        file.unlink()
    if empty:
        (terminal.data_dir / "lander.db").touch()


@pytest.mark.parametrize("arguments", LOOKING)
def test_nothing_but_migrate_makes_a_database(bare_terminal: Terminal, arguments: tuple[str, ...]) -> None:
    done = bare_terminal.run(*arguments)
    assert "Run: lander migrate" in done.out + done.err
    assert not (bare_terminal.data_dir / "lander.db").exists()


@pytest.mark.parametrize("empty", [False, True])
@pytest.mark.parametrize("arguments", [("page", "list"), ("migrate",)])
def test_a_database_that_is_lost_is_to_be_restored(
    serving: Terminal, arguments: tuple[str, ...], *, empty: bool
) -> None:
    lose(serving, empty=empty)
    reason = serving.refused(*arguments)
    assert reason.startswith(
        f"The database {serving.data_dir}/lander.db is missing or empty, though this node serves go.localhost. "
        "Restore its backup."
    )
    assert (serving.data_dir / "lander.db").exists() == empty


def test_doctor_says_the_same(serving: Terminal) -> None:
    lose(serving)
    done = serving.run("doctor")
    assert "BAD  database: The database " in done.out
    assert "Restore its backup." in done.out
    assert "lander migrate" not in done.out


def test_a_damaged_catalog_is_of_something_that_was_served(serving: Terminal) -> None:
    lose(serving)
    (serving.settings.published_dir / "catalog.json").write_text("{")
    assert "Restore its backup." in serving.refused("migrate")


def test_who_wants_to_begin_anew_moves_away_what_is_served(serving: Terminal) -> None:
    lose(serving)
    shutil.move(serving.settings.published_dir, serving.folder / "published before")
    serving.ok("migrate")
    assert serving.ok("page", "list") == []


def test_a_database_of_a_newer_version_names_the_way_on_at_once(serving: Terminal) -> None:
    with serving.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    reason = "The database has schema 9999, of a newer Lander. Run the version of Lander that made it, or a newer one."
    for arguments in [("page", "list"), ("serve",), ("work",)]:
        assert serving.refused(*arguments) == reason
    assert f"BAD  database: {reason}" in serving.run("doctor").out


@pytest.mark.parametrize("arguments", [("migrate",), ("page", "list")])
def test_a_damaged_database_is_one_clear_line(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    lose(terminal)
    (terminal.data_dir / "lander.db").write_bytes(bytes(range(1, 256)) * 100)
    assert terminal.refused(*arguments) == (
        "The database cannot be used: file is not a database. Look at it with: lander doctor"
    )


def test_damage_that_shows_on_the_way_is_one_clear_line(terminal: Terminal) -> None:
    terminal.import_page()
    file = terminal.data_dir / "lander.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (place,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'page'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    content = bytearray(file.read_bytes())
    content[(place - 1) * size : place * size] = b"\xff" * size
    file.write_bytes(content)
    assert terminal.refused("page", "list").startswith("The database cannot be used: database disk image is malformed.")
