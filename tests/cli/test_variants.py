"""Variants, schedules, share and QA links from the command line."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lander.db import reading
from lander.pages.models import Schedule
from lander.preview import create_preview
from tests.cli.conftest import HOST, PAGE, Terminal

ON = ("--site", HOST, "--slug", "spring-sale")
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).astimezone(ZoneInfo("Europe/Berlin"))
AT = ("--at", f"{TOMORROW:%Y-%m-%d} 09:30")


def replace(terminal: Terminal, headline: str, key: str = "a") -> None:
    file = terminal.write("next.html", PAGE.format(headline=headline))
    terminal.ok("page", "import", *ON, "--variant", key, "--replace", file)


def test_a_variant_is_renamed_and_listed(terminal: Terminal) -> None:
    terminal.publish_page()
    assert terminal.ok("variant", "rename", *ON, "b", "Shorter headline")["name"] == "Shorter headline"
    replace(terminal, "Another")
    assert terminal.ok("variant", "list", *ON) == [
        {"variant": "a", "name": "", "draft": 2, "draft_is_live": False},
        {"variant": "b", "name": "Shorter headline", "draft": 1, "draft_is_live": True},
    ]
    assert "b        Shorter headline" in terminal.read("variant", "list", *ON)
    assert "has no name now" in terminal.read("variant", "rename", *ON, "b", "")
    assert "cannot be the name" in terminal.refused("variant", "rename", *ON, "b", "x" * 61)


def test_versions_are_listed_compared_and_restored(terminal: Terminal) -> None:
    terminal.import_page()
    replace(terminal, "Sale soon")
    compared = terminal.read("variant", "compare", *ON, "a").splitlines()
    assert compared[0] == "Headline: 'a' → 'soon'"
    assert '-<body><h1>Sale a</h1><a id="more" href="#top">More</a>' in compared
    assert terminal.ok("variant", "compare", *ON, "a", "--with", "b")["changes"] == [
        {"what": "Headline", "line": 3, "before": "Sale soon", "after": "Sale b"}
    ]
    assert terminal.read("variant", "compare", *ON, "a", "--from", "2", "--to", "2") == "Nothing reads differently.\n"
    assert terminal.ok("variant", "restore", *ON, "a", "1")["draft"] == 3
    versions = terminal.ok("variant", "history", *ON, "a")
    assert [(item["version"], item["note"]) for item in versions[:1]] == [(3, "version 1 restored")]
    assert "command line" in terminal.read("variant", "history", *ON, "a")
    assert "numbered from 1 to 3" in terminal.refused("variant", "restore", *ON, "a", "9")
    assert "has no variant z" in terminal.refused("variant", "history", *ON, "z")


def test_something_is_scheduled_listed_and_cancelled(terminal: Terminal) -> None:
    terminal.import_page()
    made = terminal.ok("schedule", "add", *ON, *AT, "publish")
    assert made["at_local"] == f"{TOMORROW:%Y-%m-%d} 09:30 (Europe/Berlin)"
    assert made["notes"] == []
    assert [item["action"] for item in terminal.ok("schedule", "list")] == ["publish"]
    assert "publish  go.localhost/spring-sale" in terminal.read("schedule", "list")
    assert terminal.ok("schedule", "cancel", "1")["state"] == "cancelled"
    assert terminal.ok("schedule", "list") == []
    assert terminal.read("schedule", "list") == "Nothing is scheduled.\n"
    assert [item["state"] for item in terminal.ok("schedule", "list", "--all")] == ["cancelled"]
    assert "is cancelled already" in terminal.refused("schedule", "cancel", "1")


def test_what_stands_in_its_way_is_told(terminal: Terminal) -> None:
    terminal.import_page()
    assert "As things stand it would not be done then: go.localhost/spring-sale is not live." in terminal.read(
        "schedule", "add", *ON, *AT, "withdraw"
    )


def test_a_test_is_started_and_ended_at_a_time(terminal: Terminal) -> None:
    terminal.publish_page()
    plan = ("--variants", "a,b", "--goal", "click:#more", "--hypothesis", "Shorter is better.", "--coverage", "8000")
    assert terminal.ok("schedule", "add", *ON, *AT, "start", *plan)["notes"] == []
    with reading(terminal.engine) as session:
        made = session.get_one(Schedule, 1)
        assert (made.options["selector"], made.options["coverage_bp"]) == ("#more", 8000)
    terminal.ok("experiment", "start", *ON, "--variants", "a,b", "--goal", "form", "--hypothesis", "x")
    stop = ("stop", "--experiment", "spring-sale-1", "--reason", "The sale is over", "--ship", "b")
    assert terminal.ok("schedule", "add", *ON, *AT, *stop)["options"]["ship"] == "b"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("publish", "--at", "tomorrow"), "“tomorrow” is not a date."),
        (("publish", "--at", "2027-01-01"), "“” is not a time of day."),
        (("publish", "--at", "2020-01-01 09:00"), "That time has passed."),
        (("start", *AT), "To start a test, --variants and --goal and --hypothesis must be given."),
        (("stop", *AT), "To stop a test, --experiment and --reason must be given."),
        (("start", *AT, "--variants", "a,a", "--goal", "form", "--hypothesis", "x"), "names a variant twice"),
        (("pause", *AT), "'pause' is not one of"),
    ],
)
def test_what_cannot_be_scheduled_is_said(terminal: Terminal, typed: tuple[str, ...], said: str) -> None:
    terminal.import_page()
    assert said in terminal.refused("schedule", "add", *ON, *typed)


def test_a_link_for_somebody_outside_is_made_and_taken_back(terminal: Terminal) -> None:
    terminal.import_page()
    made = terminal.ok(
        "share", "add", *ON, "--variant", "b", "--for", "The agency", "--days", "3", "--value", "city=Oslo"
    )
    assert made["values"] == {"city": "Oslo"}
    assert made["link"].isalnum()  # a leading dash would be an option of `share revoke`
    preview = create_preview(terminal.settings, terminal.engine).test_client()
    assert "Sale b" in preview.get(made["url"]).text
    assert [item["for"] for item in terminal.ok("share", "list", *ON)] == ["The agency"]
    assert "The agency" in terminal.read("share", "list", *ON)
    terminal.ok("share", "revoke", *ON, made["link"])
    assert preview.get(made["url"]).status_code == 410
    assert terminal.read("share", "list", *ON) == "Nobody has a link.\n"
    assert "taken back already" in terminal.refused("share", "revoke", *ON, made["link"])
    assert "names no value" in terminal.refused("share", "add", *ON, "--for", "x", "--value", "city")


def test_a_qa_link_is_of_a_live_variant(terminal: Terminal) -> None:
    terminal.import_page()
    assert "Variant b of go.localhost/spring-sale is not live." in terminal.refused(
        "page", "qa-link", *ON, "--variant", "b"
    )
    terminal.ok("page", "publish", *ON)
    assert terminal.ok("page", "qa-link", *ON, "--variant", "b")["url"].startswith(
        "http://go.localhost:8000/spring-sale?lander=b."
    )
