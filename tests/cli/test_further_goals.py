"""Further goals from the command line: how they are typed, and what a person reads of them, of money and of campaigns."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from experiments.goals import Goal, GoalKind, Role
from lander.cli.goal_notation import read_goals, say_goal
from tests.cli.conftest import HOST, Terminal
from tests.cli.events import come, crowd, pay
from tests.experiments.builders import convert

_PAGE = ("--site", HOST, "--slug", "spring-sale")
_START = ("experiment", "start", *_PAGE, "--variants", "a,b", "--goal", "form", "--hypothesis", "Shorter is better.")
_REPORT = ("report", *_PAGE)
_GOALS = (
    "--secondary", "click:a#more", "--secondary", "scroll:75",
    "--guardrail", "time:30 5%", "--guardrail", "fewer click:h1 2,5 %",
)  # fmt: skip


def reach(variant: str, goal: str, visitors: int, **who: Any) -> list[Any]:
    return [convert(event, goal=goal) for event in crowd(variant, **who) if event.kind == "served"][:visitors]


@pytest.mark.parametrize(
    ("typed", "goal"),
    [
        ("form", Goal(GoalKind.FORM)),
        ("click:a.phone", Goal(GoalKind.CLICK, selector="a.phone")),
        ("  click:main > a:not(.x)  ", Goal(GoalKind.CLICK, selector="main > a:not(.x)")),
        ("click:[style*='width: 50%']", Goal(GoalKind.CLICK, selector="[style*='width: 50%']")),
        ("scroll:75", Goal(GoalKind.SCROLL, threshold=75)),
        ("time:30", Goal(GoalKind.TIME, threshold=30)),
        ("fewer  click:#complain", Goal(GoalKind.CLICK, selector="#complain", fewer_is_better=True)),
    ],
)
def test_a_goal_is_typed_like_the_one_that_decides(typed: str, goal: Goal) -> None:
    assert read_goals([typed], []) == (goal,)


@pytest.mark.parametrize(
    ("typed", "goal"),
    [
        ("form 0%", Goal(GoalKind.FORM, role=Role.GUARDRAIL)),
        ("time:30 5 %", Goal(GoalKind.TIME, threshold=30, role=Role.GUARDRAIL, margin=0.05)),
        ("click:main > a 2,5%", Goal(GoalKind.CLICK, selector="main > a", role=Role.GUARDRAIL, margin=0.025)),
        (
            "fewer click:#x 12.5%",
            Goal(GoalKind.CLICK, selector="#x", role=Role.GUARDRAIL, margin=0.125, fewer_is_better=True),
        ),
    ],
)
def test_a_guardrail_ends_with_its_margin(typed: str, goal: Goal) -> None:
    assert read_goals([], [typed]) == (goal,)


@pytest.mark.parametrize(
    ("option", "typed", "reason"),
    [
        ("--secondary", "", "--secondary '' names no goal. A goal is form, click:CSS, scroll:75"),
        ("--secondary", "fewer ", "there is no goal 'fewer'"),
        ("--secondary", "share:x", "--secondary 'share:x': there is no goal 'share'."),
        ("--secondary", "Scroll:75", "there is no goal 'Scroll'"),
        ("--secondary", "form:x", "a form goal counts leads and takes nothing after it. Write form."),
        ("--secondary", "click", "does not say what is clicked. Write a CSS selector"),
        ("--secondary", "click: ", "does not say what is clicked."),
        ("--secondary", "click:[[", "[["),
        ("--secondary", "click:#nowhere", "matches '#nowhere'"),
        ("--secondary", "scroll", "it does not say how many per cent. Write scroll:75."),
        ("--secondary", "scroll:half", "'half' is no whole number of per cent. Write scroll:75."),
        ("--secondary", "scroll:75%", "'75%' is no whole number of per cent."),
        ("--secondary", "scroll:101", "Nobody can scroll 101 % of a page."),
        ("--secondary", "time:0", "0 seconds on a page cannot be counted."),
        ("--secondary", "time:1e3", "'1e3' is no whole number of seconds. Write time:30."),
        ("--secondary", "time:" + "9" * 5_000, "is no whole number of seconds"),
        ("--secondary", "scroll:75 5%", "has a margin, which only a guardrail has. Leave it out, or use --guardrail."),
        ("--secondary", "form", "The goal leads stands there twice."),
        ("--guardrail", "time:30", "does not say how much worse than control is still fine. Write it with a margin"),
        ("--guardrail", "5%", "does not say how much worse"),
        ("--guardrail", "time:30 five%", "'five%' is not a number of per cent. Write one like 5% or 2.5%."),
        ("--guardrail", "time:30 -5%", "'-5%' is not a number of per cent."),
        ("--guardrail", "time:30 nan%", "'nan%' is not a number of per cent."),
        ("--guardrail", "time:30 100%", "A guardrail cannot allow 100 % worse than control."),
        ("--guardrail", "less time:30 5%", "there is no goal 'less time'"),
    ],
)
def test_each_slip_is_named_and_nothing_starts(terminal: Terminal, option: str, typed: str, reason: str) -> None:
    terminal.publish_page()
    assert reason in terminal.refused(*_START, option, typed)
    assert terminal.ok("experiment", "list") == []


def test_more_than_ten_are_too_many(terminal: Terminal) -> None:
    terminal.publish_page()
    goals = [word for number in range(1, 12) for word in ("--secondary", f"time:{number}")]
    assert "11 further goals are too many to be told apart." in terminal.refused(*_START, *goals)


def test_a_test_starts_with_further_goals_and_says_them(terminal: Terminal) -> None:
    terminal.publish_page()
    lines = terminal.read(*_START, *_GOALS).splitlines()
    assert lines[1:5] == [
        "It also counts clicks on a#more (secondary).",
        "It also counts 75 % of the page seen (secondary).",
        "It also counts 30 seconds on the page (guardrail: at most 5 % fewer).",
        "It also counts clicks on h1 (guardrail: at most 2.5 % more).",
    ]
    goals = terminal.ok(*_REPORT)["goals"]
    assert [(goal["key"], goal["role"], goal["margin"], goal["fewer_is_better"]) for goal in goals] == [
        ("click-2", "secondary", 0.0, False),
        ("scroll-3", "secondary", 0.0, False),
        ("time-4", "guardrail", 0.05, False),
        ("click-5", "guardrail", 0.025, True),
    ]
    assert terminal.ok(*_REPORT)["plan"]["plan"]["goals"][3]["key"] == "click-5"


def test_a_test_that_starts_later_has_its_goals_then(terminal: Terminal) -> None:
    terminal.publish_page()
    later = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d 09:00}"
    plan = ("--variants", "a,b", "--goal", "form", "--hypothesis", "Shorter is better.", *_GOALS)
    told = terminal.ok("schedule", "add", *_PAGE, "--at", later, *plan, "start")
    assert [goal["kind"] for goal in told["options"]["goals"]] == ["click", "scroll", "time", "click"]
    bad = ("--variants", "a,b", "--goal", "form", "--hypothesis", "x", "--guardrail", "time:30")
    refused = terminal.refused("schedule", "add", *_PAGE, "--at", later, *bad, "start")
    assert "does not say how much worse" in refused


def test_none_at_all_is_allowed_by_a_margin_of_nothing() -> None:
    (goal,) = read_goals([], ["form 0%"])
    assert say_goal(goal) == "leads (guardrail: none fewer)"


def test_a_person_reads_goals_guardrails_and_money(terminal: Terminal) -> None:
    terminal.publish_page()
    terminal.ok(*_START, *_GOALS)
    for key, leads, more, complaints in (("a", 100, 60, 20), ("b", 130, 140, 90)):
        who = {"served": 900, "conversions": leads, "days": 9}
        further = [("click-2", more), ("scroll-3", 400), ("time-4", 500), ("click-5", complaints)]
        come(terminal, crowd(key, **who), *(reach(key, goal, number, **who) for goal, number in further))
    pay(terminal, "a", *[4_900] * 30)
    pay(terminal, "b", *[4_900] * 40, 19_900)
    said = terminal.read(*_REPORT)
    lines = said.splitlines()
    at = lines.index("Guardrails, as the decision sees them; a variant that harms one is out:")
    (kept,) = [line for line in lines[at:] if "2.5 % more" in line]
    assert kept.split()[-1] == "harmed"
    (stayed,) = [line for line in lines[at:] if "5 % fewer" in line]
    assert stayed.endswith("not sure")
    at = lines.index("Secondary goals, the data alone:")
    clicks, scrolled = [line for line in lines[at:] if ", p " in line]
    assert "a difference, p " in clicks
    assert "may be chance, p 1" in scrolled
    at = lines.index("Money, taking a lead for one paying visitor; no verdict rests on it:")
    assert lines[at + 2].split()[:4] == ["a", "30", "1,470.00", "EUR"]
    assert lines[at + 3].split()[:4] == ["b", "41", "2,159.00", "EUR"]
    assert max(map(len, lines)) <= 120


def test_visitors_are_grouped_by_campaign_when_asked_for(terminal: Terminal) -> None:
    terminal.start_test()
    for key in "ab":
        come(terminal, crowd(key, served=300, conversions=30, campaign="spring", keyword="buggy"))
        come(terminal, crowd(key, served=200, conversions=10))
    assert terminal.ok(*_REPORT)["open_segments"] == []
    told = terminal.ok("report", "show", *_PAGE, "--by", "keyword", "--by", "campaign", "--by", "keyword")
    assert [item["dimension"] for item in told["open_segments"]] == ["keyword"] * 4 + ["campaign"] * 4
    lines = terminal.read(*_REPORT, "--by", "campaign").splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.startswith("By campaign, B over A"))
    assert lines[at + 2].split()[:5] == ["spring", "300", "30", "300", "30"]
    assert lines[at + 3].split()[:5] == ["(none)", "200", "10", "200", "10"]
    assert "Invalid value for '--by'" in terminal.refused(*_REPORT, "--by", "city")
