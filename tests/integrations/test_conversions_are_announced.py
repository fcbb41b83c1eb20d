"""A conversion that counts is told once to who wants to know, and names no visitor."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from experiments import ledger, lifecycle
from experiments.events import Event, Kind
from experiments.journal import Durability, Journal
from experiments.models import Experiment
from lander.config import Settings
from lander.db import reading, transaction
from lander.integrations.announce import Announcer
from lander.integrations.models import Webhook
from lander.integrations.webhook import receivers
from lander.jobs import Worker
from lander.pages.models import Site
from lander.serve.counting import records_of
from tests.integrations.conftest import HOST, NOW, add_hook, add_site_with_pages, deliveries, payload_of

OTTO = "0123456789abcdef0123456789abcdef"
NOW_MS = int(NOW.timestamp() * 1000)


@pytest.fixture
def experiment(database: Engine, site: Site) -> Experiment:
    """Running on go.example.com/spring-sale."""
    with transaction(database) as session:
        return lifecycle.start(
            session,
            page_id=1,
            slug_key="spring-sale",
            timezone="Europe/Berlin",
            control="a",
            weights={"a": 5000, "b": 5000},
            coverage_bp=10_000,
            goal="form",
            hypothesis="Shorter is better.",
            actor="maya",
            now=NOW,
        )


@pytest.fixture
def hook(database: Engine, site: Site) -> Webhook:
    return add_hook(database, site, f"https://{HOST}/conversions", "conversion.recorded")


def happened(experiment: Experiment, kind: Kind = Kind.CONVERSION, **changes: Any) -> Event:
    assert experiment.id is not None
    values = {
        "kind": kind,
        "experiment_id": experiment.id,
        "phase": 1,
        "variant": "b",
        "visitor": OTTO,
        "exposed_at_ms": NOW_MS,
        "at_ms": NOW_MS + 60_000,
        "device": "desktop",
        "browser": "chrome",
        "source": "paid",
        "returning": False,
        "goal": "form" if kind is Kind.CONVERSION else "",
    }
    return Event(**{**values, **changes})


def take_in(engine: Engine, announcer: Announcer, *events: Event) -> int:
    """As the work process does; how many deliveries that made."""
    with transaction(engine) as session:
        ledger.ingest(session, events)
        return announcer.announce_conversions(session, events, now=NOW)


def test_a_webhook_is_told_where_and_when_and_not_who(
    database: Engine, announcer: Announcer, experiment: Experiment, hook: Webhook
) -> None:
    assert take_in(database, announcer, happened(experiment)) == 1
    with reading(database) as session:
        (delivery,) = deliveries(session)
    told = payload_of(delivery)
    identity = told["data"].pop("id")
    assert told["type"] == "conversion.recorded"
    assert told["data"] == {
        "experiment": "spring-sale-1",
        "page": "go.example.com/spring-sale",
        "phase": 1,
        "variant": "b",
        "goal": "form",
        "at": (NOW + timedelta(minutes=1)).isoformat(),
        "link": "https://studio.example.com/experiments/spring-sale-1/report",
    }
    assert delivery.id == f"conversion-{identity}-{hook.id}"
    assert OTTO not in f"{delivery.id} {delivery.about} {told}"


def test_the_same_conversion_is_told_once_however_it_comes(
    database: Engine, announcer: Announcer, experiment: Experiment, hook: Webhook
) -> None:
    first, again = happened(experiment), happened(experiment, at_ms=NOW_MS + 90_000)
    assert take_in(database, announcer, again, first, first) == 1
    assert take_in(database, announcer, again, happened(experiment, Kind.CONFIRMED)) == 0
    with reading(database) as session:
        assert payload_of(deliveries(session)[0])["data"]["at"] == (NOW + timedelta(minutes=1)).isoformat()
    assert take_in(database, announcer, happened(experiment, visitor="f" * 32)) == 1


@pytest.mark.parametrize(
    "events",
    [
        ({"kind": Kind.SERVED},),
        ({"kind": Kind.FILTERED, "reason": "bot"},),
        ({"at_ms": NOW_MS + 73 * 3_600_000},),
        ({"simulated": True},),
        ({"variant": "z"},),
        ({"kind": Kind.SERVED, "variant": "a", "exposed_at_ms": NOW_MS - 5}, {}),
        ({"goal": ""},),
        ({"goal": "scroll-2"},),
    ],
    ids=[
        "a view",
        "a bot",
        "too late",
        "simulated",
        "no such variant",
        "who saw another variant first",
        "no goal",
        "a further goal",
    ],
)
def test_what_does_not_count_is_nobodys_news(
    database: Engine, announcer: Announcer, experiment: Experiment, hook: Webhook, events: tuple[dict[str, Any], ...]
) -> None:
    assert take_in(database, announcer, *(happened(experiment, **changes) for changes in events)) == 0


def test_only_who_asked_for_it_on_that_site_is_told(
    database: Engine, site: Site, announcer: Announcer, experiment: Experiment
) -> None:
    with transaction(database) as session:
        elsewhere = add_site_with_pages(session, "go.example.net")
    add_hook(database, elsewhere, f"https://{HOST}/elsewhere", "conversion.recorded")
    add_hook(database, site, f"https://{HOST}/leads", "lead.created")
    off = add_hook(database, site, f"https://{HOST}/off", "conversion.recorded")
    with transaction(database) as session:
        receivers.disable(session, session.get_one(Webhook, off.id), reason="Paused.", actor="maya", now=NOW)
    assert take_in(database, announcer, happened(experiment)) == 0


def test_what_happened_before_a_webhook_began_is_not_told(
    database: Engine, announcer: Announcer, experiment: Experiment, hook: Webhook
) -> None:
    before = {"exposed_at_ms": NOW_MS - 7_200_000, "at_ms": NOW_MS - 3_600_000}
    assert take_in(database, announcer, happened(experiment, **before)) == 0


def test_the_work_process_tells_with_the_commit_that_counts_it(
    database: Engine, settings: Settings, experiment: Experiment, hook: Webhook
) -> None:
    journal = Journal(settings.journal_dir)
    journal.append(records_of([happened(experiment)]), Durability.ACKNOWLEDGED)
    journal.close()
    assert Worker(settings, database).ingest() == 1
    with reading(database) as session:
        assert [delivery.event for delivery in deliveries(session)] == ["conversion.recorded"]
