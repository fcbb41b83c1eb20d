"""Variants as Maya uses them: looked back at, compared, restored, undone, shared, forced live, and published at a time."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import AGENT, OpenStudio
from tests.live import Lander
from tests.screens import look_at

pytestmark = pytest.mark.browser

HOST = "go.localhost"
ZONE = ZoneInfo("Africa/Nairobi")  # where no hour is skipped or comes twice
SOURCE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Bumpers</title></head>
<body>
<h1>Bumpers for {{city|titlecase|everybody}}</h1>
<form><label>E-mail <input type="email" name="email" required></label> <button>Send me one</button></form>
</body>
</html>
"""


@pytest.fixture(scope="module")
def installation(lander: Lander) -> Lander:
    lander.ok("site", "add", HOST, "--core-site", "www.localhost", "--timezone", ZONE.key)
    return lander


def make_page(lander: Lander, folder: Path, slug: str, *, live: bool = False) -> None:
    """A page with variants a and b, which differ in one word."""
    for key, word in (("a", "Bumpers"), ("b", "Buggies")):
        file = folder / f"{slug}-{key}.html"
        file.write_text(SOURCE.replace("<h1>Bumpers", f"<h1>{word}"))
        lander.ok("page", "import", "--site", HOST, "--slug", slug, "--variant", key, str(file))
    if live:
        lander.ok("page", "publish", "--site", HOST, "--slug", slug)
        lander.wait_for(HOST, f"/{slug}")


def go_to(tab: Page, lander: Lander, path: str) -> None:
    tab.goto(lander.url("studio.localhost", path))


def save_headline(tab: Page, lander: Lander, slug: str, word: str) -> None:
    go_to(tab, lander, f"/pages/{slug}/a/source")
    tab.get_by_label("HTML source").fill(SOURCE.replace("<h1>Bumpers", f"<h1>{word}"))
    tab.get_by_role("button", name="Save as a new draft").click()
    expect(tab.get_by_role("status")).to_contain_text("Saved as a new draft.")


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_a_save_is_undone_compared_and_restored(
    installation: Lander, open_studio: OpenStudio, tmp_path: Path, scripts: bool
) -> None:
    slug = f"history-{scripts}".lower()
    make_page(installation, tmp_path, slug)
    maya = open_studio(java_script_enabled=scripts)
    shown = maya.frame_locator("#preview").get_by_role("heading")

    save_headline(maya, installation, slug, "Wheels")
    expect(shown).to_have_text("Wheels for everybody")
    maya.get_by_role("button", name="Undo", exact=True).click()
    expect(maya.get_by_role("status")).to_contain_text("Undone")
    expect(shown).to_have_text("Bumpers for everybody")

    maya.get_by_role("link", name="History of A").click()
    expect(maya.get_by_role("row")).to_have_count(4)
    expect(maya.get_by_role("row").nth(1)).to_contain_text("version 2 undone")
    maya.get_by_label("before, version 1").check()
    maya.get_by_label("after, version 2").check()
    maya.get_by_role("button", name="Compare", exact=True).click()
    expect(maya.get_by_role("heading", name="1 thing reads differently.")).to_be_visible()
    expect(maya.locator(".changes")).to_contain_text("Headline")
    assert (maya.inner_text(".changes del"), maya.inner_text(".changes ins")) == ("Bumpers", "Wheels")
    expect(maya.frame_locator("#before").get_by_role("heading")).to_have_text("Bumpers for everybody")
    expect(maya.frame_locator("#after").get_by_role("heading")).to_have_text("Wheels for everybody")
    if scripts:
        maya.get_by_label("Phone").check()
        widths = [maya.locator(f"#{side}").evaluate("frame => frame.clientWidth") for side in ("before", "after")]
        assert widths[0] == widths[1] <= 390
    maya.get_by_text("The source, line by line").click()
    expect(maya.locator(".difference .added")).to_contain_text("Wheels")

    maya.get_by_role("button", name="Restore version 2").click()
    expect(maya.get_by_role("status")).to_contain_text("Restored as a new draft.")
    expect(shown).to_have_text("Wheels for everybody")


