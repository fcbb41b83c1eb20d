"""`lander experiment pause | resume | stop | list`: a test goes on, or comes to its decision."""

import pytest

from tests.cli.conftest import HOST, PAGE, Terminal

_STOP = ("experiment", "stop", "spring-sale-1")


def state(terminal: Terminal) -> str:
    return str(terminal.ok("experiment", "list")[0]["state"])


def test_an_empty_list_says_so(terminal: Terminal) -> None:
    assert terminal.ok("experiment", "list") == []
    assert terminal.read("experiment", "list") == "No experiments yet.\n"


def test_the_newest_test_stands_first(terminal: Terminal) -> None:
    terminal.start_test(slug="spring-sale")
    terminal.start_test(slug="autumn-sale")
    lines = terminal.read("experiment", "list").splitlines()
    assert [line.split()[0] for line in lines] == ["experiment", "autumn-sale-1", "spring-sale-1"]


def test_a_test_pauses_and_goes_on(terminal: Terminal) -> None:
    terminal.start_test()
    assert terminal.ok("experiment", "pause", "spring-sale-1")["state"] == state(terminal) == "paused"
    assert "it is paused" in terminal.refused("experiment", "pause", "spring-sale-1")
    assert terminal.ok("experiment", "resume", "spring-sale-1")["state"] == state(terminal) == "running"
    assert "it is running" in terminal.refused("experiment", "resume", "spring-sale-1")


def test_the_winner_becomes_the_page(terminal: Terminal) -> None:
    terminal.start_test()
    assert terminal.ok(*_STOP, "--ship", "b", "--reason", "It wins.") == {
        "experiment": "spring-sale-1",
        "state": "ended",
        "shipped": "b",
    }
    assert state(terminal) == "ended"
    # publishing what was drafted for a changes nothing: the winner's content is that draft now
    assert terminal.ok("page", "publish", "--site", HOST, "--slug", "spring-sale")["unchanged"]


def test_the_control_is_kept(terminal: Terminal) -> None:
    terminal.start_test()
    said = terminal.read(*_STOP, "--keep-control", "--reason", "It is no better.")
    assert said == "spring-sale-1 has ended; visitors see variant a from now on.\n"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((), "Missing option '--reason'"),
        (("--reason", "Enough."), "Say either --ship VARIANT or --keep-control."),
        (("--reason", "Enough.", "--ship", "b", "--keep-control"), "Say either --ship VARIANT or --keep-control."),
        (("--reason", "Enough.", "--ship", "z"), "Variant z"),
        (("--reason", " ", "--keep-control"), "needs a reason"),
    ],
)
def test_an_end_without_a_clear_decision_is_refused(terminal: Terminal, options: tuple[str, ...], reason: str) -> None:
    terminal.start_test()
    assert reason in terminal.refused(*_STOP, *options)
    assert state(terminal) == "running"


def test_a_test_ends_once(terminal: Terminal) -> None:
    terminal.start_test()
    terminal.ok(*_STOP, "--keep-control", "--reason", "Enough.")
    assert "has already ended" in terminal.refused(*_STOP, "--keep-control", "--reason", "Enough.")


@pytest.mark.parametrize("verb", ["pause", "resume", "assign", "stop"])
def test_a_test_that_is_not_there_is_named(terminal: Terminal, verb: str) -> None:
    more = {"assign": ("maya",), "stop": ("--keep-control", "--reason", "Enough.")}.get(verb, ())
    assert "no experiment summer-1" in terminal.refused("experiment", verb, "summer-1", *more)


def test_a_test_can_be_paused_when_the_rules_have_become_stricter(terminal: Terminal) -> None:
    page = PAGE.replace("</head>", '<script src="https://cdn.example.net/x.js"></script></head>')
    allow = terminal.write("policy.toml", '[isolation.allow]\nscript = ["https://cdn.example.net"]\n')
    terminal.ok("policy", "apply", allow)
    for key in ("a", "b"):
        file = terminal.write(f"{key}.html", page.format(headline=key))
        terminal.ok("page", "import", "--site", HOST, "--slug", "sale", "--variant", key, file)
    terminal.ok("page", "publish", "--site", HOST, "--slug", "sale")
    split = ("--variants", "a,b", "--goal", "form", "--hypothesis", "Why not.")
    terminal.ok("experiment", "start", "--site", HOST, "--slug", "sale", *split)
    terminal.ok("policy", "apply", terminal.write("strict.toml", "[isolation.allow]\nscript = []\n"))
    terminal.ok("experiment", "pause", "sale-1")
    terminal.ok("experiment", "stop", "sale-1", "--keep-control", "--reason", "IT said no.")
