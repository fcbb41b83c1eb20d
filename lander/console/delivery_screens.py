"""Deliveries in words: from webhooks, recipients and the outbox to what their screens show."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from flask import request
from sqlmodel import Session, select

from lander.access.gate import caller, edge, studio
from lander.access.permissions import Permission
from lander.console.context import FormError
from lander.console.delivery_context import (
    AttemptRow,
    DeliveriesScreen,
    DeliveryRow,
    DeliveryScreen,
    EventOption,
    NewWebhookScreen,
    PageOption,
    RecipientRow,
    StateLink,
    WebhookRow,
    WebhookScreen,
)
from lander.console.places import has_several, load_site, site_options
from lander.integrations import outbox
from lander.integrations.email.receivers import list_recipients
from lander.integrations.models import Delivery, DeliveryState, MailRecipient, Webhook
from lander.integrations.webhook.receivers import TEST, Event, list_webhooks
from lander.pages.models import Page, Site
from lander.pages.pages import list_pages
from lander.policy.store import load_policy
from lander.vault import Vault

EVENT_WORDS: Final[Mapping[str, str]] = {
    Event.LEAD_CREATED: "New lead",
    Event.CONVERSION_RECORDED: "Conversion recorded",
    Event.PAGE_PUBLISHED: "Page published",
    Event.EXPERIMENT_DECIDED: "Experiment decided",
    TEST: "Test",
}
STATE_WORDS: Final[Mapping[str, str]] = {
    DeliveryState.WAITING: "Waiting",
    DeliveryState.DELIVERED: "Delivered",
    DeliveryState.DEAD: "Given up",
}
_TONES: Final[Mapping[str, str]] = {
    DeliveryState.WAITING: "running",
    DeliveryState.DELIVERED: "live",
    DeliveryState.DEAD: "paused",
}
_ON_A_PAGE: Final = 50
_ON_A_WEBHOOK: Final = 20


@dataclass(frozen=True, slots=True)
class Typed:
    """What stood in the form for a recipient, and what is wrong with it."""

    mail: str = ""
    page: str = ""
    errors: Sequence[FormError] = field(default_factory=tuple)


def deliveries_screen(session: Session, typed: Typed | None = None) -> DeliveriesScreen:
    """Who is told, and the log as the address asks for it."""
    typed = typed or Typed()
    site = load_site(session)
    wanted = request.args.get("state", "")
    state = DeliveryState(wanted) if wanted in list(DeliveryState) else None
    before = session.get(Delivery, request.args.get("before", "").replace("\0", ""))
    found = outbox.list_deliveries(session, site, state=state, before=before, limit=_ON_A_PAGE + 1)
    shown = found[:_ON_A_PAGE]
    query = query_of(session, site)
    pages = {page.id: page for page in list_pages(session, site)}
    return DeliveriesScreen(
        site=site.host,
        sites=site_options(session, site),
        query=query,
        webhooks=[_webhook_row(session, webhook) for webhook in list_webhooks(session, site)],
        recipients=[_recipient_row(recipient, site, pages) for recipient in list_recipients(session, site)],
        pages=[
            PageOption(page.slug, f"{site.host}/{page.slug}", is_chosen=page.slug == typed.page)
            for page in pages.values()
        ],
        typed_mail=typed.mail,
        mail_is_set_up=studio().settings.mail is not None,
        rows=delivery_rows(session, shown),
        states=list(_state_links(session, site, state)),
        older=_log_address(session, site, state, before=shown[-1].id) if len(found) > len(shown) else "",
        timezone=site.timezone,
        may_edit=caller().can(Permission.DELIVERIES_EDIT),
        errors=list(typed.errors),
    )


def new_webhook_screen(
    session: Session, *, url: str = "", events: Sequence[str] = (Event.LEAD_CREATED,), errors: Sequence[FormError] = ()
) -> NewWebhookScreen:
    """The form for a webhook, as it was typed."""
    site = load_site(session)
    return NewWebhookScreen(
        site=site.host,
        query=query_of(session, site),
        url=url,
        events=event_options(events),
        allowed_hosts=list(load_policy(session).egress.webhook_hosts),
        errors=list(errors),
    )


def webhook_screen(
    session: Session, webhook: Webhook, *, secret: str = "", errors: Sequence[FormError] = ()
) -> WebhookScreen:
    """A webhook with the latest that was sent there."""
    site = session.get_one(Site, webhook.site_id)
    counts = outbox.count(session, webhook)
    until = webhook.old_secret_until
    return WebhookScreen(
        url=webhook.url,
        address=webhook_address(webhook),
        query=query_of(session, site),
        is_on=webhook.disabled_at is None,
        off_at=webhook.disabled_at,
        reason=webhook.disabled_reason,
        added_at=webhook.created_at,
        added_by=webhook.created_by,
        events=event_options(webhook.events),
        secret=secret,
        both_until=until if until is not None and edge().now < until else None,
        waiting=counts.waiting,
        dead=counts.dead,
        rows=delivery_rows(session, outbox.list_deliveries(session, webhook=webhook, limit=_ON_A_WEBHOOK)),
        timezone=site.timezone,
        may_edit=caller().can(Permission.DELIVERIES_EDIT),
        errors=list(errors),
    )


def delivery_screen(session: Session, delivery: Delivery) -> DeliveryScreen:
    """A delivery with its attempts; what is sent is shown to those alone who may read leads."""
    receiver = _load_receiver(session, delivery)
    site = session.get_one(Site, receiver.site_id)
    may_read_leads = caller().can(Permission.LEADS_READ)
    return DeliveryScreen(
        key=delivery.id,
        address=delivery_address(delivery),
        event=EVENT_WORDS.get(delivery.event, delivery.event),
        about=delivery.about,
        lead_address=f"/leads/{delivery.lead_id}" if delivery.lead_id and may_read_leads else "",
        to=_name(receiver),
        to_address=webhook_address(receiver) if isinstance(receiver, Webhook) else "",
        query=query_of(session, site),
        tone=_TONES[delivery.state],
        state_word=STATE_WORDS[delivery.state],
        made_at=delivery.created_at,
        next_at=delivery.next_at if delivery.state == DeliveryState.WAITING else None,
        ended_at=delivery.ended_at,
        attempts=[
            AttemptRow(
                at=attempt.at,
                status=str(attempt.status or ""),
                outcome=attempt.outcome,
                took=f"{attempt.duration_ms / 1000:.1f} s"
                if attempt.duration_ms >= 1000
                else f"{attempt.duration_ms} ms",
            )
            for attempt in outbox.list_attempts(session, delivery)
        ],
        content=_open(delivery) if may_read_leads else "",
        timezone=site.timezone,
        may_replay=delivery.state == DeliveryState.DEAD
        and delivery.event != TEST
        and caller().can(Permission.DELIVERIES_EDIT),
    )


def delivery_rows(session: Session, deliveries: Sequence[Delivery]) -> list[DeliveryRow]:
    """Deliveries with what came of their latest attempt."""
    last = outbox.find_last_attempts(session, deliveries)
    names: dict[tuple[int | None, int | None], str] = {}
    rows = []
    for delivery in deliveries:
        key = (delivery.webhook_id, delivery.recipient_id)
        if key not in names:
            names[key] = _name(_load_receiver(session, delivery))
        attempt = last.get(delivery.id)
        rows.append(
            DeliveryRow(
                address=delivery_address(delivery),
                event=EVENT_WORDS.get(delivery.event, delivery.event),
                about=delivery.about,
                to=names[key],
                tone=_TONES[delivery.state],
                state_word=STATE_WORDS[delivery.state],
                attempts=delivery.attempts,
                outcome=attempt.outcome if attempt else "",
                made_at=delivery.created_at,
                next_at=delivery.next_at if delivery.state == DeliveryState.WAITING else None,
            )
        )
    return rows


def event_options(chosen: Iterable[str]) -> list[EventOption]:
    """Every event, the chosen ones ticked."""
    ticked = set(chosen)
    return [EventOption(event.value, EVENT_WORDS[event], is_chosen=event in ticked) for event in Event]


def webhook_address(webhook: Webhook) -> str:
    """Where a webhook's screen is."""
    return f"/deliveries/webhooks/{webhook.id}"


