"""Leads to look at: newest first, their fields opened for whoever may see them. Nothing here writes."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session, col, func, select

from lander.leads.models import Lead
from lander.vault import Vault

CANNOT_BE_OPENED: Final = "cannot-be-opened"


@dataclass(frozen=True, slots=True)
class OpenLead:
    """A lead with its fields in the clear.

    Where none of our secrets opens them any more, `fields` is empty and `flags` says so: one lost secret must not hide
    all the other leads.
    """

    id: str
    received_at: datetime
    host: str
    path: str
    form: str
    variant: str
    experiment_key: str
    phase: int
    fields: dict[str, str]
    consent_text: str
    consented_at: datetime | None
    flags: tuple[str, ...]
    simulated: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "received_at": self.received_at.isoformat(),
            "host": self.host,
            "path": self.path,
            "form": self.form,
            "variant": self.variant,
            "experiment": self.experiment_key,
            "phase": self.phase,
            "fields": self.fields,
            "consent_text": self.consent_text,
            "consented_at": None if self.consented_at is None else self.consented_at.isoformat(),
            "flags": list(self.flags),
            "simulated": self.simulated,
        }


def list_leads(session: Session, vault: Vault, *, host: str | None = None, limit: int | None = None) -> list[OpenLead]:
    """Newest first; of one pages host, or of all."""
    query = select(Lead).order_by(col(Lead.received_at).desc(), col(Lead.id))
    if host is not None:
        query = query.where(Lead.host == host)
    return [_open(lead, vault) for lead in session.exec(query.limit(limit))]


def count_leads(session: Session, *, host: str | None = None) -> int:
    """How many there are; of one pages host, or of all."""
    query = select(func.count()).select_from(Lead)
    return session.exec(query if host is None else query.where(Lead.host == host)).one()


def _open(lead: Lead, vault: Vault) -> OpenLead:
    try:
        fields = json.loads(vault.open(lead.sealed, context=lead.id))
        flags = tuple(lead.flags)
    except ValueError:
        fields, flags = {}, (*lead.flags, CANNOT_BE_OPENED)
    return OpenLead(
        id=lead.id,
        received_at=lead.received_at,
        host=lead.host,
        path=lead.path,
        form=lead.form,
        variant=lead.variant,
        experiment_key=lead.experiment_key,
        phase=lead.phase,
        fields=fields,
        consent_text=lead.consent_text,
        consented_at=lead.consented_at,
        flags=flags,
        simulated=lead.simulated,
    )
