"""The sender: what is due goes out, what fails comes back later, and nobody waits for somebody else's receiver."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select
from standardwebhooks.webhooks import Webhook as StandardWebhook

from lander.config import Settings
from lander.db import make_engine, reading, transaction
from lander.errors import Conflict
from lander.integrations import outbox
from lander.integrations.announce import Announcer
from lander.integrations.exchange import Network
from lander.integrations.models import Delivery, DeliveryAttempt, DeliveryState, MailRecipient, Webhook
from lander.integrations.outcome import Fate
from lander.integrations.sender import AT_ONCE, Courier, Sender
from lander.integrations.webhook import receivers, transport
from lander.integrations.webhook.address import check_target
from lander.integrations.webhook.receivers import add_webhook
from lander.pages.models import Site
from lander.policy.parse import parse_policy
from lander.policy.store import apply_policy
from tests.integrations.conftest import (
    MAIL_SERVER,
    NOW,
    VAULT,
    add_hook,
    add_mail,
    deliveries,
    secret_of,
    send_leads,
)
from tests.integrations.mailbox import mailbox
from tests.integrations.receiver import PUBLIC, Certificates, Receiver, receiving, status
from tests.patience import PATIENCE_S

MakeSender = Callable[..., Sender]


pytestmark = pytest.mark.usefixtures("receivers_clock")


@pytest.fixture
def make_sender(settings: Settings, database: Engine) -> Iterator[MakeSender]:
    """Senders that are waited for at the end."""
    with ExitStack() as ending:

        def make(network: Network, engine: Engine = database, settings: Settings = settings) -> Sender:
            sender = Sender(settings, engine, courier=Courier(settings, engine, network=network))
            ending.callback(sender.finish)
            return sender

        yield make


def run(sender: Sender, now: datetime = NOW) -> None:
    """Steps until nothing is due and nothing under way."""
    while sender.step(now) or sender._sending:
        sender.rest(10)


def look(engine: Engine, delivery_id: str = "") -> Delivery:
    with reading(engine) as session:
        query = select(Delivery).where(Delivery.id == delivery_id) if delivery_id else select(Delivery)
        return session.exec(query).one()


def log_of(engine: Engine) -> list[tuple[int | None, str]]:
    with reading(engine) as session:
        found = session.exec(select(DeliveryAttempt).order_by(DeliveryAttempt.id))
        return [(attempt.status, attempt.outcome) for attempt in found]


def test_a_lead_arrives_and_the_package_verifies_it(
    database: Engine, site: Site, announcer: Announcer, receiver: Receiver, make_sender: MakeSender
) -> None:
    hook = add_hook(database, site)
    send_leads(database, announcer, 1)
    run(make_sender(receiver.network()))
    (got,) = receiver.received
    told = StandardWebhook(secret_of(hook)).verify(got.body, dict(got.headers))
    assert told["data"]["fields"] == {"email": "otto1@example.com", "name": "Otto"}
    assert got.headers["webhook-id"] == f"lead-{1:032x}-{hook.id}"
    assert look(database).state == DeliveryState.DELIVERED
    assert log_of(database) == [(200, "Accepted with 200.")]


def test_500_and_then_200_is_the_same_message_twice(
    database: Engine, site: Site, announcer: Announcer, receiver: Receiver, make_sender: MakeSender
) -> None:
    add_hook(database, site)
    send_leads(database, announcer, 1)
    receiver.answers = [status(500), status(200)]
    sender = make_sender(receiver.network())
    run(sender)
    run(sender, NOW + timedelta(seconds=4))
    assert len(receiver.received) == 1, "five seconds have not passed"
    run(sender, NOW + timedelta(seconds=7))
    first, second = receiver.received
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert log_of(database) == [(500, "It answered 500."), (200, "Accepted with 200.")]


def test_a_receiver_that_stays_down_is_given_up_after_ten_tries(
    database: Engine, site: Site, announcer: Announcer, make_sender: MakeSender
) -> None:
    def connect(address: tuple[str, int], timeout_s: float) -> socket.socket:
        raise ConnectionRefusedError(111, "Connection refused")

    add_hook(database, site)
    send_leads(database, announcer, 1)
    sender, now = make_sender(Network(resolve=lambda host, patience_s: [PUBLIC], connect=connect)), NOW
    while look(database).state == DeliveryState.WAITING:
        run(sender, now)
        now = look(database).next_at
    assert log_of(database) == [(None, "hooks.example.com cannot be reached: Connection refused.")] * 10
    assert look(database).state == DeliveryState.DEAD


def test_410_turns_it_off_and_what_else_waits_is_not_sent(
    database: Engine, site: Site, announcer: Announcer, receiver: Receiver, make_sender: MakeSender
) -> None:
    hook = add_hook(database, site)
    send_leads(database, announcer, *range(1, 9))
    receiver.answers = [status(410)]
    run(make_sender(receiver.network()))
    assert len(receiver.received) <= 2, "what was on its way at the same moment"
    with reading(database) as session:
        assert session.get_one(Webhook, hook.id).disabled_reason
        counts = outbox.count(session)
    assert (counts.dead, counts.waiting) == (len(receiver.received), 8 - len(receiver.received))


def test_a_slow_receiver_holds_up_nobody_else(
    *,
    database: Engine,
    site: Site,
    announcer: Announcer,
    certificates: Certificates,
    make_sender: MakeSender,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transport, "PATIENCE_S", 2 * PATIENCE_S)  # whoever is held up is held up for good
    hosts = {"slow.example.com": "93.184.215.14", "fast.example.com": "93.184.215.15"}
    policy = f"[egress]\nwebhook_hosts = {json.dumps(list(hosts))}\n"
    with transaction(database) as session:
        apply_policy(session, policy, actor="ivan", now=NOW)
        for host in hosts:
            target = check_target(
                f"https://{host}/",
                policy=parse_policy(policy),
                is_development=False,
                resolve=lambda host, patience_s: [PUBLIC],
            )
            add_webhook(session, VAULT, site, target, events=["lead.created"], actor="maya", now=NOW)
    both = Certificates.make(certificates.authority.parent, "*.example.com")
    hold, fast_is_done = threading.Event(), threading.Event()

    def wait(sock: socket.socket) -> None:
        hold.wait(PATIENCE_S)

    with receiving(both) as slow, receiving(both) as fast:
        slow.answers = [wait]
        ports = {hosts["slow.example.com"]: slow.port, hosts["fast.example.com"]: fast.port}
        network = Network(
            resolve=lambda host, patience_s: [hosts[host]],
            connect=lambda address, timeout_s: socket.create_connection(("127.0.0.1", ports[address[0]]), timeout_s),
            trust=both.trust,
        )
        send_leads(database, announcer, *range(1, 31))
        sender = make_sender(network)

        def work() -> None:
            while not fast_is_done.is_set():
                if not sender.step(NOW):
                    sender.rest(0.05)
                if len(fast.received) == 30:
                    fast_is_done.set()

        working = threading.Thread(target=work)
        working.start()
        assert fast_is_done.wait(PATIENCE_S / 2), "a slow receiver is waited for"
        assert slow.connections <= 2
        hold.set()
        working.join()


def test_no_more_than_so_many_are_sent_at_once(
    *,
    database: Engine,
    site: Site,
    announcer: Announcer,
    receiver: Receiver,
    make_sender: MakeSender,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transport, "PATIENCE_S", 2 * PATIENCE_S)
    for number in range(12):
        add_hook(database, site, f"https://hooks.example.com/{number}")
    hold = threading.Event()
    receiver.answers = [lambda sock: status(200)(sock) if hold.wait(PATIENCE_S) else None]
    send_leads(database, announcer, 1, 2, 3)
    sender = make_sender(receiver.network())
    assert sender.step(NOW) == AT_ONCE
    assert sender.step(NOW) == 0
    hold.set()
    run(sender)
    assert len(receiver.received) == 36


def test_a_sender_that_dies_before_its_commit_leaves_the_message_to_another_under_the_same_id(
    *,
    database: Engine,
    site: Site,
    announcer: Announcer,
    settings: Settings,
    receiver: Receiver,
    make_sender: MakeSender,
) -> None:
    add_hook(database, site)
    send_leads(database, announcer, 1)
    dying = Courier(settings, database, network=receiver.network())
    with transaction(database) as session:
        (taken,) = outbox.take_due(session, outbox.find_due(session, busy=[], now=NOW)[0], limit=1, now=NOW)
        attempt = dying.prepare(session, taken, now=NOW)
    assert attempt().fate is Fate.DELIVERED, "it has arrived, and nobody wrote it down"

    other = make_sender(receiver.network())
    run(other, NOW + timedelta(minutes=1))
    assert len(receiver.received) == 1
    run(other, NOW + outbox.TAKEN_FOR)
    first, second = receiver.received
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert look(database).state == DeliveryState.DELIVERED


def test_two_nodes_send_everything_once(
    *,
    database_url: str,
    database: Engine,
    site: Site,
    announcer: Announcer,
    receiver: Receiver,
    make_sender: MakeSender,
) -> None:
    add_hook(database, site)
    add_hook(database, site, "https://hooks.example.com/other")
    send_leads(database, announcer, *range(1, 41))
    engines = [make_engine(database_url), make_engine(database_url)]
    senders = [make_sender(receiver.network(), engine=engine) for engine in engines]
    threads = [threading.Thread(target=run, args=(sender,)) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for engine in engines:
        engine.dispose()
    ids = [got.headers["webhook-id"] for got in receiver.received]
    assert len(ids) == len(set(ids)) == 80
    with reading(database) as session:
        assert {(item.state, item.attempts) for item in deliveries(session)} == {("delivered", 1)}


def test_after_a_secret_was_replaced_both_verify_for_a_day(
    database: Engine, site: Site, announcer: Announcer, receiver: Receiver, make_sender: MakeSender
) -> None:
    hook = add_hook(database, site)
    old = secret_of(hook)
    yesterday = NOW - timedelta(hours=23)
    with transaction(database) as session:
        webhook = session.get_one(Webhook, hook.id)
        receivers.replace_secret(session, VAULT, webhook, actor="maya", now=yesterday)
        new = secret_of(webhook)
    assert old != new
    send_leads(database, announcer, 1)
    run(make_sender(receiver.network()))
    (got,) = receiver.received
    for secret in (old, new):
        StandardWebhook(secret).verify(got.body, dict(got.headers))
    with reading(database) as session:
        webhook = session.get_one(Webhook, hook.id)
        assert receivers.list_secrets(VAULT, webhook, now=NOW + timedelta(hours=2)) == [new]


def test_what_the_policy_no_longer_allows_is_not_sent_and_goes_out_when_it_does_again(
    database: Engine, site: Site, announcer: Announcer, receiver: Receiver, make_sender: MakeSender
) -> None:
    add_hook(database, site)
    send_leads(database, announcer, 1)
    with transaction(database) as session:
        apply_policy(session, "", actor="ivan", now=NOW)
    sender = make_sender(receiver.network())
    run(sender)
    assert receiver.connections == 0
    assert "IT has not allowed webhooks to hooks.example.com" in log_of(database)[0][1]
    with transaction(database) as session:
        apply_policy(session, '[egress]\nwebhook_hosts = ["hooks.example.com"]', actor="ivan", now=NOW)
    run(sender, NOW + timedelta(seconds=6))
    assert look(database).state == DeliveryState.DELIVERED


def test_a_host_that_moved_into_the_network_is_not_connected_to(
    database: Engine, site: Site, announcer: Announcer, receiver: Receiver, make_sender: MakeSender
) -> None:
    add_hook(database, site)
    send_leads(database, announcer, 1)
    run(make_sender(receiver.network("10.0.0.1")))
    assert receiver.connections == 0
    assert "leads to 10.0.0.1" in log_of(database)[0][1]


def test_a_secret_that_nothing_opens_is_said_in_the_log(
    *,
    database: Engine,
    site: Site,
    announcer: Announcer,
    settings: Settings,
    receiver: Receiver,
    make_sender: MakeSender,
) -> None:
    hook = add_hook(database, site)
    send_leads(database, announcer, 1)
    with transaction(database) as session:
        session.get_one(Webhook, hook.id).secret = VAULT.seal("whsec_x", context="another webhook")
    run(make_sender(receiver.network()))
    assert receiver.connections == 0
    assert "LANDER_SECRET_KEYS" in log_of(database)[0][1]


def test_a_mail_goes_to_the_mail_server(
    database: Engine, site: Site, announcer: Announcer, settings: Settings, make_sender: MakeSender
) -> None:
    add_mail(database, site)
    send_leads(database, announcer, 1)
    with mailbox() as box:
        with_mail = replace(settings, mail=replace(MAIL_SERVER, port=box.port))
        run(make_sender(Network(), settings=with_mail))
    (mail,) = box.mails
    assert mail["To"] == "maya@example.com"
    assert f"https://studio.example.com/leads/{1:032x}" in mail.get_content()
    assert "otto" not in mail.as_string().lower()
    assert look(database).state == DeliveryState.DELIVERED


def test_without_a_mail_server_the_log_says_what_it_must_set(
    database: Engine, site: Site, announcer: Announcer, make_sender: MakeSender
) -> None:
    add_mail(database, site)
    send_leads(database, announcer, 1)
    run(make_sender(Network()))
    assert "LANDER_SMTP_URL" in log_of(database)[0][1]
    assert look(database).state == DeliveryState.WAITING


def test_a_test_is_sent_once_by_who_asked_and_by_nobody_else(
    *,
    database: Engine,
    site: Site,
    announcer: Announcer,
    settings: Settings,
    receiver: Receiver,
    make_sender: MakeSender,
) -> None:
    hook = add_hook(database, site)
    receiver.answers = [status(500)]
    with transaction(database) as session:
        test = outbox.add_test(session, announcer, session.get_one(Webhook, hook.id), actor="maya", now=NOW)
    run(make_sender(receiver.network()))
    assert receiver.connections == 0
    outcome = Courier(settings, database, network=receiver.network()).send_now(test.id, now=NOW)
    assert (outcome.fate, outcome.status) == (Fate.AGAIN, 500)
    assert look(database, test.id).state == DeliveryState.DEAD, "a test is not repeated"
    with reading(database) as session:
        assert outbox.count(session) == outbox.Counts(waiting=0, dead=0, oldest_at=None), "nobody waits for it"
        with pytest.raises(Conflict, match="sent once"):
            outbox.replay(session, outbox.load_delivery(session, test.id), actor="maya", now=NOW)
    (got,) = receiver.received
    assert json.loads(got.body)["type"] == "test"


def test_a_test_of_a_recipient_is_a_mail(
    database: Engine, site: Site, announcer: Announcer, settings: Settings
) -> None:
    recipient = add_mail(database, site)
    with mailbox() as box:
        with_mail = replace(settings, mail=replace(MAIL_SERVER, port=box.port))
        with transaction(database) as session:
            receiver = session.get_one(MailRecipient, recipient.id)
            test = outbox.add_test(session, announcer, receiver, actor="maya", now=NOW)
        assert Courier(with_mail, database).send_now(test.id, now=NOW).fate is Fate.DELIVERED
    assert "the test that maya asked for" in box.mails[0].get_content()


def test_it_tells_how_the_outbox_stands(
    database: Engine, site: Site, announcer: Announcer, receiver: Receiver, make_sender: MakeSender
) -> None:
    add_hook(database, site)
    send_leads(database, announcer, 1)
    sender = make_sender(receiver.network())
    sender.step(NOW)
    assert sender.counts == outbox.Counts(waiting=1, dead=0, oldest_at=NOW)
    run(sender)
    sender.step(NOW + timedelta(seconds=3))
    assert sender.counts == outbox.Counts(waiting=0, dead=0, oldest_at=None)


def test_what_a_lead_that_was_erased_said_is_not_sent(
    database: Engine, site: Site, announcer: Announcer, receiver: Receiver, make_sender: MakeSender
) -> None:
    from lander.leads.models import Lead

    add_hook(database, site)
    send_leads(database, announcer, 1)
    with transaction(database) as session:
        session.delete(session.exec(select(Lead)).one())
    run(make_sender(receiver.network()))
    assert receiver.connections == 0
    with reading(database) as session:
        assert deliveries(session) == []
