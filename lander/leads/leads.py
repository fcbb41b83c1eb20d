"""Leads to look at: newest first, filtered, searched, their fields opened for whoever may see them. Nothing here writes.

Fields are sealed, so a search in them opens the newest leads one by one, in memory and only so many. An e-mail address
is found among all of them by its keyed index.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from lander.campaign import UTM
from lander.email_addresses import find_addresses, normalise
from lander.errors import NotFound
from lander.leads.models import Lead, LeadEntry, Stage
from lander.vault import Vault

CANNOT_BE_OPENED: Final = "cannot-be-opened"
SEARCHED: Final = 2_000
"""How many of the newest leads a search for text opens."""
_MOST_CHOICES: Final = 100
_NEWEST_FIRST: Final = (col(Lead.received_at).desc(), col(Lead.id))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class OpenLead:
    """A lead with its fields in the clear.

    Where none of our secrets opens them any more, `fields` is empty and `flags` says so: one lost secret must not hide
    all the other leads.
    """

    id: str
    received_at: datetime
    page_id: int
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
    campaign: dict[str, str]
    viewed_at: datetime | None  # when the page was opened that sent it
    query: str
    referrer: str
    click_ids: dict[str, str]
    stage: Stage
    value_minor: int | None
    spam: bool

    @property
    def consent_id(self) -> str:
        """Names the very text that was agreed to: another text, another id."""
        return hashlib.sha256(self.consent_text.encode()).hexdigest()[:8] if self.consent_text else ""

    @property
    def landing(self) -> str:
        """The address that was opened, as far as it is kept."""
        return f"{self.host}{self.path}" + (f"?{self.query}" if self.query else "")

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
            "consent_id": self.consent_id,
            "consent_text": self.consent_text,
            "consented_at": None if self.consented_at is None else self.consented_at.isoformat(),
            "campaign": self.campaign,
            "click_ids": self.click_ids,
            "landing": self.landing,
            "referrer": self.referrer,
            "stage": self.stage.value,
            "value_minor": self.value_minor,
            "spam": self.spam,
            "flags": list(self.flags),
            "simulated": self.simulated,
        }


@dataclass(frozen=True, slots=True)
class Which:
    """The leads that are meant: whatever is left out means all."""

    host: str | None = None
    spam: bool | None = None
    page_id: int | None = None
    variant: str | None = None
    source: str | None = None
    campaign: str | None = None
    stage: Stage | None = None
    since: datetime | None = None
    until: datetime | None = None  # not included

    def conditions(self, *, but_stage: bool = False) -> Iterator[ColumnElement[bool]]:
        """For a WHERE."""
        plain = {
            Lead.host: self.host,
            Lead.spam: self.spam,
            Lead.page_id: self.page_id,
            Lead.variant: self.variant,
            Lead.stage: None if but_stage else self.stage,
        }
        yield from (col(column) == value for column, value in plain.items() if value is not None)
        for name, wanted in (("utm_source", self.source), ("utm_campaign", self.campaign)):
            if wanted is not None:
                yield _parameter(name) == wanted
        if self.since is not None:
            yield col(Lead.received_at) >= self.since
        if self.until is not None:
            yield col(Lead.received_at) < self.until


EVERYTHING: Final = Which()


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to."""

    leads: list[OpenLead]
    searched: int  # so many were looked at, the newest
    of: int  # so many there are
    is_by_email: bool
    elsewhere: int = 0  # so many in the other folder have the address that was searched for, and none in this one


@dataclass(frozen=True, slots=True)
class StageCount:
    """How many leads are in a stage, and what they are worth together."""

    stage: Stage
    leads: int
    value_minor: int


def list_leads(
    session: Session,
    vault: Vault,
    which: Which = EVERYTHING,
    *,
    before: tuple[datetime, str] | None = None,
    limit: int | None = None,
) -> list[OpenLead]:
    """Newest first; `before` is time and id of the lead that the list before ended with."""
    query = select(Lead).where(*which.conditions())
    if before is not None:
        at, lead_id = before
        query = query.where(or_(col(Lead.received_at) < at, and_(col(Lead.received_at) == at, col(Lead.id) > lead_id)))
    return [_open(lead, vault) for lead in session.exec(query.order_by(*_NEWEST_FIRST).limit(limit))]


def iterate_leads(session: Session, vault: Vault, which: Which = EVERYTHING) -> Iterator[OpenLead]:
    """All of them, newest first, a few in memory at a time."""
    query = select(Lead).where(*which.conditions()).order_by(*_NEWEST_FIRST).execution_options(yield_per=500)
    return (_open(lead, vault) for lead in session.exec(query))


def search_leads(session: Session, vault: Vault, words: str, which: Which = EVERYTHING, *, limit: int) -> Found:
    """Leads of an e-mail address, among all of them; of any other words, or where nobody has that address, those among
    the newest 2,000 in whose fields all the words stand.
    """
    total = count_leads(session, which)
    elsewhere = 0
    address = normalise(words)
    if list(find_addresses(address)) == [address]:
        of_address = col(Lead.email_index).in_(vault.blind_indexes(address))
        query = select(Lead).where(*which.conditions(), of_address).order_by(*_NEWEST_FIRST)
        if found := session.exec(query.limit(limit)).all():
            return Found([_open(lead, vault) for lead in found], total, total, is_by_email=True)
        if which.spam is not None:
            other = Which(host=which.host, spam=not which.spam)
            query_there = select(func.count()).select_from(Lead).where(*other.conditions(), of_address)
            elsewhere = session.exec(query_there).one()
    wanted = words.casefold().split()
    sealed = select_columns(col(Lead.id), col(Lead.sealed)).where(*which.conditions())
    ids: list[str] = []
    for lead_id, content in session.execute(sealed.order_by(*_NEWEST_FIRST).limit(SEARCHED)):
        text = " ".join((open_fields(vault, content, context=lead_id) or {}).values()).casefold()
        if all(word in text for word in wanted):
            ids.append(lead_id)
    found = session.exec(select(Lead).where(col(Lead.id).in_(ids[:limit])).order_by(*_NEWEST_FIRST)).all()
    return Found(
        [_open(lead, vault) for lead in found], min(total, SEARCHED), total, is_by_email=False, elsewhere=elsewhere
    )


