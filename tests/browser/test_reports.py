"""Tests as Ana runs them: read through three lenses, as of a day, on paper and by keyboard; decided, kept, planned anew."""

import hashlib
import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import Engine
from sqlmodel import select

from experiments import ledger, receipts
from experiments.events import Event, Kind
from experiments.goals import Goal, GoalKind, Role
from experiments.models import Experiment
from lander.config import load_settings
from lander.db import make_engine, transaction
from lander.pages import models
from lander.pages.testing import start_experiment
from tests.browser.conftest import OpenStudio, tab_to
from tests.live import Lander
from tests.patience import wait_until
from tests.screens import look_at

pytestmark = pytest.mark.browser

HOST, ZONE = "go.localhost", ZoneInfo("Europe/Berlin")
DAYS, VISITORS_A_DAY = 12, 700
NOW = datetime.now(UTC)
ROW_OF_B = re.compile("^b ")
GOALS = {  # and how often each variant's visitors reach them
    Goal(GoalKind.CLICK, "a.phone", key="click-2"): {"a": 0.1, "b": 0.15},
    Goal(GoalKind.SCROLL, threshold=75, key="scroll-3"): {"a": 0.5, "b": 0.5},
    Goal(GoalKind.TIME, threshold=30, role=Role.GUARDRAIL, margin=0.2, key="time-4"): {"a": 0.6, "b": 0.6},
}
SOURCE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><form><label>E-mail <input type="email" name="email" required></label> <button>Send</button></form>
<a class="phone" href="tel:+4930123456">Call us</a></body>
</html>
"""


@pytest.fixture(scope="module")
def installation(lander: Lander, tmp_path_factory: pytest.TempPathFactory) -> Lander:
    """Two of five pages under test for twelve days: on one B is clearly better, on the other it loses phones. The first
    test counts three further goals, and knows what some leads are worth.
    """
    lander.ok("site", "add", HOST, "--core-site", "www.localhost", "--timezone", ZONE.key)
    folder = tmp_path_factory.mktemp("pages")
    for slug in ("buggies", "prams", "strollers", "carts", "wagons"):
        make_page(lander, folder, slug)
    engine = make_engine(load_settings(lander.environ).database_url)
    send_visitors(engine, lander, "buggies", seed=1, rates={"a": 0.05, "b": 0.075}, goals=GOALS)
    receive(engine, "buggies-1", a=100, b=150)
    send_visitors(engine, lander, "prams", seed=2, rates={"a": 0.05, "b": 0.05}, lost={"b": 0.3})
    engine.dispose()
    return lander


def make_page(lander: Lander, folder: Path, slug: str) -> None:
    for key, word in (("a", "Bumpers"), ("b", "Buggies")):
        file = folder / f"{slug}-{key}.html"
        file.write_text(SOURCE.format(title=f"{word} for everybody"))
        lander.ok("page", "import", "--site", HOST, "--slug", slug, "--variant", key, str(file))
    lander.ok("page", "publish", "--site", HOST, "--slug", slug)


def send_visitors(
    engine: Engine,
    lander: Lander,
    slug: str,
    *,
    seed: int,
    rates: dict[str, float],
    lost: dict[str, float] | None = None,
    goals: Mapping[Goal, dict[str, float]] | None = None,
) -> None:
    """A test that began twelve days ago, and everybody who has come since; `lost`: phones that never confirm."""
    settings = load_settings(lander.environ)
    with transaction(engine) as session:
        page = session.exec(select(models.Page).where(models.Page.slug == slug)).one()
        experiment = start_experiment(
            session,
            settings,
            page=page,
            variants=dict.fromkeys(rates, 10_000 // len(rates)),
            goal="form",
            goals=[replace(goal, key="") for goal in goals or {}],
            hypothesis=f"The word on {slug} that sounds like fun brings more leads",
            actor="maya",
            now=NOW - timedelta(days=DAYS),
        )
        events = list(_visits(experiment, random.Random(seed), rates, lost or {}, goals or {}))
    for first in range(0, len(events), 5_000):
        with transaction(engine) as session:
            ledger.ingest(session, events[first : first + 5_000])


def receive(engine: Engine, experiment: str, **valued: int) -> None:
    """What so many leads of each variant turned out to be worth."""
    with transaction(engine) as session:
        for variant, number in valued.items():
            for lead in range(number):
                receipts.record(
                    session,
                    experiment_key=experiment,
                    phase=1,
                    variant=variant,
                    reference=f"{variant} {lead}",
                    amount_minor=9_000 + 500 * (lead % 7),
                    simulated=False,
                    now=NOW - timedelta(days=1),
                )


def _visits(
    experiment: Experiment,
    chance: random.Random,
    rates: dict[str, float],
    lost: dict[str, float],
    goals: Mapping[Goal, dict[str, float]],
) -> Iterator[Event]:
    assert experiment.id is not None
    further = random.Random(f"goals of {experiment.key}")
    for number in range(DAYS * VISITORS_A_DAY):
        at = NOW - timedelta(days=DAYS) + timedelta(minutes=1 + number * (DAYS * 1440 - 2) / (DAYS * VISITORS_A_DAY))
        variant = chance.choice(list(rates))
        device, source = chance.choice(["phone", "phone", "desktop"]), chance.choice(["google", "newsletter"])
        who = hashlib.md5(f"{experiment.key} {number}".encode(), usedforsecurity=False).hexdigest()
        at_ms = int(at.timestamp() * 1000)
        seen = Event(
            Kind.SERVED, experiment.id, 1, variant, who, at_ms, at_ms, device, "chrome", source, returning=False
        )
        if chance.random() < 0.03:
            yield seen._replace(kind=Kind.FILTERED, reason="bot")
            continue
        yield seen._replace(campaign="" if number % 3 else "spring")
        if device == "phone" and chance.random() < lost.get(variant, 0.0):
            continue
        yield seen._replace(kind=Kind.CONFIRMED)
        if chance.random() < rates[variant]:
            yield seen._replace(kind=Kind.CONVERSION, goal="form", at_ms=at_ms + 30_000)
        for goal, shares in goals.items():
            if further.random() < shares[variant]:
                yield seen._replace(kind=Kind.CONVERSION, goal=goal.key, at_ms=at_ms + 20_000)


def open_report(tab: Page, slug: str) -> None:
    tab.get_by_role("link", name="Experiments", exact=True).first.click()
    tab.get_by_role("link", name=f"{slug}-1", exact=True).first.click()
    tab.get_by_role("link", name="Read the report").click()
    tab.wait_for_url(f"**/experiments/{slug}-1/report")


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_ana_reads_the_report_from_the_verdict_down(
    installation: Lander, open_studio: OpenStudio, scripts: bool
) -> None:
    tab = open_studio("ana", java_script_enabled=scripts)
    open_report(tab, "buggies")

    expect(tab.locator(".verdict")).to_contain_text("B is very likely better than A")
    row = tab.get_by_role("region", name="Variants").get_by_role("row", name=ROW_OF_B)
    decided = row.inner_text()
    tab.get_by_role("link", name="The data alone").click()
    tab.wait_for_url("**?lens=data*")
    assert row.inner_text() != decided
    tab.get_by_role("link", name="At any time").click()
    tab.wait_for_url("**?lens=anytime*")
    expect(tab.get_by_role("region", name="Variants")).to_contain_text("to 1strong")
    tab.get_by_role("link", name="For deciding").click()
    wait_until(lambda: row.inner_text() == decided, "the report does not come back")

    for title in ("What is believed of each rate", "Lift over A", "Probability to be best, day by day", "Day by day"):
        figure = tab.get_by_role("figure", name=title, exact=True)
        expect(figure.locator("svg.marks")).to_be_visible()
        figure.get_by_text("The numbers").click()
        expect(figure.get_by_role("table")).to_be_visible()
    expect(tab.get_by_role("region", name="Device")).to_contain_text("phone")
    expect(tab.get_by_role("region", name="What was filtered, and why")).to_contain_text("Bots")


def test_ana_sees_the_report_as_it_stood(installation: Lander, open_studio: OpenStudio) -> None:
    tab = open_studio("ana")
    open_report(tab, "buggies")
    now = tab.get_by_role("region", name="Variants").inner_text()
    day = (NOW - timedelta(days=8)).astimezone(ZONE).date()

    tab.get_by_label("The report as it stood at the end of").fill(day.isoformat())
    tab.get_by_role("button", name="Show").click()

    expect(tab.locator(".past")).to_contain_text(f"This is how it stood at the end of {day.day} {day:%b %Y}")
    expect(tab.locator(".verdict")).to_contain_text("Too early to say")
    assert tab.get_by_role("region", name="Variants").inner_text() != now
    expect(tab.get_by_role("link", name="Decide")).to_have_count(0)
    tab.get_by_role("link", name="Back to now").click()
    wait_until(lambda: tab.get_by_role("region", name="Variants").inner_text() == now, "now does not come back")


def test_a_broken_split_names_step_and_place(installation: Lander, open_studio: OpenStudio) -> None:
    tab = open_studio("ana")
    open_report(tab, "prams")
    expect(tab.locator(".verdict")).to_contain_text("Don't read this result")
    expect(tab.locator(".verdict")).to_contain_text("between served and confirmed, on device phone")
    expect(tab.get_by_role("region", name="Where the split does not hold")).to_contain_text("device phone")


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_ana_reads_further_goals_and_money(installation: Lander, open_studio: OpenStudio, scripts: bool) -> None:
    tab = open_studio("ana", java_script_enabled=scripts)
    open_report(tab, "buggies")

    goals = tab.get_by_role("region", name="Other goals")
    expect(goals.get_by_role("row", name=ROW_OF_B).first).to_contain_text("a discovery")
    expect(goals.get_by_role("row", name=ROW_OF_B).last).to_contain_text("could be chance")
    expect(tab.get_by_role("region", name="Guardrails").get_by_role("row", name=ROW_OF_B)).to_contain_text("fine")
    expect(tab.get_by_role("region", name="Money").get_by_role("row", name=ROW_OF_B)).to_contain_text("150")
    decided = goals.inner_text()
    tab.get_by_role("link", name="The data alone").click()
    tab.wait_for_url("**?lens=data*")
    assert goals.inner_text() != decided


def test_ana_asks_for_campaigns_and_for_the_evidence_of_each_day(installation: Lander, open_studio: OpenStudio) -> None:
    tab = open_studio("ana")
    open_report(tab, "buggies")
    tab.get_by_role("link", name="At any time").click()
    tab.get_by_role("link", name="With campaigns").click()
    tab.wait_for_url("**lens=anytime&by=campaign*")
    campaigns = tab.get_by_role("region", name="Campaign")
    expect(campaigns.get_by_role("rowheader")).to_have_text(["spring", "(none)"])
    expect(tab.locator("main")).to_contain_text("(none) had no utm_campaign")
    figure = tab.get_by_role("figure", name="Evidence, day by day")
    expect(figure.locator("svg.marks")).to_contain_text("strong")
    figure.get_by_text("The numbers").click()
    expect(figure.get_by_role("row")).to_have_count(DAYS + 2)  # head, and a day at each end that is not whole
    look_at(tab)
    with tab.expect_download() as file:
        figure.get_by_role("link", name="Vega-Lite").click()
    assert json.loads(file.value.path().read_text())["description"].endswith("Evidence, to 1")
    tab.set_viewport_size({"width": 390, "height": 844})
    assert campaigns.evaluate("table => table.scrollWidth <= table.clientWidth")  # a phone shows the lift, too


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_where_a_plot_goes_on(installation: Lander, open_studio: OpenStudio, scheme: str) -> None:
    tab = open_studio("ana", color_scheme=scheme, viewport={"width": 390, "height": 844})
    open_report(tab, "buggies")
    plot = tab.get_by_role("figure").first.locator(".canvas")
    plot.scroll_into_view_if_needed()
    assert plot.evaluate("plot => plot.scrollWidth > plot.clientWidth")
    assert find_shades(plot) == (False, True)
    plot.evaluate("plot => plot.scrollTo(60, 0)")
    assert find_shades(plot) == (True, True)
    plot.evaluate("plot => plot.scrollTo(plot.scrollWidth, 0)")
    assert find_shades(plot) == (True, False)


def find_shades(plot: Locator) -> tuple[bool, bool]:
    """Whether the left and the right side are darker or lighter there than the sheet, which shows between the marks."""
    with Image.open(BytesIO(plot.screenshot())) as taken:
        row = taken.convert("RGB").crop((0, 1, taken.width, 2))
        colours = [row.getpixel((x, 0)) for x in (1, taken.width - 2)]
        sheet = max(row.getcolors())[1]
    return colours[0] != sheet, colours[1] != sheet


def test_the_report_is_read_by_keyboard_alone(installation: Lander, open_studio: OpenStudio) -> None:
    tab = open_studio("ana")
    open_report(tab, "buggies")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")  # skip to the content
    for _ in range(40):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.textContent") == "The data alone":
            break
    tab.keyboard.press("Enter")
    tab.wait_for_url("**?lens=data*")
    for _ in range(60):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.textContent") == "The numbers":
            break
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("figure").first.get_by_role("table")).to_be_visible()


def test_every_state_of_a_report_is_readable_by_everybody(installation: Lander, open_studio: OpenStudio) -> None:
    tab = open_studio("ana")
    day = (NOW - timedelta(days=8)).astimezone(ZONE).date()
    states = ["/buggies-1/report", "/buggies-1/report?lens=data", "/buggies-1/report?lens=anytime", "/prams-1/report"]
    states += ["/buggies-1/export"]
    others = ["", "/archive", "/calibration", "/aa", "/new", "/new?page=go.localhost/strollers", "/buggies-1"]
    screens = [*states, f"/buggies-1/report?as_of={day}", *others]
    for path in screens:
        tab.goto(installation.url("studio.localhost", f"/experiments{path}"))
        look_at(tab)


def test_on_paper_nothing_is_left_that_only_a_click_can_use(installation: Lander, open_studio: OpenStudio) -> None:
    tab = open_studio("ana", color_scheme="dark")
    open_report(tab, "buggies")
    stands = tab.get_by_text("buggies-1, phase 1, as of")
    expect(stands).to_be_hidden()
    tab.emulate_media(media="print")
    expect(stands).to_be_visible()
    expect(tab.locator(".verdict")).to_be_visible()
    expect(tab.locator("svg.marks").first).to_be_visible()
    for hidden in ("header.masthead", "nav.switch", "form.then", ".actions"):
        expect(tab.locator(hidden).first).to_be_hidden()
    assert tab.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.locator("main").evaluate("main => main.scrollWidth <= main.clientWidth")


def test_ana_decides_finds_it_in_the_archive_and_plans_the_next_one(
    installation: Lander, open_studio: OpenStudio
) -> None:
    tab = open_studio("ana")
    open_report(tab, "prams")
    tab.get_by_role("link", name="Decide").click()

    tab.get_by_label("Ship B").check()
    tab.get_by_label("Why it ends now").fill("It looks nicer.")
    tab.get_by_role("button", name="End the test").click()
    expect(tab.get_by_role("alert")).to_contain_text("The report does not ask for B. It says: Don't read this result")
    tab.get_by_label("Keep control").check()
    tab.get_by_role("button", name="End the test").click()
    expect(tab.get_by_role("status")).to_contain_text("Stopped.")
    expect(tab.get_by_role("region", name="History of looks")).to_contain_text("decided")

    tab.get_by_role("link", name="Experiments", exact=True).first.click()
    tab.get_by_role("link", name="Archive", exact=True).click()
    tab.get_by_label("Words").fill("prams nicer")
    tab.get_by_role("button", name="Search").click()
    expect(tab.locator(".ledger")).to_contain_text("A stayed: The word on prams that sounds like fun brings more leads")
    expect(tab.locator(".ledger")).to_contain_text("by ana")
    look_at(tab)
    tab.get_by_role("link", name="Did it come true").click()
    expect(tab.locator("main")).to_contain_text("Tests that have ended")
    look_at(tab)

    tab.get_by_role("link", name="Experiments", exact=True).first.click()
    tab.get_by_role("link", name="Plan an experiment").click()
    tab.get_by_label("Page", exact=True).select_option(label="go.localhost/prams")
    tab.get_by_role("button", name="Continue").click()
    need = tab.locator("#need")
    expect(need).to_contain_text("measured on this page")
    expect(need).to_contain_text("Chance to know within 28 days")
    before = need.inner_text()
    tab.get_by_label("Smallest lift worth having").fill("40")
    expect(need).to_contain_text("lift of +40 %")
    assert need.inner_text() != before
    tab.get_by_label("What you expect, and why").fill("Fewer fields, more leads.")
    tab.get_by_role("button", name="Start the test").click()
    expect(tab.get_by_role("status")).to_contain_text("Started.")
    tab.get_by_role("link", name="Read the report").click()
    expect(tab.locator("main")).to_contain_text("Smallest lift worth having")


def test_maya_plans_further_goals_by_keyboard(installation: Lander, open_studio: OpenStudio) -> None:
    tab = open_studio("maya")
    tab.goto(installation.url("studio.localhost", "/experiments/new?page=go.localhost/wagons"))
    tab.get_by_label("What you expect, and why").fill("More calls.")
    tab_to(tab, tab.get_by_text("Count more beside it"))
    tab.keyboard.press("Enter")
    first, second = tab.get_by_role("group", name="Goal 1"), tab.get_by_role("group", name="Goal 2")
    tab_to(tab, first.get_by_label("What is counted"))
    tab.keyboard.type("Clicks")
    tab.keyboard.press("Tab")
    tab.keyboard.type("a.phone")
    tab_to(tab, second.get_by_label("What is counted"))
    tab.keyboard.type("Stayed")
    tab.keyboard.press("Tab")
    tab.keyboard.type("soon")
    tab.keyboard.press("Tab")
    tab.keyboard.type("Guardrail")
    look_at(tab)
    tab.get_by_role("button", name="Start the test").click()

    expect(tab.get_by_role("alert")).to_contain_text("Goal 2 needs a whole number of seconds")
    expect(second.locator(".field-error")).to_be_visible()
    expect(first.get_by_label("Selector, % or seconds")).to_have_value("a.phone")
    look_at(tab)
    tab.get_by_role("alert").get_by_role("link").click()
    expect(second.get_by_label("Selector, % or seconds")).to_be_focused()
    second.get_by_label("Selector, % or seconds").fill("30")
    tab.get_by_role("button", name="Start the test").click()
    expect(tab.get_by_role("status")).to_contain_text("Started.")
    expect(tab.locator("main")).to_contain_text("30 seconds on the page, a guardrail: at most 5 % below control")
    look_at(tab)


def test_maya_plans_further_goals_without_javascript(installation: Lander, open_studio: OpenStudio) -> None:
    tab = open_studio("maya", java_script_enabled=False)
    tab.goto(installation.url("studio.localhost", "/experiments/new?page=go.localhost/strollers"))
    tab.get_by_label("What you expect, and why").fill("More calls.")
    tab.get_by_text("Count more beside it").click()
    goal = tab.get_by_role("group", name="Goal 1")
    goal.get_by_label("What is counted").select_option(label="Scrolled, %")
    goal.get_by_label("Selector, % or seconds").fill("75")
    tab.get_by_role("button", name="Start the test").click()
    expect(tab.locator("main")).to_contain_text("75 % of the page seen")


def test_ana_starts_an_aa_test_in_one_click(installation: Lander, open_studio: OpenStudio) -> None:
    tab = open_studio("ana")
    tab.get_by_role("link", name="Experiments", exact=True).first.click()
    tab.get_by_role("link", name="A/A tests").click()
    tab.get_by_label("Page", exact=True).select_option(label="go.localhost/carts")
    tab.get_by_role("button", name="Start the A/A test").click()
    expect(tab.get_by_role("status")).to_contain_text("Started.")
    tab.goto(installation.url("studio.localhost", "/experiments/aa"))
    expect(tab.get_by_role("region", name="How they went")).to_contain_text("carts-1")
    look_at(tab)
