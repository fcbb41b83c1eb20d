"""A delivery's life: tried on a schedule, given up at its end, sent again on request, forgotten with its lead."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from lander.access.models import AuditEntry
from lander.db import reading, transaction
from lander.errors import Conflict
from lander.integrations import outbox
from lander.integrations.announce import Announcer
from lander.integrations.models import Delivery, DeliveryAttempt, DeliveryState, Webhook
from lander.integrations.outcome import Fate, Outcome
from lander.integrations.schedule import DELAYS, find_next
from lander.integrations.webhook import receivers
from lander.leads.models import Lead
from lander.pages.models import Site
from tests.integrations.conftest import HOST, NOW, add_hook, add_mail, deliveries, send_leads

DOWN = Outcome(Fate.AGAIN, "It answered 500.", 500)
TAKEN = Outcome(Fate.DELIVERED, "Accepted with 200.", 200)


def attempt(engine: Engine, delivery_id: str, outcome: Outcome, now: datetime = NOW) -> Delivery:
    with transaction(engine) as session:
        outbox.record_attempt(session, delivery_id, outcome, started_at=now, duration_ms=12, now=now)
    with reading(engine) as session:
        return outbox.load_delivery(session, delivery_id)


@pytest.fixture
def delivery(database: Engine, site: Site, announcer: Announcer) -> Delivery:
    """A lead that waits to be told to one webhook."""
    add_hook(database, site)
    send_leads(database, announcer, 1)
    with reading(database) as session:
        return deliveries(session)[0]


def test_the_schedule_is_that_of_standard_webhooks() -> None:
    seconds = [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]
    assert [delay.total_seconds() for delay in DELAYS] == seconds
    for attempts, second in enumerate(seconds):
        due = {find_next(attempts, NOW) for _ in range(200)}
        assert None not in due
        waits = [(at - NOW).total_seconds() for at in due if at]
        assert second <= min(waits) <= max(waits) <= second * 1.1
        assert len(due) > 100 or not second
    assert find_next(len(DELAYS), NOW) is None


def test_it_is_tried_to_the_end_of_the_schedule_and_then_given_up(database: Engine, delivery: Delivery) -> None:
    now = NOW
    for number in range(1, 10):
        delivery = attempt(database, delivery.id, DOWN, now)
        assert (delivery.state, delivery.attempts) == (DeliveryState.WAITING, number)
        assert DELAYS[number] <= delivery.next_at - now <= DELAYS[number] * 1.1
        now = delivery.next_at
    delivery = attempt(database, delivery.id, DOWN, now)
    assert (delivery.state, delivery.attempts, delivery.ended_at) == (DeliveryState.DEAD, 10, now)
    assert timedelta(days=3) < now - NOW < timedelta(days=4)
    assert delivery.payload
    with reading(database) as session:
        log = outbox.list_attempts(session, delivery)
        assert len(log) == 10
        assert (log[0].at, log[0].status, log[0].outcome, log[0].duration_ms) == (now, 500, "It answered 500.", 12)


def test_what_has_arrived_is_kept_no_longer(database: Engine, delivery: Delivery) -> None:
    delivery = attempt(database, delivery.id, TAKEN)
    assert (delivery.state, delivery.payload, delivery.ended_at) == (DeliveryState.DELIVERED, "", NOW)


def test_a_late_failure_of_a_slow_node_takes_nothing_back(database: Engine, delivery: Delivery) -> None:
    attempt(database, delivery.id, TAKEN)
    delivery = attempt(database, delivery.id, DOWN)
    assert (delivery.state, delivery.attempts) == (DeliveryState.DELIVERED, 2)


def test_a_refusal_for_good_is_given_up_at_once(database: Engine, delivery: Delivery) -> None:
    delivery = attempt(database, delivery.id, Outcome(Fate.REFUSED, "No.", 550))
    assert (delivery.state, delivery.attempts) == (DeliveryState.DEAD, 1)


def test_410_turns_the_webhook_off_and_says_why(database: Engine, delivery: Delivery) -> None:
    delivery = attempt(database, delivery.id, Outcome(Fate.GONE, "It answered 410: nothing more is wanted there.", 410))
    assert delivery.state == DeliveryState.DEAD
    with reading(database) as session:
        webhook = session.get_one(Webhook, delivery.webhook_id)
        assert (webhook.disabled_at, webhook.disabled_reason) == (NOW, "It answered 410: nothing more is wanted there.")
        entry = session.exec(select(AuditEntry).where(AuditEntry.action == "webhook.disable")).one()
        assert entry.actor == "the work process"


def test_what_is_dead_can_be_sent_again_from_the_start(database: Engine, delivery: Delivery) -> None:
    attempt(database, delivery.id, Outcome(Fate.REFUSED, "No.", 550))
    later = NOW + timedelta(days=9)
    with transaction(database) as session:
        outbox.replay(session, outbox.load_delivery(session, delivery.id), actor="maya", now=later)
    with reading(database) as session:
        again = outbox.load_delivery(session, delivery.id)
        assert (again.state, again.attempts, again.next_at, again.ended_at) == ("waiting", 0, later, None)
        assert len(outbox.list_attempts(session, again)) == 1


def test_what_waits_or_has_arrived_is_not_sent_again(database: Engine, delivery: Delivery) -> None:
    with transaction(database) as session, pytest.raises(Conflict, match="not given up yet"):
        outbox.replay(session, outbox.load_delivery(session, delivery.id), actor="maya", now=NOW)
    attempt(database, delivery.id, TAKEN)
    with transaction(database) as session, pytest.raises(Conflict, match="It has arrived"):
        outbox.replay(session, outbox.load_delivery(session, delivery.id), actor="maya", now=NOW)


def test_all_that_is_dead_of_a_webhook_is_sent_again_together(
    database: Engine, site: Site, announcer: Announcer
) -> None:
    hook, other = add_hook(database, site), add_hook(database, site, f"https://{HOST}/other")
    send_leads(database, announcer, 1, 2, 3)
    with transaction(database) as session:
        for delivery in deliveries(session)[:5]:
            delivery.state = DeliveryState.DEAD
    with transaction(database) as session:
        dead = outbox.count(session, hook).dead
        assert outbox.replay_dead(session, hook, actor="maya", now=NOW) == dead == 3
        assert outbox.count(session, hook).dead == 0
        assert outbox.count(session, other).dead == 2
        with pytest.raises(Conflict, match="Nothing"):
            outbox.replay_dead(session, hook, actor="maya", now=NOW)


def test_a_taken_delivery_is_taken_by_nobody_else_until_its_time_is_over(database: Engine, delivery: Delivery) -> None:
    def take(now: datetime) -> list[str]:
        with transaction(database) as session:
            due = outbox.find_due(session, busy=[], now=now)
            return [item.id for one in due for item in outbox.take_due(session, one, limit=9, now=now)]

    assert take(NOW - timedelta(seconds=1)) == []
    assert take(NOW) == [delivery.id]
    assert take(NOW + timedelta(minutes=1)) == []
    assert take(NOW + outbox.TAKEN_FOR) == [delivery.id]


def test_what_waits_for_a_disabled_webhook_waits_until_it_is_on(database: Engine, delivery: Delivery) -> None:
    with transaction(database) as session:
        webhook = session.get_one(Webhook, delivery.webhook_id)
        receivers.disable(session, webhook, reason="Paused.", actor="maya", now=NOW)
        assert outbox.find_due(session, busy=[], now=NOW) == []
        receivers.enable(session, webhook, actor="maya", now=NOW)
        assert outbox.find_due(session, busy=[], now=NOW) == [webhook.id]
        assert outbox.find_due(session, busy=[webhook.id or 0], now=NOW) == []


def test_one_receivers_flood_does_not_hide_anothers_lead(database: Engine, site: Site, announcer: Announcer) -> None:
    hook, recipient = add_hook(database, site), None
    send_leads(database, announcer, *range(1, 40))
    recipient = add_mail(database, site)
    send_leads(database, announcer, 99, now=NOW + timedelta(seconds=1))
    with transaction(database) as session:
        assert outbox.find_due(session, busy=[], now=NOW + timedelta(seconds=2)) == [hook.id, outbox.MAIL]
        (mail,) = outbox.take_due(session, outbox.MAIL, limit=2, now=NOW + timedelta(seconds=2))
        assert mail.recipient_id == recipient.id


def test_deliveries_leave_with_their_lead(database: Engine, delivery: Delivery) -> None:
    attempt(database, delivery.id, DOWN)
    with transaction(database) as session:
        outbox.forget_gone(session)
        assert len(deliveries(session)) == 1
        session.delete(session.get_one(Lead, delivery.lead_id))
        session.flush()
        outbox.forget_gone(session)
        assert deliveries(session) == []
        assert session.exec(select(DeliveryAttempt)).all() == []
    with transaction(database) as session:  # an attempt that was under way comes back to nothing
        outbox.record_attempt(session, delivery.id, TAKEN, started_at=NOW, duration_ms=1, now=NOW)
        assert session.exec(select(DeliveryAttempt)).all() == []


def test_a_receiver_that_is_taken_off_leaves_nothing_behind(database: Engine, site: Site, announcer: Announcer) -> None:
    hook, recipient = add_hook(database, site), add_mail(database, site)
    send_leads(database, announcer, 1)
    attempt(database, f"lead-{1:032x}-{hook.id}", DOWN)
    with transaction(database) as session:
        outbox.remove_receiver(session, session.get_one(Webhook, hook.id), actor="maya", now=NOW)
    with transaction(database) as session:
        (left,) = deliveries(session)
        assert left.recipient_id == recipient.id
        assert outbox.count(session, site=site).waiting == 1


def test_the_list_is_newest_first_and_goes_on(database: Engine, site: Site, announcer: Announcer) -> None:
    hook = add_hook(database, site)
    for number in range(5):
        send_leads(database, announcer, number, now=NOW + timedelta(seconds=number // 2))
    with transaction(database) as session:
        everything = [item.id for item in outbox.list_deliveries(session, site)]
        assert everything == [f"lead-{number:032x}-{hook.id}" for number in (4, 3, 2, 1, 0)]
        seen, last = [], None
        while page := outbox.list_deliveries(session, site, before=last, limit=2):
            seen += [item.id for item in page]
            last = page[-1]
        assert seen == everything
        assert outbox.list_deliveries(session, site, state=DeliveryState.DEAD) == []


def test_it_says_how_much_waits_and_since_when(database: Engine, delivery: Delivery) -> None:
    with reading(database) as session:
        assert outbox.count(session) == outbox.Counts(waiting=1, dead=0, oldest_at=NOW)
    attempt(database, delivery.id, Outcome(Fate.REFUSED, "No.", 550))
    with reading(database) as session:
        assert outbox.count(session) == outbox.Counts(waiting=0, dead=1, oldest_at=None)
