"""Leads as CSV, for a spreadsheet that must not run what a visitor typed. Each export is in the audit trail."""

import csv
import io
import re
from datetime import datetime
from typing import Final

from sqlmodel import Session

from lander.access import audit
from lander.leads.leads import OpenLead, list_leads
from lander.vault import Vault

# What makes a spreadsheet take a cell for a formula, also in full width and behind characters that do not show.
_RISKY: Final = re.compile(r"[\t\r\n]|[\s\0\u200b-\u200d\u2060\ufeff]*[-=+@＝＋－＠]")
_COLUMNS: Final = (
    "received_at",
    "host",
    "path",
    "form",
    "variant",
    "experiment",
    "phase",
    "flags",
    "consent_text",
    "consented_at",
    "simulated",
    "id",
)
_UNDECLARED: Final = "other fields"


def export_csv(session: Session, vault: Vault, *, host: str | None = None, actor: str, now: datetime) -> str:
    """All leads, newest first: what we know of each, then a column for every field that a published form had.

    What no published form declared stands together in one last column: whoever sends it chooses its names, and must not
    choose our columns.
    """
    leads = list_leads(session, vault, host=host)
    names = list(dict.fromkeys(name for lead in leads if lead.form for name in lead.fields))
    others = [] if all(lead.form for lead in leads) else [_UNDECLARED]
    audit.record(session, now=now, actor=actor, action="lead.export", subject=host or "all sites", leads=len(leads))
    out = io.StringIO()
    # every cell in quotes: where the list separator is a semicolon, an unquoted one would start a new cell inside
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    taken = (*_COLUMNS, _UNDECLARED)
    writer.writerow([*_COLUMNS, *(guard(f"{name} (field)" if name in taken else name) for name in names), *others])
    for lead in leads:
        declared = lead.fields if lead.form else {}
        cells = [*_describe(lead), *(declared.get(name, "") for name in names)]
        writer.writerow([guard(cell) for cell in [*cells, *(_list_undeclared(lead) for _ in others)]])
    return out.getvalue()


def guard(cell: str) -> str:
    """The cell, behind an apostrophe where a spreadsheet might run it.

    >>> guard("=HYPERLINK(...)"), guard("+49 30 1234"), guard("Ada"), guard("")
    ("'=HYPERLINK(...)", "'+49 30 1234", 'Ada', '')
    """
    return f"'{cell}" if _RISKY.match(cell) else cell


def _list_undeclared(lead: OpenLead) -> str:
    """`name: value`, one a line; empty for a form whose fields were checked."""
    return "" if lead.form else "\n".join(f"{name}: {value}" for name, value in lead.fields.items())


def _describe(lead: OpenLead) -> list[str]:
    return [
        lead.received_at.isoformat(),
        lead.host,
        lead.path,
        lead.form,
        lead.variant,
        lead.experiment_key,
        str(lead.phase or ""),
        " ".join(lead.flags),
        lead.consent_text,
        "" if lead.consented_at is None else lead.consented_at.isoformat(),
        "yes" if lead.simulated else "",
        lead.id,
    ]
