"""The audit trail: who did what to which thing, written in the same commit as the change itself.

Details are plain values about the change (before, after, counts). They never hold what a visitor typed, a password or a
token; a value that JSON cannot hold is refused here rather than at the commit.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from lander.access.models import AuditEntry


def record(session: Session, *, now: datetime, actor: str, action: str, subject: str, **details: Any) -> None:
    """Add one entry; it stands or falls with the transaction that `session` is in."""
    json.dumps(details)  # raises TypeError here, where the caller can be seen
    session.add(AuditEntry(at=now, actor=actor, action=action, subject=subject, details=details))


def list_entries(session: Session, *, before: int | None = None, limit: int = 100) -> Sequence[AuditEntry]:
    """Newest first; `before` is the id that the previous page ended with."""
    query = select(AuditEntry).order_by(col(AuditEntry.id).desc()).limit(limit)
    if before is not None:
        query = query.where(col(AuditEntry.id) < before)
    return session.exec(query).all()
