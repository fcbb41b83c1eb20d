"""Passwords: argon2id, and the one rule for choosing one. Nothing here reads the database."""

from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from lander.errors import InvalidInput

SHORTEST_PASSWORD: Final = 12
LONGEST_PASSWORD: Final = 1024  # argon2 reads all of it, so an endless one would be an attack

_HASHER: Final = PasswordHasher()  # argon2id with the second recommendation of RFC 9106: 64 MiB, three passes


def check_password(password: str, *, name: str) -> None:
    """Raises `InvalidInput` where it is too short, too long, or the user's name."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise InvalidInput(
            f"The password has {len(password)} characters.",
            fix=f"Choose one of at least {SHORTEST_PASSWORD}; three unrelated words are easy to remember.",
        )
    if len(set(password)) < 5 or password.casefold() == name.casefold():
        raise InvalidInput("The password is too easy to guess.", fix="Choose one that is not a name or a repetition.")


def hash_password(password: str) -> str:
    """An argon2id hash with its salt and parameters."""
    return _HASHER.hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether the password belongs to the hash; takes as long where there is no hash, so names cannot be probed."""
    if len(password) > LONGEST_PASSWORD:
        return False
    try:
        return _HASHER.verify(password_hash or _nobodys_hash(), password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash("nobody has this password")
