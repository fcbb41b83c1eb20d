"""The main job as its people do it: Maya from sign-in to a running test, a refusal that Ivan settles, Ana at the report.

Real clicks in a real browser, real servers, nothing typed into an address bar but the studio's own start.
"""

import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.browser.conftest import AGENT, OpenStudio, listen
from tests.live import Lander

pytestmark = pytest.mark.browser

HOST = "go.localhost"
WIDGET = "https://cdn.example.net/widget.js"
PAGE = f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Bumpers for everybody</title></head>
<body>
<h1>Bumpers for everybody</h1>
<form><label>E-mail <input type="email" name="email" required></label> <button>Send me one</button></form>
<script src="{WIDGET}"></script>
</body>
</html>
"""
FEWEST_VISITORS = 10
MOMENTS = {"as_of", "elapsed_days"}  # each report is of the moment it was asked for
MOST_VISITORS = 40  # that all of them see the same variant happens once in 5 * 10**11 runs
ALLOWED = """[isolation.allow]
script = ["cdn.example.net"]
"""


@pytest.fixture(scope="module")
def installation(lander: Lander) -> Lander:
    lander.ok("site", "add", HOST, "--core-site", "www.localhost", "--timezone", "Europe/Berlin")
    return lander


def test_maya_gets_from_a_zip_to_a_running_test(
    installation: Lander, open_studio: OpenStudio, chromium: Browser, tmp_path: Path
) -> None:
    archive = tmp_path / "bumpers.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("index.html", PAGE)
    maya = open_studio("maya")
    maya.context.route(WIDGET, load_widget)  # its preview loads it too

    maya.get_by_role("link", name="Pages", exact=True).first.click()
    maya.get_by_role("link", name="New page").click()
    maya.get_by_label("Address").fill("bumpers")
    maya.get_by_label("File").set_input_files(archive)
    maya.get_by_role("button", name="Upload").click()
    expect(maya.get_by_role("status")).to_contain_text("Imported.")
    expect(maya.frame_locator("#preview").get_by_role("heading")).to_have_text("Bumpers for everybody")

    # the policy refuses the script, and says where it stands and what can be done
    maya.get_by_role("button", name="Publish", exact=True).click()
    refusal = maya.locator("main")
    expect(refusal).to_contain_text("Line 7 loads a script from cdn.example.net")
    expect(refusal).to_contain_text("Your IT allows no scripts from there")
    expect(refusal).to_contain_text("Take it out")
    response, _ = installation.request("GET", HOST, "/bumpers")
    assert response.status == 404

    _let_ivan_allow_it(installation, tmp_path)
    maya.get_by_role("link", name="Pages", exact=True).first.click()
    maya.get_by_role("link", name="bumpers").first.click()
    maya.get_by_role("button", name="Publish", exact=True).click()
    expect(maya.get_by_role("status")).to_contain_text("Published.")
    installation.wait_for(HOST, "/bumpers")

    maya.get_by_role("button", name="Copy A to a new variant").click()
    maya.get_by_role("link", name="Edit the source").click()
    source = maya.get_by_label("HTML source")
    source.fill(source.input_value().replace("Bumpers", "Buggies"))
    maya.get_by_role("button", name="Save as a new draft").click()
    expect(maya.frame_locator("#preview").get_by_role("heading")).to_have_text("Buggies for everybody")
    maya.get_by_role("button", name="Publish", exact=True).click()
    expect(maya.get_by_role("status")).to_contain_text("Published.")

    maya.get_by_role("link", name="Experiments", exact=True).first.click()
    maya.get_by_role("link", name="Plan an experiment").first.click()
    maya.get_by_label("Page", exact=True).select_option(label="go.localhost/bumpers")
    maya.get_by_role("button", name="Continue").click()
    expect(maya.locator("#need")).to_contain_text("visitors per variant")
    maya.get_by_label("What you expect, and why").fill("Buggies is the word our buyers use.")
    maya.get_by_role("button", name="Start the test").click()
    expect(maya.get_by_role("status")).to_contain_text("Started.")

    installation.wait_until_live(HOST, "bumpers")
    assert _visit(installation, chromium) == {"Bumpers for everybody", "Buggies for everybody"}


def test_ana_reads_what_the_visitors_did(installation: Lander, open_studio: OpenStudio) -> None:
    installation.wait_for_report(HOST, "bumpers", confirmed=FEWEST_VISITORS)
    ana = open_studio("ana")
    said = listen(ana)
    ana.get_by_role("link", name="Experiments", exact=True).first.click()
    ana.get_by_role("link", name="bumpers-1").first.click()
    ana.get_by_role("link", name="Read the report").click()
    ana.wait_for_url("**/experiments/bumpers-1/report")
    main = ana.locator("main")
    expect(main).to_contain_text("Too early to say")
    expect(main).to_contain_text("Buggies is the word our buyers use.")
    expect(ana.locator("main svg").first).to_be_visible()
    assert said == []


def test_ana_cannot_publish(installation: Lander, open_studio: OpenStudio) -> None:
    ana = open_studio("ana")
    ana.context.route(WIDGET, load_widget)
    ana.get_by_role("link", name="Pages", exact=True).first.click()
    ana.get_by_role("link", name="bumpers").first.click()
    expect(ana.get_by_role("button", name="Publish", exact=True)).to_have_count(0)


def test_the_report_is_the_same_for_the_api_and_the_command_line(installation: Lander, open_studio: OpenStudio) -> None:
    ana = open_studio("ana")
    answered = ana.evaluate("fetch('/api/v1/experiments/bumpers-1/report').then((answer) => answer.json())")
    printed = installation.ok("report", "--site", HOST, "--slug", "bumpers")
    for report in (answered, printed):
        assert report.keys() >= MOMENTS
    assert {**answered, **dict.fromkeys(MOMENTS)} == {**printed, **dict.fromkeys(MOMENTS)}


def load_widget(route: Route) -> None:
    route.fulfill(body="window.widget = 1;", content_type="text/javascript")


def _let_ivan_allow_it(lander: Lander, folder: Path) -> None:
    policy = folder / "policy.toml"
    policy.write_text(ALLOWED)
    lander.ok("policy", "check", str(policy))
    lander.ok("policy", "apply", str(policy))


def _visit(lander: Lander, chromium: Browser) -> set[str]:
    """Visitors come, each in a browser of their own, until two headlines were seen; the allowed script runs on both."""
    seen: set[str] = set()
    for number in range(MOST_VISITORS):
        if number >= FEWEST_VISITORS and len(seen) == 2:
            break
        context = chromium.new_context(user_agent=AGENT)
        tab = context.new_page()
        tab.route(WIDGET, load_widget)
        with tab.expect_response("**/_l/b"):
            tab.goto(lander.url(HOST, "/bumpers"))
        assert tab.evaluate("window.widget") == 1
        seen.add(tab.inner_text("h1"))
        context.close()
    return seen
