"""The policy in force: the newest file that IT applied, or the safe defaults where there is none.

Applying adds a version and never edits one. What a new file would break on live pages is asked of
`lander.pages.policy_check.check_policy`, before it is applied.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from sqlmodel import Session, col, select

from lander.access import audit
from lander.errors import ConfigurationError
from lander.policy.models import PolicyVersion
from lander.policy.parse import parse_policy
from lander.policy.policy import DEFAULTS, Policy


def load_policy(session: Session) -> Policy:
    """The rules in force; version 0 are the built-in defaults."""
    newest = find_version(session)
    return DEFAULTS if newest is None or newest.number is None else _parse(newest.text, newest.number)


def apply_policy(session: Session, text: str, *, actor: str, now: datetime) -> PolicyVersion:
    """Put a file in force; the very file that is in force already stays the version it is."""
    parse_policy(text)
    newest = find_version(session)
    if newest is not None and newest.text == text:
        return newest
    version = PolicyVersion(text=text, applied_at=now, applied_by=actor)
    session.add(version)
    session.flush()
    before = newest.number if newest else 0
    audit.record(
        session,
        now=now,
        actor=actor,
        action="policy.apply",
        subject=f"policy version {version.number}",
        before=before,
        after=version.number,
    )
    return version


def read_file(path: Path) -> str:
    """The text of a policy file without a mistake; a process that cannot read its rules must not start."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The policy file {path} cannot be read: {error}.", fix="Put it there, or correct LANDER_POLICY."
        ) from None
    parse_policy(text)
    return text


def find_version(session: Session) -> PolicyVersion | None:
    """The file in force, or None where IT applied none."""
    return session.exec(select(PolicyVersion).order_by(col(PolicyVersion.number).desc()).limit(1)).first()


def list_versions(session: Session) -> Sequence[PolicyVersion]:
    """Every file that was ever applied, newest first."""
    return session.exec(select(PolicyVersion).order_by(col(PolicyVersion.number).desc())).all()


@lru_cache(maxsize=8)
def _parse(text: str, number: int) -> Policy:
    return parse_policy(text, version=number)
