"""The audit trail, newest first. Reading only: entries are never changed."""

import json
import re
from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Response, request

from lander.access import audit
from lander.access.gate import studio, view
from lander.access.models import AuditEntry
from lander.access.permissions import Permission
from lander.console.context import AuditRow, AuditScreen
from lander.console.screens import show
from lander.db import reading

blueprint = Blueprint("audit", __name__)

_AT_ONCE = 100
_HASH = re.compile(r"[0-9a-f]{64}(\.[a-z0-9]+)?")  # a release, or an asset
_ENOUGH_OF_A_HASH = 12
_MOST_ITEMS = 20


@view(blueprint, "/audit", permission=Permission.AUDIT_READ)
def show_audit() -> Response:
    before = request.args.get("before", type=_read_place)
    with reading(studio().engine) as session:
        entries = audit.list_entries(session, before=before, limit=_AT_ONCE + 1)
    older = f"/audit?before={entries[_AT_ONCE - 1].id}" if len(entries) > _AT_ONCE else ""
    return show(AuditScreen(rows=[_row(entry) for entry in entries[:_AT_ONCE]], older=older))


def _read_place(text: str) -> int:
    """The id of an entry; a number that no database holds is none."""
    place = int(text)
    if not 0 < place < 2**63:
        raise ValueError(text)
    return place


def _row(entry: AuditEntry) -> AuditRow:
    details = [
        (name.replace("_", " "), _plain(value), str(value) if _is_hash(value) else "")
        for name, value in entry.details.items()
        if value not in ("", None, [], {})
    ]
    return AuditRow(at=entry.at, actor=entry.actor, action=entry.action, subject=entry.subject, details=details)


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return f"{value[:_ENOUGH_OF_A_HASH]}…" if _is_hash(value) else value
    if isinstance(value, list):
        return _list(_plain(item) for item in value)
    if isinstance(value, dict):
        return _list(f"{name} {_plain(item)}" for name, item in value.items())
    return json.dumps(value, ensure_ascii=False)


def _list(items: Iterable[str]) -> str:
    """The first of them, and how many more there are."""
    kept = list(items)
    more = [f"and {len(kept) - _MOST_ITEMS:,} more"] if len(kept) > _MOST_ITEMS else []
    return ", ".join([*kept[:_MOST_ITEMS], *more])


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None
