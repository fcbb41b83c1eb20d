"""Who is told of new leads: set up by Maya, read by Ivan, and nothing of a lead for those who may not read leads."""

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine
from sqlmodel import Session, select
from standardwebhooks.webhooks import Webhook as StandardWebhook
from werkzeug.test import TestResponse

from lander.access.models import AuditEntry
from lander.config import MailServer, Settings
from lander.db import transaction
from lander.integrations.announce import Announcer
from lander.integrations.models import Delivery, DeliveryAttempt, DeliveryState, MailRecipient, Webhook
from lander.leads.models import Lead
from lander.pages.models import Page, Site
from lander.policy.store import apply_policy
from lander.vault import Vault
from tests.console.conftest import NOW, Browser, on_both, text_of
from tests.integrations.mailbox import mailbox
from tests.integrations.receiver import Receiver, receiving, status

pytestmark = pytest.mark.usefixtures("receivers_clock")


@pytest.fixture
def crm() -> Iterator[Receiver]:
    """A system of the company's own on this machine, which development may send to."""
    with receiving() as receiver:
        yield receiver


def url_of(crm: Receiver) -> str:
    return f"http://crm.localhost:{crm.port}/leads"


def add(maya: Browser, crm: Receiver, **fields: Any) -> TestResponse:
    return maya.post("/deliveries/webhooks/new", {"url": url_of(crm), "event": ["lead.created"], **fields})


@pytest.fixture
def hook(maya: Browser, site: Site, crm: Receiver) -> str:
    """The address of the screen of Maya's webhook."""
    response = add(maya, crm)
    assert response.status_code == 303
    return str(response.location).partition("?")[0]


def bring_lead(engine: Engine, settings: Settings, number: int = 1) -> None:
    lead = Lead(
        id=f"{number:032x}",
        page_id=1,
        host="go.localhost",
        path="/spring-sale",
        form="f1",
        variant="b",
        sealed=Vault(settings.secret_keys).seal(json.dumps({"email": "otto@example.com"}), context=f"{number:032x}"),
        received_at=NOW,
    )
    with transaction(engine) as session:
        session.add(lead)
        session.flush()
        Announcer(settings).announce_leads(session, [lead.id], now=NOW)


def end(engine: Engine, state: DeliveryState) -> str:
    """Let the one delivery end so; the address of its screen."""
    with transaction(engine) as session:
        delivery = session.exec(select(Delivery)).one()
        delivery.state, delivery.attempts, delivery.ended_at = state, 10, NOW
        attempt = DeliveryAttempt(
            delivery_id=delivery.id, at=NOW, status=500, outcome="It answered 500.", duration_ms=1234
        )
        session.add(attempt)
        return f"/deliveries/{delivery.id}"


def actions(session: Session) -> list[str]:
    return [entry.action for entry in session.exec(select(AuditEntry).order_by(AuditEntry.id))]


def test_an_empty_list_says_what_a_webhook_is_and_what_it_must_set(maya: Browser, site: Site) -> None:
    screen = text_of(maya.get("/deliveries"))
    assert "No webhook yet." in screen
    assert "IT names the mail server: LANDER_SMTP_URL and LANDER_MAIL_FROM" in screen
    assert "Nobody is mailed about new leads." in screen


@on_both
def test_maya_adds_a_webhook_and_its_secret_verifies_the_test(
    maya: Browser, site: Site, crm: Receiver, session: Session
) -> None:
    response = add(maya, crm, event=["lead.created", "experiment.decided"])
    hook = str(response.location)
    assert "Added." in text_of(maya.get(hook))
    hook = hook.partition("?")[0]
    shown = maya.post(f"{hook}/secret")
    secret = re.search(r'value="(whsec_[^"]+)"', shown.text)
    assert secret is not None
    tested = maya.post(f"{hook}/test")
    assert tested.status_code == 303
    (got,) = crm.received
    told = StandardWebhook(secret[1]).verify(got.body, dict(got.headers))
    assert told["type"] == "test"
    screen = text_of(maya.get(str(tested.location)))
    assert "Test: go.localhost" in screen
    assert "200 Accepted with 200." in screen
    webhook = session.exec(select(Webhook)).one()
    assert (webhook.events, webhook.created_by) == (["lead.created", "experiment.decided"], "maya")
    assert actions(session)[-3:] == ["webhook.add", "webhook.secret.show", "delivery.test"]


def test_a_test_that_fails_says_why_and_is_not_repeated(
    maya: Browser, hook: str, crm: Receiver, session: Session
) -> None:
    crm.answers = [status(503)]
    tested = maya.post(f"{hook}/test")
    assert "503 It answered 503." in text_of(maya.get(str(tested.location)))
    assert session.exec(select(Delivery)).one().state == DeliveryState.DEAD


