"""`lander user add | list | password | remove`: who may sign in to the studio."""

import io
import sys
from datetime import UTC, datetime

import pytest
from sqlmodel import col, select

from lander.access import passwords, signin, users
from lander.access.models import AuditEntry, Role, SignIn, SignInAttempt
from lander.db import reading, transaction
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


@pytest.mark.parametrize("verb", [("add", "maya", "--role", "it"), ("password", "maya")])
def test_a_password_that_is_no_text_is_refused(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...]
) -> None:
    if verb[0] == "password":
        terminal.ok("user", "add", "maya", "--role", "it")
    assert "no text in UTF-8" in terminal.refused("user", *verb, stdin="caf\udce9passwordlong\n")
    strict = io.TextIOWrapper(io.BytesIO(b"caf\xe9passwordlong\n"), encoding="utf-8", errors="strict")
    monkeypatch.setattr(io, "StringIO", lambda _text: strict)
    done = terminal.run("user", *verb)
    assert (done.status, sys.stdin) == (1, strict)
    assert "no text in UTF-8" in done.err


def sign_in(terminal: Terminal, name: str = "maya", password: str = PASSWORD) -> str:
    """Their cookie, after a few guesses."""
    now = datetime.now(UTC)
    with transaction(terminal.engine) as session:
        user = signin.check_credentials(session, name=name, password=password)
        cookie = signin.start_session(session, user, network="192.0.2.0", now=now)
        signin.admit_attempt(session, name=name, network="198.51.100.0", now=now)
    assert is_signed_in(terminal, cookie)
    return cookie


def is_signed_in(terminal: Terminal, cookie: str) -> bool:
    with reading(terminal.engine) as session:
        return signin.find_session(session, cookie, now=datetime.now(UTC)) is not None


def last_entry(terminal: Terminal) -> AuditEntry:
    with reading(terminal.engine) as session:
        entry = session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc())).first()
    assert entry is not None
    return entry


def add(terminal: Terminal, name: str, role: str = "marketer") -> None:
    terminal.ok("user", "add", name, "--role", role, stdin=f"{PASSWORD}\n")


def test_everybody_with_an_account_is_listed(terminal: Terminal) -> None:
    assert terminal.read("user", "list") == "Nobody can sign in yet: lander user add NAME --role ROLE\n"
    add(terminal, "maya")
    add(terminal, "ana", "analyst")
    assert terminal.ok("user", "list") == [{"name": "ana", "role": "analyst"}, {"name": "maya", "role": "marketer"}]
    assert terminal.read("user", "list") == "ana (analyst)\nmaya (marketer)\n"


def test_a_new_password_takes_the_place_of_the_forgotten_one_and_ends_their_sessions(terminal: Terminal) -> None:
    add(terminal, "maya")
    add(terminal, "ana")
    cookies, other = [sign_in(terminal), sign_in(terminal)], sign_in(terminal, "ana")
    said = terminal.ok("user", "password", "MAYA", stdin="three unrelated words\n")
    assert said == {"name": "maya", "sessions": 2}
    assert [is_signed_in(terminal, cookie) for cookie in (*cookies, other)] == [False, False, True]
    with reading(terminal.engine) as session:
        user = users.load_user(session, "maya")
        assert passwords.is_password("three unrelated words", user.password_hash)
        assert not passwords.is_password(PASSWORD, user.password_hash)
        assert len(session.exec(select(SignInAttempt)).all()) == 1, "her guesses are forgotten, Ana's are not"
    entry = last_entry(terminal)
    assert (entry.action, entry.subject, entry.details) == ("user.password", "maya", {"sessions": 2})


def test_a_new_password_can_be_made_up_and_is_shown_once(terminal: Terminal) -> None:
    add(terminal, "maya")
    sign_in(terminal)
    made_up = terminal.ok("user", "password", "maya")["password"]
    sign_in(terminal, password=made_up)
    shown = terminal.read("user", "password", "maya").splitlines()
    assert shown[0] == "maya has a new password; 1 session has ended."
    assert shown[1].startswith("Password, shown this once: ")
    assert terminal.read("user", "password", "maya", stdin=f"{PASSWORD}\n") == (
        "maya has a new password; 0 sessions have ended.\n"
    )


def test_a_leaver_is_signed_out_and_stays_out_while_the_trail_keeps_their_name(terminal: Terminal) -> None:
    add(terminal, "maya")
    add(terminal, "ana")
    cookie, other = sign_in(terminal), sign_in(terminal, "ana")
    assert terminal.ok("user", "remove", "maya") == {"name": "maya", "sessions": 1}
    assert not is_signed_in(terminal, cookie)
    assert is_signed_in(terminal, other)
    with pytest.raises(signin.WrongPassword):
        sign_in(terminal)
    entry = last_entry(terminal)
    assert (entry.action, entry.subject, entry.details) == ("user.remove", "maya", {"role": "marketer", "sessions": 1})
    with reading(terminal.engine) as session:
        trail = [item.action for item in session.exec(select(AuditEntry).where(AuditEntry.subject == "maya"))]
        assert [item.user_id for item in session.exec(select(SignIn))] == [users.load_user(session, "ana").id]
    assert trail == ["user.add", "session.start", "user.remove"]


def test_a_name_that_was_given_back_can_be_given_again(terminal: Terminal) -> None:
    add(terminal, "maya")
    cookie = sign_in(terminal)
    assert terminal.read("user", "remove", "maya") == "maya can no longer sign in; 1 session has ended.\n"
    add(terminal, "maya", "it")
    assert not is_signed_in(terminal, cookie)


@pytest.mark.parametrize("name", ["otto", "", "m\0", "caf\udce9"])
@pytest.mark.parametrize("verb", ["password", "remove"])
def test_nobody_of_that_name_is_refused(terminal: Terminal, verb: str, name: str) -> None:
    add(terminal, "maya")
    assert "no user" in terminal.refused("user", verb, name, stdin=f"{PASSWORD}\n")


@pytest.mark.parametrize("password", ["short", "maya", "aaaaaaaaaaaaaa"])
def test_a_new_password_that_is_easy_to_guess_is_refused_and_ends_nothing(terminal: Terminal, password: str) -> None:
    add(terminal, "maya")
    cookie = sign_in(terminal)
    terminal.refused("user", "password", "maya", stdin=f"{password}\n")
    assert is_signed_in(terminal, cookie)


@pytest.mark.parametrize("verb", ["password", "remove"])
def test_a_password_that_was_right_a_moment_ago_opens_no_session(terminal: Terminal, verb: str) -> None:
    add(terminal, "maya")
    with reading(terminal.engine) as session:
        user = signin.check_credentials(session, name="maya", password=PASSWORD)
    terminal.ok("user", verb, "maya")
    with pytest.raises(signin.WrongPassword), transaction(terminal.engine) as session:
        signin.start_session(session, user, network="192.0.2.0", now=datetime.now(UTC))
