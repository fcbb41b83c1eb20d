"""What happens becomes deliveries: one for each receiver that wants to know, once, with its content sealed."""

import json
from datetime import timedelta

from sqlalchemy import Engine
from sqlmodel import Session, select

from experiments.models import Experiment, State
from lander.config import Settings
from lander.db import reading, transaction
from lander.integrations.announce import Announcer, has_news
from lander.integrations.models import Delivery, DeliveryState, Webhook
from lander.integrations.webhook import receivers
from lander.leads.models import Lead
from lander.pages.models import Page, Publication, Site, StoredRelease
from tests.integrations.conftest import (
    HOST,
    NOW,
    SECRET,
    VAULT,
    add_hook,
    add_mail,
    add_site_with_pages,
    deliveries,
    payload_of,
    send_leads,
)
from tests.leads.builders import NOON, NOON_MS

EVERYTHING = ("lead.created", "conversion.recorded", "page.published", "experiment.decided")


def test_a_lead_is_told_to_every_webhook_and_recipient(database: Engine, site: Site, announcer: Announcer) -> None:
    hook, other = add_hook(database, site), add_hook(database, site, f"https://{HOST}/other")
    recipient = add_mail(database, site)
    assert send_leads(database, announcer, 1) == 3
    with reading(database) as session:
        found = deliveries(session)
    lead = f"{1:032x}"
    assert [item.id for item in found] == [
        f"lead-{lead}-{hook.id}",
        f"lead-{lead}-{other.id}",
        f"lead-{lead}-mail-{recipient.id}",
    ]
    assert {(item.state, item.attempts, item.next_at, item.lead_id) for item in found} == {
        (DeliveryState.WAITING, 0, NOW, lead)
    }


def test_a_webhook_is_told_all_that_the_lead_says(database: Engine, site: Site, announcer: Announcer) -> None:
    add_hook(database, site)
    send_leads(database, announcer, 1)
    with reading(database) as session:
        (delivery,) = deliveries(session)
    assert payload_of(delivery) == {
        "type": "lead.created",
        "timestamp": NOW.isoformat(),
        "data": {
            "id": f"{1:032x}",
            "page": "go.example.com/spring-sale",
            "form": "f1",
            "variant": "b",
            "experiment": "spring-sale-1",
            "phase": 1,
            "fields": {"email": "otto1@example.com", "name": "Otto"},
            "consent": {"text": "You may write to me.", "at": NOON.isoformat()},
            "campaign": {"utm_source": "google", "utm_campaign": "spring"},
            "received_at": NOON.isoformat(),
            "link": f"https://studio.example.com/leads/{1:032x}",
        },
    }
    assert "otto" not in delivery.payload.lower()
    assert delivery.about == "go.example.com/spring-sale"


def test_a_mail_is_told_nothing_that_the_visitor_typed(database: Engine, site: Site, announcer: Announcer) -> None:
    add_mail(database, site)
    send_leads(database, announcer, 1)
    with reading(database) as session:
        (delivery,) = deliveries(session)
    data = payload_of(delivery)
    assert data["received"] == "2026-11-02 13:00 (Europe/Berlin)"
    assert "otto" not in json.dumps(data).lower()


def test_the_same_lead_again_is_no_second_delivery(database: Engine, site: Site, announcer: Announcer) -> None:
    add_hook(database, site)
    assert [send_leads(database, announcer, 1) for _ in range(3)] == [1, 0, 0]
    assert send_leads(database, announcer, 1, 2) == 1


def test_it_stands_or_falls_with_the_transaction_that_stores_the_lead(
    database: Engine, site: Site, announcer: Announcer
) -> None:
    add_hook(database, site)
    try:
        with transaction(database) as session:
            announcer.announce_leads(session, [], now=NOW)
            session.add(Lead(id="x" * 32, page_id=1, host="go.example.com", path="/", form="", variant="a", sealed="",
                             received_at=NOW))  # fmt: skip
            session.flush()
            assert announcer.announce_leads(session, ["x" * 32], now=NOW) == 1
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    with reading(database) as session:
        assert (session.exec(select(Lead)).all(), deliveries(session)) == ([], [])


def test_spam_and_simulated_leads_are_nobodys_news(database: Engine, site: Site, announcer: Announcer) -> None:
    add_hook(database, site)
    add_mail(database, site)
    assert send_leads(database, announcer, 1, simulated=True) == 0
    with transaction(database) as session:
        session.add(
            Lead(id="5" * 32, page_id=1, host="go.example.com", path="/x", form="", variant="a", sealed="", spam=True,
                 received_at=NOW)
        )  # fmt: skip
        session.flush()
        assert announcer.announce_leads(session, ["5" * 32], now=NOW) == 0
        lead = session.get_one(Lead, "5" * 32)
        lead.spam = False  # a person says that it is none
        session.flush()
        assert announcer.announce_leads(session, ["5" * 32], now=NOW) == 2


def test_a_webhook_hears_of_its_own_site_and_of_its_own_events(
    database: Engine, site: Site, announcer: Announcer
) -> None:
    with transaction(database) as session:
        elsewhere = add_site_with_pages(session, "go.example.net")
    add_hook(database, elsewhere)
    add_hook(database, site, f"https://{HOST}/pages", "page.published")
    assert send_leads(database, announcer, 1) == 0


def test_a_disabled_webhook_hears_nothing(database: Engine, site: Site, announcer: Announcer) -> None:
    hook = add_hook(database, site)
    with transaction(database) as session:
        receivers.disable(session, session.get_one(Webhook, hook.id), reason="Paused.", actor="maya", now=NOW)
    assert send_leads(database, announcer, 1) == 0