def load_lead(session: Session, vault: Vault, lead_id: str) -> OpenLead:
    """The lead of that id, opened; raises `NotFound`."""
    return _open(load_stored(session, lead_id), vault)


def load_stored(session: Session, lead_id: str) -> Lead:
    """The lead of that id as it is stored; raises `NotFound`."""
    lead = session.get(Lead, lead_id) if "\0" not in lead_id else None
    if lead is None:
        raise NotFound("There is no such lead, or it has been erased.", fix="The list of leads has every one.")
    return lead


def list_entries(session: Session, lead_id: str) -> Sequence[LeadEntry]:
    """What was done about a lead, in the order in which it was done."""
    return session.exec(select(LeadEntry).where(LeadEntry.lead_id == lead_id).order_by(col(LeadEntry.id))).all()


def count_leads(session: Session, which: Which = EVERYTHING) -> int:
    """How many there are."""
    return session.exec(select(func.count()).select_from(Lead).where(*which.conditions())).one()


def count_unopened(session: Session, vault: Vault, which: Which = EVERYTHING) -> int:
    """How many of them no secret of ours opens; each one is tried."""
    query = select_columns(col(Lead.id), col(Lead.sealed)).where(*which.conditions()).execution_options(yield_per=500)
    return sum(open_fields(vault, sealed, context=lead_id) is None for lead_id, sealed in session.execute(query))


def say_unopened(leads: int) -> str:
    """
    >>> say_unopened(1), say_unopened(1200)
    ('1 lead cannot be opened with these secrets', '1,200 leads cannot be opened with these secrets')
    """
    return f"{leads:,} {'lead' if leads == 1 else 'leads'} cannot be opened with these secrets"


def count_stages(session: Session, which: Which = EVERYTHING) -> list[StageCount]:
    """Each stage with its leads, whatever stage `which` asks for."""
    query = (
        select(Lead.stage, func.count(), func.coalesce(func.sum(Lead.value_minor), 0))
        .where(*which.conditions(but_stage=True))
        .group_by(col(Lead.stage))
    )
    found = {stage: (leads, int(value or 0)) for stage, leads, value in session.exec(query)}
    return [StageCount(stage, *found.get(stage.value, (0, 0))) for stage in Stage]


def count_by_page(session: Session, *, since: datetime) -> dict[int, int]:
    """Leads of people since then, page by page."""
    query = (
        select(Lead.page_id, func.count())
        .where(col(Lead.received_at) >= since, ~col(Lead.spam), ~col(Lead.simulated))
        .group_by(col(Lead.page_id))
    )
    return dict(session.exec(query).all())


def list_choices(session: Session, which: Which, parameter: str) -> list[str]:
    """The values of a utm_ parameter that leads came with, the most frequent ones, by name."""
    assert parameter in UTM
    value = _parameter(parameter)
    query = (
        select_columns(value)
        .where(*which.conditions(), value.is_not(None))
        .group_by(value)
        .order_by(func.count().desc(), value)
        .limit(_MOST_CHOICES)
    )
    return sorted(session.execute(query).scalars())


def list_variants(session: Session, which: Which) -> list[str]:
    """The variants that leads came from."""
    query = select(Lead.variant).where(*which.conditions()).distinct().order_by(col(Lead.variant))
    return list(session.exec(query))


def list_page_ids(session: Session, which: Which) -> list[int]:
    """The pages that leads came from."""
    return list(session.exec(select(Lead.page_id).where(*which.conditions()).distinct()))


def _parameter(name: str) -> ColumnElement[str]:
    found: ColumnElement[str] = col(Lead.campaign)[name].as_string()
    return found


def _open(lead: Lead, vault: Vault) -> OpenLead:
    fields = open_fields(vault, lead.sealed, context=lead.id)
    touch = (open_fields(vault, lead.touch, context=f"{lead.id} touch") if lead.touch else None) or {}
    viewed_at_ms = touch.get("viewed_at_ms")
    return OpenLead(
        id=lead.id,
        received_at=lead.received_at,
        page_id=lead.page_id,
        host=lead.host,
        path=lead.path,
        form=lead.form,
        variant=lead.variant,
        experiment_key=lead.experiment_key,
        phase=lead.phase,
        fields=fields or {},
        consent_text=lead.consent_text,
        consented_at=lead.consented_at,
        flags=tuple(lead.flags) if fields is not None else (*lead.flags, CANNOT_BE_OPENED),
        simulated=lead.simulated,
        campaign=lead.campaign,
        viewed_at=_EPOCH + timedelta(milliseconds=viewed_at_ms) if viewed_at_ms is not None else None,
        query=touch.get("query", ""),
        referrer=touch.get("referrer", ""),
        click_ids=touch.get("click_ids", {}),
        stage=Stage(lead.stage),
        value_minor=lead.value_minor,
        spam=lead.spam,
    )


def open_fields(vault: Vault, sealed: str, *, context: str) -> dict[str, Any] | None:
    """What was sealed; None where no secret of ours opens it."""
    try:
        return dict(json.loads(vault.open(sealed, context=context)))
    except ValueError:
        return None
