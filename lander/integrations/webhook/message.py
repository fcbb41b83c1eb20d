"""How a webhook is written and signed: Standard Webhooks 1.0, symmetric signatures (`v1`).

The signed text is `id.timestamp.body`. While a secret is being replaced there is a signature by each, so that a receiver
may change over whenever it likes.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lander import __version__

PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Message:
    """What one attempt sends."""

    headers: Mapping[str, str]
    body: bytes


def make_secret() -> str:
    """A new signing secret, as receivers' libraries take it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode("ascii")


def make_payload(event: str, data: Mapping[str, Any], *, at: datetime) -> str:
    """The body: type, time and content of an event."""
    payload = {"type": event, "timestamp": at.isoformat(), "data": data}
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def make_message(delivery_id: str, payload: str, signing: Sequence[str], *, at: datetime) -> Message:
    """The request of one attempt, signed at that moment under every secret, the newest first."""
    body, stamp = payload.encode(), str(int(at.timestamp()))
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": f"Lander/{__version__}",
        "webhook-id": delivery_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(_sign(secret, delivery_id, stamp, body) for secret in signing),
    }
    return Message(headers, body)


def _sign(secret: str, delivery_id: str, stamp: str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.new(key, f"{delivery_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode('ascii')}"
