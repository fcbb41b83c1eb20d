"""Tables of leads: what can be counted in the clear, what is personal sealed."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from lander.db import UtcDateTime


class Lead(SQLModel, table=True):
    """A form's content. `sealed` opens with the vault under the lead's id as context."""

    id: str = Field(primary_key=True)
    page_id: int = Field(index=True)
    host: str
    path: str
    view: str = Field(default="", index=True)  # which page view sent it; a second lead of one view is flagged
    network: str = Field(default="", index=True)  # keyed hash of the truncated address, for the rate flag alone
    form: str
    variant: str
    experiment_key: str = ""
    phase: int = 0
    sealed: str  # JSON object of the fields, encrypted
    email_index: str = Field(default="", index=True)  # keyed blind index of the first e-mail field
    consent_text: str = ""
    consented_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    flags: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    # why it may not be genuine: honeypot, too-fast, token-expired, unknown-form, repeated-token, bot, rate
    simulated: bool = False
    received_at: datetime = Field(sa_type=UtcDateTime, index=True)
    campaign: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))  # utm_… in the clear
    touch: str = ""  # JSON object of landing address, raw query with its click ids, and referrer, encrypted
    stage: str = Field(default="new", index=True)  # new, qualified, won, lost
    value_minor: int | None = None  # in cents of the site's currency
    spam: bool = Field(
        default=False, index=True
    )  # in the spam folder: by its flags when it came, then by a person's word


class LeadEntry(SQLModel, table=True):
    """One thing that was done about a lead: its timeline. No field of the lead is repeated here."""

    id: int | None = Field(default=None, primary_key=True)
    lead_id: str = Field(index=True)
    at: datetime = Field(sa_type=UtcDateTime)
    by: str
    kind: str  # stage, value, spam, not-spam, note
    details: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class Erasure(SQLModel, table=True):
    """Somebody asked to be forgotten: what is erased again where a backup brings it back."""

    email_index: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    by: str
    leads: int = 0  # how many were erased
