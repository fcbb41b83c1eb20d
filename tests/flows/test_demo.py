"""The demo with a few visitors: the real pages, a real server, and everything used again the second time."""

import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console
from sqlmodel import select

from lander.access.models import User
from lander.access.passwords import is_password
from lander.db import reading
from lander.demo import HOST, LOGINS, STORIES, password_of, prepare_demo
from lander.errors import Conflict
from tests.cli.conftest import Terminal
from tests.live import Lander

# as in the real one, with fewer people: who converts and what is lost is plain to see all the same
SMALL = tuple(
    replace(
        story,
        visitors=visitors,
        rates=rates,
        goals=tuple((goal, {"a": 0.4, "b": 0.6}) for goal, _ in story.goals),
        lost_beacons=lost,
    )
    for story, visitors, rates, lost in zip(
        STORIES,
        (700, 60, 400),
        ({"a": 0.1, "b": 0.5}, {"a": 0.2, "b": 0.2}, {"a": 0.3, "b": 0.3}),
        ({}, {}, {"b": 0.6}),
        strict=True,
    )
)


def prepare(terminal: Terminal, lander: Lander, now: datetime) -> str:
    said = io.StringIO()
    console = Console(file=said, soft_wrap=True, width=200)
    prepare_demo(terminal.settings, terminal.engine, console, port=lander.port, now=now, stories=SMALL)
    return said.getvalue()


@pytest.fixture(scope="module")
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def said(terminal: Terminal, lander: Lander, now: datetime) -> str:
    """What the demo says; the first test that asks for it runs it, the others find everything there."""
    return prepare(terminal, lander, now)


def report(terminal: Terminal, slug: str) -> Any:
    """What it says, but for the moment at which it was asked, and the traffic and the days left that go by it."""
    said = terminal.ok("report", "--site", HOST, "--slug", slug)
    for variant in said["variants"]:
        del variant["forecast"]
    del said["verdict"]["days_left"]
    return {name: value for name, value in said.items() if name not in ("as_of", "elapsed_days", "waiting")}


def test_it_ends_with_a_winner_an_early_one_and_a_broken_split(said: str) -> None:
    verdicts = said.partition("What the tests say")[2].splitlines()[1:]
    winner, early, broken = (line.strip() for line in verdicts if line.strip())
    assert winner.startswith("trail-buggies: B is very likely better than A (over 99.9 %)")
    assert re.match("solar-check: (Too early|It ended too early) to say: ", early)
    assert broken.startswith("team-lunch: Don't read this result: ")
    assert "The loss happens between served and confirmed" in broken


def test_every_page_is_live_and_sealed(said: str, terminal: Terminal, lander: Lander) -> None:
    demo = [row for row in terminal.ok("page", "list") if row["address"].startswith(f"{HOST}/")]
    slugs = {row["address"].partition("/")[2] for row in demo if row["live"]}
    assert {story.slug for story in STORIES} <= slugs
    assert {f"{story.slug}/thanks" for story in STORIES} <= slugs
    for story in STORIES:
        response, body = lander.request("GET", HOST, f"/{story.slug}")
        assert response.status == 200
        assert "sandbox" in response.headers["Content-Security-Policy"]
        assert b"data-lander=" in body


def test_the_logins_that_it_prints_work(said: str, terminal: Terminal) -> None:
    with reading(terminal.engine) as session:
        users = {user.name: user for user in session.exec(select(User))}
    for name, role in LOGINS:
        assert users[name].role is role
        assert is_password(password_of(name), users[name].password_hash)


def test_the_winners_visitors_reach_further_goals_too(said: str, terminal: Terminal) -> None:
    scrolled, clicked = report(terminal, "trail-buggies")["goals"]
    assert [(goal["kind"], goal["role"]) for goal in (scrolled, clicked)] == [
        ("scroll", "secondary"),
        ("click", "guardrail"),
    ]
    for goal in (scrolled, clicked):
        assert min(variant["conversions"] for variant in goal["variants"]) > 40


def test_a_colleague_has_worked_through_the_leads_so_there_is_money_in_the_report(
    said: str, terminal: Terminal
) -> None:
    revenue = report(terminal, "trail-buggies")["revenue"]
    assert revenue["currency"] == "EUR"
    assert min(variant["receipts"] for variant in revenue["variants"]) > 0
    leads = [lead for lead in terminal.ok("lead", "list", "--limit", "1000") if "trail" in lead["experiment"]]
    worth = [lead["value_minor"] or 0 for lead in leads]
    assert sum(variant["total_minor"] for variant in revenue["variants"]) == sum(worth)


def test_visitors_come_as_leads_and_clicks_of_the_last_two_weeks(said: str, terminal: Terminal, now: datetime) -> None:
    leads = terminal.ok("lead", "list", "--limit", "1000")
    received = [datetime.fromisoformat(lead["received_at"]) for lead in leads if "trail" in lead["path"]]
    assert len(received) > 100
    assert now - timedelta(days=14, hours=1) < min(received)
    assert max(received) < now
    assert sum(variant["conversions"] for variant in report(terminal, "team-lunch")["variants"]) > 20


def test_the_second_run_uses_everything_again(said: str, terminal: Terminal, lander: Lander, now: datetime) -> None:
    slugs = [story.slug for story in SMALL]
    before = [report(terminal, slug) for slug in slugs], terminal.ok("page", "list"), terminal.ok("experiment", "list")
    again = prepare(terminal, lander, now)
    after = [report(terminal, slug) for slug in slugs], terminal.ok("page", "list"), terminal.ok("experiment", "list")
    assert after == before
    assert again == said
    assert "Two weeks of visitors" not in again


def test_a_test_that_somebody_ended_gets_no_more_visitors(said: str, terminal: Terminal, lander: Lander) -> None:
    terminal.ok("experiment", "stop", "solar-check-1", "--keep-control", "--reason", "Seen enough.")
    more = tuple(replace(story, visitors=5_000) for story in SMALL if story.slug == "solar-check")
    console = Console(file=io.StringIO())
    prepare_demo(terminal.settings, terminal.engine, console, port=lander.port, now=datetime.now(UTC), stories=more)
    served = sum(variant["served"] for variant in report(terminal, "solar-check")["variants"])
    assert served <= 60


def test_a_page_of_that_name_that_is_not_the_demos_is_left_alone(terminal: Terminal, lander: Lander) -> None:
    terminal.import_page("my-own")
    story = replace(STORIES[0], slug="my-own")
    with pytest.raises(Conflict, match="the demo did not make it"):
        prepare_demo(
            terminal.settings,
            terminal.engine,
            Console(file=io.StringIO()),
            port=lander.port,
            now=datetime.now(UTC),
            stories=[story],
        )
