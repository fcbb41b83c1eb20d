"""`lander policy check | apply`: IT's rules, tried before they are in force."""

import json

import pytest

from tests.cli.conftest import HOST, OTHER_HOSTS_SCRIPT, Terminal

ALLOW = '[isolation.allow]\nscript = ["https://cdn.example.net"]\n'
_SALE = ("--site", HOST, "--slug", "sale")


def test_a_policy_comes_into_force(terminal: Terminal) -> None:
    file = terminal.write("policy.toml", ALLOW)
    assert terminal.ok("policy", "apply", file) == {"version": 1}
    terminal.ok("page", "import", *_SALE, terminal.write("sale.html", OTHER_HOSTS_SCRIPT))
    findings = terminal.ok("page", "publish", *_SALE)["findings"]
    assert [item for item in findings if item["rule"].startswith("isolation")] == []


def test_the_same_policy_stays_the_version_it_is(terminal: Terminal) -> None:
    file = terminal.write("policy.toml", ALLOW)
    assert terminal.read("policy", "apply", file) == "Policy version 1 is in force.\n"
    assert terminal.read("policy", "apply", file) == "Policy version 1 is in force.\n"


def test_checking_says_what_would_break_and_changes_nothing(terminal: Terminal) -> None:
    terminal.ok("policy", "apply", terminal.write("policy.toml", ALLOW))
    terminal.ok("page", "import", *_SALE, terminal.write("sale.html", OTHER_HOSTS_SCRIPT))
    terminal.ok("page", "publish", *_SALE)
    strict = terminal.write("strict.toml", "[isolation.allow]\nscript = []\n")
    done = terminal.run("policy", "check", strict, "--json")
    assert done.status == 1
    (finding,) = json.loads(done.out)
    assert (finding["page"], finding["rule"], finding["line"]) == (f"{HOST}/sale", "isolation.allow.script", 3)
    assert terminal.refused("policy", "check", strict).startswith("1 live page would break.")
    assert f"{HOST}/sale: " in terminal.run("policy", "check", strict).out
    assert terminal.ok("page", "publish", *_SALE)["unchanged"]


def test_a_policy_that_breaks_nothing_is_fine(terminal: Terminal) -> None:
    terminal.publish_page()
    assert terminal.ok("policy", "check", terminal.write("policy.toml", ALLOW)) == []
    assert terminal.read("policy", "check", terminal.write("policy.toml", ALLOW)) == "No live page would break.\n"


@pytest.mark.parametrize("verb", ["check", "apply"])
def test_a_bad_file_is_refused_with_its_lines(terminal: Terminal, verb: str) -> None:
    file = terminal.write("policy.toml", "[isolation]\nlevel = 'open'\n[nonsense]\n")
    assert "was not read" in terminal.refused("policy", verb, file)
    assert "nonsense" in terminal.run("policy", verb, file).err


@pytest.mark.parametrize("verb", ["check", "apply"])
def test_what_is_no_text_is_refused(terminal: Terminal, verb: str) -> None:
    path = terminal.folder / "policy.toml"
    path.write_bytes(b"\xff\xfe")
    assert "no text in UTF-8" in terminal.refused("policy", verb, str(path))
    assert "does not exist" in terminal.refused("policy", verb, str(terminal.folder / "nowhere.toml"))
