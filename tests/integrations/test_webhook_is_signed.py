"""Signatures are those of Standard Webhooks: its own package verifies them."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from lander.integrations.webhook.message import make_message, make_payload, make_secret

pytestmark = pytest.mark.usefixtures("receivers_clock")
NOW = datetime.now(UTC)
PAYLOAD = make_payload("lead.created", {"fields": {"name": "Ötto ✓"}}, at=NOW)


def test_the_package_verifies_what_we_sign() -> None:
    secret = make_secret()
    message = make_message("lead-1-1", PAYLOAD, [secret], at=NOW)
    assert Webhook(secret).verify(message.body, dict(message.headers)) == json.loads(PAYLOAD)


def test_it_signs_as_the_package_does() -> None:
    secret = make_secret()
    message = make_message("lead-1-1", PAYLOAD, [secret], at=NOW)
    assert message.headers["webhook-signature"] == Webhook(secret).sign("lead-1-1", NOW, PAYLOAD)


def test_it_signs_the_example_of_the_specification() -> None:
    """The test vector published with the Standard Webhooks libraries (libraries/python/tests)."""
    at = datetime.fromtimestamp(1614265330, UTC)
    message = make_message(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", '{"test": 2432232314}', ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], at=at
    )
    assert message.headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert message.headers["webhook-timestamp"] == "1614265330"


def test_while_a_secret_is_replaced_both_of_them_verify() -> None:
    new, old = make_secret(), make_secret()
    message = make_message("lead-1-1", PAYLOAD, [new, old], at=NOW)
    for secret in (new, old):
        Webhook(secret).verify(message.body, dict(message.headers))
    assert message.headers["webhook-signature"].count(" ") == 1


@pytest.mark.parametrize("change", ["body", "id", "time", "secret", "late"])
def test_whatever_is_changed_does_not_verify(change: str) -> None:
    secret, at = make_secret(), NOW - timedelta(minutes=6) if change == "late" else NOW
    message = make_message("lead-1-1", PAYLOAD, [secret], at=at)
    headers, body = dict(message.headers), message.body
    if change == "body":
        body += b" "
    elif change == "id":
        headers["webhook-id"] = "lead-1-2"
    elif change == "time":
        headers["webhook-timestamp"] = str(int(NOW.timestamp()) + 1)
    with pytest.raises(WebhookVerificationError):
        Webhook(make_secret() if change == "secret" else secret).verify(body, headers)


def test_a_secret_is_as_long_as_the_specification_wants_and_new_each_time() -> None:
    one, other = make_secret(), make_secret()
    assert one != other
    assert 24 <= len(base64.b64decode(one.removeprefix("whsec_"), validate=True)) <= 64
