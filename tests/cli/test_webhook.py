"""`lander webhook …` and `lander delivery …`: who is told, and what was sent, for those at a terminal."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import select
from standardwebhooks.webhooks import Webhook as StandardWebhook

from lander.access.models import AuditEntry
from lander.config import DEVELOPMENT_SECRET
from lander.db import reading, transaction
from lander.integrations.announce import Announcer
from lander.integrations.models import Delivery, DeliveryState
from lander.leads import sink
from lander.vault import Vault
from tests.cli.conftest import HOST, Terminal
from tests.integrations.receiver import Receiver, receiving, status
from tests.leads import builders


@pytest.fixture
def crm() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def added(terminal: Terminal, crm: Receiver) -> Any:
    """A webhook to a receiver on this machine."""
    return terminal.ok("webhook", "add", f"http://crm.localhost:{crm.port}/leads", "--site", HOST)


def bring_lead(terminal: Terminal, monkeypatch: pytest.MonkeyPatch, number: int = 1) -> None:
    monkeypatch.setattr(builders, "VAULT", Vault([DEVELOPMENT_SECRET]))
    with transaction(terminal.engine) as session:
        sink.store_leads(session, [builders.make_body(number, host=HOST)], now=builders.NOON)
        Announcer(terminal.settings).announce_leads(session, [f"{number:032x}"], now=builders.NOON)


def give_up(terminal: Terminal) -> None:
    with transaction(terminal.engine) as session:
        for delivery in session.exec(select(Delivery)):
            delivery.state = DeliveryState.DEAD


def test_a_webhook_is_added_with_its_secret_tested_and_listed(terminal: Terminal, crm: Receiver, added: Any) -> None:
    assert added["events"] == ["lead.created"]
    answer = terminal.ok("webhook", "test", "1")
    assert (answer["fate"], answer["status"], answer["outcome"]) == ("delivered", 200, "Accepted with 200.")
    (got,) = crm.received
    assert StandardWebhook(added["secret"]).verify(got.body, dict(got.headers))["type"] == "test"
    (listed,) = terminal.ok("webhook", "list")
    assert "secret" not in listed
    assert terminal.read("webhook", "list").splitlines()[1].split() == ["1", added["url"], "on", "0", "0"]
    with reading(terminal.engine) as session:
        actions = [entry.action for entry in session.exec(select(AuditEntry).order_by(AuditEntry.id))]
    assert actions[-3:] == ["webhook.add", "webhook.secret.show", "delivery.test"]


def test_it_is_told_of_what_is_chosen(terminal: Terminal, crm: Receiver) -> None:
    url = f"http://crm.localhost:{crm.port}/"
    found = terminal.ok(
        "webhook", "add", url, "--site", HOST, "--event", "page.published", "--event", "experiment.decided"
    )
    assert found["events"] == ["page.published", "experiment.decided"]


def test_it_is_turned_off_and_on_and_removed(terminal: Terminal, added: Any) -> None:
    off = terminal.ok("webhook", "disable", "1")
    assert (off["on"], off["reason"].endswith("turned it off.")) == (False, True)
    assert terminal.ok("webhook", "enable", "1")["on"]
    terminal.ok("webhook", "remove", "1")
    assert terminal.read("webhook", "list") == "No webhooks yet.\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("webhook", "add", "https://crm.example.com/", "--site", HOST), "IT has not allowed webhooks"),
        (("webhook", "add", "http://crm.example.com/", "--site", HOST), "over https only"),
        (("webhook", "add", "http://crm.localhost/", "--site", "go.nowhere.com"), "go.nowhere.com"),
        (("webhook", "add", "http://crm.localhost/", "--site", HOST, "--event", "odd"), "'odd'"),
        (("webhook", "test", "7"), "There is no webhook 7"),
        (("webhook", "enable", "-1"), "-1"),
        (("webhook", "remove", "7"), "There is no webhook 7"),
        (("webhook", "list", "--site", "go.nowhere.com"), "go.nowhere.com"),
        (("delivery", "replay"), "what to send again"),
        (("delivery", "replay", "lead-1-1"), "There is no such delivery"),
        (("delivery", "replay", "--webhook", "7"), "There is no webhook 7"),
        (("delivery", "list", "--state", "odd"), "'odd'"),
    ],
)
def test_what_cannot_be_done_is_refused(terminal: Terminal, arguments: tuple[str, ...], reason: str) -> None:
    assert reason in terminal.refused(*arguments)


def test_a_test_that_fails_is_an_answer(terminal: Terminal, crm: Receiver, added: Any) -> None:
    crm.answers = [status(503)]
    assert terminal.read("webhook", "test", "1") == "It answered 503.\n"


def test_deliveries_are_listed_and_sent_again(terminal: Terminal, added: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert terminal.read("delivery", "list") == "No deliveries.\n"
    bring_lead(terminal, monkeypatch)
    (listed,) = terminal.ok("delivery", "list", "--site", HOST, "--state", "waiting")
    assert (listed["about"], listed["attempts"]) == (f"{HOST}/spring-sale", 0)
    assert "otto" not in terminal.read("delivery", "list")
    assert "not given up yet" in terminal.refused("delivery", "replay", listed["id"])
    give_up(terminal)
    assert terminal.ok("delivery", "replay", listed["id"]) == {"replayed": 1}
    give_up(terminal)
    assert terminal.read("delivery", "replay", "--webhook", "1") == "Sent again: 1.\n"
    assert terminal.ok("delivery", "list", "--state", "dead") == []
