"""Colleagues with an account: adding and finding them. Passwords enter here and leave as hashes."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from lander.access import audit
from lander.access.models import Role, User
from lander.access.passwords import check_password, hash_password
from lander.errors import Conflict, InvalidInput

LONGEST_NAME: Final = 80


def add_user(session: Session, *, name: str, role: Role | str, password: str, actor: str, now: datetime) -> User:
    """A new account; the name is unique whatever its capitals. Raises `InvalidInput` or `Conflict`."""
    name = _check_name(name)
    role = _read_role(role)
    check_password(password, name=name)
    if find_user(session, name) is not None:
        raise Conflict(f"There is a user '{name}' already.", fix="Choose another name.")
    user = User(name=name, role=role, password_hash=hash_password(password), created_at=now)
    session.add(user)
    session.flush()
    audit.record(session, now=now, actor=actor, action="user.add", subject=name, role=role.value)
    return user


def list_users(session: Session) -> Sequence[User]:
    """Everybody with an account, by name."""
    return session.exec(select(User).order_by(col(User.name))).all()


def find_user(session: Session, name: str) -> User | None:
    """The user of that name; names are kept in lower case."""
    if "\0" in name:  # nobody's, and PostgreSQL would not even look
        return None
    return session.exec(select(User).where(User.name == normal_name(name))).one_or_none()


def normal_name(name: str) -> str:
    """One spelling for what looks the same."""
    return unicodedata.normalize("NFKC", name).strip().lower()


def _check_name(name: str) -> str:
    name = normal_name(name)
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise InvalidInput(
            f"A user's name has 1 to {LONGEST_NAME} printable characters; this one has {len(name)}.",
            fix="Use a first name or an e-mail address.",
        )
    return name


def _read_role(role: Role | str) -> Role:
    try:
        return Role(role)
    except ValueError:
        raise InvalidInput(f"'{role}' is not a role.", fix=f"The roles are {', '.join(Role)}.") from None
