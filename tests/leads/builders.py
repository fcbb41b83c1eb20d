"""Leads as the public path writes them into a journal."""

import json
from datetime import UTC, datetime
from typing import Any

from lander.vault import Vault

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)
SECRET = "correct-horse-battery-staple-0123456789"
VAULT = Vault([SECRET])


def make_body(number: int, **changes: Any) -> bytes:
    """Otto's lead of that number: a view and a network of its own, at noon."""
    lead_id = changes.pop("id", f"{number:032x}")
    fields = changes.pop("fields", {"email": f"otto{number}@example.com", "name": "Otto"})
    record = {
        "id": lead_id,
        "page_id": 1,
        "host": "go.example.com",
        "path": "/spring-sale",
        "view": f"view-{number}",
        "network": f"network-{number}",
        "form": "f1",
        "variant": "b",
        "experiment_key": "spring-sale-1",
        "phase": 1,
        "sealed": VAULT.seal(json.dumps(fields), context=lead_id),
        "email_index": VAULT.blind_index(f"otto{number}@example.com"),
        "consent_text": "You may write to me.",
        "consented_at_ms": NOON_MS,
        "flags": [],
        "campaign": {"utm_source": "google", "utm_campaign": "spring"},
        "touch": VAULT.seal(
            json.dumps(
                {
                    "viewed_at_ms": NOON_MS - 60_000,
                    "query": "utm_source=google&utm_campaign=spring&gclid=AbC",
                    "referrer": "www.google.com",
                    "click_ids": {"gclid": "AbC"},
                }
            ),
            context=f"{lead_id} touch",
        ),
        "simulated": False,
        "received_at_ms": NOON_MS,
    }
    return json.dumps({**record, **changes}).encode()
