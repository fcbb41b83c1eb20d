"""`lander user add`: who may sign in to the studio."""

import pytest

from lander.access import passwords, users
from lander.access.models import Role
from lander.db import reading
from tests.cast import PASSWORD
from tests.cli.conftest import Terminal


@pytest.mark.parametrize("role", list(Role))
def test_a_person_of_every_role_can_be_added(terminal: Terminal, role: Role) -> None:
    said = terminal.ok("user", "add", "maya", "--role", role.value, stdin=f"{PASSWORD}\n")
    assert said == {"name": "maya", "role": role.value}


def test_the_password_from_standard_input_is_the_one_that_works(terminal: Terminal) -> None:
    terminal.ok("user", "add", "maya", "--role", "marketer", stdin=f"{PASSWORD}\n")
    with reading(terminal.engine) as session:
        (user,) = users.list_users(session)
    assert passwords.is_password(PASSWORD, user.password_hash)


def test_without_one_a_password_is_made_up_and_shown_once(terminal: Terminal) -> None:
    said = terminal.ok("user", "add", "maya", "--role", "marketer")
    with reading(terminal.engine) as session:
        (user,) = users.list_users(session)
    assert len(said["password"]) >= 16
    assert passwords.is_password(said["password"], user.password_hash)
    assert "Password, shown this once: " in terminal.read("user", "add", "ana", "--role", "analyst")


def test_a_password_that_was_given_is_never_shown(terminal: Terminal) -> None:
    said = terminal.read("user", "add", "maya", "--role", "marketer", stdin=f"{PASSWORD}\n")
    assert said == "maya can sign in as marketer.\n"


@pytest.mark.parametrize(
    ("arguments", "stdin", "reason"),
    [
        (("maya", "--role", "boss"), "", "'boss' is not one of 'marketer', 'analyst', 'it'"),
        (("maya",), "", "Missing option '--role'"),
        (("otto", "--role", "it"), "short\n", "characters"),
        (("", "--role", "it"), "", "name"),
    ],
)
def test_what_cannot_sign_in_is_refused(
    terminal: Terminal, arguments: tuple[str, ...], stdin: str, reason: str
) -> None:
    assert reason in terminal.refused("user", "add", *arguments, stdin=stdin)
    with reading(terminal.engine) as session:
        assert not users.list_users(session)


def test_a_name_is_taken_once(terminal: Terminal) -> None:
    terminal.ok("user", "add", "maya", "--role", "marketer")
    assert "maya" in terminal.refused("user", "add", "maya", "--role", "it")
