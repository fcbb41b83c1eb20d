"""The edge of the command line: settings, database, time and actor come in here; answers and failures go out here."""

import functools
import getpass
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn

import click
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from experiments.errors import ExperimentError
from lander.config import Settings, load_settings
from lander.db import is_away, make_engine
from lander.errors import InvalidInput, LanderError, Unavailable
from lander.migrations import check_schema


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command says: `data` with `--json`, `lines` without; a `note` beside either, on standard error.

    With a `failure` it says why it failed all the same.
    """

    data: Any
    lines: Sequence[str] = field(default_factory=tuple)
    failure: LanderError | None = None
    note: str = ""


class Cli:
    """What every command is given."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.actor = f"command line ({_user_name()})"

    @functools.cached_property
    def settings(self) -> Settings:
        """Read when a command first asks: one that looks at a file alone needs no installation."""
        return load_settings()

    @functools.cached_property
    def engine(self) -> Engine:
        """The main database; `Unavailable` where it is away or lost, `Conflict` where its schema is not this version's."""
        engine = make_engine(self.settings.database_url)
        try:
            check_schema(engine, self.settings.published_dir)
        except DBAPIError as error:
            raise _unavailable(error) from None
        return engine


@contextmanager
def reaching_database() -> Iterator[None]:
    """A database that goes away here, or turns out to be damaged, is `Unavailable`."""
    try:
        yield
    except DBAPIError as error:
        if not is_away(error):
            raise
        raise _unavailable(error) from None


def command(group: click.Group, name: str) -> Callable[[Callable[..., Answer]], click.Command]:
    """Declare a command: its function gets a `Cli` and the options, and returns an `Answer`."""

    def declare(function: Callable[..., Answer]) -> click.Command:
        def run(as_json: bool, **options: Any) -> None:
            try:
                with reaching_database():
                    answer = function(Cli(), **options)
            except (LanderError, ExperimentError) as error:
                fail(error, as_json=as_json)
            except OSError as error:
                fail(Unavailable(f"{error.filename or 'The system'}: {error.strerror or error}."), as_json=as_json)
            if as_json:
                click.echo(json.dumps(answer.data, ensure_ascii=False, indent=2))
            else:
                for line in answer.lines:
                    click.echo(line)
            if answer.note:
                click.echo(f"lander: {answer.note}", err=True)
            if answer.failure is not None:
                fail(answer.failure, as_json=as_json)

        # a function's own decorators have left their options on it
        run.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
        as_option = click.option("as_json", "--json", is_flag=True, help="Answer as JSON.")
        return group.command(name, help=function.__doc__)(as_option(run))

    return declare


def fail(error: LanderError | ExperimentError, *, as_json: bool, status: int = 0) -> NoReturn:
    """The reason to standard error, findings below it; with `--json` an object with code, message and findings.

    The process ends with `status`, or with the error's own `exit_status`, or with 1.
    """
    findings = getattr(error, "findings", ())
    if as_json:
        problem: dict[str, Any] = {"code": error.code, "message": str(error)}
        if findings:
            problem["findings"] = [finding.as_json() for finding in findings]
        click.echo(json.dumps({"error": problem}, ensure_ascii=False, indent=2), err=True)
    else:
        click.echo(f"lander: {error}", err=True)
        for finding in findings:
            place = ", ".join(filter(None, [finding.where, finding.element]))
            click.echo(f"  {place}: {finding.sentence} {finding.fix} ({finding.rule})", err=True)
    sys.exit(status or getattr(error, "exit_status", 1))


def fail_usage(error: click.ClickException, *, as_json: bool) -> NoReturn:
    """A command typed wrongly, said the way every other failure is said."""
    where = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "lander"
    message = error.format_message().rstrip(".")
    fail(InvalidInput(f"{message}.", fix=f"See: {where} --help"), as_json=as_json, status=error.exit_code)


def _unavailable(error: DBAPIError) -> Unavailable:
    reason = str(error.orig).partition("\n")[0].rstrip(".")
    return Unavailable(f"The database cannot be used: {reason}.", fix="Look at it with: lander doctor")


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