def test_a_recipient_of_one_page_hears_of_that_page_and_one_of_both_hears_once(
    database: Engine, site: Site, announcer: Announcer
) -> None:
    with reading(database) as session:
        spring, autumn = session.exec(select(Page).order_by(Page.id)).all()
    add_mail(database, site, "spring@example.com", spring)
    add_mail(database, site, "autumn@example.com", autumn)
    add_mail(database, site, "both@example.com", spring)
    add_mail(database, site, "both@example.com")
    assert spring.id is not None
    assert send_leads(database, announcer, 1, page_id=spring.id) == 2


def test_a_lead_that_no_secret_opens_is_told_without_its_fields(
    database: Engine, site: Site, settings: Settings, announcer: Announcer
) -> None:
    add_hook(database, site)
    assert send_leads(database, announcer, 1, received_at_ms=NOON_MS) == 1
    with transaction(database) as session:
        session.get_one(Lead, f"{1:032x}").sealed = VAULT.seal("{}", context="another lead")
        delivery = deliveries(session)[0]
        session.delete(delivery)
        session.flush()
        assert announcer.announce_leads(session, [f"{1:032x}"], now=NOW) == 1
        assert payload_of(deliveries(session)[0])["data"]["fields"] == {}
    assert settings.secret_keys == (SECRET,)


def publish(session: Session, page_id: int, *, reason: str = "publish", is_withdrawal: bool = False) -> Publication:
    if session.get(StoredRelease, "r1") is None:
        session.add(StoredRelease(id="r1", page_id=page_id, policy_version=1, created_at=NOW))
        session.flush()
    publication = Publication(
        page_id=page_id, release_id=None if is_withdrawal else "r1", reason=reason, at=NOW, by="maya"
    )
    session.add(publication)
    session.flush()
    return publication


def announce(engine: Engine, announcer: Announcer) -> list[Delivery]:
    """What the work process does when it sees that there is something."""
    with reading(engine) as session:
        is_news = has_news(session)
    with transaction(engine) as session:
        before = {delivery.id for delivery in deliveries(session)}
        made = announcer.announce_changes(session, now=NOW)
        new = [delivery for delivery in deliveries(session) if delivery.id not in before]
        assert made == len(new)
        assert is_news or not made
    with reading(engine) as session:
        assert not has_news(session)
    return new


def test_a_publication_is_told_once_and_only_from_when_the_webhook_began(
    database: Engine, site: Site, announcer: Announcer
) -> None:
    with transaction(database) as session:
        publish(session, 1)
    hook = add_hook(database, site, f"https://{HOST}/pages", *EVERYTHING)
    assert announce(database, announcer) == []
    with transaction(database) as session:
        told = publish(session, 1)
        publish(session, 1, reason="withdraw", is_withdrawal=True)
    (delivery,) = announce(database, announcer)
    assert delivery.id == f"publication-{told.id}-{hook.id}"
    assert payload_of(delivery)["data"] == {
        "page": "go.example.com/spring-sale",
        "release": "r1",
        "reason": "publish",
        "by": "maya",
        "at": NOW.isoformat(),
    }
    assert announce(database, announcer) == []


def test_what_is_published_while_a_webhook_is_off_is_not_told_afterwards(
    database: Engine, site: Site, announcer: Announcer
) -> None:
    hook = add_hook(database, site, f"https://{HOST}/pages", "page.published")
    with transaction(database) as session:
        webhook = session.get_one(Webhook, hook.id)
        receivers.disable(session, webhook, reason="Paused.", actor="maya", now=NOW)
        publish(session, 1)
    assert announce(database, announcer) == []
    with transaction(database) as session:
        receivers.enable(session, session.get_one(Webhook, hook.id), actor="maya", now=NOW)
    assert announce(database, announcer) == []
    with transaction(database) as session:
        publish(session, 1)
    assert len(announce(database, announcer)) == 1


def add_experiment(session: Session, key: str, page_id: int = 1, **changes: object) -> Experiment:
    options = {
        "key": key,
        "page_id": page_id,
        "timezone": "Europe/Berlin",
        "hypothesis": "Shorter is better.",
        "control": "a",
        "goal": "form",
        "state": State.ENDED,
        "created_at": NOW - timedelta(days=14),
        "created_by": "maya",
        "ended_at": NOW + timedelta(hours=1),
        "shipped": "b",
        "reason": "It is clear.",
    }
    experiment = Experiment(**{**options, **changes})
    session.add(experiment)
    session.flush()
    return experiment


def test_a_decision_is_told_once_to_who_was_there(database: Engine, site: Site, announcer: Announcer) -> None:
    hook = add_hook(database, site, f"https://{HOST}/decisions", "experiment.decided")
    with transaction(database) as session:
        add_site_with_pages(session, "go.example.net", "elsewhere")
        add_experiment(session, "running", state=State.RUNNING, ended_at=None)
        add_experiment(session, "before", ended_at=NOW - timedelta(days=1))
        add_experiment(session, "elsewhere", page_id=3)
        decided = add_experiment(session, "decided")
    (delivery,) = announce(database, announcer)
    assert delivery.id == f"experiment-{decided.id}-{hook.id}"
    assert payload_of(delivery)["data"] == {
        "experiment": "decided",
        "page": "go.example.com/spring-sale",
        "hypothesis": "Shorter is better.",
        "control": "a",
        "shipped": "b",
        "reason": "It is clear.",
        "started_at": (NOW - timedelta(days=14)).isoformat(),
        "ended_at": (NOW + timedelta(hours=1)).isoformat(),
        "link": "https://studio.example.com/experiments/decided/report",
    }
    assert announce(database, announcer) == []
