"""What is typed wrongly: one line that says so, like every other failure, and never a traceback."""

import json

import pytest

from lander import __version__
from tests.cli.conftest import Terminal


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("nonsense",), "No such command 'nonsense'. See: lander --help"),
        (("page", "nonsense"), "No such command 'nonsense'. See: lander page --help"),
        (("site", "add"), "Missing argument 'HOST'. See: lander site add --help"),
        (("serve", "--port", "0"), "Invalid value for '--port': 0 is not in the range 1<=x<=65535."),
        (("serve", "--port", "http"), "Invalid value for '--port': 'http' is not a valid integer range."),
        (("migrate", "now"), "Got unexpected extra argument (now)."),
        (("report", "--page", "x"), "No such option '--page'"),
    ],
)
def test_it_is_one_line_and_says_where_to_read_on(
    bare_terminal: Terminal, arguments: tuple[str, ...], reason: str
) -> None:
    done = bare_terminal.run(*arguments)
    assert done.status == 2
    assert not done.out
    assert len(done.err.splitlines()) == 1
    assert done.err.startswith("lander: ")
    assert reason in done.err.replace("No such option: --page", "No such option '--page'")


def test_with_json_it_is_json(bare_terminal: Terminal) -> None:
    done = bare_terminal.run("report", "--json")
    assert json.loads(done.err) == {
        "error": {"code": "invalid-input", "message": "Missing option '--site'. See: lander report show --help"}
    }


@pytest.mark.parametrize("arguments", [(), ("page",)])
def test_without_a_verb_it_lists_the_verbs(bare_terminal: Terminal, arguments: tuple[str, ...]) -> None:
    done = bare_terminal.run(*arguments)
    assert done.status == 2
    assert "Commands:" in done.err


def test_it_says_its_version(bare_terminal: Terminal) -> None:
    assert bare_terminal.read("--version") == f"lander, version {__version__}\n"
    assert bare_terminal.read("--help").startswith("Usage: lander ")
