"""`lander experiment start`: a published page is put under test, and one line says how long that takes."""

import pytest

from tests.cli.conftest import HOST, Terminal
from tests.cli.events import come, crowd

_START = ("experiment", "start", "--site", HOST, "--slug", "spring-sale", "--hypothesis", "Shorter is better.")
_AB = ("--variants", "a,b", "--goal", "form")


def test_a_test_starts_and_names_itself_after_the_page(terminal: Terminal) -> None:
    terminal.publish_page()
    said = terminal.ok(*_START, *_AB)
    assert (said["experiment"], said["phase"]) == ("spring-sale-1", 1)
    (listed,) = terminal.ok("experiment", "list")
    assert listed == {
        "experiment": "spring-sale-1",
        "state": "running",
        "goal": "form",
        "hypothesis": "Shorter is better.",
    }


def test_before_the_start_one_line_says_how_many_visitors_it_needs(terminal: Terminal) -> None:
    terminal.publish_page()
    first, second = terminal.read(*_START, *_AB).splitlines()
    assert first == (
        "To find a lift of +10 % on a rate of 5.0 % (assumed) takes about 31,231 visitors per variant, 62,462 in all."
    )
    assert second == f"spring-sale-1 is running. See it with: lander report --site {HOST} --slug spring-sale"


def test_the_need_rests_on_what_the_page_did_before(terminal: Terminal) -> None:
    terminal.start_test()
    come(terminal, *(crowd(key, served=2_000, conversions=160, days=10) for key in "ab"))
    terminal.ok("experiment", "stop", "spring-sale-1", "--keep-control", "--reason", "Summer is over.")
    plan = terminal.ok(*_START, *_AB)["plan"]
    assert plan["rate"] == 0.08
    assert plan["rate_assumed"] is False
    # 400 visitors a day: 4,000 in ten days
    assert plan["days"] == -(-plan["visitors"] // 400)


def test_less_coverage_takes_longer(terminal: Terminal) -> None:
    terminal.start_test()
    come(terminal, *(crowd(key, served=2_000, conversions=160, days=10) for key in "ab"))
    terminal.ok("experiment", "stop", "spring-sale-1", "--keep-control", "--reason", "Summer is over.")
    plan = terminal.ok(*_START, *_AB, "--coverage", "2500")["plan"]
    assert plan["days"] == -(-plan["visitors"] // 100)


def test_traffic_of_long_ago_says_nothing(terminal: Terminal) -> None:
    terminal.start_test()
    come(terminal, *(crowd(key, served=2_000, conversions=160, days=10) for key in "ab"), days_ago=100)
    terminal.ok("experiment", "stop", "spring-sale-1", "--keep-control", "--reason", "Summer is over.")
    assert terminal.ok(*_START, *_AB)["plan"]["days"] is None


def test_a_page_on_which_everybody_converts_has_no_plan(terminal: Terminal) -> None:
    terminal.start_test()
    come(terminal, *(crowd(key, served=1_000, conversions=970, days=10) for key in "ab"))
    terminal.ok("experiment", "stop", "spring-sale-1", "--keep-control", "--reason", "Everybody came.")
    assert terminal.read(*_START, *_AB).startswith("No test of this page can find a lift of +10 %: ")


def test_weights_coverage_and_a_click_goal_are_taken(terminal: Terminal) -> None:
    terminal.publish_page()
    split = ("--variants", "a,b", "--weights", "7000,3000", "--coverage", "5000", "--goal", "click:a#more")
    terminal.ok(*_START, *split)
    assigned = [terminal.ok("experiment", "assign", "spring-sale-1", f"visitor-{n}")["variant"] for n in range(40)]
    assert set(assigned) == {"a", "b", None}


def test_three_variants_share_equally_without_weights(terminal: Terminal) -> None:
    terminal.import_page("spring-sale", "a", "b", "c")
    terminal.ok("page", "publish", "--site", HOST, "--slug", "spring-sale")
    terminal.ok(*_START, "--variants", "a,b,c", "--goal", "form")
    report = terminal.ok("report", "--site", HOST, "--slug", "spring-sale")
    assert [variant["key"] for variant in report["variants"]] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--variants", "a", "--goal", "form"), "compares two variants or more"),
        (("--variants", "a,a", "--goal", "form"), "names a variant twice"),
        (("--variants", ",", "--goal", "form"), "names a variant twice or none"),
        (("--variants", "a,z", "--goal", "form"), "Variant z"),
        (("--variants", "a,b", "--weights", "5000", "--goal", "form"), "2 variants and 1 weights"),
        (("--variants", "a,b", "--weights", "half,half", "--goal", "form"), "not whole numbers"),
        (("--variants", "a,b", "--weights", "5000,4000", "--goal", "form"), "sum to 10,000"),
        (("--variants", "a,b", "--coverage", "0", "--goal", "form"), "Coverage is 0"),
        (("--variants", "a,b", "--goal", "sale"), "no goal 'sale'"),
        (("--variants", "a,b", "--goal", "click:"), "nothing is named"),
        (("--variants", "a,b", "--goal", "click:#nowhere"), "matches '#nowhere'"),
        (("--variants", "a,b", "--goal", "click:[["), "[["),
        (("--variants", "a,b", "--goal", "form:x"), "takes no selector"),
        (("--variants", "a,b"), "Missing option '--goal'"),
    ],
)
def test_a_plan_that_breaks_a_rule_is_refused(terminal: Terminal, options: tuple[str, ...], reason: str) -> None:
    terminal.publish_page()
    assert reason in terminal.refused(*_START, *options)
    assert terminal.ok("experiment", "list") == []


def test_a_page_that_is_not_live_is_not_tested(terminal: Terminal) -> None:
    terminal.import_page()
    assert "Publish the page first" in terminal.refused(*_START, *_AB)


def test_a_page_has_one_test_at_a_time(terminal: Terminal) -> None:
    terminal.start_test()
    assert "spring-sale-1 is running" in terminal.refused(*_START, *_AB)