def test_a_variant_is_named_and_compared_with_another_by_keyboard_alone(
    installation: Lander, open_studio: OpenStudio, tmp_path: Path
) -> None:
    make_page(installation, tmp_path, "named")
    maya = open_studio()
    go_to(maya, installation, "/pages/named/b")
    maya.get_by_text("Name B", exact=True).focus()
    maya.keyboard.press("Enter")
    maya.keyboard.press("Tab")
    maya.keyboard.type("Shorter headline")
    maya.keyboard.press("Enter")
    expect(maya.get_by_role("status")).to_contain_text("The name stands beside the letter")
    expect(maya.get_by_role("navigation", name="Variants")).to_contain_text("Shorter headline")
    go_to(maya, installation, "/pages/named/a/history")
    maya.get_by_role("link", name="Compare with").focus()
    maya.keyboard.press("Enter")
    expect(maya.get_by_role("heading", name="After: b Shorter headline, version 1")).to_be_visible()
    assert maya.inner_text(".changes ins") == "Buggies"


def test_somebody_outside_sees_the_draft_until_the_link_is_taken_back(
    installation: Lander, open_studio: OpenStudio, chromium: Browser, tmp_path: Path
) -> None:
    make_page(installation, tmp_path, "shared")
    maya = open_studio()
    go_to(maya, installation, "/pages/shared/b")
    maya.get_by_role("link", name="Share B").click()
    maya.get_by_label("For whom").fill("The agency")
    maya.get_by_label("city").fill("new york")
    maya.get_by_role("button", name="Make the link").click()
    expect(maya.get_by_role("status")).to_contain_text("Made.")
    address = maya.get_by_label("The link for The agency").input_value()
    with chromium.new_context() as outside:
        agency = outside.new_page()
        agency.goto(address)
        expect(agency.get_by_role("heading")).to_have_text("Buggies for New York")
        assert outside.cookies() == []
        maya.get_by_role("button", name="Take it back").click()
        expect(maya.get_by_role("status")).to_contain_text("Taken back.")
        agency.reload()
        expect(agency.get_by_role("heading")).to_have_text("This link does not work any more.")


def test_the_qa_link_shows_the_variant_live_and_counts_nothing(
    installation: Lander, open_studio: OpenStudio, chromium: Browser, tmp_path: Path
) -> None:
    make_page(installation, tmp_path, "qa", live=True)
    plan = ("--variants", "a,b", "--weights", "9999,1", "--goal", "form", "--hypothesis", "b is better")
    installation.ok("experiment", "start", "--site", HOST, "--slug", "qa", *plan)
    installation.wait_until_live(HOST, "qa")
    maya = open_studio()
    go_to(maya, installation, "/pages/qa/b/share")
    address = maya.get_by_label("The QA link").input_value()
    with chromium.new_context(user_agent=AGENT) as colleague:
        tab = colleague.new_page()
        tab.goto(address)
        expect(tab.get_by_role("heading")).to_have_text("Buggies for everybody")
        assert colleague.cookies() == []
        tab.goto(installation.url(HOST, "/qa"))
        expect(tab.get_by_role("heading")).to_have_text("Bumpers for everybody")
        assert [cookie["name"] for cookie in colleague.cookies()] == ["lp"]
    report = installation.wait_for_report(HOST, "qa", confirmed=1)
    assert [variant["served"] for variant in report["variants"]] == [1, 0]
    maya.get_by_role("link", name="Would a visit count?").click()
    expect(maya.get_by_role("status")).to_contain_text("Yes, as variant A")
    maya.get_by_label("The address that is opened").fill(address)
    maya.get_by_role("button", name="Would it count?").click()
    expect(maya.get_by_role("status")).to_contain_text("No: this is a QA link.")


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_publishing_is_scheduled_seen_and_cancelled(
    installation: Lander, open_studio: OpenStudio, tmp_path: Path, scripts: bool
) -> None:
    slug = f"scheduled-{scripts}".lower()
    make_page(installation, tmp_path, slug)
    maya = open_studio(java_script_enabled=scripts)
    go_to(maya, installation, f"/pages/{slug}")
    maya.get_by_role("link", name="At a time …").click()
    maya.get_by_label("Time", exact=True).fill("06:30")
    maya.get_by_role("button", name="Schedule it").click()
    expect(maya.get_by_role("status")).to_contain_text("Scheduled.")
    row = maya.get_by_role("row", name=re.compile(f"06:30 .*{slug}"))
    expect(row).to_contain_text("Publish")
    row.get_by_role("button", name="Cancel").click()
    expect(maya.get_by_role("status")).to_contain_text("Cancelled.")
    expect(maya.get_by_role("heading", name="Over")).to_be_visible()