def test_the_secret_is_shown_on_request_only_and_stored_nowhere_in_the_clear(
    maya: Browser, ivan: Browser, hook: str, session: Session
) -> None:
    assert "whsec_" not in maya.get(hook).text
    shown = maya.post(f"{hook}/secret")
    assert "whsec_" in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    assert "whsec_" not in session.exec(select(Webhook)).one().secret
    assert "whsec_" not in str([entry.details for entry in session.exec(select(AuditEntry))])
    assert ivan.post(f"{hook}/secret").status_code == 403
    assert maya.get(f"{hook}/secret").location == hook


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"url": "https://crm.example.com/"}, "IT has not allowed webhooks to crm.example.com."),
        ({"url": "http://crm.example.com/"}, "over https only"),
        ({"url": "crm"}, "not an address"),
        ({"url": ""}, "not an address"),
        ({"event": []}, "Nothing is chosen"),
        ({"event": ["lead.deleted"]}, "There is no event 'lead.deleted'"),
    ],
)
def test_what_cannot_be_added_is_said_and_kept(
    maya: Browser, site: Site, crm: Receiver, session: Session, *, fields: dict[str, Any], reason: str
) -> None:
    response = add(maya, crm, **fields)
    assert response.status_code == 422
    assert reason in text_of(response)
    assert f'value="{fields.get("url", url_of(crm))}"' in response.text
    assert session.exec(select(Webhook)).all() == []


