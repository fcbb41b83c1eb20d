"""Leads as CSV, for a spreadsheet that must not run what a visitor typed. Each export is in the audit trail."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from sqlmodel import Session

from lander.access import audit
from lander.campaign import UTM
from lander.leads.leads import EVERYTHING, OpenLead, Which, count_leads, iterate_leads
from lander.leads.money import write_amount
from lander.vault import Vault

BOM: Final = "\ufeff"
"""What makes Excel read a file as UTF-8."""
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
    "stage",
    "value",
    "currency",
    "spam",
    "flags",
    "consent_id",
    "consent_text",
    "consented_at",
    *UTM,
    "click_ids",
    "landing",
    "referrer",
    "simulated",
    "id",
)
_UNDECLARED: Final = "other fields"


def export_csv(
    session: Session,
    vault: Vault,
    which: Which = EVERYTHING,
    *,
    currencies: Mapping[str, str] | None = None,
    bom: bool = False,
    actor: str,
    now: datetime,
) -> str:
    """All of it at once, and in the audit trail."""
    record_export(session, which, actor=actor, now=now)
    return "".join(stream_csv(session, vault, which, currencies=currencies or {}, bom=bom))


def record_export(session: Session, which: Which, *, actor: str, now: datetime) -> None:
    """Write down that somebody takes leads along, before they get the first one."""
    leads = count_leads(session, which)
    audit.record(session, now=now, actor=actor, action="lead.export", subject=which.host or "all sites", leads=leads)


def stream_csv(
    session: Session, vault: Vault, which: Which, *, currencies: Mapping[str, str], bom: bool = False
) -> Iterator[str]:
    """Newest first, line by line: what we know of each, then a column for every field that a published form had.

    What no published form declared stands together in one last column: whoever sends it chooses its names, and must not
    choose our columns. `currencies` are by host.
    """
    names: dict[str, None] = {}
    has_undeclared = False
    for lead in iterate_leads(session, vault, which):
        names |= dict.fromkeys(lead.fields if lead.form else ())
        has_undeclared |= not lead.form
    others = [_UNDECLARED] if has_undeclared else []
    taken = (*_COLUMNS, _UNDECLARED)
    head = _write([*_COLUMNS, *(guard(f"{name} (field)" if name in taken else name) for name in names), *others])
    yield (BOM if bom else "") + head
    for lead in iterate_leads(session, vault, which):
        declared = lead.fields if lead.form else {}
        cells = [*_describe(lead, currencies.get(lead.host, "")), *(declared.get(name, "") for name in names)]
        yield _write([guard(cell) for cell in [*cells, *(_list_undeclared(lead) for _ in others)]])


def guard(cell: str) -> str:
    """The cell, behind an apostrophe where a spreadsheet might run it.

    >>> guard("=HYPERLINK(...)"), guard("+49 30 1234"), guard("Ada"), guard("")
    ("'=HYPERLINK(...)", "'+49 30 1234", 'Ada', '')
    """
    return f"'{cell}" if _RISKY.match(cell) else cell


def _write(cells: list[str]) -> str:
    out = io.StringIO()
    # every cell in quotes: where the list separator is a semicolon, an unquoted one would start a new cell inside
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow(cells)
    return out.getvalue()


def _list_undeclared(lead: OpenLead) -> str:
    """`name: value`, one a line; empty for a form whose fields were checked."""
    return "" if lead.form else "\n".join(f"{name}: {value}" for name, value in lead.fields.items())


def _describe(lead: OpenLead, currency: str) -> list[str]:
    return [
        lead.received_at.isoformat(),
        lead.host,
        lead.path,
        lead.form,
        lead.variant,
        lead.experiment_key,
        str(lead.phase or ""),
        lead.stage.value,
        "" if lead.value_minor is None else write_amount(lead.value_minor, currency),
        "" if lead.value_minor is None else currency,
        "yes" if lead.spam else "",
        " ".join(lead.flags),
        lead.consent_id,
        lead.consent_text,
        "" if lead.consented_at is None else lead.consented_at.isoformat(),
        *(lead.campaign.get(name, "") for name in UTM),
        "&".join(f"{name}={value}" for name, value in lead.click_ids.items()),
        lead.landing,
        lead.referrer,
        "yes" if lead.simulated else "",
        lead.id,
    ]