def test_what_is_due_reaches_visitors_and_what_cannot_be_done_reaches_home(
    installation: Lander, open_studio: OpenStudio, tmp_path: Path
) -> None:
    make_page(installation, tmp_path, "due")
    make_page(installation, tmp_path, "never-live")
    soon = (datetime.now(UTC) + timedelta(seconds=5)).astimezone(ZONE)
    at = ("--at", f"{soon:%Y-%m-%d %H:%M:%S}")
    installation.ok("schedule", "add", "--site", HOST, "--slug", "due", *at, "publish")
    installation.ok("schedule", "add", "--site", HOST, "--slug", "never-live", *at, "withdraw")
    assert b"Bumpers for everybody" in installation.wait_for(HOST, "/due")
    maya = open_studio()
    expect(maya.get_by_text("go.localhost/never-live: “Take away” was not done.")).to_be_visible()
    maya.get_by_role("link", name="See it").first.click()
    maya.get_by_role("button", name=re.compile("Put aside.*never-live")).click()
    expect(maya.get_by_role("status")).to_contain_text("Put aside.")


def test_two_people_who_edit_one_source_lose_nothing(
    installation: Lander, open_studio: OpenStudio, tmp_path: Path
) -> None:
    make_page(installation, tmp_path, "together")
    first, second = open_studio(), open_studio()
    for tab in (first, second):
        go_to(tab, installation, "/pages/together/a/source")
    first.get_by_label("HTML source").fill(SOURCE.replace("Send me one", "Order now"))
    first.get_by_role("button", name="Save as a new draft").click()
    expect(first.get_by_role("status")).to_contain_text("Saved as a new draft.")
    mine = SOURCE.replace("<h1>Bumpers", "<h1>Wheels")
    second.get_by_label("HTML source").fill(mine)
    second.get_by_role("button", name="Save as a new draft").click()
    expect(second.get_by_role("alert")).to_contain_text("maya saved version 2 since you opened this.")
    expect(second.locator(".difference .added")).to_contain_text("Order now")
    assert second.get_by_label("HTML source").input_value().strip() == mine.strip()
    second.get_by_label("HTML source").fill(mine.replace("Send me one", "Order now"))
    second.get_by_role("button", name="Save as a new draft").click()
    expect(second.get_by_role("status")).to_contain_text("Saved as a new draft.")
    preview = second.frame_locator("#preview")
    expect(preview.get_by_role("heading")).to_have_text("Wheels for everybody")
    expect(preview.get_by_role("button")).to_have_text("Order now")
    second.get_by_role("link", name="History of A").click()
    expect(second.get_by_role("row")).to_have_count(4)


def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    installation: Lander, open_studio: OpenStudio, tmp_path: Path
) -> None:
    slug = "axe"
    make_page(installation, tmp_path, slug, live=True)
    on = ("--site", HOST, "--slug", slug)
    installation.ok("variant", "rename", *on, "b", "Shorter headline")
    installation.ok("share", "add", *on, "--variant", "b", "--for", "The agency", "--value", "city=Oslo")
    tomorrow = datetime.now(ZONE) + timedelta(days=1)
    installation.ok("schedule", "add", *on, "--at", f"{tomorrow:%Y-%m-%d} 09:30", "withdraw")
    maya = open_studio()
    save_headline(maya, installation, slug, "Wheels")
    look_at(maya)
    for path in (
        f"/pages/{slug}/a/history",
        f"/pages/{slug}/a/compare?with=b",
        f"/pages/{slug}/b/share",
        f"/pages/{slug}/b/visit",
        "/schedules",
        f"/schedules/new?page={HOST}/{slug}",
        f"/experiments/new?page={HOST}/{slug}",
    ):
        go_to(maya, installation, path)
        look_at(maya)
