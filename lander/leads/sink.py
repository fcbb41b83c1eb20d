"""Leads come home from the journals: each kept once, and flagged where it may not be genuine; flagged ones go to the spam
folder. None is ever dropped, but those of somebody who has asked to be forgotten since; what cannot be read is handed back.

Flags depend on the leads that are there and not on the order they came in, so two nodes' journals may arrive as they
like. What was sealed on the public path stays sealed here.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import JSON, Boolean, Row, bindparam, select, text, update
from sqlmodel import Session, col

from experiments.storage import UtcDateTime
from lander.db import take_turn
from lander.leads.models import NOT_SPAM, SPAM, Erasure, Lead, LeadEntry, name_lead
from lander.leads.worth import tell_worth

REPEATED_TOKEN: Final = "repeated-token"  # noqa: S105
RATE: Final = "rate"
MAX_PER_MINUTE: Final = 5  # of one network
_MINUTE: Final = timedelta(minutes=1)
_CHUNK: Final = 500
_LATEST_MS: Final = 32_503_680_000_000  # the year 3000; far beyond, there are no dates
_MOST: Final = 2**31 - 1  # that an integer column holds

_KEEP: Final = text("""
    INSERT INTO lead (id, page_id, host, path, view, network, form, variant, experiment_key, phase, sealed,
                      email_index, consent_text, consented_at, flags, simulated, received_at,
                      campaign, touch, stage, spam)
    VALUES (:id, :page_id,
            COALESCE((SELECT site.host FROM site JOIN page ON page.site_id = site.id WHERE page.id = :page_id), :host),
            COALESCE(NULLIF(:path, ''), (SELECT '/' || page.slug FROM page WHERE page.id = :page_id), ''),
            :view, :network, :form, :variant, :experiment_key, :phase, :sealed,
            :email_index, :consent_text, :consented_at, :flags, :simulated, :received_at,
            :campaign, :touch, 'new', :spam)
    ON CONFLICT (id) DO NOTHING
""").bindparams(
    bindparam("consented_at", type_=UtcDateTime()),
    bindparam("received_at", type_=UtcDateTime()),
    bindparam("flags", type_=JSON()),
    bindparam("simulated", type_=Boolean()),
    bindparam("campaign", type_=JSON()),
    bindparam("spam", type_=Boolean()),
)
# a page that was taken away is known by its token alone, which any host of ours takes: the page says where it belongs


class _Record(BaseModel):
    """A lead as the public path writes it. A field we do not know is no reason to lose somebody's message."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    sealed: str
    received_at_ms: int = Field(ge=0, le=_LATEST_MS)
    page_id: int = Field(ge=0, le=_MOST)
    host: str
    path: str = ""
    view: str = ""
    network: str = ""
    form: str = ""
    variant: str = ""
    experiment_key: str = ""
    phase: int = Field(default=0, ge=0, le=_MOST)
    email_index: str = ""
    consent_text: str = ""
    consented_at_ms: int | None = Field(default=None, ge=0, le=_LATEST_MS)
    flags: list[str] = []
    simulated: bool = False
    campaign: dict[str, str] = {}
    touch: str = ""

    def as_row(self) -> dict[str, Any]:
        return {
            **self.model_dump(exclude={"received_at_ms", "consented_at_ms"}),
            "spam": bool(self.flags),
            "received_at": _moment(self.received_at_ms),
            "consented_at": None if self.consented_at_ms is None else _moment(self.consented_at_ms),
        }


@dataclass(frozen=True, slots=True)
class UnreadableLead:
    """A journal row that should be a lead and is not; `wrong` names its fields, never their values."""

    body: bytes
    wrong: str


@dataclass(frozen=True, slots=True)
class StoredLeads:
    """What became of a batch."""

    stored: int = 0
    known: int = 0  # were there already, or are erased
    unreadable: tuple[UnreadableLead, ...] = ()  # not stored; the caller keeps them
    ids: tuple[str, ...] = field(default=(), compare=False)  # of those that were stored now


def store_leads(session: Session, bodies: Sequence[bytes], *, now: datetime) -> StoredLeads:
    """Keep leads; the same one again changes nothing.

    A lead is flagged `repeated-token` where an earlier one came from the same page view, and `rate` where its network
    had sent five in the minute before. Both are for a person to judge.
    """
    read: list[_Record] = []
    unreadable: list[UnreadableLead] = []
    for body in bodies:
        try:
            read.append(_Record.model_validate_json(body))
        except ValidationError as error:
            unreadable.append(UnreadableLead(body, _name_fields(error)))
    newest_first = sorted(read, key=lambda record: -record.received_at_ms)
    records = {record.id: record for record in newest_first}  # of one lead sent twice, the first is kept
    take_turn(session, "leads")  # flags compare leads, so those that another node brings must be seen
    known = set(_find_known(session, sorted(records)))
    new = list(_leave_out_erased(session, [record for key, record in sorted(records.items()) if key not in known]))
    if new:
        session.execute(_KEEP, [record.as_row() for record in new])
        _flag_repeated(session, {record.view for record in new if record.view}, now)
        _flag_rate(session, [record for record in new if record.network], now)
    return StoredLeads(
        stored=len(new),
        known=len(read) - len(new),
        unreadable=tuple(unreadable),
        ids=tuple(record.id for record in new),
    )


