"""A terminal: commands as typed, in this process, on a database and a data folder of their own."""

import io
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from lander.cli import main
from lander.config import Settings, load_settings
from lander.db import make_engine

HOST = "go.localhost"
PAGE = """<!doctype html>
<html lang="en"><head><title>Spring sale</title></head>
<body><h1>{headline}</h1><a id="more" href="#top">More</a>
<form><label>E-mail <input name="email" type="email" required></label><button>Go</button></form></body></html>
"""
OTHER_HOSTS_SCRIPT = """<!doctype html>
<html lang="en"><head><title>Sale</title>
<script src="https://cdn.example.net/x.js"></script></head><body><p>Hello</p></body></html>
"""


@dataclass(frozen=True, slots=True)
class Done:
    """What a command left behind."""

    status: int
    out: str
    err: str


class Terminal:
    """Types commands."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data_dir: Path
    ) -> None:
        self.folder = folder
        self.data_dir = data_dir
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    @property
    def settings(self) -> Settings:
        return load_settings()

    @property
    def engine(self) -> Engine:
        return make_engine(self.settings.database_url)

    def set(self, name: str, value: str) -> None:
        """An environment variable for what is typed from now on."""
        self._monkeypatch.setenv(name, value)

    def run(self, *arguments: str, stdin: str = "") -> Done:
        """A command, whatever becomes of it."""
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        said = self._capsys.readouterr()
        return Done(0 if ended.value.code is None else int(ended.value.code), said.out, said.err)

    def ok(self, *arguments: str, stdin: str = "") -> Any:
        """A command that must succeed, with `--json`; what it says."""
        done = self.run(*arguments, "--json", stdin=stdin)
        assert done.status == 0, done.err
        assert not done.err
        return json.loads(done.out)

    def read(self, *arguments: str, stdin: str = "") -> str:
        """A command that must succeed; what a person reads."""
        done = self.run(*arguments, stdin=stdin)
        assert done.status == 0, done.err
        return done.out

    def refused(self, *arguments: str, stdin: str = "") -> str:
        """A command that must fail; the one line that says why, the same as text and as JSON."""
        plain, as_json = self.run(*arguments, stdin=stdin), self.run(*arguments, "--json", stdin=stdin)
        assert plain.status != 0
        assert as_json.status == plain.status
        assert "Traceback" not in plain.err
        reason = plain.err.splitlines()[0].removeprefix("lander: ")
        problem = json.loads(as_json.err)["error"]
        assert problem["message"].splitlines()[0] == reason
        assert problem["code"]
        return reason

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def import_page(self, slug: str = "spring-sale", *variants: str) -> None:
        """Maya's page, with these variants (a and b), each with its own headline."""
        for key in variants or ("a", "b"):
            file = self.write(f"{slug}-{key}.html", PAGE.format(headline=f"Sale {key}"))
            self.ok("page", "import", "--site", HOST, "--slug", slug, "--variant", key, file)

    def publish_page(self, slug: str = "spring-sale") -> None:
        self.import_page(slug)
        self.ok("page", "publish", "--site", HOST, "--slug", slug)

    def start_test(self, *options: str, slug: str = "spring-sale", goal: str = "form") -> Any:
        """A published page under test."""
        self.publish_page(slug)
        plan = ("--variants", "a,b", "--goal", goal, "--hypothesis", "Shorter is better.")
        return self.ok("experiment", "start", "--site", HOST, "--slug", slug, *plan, *options)


@pytest.fixture
def bare_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """On a machine where nothing has been done yet."""
    data_dir = tmp_path / "var"
    monkeypatch.setenv("LANDER_ENV", "development")
    monkeypatch.setenv("LANDER_DATA_DIR", str(data_dir))
    return Terminal(tmp_path, monkeypatch, capsys, data_dir)


@pytest.fixture
def terminal(bare_terminal: Terminal, sqlite_template: Path) -> Terminal:
    """After `lander migrate` and `lander site add`."""
    bare_terminal.data_dir.mkdir()
    shutil.copy(sqlite_template, bare_terminal.data_dir / "lander.db")
    bare_terminal.ok("site", "add", HOST, "--core-site", "www.localhost", "--timezone", "Europe/Berlin")
    return bare_terminal
