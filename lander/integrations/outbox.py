"""The outbox: a delivery's life from waiting to delivered or dead, and the log of its attempts.

Who is about to send a delivery takes it first: its `next_at` moves on by more than an attempt can last, so no other node
sends it meanwhile, and one does where this node dies. That may send it twice, under the same id.
"""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, or_, update
from sqlmodel import Session, col, func, select

from lander.access import audit
from lander.errors import Conflict, NotFound
from lander.integrations.announce import Announcer
from lander.integrations.models import Delivery, DeliveryAttempt, DeliveryState, MailRecipient, Webhook
from lander.integrations.outcome import Fate, Outcome
from lander.integrations.schedule import find_next
from lander.integrations.webhook.receivers import TEST, disable
from lander.leads.models import Lead
from lander.pages.models import Site

TAKEN_FOR: Final = timedelta(minutes=2)
SENDER: Final = "the work process"
MAIL: Final = 0
"""Stands for all recipients where receivers are told apart: they share one mail server."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How the outbox stands."""

    waiting: int
    dead: int
    oldest_at: datetime | None  # when the oldest of those that wait was made


def find_due(session: Session, *, busy: Collection[int], now: datetime) -> Sequence[int]:
    """Receivers for whom something could be taken, but for those that are busy; who waited longest comes first."""
    receiver = func.coalesce(Delivery.webhook_id, MAIL)
    query = select(receiver).where(*_is_due(now), receiver.not_in(busy)).group_by(receiver)
    return session.exec(query.order_by(func.min(Delivery.next_at))).all()


def take_due(session: Session, receiver: int, *, limit: int, now: datetime) -> list[Delivery]:
    """Take so many of a receiver's deliveries that are due, the longest waiting first."""
    query = (
        select(Delivery)
        .where(*_is_due(now), func.coalesce(Delivery.webhook_id, MAIL) == receiver)
        .order_by(col(Delivery.next_at), col(Delivery.id))
        .limit(limit)
    )
    taken = list(session.exec(query.with_for_update(skip_locked=True)))
    for delivery in taken:
        delivery.next_at = now + TAKEN_FOR
        session.add(delivery)
    return taken


def record_attempt(
    session: Session, delivery_id: str, outcome: Outcome, *, started_at: datetime, duration_ms: int, now: datetime
) -> None:
    """Write down what came of an attempt, and what follows from it."""
    delivery = session.exec(select(Delivery).where(Delivery.id == delivery_id).with_for_update()).first()
    if delivery is None:  # its lead was erased, or its receiver taken off the list meanwhile
        return
    session.add(
        DeliveryAttempt(
            delivery_id=delivery.id,
            at=started_at,
            status=outcome.status,
            outcome=outcome.words,
            duration_ms=duration_ms,
        )
    )
    delivery.attempts += 1
    session.add(delivery)
    if outcome.fate is Fate.GONE and delivery.webhook_id is not None:
        disable(session, session.get_one(Webhook, delivery.webhook_id), reason=outcome.words, actor=SENDER, now=now)
    if delivery.state == DeliveryState.DELIVERED:  # by a node that had taken it before and was only slow
        return
    if outcome.fate is Fate.DELIVERED:
        delivery.state, delivery.payload, delivery.ended_at = DeliveryState.DELIVERED, "", now
        return
    is_last = delivery.event == TEST or outcome.fate is not Fate.AGAIN
    next_at = None if is_last else find_next(delivery.attempts, now)
    if next_at is None:
        delivery.state, delivery.ended_at = DeliveryState.DEAD, now
    else:
        delivery.next_at = next_at


def add_test(
    session: Session, announcer: Announcer, receiver: Webhook | MailRecipient, *, actor: str, now: datetime
) -> Delivery:
    """A delivery that says nothing but that it arrives. It is taken: whoever asks sends it, once, right away."""
    site = session.get_one(Site, receiver.site_id)
    delivery = announcer.make_test(receiver, site, key=secrets.token_hex(8), actor=actor, now=now)
    delivery.next_at = now + TAKEN_FOR
    session.add(delivery)
    session.flush()
    to = receiver.url if isinstance(receiver, Webhook) else receiver.address
    audit.record(session, now=now, actor=actor, action="delivery.test", subject=to, delivery=delivery.id)
    return delivery


def replay(session: Session, delivery: Delivery, *, actor: str, now: datetime) -> None:
    """Send a dead delivery again, from the start of the schedule. Raises `Conflict` where there is nothing to send."""
    if delivery.event == TEST:
        raise Conflict("A test is sent once.", fix="Send another one.")
    if delivery.state == DeliveryState.DELIVERED:
        raise Conflict("It has arrived, and its content is kept no longer.", fix="The lead itself has everything.")
    if delivery.state == DeliveryState.WAITING:
        raise Conflict("It is not given up yet.", fix="Wait for its next try.")
    _revive(session, col(Delivery.id) == delivery.id, now=now)
    audit.record(session, now=now, actor=actor, action="delivery.replay", subject=delivery.id, deliveries=1)


def replay_dead(session: Session, webhook: Webhook, *, actor: str, now: datetime) -> int:
    """Send all dead deliveries of a webhook again, tests left out; how many those are."""
    count = _revive(session, col(Delivery.webhook_id) == webhook.id, now=now)
    if not count:
        raise Conflict("Nothing that was sent there was given up.", fix="There is nothing to send again.")
    audit.record(session, now=now, actor=actor, action="delivery.replay", subject=webhook.url, deliveries=count)
    return count


