"""`lander simulate` against a running server: the report counts what was sent, no more and no fewer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from experiments.goals import Goal, GoalKind, Role
from lander.db import transaction
from lander.pages import pages, sites, testing
from tests.cli.conftest import HOST, Terminal
from tests.live import Lander
from tests.patience import wait_until


def put_under_test(terminal: Terminal, lander: Lander, slug: str, *, goal: str = "form") -> None:
    terminal.start_test(slug=slug, goal=goal)
    lander.wait_until_live(HOST, slug, crowd=True)


def send(terminal: Terminal, lander: Lander, slug: str, *options: str) -> Any:
    url = f"http://127.0.0.1:{lander.port}"
    return terminal.ok("simulate", "--site", HOST, "--slug", slug, "--url", url, *options)


def read_report(terminal: Terminal, slug: str, sent: Any) -> Any:
    """The report once everybody who was sent came home; page views follow a little behind."""

    def find_report() -> Any:
        report = terminal.ok("report", "--site", HOST, "--slug", slug)
        counted = {what: sum(count(report, what).values()) for what in ("served", "confirmed", "conversions")}
        counted["further"] = sum(variant["conversions"] for goal in report["goals"] for variant in goal["variants"])
        is_home = all(number >= sum(sent[what].values()) for what, number in counted.items())
        left_out = sum(sent[what] for what in ("bots", "private", "prefetches"))
        return report if is_home and sum(report["filtered"].values()) >= left_out else None

    return wait_until(find_report, "not everybody came home")


def count(report: Any, what: str) -> dict[str, int]:
    return {variant["key"]: variant[what] for variant in report["variants"]}


@pytest.mark.parametrize("goal", ["form", "click:#more"])
def test_the_report_counts_exactly_what_was_sent(terminal: Terminal, lander: Lander, goal: str) -> None:
    slug = f"sale-{goal[:4]}"
    put_under_test(terminal, lander, slug, goal=goal)
    crowd = ("--visitors", "300", "--rates", "a=0.2,b=0.4", "--lost-beacons", "b=0.3", "--seed", "7")
    sent = send(terminal, lander, slug, *crowd)
    report = read_report(terminal, slug, sent)
    assert sent["failures"] == 0
    assert sent["visitors"] == sum(sent["served"].values()) + sent["private"] == 300
    for what in ("served", "confirmed", "conversions"):
        assert count(report, what) == sent[what]
    assert min(sent["conversions"].values()) > 10
    assert sent["confirmed"]["a"] == sent["served"]["a"]
    assert sent["confirmed"]["b"] < 0.85 * sent["served"]["b"]
    assert report["filtered"] == {"bot": sent["bots"], "gpc": sent["private"], "prefetch": sent["prefetches"]}


def test_further_goals_are_reached_as_a_browser_would(terminal: Terminal, lander: Lander) -> None:
    """Each by what the page's own script watches, or by its form."""
    terminal.publish_page("further")
    goals = [
        Goal(GoalKind.SCROLL, threshold=75),
        Goal(GoalKind.CLICK, selector="a", role=Role.GUARDRAIL, margin=0.1),
        Goal(GoalKind.FORM),
    ]
    with transaction(terminal.engine) as session:
        testing.start_experiment(
            session,
            terminal.settings,
            page=pages.load_page(session, sites.load_site(session, HOST), "further"),
            variants={"a": 5_000, "b": 5_000},
            goal="click",
            selector="#more",
            goals=goals,
            actor="maya",
            now=datetime.now(UTC) - timedelta(days=15),
        )
    lander.wait_until_live(HOST, "further", crowd=True)
    shares = ("--further", "scroll-2:a=0.5,b=0.7", "--further", "click-3:b=0.4", "--further", "form:a=0.1,b=0.3")
    sent = send(terminal, lander, "further", "--visitors", "120", "--rates", "a=0.2,b=0.4", *shares)
    told = {goal["key"]: goal["variants"] for goal in read_report(terminal, "further", sent)["goals"]}
    counted = {f"{variant['key']} {key}": variant["conversions"] for key, goal in told.items() for variant in goal}
    assert sent["failures"] == 0
    assert {name: count for name, count in counted.items() if count} == sent["further"]
    assert sorted(sent["further"]) == ["a form", "a scroll-2", "b click-3", "b form", "b scroll-2"]
    assert sent["further"]["b scroll-2"] > sent["further"]["b click-3"] > 10


def test_they_are_marked_as_simulated_and_their_leads_too(terminal: Terminal, lander: Lander) -> None:
    put_under_test(terminal, lander, "marked")
    sent = send(terminal, lander, "marked", "--visitors", "40", "--rates", "a=0.5,b=0.5", "--days", "3")
    read_report(terminal, "marked", sent)
    said = terminal.read("report", "--site", HOST, "--slug", "marked")
    assert f"- All {sum(sent['served'].values())} visitors are simulated." in said
    leads = [lead for lead in terminal.ok("lead", "list", "--limit", "1000") if lead["path"] == "/marked"]
    assert len(leads) >= sum(sent["conversions"].values()) > 10
    assert all(lead["simulated"] for lead in leads)
    assert all(lead["fields"]["email"].endswith("@example.com") for lead in leads)


def test_what_was_sent_is_said_in_sentences(terminal: Terminal, lander: Lander) -> None:
    put_under_test(terminal, lander, "said")
    url = f"http://127.0.0.1:{lander.port}"
    crowd = ("--visitors", "20", "--rates", "a=0.5", "--days", "3", "--url", url)
    lines = terminal.read("simulate", "--site", HOST, "--slug", "said", *crowd).splitlines()
    assert lines[0].startswith("20 visitors and ")
    assert lines[1].startswith("a: ")
    assert lines[-1].startswith("Not to be counted: ")


def test_a_page_that_is_not_served_gets_no_visitors(terminal: Terminal, lander: Lander) -> None:
    url = f"http://127.0.0.1:{lander.port}"
    crowd = ("--visitors", "5", "--rates", "a=0.1", "--url", url)
    reason = terminal.refused("simulate", "--site", HOST, "--slug", "nothing", *crowd)
    assert reason == f"{url} serves no page {HOST}/nothing. Publish it first."
