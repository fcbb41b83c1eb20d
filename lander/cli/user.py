"""`lander user`: who may sign in to the studio."""

import secrets
import sys
from typing import Any

import click

from lander.access import users
from lander.access.models import Role
from lander.cli.edge import Answer, Cli, command
from lander.db import reading, transaction
from lander.errors import InvalidInput


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
        data: dict[str, Any] = {"name": user.name, "role": user.role.value}
        return _answer(data, f"{user.name} can sign in as {user.role.value}.", password if made_up else "")

    @command(group, "list")
    def list_(edge: Cli) -> Answer:
        """List who can sign in, by name."""
        with reading(edge.engine) as session:
            found = users.list_users(session)
        data = [{"name": user.name, "role": user.role.value} for user in found]
        lines = [f"{user.name} ({user.role.value})" for user in found]
        return Answer(data, lines or ["Nobody can sign in yet: lander user add NAME --role ROLE"])

    @command(group, "password")
    @click.argument("name")
    def password(edge: Cli, name: str) -> Answer:
        """Give NAME a new password, asked for as by `add`, and end their sessions."""
        with reading(edge.engine) as session:
            users.load_user(session, name)
        password, made_up = _ask_password()
        with transaction(edge.engine) as session:
            user = users.load_user(session, name)
            sessions = users.change_password(session, user, password, actor=edge.actor, now=edge.now)
        data = {"name": user.name, "sessions": sessions}
        return _answer(data, f"{user.name} has a new password; {_say_ended(sessions)}.", password if made_up else "")

    @command(group, "remove")
    @click.argument("name")
    def remove(edge: Cli, name: str) -> Answer:
        """Take NAME's account away and end their sessions; the audit trail and their work stay."""
        with transaction(edge.engine) as session:
            user = users.load_user(session, name)
            sessions = users.remove_user(session, user, actor=edge.actor, now=edge.now)
        data = {"name": user.name, "sessions": sessions}
        return Answer(data, [f"{user.name} can no longer sign in; {_say_ended(sessions)}."])


def _ask_password() -> tuple[str, bool]:
    """The password and whether it was made up here."""
    try:
        if sys.stdin.isatty():
            typed = str(click.prompt("Password (empty: make one up)", hide_input=True, default="", show_default=False))
        else:
            typed = sys.stdin.readline().rstrip("\n")
        typed.encode()
    except UnicodeError:
        raise InvalidInput("The password is no text in UTF-8.", fix="Type it, or send it as UTF-8.") from None
    return (typed, False) if typed else (secrets.token_urlsafe(12), True)


def _answer(data: dict[str, Any], sentence: str, made_up: str) -> Answer:
    if not made_up:
        return Answer(data, [sentence])
    return Answer({**data, "password": made_up}, [sentence, f"Password, shown this once: {made_up}"])


def _say_ended(sessions: int) -> str:
    return "1 session has ended" if sessions == 1 else f"{sessions:,} sessions have ended"