def test_a_host_that_leads_into_the_network_is_refused_when_it_is_saved(
    maya: Browser, site: Site, engine: Engine, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction(engine) as writing:
        apply_policy(writing, '[egress]\nwebhook_hosts = ["crm.example.com"]', actor="ivan", now=NOW)
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.1.2.3", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: answers)
    response = maya.post(
        "/deliveries/webhooks/new", {"url": "https://crm.example.com/leads", "event": ["lead.created"]}
    )
    assert response.status_code == 422
    assert "crm.example.com leads to 10.1.2.3, which is not an address of the public internet" in text_of(response)
    assert session.exec(select(Webhook)).all() == []
    assert "IT allows crm.example.com." in text_of(maya.get("/deliveries/webhooks/new"))


def test_the_same_address_twice_is_refused(maya: Browser, hook: str, crm: Receiver) -> None:
    response = add(maya, crm)
    assert response.status_code == 409
    assert "on the list already" in text_of(response)


def test_it_is_turned_off_and_on_again(maya: Browser, hook: str, session: Session) -> None:
    maya.post(f"{hook}/disable")
    assert "maya turned it off." in text_of(maya.get(hook))
    assert "Off maya turned it off." in text_of(maya.get("/deliveries"))
    maya.post(f"{hook}/enable")
    assert "Turn off" in text_of(maya.get(hook))
    assert actions(session)[-2:] == ["webhook.disable", "webhook.enable"]


def test_its_secret_is_replaced_and_both_sign_for_a_day(maya: Browser, hook: str) -> None:
    old = maya.post(f"{hook}/secret").text
    response = maya.post(f"{hook}/replace-secret")
    assert "For a day messages are signed with both" in text_of(maya.get(str(response.location)))
    assert "messages are signed with the one before as well" in text_of(maya.get(hook))
    new = maya.post(f"{hook}/secret").text
    assert re.findall(r"whsec_[^\"]+", new) != re.findall(r"whsec_[^\"]+", old)


def test_it_is_told_of_other_events_on_request(maya: Browser, hook: str, session: Session) -> None:
    assert maya.post(f"{hook}/events", {"event": ["page.published"]}).status_code == 303
    assert session.exec(select(Webhook)).one().events == ["page.published"]
    refused = maya.post(f"{hook}/events", {})
    assert refused.status_code == 422
    assert "Choose at least one event" in text_of(refused)


def test_it_is_removed_with_all_that_was_to_be_sent(
    maya: Browser, hook: str, engine: Engine, settings: Settings, session: Session
) -> None:
    bring_lead(engine, settings)
    end(engine, DeliveryState.DEAD)
    response = maya.post(f"{hook}/remove")
    assert "Removed" in text_of(maya.get(str(response.location)))
    assert session.exec(select(Webhook)).all() == session.exec(select(Delivery)).all() == []
    assert maya.get(hook).status_code == 404


def test_what_waits_is_shown_to_those_who_may_read_leads(
    maya: Browser, ivan: Browser, hook: str, engine: Engine, settings: Settings
) -> None:
    bring_lead(engine, settings)
    (address,) = set(re.findall(r'href="(/deliveries/lead-[^"]+)"', maya.get("/deliveries").text))
    mine, his = maya.get(address), ivan.get(address)
    assert "otto@example.com" in mine.text
    assert f'href="/leads/{1:032x}"' in mine.text
    assert "Not tried yet." in text_of(mine)
    assert his.status_code == 200
    assert "otto" not in his.text
    assert f'{1:032x}"' not in his.text
    assert "otto" not in ivan.get("/deliveries").text + ivan.get(hook).text


def test_ivan_reads_and_changes_nothing(ivan: Browser, maya: Browser, hook: str, engine: Engine) -> None:
    screen = ivan.get(hook).text
    assert "Send a test" not in screen
    assert "Show the secret" not in screen
    assert "<button" not in re.sub(r"(?s)<header.*?</header>|<dialog.*?</dialog>", "", ivan.get("/deliveries").text)


def test_deliveries_are_not_for_ana(ana: Browser, site: Site) -> None:
    assert ana.get("/deliveries").status_code == 403


@on_both
def test_what_was_given_up_is_sent_again(
    maya: Browser, hook: str, engine: Engine, settings: Settings, session: Session
) -> None:
    bring_lead(engine, settings)
    address = end(engine, DeliveryState.DEAD)
    screen = text_of(maya.get(address))
    assert "Given up" in screen
    assert "500 It answered 500. 1.2 s" in screen
    assert "1 message was given up after the last try." in text_of(maya.get(hook))
    response = maya.post(f"{address}/replay")
    assert "the tries begin anew" in text_of(maya.get(str(response.location)))
    delivery = session.exec(select(Delivery)).one()
    assert (delivery.state, delivery.attempts) == (DeliveryState.WAITING, 0)
    assert maya.post(f"{address}/replay").status_code == 409


def test_all_that_a_webhook_missed_is_sent_again(
    maya: Browser, hook: str, engine: Engine, settings: Settings, session: Session
) -> None:
    bring_lead(engine, settings)
    end(engine, DeliveryState.DEAD)
    maya.post(f"{hook}/replay")
    assert session.exec(select(Delivery)).one().state == DeliveryState.WAITING
    assert maya.post(f"{hook}/replay").status_code == 409


def test_the_log_is_narrowed_to_a_state_and_goes_on(
    maya: Browser, hook: str, engine: Engine, settings: Settings
) -> None:
    for number in range(1, 61):
        bring_lead(engine, settings, number)
    first = maya.get("/deliveries")
    assert first.text.count('href="/deliveries/lead-') == 50
    older = re.search(r'href="(/deliveries\?before=[^"#]+)', first.text)
    assert older is not None
    assert maya.get(older[1]).text.count('href="/deliveries/lead-') == 10
    assert "Nothing here." in text_of(maya.get("/deliveries?state=dead"))
    assert maya.get("/deliveries?state=waiting").text.count('href="/deliveries/lead-') == 50
    assert maya.get("/deliveries?state=odd&before=odd%00").status_code == 200


@on_both
def test_somebody_is_mailed_and_tested_and_taken_off(
    maya: Browser, site: Site, page: Page, studio: Flask, settings: Settings, *, session: Session
) -> None:
    added = maya.post("/deliveries/recipients", {"mail": "Team@Example.com", "page": "spring-sale"})
    assert "Added. Nothing is mailed before IT has named the mail server." in text_of(maya.get(str(added.location)))
    recipient = session.exec(select(MailRecipient)).one()
    assert (recipient.address, recipient.page_id) == ("team@example.com", page.id)
    assert "team@example.com for go.localhost/spring-sale" in text_of(maya.get("/deliveries"))
    door = studio.extensions["lander"]
    with mailbox() as box:
        mail = MailServer("127.0.0.1", box.port, "lander@example.com")
        studio.extensions["lander"] = replace(door, settings=replace(settings, mail=mail))
        another = maya.post("/deliveries/recipients", {"mail": "other@example.com", "page": "spring-sale"})
        assert "Added. The next lead is mailed." in text_of(maya.get(str(another.location)))
        tested = maya.post(f"/deliveries/recipients/{recipient.id}/test")
        assert "The mail server took it." in text_of(maya.get(str(tested.location)))
        assert "LANDER_SMTP_URL" not in text_of(maya.get("/deliveries"))
    assert box.mails[0]["To"] == "team@example.com"
    session.rollback()  # what was added since is seen only now
    for number in session.exec(select(MailRecipient.id)).all():
        maya.post(f"/deliveries/recipients/{number}/remove")
    assert "Nobody is mailed" in text_of(maya.get("/deliveries"))


@pytest.mark.parametrize(
    ("mail", "reason"),
    [("nobody", "not an e-mail address"), ("a@example.com\r\nBcc: b@example.com", "not an e-mail address")],
)
def test_what_is_no_address_is_said_and_kept(maya: Browser, site: Site, mail: str, reason: str) -> None:
    response = maya.post("/deliveries/recipients", {"mail": mail})
    assert response.status_code == 422
    assert reason in text_of(response)
    assert f'value="{mail.splitlines()[0]}' in response.text


def test_the_same_recipient_twice_is_refused(maya: Browser, site: Site, page: Page) -> None:
    maya.post("/deliveries/recipients", {"mail": "team@example.com"})
    for slug in ("", "spring-sale"):
        response = maya.post("/deliveries/recipients", {"mail": "team@example.com", "page": slug})
        assert response.status_code == 409


def test_a_receiver_of_a_number_that_nobody_has_is_not_found(maya: Browser, site: Site) -> None:
    for number in ("0", "7", "99999999999999999999999"):
        assert maya.get(f"/deliveries/webhooks/{number}").status_code == 404
        assert maya.post(f"/deliveries/recipients/{number}/remove").status_code == 404
    assert maya.get("/deliveries/odd%00id").status_code == 404


def test_the_screens_name_their_moments_in_the_sites_zone(maya: Browser, hook: str) -> None:
    assert "(Europe/Berlin)" in maya.get(hook).text
