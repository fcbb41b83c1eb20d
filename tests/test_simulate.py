"""Simulated visitors: who may send them, and who comes."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lander.config import Settings, load_settings
from lander.crowd import BOTS, invite
from lander.errors import Conflict, InvalidInput, Unavailable
from lander.serve.agent import read_agent
from lander.simulate import Plan, simulate
from tests.pages.publishing import make_settings

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def plan(**changes: object) -> Plan:
    return Plan(**{"host": "go.localhost", "slug": "sale", "visitors": 500, "rates": {"a": 0.1}, **changes})  # type: ignore[arg-type]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


def test_production_is_never_visited() -> None:
    production = load_settings({"LANDER_SECRET_KEYS": "a-secret-of-more-than-32-characters-0123456789"})
    with pytest.raises(Conflict, match="in development only"):
        simulate(production, plan(), now=NOW)


@pytest.mark.parametrize(
    "url",
    [
        "http://go.example.com",
        "http://203.0.113.9:8000",
        "http://10.0.0.1",
        "http://0.0.0.0:8000",
        "http://localhost.example.com",
        "https://127.0.0.1:8000",
        "127.0.0.1:8000",
        "http://127.0.0.1:port",
        "",
    ],
)
def test_no_other_machine_is_visited(settings: Settings, url: str) -> None:
    with pytest.raises(InvalidInput, match="is not this machine"):
        simulate(settings, plan(url=url), now=NOW)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"])
def test_where_nothing_answers_it_says_so(settings: Settings, url: str) -> None:
    with pytest.raises(Unavailable, match="port 1"):
        simulate(settings, plan(url=url), now=NOW)


def test_the_same_seed_invites_the_same_people() -> None:
    assert invite(500, days=14, seed=3, now=NOW) == invite(500, days=14, seed=3, now=NOW)
    assert invite(500, days=14, seed=3, now=NOW) != invite(500, days=14, seed=4, now=NOW)


def test_everybody_comes_within_the_days_and_in_order() -> None:
    people = invite(500, days=5, seed=1, now=NOW)
    arrivals = [person.arrival for person in people]
    assert arrivals == sorted(arrivals)
    assert NOW - timedelta(days=5, seconds=400) <= arrivals[0]
    assert arrivals[-1] <= NOW - timedelta(seconds=400)  # what they do takes a while, and the future has not come


def test_people_and_bots_are_told_apart_by_what_serving_looks_at() -> None:
    people = invite(2_000, days=14, seed=1, now=NOW)
    kinds = Counter(read_agent(person.agent).is_bot for person in people)
    assert kinds[False] == 2_000
    assert 0.02 < kinds[True] / 2_000 < 0.06
    assert kinds[True] == sum(person.agent in BOTS for person in people)
