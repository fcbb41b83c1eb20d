"""Fifty thousand made-up requests, most of them one step from a valid one, break nothing."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.checks import find_breaches
from tests.fuzz.mutations import MARKUP, MUTATIONS, Mutation, bent_path
from tests.fuzz.world import PAGES, Answer, Request, World, furnish, opened

ROOT = Path(__file__).parents[2]
SEED = 20_261_121


@pytest.mark.timeout(600)
def test_fifty_thousand_requests_break_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "tests.fuzz", "--requests=50000", f"--seed={SEED}", "--workers=2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    with capsys.disabled():
        print(f"\n{done.stdout}{done.stderr}")

    assert done.returncode == 0, done.stdout
    assert float(find(r"([\d.]+) % reached a page, form, beacon or studio view", done.stdout)) >= 30
    assert float(find(r"([\d.]+) % of the lines of lander.serve were run", done.stdout)) >= 95
    assert find(r"([\d,]+) requests in", done.stdout) == "50,000"


def find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, text
    return found[1]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("fuzz")
    furnish(folder / "template", "production")
    with opened(folder / "template", folder / "world", "production") as world:
        yield world


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ({"status": "500 Internal Server Error"}, "it answered 500"),
        ({"status": "503 Service Unavailable"}, "it answered 503"),
        ({"status": "200 OK\r\nX: y"}, "the status line"),
        ({"body": b"<pre>Traceback (most recent call last)"}, "the body tells"),
        ({"body": MARKUP[0].encode()}, "as markup"),
        ({"body": b"short"}, "Content-Length"),
        ({"add": ("Location", "/\r\nSet-Cookie: a=b")}, "cannot be sent"),
        ({"add": ("HX-Redirect", "/€")}, "cannot be sent"),
        ({"add": ("Server", "gunicorn")}, "what serves it"),
        ({"add": ("Connection", "close")}, "the server's to send"),
        ({"add": ("X-Content-Type-Options", "nosniff")}, "twice"),
        *(
            ({"drop": name}, said)
            for name, said in [
                ("X-Content-Type-Options", "X-Content-Type-Options is ''"),
                ("Strict-Transport-Security", "Strict-Transport-Security is ''"),
                ("Content-Security-Policy", "no Content-Security-Policy"),
                ("X-Frame-Options", "anybody may frame it"),
            ]
        ),
    ],
)
def test_it_hears_a_rule_break(world: World, harm: dict[str, object], said: str) -> None:
    """A test that cannot fail is a defect: each rule is broken once, on an answer that breaks none."""
    request = Request("GET", PAGES, "/nowhere")
    good = world.ask(request)
    assert list(find_breaches(world, request, good)) == []

    headers = [header for header in good.headers if header[0] != harm.get("drop")]
    spoiled = Answer(
        str(harm.get("status", good.status)),
        [*headers, *([harm["add"]] if "add" in harm else [])],
        harm.get("body", good.body),
    )
    assert any(said in breach for breach in find_breaches(world, request, spoiled))


def test_an_exception_that_gets_out_is_a_breach(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.fuzz.attack import Chunk, Ears, Outcome

    def broken(environ: object, start_response: object) -> list[bytes]:
        raise RuntimeError("boo")

    outcome = Outcome()
    chunk = Chunk(world, 1, 0, outcome, Ears())
    good = world.app
    monkeypatch.setattr(
        world,
        "app",
        lambda environ, start_response: (
            broken(environ, start_response) if environ["PATH_INFO"] == "/_l/b" else good(environ, start_response)
        ),
    )
    chunk.run(50)
    assert "RuntimeError got out: boo" in outcome.breaches[0]
    assert "Request(**{'method': 'POST'" in outcome.breaches[0]


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_mutation_takes_whatever_another_one_left(mutation: Mutation) -> None:
    """A form cut off inside its first head once ended a run of a million requests."""
    for body in (b"", b"a", b"=", b'--b\r\nContent-Disposition: form-data; name="email"', b"&" * 3):
        for seed in range(20):
            mutation(Request("POST", PAGES, "/_l/f", body=body), Random(seed))
    for body in (b"{", b"{}", b"{\xff", b'{"a": [{}, 1], "b": {}}', b'{"a":' * 2_000):
        for seed in range(20):
            mutation(Request("POST", PAGES, "/", headers={"Content-Type": "application/json"}, body=body), Random(seed))


def test_a_path_stays_one_that_a_server_hands_over() -> None:
    """Bytes as latin-1: in capitals, ÿ and µ would be none."""
    for seed in range(200):
        bent_path(Request("GET", PAGES, "/\xff\xb5\xdf"), Random(seed)).path.encode("latin-1")