def delivery_address(delivery: Delivery) -> str:
    """Where a delivery's screen is."""
    return f"/deliveries/{delivery.id}"


def query_of(session: Session, site: Site) -> str:
    """What an address needs to say which site it is about; nothing where there is only one."""
    return f"?{urlencode({'site': site.host})}" if has_several(session) else ""


def _webhook_row(session: Session, webhook: Webhook) -> WebhookRow:
    counts = outbox.count(session, webhook)
    return WebhookRow(
        url=webhook.url,
        address=webhook_address(webhook),
        is_on=webhook.disabled_at is None,
        reason=webhook.disabled_reason,
        events=[EVENT_WORDS[event] for event in webhook.events],
        waiting=counts.waiting,
        dead=counts.dead,
    )


def _recipient_row(recipient: MailRecipient, site: Site, pages: Mapping[int | None, Page]) -> RecipientRow:
    page = pages.get(recipient.page_id)
    return RecipientRow(
        mail=recipient.address,
        leads=f"{site.host}/{page.slug}" if page else f"every page of {site.host}",
        address=f"/deliveries/recipients/{recipient.id}",
    )


def _state_links(session: Session, site: Site, current: DeliveryState | None) -> Iterable[StateLink]:
    yield StateLink("All", _log_address(session, site, None), is_current=current is None)
    for state in DeliveryState:
        yield StateLink(STATE_WORDS[state], _log_address(session, site, state), is_current=state is current)


def _log_address(session: Session, site: Site, state: DeliveryState | None, *, before: str = "") -> str:
    query = {"site": site.host if has_several(session) else "", "state": state.value if state else "", "before": before}
    given = urlencode({name: value for name, value in query.items() if value})
    return f"/deliveries{'?' if given else ''}{given}#log"


def _load_receiver(session: Session, delivery: Delivery) -> Webhook | MailRecipient:
    if delivery.webhook_id is not None:
        return session.get_one(Webhook, delivery.webhook_id)
    return session.exec(select(MailRecipient).where(MailRecipient.id == delivery.recipient_id)).one()


def _name(receiver: Webhook | MailRecipient) -> str:
    return receiver.url if isinstance(receiver, Webhook) else receiver.address


def _open(delivery: Delivery) -> str:
    """What is sent, laid out for reading; empty where it has arrived, or nothing of ours opens it."""
    if not delivery.payload:
        return ""
    try:
        content = Vault(studio().settings.secret_keys).open(delivery.payload, context=delivery.id)
    except ValueError:
        return ""
    return json.dumps(json.loads(content), ensure_ascii=False, indent=2)
