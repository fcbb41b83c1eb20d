"""Colleagues with an account: adding, finding and removing them. Passwords enter here and leave as hashes.

Who gets a new password or no account any more is signed out everywhere, in the same commit. The audit trail and
everything that somebody has made keep their name.
"""

import hashlib
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete
from sqlmodel import Session, col, select

from lander.access import audit
from lander.access.models import Role, SignIn, SignInAttempt, User
from lander.access.passwords import check_password, hash_password
from lander.errors import Conflict, InvalidInput, NotFound

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


def change_password(session: Session, user: User, password: str, *, actor: str, now: datetime) -> int:
    """Give somebody a new password; how many of their sessions ended. Raises `InvalidInput`."""
    check_password(password, name=user.name)
    user.password_hash = hash_password(password)
    session.add(user)
    sessions = _end_sessions(session, user)
    audit.record(session, now=now, actor=actor, action="user.password", subject=user.name, sessions=sessions)
    return sessions


def remove_user(session: Session, user: User, *, actor: str, now: datetime) -> int:
    """Take somebody's account away; how many of their sessions ended."""
    sessions = _end_sessions(session, user)
    details = {"role": user.role.value, "sessions": sessions}
    audit.record(session, now=now, actor=actor, action="user.remove", subject=user.name, **details)
    session.delete(user)
    session.flush()
    return sessions


def list_users(session: Session) -> Sequence[User]:
    """Everybody with an account, by name."""
    return session.exec(select(User).order_by(col(User.name))).all()


def find_user(session: Session, name: str) -> User | None:
    """The user of that name; names are kept in lower case."""
    name = normal_name(name)
    if not name.isprintable():  # nobody's, and a database might not even look
        return None
    return session.exec(select(User).where(User.name == name)).one_or_none()


def load_user(session: Session, name: str) -> User:
    """The user of that name; raises `NotFound`."""
    user = find_user(session, name)
    if user is None:
        raise NotFound(f"There is no user {name!r}.", fix="See who there is: lander user list")
    return user


def normal_name(name: str) -> str:
    """One spelling for what looks the same."""
    return unicodedata.normalize("NFKC", name).strip().lower()


def hash_name(name: str) -> str:
    """What stands for a name that somebody typed, which may be a password in the wrong field."""
    return hashlib.sha256(normal_name(name).encode()).hexdigest()


def _end_sessions(session: Session, user: User) -> int:
    """Sign somebody out everywhere, and forget what was tried under their name: they may sign in at once."""
    ended = session.execute(delete(SignIn).where(col(SignIn.user_id) == user.id))
    session.execute(delete(SignInAttempt).where(col(SignInAttempt.name_sha256) == hash_name(user.name)))
    return int(ended.rowcount)  # type: ignore[attr-defined]


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
