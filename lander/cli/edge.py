"""The edge of the command line: settings, database, time and actor come in here; answers and failures go out here."""

import functools
import getpass
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn

import click
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from experiments.errors import ExperimentError
from lander.config import Settings, load_settings
from lander.db import make_engine
from lander.errors import Conflict, LanderError
from lander.migrations import is_current


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command says: `data` with `--json`, `lines` without. `failed` exits with 1 all the same."""

    data: Any
    lines: list[str] = field(default_factory=list)
    failed: bool = False


class Cli:
    """What every command is given."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.now = datetime.now(UTC)
        self.actor = f"command line ({_user_name()})"

    @functools.cached_property
    def engine(self) -> Engine:
        """The main database, refused where its schema is not this version's."""
        engine = make_engine(self.settings.database_url)
        try:
            current = is_current(engine)
        except OperationalError as error:
            raise Conflict("The database does not answer.", fix=str(error.orig)) from None
        if not current:
            raise Conflict("The database is not at this version's schema.", fix="Run: lander migrate")
        return engine


def command(group: click.Group, name: str) -> Callable[[Callable[..., Answer]], click.Command]:
    """Declare a command: its function gets a `Cli` and the options, and returns an `Answer`."""

    def declare(function: Callable[..., Answer]) -> click.Command:
        def run(as_json: bool, **options: Any) -> None:
            try:
                answer = function(Cli(load_settings()), **options)
            except (LanderError, ExperimentError) as error:
                fail(error, as_json=as_json)
            if as_json:
                click.echo(json.dumps(answer.data, ensure_ascii=False, indent=2))
            else:
                for line in answer.lines:
                    click.echo(line)
            if answer.failed:
                sys.exit(1)

        # a function's own decorators have left their options on it
        run.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
        as_option = click.option("as_json", "--json", is_flag=True, help="Answer as JSON.")
        return group.command(name, help=function.__doc__)(as_option(run))

    return declare


def fail(error: LanderError | ExperimentError, *, as_json: bool) -> NoReturn:
    """One line to standard error and status 1; with `--json` an object with code, message and findings."""
    findings = getattr(error, "findings", ())
    if as_json:
        problem: dict[str, Any] = {"code": error.code, "message": str(error)}
        if findings:
            problem["findings"] = [finding.as_json() for finding in findings]
        click.echo(json.dumps({"error": problem}, ensure_ascii=False, indent=2), err=True)
    else:
        click.echo(f"lander: {error}", err=True)
        for finding in findings:
            click.echo(f"  {finding}", err=True)
    sys.exit(1)


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