def _name_fields(error: ValidationError) -> str:
    return ", ".join(str(".".join(map(str, item["loc"])) or item["type"]) for item in error.errors())


def _find_known(session: Session, ids: Sequence[str]) -> Iterator[str]:
    for chunk in _chunks(ids):
        yield from session.execute(select(col(Lead.id)).where(col(Lead.id).in_(chunk))).scalars()


def _leave_out_erased(session: Session, records: Sequence[_Record]) -> Iterator[_Record]:
    """What somebody sent after they were forgotten is a new lead; what they had sent before must not come back."""
    erased: dict[str, datetime] = {}
    names = {name for record in records for name in (record.email_index, name_lead(record.id)) if name}
    for chunk in _chunks(sorted(names)):
        erased |= dict(
            session.execute(
                select(col(Erasure.email_index), col(Erasure.at)).where(col(Erasure.email_index).in_(chunk))
            ).all()
        )
    for record in records:
        at = erased.get(record.email_index)
        if name_lead(record.id) not in erased and (at is None or _moment(record.received_at_ms) > at):
            yield record


def _flag_repeated(session: Session, views: Iterable[str], now: datetime) -> None:
    for chunk in _chunks(sorted(views)):
        query = select(col(Lead.id), col(Lead.flags), col(Lead.view)).where(col(Lead.view).in_(chunk))
        ordered = session.execute(query.order_by(col(Lead.view), col(Lead.received_at), col(Lead.id))).all()
        later = [lead for _, group in groupby(ordered, key=lambda lead: lead.view) for lead in islice(group, 1, None)]
        _add_flag(session, later, REPEATED_TOKEN, now)


def _flag_rate(session: Session, new: Sequence[_Record], now: datetime) -> None:
    """New leads can push over the limit whatever their network sent from then until a minute later."""
    if not new:
        return
    times = [record.received_at_ms for record in new]
    first, last = _moment(min(times)), _moment(max(times))
    for chunk in _chunks(sorted({record.network for record in new})):
        query = select(col(Lead.id), col(Lead.flags), col(Lead.network), col(Lead.received_at)).where(
            col(Lead.network).in_(chunk), col(Lead.received_at).between(first - _MINUTE, last + _MINUTE)
        )
        sent: dict[str, list[Row[Any]]] = defaultdict(list)
        for lead in session.execute(query.order_by(col(Lead.received_at), col(Lead.id))):
            sent[lead.network].append(lead)
        _add_flag(session, [lead for leads in sent.values() for lead in _list_hasty(leads, first)], RATE, now)


def _list_hasty(leads: Sequence[Row[Any]], since: datetime) -> Iterator[Row[Any]]:
    """Those of one network, oldest first, that came when the minute before was full."""
    for before, lead in zip(leads, leads[MAX_PER_MINUTE:], strict=False):
        if lead.received_at >= since and before.received_at > lead.received_at - _MINUTE:
            yield lead


def _add_flag(session: Session, leads: Iterable[Row[Any]], flag: str, now: datetime) -> None:
    """Flagged leads go to the spam folder, unless somebody has said of one where it belongs."""
    new = [lead for lead in leads if flag not in lead.flags]
    if not new:
        return
    session.execute(update(Lead), [{"id": lead.id, "flags": [*lead.flags, flag]} for lead in new])
    judged: set[str] = set()
    for chunk in _chunks([lead.id for lead in new]):
        is_word = col(LeadEntry.kind).in_([SPAM, NOT_SPAM])
        judged |= set(
            session.execute(select(col(LeadEntry.lead_id)).where(col(LeadEntry.lead_id).in_(chunk), is_word)).scalars()
        )
    if suspects := [{"id": lead.id, "spam": True} for lead in new if lead.id not in judged]:
        session.execute(update(Lead), suspects)
        _take_back_worth(session, [lead["id"] for lead in suspects], now)


def _take_back_worth(session: Session, ids: Sequence[str], now: datetime) -> None:
    """What went to the spam folder counts for nothing; hardly any has a value by then."""
    for chunk in _chunks(ids):
        valued = select(Lead).where(col(Lead.id).in_(chunk), col(Lead.value_minor).is_not(None))
        for lead in session.execute(valued.execution_options(populate_existing=True)).scalars():
            tell_worth(session, lead, now=now)


def _moment(at_ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[at : at + _CHUNK] for at in range(0, len(values), _CHUNK))
