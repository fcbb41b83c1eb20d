"""The main job as its people do it: Maya from sign-in to a running test, a refusal that Ivan settles, Ana at the report.

Real clicks in a real browser, real servers, nothing typed into an address bar but the studio's own start.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.conftest import AGENT, listen
from tests.live import PASSWORDS, Lander

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
ALLOWED = """[isolation.allow]
script = ["cdn.example.net"]
"""


@pytest.fixture(scope="module")
def installation(lander: Lander) -> Lander:
    lander.ok("site", "add", HOST, "--core-site", "www.localhost", "--timezone", "Europe/Berlin")
    return lander


@pytest.fixture
def studio_tab(installation: Lander, chromium: Browser) -> Iterator["StudioTab"]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(10_000)
    yield StudioTab(context, installation)
    context.close()


class StudioTab:
    """The studio in front of somebody."""

    def __init__(self, context: BrowserContext, lander: Lander) -> None:
        self.page = context.new_page()
        self._lander = lander

    def sign_in(self, name: str) -> Page:
        self.page.goto(self._lander.url("studio.localhost"))
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(PASSWORDS[name])
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(self._lander.url("studio.localhost"))
        return self.page


def test_maya_gets_from_a_zip_to_a_running_test(
    installation: Lander, studio_tab: StudioTab, chromium: Browser, tmp_path: Path
) -> None:
    archive = tmp_path / "bumpers.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("index.html", PAGE)
    maya = studio_tab.sign_in("maya")

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
    installation.wait_for(HOST, "/bumpers", patience_s=2)

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

    assert _visit(installation, chromium, visitors=12) == {"Bumpers for everybody", "Buggies for everybody"}


def test_ana_reads_what_the_visitors_did(installation: Lander, studio_tab: StudioTab) -> None:
    installation.wait_for_report(HOST, "bumpers", confirmed=10)  # one or two may have come before the start was visible
    ana = studio_tab.sign_in("ana")
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


def test_ana_cannot_publish(installation: Lander, studio_tab: StudioTab) -> None:
    ana = studio_tab.sign_in("ana")
    ana.get_by_role("link", name="Pages", exact=True).first.click()
    ana.get_by_role("link", name="bumpers").first.click()
    expect(ana.get_by_role("button", name="Publish", exact=True)).to_have_count(0)


def test_the_report_is_the_same_for_the_api_and_the_command_line(installation: Lander, studio_tab: StudioTab) -> None:
    ana = studio_tab.sign_in("ana")
    answered = ana.evaluate("fetch('/api/v1/experiments/bumpers-1/report').then((answer) => answer.json())")
    assert answered == installation.ok("report", "--site", HOST, "--slug", "bumpers")


def _let_ivan_allow_it(lander: Lander, folder: Path) -> None:
    policy = folder / "policy.toml"
    policy.write_text(ALLOWED)
    lander.ok("policy", "check", str(policy))
    lander.ok("policy", "apply", str(policy))


def _visit(lander: Lander, chromium: Browser, *, visitors: int) -> set[str]:
    """Visitors come, each in a browser of their own; the allowed script runs on what they see."""
    seen = set()

    def answer(route: Route) -> None:
        route.fulfill(body="window.widget = 1;", content_type="text/javascript")

    for _ in range(visitors):
        context = chromium.new_context(user_agent=AGENT)
        tab = context.new_page()
        tab.route(WIDGET, answer)
        with tab.expect_response("**/_l/b"):
            tab.goto(lander.url(HOST, "/bumpers"))
        assert tab.evaluate("window.widget") == 1
        seen.add(tab.inner_text("h1"))
        context.close()
    return seen