def remove_receiver(session: Session, receiver: Webhook | MailRecipient, *, actor: str, now: datetime) -> None:
    """Take a webhook or a recipient off the list, with all that was to be sent there."""
    is_webhook = isinstance(receiver, Webhook)
    column = col(Delivery.webhook_id) if is_webhook else col(Delivery.recipient_id)
    _forget(session, column == receiver.id)
    session.delete(receiver)
    session.flush()
    action, subject = (
        ("webhook.remove", receiver.url) if isinstance(receiver, Webhook) else ("recipient.remove", receiver.address)
    )
    audit.record(session, now=now, actor=actor, action=action, subject=subject)


def forget_gone(session: Session, *states: DeliveryState) -> None:
    """Deliveries leave with their lead: what was erased is sent no more, and named in no log.

    Where states are named, only deliveries in one of them are looked at: those that have arrived hold nothing of a lead,
    and there are many.
    """
    gone = ~select(Lead.id).where(col(Lead.id) == col(Delivery.lead_id)).exists()
    _forget(session, (col(Delivery.lead_id) != "") & gone & col(Delivery.state).in_(states or list(DeliveryState)))


def load_delivery(session: Session, delivery_id: str) -> Delivery:
    """The delivery of that id; raises `NotFound`."""
    delivery = session.get(Delivery, delivery_id) if "\0" not in delivery_id else None
    if delivery is None:
        raise NotFound(
            "There is no such delivery, or its lead has been erased.", fix="The list of deliveries has every one."
        )
    return delivery


def list_deliveries(
    session: Session,
    site: Site | None = None,
    *,
    state: DeliveryState | None = None,
    webhook: Webhook | None = None,
    before: Delivery | None = None,
    limit: int = 50,
) -> Sequence[Delivery]:
    """Newest first; `before` is the one that the list before ended with."""
    query = select(Delivery).order_by(col(Delivery.created_at).desc(), col(Delivery.id).desc()).limit(limit)
    if site is not None:
        query = query.where(or_(*_is_of(site)))
    if state is not None:
        query = query.where(Delivery.state == state)
    if webhook is not None:
        query = query.where(Delivery.webhook_id == webhook.id)
    if before is not None:
        at = col(Delivery.created_at)
        query = query.where(or_(at < before.created_at, (at == before.created_at) & (col(Delivery.id) < before.id)))
    return session.exec(query).all()


def list_attempts(session: Session, delivery: Delivery) -> Sequence[DeliveryAttempt]:
    """The log of a delivery, the latest first."""
    return session.exec(
        select(DeliveryAttempt)
        .where(DeliveryAttempt.delivery_id == delivery.id)
        .order_by(col(DeliveryAttempt.id).desc())
    ).all()


def find_last_attempts(session: Session, deliveries: Sequence[Delivery]) -> dict[str, DeliveryAttempt]:
    """The latest attempt of each that has one."""
    ids = [delivery.id for delivery in deliveries]
    newest = (
        select(func.max(DeliveryAttempt.id))
        .where(col(DeliveryAttempt.delivery_id).in_(ids))
        .group_by(col(DeliveryAttempt.delivery_id))
    )
    found = session.exec(select(DeliveryAttempt).where(col(DeliveryAttempt.id).in_(newest)))
    return {attempt.delivery_id: attempt for attempt in found}


def count(session: Session, webhook: Webhook | None = None, *, site: Site | None = None) -> Counts:
    """How it stands, tests left out: everywhere, or of one site, or of one webhook."""
    query = (
        select(Delivery.state, func.count(), func.min(Delivery.created_at))
        .where(col(Delivery.state).in_([DeliveryState.WAITING, DeliveryState.DEAD]), Delivery.event != TEST)
        .group_by(col(Delivery.state))
    )
    if webhook is not None:
        query = query.where(Delivery.webhook_id == webhook.id)
    if site is not None:
        query = query.where(or_(*_is_of(site)))
    found = {state: (number, oldest) for state, number, oldest in session.exec(query)}
    waiting, oldest_at = found.get(DeliveryState.WAITING, (0, None))
    dead, _ = found.get(DeliveryState.DEAD, (0, None))
    return Counts(waiting=waiting, dead=dead, oldest_at=oldest_at)


def _is_due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Waiting, its time come, and its webhook on; a disabled webhook's deliveries wait."""
    disabled = select(Webhook.id).where(col(Webhook.disabled_at).is_not(None))
    return (
        col(Delivery.state) == DeliveryState.WAITING,
        col(Delivery.next_at) <= now,
        func.coalesce(Delivery.webhook_id, MAIL).not_in(disabled),
    )


def _is_of(site: Site) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (
        col(Delivery.webhook_id).in_(select(Webhook.id).where(Webhook.site_id == site.id)),
        col(Delivery.recipient_id).in_(select(MailRecipient.id).where(MailRecipient.site_id == site.id)),
    )


def _revive(session: Session, which: ColumnElement[bool], *, now: datetime) -> int:
    done = session.execute(
        update(Delivery)
        .where(which, col(Delivery.state) == DeliveryState.DEAD, col(Delivery.event) != TEST)
        .values(state=DeliveryState.WAITING, attempts=0, next_at=now, ended_at=None)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def _forget(session: Session, which: ColumnElement[bool]) -> None:
    ids = select(Delivery.id).where(which)
    session.execute(delete(DeliveryAttempt).where(col(DeliveryAttempt.delivery_id).in_(ids)))
    session.execute(delete(Delivery).where(which))
