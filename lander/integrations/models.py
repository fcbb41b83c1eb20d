"""Tables of what leaves Lander: who is told what, and the outbox in which it waits until it has arrived."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from lander.db import UtcDateTime


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"  # tried to the end, or refused for good; it can be replayed


class Webhook(SQLModel, table=True):
    """An address of the company's own that is told of events (Standard Webhooks)."""

    id: int | None = Field(default=None, primary_key=True)
    site_id: int = Field(foreign_key="site.id", index=True)
    url: str
    secret: str = ""  # whsec_…, encrypted
    old_secret: str = ""  # the one before, encrypted; signs beside the new one until `old_secret_until`
    old_secret_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    events: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))  # lead.created, …
    told_publication: int = 0  # id of the last publication that this webhook was told of
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str
    enabled_at: datetime = Field(sa_type=UtcDateTime)  # what happened before is not told
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    disabled_reason: str = ""


class MailRecipient(SQLModel, table=True):
    """Somebody who gets an e-mail for every new lead of a site, or of one page."""

    id: int | None = Field(default=None, primary_key=True)
    site_id: int = Field(foreign_key="site.id", index=True)
    page_id: int | None = Field(default=None, foreign_key="page.id")
    address: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str


class Delivery(SQLModel, table=True):
    """The outbox: one message for one receiver, kept until it has arrived or is given up."""

    id: str = Field(primary_key=True)  # the webhook-id of every attempt
    webhook_id: int | None = Field(default=None, foreign_key="webhook.id", index=True)
    recipient_id: int | None = Field(default=None, foreign_key="mailrecipient.id", index=True)
    event: str
    about: str = ""  # what it tells of, in the clear: an address, an experiment; never anything of a visitor
    lead_id: str = Field(default="", index=True)
    payload: str  # JSON, encrypted; empty once it has arrived
    state: str = Field(default=DeliveryState.WAITING.value, index=True)  # a `DeliveryState`
    attempts: int = 0
    next_at: datetime = Field(
        sa_type=UtcDateTime, index=True
    )  # while it is being sent: when another node may take over
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class DeliveryAttempt(SQLModel, table=True):
    """One try: the delivery log."""

    id: int | None = Field(default=None, primary_key=True)
    delivery_id: str = Field(foreign_key="delivery.id", index=True)
    at: datetime = Field(sa_type=UtcDateTime)
    status: int | None = None  # of HTTP or SMTP, where one came
    outcome: str  # in words
    duration_ms: int = 0
