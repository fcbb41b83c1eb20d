"""The sender: takes what is due and sends it, several at once, so that a slow receiver holds up nobody but itself.

It runs beside the ingester, on a thread of its own. Nothing is held in memory but what is being sent: whatever happens to
this process, the outbox knows the rest.
"""

import json
import ssl
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session

from lander.config import Settings
from lander.db import ingestion, reading, transaction
from lander.errors import LanderError
from lander.integrations import outbox
from lander.integrations.announce import Announcer, has_news
from lander.integrations.email import message as mails
from lander.integrations.email import transport as post
from lander.integrations.exchange import Network
from lander.integrations.models import Delivery, DeliveryState, MailRecipient, Webhook
from lander.integrations.outbox import Counts
from lander.integrations.outcome import Fate, Outcome
from lander.integrations.webhook import message as messages
from lander.integrations.webhook import receivers
from lander.integrations.webhook import transport as web
from lander.policy.store import load_policy
from lander.vault import Vault

AT_ONCE: Final = 16
AT_ONCE_EACH: Final = 2  # to one receiver
_LOOK_AROUND_EVERY: Final = timedelta(seconds=2)
_TIDY_EVERY: Final = timedelta(minutes=1)


class Courier:
    """Carries one delivery that has been taken: what is sent, sending it, writing down what came of it."""

    def __init__(
        self, settings: Settings, engine: Engine, *, network: Network | None = None, trust: ssl.SSLContext | None = None
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._network = network or Network()
        self._trust = trust  # whose certificates are believed of a mail server
        self._vault = Vault(settings.secret_keys)

    def prepare(self, session: Session, delivery: Delivery, *, now: datetime) -> Callable[[], Outcome]:
        """The attempt, ready to be made without the database."""
        try:
            payload = self._vault.open(delivery.payload, context=delivery.id)
            if delivery.webhook_id is not None:
                return self._prepare_webhook(session, delivery, payload, now)
            return self._prepare_mail(session, delivery, payload, now)
        except (ValueError, LanderError) as error:
            return partial(Outcome, Fate.AGAIN, f"It could not be made ready: {error}")

    def carry(self, delivery_id: str, attempt: Callable[[], Outcome], *, now: datetime) -> Outcome:
        """Make the attempt and keep what came of it."""
        began = time.monotonic()
        outcome = attempt()
        took = timedelta(seconds=time.monotonic() - began)
        with ingestion(self._engine) as session:
            outbox.record_attempt(
                session,
                delivery_id,
                outcome,
                started_at=now,
                duration_ms=round(took / timedelta(milliseconds=1)),
                now=now + took,
            )
        return outcome

    def send_now(self, delivery_id: str, *, now: datetime) -> Outcome:
        """Send a delivery that the caller has taken, and wait for what comes of it."""
        with reading(self._engine) as session:
            attempt = self.prepare(session, outbox.load_delivery(session, delivery_id), now=now)
        return self.carry(delivery_id, attempt, now=now)

    def _prepare_webhook(
        self, session: Session, delivery: Delivery, payload: str, now: datetime
    ) -> Callable[[], Outcome]:
        webhook = session.get_one(Webhook, delivery.webhook_id)
        signing = receivers.list_secrets(self._vault, webhook, now=now)
        return partial(
            web.send,
            webhook.url,
            messages.make_message(delivery.id, payload, signing, at=now),
            policy=load_policy(session),
            is_development=self._settings.is_development,
            network=self._network,
        )

    def _prepare_mail(self, session: Session, delivery: Delivery, payload: str, now: datetime) -> Callable[[], Outcome]:
        server = self._settings.mail
        if server is None:
            return partial(Outcome, Fate.AGAIN, post.NOT_SET_UP)
        to = session.get_one(MailRecipient, delivery.recipient_id).address
        mail = mails.make_mail(delivery.id, json.loads(payload), to=to, sender=server.sender, at=now)
        return partial(post.send, mail, server, trust=self._trust)


class Sender:
    """Repeats one step: what has finished, what has happened, what is due."""

    def __init__(self, settings: Settings, engine: Engine, *, courier: Courier | None = None) -> None:
        self._engine = engine
        self._courier = courier or Courier(settings, engine)
        self._announcer = Announcer(settings)
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sender")
        self._sending: dict[Future[Outcome], int] = {}  # → whose time it takes
        self._look_around_at: datetime | None = None
        self._tidy_at: datetime | None = None
        self.counts: Counts | None = None

    def step(self, now: datetime) -> int:
        """One round; how many attempts began. Raises what an attempt could not write down."""
        if self._look_around_at is None or now >= self._look_around_at:
            self._look_around_at = now + _LOOK_AROUND_EVERY
            self._look_around(now)
        if self._tidy_at is None or now >= self._tidy_at:
            self._tidy_at = now + _TIDY_EVERY
            with ingestion(self._engine) as session:
                outbox.forget_gone(session, DeliveryState.WAITING, DeliveryState.DEAD)
        self._collect()
        return self._send_due(now)

    def rest(self, longest_s: float) -> None:
        """Wait until something that is being sent has ended, or so long."""
        if self._sending:
            wait(self._sending, timeout=longest_s, return_when=FIRST_COMPLETED)
        else:
            time.sleep(longest_s)

    def finish(self) -> int:
        """Wait for what is being sent; how much that was. No attempt lasts longer than its patience."""
        sending = len(self._sending)
        self._pool.shutdown(wait=True)
        self._collect()
        return sending

    def _look_around(self, now: datetime) -> None:
        with reading(self._engine) as session:
            self.counts = outbox.count(session)
            is_news = has_news(session)
        if is_news:
            with transaction(self._engine) as session:
                self._announcer.announce_changes(session, now=now)

    def _collect(self) -> None:
        """Let go of attempts that have ended; one that could not be written down is made again when its time is over."""
        for attempt in [attempt for attempt in self._sending if attempt.done()]:
            del self._sending[attempt]
            attempt.result()

    def _send_due(self, now: datetime) -> int:
        sending = Counter(self._sending.values())
        room = AT_ONCE - sending.total()
        busy = [receiver for receiver, number in sending.items() if number >= AT_ONCE_EACH]
        with reading(self._engine) as session:
            due = outbox.find_due(session, busy=busy, now=now) if room else []
        if not due:
            return 0
        ready: list[tuple[int, str, Callable[[], Outcome]]] = []
        with ingestion(self._engine) as session:
            for receiver in due[:room]:
                limit = min(AT_ONCE_EACH - sending[receiver], room - len(ready))
                for delivery in outbox.take_due(session, receiver, limit=limit, now=now):
                    ready.append((receiver, delivery.id, self._courier.prepare(session, delivery, now=now)))
        for receiver, delivery_id, attempt in ready:
            sent = self._pool.submit(self._courier.carry, delivery_id, attempt, now=now)
            self._sending[sent] = receiver
        return len(ready)
