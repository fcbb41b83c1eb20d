"""A machine that is not ready: settings, database, folder. Each is one line with what to do, for every command."""

import sys

import pytest

from lander.migrations import current_revision
from tests.cli.conftest import Terminal


def test_a_setting_that_is_not_one_is_named(terminal: Terminal) -> None:
    terminal.set("LANDER_FOO", "1")
    assert terminal.refused("page", "list").startswith("LANDER_FOO is not a setting.")


def test_a_weak_secret_is_refused_in_production(terminal: Terminal) -> None:
    terminal.set("LANDER_ENV", "production")
    assert "LANDER_SECRET_KEYS" in terminal.refused("page", "list")


@pytest.mark.parametrize(
    "arguments",
    [
        ("page", "list"),
        ("report", "--site", "go.localhost", "--slug", "x"),
        ("tallies", "rebuild"),
        ("site", "add", "go.localhost", "--core-site", "www.localhost"),
        ("serve",),
        ("work",),
    ],
)
def test_a_database_that_was_not_migrated_says_so(bare_terminal: Terminal, arguments: tuple[str, ...]) -> None:
    expected = "The database is not at this version's schema. Run: lander migrate"
    assert bare_terminal.refused(*arguments) == expected


def test_a_database_of_a_newer_version_is_left_alone(terminal: Terminal) -> None:
    with terminal.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert "schema" in terminal.refused("page", "list")
    assert "a schema that this version does not know" in terminal.refused("migrate")


@pytest.mark.parametrize(
    "address", ["nonsense", "oracle://host/x", "mongodb://host/x", "postgresql://host:port/x", "sqlite:///x?timeout=y"]
)
def test_an_address_that_is_none_is_refused(terminal: Terminal, address: str) -> None:
    terminal.set("LANDER_DATABASE_URL", address)
    reason = terminal.refused("page", "list")
    assert "LANDER_DATABASE_URL" in reason


def test_a_missing_driver_is_named(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    terminal.set("LANDER_DATABASE_URL", "postgresql+psycopg://maya:secret@127.0.0.1/lander")
    reason = terminal.refused("page", "list")
    assert reason == (
        "LANDER_DATABASE_URL needs the Python package psycopg, which is not installed. "
        "Install it beside Lander: pip install psycopg"
    )


def test_a_database_that_is_away_is_unavailable_and_its_password_stays_secret(terminal: Terminal) -> None:
    pytest.importorskip("psycopg")
    terminal.set("LANDER_DATABASE_URL", "postgresql://maya:very-secret@127.0.0.1:1/lander")
    done = terminal.run("page", "list")
    assert done.status == 1
    assert done.err.startswith("lander: The database cannot be used: ")
    assert "very-secret" not in done.err
    assert len(done.err.splitlines()) == 1


def test_a_file_that_is_no_database_is_unavailable(terminal: Terminal) -> None:
    file = terminal.write("notes.txt", "This is no database. " * 100)
    terminal.set("LANDER_DATABASE_URL", f"sqlite:///{file}")
    assert "file is not a database" in terminal.refused("page", "list")


@pytest.mark.parametrize("arguments", [("page", "list"), ("migrate",), ("serve",), ("work",)])
def test_a_folder_that_cannot_be_made_is_named(bare_terminal: Terminal, arguments: tuple[str, ...]) -> None:
    file = bare_terminal.write("file", "in the way")
    bare_terminal.set("LANDER_DATA_DIR", f"{file}/var")
    reason = bare_terminal.refused(*arguments)
    assert file in reason
    assert "LANDER_DATA_DIR" in reason


def test_a_database_that_fails_on_the_way_is_unavailable(terminal: Terminal) -> None:
    with terminal.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE site")
    assert terminal.refused("page", "list").startswith("The database cannot be used: no such table: site.")


def test_migrate_makes_the_database_and_says_so(bare_terminal: Terminal) -> None:
    said = bare_terminal.read("migrate")
    newest = current_revision(bare_terminal.engine)
    assert said == f"The database is at schema {newest} (from empty).\n"
    assert bare_terminal.ok("migrate") == {"before": newest, "after": newest}
    assert bare_terminal.read("migrate").endswith("(already there).\n")
    assert bare_terminal.ok("page", "list") == []


def test_another_address_is_another_database(bare_terminal: Terminal) -> None:
    elsewhere = bare_terminal.folder / "deep" / "down" / "other.db"
    bare_terminal.set("LANDER_DATABASE_URL", f"sqlite:///{elsewhere}")
    bare_terminal.ok("migrate")
    assert elsewhere.exists()
    assert not (bare_terminal.data_dir / "lander.db").exists()
