"""Deliveries: who is told of new leads and how, the log of what was sent, and sending it again."""

from collections.abc import Callable

from flask import Blueprint, Response, request
from sqlmodel import Session

from lander.access.gate import actor, edge, studio, view
from lander.access.permissions import Permission
from lander.console.context import FormError
from lander.console.delivery_screens import (
    Typed,
    deliveries_screen,
    delivery_address,
    delivery_screen,
    new_webhook_screen,
    query_of,
    webhook_address,
    webhook_screen,
)
from lander.console.places import load_site
from lander.console.screens import go, show
from lander.db import reading, transaction
from lander.errors import Conflict, InvalidInput
from lander.integrations import outbox
from lander.integrations.announce import Announcer
from lander.integrations.egress import EgressRefused, look_up
from lander.integrations.email.receivers import add_recipient, load_recipient
from lander.integrations.models import MailRecipient, Webhook
from lander.integrations.sender import Courier
from lander.integrations.webhook import receivers
from lander.integrations.webhook.address import check_target
from lander.pages.models import Site
from lander.pages.pages import load_page
from lander.policy.store import load_policy
from lander.vault import Vault

blueprint = Blueprint("deliveries", __name__)

_WEBHOOK = "/deliveries/webhooks/<int:number>"
_RECIPIENT = "/deliveries/recipients/<int:number>"
_DELIVERY = "/deliveries/<delivery_id>"


@view(blueprint, "/deliveries", permission=Permission.DELIVERIES_READ)
def show_deliveries() -> Response:
    with reading(studio().engine) as session:
        screen = deliveries_screen(session)
    return show(screen)


@view(blueprint, _DELIVERY, permission=Permission.DELIVERIES_READ)
def show_delivery(delivery_id: str) -> Response:
    with reading(studio().engine) as session:
        screen = delivery_screen(session, outbox.load_delivery(session, delivery_id))
    return show(screen)


@view(blueprint, f"{_DELIVERY}/replay", permission=Permission.DELIVERIES_EDIT, methods=("POST",))
def replay(delivery_id: str) -> Response:
    with transaction(studio().engine) as session:
        delivery = outbox.load_delivery(session, delivery_id)
        outbox.replay(session, delivery, actor=actor(), now=edge().now)
    return go(delivery_address(delivery), notice="replayed")


@view(blueprint, "/deliveries/webhooks/new", permission=Permission.DELIVERIES_EDIT)
def show_new_webhook() -> Response:
    with reading(studio().engine) as session:
        screen = new_webhook_screen(session)
    return show(screen)


@view(blueprint, "/deliveries/webhooks/new", permission=Permission.DELIVERIES_EDIT, methods=("POST",))
def add_webhook() -> Response:
    url, events = request.form.get("url", "").strip(), request.form.getlist("event")
    settings = studio().settings
    try:
        with reading(studio().engine) as session:
            policy = load_policy(session)
        # the name is looked up before the transaction begins: that may take seconds
        target = check_target(url, policy=policy, is_development=settings.is_development, resolve=look_up)
        with transaction(studio().engine) as session:
            webhook = receivers.add_webhook(
                session,
                Vault(settings.secret_keys),
                load_site(session),
                target,
                events=events,
                actor=actor(),
                now=edge().now,
            )
    except (EgressRefused, InvalidInput, Conflict) as error:
        field = "events" if isinstance(error, InvalidInput) else "url"
        with reading(studio().engine) as session:
            wrong = FormError(error.message, field, error.fix)
            screen = new_webhook_screen(session, url=url, events=events, errors=[wrong])
        return show(screen, status=error.status)
    return go(webhook_address(webhook), notice="webhook-added")


@view(blueprint, _WEBHOOK, permission=Permission.DELIVERIES_READ)
def show_webhook(number: int) -> Response:
    with reading(studio().engine) as session:
        screen = webhook_screen(session, receivers.load_webhook(session, number))
    return show(screen)


@view(blueprint, f"{_WEBHOOK}/secret", permission=Permission.DELIVERIES_READ)
@view(blueprint, f"{_WEBHOOK}/events", permission=Permission.DELIVERIES_READ)
def show_webhook_again(number: int) -> Response:
    """The address of what a form showed, reloaded or mailed, leads to the webhook."""
    return go(f"/deliveries/webhooks/{number}")


@view(blueprint, f"{_WEBHOOK}/secret", permission=Permission.DELIVERIES_EDIT, methods=("POST",))
def show_secret(number: int) -> Response:
    """The secret stands in this one answer and in no address; that it was shown is in the audit trail."""
    with transaction(studio().engine) as session:
        webhook = receivers.load_webhook(session, number)
        secret = receivers.show_secret(session, _vault(), webhook, actor=actor(), now=edge().now)
        screen = webhook_screen(session, webhook, secret=secret)
    return show(screen)


@view(blueprint, f"{_WEBHOOK}/replace-secret", permission=Permission.DELIVERIES_EDIT, methods=("POST",))
def replace_secret(number: int) -> Response:
    def replace(session: Session, webhook: Webhook) -> None:
        receivers.replace_secret(session, _vault(), webhook, actor=actor(), now=edge().now)

    return _change(number, replace, notice="secret-replaced")


