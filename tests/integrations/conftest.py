"""Maya's site with a page, somewhere to send to, and a sender that goes there."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from lander.config import MailServer, Settings, load_settings
from lander.db import transaction
from lander.integrations.announce import Announcer
from lander.integrations.email.receivers import add_recipient
from lander.integrations.models import Delivery, MailRecipient, Webhook
from lander.integrations.webhook.address import check_target
from lander.integrations.webhook.receivers import add_webhook, list_secrets
from lander.leads import sink
from lander.pages.models import Page, Site
from lander.policy.parse import parse_policy
from lander.policy.store import apply_policy
from lander.vault import Vault
from tests.integrations.receiver import HOST, PUBLIC, Certificates, Receiver, receiving
from tests.leads import builders

NOW = datetime.now(UTC).replace(microsecond=0)
POLICY = f'[egress]\nwebhook_hosts = ["{HOST}"]\n'
ALLOWED = parse_policy(POLICY)
URL = f"https://{HOST}/leads"
SECRET = "a-secret-for-tests-only-0123456789-abcdefghij"
VAULT = Vault([SECRET])


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def receiver(certificates: Certificates) -> Iterator[Receiver]:
    with receiving(certificates) as receiver:
        yield receiver


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(
        {
            "LANDER_DATA_DIR": str(tmp_path),
            "LANDER_SECRET_KEYS": SECRET,
            "LANDER_STUDIO_HOST": "studio.example.com",
            "LANDER_PREVIEW_HOST": "preview.example.com",
        }
    )


@pytest.fixture
def announcer(settings: Settings) -> Announcer:
    return Announcer(settings)


@pytest.fixture
def site(database: Engine) -> Site:
    """go.example.com with its page spring-sale (1) and another one (2), under a policy that allows the receiver."""
    with transaction(database) as session:
        apply_policy(session, POLICY, actor="ivan", now=NOW)
        return add_site_with_pages(session, "go.example.com", "spring-sale", "autumn-sale")


def add_site_with_pages(session: Session, host: str, *slugs: str) -> Site:
    site = Site(host=host, core_site="www.example.com", timezone="Europe/Berlin", currency="EUR", created_at=NOW)
    session.add(site)
    session.flush()
    assert site.id is not None
    for slug in slugs:
        session.add(Page(site_id=site.id, slug=slug, created_at=NOW, created_by="maya"))
    session.flush()
    return site


def target(url: str = URL) -> Any:
    return check_target(url, policy=ALLOWED, is_development=False, resolve=lambda host, patience_s: [PUBLIC])


def add_hook(engine: Engine, site: Site, url: str = URL, *events: str) -> Webhook:
    with transaction(engine) as session:
        wanted = events or ("lead.created",)
        return add_webhook(session, VAULT, site, target(url), events=wanted, actor="maya", now=NOW)


def add_mail(engine: Engine, site: Site, address: str = "maya@example.com", page: Page | None = None) -> MailRecipient:
    with transaction(engine) as session:
        return add_recipient(session, site, address, page=page, actor="maya", now=NOW)


def secret_of(webhook: Webhook) -> str:
    return list_secrets(VAULT, webhook, now=NOW)[0]


def send_leads(engine: Engine, announcer: Announcer, *numbers: int, now: datetime = NOW, **changes: Any) -> int:
    """Otto's leads of these numbers come in, as the ingester takes them; how many deliveries that made."""
    with transaction(engine) as session:
        sink.store_leads(session, [make_lead(number, **changes) for number in numbers], now=now)
        return announcer.announce_leads(session, [f"{number:032x}" for number in numbers], now=now)


def make_lead(number: int, **changes: Any) -> bytes:
    fields = changes.pop("fields", {"email": f"otto{number}@example.com", "name": "Otto"})
    sealed = VAULT.seal(json.dumps(fields), context=f"{number:032x}")
    return builders.make_body(number, sealed=sealed, **changes)


def payload_of(delivery: Delivery) -> Any:
    return json.loads(VAULT.open(delivery.payload, context=delivery.id))


def deliveries(session: Session) -> list[Delivery]:
    return list(session.exec(select(Delivery).order_by(Delivery.id)))


MAIL_SERVER = MailServer("127.0.0.1", 25, "lander@example.com")
