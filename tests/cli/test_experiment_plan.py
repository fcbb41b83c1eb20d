"""`lander experiment plan`, a plan that is fixed, and A/A tests from the command line."""

import pytest

from experiments.practice import hash_plan
from tests.cli.conftest import HOST, Terminal
from tests.cli.events import come, crowd

_PAGE = ("--site", HOST, "--slug", "spring-sale")
_PLAN = ("experiment", "plan", *_PAGE, "--goal", "form")
_START = ("experiment", "start", *_PAGE, "--variants", "a,b", "--goal", "form", "--hypothesis", "Shorter is better.")


def end(terminal: Terminal, key: str = "spring-sale-1") -> None:
    terminal.ok("experiment", "stop", key, "--keep-control", "--reason", "Summer is over.")


def test_a_plan_says_visitors_days_and_how_it_will_go_and_starts_nothing(terminal: Terminal) -> None:
    terminal.start_test()
    come(terminal, *(crowd(key, served=9_000, conversions=720, days=10) for key in "ab"))
    end(terminal)
    first, second = terminal.read(*_PLAN, "--lift", "20").splitlines()
    assert first.startswith(
        "To find a lift of +20 % on a rate of 8.0 % (measured on this page) takes about 4,918 visitors"
    )
    assert second.startswith("If the lift is really there, the chance to know within 28 days is ")
    told = terminal.ok(*_PLAN, "--lift", "20")
    assert told["visitors_per_day"] == 1_800
    assert told["outlook"]["planned"]["decided"] > 0.5
    assert len(terminal.ok("experiment", "list")) == 1


def test_without_traffic_nobody_knows_how_it_will_go(terminal: Terminal) -> None:
    terminal.publish_page()
    (only,) = terminal.read(*_PLAN).splitlines()
    assert "on a rate of 5.0 % (assumed)" in only
    assert terminal.ok(*_PLAN)["outlook"] is None


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--lift", "ten"), "--lift 'ten' is not a number of per cent"),
        (("--lift", "nan"), "The smallest lift worth having is nan %."),
        (("--lift", "inf"), "The smallest lift worth having is inf %."),
        (("--lift", "0"), "The smallest lift worth having is 0 %."),
        (("--lift=-10",), "The smallest lift worth having is -10 %."),
        (("--lift", "2500"), "The smallest lift worth having is 2500 %."),
        (("--variants", "1"), "'--variants'"),
        (("--variants", "-3"), "'--variants'"),
        (("--variants", "27"), "'--variants'"),
        (("--coverage", "20000"), "Coverage is 20,000 basis points"),
        (("--coverage=-5",), "Coverage is -5 basis points"),
        (("--coverage", "1", "--variants", "20"), "With a coverage of 1 basis points nobody sees variant"),
        (("--goal", "foo"), "There is no goal 'foo'."),
        (("--goal", "click"), "nothing is named"),
        (("--goal", "click:[[["), "'[[[' is not a CSS selector."),
        (("--goal", "click:#nowhere"), "Nothing in variant a matches '#nowhere'"),
        (("--goal", "form:x"), "takes no selector"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(terminal: Terminal, options: tuple[str, ...], reason: str) -> None:
    terminal.publish_page()
    assert reason in terminal.refused(*_PLAN, *options)


@pytest.mark.parametrize(("lift", "said"), [("900", "+900 %"), ("0.0001", "+0.0001 %")])
def test_a_lift_without_room_or_too_small_has_no_plan(terminal: Terminal, lift: str, said: str) -> None:
    terminal.start_test()
    come(terminal, *(crowd(key, served=1_000, conversions=200, days=10) for key in "ab"))
    end(terminal)
    assert terminal.read(*_PLAN, "--lift", lift).startswith(f"No test of this page can find a lift of {said}: ")
    assert terminal.ok(*_PLAN, "--lift", lift) is None


def test_a_plan_needs_a_control_that_can_reach_the_goal_and_no_live_page(terminal: Terminal) -> None:
    publish = ("page", "publish", "--site", HOST, "--slug", "spring-sale")
    replace = ("page", "import", "--site", HOST, "--slug", "spring-sale", "--replace", "--variant")
    terminal.import_page()
    assert terminal.ok(*_PLAN)["visitors"] == 62_462
    without_form = terminal.write("no-form.html", "<!doctype html><title>Sale</title><p>Sale</p>")
    terminal.ok(*replace, "b", without_form)
    terminal.ok(*publish)
    assert terminal.ok(*_PLAN)["visitors"] == 62_462  # only the control is known to take part
    terminal.ok(*replace, "a", without_form)
    terminal.ok(*publish)
    assert terminal.refused(*_PLAN).startswith("Variant a has no form that posts here")


@pytest.mark.parametrize(("lift", "said"), [("10.5", "+10.5 %"), ("0,4", "+0.4 %"), ("7", "+7 %")])
def test_the_lift_is_said_as_it_was_typed(terminal: Terminal, lift: str, said: str) -> None:
    terminal.publish_page()
    assert terminal.read(*_PLAN, "--lift", lift).startswith(f"To find a lift of {said} on a rate of 5.0 % (assumed)")
    assert terminal.read(*_START, "--lift", lift).startswith(f"To find a lift of {said} on a rate of 5.0 % (assumed)")


def test_a_start_fixes_the_plan_and_the_report_holds_practice_against_it(terminal: Terminal) -> None:
    terminal.publish_page()
    said = terminal.ok(*_START, "--lift", "20", "--value", "4500")
    assert (said["plan"]["lift"], said["plan"]["value_minor"], said["plan"]["currency"]) == (0.2, 4_500, "EUR")
    assert said["plan_hash"] == hash_plan(said["plan"])
    told = terminal.ok("report", *_PAGE)["plan"]
    assert (told["hash"], told["is_intact"], told["departures"]) == (said["plan_hash"], True, [])
    end(terminal)
    told = terminal.ok("report", *_PAGE)
    assert [item["kind"] for item in told["plan"]["departures"]] == ["stopped-early"]
    assert [item["occasion"] for item in told["looks"]] == ["decision"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--lift", "0"), "The smallest lift worth having is 0 %"),
        (("--value", "0"), "is worth 0 in minor units"),
        (("--repeats", "autumn-1"), "There is no experiment autumn-1"),
    ],
)
def test_a_start_that_breaks_a_rule_is_refused(terminal: Terminal, options: tuple[str, ...], reason: str) -> None:
    terminal.publish_page()
    assert reason in terminal.refused(*_START, *options)
    assert terminal.ok("experiment", "list") == []


