"""`lander webhook`: who is told of what happens, by signed messages."""

from typing import Any

import click
from sqlmodel import Session

from lander.cli.edge import Answer, Cli, command
from lander.cli.table import table
from lander.db import reading, transaction
from lander.integrations import outbox
from lander.integrations.announce import Announcer
from lander.integrations.egress import look_up
from lander.integrations.models import Webhook
from lander.integrations.sender import Courier
from lander.integrations.webhook import receivers
from lander.integrations.webhook.address import check_target
from lander.integrations.webhook.receivers import Event
from lander.pages import sites
from lander.policy.store import load_policy
from lander.vault import Vault

_NUMBER = click.argument("number", type=int)


def register(cli: click.Group) -> None:
    group = click.Group("webhook", help="Who is told of new leads and of what else happens, by signed messages.")
    cli.add_command(group)
    _register_list(group)
    _register_add(group)
    _register_test(group)
    _register_switches(group)


def _register_list(group: click.Group) -> None:
    @command(group, "list")
    @click.option("--site", metavar="HOST", help="Only of this pages host.")
    def list_(edge: Cli, site: str | None) -> Answer:
        """List webhooks, and how much waits for each."""
        with reading(edge.engine) as session:
            found = receivers.list_webhooks(session, sites.load_site(session, site) if site else None)
            data = [_describe(session, webhook) for webhook in found]
        rows = [
            [
                str(item["number"]),
                item["url"],
                "on" if item["on"] else "off",
                *map(str, (item["waiting"], item["dead"])),
            ]
            for item in data
        ]
        lines = table(["number", "address", "state", "waiting", "dead"], rows, numbers=["number", "waiting", "dead"])
        return Answer(data, lines if data else ["No webhooks yet."])


def _register_add(group: click.Group) -> None:
    @command(group, "add")
    @click.argument("url")
    @click.option("--site", required=True, metavar="HOST", help="The pages host whose events are told.")
    @click.option(
        "--event",
        "events",
        multiple=True,
        type=click.Choice([event.value for event in Event]),
        default=[Event.LEAD_CREATED.value],
        show_default=True,
        help="What is told; give it several times for several events.",
    )
    def add(edge: Cli, url: str, site: str, events: tuple[str, ...]) -> Answer:
        """Tell URL of events from now on, and print the secret that its receiver checks signatures with."""
        vault = Vault(edge.settings.secret_keys)
        with reading(edge.engine) as session:
            policy = load_policy(session)
        is_development = edge.settings.is_development
        target = check_target(url, policy=policy, is_development=is_development, resolve=look_up)
        with transaction(edge.engine) as session:
            webhook = receivers.add_webhook(
                session, vault, sites.load_site(session, site), target, events=events, actor=edge.actor, now=edge.now
            )
            secret = receivers.show_secret(session, vault, webhook, actor=edge.actor, now=edge.now)
            data = {**_describe(session, webhook), "secret": secret}
        return Answer(data, [f"Webhook {webhook.id} is told from now on. Its secret: {secret}"])


def _register_test(group: click.Group) -> None:
    @command(group, "test")
    @_NUMBER
    def test(edge: Cli, number: int) -> Answer:
        """Send webhook NUMBER a test, and say what came of it."""
        with transaction(edge.engine) as session:
            webhook = receivers.load_webhook(session, number)
            announcer = Announcer(edge.settings)
            delivery = outbox.add_test(session, announcer, webhook, actor=edge.actor, now=edge.now)
        outcome = Courier(edge.settings, edge.engine).send_now(delivery.id, now=edge.now)
        data = {"delivery": delivery.id, "fate": outcome.fate, "status": outcome.status, "outcome": outcome.words}
        return Answer(data, [outcome.words])


def _register_switches(group: click.Group) -> None:
    @command(group, "disable")
    @_NUMBER
    def disable(edge: Cli, number: int) -> Answer:
        """Send nothing more to webhook NUMBER; what waits, waits."""
        with transaction(edge.engine) as session:
            webhook = receivers.load_webhook(session, number)
            reason = f"{edge.actor} turned it off."
            receivers.disable(session, webhook, reason=reason, actor=edge.actor, now=edge.now)
            data = _describe(session, webhook)
        return Answer(data, [f"Webhook {number} is off."])

    @command(group, "enable")
    @_NUMBER
    def enable(edge: Cli, number: int) -> Answer:
        """Send to webhook NUMBER again."""
        with transaction(edge.engine) as session:
            webhook = receivers.load_webhook(session, number)
            receivers.enable(session, webhook, actor=edge.actor, now=edge.now)
            data = _describe(session, webhook)
        return Answer(data, [f"Webhook {number} is on."])

    @command(group, "remove")
    @_NUMBER
    def remove(edge: Cli, number: int) -> Answer:
        """Take webhook NUMBER off the list, with its log and all that waits for it."""
        with transaction(edge.engine) as session:
            webhook = receivers.load_webhook(session, number)
            data = _describe(session, webhook)
            outbox.remove_receiver(session, webhook, actor=edge.actor, now=edge.now)
        return Answer(data, [f"Webhook {number} is removed."])


def _describe(session: Session, webhook: Webhook) -> dict[str, Any]:
    counts = outbox.count(session, webhook)
    return {
        "number": webhook.id,
        "url": webhook.url,
        "events": webhook.events,
        "on": webhook.disabled_at is None,
        "reason": webhook.disabled_reason,
        "waiting": counts.waiting,
        "dead": counts.dead,
    }
