"""The 404 log at the front: what people ask for in vain, and nothing of who they are."""

import json
from typing import Any

import pytest

from lander.serve.missing import MOST_PATHS, MOST_ROWS
from tests.serve.stage import GOOGLEBOT, HOST, OTHER_HOST, Stage


def missing(stage: Stage) -> list[dict[str, Any]]:
    return [json.loads(body) for kind, body in stage.rows() if kind == "missing"]


def test_an_address_asked_for_in_vain_is_noted_with_the_host_that_linked_to_it(stage: Stage) -> None:
    stage.publish()
    stage.ask("/old-sale?gclid=secret", headers={"Referer": "https://Blog.Example.com/post?user=otto"})
    (row,) = missing(stage)
    assert row.pop("at_ms") > 1_700_000_000_000
    assert row == {"host": HOST, "path": "/old-sale", "referrer": "blog.example.com"}


@pytest.mark.parametrize(
    "request_",
    [
        {"path": "/spring-sale"},
        {"path": "/spring-sale/"},
        {"path": "/robots.txt"},
        {"path": "/sitemap.xml"},
        {"path": "/_l/a/nothing.css"},
        {"path": "/_l/nothing"},
        {"path": "/nowhere", "agent": GOOGLEBOT},
        {"path": "/nowhere", "agent": ""},
        {"path": "/nowhere", "method": "POST"},
        {"path": "/nowhere", "method": "HEAD"},
        {"path": "/nowhere", "host": "elsewhere.example"},
        {"path": "/.env"},
        {"path": "/.git/config"},
        {"path": "/unsubscribe/otto@example.com"},
        {"path": "/unsubscribe/otto%40example.com"},
        {"path": "/old"},
        {"path": "/gone"},
    ],
)
def test_nothing_else_is_noted(stage: Stage, request_: dict[str, str]) -> None:
    stage.redirects = [("/old", "/spring-sale", 301), ("/gone", "", 410)]
    stage.publish()
    stage.ask(request_.pop("path"), **request_)  # type: ignore[arg-type]
    assert missing(stage) == []


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("/%C3%BCber", "/über"),
        ("/a%00b%0Ac%E2%80%A8d", "/abcd"),
        ("/%FFx", "/x"),
        ("/" + "x" * 2_000, "/" + "x" * 511),
    ],
)
def test_what_is_noted_is_clean_text_of_bounded_length(stage: Stage, asked: str, path: str) -> None:
    stage.publish()
    assert stage.ask(asked).status_code == 404
    assert [row["path"] for row in missing(stage)] == [path]


@pytest.mark.parametrize("referrer", ["", "nonsense", "https://[::1", "https://a b/", "x" * 5_000])
def test_a_referrer_that_names_no_host_is_none(stage: Stage, referrer: str) -> None:
    stage.publish()
    stage.ask("/nowhere", headers={"Referer": referrer})
    assert [row["referrer"] for row in missing(stage)] == [""]


def test_a_scanner_cannot_flood_it(stage: Stage) -> None:
    stage.publish()
    for number in range(MOST_PATHS + 50):
        stage.ask(f"/scan/{number}", host=HOST if number % 2 else OTHER_HOST)
    for _ in range(MOST_ROWS + 50):
        stage.ask("/scan/1")
    rows = missing(stage)
    minutes = {row["at_ms"] // 60_000 for row in rows}
    assert len({(row["host"], row["path"]) for row in rows}) <= MOST_PATHS * len(minutes)
    assert len(rows) <= MOST_ROWS * len(minutes)