def test_an_aa_test_makes_its_copy_and_is_listed_with_its_p_value(terminal: Terminal) -> None:
    terminal.publish_page()
    assert terminal.ok("experiment", "aa", *_PAGE, "--goal", "form")["experiment"] == "spring-sale-1"
    come(terminal, *(crowd(key, served=500, conversions=50, days=9) for key in "ac"))
    told = terminal.ok("report", *_PAGE)
    assert (told["purpose"], [item["key"] for item in told["variants"]]) == ("aa", ["a", "c"])
    (listed,) = terminal.ok("experiment", "aa-tests")["tests"]
    assert (listed["visitors"], listed["conversions"], listed["p_value"]) == (1_000, 100, pytest.approx(1.0))
    assert "0 of 1 A/A tests differ" in terminal.read("experiment", "aa-tests")


def test_the_archive_is_searched(terminal: Terminal) -> None:
    terminal.start_test()
    end(terminal)
    (ended,) = terminal.ok("experiment", "archive", "--search", "shorter summer")
    assert (ended["experiment"], ended["outcome"], ended["reason"]) == ("spring-sale-1", "kept", "Summer is over.")
    assert terminal.ok("experiment", "archive", "--outcome", "shipped") == []
    assert terminal.ok("experiment", "archive", "--site", HOST, "--slug", "other") == []
    assert "A kept" in terminal.read("experiment", "archive", "--site", HOST)
    assert terminal.read("experiment", "archive", "--search", "winter").strip() == "Nothing has ended yet."


def test_the_calibration_says_how_many_won(terminal: Terminal) -> None:
    terminal.publish_page()
    assert terminal.read("experiment", "calibration").strip() == "Nothing has ended yet."
    assert terminal.ok(*_START)["experiment"] == "spring-sale-1"
    end(terminal)
    assert terminal.read("experiment", "calibration").startswith("0 wins of 1 ended test: ")
    assert terminal.ok("experiment", "calibration")["tests"] == 1
