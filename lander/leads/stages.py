"""What people do about leads: how far they have come, what they are worth, and whether they are genuine.

Each act is an entry in the lead's timeline with what was there before, so of two people who change one lead the last one
counts and both can be read. The audit trail says who did what to how many; no field of a lead stands in either.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session, col, select

from lander.access import audit
from lander.db import take_turn
from lander.errors import InvalidInput
from lander.leads.models import NOT_SPAM, SPAM, Lead, LeadEntry, Stage
from lander.leads.worth import tell_worth

MOST_AT_ONCE: Final = 500


def change_stage(session: Session, ids: Iterable[str], stage: str, *, actor: str, now: datetime) -> int:
    """Put leads into a stage; how many were in another one. Those erased meanwhile are left out."""
    wanted = read_stage(stage)
    take_turn(session, "leads")  # one that comes home meanwhile may put some of these into the spam folder
    changed = [lead for lead in _load(session, ids) if lead.stage != wanted]
    for lead in changed:
        _note(session, lead, "stage", actor, now, before=lead.stage, after=wanted.value)
        lead.stage = wanted.value
    _record(session, "lead.stage", changed, actor, now, stage=wanted.value)
    _tell_worth(session, changed, now)
    return len(changed)


def change_value(session: Session, lead: Lead, value_minor: int | None, *, actor: str, now: datetime) -> bool:
    """Say what a lead is worth, None for nothing; whether that is something else than before.

    Its test counts it from now on, unless it is lost or spam.
    """
    take_turn(session, "leads")
    session.refresh(lead)
    if lead.value_minor == value_minor:
        return False
    _note(session, lead, "value", actor, now, before=lead.value_minor, after=value_minor)
    lead.value_minor = value_minor
    _record(session, "lead.value", [lead], actor, now)
    tell_worth(session, lead, now=now)
    return True


def move_leads(session: Session, ids: Iterable[str], *, spam: bool, actor: str, now: datetime) -> list[str]:
    """Put leads into the spam folder, or take them out; the ids of those that were elsewhere."""
    take_turn(session, "leads")
    moved = [lead for lead in _load(session, ids) if lead.spam != spam]
    kind = SPAM if spam else NOT_SPAM
    for lead in moved:
        _note(session, lead, kind, actor, now)
        lead.spam = spam
    _record(session, f"lead.{kind}", moved, actor, now)
    _tell_worth(session, moved, now)
    return [lead.id for lead in moved]


def read_stage(text: str) -> Stage:
    """The stage of that name; raises `InvalidInput`."""
    try:
        return Stage(text)
    except ValueError:
        raise InvalidInput("A lead is new, qualified, won or lost.", fix="Choose one of these stages.") from None


def _load(session: Session, ids: Iterable[str]) -> Sequence[Lead]:
    wanted = {lead_id for lead_id in ids if "\0" not in lead_id}
    if not wanted:
        raise InvalidInput("No lead is chosen.", fix="Tick the leads that you mean.")
    if len(wanted) > MOST_AT_ONCE:
        raise InvalidInput(f"{len(wanted)} leads at once are too many.", fix=f"Choose at most {MOST_AT_ONCE}.")
    # as they are now, though the session may have read them before it took its turn
    query = select(Lead).where(col(Lead.id).in_(wanted)).order_by(col(Lead.id))
    return session.exec(query.execution_options(populate_existing=True)).all()


def _tell_worth(session: Session, leads: Sequence[Lead], now: datetime) -> None:
    for lead in leads:
        if lead.value_minor:
            tell_worth(session, lead, now=now)


def _note(session: Session, lead: Lead, kind: str, actor: str, now: datetime, **details: Any) -> None:
    session.add(LeadEntry(lead_id=lead.id, at=now, by=actor, kind=kind, details=details))
    session.add(lead)


def _record(session: Session, action: str, leads: Sequence[Lead], actor: str, now: datetime, **details: Any) -> None:
    if not leads:
        return
    session.flush()
    subject = leads[0].id if len(leads) == 1 else f"{len(leads)} leads"
    audit.record(session, now=now, actor=actor, action=action, subject=subject, **details)
