"""`lander user`: who may sign in to the studio."""

import secrets
import sys

import click

from lander.access import users
from lander.access.models import Role
from lander.cli.edge import Answer, Cli, command
from lander.db import transaction


def register(cli: click.Group) -> None:
    group = click.Group("user", help="People of the studio.")
    cli.add_command(group)

    @command(group, "add")
    @click.argument("name")
    @click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
    def add(edge: Cli, name: str, role: str) -> Answer:
        """Let NAME sign in. The password is asked for, read from standard input, or made up and shown once."""
        password, made_up = _ask_password()
        with transaction(edge.engine) as session:
            user = users.add_user(
                session, name=name, role=Role(role), password=password, actor=edge.actor, now=edge.now
            )
        data: dict[str, str] = {"name": user.name, "role": user.role.value}
        lines = [f"{user.name} can sign in as {user.role.value}."]
        if made_up:
            data["password"] = password
            lines.append(f"Password, shown this once: {password}")
        return Answer(data, lines)


def _ask_password() -> tuple[str, bool]:
    """The password and whether it was made up here."""
    if sys.stdin.isatty():
        typed = str(click.prompt("Password (empty: make one up)", hide_input=True, default="", show_default=False))
    else:
        typed = sys.stdin.readline().rstrip("\n")
    return (typed, False) if typed else (secrets.token_urlsafe(12), True)
