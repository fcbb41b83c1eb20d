"""Sign-in and browser sessions: throttling, starting, recognising and ending them.

The browser holds 256 opaque bits; the table holds their SHA-256, so reading the table signs nobody in. An attempt is
written down before the password is looked at, so that many at once cannot slip past the limit together.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, or_
from sqlmodel import Session, col, select

from lander.access import audit
from lander.access.models import SignIn, SignInAttempt, User
from lander.access.passwords import is_password
from lander.access.users import find_user, hash_name, normal_name
from lander.errors import InvalidInput, LanderError

IDLE: Final = timedelta(minutes=30)
ABSOLUTE: Final = timedelta(hours=12)
WINDOW: Final = timedelta(minutes=15)

PER_NAME_AND_NETWORK: Final = 5
PER_NETWORK: Final = 30
PER_NAME: Final = 50  # higher, so that guessing from elsewhere does not lock a colleague out at once

_TOUCH_AFTER: Final = timedelta(minutes=1)  # a reading screen writes at most this often
_SESSION_BYTES: Final = 32


class TooManyAttempts(LanderError):
    """Signing in has failed too often for now."""

    code = "too-many-attempts"
    status = 429


class WrongPassword(InvalidInput):
    """Name and password do not belong together; which of them is wrong is not said."""

    code = "wrong-password"


def admit_attempt(session: Session, *, name: str, network: str, now: datetime) -> None:
    """Count this attempt as failed until it succeeds; raises `TooManyAttempts`."""
    name_sha256 = hash_name(name)
    session.exec(delete(SignInAttempt).where(col(SignInAttempt.at) <= now - WINDOW))
    same_name, same_network = SignInAttempt.name_sha256 == name_sha256, SignInAttempt.network == network
    here, from_network, for_name = (
        session.exec(select(func.count()).select_from(SignInAttempt).where(*conditions)).one()
        for conditions in ((same_name, same_network), (same_network,), (same_name,))
    )
    if here >= PER_NAME_AND_NETWORK or from_network >= PER_NETWORK or for_name >= PER_NAME:
        raise TooManyAttempts(
            "There were too many attempts to sign in.",
            fix=f"Wait {WINDOW // timedelta(minutes=1)} minutes, then try again.",
        )
    session.add(SignInAttempt(name_sha256=name_sha256, network=network, at=now))


def check_credentials(session: Session, *, name: str, password: str) -> User:
    """The user they belong to; raises `WrongPassword` after the same time whether the name exists or not."""
    user = find_user(session, name)
    if not is_password(password, user.password_hash if user else None) or user is None:
        raise _wrong_password()
    return user


def record_refusal(session: Session, *, name: str, network: str, now: datetime) -> None:
    """Keep a refused sign-in in the trail where the name is a colleague's; other words typed there are kept nowhere."""
    if find_user(session, name) is not None:
        name = normal_name(name)
        audit.record(session, now=now, actor=name, action="session.refuse", subject=name, network=network)


def start_session(session: Session, user: User, *, network: str, now: datetime, replaces: str = "") -> str:
    """The new cookie's value; whatever session the browser had before ends with it.

    Raises `WrongPassword` where the account has another password by now, or is gone: checking one takes a while.
    """
    assert user.id is not None
    current = session.get(User, user.id)
    if current is None or current.password_hash != user.password_hash:
        raise _wrong_password()
    _forget(session, replaces)
    cookie = secrets.token_urlsafe(_SESSION_BYTES)
    session.add(SignIn(id_sha256=_hash(cookie), user_id=user.id, created_at=now, last_seen_at=now))
    session.exec(
        delete(SignIn).where(or_(col(SignIn.created_at) <= now - ABSOLUTE, col(SignIn.last_seen_at) <= now - IDLE))
    )
    name_sha256 = hash_name(user.name)
    session.exec(
        delete(SignInAttempt).where(
            col(SignInAttempt.name_sha256) == name_sha256, col(SignInAttempt.network) == network
        )
    )
    audit.record(session, now=now, actor=user.name, action="session.start", subject=user.name, network=network)
    return cookie


def find_session(session: Session, cookie: str, *, now: datetime) -> tuple[User, SignIn] | None:
    """Whose session the cookie is; None where it is unknown, idle for too long, or too old."""
    sign_in = session.get(SignIn, _hash(cookie))
    if sign_in is None or now - sign_in.last_seen_at >= IDLE or now - sign_in.created_at >= ABSOLUTE:
        return None
    user = session.get(User, sign_in.user_id)
    return None if user is None else (user, sign_in)


def needs_touch(sign_in: SignIn, *, now: datetime) -> bool:
    """Whether its last use should be written down again."""
    return now - sign_in.last_seen_at >= _TOUCH_AFTER


def touch_session(session: Session, cookie: str, *, now: datetime) -> None:
    """Write down that the session was used."""
    sign_in = session.get(SignIn, _hash(cookie))
    if sign_in is not None:
        sign_in.last_seen_at = max(now, sign_in.last_seen_at)
        session.add(sign_in)


def end_session(session: Session, user: User, cookie: str, *, now: datetime) -> None:
    """Sign out: the cookie is worthless from here on, wherever it was copied to."""
    _forget(session, cookie)
    audit.record(session, now=now, actor=user.name, action="session.end", subject=user.name)


def csrf_token(cookie: str) -> str:
    """Proof that a form came from a screen of this very session; it does not give the cookie away."""
    return hmac.new(cookie.encode(), b"lander.csrf", hashlib.sha256).hexdigest()


def is_csrf_token(token: str, cookie: str) -> bool:
    """Whether the token belongs to the cookie, in constant time."""
    return hmac.compare_digest(token.encode(), csrf_token(cookie).encode())


def _wrong_password() -> WrongPassword:
    return WrongPassword("Name and password do not belong together.", fix="Check both and try again.")


def _forget(session: Session, cookie: str) -> None:
    if cookie:
        session.exec(delete(SignIn).where(col(SignIn.id_sha256) == _hash(cookie)))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
