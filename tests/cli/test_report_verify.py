"""`lander report verify`: a saved report comes out again, or its differences are named; the status tells scripts."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import HOST, Terminal
from tests.cli.events import come, crowd

_REPORT = ("report", "--site", HOST, "--slug", "spring-sale")


@pytest.fixture
def report(terminal: Terminal) -> Any:
    terminal.start_test()
    come(terminal, crowd("a", served=900, conversions=90, days=10), crowd("b", served=890, conversions=99, days=10))
    return terminal.ok(*_REPORT)


def test_what_the_report_command_says_comes_out_again(terminal: Terminal, report: Any) -> None:
    done = terminal.run("report", "verify", terminal.write("report.json", json.dumps(report)))
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("All ")
    assert " figures come out as they were saved. Taken as they are: annotations, " in done.out


def test_every_difference_has_its_line_and_the_status_is_1(terminal: Terminal, report: Any) -> None:
    report["variants"][1]["p_best"] = 0.999
    report["verdict"]["action"] = "ship"
    file = terminal.write("report.json", json.dumps(report))
    done = terminal.run("report", "verify", file)
    assert done.status == 1
    assert done.out.splitlines() == [
        f"verdict.action: saved ship, recomputed {terminal.ok(*_REPORT)['verdict']['action']}",
        next(
            line for line in done.out.splitlines() if line.startswith("variants[1].p_best: saved 0.999, recomputed 0.")
        ),
    ]
    assert done.err.startswith("lander: 2 of ")
    told = terminal.run("report", "verify", file, "--json")
    assert told.status == 1
    first, _ = json.loads(told.out)["differences"]
    assert first == {"path": "verdict.action", "saved": "ship", "recomputed": "continue", "tolerance": 0.0}
    assert json.loads(told.err)["error"]["code"] == "report-differs"


@pytest.mark.parametrize("content", ["no report", '{"format": 7, "variants": []}'])
def test_the_status_of_a_file_that_is_no_report_is_2(bare_terminal: Terminal, content: str) -> None:
    done = bare_terminal.run("report", "verify", bare_terminal.write("report.json", content))
    assert (done.status, done.out) == (2, "")
    assert "Traceback" not in done.err
    assert bare_terminal.run("report", "verify", "nothing.json").status == 2
    assert bare_terminal.run("report", "verify").status == 2


def test_it_asks_for_no_installation(
    terminal: Terminal, report: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = terminal.write("report.json", json.dumps(report))
    monkeypatch.delenv("LANDER_ENV")
    monkeypatch.setenv("LANDER_DATA_DIR", str(tmp_path / "nowhere"))
    assert terminal.run("report", "verify", file).status == 0
    assert not (tmp_path / "nowhere").exists()
    assert terminal.run(*_REPORT).status == 1


def test_the_report_itself_needs_no_word_of_its_own(terminal: Terminal, report: Any) -> None:
    assert terminal.ok("report", "show", "--site", HOST, "--slug", "spring-sale")["variants"] == report["variants"]
    told = terminal.read("report", "--help")
    assert "--site HOST" in told
    assert "verify" in told
