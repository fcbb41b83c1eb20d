"""Tables of leads: what can be counted in the clear, what is personal sealed."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from lander.db import UtcDateTime

SPAM: Final = "spam"
NOT_SPAM: Final = "not-spam"
"""Kinds of entries: somebody's word on where a lead belongs."""


class Stage(StrEnum):
    """How far somebody has come with a lead."""

    NEW = "new"
    QUALIFIED = "qualified"
    WON = "won"
    LOST = "lost"


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
    touch: str = ""  # JSON object of when the view was, its raw query, click ids and referrer; opens with "<id> touch"
    stage: str = Field(default=Stage.NEW.value, index=True)
    value_minor: int | None = None  # in cents of the site's currency
    spam: bool = Field(default=False, index=True)  # in the spam folder: by its flags, then by a person's word


class LeadEntry(SQLModel, table=True):
    """One thing that was done about a lead: its timeline. No field of the lead is repeated here."""

    id: int | None = Field(default=None, primary_key=True)
    lead_id: str = Field(index=True)
    at: datetime = Field(sa_type=UtcDateTime)
    by: str
    kind: str  # stage, value, spam or not-spam
    details: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


def name_lead(lead_id: str) -> str:
    """What stands for a single lead where erasures are remembered; no index of an address looks so.

    >>> name_lead("6f1e")
    'lead:6f1e'
    """
    return f"lead:{lead_id}"


class Erasure(SQLModel, table=True):
    """Somebody asked to be forgotten: what they had sent until then is erased again where it comes back."""

    email_index: str = Field(primary_key=True)  # or what `name_lead` makes of a lead that holds no address
    at: datetime = Field(sa_type=UtcDateTime)
    by: str
    leads: int = 0  # how many were erased
