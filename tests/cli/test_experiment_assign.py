"""`lander experiment assign`: the variant of a visitor, the same that serving gives them."""

from pathlib import Path

from werkzeug.test import Client

from lander.jobs import Worker
from lander.serve.front import Front
from lander.serve.visitor import VisitorCookie
from tests.cli.conftest import HOST, Terminal

_ASSIGN = ("experiment", "assign", "spring-sale-1")


def serve(terminal: Terminal) -> Client:
    Worker(terminal.settings, terminal.engine).deploy()
    return Client(Front(terminal.settings), use_cookies=False)


def see(client: Client, terminal: Terminal, visitor: str) -> str:
    """The variant that a visitor with this id is shown."""
    cookie = VisitorCookie(terminal.settings).issue(visitor).partition(";")[0]
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"
    answer = client.get("/spring-sale", base_url=f"http://{HOST}", headers={"Cookie": cookie, "User-Agent": agent})
    return "a" if "Sale a" in answer.text else "b"


def test_it_equals_what_is_served(terminal: Terminal) -> None:
    terminal.start_test("--weights", "6000,4000", "--coverage", "7000")
    client = serve(terminal)
    for number in range(40):
        visitor = f"{number:032x}"
        said = terminal.ok(*_ASSIGN, visitor)
        assert see(client, terminal, visitor) == (said["variant"] or "a")
        assert (said["variant"] is None) == (said["bucket"] >= 4_200 and not 6_000 <= said["bucket"] < 8_800)


def test_it_says_so_in_a_sentence(terminal: Terminal) -> None:
    terminal.start_test("--coverage", "1")
    assert terminal.read(*_ASSIGN, "maya").endswith(": not in the test, sees a.\n")


def test_it_says_that_a_paused_test_assigns_nobody(terminal: Terminal) -> None:
    terminal.start_test()
    terminal.ok("experiment", "pause", "spring-sale-1")
    said = terminal.ok(*_ASSIGN, "maya")
    assert said["state"] == "paused"
    assert "The test is paused: until it runs, everybody sees one variant." in terminal.read(*_ASSIGN, "maya")


def test_a_new_phase_draws_anew(terminal: Terminal, tmp_path: Path) -> None:
    terminal.start_test()
    before = [terminal.ok(*_ASSIGN, f"visitor-{number}")["bucket"] for number in range(5)]
    file = terminal.write("new.html", "<html><head><title>x</title></head><body><form><input name=email></form></body>")
    sale = ("--site", HOST, "--slug", "spring-sale")
    terminal.ok("page", "import", *sale, "--replace", file)
    terminal.ok("page", "publish", *sale, "--during-test", "new-phase")
    said = [terminal.ok(*_ASSIGN, f"visitor-{number}") for number in range(5)]
    assert {answer["phase"] for answer in said} == {2}
    assert [answer["bucket"] for answer in said] != before
