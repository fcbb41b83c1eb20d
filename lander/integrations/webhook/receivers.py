"""The webhooks of a site: adding, turning off and on, replacing the secret, taking away. Secrets are kept encrypted."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlmodel import Session, col, func, select

from lander.access import audit
from lander.errors import Conflict, InvalidInput, NotFound
from lander.integrations.egress import Target
from lander.integrations.models import Webhook
from lander.integrations.webhook.message import make_secret
from lander.pages.models import Publication, Site
from lander.vault import Vault

BOTH_SIGN_FOR: Final = timedelta(hours=24)
MOST_OF_A_SITE: Final = 20


class Event(StrEnum):
    """What a webhook can be told of."""

    LEAD_CREATED = "lead.created"
    CONVERSION_RECORDED = "conversion.recorded"
    PAGE_PUBLISHED = "page.published"
    EXPERIMENT_DECIDED = "experiment.decided"


TEST: Final = "test"
"""The event that is sent on request alone."""


def add_webhook(
    session: Session, vault: Vault, site: Site, target: Target, *, events: Iterable[str], actor: str, now: datetime
) -> Webhook:
    """Tell this address of these events from now on; a `Target` is an address that has been checked."""
    wanted = _read_events(events)
    assert site.id is not None
    there = list_webhooks(session, site)
    if any(webhook.url == target.url for webhook in there):
        raise Conflict(f"{target.url} is on the list already.", fix="Open it there.")
    if len(there) >= MOST_OF_A_SITE:
        raise Conflict(f"{site.host} has {MOST_OF_A_SITE} webhooks already.", fix="Remove one that nobody needs.")
    webhook = Webhook(
        site_id=site.id,
        url=target.url,
        events=wanted,
        told_publication=find_last_publication(session),
        created_at=now,
        created_by=actor,
        enabled_at=now,
    )
    session.add(webhook)
    session.flush()
    webhook.secret = _seal(vault, webhook, make_secret())
    _note(session, webhook, "webhook.add", actor=actor, now=now, events=wanted)
    return webhook


def load_webhook(session: Session, webhook_id: int) -> Webhook:
    """The webhook of that id; raises `NotFound`."""
    webhook = session.get(Webhook, webhook_id) if 0 < webhook_id < 2**31 else None
    if webhook is None:
        raise NotFound(f"There is no webhook {webhook_id}.", fix="The list of deliveries has every one.")
    return webhook


def list_webhooks(session: Session, site: Site | None = None) -> Sequence[Webhook]:
    """Those of a site, or of all, the oldest first."""
    query = select(Webhook).order_by(col(Webhook.id))
    return session.exec(query if site is None else query.where(Webhook.site_id == site.id)).all()


def disable(session: Session, webhook: Webhook, *, reason: str, actor: str, now: datetime) -> None:
    """Send nothing more there; what waits, waits."""
    if webhook.disabled_at is not None:
        return
    webhook.disabled_at, webhook.disabled_reason = now, reason
    session.add(webhook)
    _note(session, webhook, "webhook.disable", actor=actor, now=now, reason=reason)


def enable(session: Session, webhook: Webhook, *, actor: str, now: datetime) -> None:
    """Send there again: what still waited, and what happens from now on."""
    if webhook.disabled_at is None:
        return
    webhook.disabled_at, webhook.disabled_reason = None, ""
    webhook.enabled_at, webhook.told_publication = now, find_last_publication(session)
    session.add(webhook)
    _note(session, webhook, "webhook.enable", actor=actor, now=now)


def change_events(session: Session, webhook: Webhook, events: Iterable[str], *, actor: str, now: datetime) -> None:
    """Tell it of these events instead."""
    wanted, before = _read_events(events), list(webhook.events)
    if wanted == before:
        return
    if Event.PAGE_PUBLISHED not in before:
        webhook.told_publication = find_last_publication(session)
    webhook.events = wanted
    session.add(webhook)
    _note(session, webhook, "webhook.events", actor=actor, now=now, before=before, after=wanted)


def replace_secret(session: Session, vault: Vault, webhook: Webhook, *, actor: str, now: datetime) -> None:
    """A new secret; the one before signs beside it for a day."""
    webhook.old_secret, webhook.old_secret_until = webhook.secret, now + BOTH_SIGN_FOR
    webhook.secret = _seal(vault, webhook, make_secret())
    session.add(webhook)
    _note(session, webhook, "webhook.secret.replace", actor=actor, now=now)


def show_secret(session: Session, vault: Vault, webhook: Webhook, *, actor: str, now: datetime) -> str:
    """The secret in the clear, for the receiver's configuration; that somebody looked is written down."""
    secret = _open(vault, webhook, webhook.secret)
    _note(session, webhook, "webhook.secret.show", actor=actor, now=now)
    return secret


def list_secrets(vault: Vault, webhook: Webhook, *, now: datetime) -> list[str]:
    """What signs now, the newest first. Raises `Conflict` where none of our keys opens it."""
    sealed = [webhook.secret]
    if webhook.old_secret_until is not None and now < webhook.old_secret_until:
        sealed.append(webhook.old_secret)
    return [_open(vault, webhook, one) for one in sealed]


def find_last_publication(session: Session) -> int:
    """The newest publication's id; 0 before the first."""
    return session.exec(select(func.max(Publication.id))).one() or 0


def _read_events(events: Iterable[str]) -> list[str]:
    wanted = set(events)
    unknown = sorted(wanted - set(Event))
    if unknown:
        raise InvalidInput(f"There is no event '{unknown[0]}'.", fix=f"The events are {', '.join(Event)}.")
    if not wanted:
        raise InvalidInput("Nothing is chosen that the webhook is told of.", fix="Choose at least one event.")
    return [event.value for event in Event if event in wanted]


def _seal(vault: Vault, webhook: Webhook, secret: str) -> str:
    return vault.seal(secret, context=f"webhook {webhook.id}")


def _open(vault: Vault, webhook: Webhook, sealed: str) -> str:
    try:
        return vault.open(sealed, context=f"webhook {webhook.id}")
    except ValueError:
        raise Conflict(
            "The webhook's secret was sealed with a key that this installation no longer has.",
            fix="IT can put it back into LANDER_SECRET_KEYS; or replace the webhook's secret.",
        ) from None


def _note(session: Session, webhook: Webhook, action: str, *, actor: str, now: datetime, **details: object) -> None:
    audit.record(session, now=now, actor=actor, action=action, subject=webhook.url, webhook=webhook.id, **details)
