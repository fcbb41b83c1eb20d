"""Accounts, their passwords, and what a role may do."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from lander.access import audit
from lander.access.models import AuditEntry, Role, SignIn
from lander.access.passwords import hash_password, is_password
from lander.access.permissions import Permission, can, require
from lander.access.signin import find_session, start_session
from lander.access.users import add_user, change_password, find_user, list_users, load_user, remove_user
from lander.db import transaction
from lander.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.cast import PASSWORD

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def session(database: Engine) -> Iterator[Session]:
    with transaction(database) as session:
        yield session


def add(session: Session, name: str = "maya", password: str = PASSWORD, role: str = "marketer"):
    return add_user(session, name=name, role=role, password=password, actor="command line", now=NOW)


def test_an_account_keeps_a_hash_and_a_trail(session: Session) -> None:
    user = add(session)

    assert user.role is Role.MARKETER
    assert user.password_hash.startswith("$argon2id$")
    entry = session.exec(select(AuditEntry)).one()
    assert (entry.actor, entry.action, entry.subject, entry.details) == (
        "command line",
        "user.add",
        "maya",
        {"role": "marketer"},
    )
    assert PASSWORD not in str(entry)
    assert list_users(session) == [user]


def test_a_name_is_the_same_in_capitals(session: Session) -> None:
    add(session, " Maya ")
    assert find_user(session, "MAYA") is not None
    with pytest.raises(Conflict, match="'maya' already"):
        add(session, "MAYA")


def test_a_new_password_and_a_removal_end_every_session_of_that_user_alone(session: Session) -> None:
    maya, ana = add(session), add(session, "ana", role="analyst")
    cookie, other = (start_session(session, user, network="192.0.2.0", now=NOW) for user in (maya, ana))
    assert change_password(session, maya, "three unrelated words", actor="command line", now=NOW) == 1
    assert is_password("three unrelated words", load_user(session, "maya").password_hash)
    assert find_session(session, cookie, now=NOW) is None
    start_session(session, maya, network="192.0.2.0", now=NOW)
    start_session(session, maya, network="198.51.100.0", now=NOW)
    assert remove_user(session, maya, actor="command line", now=NOW) == 2
    with pytest.raises(NotFound):
        load_user(session, "maya")
    assert [item.user_id for item in session.exec(select(SignIn))] == [ana.id]
    assert find_session(session, other, now=NOW) is not None


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "ma\nya", "ma\x00ya"])
def test_a_name_is_short_and_printable(session: Session, name: str) -> None:
    with pytest.raises(InvalidInput):
        add(session, name)


@pytest.mark.parametrize("password", ["", "short", "eleven char", "x" * 1025, "aaaaaaaaaaaaaaa", "abababababababab"])
def test_a_password_that_is_easy_to_guess_is_refused(session: Session, password: str) -> None:
    with pytest.raises(InvalidInput):
        add(session, password=password)


def test_a_password_that_is_the_name_is_refused(session: Session) -> None:
    with pytest.raises(InvalidInput):
        add(session, name="maya@example.com", password="Maya@Example.com")


def test_a_role_that_does_not_exist_is_refused_with_those_that_do(session: Session) -> None:
    with pytest.raises(InvalidInput, match="marketer, analyst, it"):
        add(session, role="boss")


def test_a_password_belongs_to_its_hash_alone() -> None:
    hashed = hash_password(PASSWORD)
    assert is_password(PASSWORD, hashed)
    assert not is_password(PASSWORD + "x", hashed)
    assert not is_password(PASSWORD, None)
    assert not is_password("nobody has this password", None)
    assert not is_password(PASSWORD, "not a hash")
    assert not is_password("x" * 10_000_000, hashed)


@pytest.mark.parametrize(
    ("role", "permission", "allowed"),
    [
        (Role.MARKETER, Permission.PAGES_PUBLISH, True),
        (Role.MARKETER, Permission.AUDIT_READ, False),
        (Role.ANALYST, Permission.EXPERIMENTS_RUN, True),
        (Role.ANALYST, Permission.PAGES_EDIT, False),
        (Role.ANALYST, Permission.PAGES_WITHDRAW, False),
        (Role.IT, Permission.PAGES_WITHDRAW, True),
        (Role.IT, Permission.PAGES_PUBLISH, False),
        (Role.IT, Permission.EXPERIMENTS_RUN, False),
    ],
)
def test_what_a_role_may_do(role: Role, permission: Permission, allowed: bool) -> None:
    assert can(role, permission) is allowed


def test_a_refusal_says_who_to_ask() -> None:
    with pytest.raises(
        Forbidden, match=r"Signed in as an analyst, you may not publish pages\. Ask somebody who is a marketer"
    ):
        require(Role.ANALYST, Permission.PAGES_PUBLISH)


def test_a_detail_that_is_no_plain_value_is_refused_where_it_is_written(session: Session) -> None:
    with pytest.raises(TypeError):
        audit.record(session, now=NOW, actor="maya", action="page.edit", subject="x", at=NOW)
