"""`lander delivery`: what was sent to whom, and sending it again."""

import click

from lander.cli.edge import Answer, Cli, command
from lander.db import reading, transaction
from lander.errors import InvalidInput
from lander.integrations import outbox
from lander.integrations.models import DeliveryState
from lander.integrations.webhook import receivers
from lander.pages import sites


def register(cli: click.Group) -> None:
    group = click.Group("delivery", help="What was sent to whom.")
    cli.add_command(group)

    @command(group, "list")
    @click.option("--site", metavar="HOST", help="Only of this pages host.")
    @click.option("--state", type=click.Choice([state.value for state in DeliveryState]), help="Only in this state.")
    @click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
    def list_(edge: Cli, site: str | None, state: str | None, limit: int) -> Answer:
        """List deliveries, newest first, each with what came of its latest attempt."""
        with reading(edge.engine) as session:
            found = outbox.list_deliveries(
                session,
                sites.load_site(session, site) if site else None,
                state=DeliveryState(state) if state else None,
                limit=limit,
            )
            last = outbox.find_last_attempts(session, found)
        data = [
            {
                "id": delivery.id,
                "event": delivery.event,
                "about": delivery.about,
                "state": delivery.state,
                "attempts": delivery.attempts,
                "made_at": delivery.created_at.isoformat(),
                "next_at": delivery.next_at.isoformat() if delivery.state == DeliveryState.WAITING else None,
                "outcome": last[delivery.id].outcome if delivery.id in last else "",
            }
            for delivery in found
        ]
        lines = [
            f"{delivery.created_at:%Y-%m-%d %H:%M} UTC  {delivery.state:9}  {delivery.event}  {delivery.about}  "
            f"{delivery.id}  {last[delivery.id].outcome if delivery.id in last else 'not tried yet'}"
            for delivery in found
        ]
        return Answer(data, lines or ["No deliveries."])

    @command(group, "replay")
    @click.argument("delivery_id", metavar="[ID]", required=False)
    @click.option("--webhook", "number", type=int, metavar="NUMBER", help="All that was given up for this webhook.")
    def replay(edge: Cli, delivery_id: str | None, number: int | None) -> Answer:
        """Send what was given up again: one delivery, or all of a webhook."""
        if (delivery_id is None) == (number is None):
            raise InvalidInput("It is not said what to send again.", fix="Name one delivery, or a --webhook.")
        with transaction(edge.engine) as session:
            if number is not None:
                webhook = receivers.load_webhook(session, number)
                count = outbox.replay_dead(session, webhook, actor=edge.actor, now=edge.now)
            else:
                delivery = outbox.load_delivery(session, delivery_id or "")
                outbox.replay(session, delivery, actor=edge.actor, now=edge.now)
                count = 1
        return Answer({"replayed": count}, [f"Sent again: {count}."])
