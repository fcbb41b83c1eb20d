"""The audit trail, newest first. Reading only: entries are never changed."""

import json
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


@view(blueprint, "/audit", permission=Permission.AUDIT_READ)
def show_audit() -> Response:
    before = request.args.get("before", type=int)
    with reading(studio().engine) as session:
        entries = audit.list_entries(session, before=before, limit=_AT_ONCE + 1)
    older = f"/audit?before={entries[_AT_ONCE - 1].id}" if len(entries) > _AT_ONCE else ""
    return show(AuditScreen(rows=[_row(entry) for entry in entries[:_AT_ONCE]], older=older))


def _row(entry: AuditEntry) -> AuditRow:
    details = [
        (name.replace("_", " "), _plain(value)) for name, value in entry.details.items() if value not in ("", None)
    ]
    return AuditRow(at=entry.at, actor=entry.actor, action=entry.action, subject=entry.subject, details=details)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
