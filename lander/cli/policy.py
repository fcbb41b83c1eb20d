"""`lander policy`: the rules that IT sets."""

from pathlib import Path

import click

from lander.cli.edge import Answer, Cli, command
from lander.db import reading, transaction
from lander.errors import Conflict, InvalidInput
from lander.pages.policy_check import check_policy
from lander.policy import store


def register(cli: click.Group) -> None:
    group = click.Group("policy", help="The rules that IT sets.")
    cli.add_command(group)
    file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))

    @command(group, "check")
    @file
    def check(edge: Cli, file: Path) -> Answer:
        """List what FILE would break on the pages that are live. Changes nothing."""
        with reading(edge.engine) as session:
            broken = check_policy(session, _read(file))
        data = [{"page": address, **finding.as_json()} for address, finding in broken]
        lines = [f"{address}: {finding}" for address, finding in broken]
        pages = len({address for address, _ in broken})
        if not broken:
            return Answer(data, ["No live page would break."])
        count = "1 live page would" if pages == 1 else f"{pages} live pages would"
        return Answer(data, lines, Conflict(f"{count} break.", fix="Nothing changed: mend them, or allow it in FILE."))

    @command(group, "apply")
    @file
    def apply(edge: Cli, file: Path) -> Answer:
        """Put FILE in force for everything published from now on."""
        with transaction(edge.engine) as session:
            version = store.apply_policy(session, _read(file), actor=edge.actor, now=edge.now)
        return Answer({"version": version.number}, [f"Policy version {version.number} is in force."])


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidInput(f"{file} is no text in UTF-8.", fix="Write the policy as a TOML file.") from None
