"""What receivers are told in docs/developer/webhooks.md is what they get."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from lander.db import reading
from lander.integrations.announce import Announcer
from lander.integrations.schedule import DELAYS
from lander.integrations.webhook.message import make_message, make_payload, make_secret
from lander.integrations.webhook.receivers import TEST, Event
from lander.pages.models import Site
from tests.integrations.conftest import NOW, add_hook, deliveries, payload_of, send_leads

pytestmark = pytest.mark.usefixtures("receivers_clock")
PAGE = (Path(__file__).parents[2] / "docs" / "developer" / "webhooks.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_receivers_code_verifies_a_message() -> None:
    secret = make_secret()
    message = make_message("lead-1-1", make_payload("test", {"site": "x"}, at=NOW), [secret], at=NOW)
    names: dict[str, Any] = {"secret": secret, "body": message.body, "headers": dict(message.headers)}
    exec(block("python"), names)
    assert names["event"]["type"] == "test"


def test_every_event_is_named_and_no_other() -> None:
    rows = re.findall(r"^\| `([a-z.]+)` \|", PAGE, re.MULTILINE)
    assert rows == [*Event, TEST]


def test_the_example_of_a_lead_has_what_a_lead_has(database: Engine, site: Site, announcer: Announcer) -> None:
    add_hook(database, site)
    send_leads(database, announcer, 1)
    with reading(database) as session:
        told = payload_of(deliveries(session)[0])
    example = json.loads(block("json"))
    assert shape(example) == shape(told)
    (row,) = (line for line in PAGE.splitlines() if line.startswith("| `lead.created`"))
    assert re.findall(r"`(\w+)`", row.split("|")[3]) == list(told["data"])


def test_the_schedule_is_the_one_that_is_kept() -> None:
    units = {"s": 1, "min": 60, "h": 3600}
    (sentence,) = re.findall(r"tried again after ([^;]*?), each", PAGE.replace("\n", " "))
    said = [int(number) * units[unit] for number, unit in re.findall(r"(\d+) (s|min|h)\b", sentence)]
    assert said == [int(delay.total_seconds()) for delay in DELAYS[1:]]


def shape(value: Any) -> Any:
    """Names and kinds of values."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return type(value).__name__
