"""What the screens about deliveries show: who is told, of what, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from lander.console.context import FormError, SiteOption


@dataclass(frozen=True, slots=True)
class EventOption:
    """Something a webhook can be told of."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class WebhookRow:
    """A webhook in one line."""

    url: str
    address: str
    is_on: bool
    reason: str  # why it is off
    events: list[str]
    waiting: int
    dead: int


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """Somebody who is mailed."""

    mail: str
    leads: str  # of which page, or of all
    address: str  # of what can be done about it


@dataclass(frozen=True, slots=True)
class PageOption:
    """A page whose leads somebody can be mailed."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery in one line."""

    address: str
    event: str
    about: str
    to: str
    tone: str  # live, running or paused
    state_word: str
    attempts: int
    outcome: str  # of the latest attempt
    made_at: datetime
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class StateLink:
    """A way to look at the log."""

    label: str
    address: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class DeliveriesScreen:
    """Who is told of what, and the log."""

    template: ClassVar[str] = "deliveries/index.html"
    site: str
    sites: list[SiteOption]
    query: str
    webhooks: list[WebhookRow]
    recipients: list[RecipientRow]
    pages: list[PageOption]
    typed_mail: str
    mail_is_set_up: bool
    rows: list[DeliveryRow]
    states: list[StateLink]
    older: str
    timezone: str
    may_edit: bool
    errors: list[FormError]


@dataclass(frozen=True, slots=True)
class NewWebhookScreen:
    """Where to send, and what."""

    template: ClassVar[str] = "deliveries/edit.html"
    site: str
    query: str
    url: str
    events: list[EventOption]
    allowed_hosts: list[str]
    errors: list[FormError]


@dataclass(frozen=True, slots=True)
class WebhookScreen:
    """A webhook: its state, its secret on request, and what was sent there."""

    template: ClassVar[str] = "deliveries/webhook.html"
    url: str
    address: str
    query: str
    is_on: bool
    off_at: datetime | None
    reason: str
    added_at: datetime
    added_by: str
    events: list[EventOption]
    secret: str  # empty until somebody asks for it
    both_until: datetime | None  # until then the secret before this one signs too
    waiting: int
    dead: int
    rows: list[DeliveryRow]
    timezone: str
    may_edit: bool
    errors: list[FormError]


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One try."""

    at: datetime
    status: str
    outcome: str
    took: str


@dataclass(frozen=True, slots=True)
class DeliveryScreen:
    """A delivery with all of its attempts."""

    template: ClassVar[str] = "deliveries/show.html"
    key: str
    address: str
    event: str
    about: str
    lead_address: str
    to: str
    to_address: str
    query: str
    tone: str
    state_word: str
    made_at: datetime
    next_at: datetime | None
    ended_at: datetime | None
    attempts: list[AttemptRow]
    content: str  # what is sent, for those who may read leads, until it has arrived
    timezone: str
    may_replay: bool
