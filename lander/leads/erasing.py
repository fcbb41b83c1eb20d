"""Forgetting a person: everything they had sent until now, found by its index and by every address in its fields; or a
single lead, where nobody left an address.

Who was forgotten is remembered as keyed hashes with the time, so that it is done again where a late journal or a
restored backup brings something back. What somebody sends after that is a new lead.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from lander.db import take_turn
from lander.email_addresses import find_addresses, normalise
from lander.errors import InvalidInput
from lander.leads.leads import load_stored, open_fields
from lander.leads.models import Erasure, Lead, LeadEntry, name_lead
from lander.vault import Vault

_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Erased:
    """What went, and how many leads may hold an address that was asked for, because no secret of ours opens them."""

    leads: tuple[str, ...]
    entries: int
    unopened: int = 0


def erase_person(session: Session, vault: Vault, email: str, *, actor: str, now: datetime) -> Erased:
    """Erase what somebody had sent, and remember that it was asked for; raises `InvalidInput` for what is no address."""
    address = normalise(email)
    if list(find_addresses(address)) != [address]:
        raise InvalidInput("This is not an e-mail address.", fix="Write the one that they gave, like otto@example.com.")
    indexes = vault.blind_indexes(address)
    take_turn(session, "leads")  # one that comes home meanwhile must not slip through
    erased = _find_and_erase(session, vault, dict.fromkeys(indexes, now))
    for index in indexes:  # a journal may hold what an older secret indexed
        session.merge(Erasure(email_index=index, at=now, by=actor, leads=len(erased.leads)))
    session.flush()
    return erased


def erase_lead(session: Session, lead_id: str, *, actor: str, now: datetime) -> Erased:
    """Erase a single lead, whatever stands in it, and remember that; raises `NotFound`."""
    take_turn(session, "leads")
    lead = load_stored(session, lead_id)
    erased = _erase(session, [lead.id])
    session.merge(Erasure(email_index=name_lead(lead_id), at=now, by=actor, leads=1))
    session.flush()
    return erased


def erase_again(session: Session, vault: Vault, erasures: Sequence[Erasure]) -> Erased:
    """Carry out what was asked for before, where a backup has undone it."""
    take_turn(session, "leads")
    erased = _find_and_erase(session, vault, {item.email_index: item.at for item in erasures})
    for item in erasures:
        session.merge(Erasure(email_index=item.email_index, at=item.at, by=item.by, leads=item.leads))
    session.flush()
    return erased


def list_erasures(session: Session) -> Sequence[Erasure]:
    """Everybody who was forgotten, the first one first."""
    return session.exec(select(Erasure).order_by(col(Erasure.at), col(Erasure.email_index))).all()


def _find_and_erase(session: Session, vault: Vault, forgotten: dict[str, datetime]) -> Erased:
    """Leads of these people, sent until they were forgotten: every lead of that time is opened for it."""
    if not forgotten:
        return Erased((), 0)
    query = (
        select_columns(col(Lead.id), col(Lead.email_index), col(Lead.sealed), col(Lead.received_at))
        .where(col(Lead.received_at) <= max(forgotten.values()))
        .execution_options(yield_per=_CHUNK)
    )
    found: list[str] = []
    unopened = 0
    for lead_id, email_index, sealed, received_at in session.execute(query):
        fields = open_fields(vault, sealed, context=lead_id)
        named = {name_lead(lead_id), email_index, *_index_addresses(vault, fields or {})}
        if any(received_at <= at for index in named if (at := forgotten.get(index)) is not None):
            found.append(lead_id)
        elif fields is None:  # its index alone could have named it, and holds one address under one secret
            unopened += 1
    return replace(_erase(session, found), unopened=unopened)


def _index_addresses(vault: Vault, fields: dict[str, Any]) -> Iterator[str]:
    for value in fields.values():
        if "@" in value:
            for address in find_addresses(value):
                yield from vault.blind_indexes(address)


def _erase(session: Session, ids: Collection[str]) -> Erased:
    entries = 0
    ordered = sorted(ids)
    for at in range(0, len(ordered), _CHUNK):
        chunk = ordered[at : at + _CHUNK]
        gone = session.execute(delete(LeadEntry).where(col(LeadEntry.lead_id).in_(chunk)))
        entries += gone.rowcount  # type: ignore[attr-defined]
        session.execute(delete(Lead).where(col(Lead.id).in_(chunk)))
    return Erased(tuple(ordered), entries)
