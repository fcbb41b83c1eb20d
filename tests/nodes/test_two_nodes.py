"""Two nodes on one PostgreSQL: the same variants, releases within two seconds, every event once."""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse
from typing import NamedTuple
from urllib.parse import urlencode

import pytest

from experiments.journal import list_journals
from lander.access.signin import csrf_token
from tests.databases import PostgreSql
from tests.live import PASSWORDS, Lander, served
from tests.patience import wait_until

HOST, STUDIO = "go.localhost", "studio.localhost"
PAGE = """<!doctype html>
<html lang="en"><head><title>Sale</title></head>
<body><h1>Headline {}</h1><a id="more" href="#more">More</a>
<form><input name="email" type="email" required><button>Go</button></form></body></html>
"""
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"
VISITORS = 60
VISIBLE_S = 2.0


class Pair(NamedTuple):
    """One node and the other."""

    one: Lander
    other: Lander


class Look(NamedTuple):
    """What a visitor got."""

    variant: str
    token: str
    cookie: str


@pytest.fixture(scope="module")
def nodes(postgresql: PostgreSql, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two nodes with data folders of their own, the same database and the same secrets."""
    with postgresql.database() as url:
        here, there = (tmp_path_factory.mktemp(name) for name in ("here", "there"))
        database = {"LANDER_DATABASE_URL": url}
        with served(here, environ=database, install=True) as one, served(there, environ=database) as other:
            one.ok("site", "add", HOST, "--core-site", "www.localhost", "--timezone", "Europe/Berlin")
            yield Pair(one, other)


@pytest.fixture(scope="module")
def maya(nodes: Pair) -> str:
    """The cookie that node one gave Maya."""
    password = {"name": "maya", "password": PASSWORDS["maya"]}
    response, _ = post_to_studio(nodes.one, "/sign-in", password)
    return response.headers["Set-Cookie"].partition(";")[0].removeprefix("studio=")


@pytest.fixture(scope="module")
def under_test(nodes: Pair) -> Pair:
    """A page that node one published and tests; the other node has it too."""
    import_page(nodes.one, "sale", "a", "b")
    nodes.one.ok("page", "publish", "--site", HOST, "--slug", "sale")
    plan = ("--variants", "a,b", "--goal", "click:#more", "--hypothesis", "b is shorter.")
    nodes.one.ok("experiment", "start", "--site", HOST, "--slug", "sale", *plan)
    for node in nodes:
        node.wait_until_live(HOST, "sale", crowd=True)
    return nodes


def test_what_one_node_publishes_and_takes_away_both_show_within_two_seconds(nodes: Pair, maya: str) -> None:
    import_page(nodes.one, "spring", "a")

    def time_until(status: int) -> float:
        began = time.monotonic()
        for node in nodes:
            wait_until(lambda node=node: node.request("GET", HOST, "/spring")[0].status == status, "nobody shows it")
        return time.monotonic() - began

    def publish_and_withdraw() -> float:
        took = []
        for publisher, act, status in ((nodes.one, "publish", 200), (nodes.other, "withdraw", 404)):
            answer, body = post_to_studio(publisher, f"/pages/spring/{act}", {}, cookie=maya)  # signed in on both
            assert answer.status == 303, body
            took.append(time_until(status))
            for node in nodes:
                node.wait_for(HOST, "/spring", status=status)
        return max(took)

    assert any(publish_and_withdraw() < VISIBLE_S for _ in range(5)), "a busy machine is slow once, not five times"


def test_a_visitor_has_the_same_variant_on_both(under_test: Pair) -> None:
    first = [look(under_test.one) for _ in range(VISITORS)]
    again = [look(under_test.other, cookie=visitor.cookie) for visitor in first]
    assert [visitor.variant for visitor in again] == [visitor.variant for visitor in first]
    assert {visitor.variant for visitor in first} == {"a", "b"}
    wait_until(lambda: report(under_test.one)["served"] >= VISITORS, "not all of them came home")


def test_what_reaches_both_nodes_is_counted_once(under_test: Pair) -> None:
    """Every view, confirmation, click and form arrives on both nodes, from many visitors at once."""
    before = report(under_test.one)

    def visit(number: int) -> None:
        nodes = under_test if number % 2 else reversed(under_test)
        cookie, seen = "", ()
        for node in (*nodes, *under_test):
            visitor = look(node, cookie=cookie)
            cookie, seen = visitor.cookie or cookie, (*seen, visitor)
        for node in under_test:
            for sent in ({"k": "view"}, {"k": "goal", "g": "click"}):
                assert send(node, "/_l/b", {"t": seen[0].token, **sent}).status == 204
            form = {"_lander": seen[0].token, "_form": "f1", "lander_website": "", "email": f"v{number}@example.com"}
            assert send(node, "/_l/f", form).status == 303

    with ThreadPoolExecutor(8) as crowd:
        assert list(crowd.map(visit, range(VISITORS))) == [None] * VISITORS
    wait_until(lambda: report(under_test.one)["confirmed"] >= before["confirmed"] + VISITORS, "not all of it came home")
    wait_until(lambda: all(waiting(node) == 0 for node in under_test), "not all of it came home")
    after = report(under_test.other)
    assert after == report(under_test.one)
    assert {name: after[name] - before[name] for name in after} == {
        "served": VISITORS,
        "confirmed": VISITORS,
        "conversions": VISITORS,
    }
    emails = [lead["fields"]["email"] for lead in under_test.one.ok("lead", "list", "--limit", "10000")]
    assert sorted(emails) == sorted(f"v{number}@example.com" for number in range(VISITORS))
    assert under_test.other.ok("tallies", "rebuild") == {"differing": 0}


def test_both_nodes_are_well(under_test: Pair) -> None:
    for node in under_test:
        checks = {check["check"]: check for check in node.ok("doctor")}
        assert checks["database"]["sentence"].startswith("PostgreSQL 18")


def import_page(node: Lander, slug: str, *keys: str) -> None:
    for key in keys:
        file = node.data_dir / f"{slug}-{key}.html"
        file.write_text(PAGE.format(key))
        node.ok("page", "import", "--site", HOST, "--slug", slug, "--variant", key, str(file))


def look(node: Lander, *, cookie: str = "") -> Look:
    headers = {"User-Agent": AGENT, **({"Cookie": cookie} if cookie else {})}
    response, body = node.request("GET", HOST, "/sale", headers=headers)
    page = body.decode()
    variant, token = re.search(r"Headline (\w)", page), re.search(r'data-lander="([^"]+)"', page)
    assert variant is not None
    assert token is not None
    return Look(variant[1], token[1], response.headers.get("Set-Cookie", "").partition(";")[0])


def send(node: Lander, path: str, fields: dict[str, str]) -> HTTPResponse:
    """As a sealed page does it: no cookie, no origin."""
    headers = {"User-Agent": AGENT, "Origin": "null", "Content-Type": "application/x-www-form-urlencoded"}
    return node.request("POST", HOST, path, body=urlencode(fields).encode(), headers=headers)[0]


def post_to_studio(node: Lander, path: str, fields: dict[str, str], *, cookie: str = "") -> tuple[HTTPResponse, bytes]:
    headers = {
        "Origin": node.url(STUDIO, ""),
        "Content-Type": "application/x-www-form-urlencoded",
        **({"Cookie": f"studio={cookie}"} if cookie else {}),
    }
    sent = {**fields, **({"_csrf": csrf_token(cookie)} if cookie else {})}
    return node.request("POST", STUDIO, path, body=urlencode(sent).encode(), headers=headers)


def report(node: Lander) -> dict[str, int]:
    variants = node.ok("report", "--site", HOST, "--slug", "sale")["variants"]
    return {name: sum(item[name] for item in variants) for name in ("served", "confirmed", "conversions")}


def waiting(node: Lander) -> int:
    """Rows in the node's journals."""
    return sum(len(file.read(10_000)) for file in list_journals(node.data_dir / "journal"))