@view(blueprint, f"{_WEBHOOK}/events", permission=Permission.DELIVERIES_EDIT, methods=("POST",))
def change_events(number: int) -> Response:
    events = request.form.getlist("event")
    try:
        with transaction(studio().engine) as session:
            webhook = receivers.load_webhook(session, number)
            receivers.change_events(session, webhook, events, actor=actor(), now=edge().now)
    except InvalidInput as error:
        with reading(studio().engine) as session:
            wrong = FormError(error.message, "events", error.fix)
            screen = webhook_screen(session, receivers.load_webhook(session, number), errors=[wrong])
        return show(screen, status=error.status)
    return go(webhook_address(webhook), notice="events-changed")


@view(blueprint, f"{_WEBHOOK}/disable", permission=Permission.DELIVERIES_EDIT, methods=("POST",))
def disable(number: int) -> Response:
    def turn_off(session: Session, webhook: Webhook) -> None:
        receivers.disable(session, webhook, reason=f"{actor()} turned it off.", actor=actor(), now=edge().now)

    return _change(number, turn_off, notice="webhook-off")


@view(blueprint, f"{_WEBHOOK}/enable", permission=Permission.DELIVERIES_EDIT, methods=("POST",))
def enable(number: int) -> Response:
    def turn_on(session: Session, webhook: Webhook) -> None:
        receivers.enable(session, webhook, actor=actor(), now=edge().now)

    return _change(number, turn_on, notice="webhook-on")


@view(blueprint, f"{_WEBHOOK}/replay", permission=Permission.DELIVERIES_EDIT, methods=("POST",))
def replay_dead(number: int) -> Response:
    def send_again(session: Session, webhook: Webhook) -> None:
        outbox.replay_dead(session, webhook, actor=actor(), now=edge().now)

    return _change(number, send_again, notice="replayed")


@view(blueprint, f"{_WEBHOOK}/test", permission=Permission.DELIVERIES_EDIT, methods=("POST",))
def test_webhook(number: int) -> Response:
    return _send_test(lambda session: receivers.load_webhook(session, number))


@view(blueprint, f"{_WEBHOOK}/remove", permission=Permission.DELIVERIES_EDIT, methods=("POST",))
def remove_webhook(number: int) -> Response:
    return _remove(lambda session: receivers.load_webhook(session, number), notice="webhook-removed")


@view(blueprint, "/deliveries/recipients", permission=Permission.DELIVERIES_READ)
def show_recipients() -> Response:
    """The address of a refused form, reloaded, leads to the list."""
    return go("/deliveries")


@view(blueprint, "/deliveries/recipients", permission=Permission.DELIVERIES_EDIT, methods=("POST",))
def add_mail() -> Response:
    typed, slug = request.form.get("mail", ""), request.form.get("page", "")
    try:
        with transaction(studio().engine) as session:
            site = load_site(session)
            page = load_page(session, site, slug) if slug else None
            add_recipient(session, site, typed, page=page, actor=actor(), now=edge().now)
            address = f"/deliveries{query_of(session, site)}"
    except (InvalidInput, Conflict) as error:
        with reading(studio().engine) as session:
            wrong = FormError(error.message, "mail", error.fix)
            screen = deliveries_screen(session, Typed(typed, slug, [wrong]))
        return show(screen, status=error.status)
    return go(address, notice="recipient-added" if studio().settings.mail is not None else "recipient-waits")


@view(blueprint, f"{_RECIPIENT}/test", permission=Permission.DELIVERIES_EDIT, methods=("POST",))
def test_recipient(number: int) -> Response:
    return _send_test(lambda session: load_recipient(session, number))


@view(blueprint, f"{_RECIPIENT}/remove", permission=Permission.DELIVERIES_EDIT, methods=("POST",))
def remove_recipient(number: int) -> Response:
    return _remove(lambda session: load_recipient(session, number), notice="recipient-removed")


def _change(number: int, verb: Callable[[Session, Webhook], None], *, notice: str) -> Response:
    with transaction(studio().engine) as session:
        webhook = receivers.load_webhook(session, number)
        verb(session, webhook)
    return go(webhook_address(webhook), notice=notice)


def _send_test(load: Callable[[Session], Webhook | MailRecipient]) -> Response:
    """Write the test down, send it as any other delivery is sent, and show what came of it."""
    settings, engine = studio().settings, studio().engine
    with transaction(engine) as session:
        delivery = outbox.add_test(session, Announcer(settings), load(session), actor=actor(), now=edge().now)
    Courier(settings, engine).send_now(delivery.id, now=edge().now)
    return go(delivery_address(delivery))


def _remove(load: Callable[[Session], Webhook | MailRecipient], *, notice: str) -> Response:
    with transaction(studio().engine) as session:
        receiver = load(session)
        query = query_of(session, session.get_one(Site, receiver.site_id))
        outbox.remove_receiver(session, receiver, actor=actor(), now=edge().now)
    return go(f"/deliveries{query}", notice=notice)


def _vault() -> Vault:
    return Vault(studio().settings.secret_keys)
