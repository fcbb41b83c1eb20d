"""`lander report`: the contract's JSON, and a table that a person reads."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from experiments.models import Phase
from lander.db import transaction
from tests.cli.conftest import HOST, Terminal
from tests.cli.events import come, crowd
from tests.experiments.builders import refuse, view

_REPORT = ("report", "--site", HOST, "--slug", "spring-sale")


def test_the_json_has_the_keys_of_the_contract(terminal: Terminal) -> None:
    terminal.start_test()
    come(terminal, crowd("a", served=200, conversions=10), crowd("b", served=190, conversions=12))
    come(terminal, [refuse(view("5" * 32), "bot")])
    report = terminal.ok(*_REPORT)
    assert set(report) >= {"format", "experiment", "phase", "goal", "variants", "srm", "filtered"}
    assert (report["experiment"], report["phase"], report["goal"]) == ("spring-sale-1", 1, "form")
    for variant in report["variants"]:
        assert set(variant) >= {
            "key", "served", "confirmed", "conversions", "rate", "lift", "p_best", "p_beats_control", "expected_loss",
        }  # fmt: skip
        assert list(variant["rate"])[:3] == ["median", "low", "high"]
    control, other = report["variants"]
    assert control["lift"] is None
    assert control["p_beats_control"] is None
    assert list(other["lift"])[:3] == ["median", "low", "high"]
    assert list(report["srm"]) == ["served", "confirmed"]
    assert all(list(step)[:2] == ["p_value", "mismatch"] for step in report["srm"].values())
    assert report["filtered"] == {"bot": 1}
    assert [(item["key"], item["served"], item["confirmed"], item["conversions"]) for item in report["variants"]] == [
        ("a", 200, 200, 10),
        ("b", 190, 190, 12),
    ]


def test_a_person_reads_the_verdict_then_the_doubts_then_the_numbers(terminal: Terminal) -> None:
    terminal.start_test()
    come(terminal, crowd("a", served=2_000, confirmed=1_990, conversions=100, days=10))
    come(terminal, crowd("b", served=2_010, confirmed=2_000, conversions=160, days=10))
    come(terminal, [refuse(view("5" * 32), "bot"), refuse(view("6" * 32), "gpc")])
    lines = terminal.read(*_REPORT).splitlines()
    assert lines[0].startswith("spring-sale-1: running since ")
    assert lines[0].endswith(", counts leads.")
    assert lines[1].startswith("Too early to say: 0 of 7 days")
    assert lines[2] == "- 0 of 7 days; weekdays and weekends differ."
    counts, decision, data, *_ = (number + 1 for number, line in enumerate(lines) if not line)
    assert cells(lines[counts : counts + 3]) == [
        ["variant", "share", "served", "confirmed", "leads"],
        ["a (control)", "50 %", "2,000", "1,990", "100"],
        ["b", "50 %", "2,010", "2,000", "160"],
    ]
    assert lines[decision] == "What to decide by (variants drawn together, tau 0.07):"
    heading = ["variant", "rate, 95 %", "lift, 95 %", "lift, 50 %", "beats control", "best", "loss, leads in 1,000"]
    assert cells(lines[decision + 1 : decision + 2]) == [heading]
    assert lines[data] == "The data alone, taken at face value:"
    assert cells(lines[data + 1 : data + 2]) == [heading]
    assert "6.87 to 9.25 %" in lines[data + 3]
    assert lines[-1] == "Recorded and not counted, in visitors: 1 bot, 1 gpc."
    assert max(map(len, lines)) <= 120


def cells(lines: list[str]) -> list[list[str]]:
    """Columns stand two spaces apart."""
    return [[part.strip() for part in line.split("  ") if part.strip()] for line in lines]


def test_after_two_weeks_it_says_what_holds_whatever_the_prior_and_what_comes_next(terminal: Terminal) -> None:
    terminal.start_test()
    come(terminal, crowd("a", served=2_000, conversions=100, days=10), days_ago=14)
    come(terminal, crowd("b", served=2_010, conversions=118, days=10), days_ago=14)
    begin_earlier(terminal, days=14)
    said = terminal.read(*_REPORT)
    assert "No clear winner yet: the lift of B over A lies between " in said
    assert "If the lift stays as it is, " in said
    assert "A week more is worth " in said
    assert "However often you look: b lifts by " in said
    assert "In a month of 12,030 visitors b would bring " in said
    assert "The plan was fixed at the start (" in said
    assert max(map(len, said.splitlines())) <= 120


def test_a_moment_of_the_past_is_in_the_sites_time(terminal: Terminal) -> None:
    terminal.start_test()
    come(terminal, crowd("a", served=20, days=10), days_ago=14)
    begin_earlier(terminal, days=14)
    nine_days_ago = (datetime.now(ZoneInfo("Europe/Berlin")) - timedelta(days=9)).replace(microsecond=0)
    told = terminal.ok(*_REPORT, "--as-of", nine_days_ago.replace(tzinfo=None).isoformat())
    assert datetime.fromisoformat(told["as_of"]) == nine_days_ago
    assert 0 < told["variants"][0]["served"] < 20
    assert told["looks"] == []
    elsewhere = nine_days_ago.astimezone(timezone(timedelta(hours=5)))
    said = terminal.read(*_REPORT, "--as-of", elsewhere.isoformat())
    assert f"As it stood on {nine_days_ago:%Y-%m-%d %H:%M} (Europe/Berlin)." in said
    assert terminal.ok(*_REPORT, "--as-of", elsewhere.isoformat())["as_of"].endswith("+00:00")
    assert "--as-of 'last week' is no moment." in terminal.refused(*_REPORT, "--as-of", "last week")
    assert "had not started" in terminal.refused(*_REPORT, "--as-of", "2001-01-01")


def test_who_decided_is_named(terminal: Terminal) -> None:
    terminal.start_test()
    assert terminal.ok(*_REPORT)["looks"] == []  # a command that reads changes nothing
    terminal.ok("experiment", "stop", "spring-sale-1", "--keep-control", "--reason", "Summer is over.")
    assert [look["occasion"] for look in terminal.ok(*_REPORT)["looks"]] == ["decision"]
    assert terminal.read(*_REPORT).splitlines()[-1].startswith("Looked at by command line (")


def test_what_changed_since_yesterday_is_said_when_asked_for(terminal: Terminal) -> None:
    terminal.start_test()
    assert "Since " not in terminal.read(*_REPORT, "--since-yesterday")
    come(terminal, crowd("a", served=40, conversions=4, days=4), days_ago=4)
    begin_earlier(terminal, days=5)
    lines = terminal.read(*_REPORT, "--since-yesterday").splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.startswith("Since "))
    assert lines[at + 1] == "Nobody new was counted."


def begin_earlier(terminal: Terminal, *, days: int) -> None:
    """As if the test had been started some days before it was."""
    with transaction(terminal.engine) as session:
        session.execute(update(Phase).values(started_at=datetime.now(UTC) - timedelta(days=days, hours=1)))


def test_leads_of_unconfirmed_visitors_are_said_beside_the_table(terminal: Terminal) -> None:
    terminal.start_test()
    come(terminal, crowd("a", served=20, conversions=3), crowd("b", served=20, confirmed=15, conversions=16))
    assert "Of visitors whose page never reported back, in no rate: b 1 lead." in terminal.read(*_REPORT).splitlines()


def test_columns_stand_below_each_other(terminal: Terminal) -> None:
    terminal.start_test()
    come(terminal, crowd("a", served=1_200, conversions=100), crowd("b", served=90, conversions=7))
    lines = terminal.read(*_REPORT).splitlines()
    table = lines[lines.index("") + 1 :][:3]
    ends = {line.index(word) + len(word) for line, word in zip(table, ("served", "1,200", "90"), strict=True)}
    assert len(ends) == 1


def test_nothing_is_said_of_a_lift_while_nobody_converted(terminal: Terminal) -> None:
    terminal.start_test()
    lines = terminal.read(*_REPORT).splitlines()
    assert lines[1] == "Too early to say: nobody has seen this test yet."
    assert [row[1:4] for row in cells(lines) if row[:1] == ["b"] and len(row) == 7] == [["–", "–", "–"]] * 2


def test_a_click_goal_is_named(terminal: Terminal) -> None:
    terminal.start_test(goal="click:#more")
    assert terminal.read(*_REPORT).splitlines()[0].endswith("counts clicks on #more.")


def test_the_newest_test_of_the_page_is_judged(terminal: Terminal) -> None:
    terminal.start_test()
    terminal.ok("experiment", "stop", "spring-sale-1", "--keep-control", "--reason", "Again.")
    terminal.start_test(slug="autumn-sale")
    split = ("--variants", "a,b", "--goal", "form", "--hypothesis", "Once more.")
    terminal.ok("experiment", "start", "--site", HOST, "--slug", "spring-sale", *split)
    assert terminal.ok(*_REPORT)["experiment"] == "spring-sale-2"


def test_a_new_phase_is_named(terminal: Terminal) -> None:
    terminal.start_test()
    sale = ("--site", HOST, "--slug", "spring-sale")
    terminal.ok("page", "import", *sale, "--replace", terminal.write("x.html", "<body><form><input name=email></form>"))
    terminal.ok("page", "publish", *sale, "--during-test", "new-phase")
    assert terminal.read(*_REPORT).startswith("spring-sale-1, phase 2: running since ")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--site", HOST, "--slug", "spring-sale"), "There was no test on 'spring-sale' yet. Start one with:"),
        (("--site", HOST, "--slug", "winter-sale"), f"no page at {HOST}/winter-sale"),
        (("--site", "go.example.com", "--slug", "spring-sale"), "go.example.com"),
        (("--site", HOST), "Missing option '--slug'"),
    ],
)
def test_a_report_of_nothing_is_refused(terminal: Terminal, options: tuple[str, ...], reason: str) -> None:
    terminal.publish_page()
    assert reason in terminal.refused("report", *options)
