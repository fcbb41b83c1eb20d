"""The gate and "Search and social" as Maya uses them: real pages with their findings, a card that changes while she types,
a page that runs as it did before, and the same without JavaScript.
"""

import io
import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import AGENT, OpenStudio, listen
from tests.live import SHARED_PAGES, Lander
from tests.screens import look_at

pytestmark = pytest.mark.browser

HOST = "go.localhost"
SOURCE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Bumpers for everybody</title>
<link rel="canonical" href="https://old.example.com/bumpers">
<style>h1 { color: #123 }</style></head>
<body>
<h1>Bumpers</h1><h3>All of them</h3>
<p><a href="/nowhere">More</a> <img src="img/car.png"></p>
<form><input type="email" name="email" required placeholder="E-mail"><button>Send me one</button></form>
</body>
</html>
"""


@pytest.fixture(scope="module")
def installation(lander: Lander) -> Lander:
    lander.ok("site", "add", HOST, "--core-site", "www.localhost", "--timezone", "Europe/Berlin")
    return lander


def picture() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (1200, 630), "#b03a2e").save(made, "PNG")
    return made.getvalue()


def make_page(lander: Lander, folder: Path, slug: str, source: str = SOURCE) -> None:
    archive = folder / f"{slug}.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("index.html", source)
        made.writestr("img/car.png", picture())
    lander.ok("page", "import", "--site", HOST, "--slug", slug, str(archive))


def go_to(tab: Page, lander: Lander, path: str) -> None:
    tab.goto(lander.url("studio.localhost", path))


def test_maya_sets_the_card_sees_it_publishes_and_the_page_runs_as_before(
    installation: Lander, open_studio: OpenStudio, chromium: Browser, tmp_path: Path
) -> None:
    make_page(installation, tmp_path, "bumpers")
    maya = open_studio()
    go_to(maya, installation, "/pages/bumpers")
    findings = maya.get_by_role("region", name="worth mending")
    for said in ("no alternative text", "has no label", "skips a level", "leads to no page here", "old.example.com"):
        sentence = {"no alternative text": "without an alternative text"}.get(said, said)
        expect(findings).to_contain_text(sentence)
    findings.locator("summary", has_text="in order").click()
    expect(findings).to_contain_text("Google's ad checkers get what visitors get.")
    findings.get_by_role("link", name="Search and social").last.click()

    maya.get_by_label("Title", exact=True).fill("Buggies for everybody")
    expect(maya.locator("#card-title")).to_have_text("Buggies for everybody")
    expect(maya.locator("[data-count=social_title]")).to_have_text("21 of 60")
    maya.get_by_label("The address that speaks for this page").fill("/bumpers")
    structured = {"@context": "https://schema.org", "@type": "Product", "name": "</script><script>alert(1)</script>"}
    maya.get_by_label("Structured data (JSON-LD)").fill(json.dumps(structured))
    maya.get_by_label("Picture", exact=True).select_option(label="img/car.png")
    maya.get_by_label("What the picture shows").fill("A red car")
    maya.get_by_role("button", name="Save").click()
    expect(maya.get_by_role("status")).to_contain_text("after the next publish")
    expect(maya.get_by_role("img", name="A red car")).to_be_visible()
    expect(maya.get_by_text("replaced by what you set")).to_be_visible()

    maya.get_by_role("link", name="Back to the page").click()
    maya.get_by_role("button", name="Publish").click()
    expect(maya.get_by_role("status")).to_contain_text("Published")
    installation.wait_for(HOST, "/bumpers")
    context = chromium.new_context(user_agent=AGENT)
    visitor = context.new_page()
    complaints = listen(visitor)
    visitor.goto(installation.url(HOST, "/bumpers"))
    data = visitor.locator('script[type="application/ld+json"]')
    assert json.loads(data.inner_text()) == structured
    assert visitor.locator("link[rel=canonical]").get_attribute("href") == f"http://{HOST}/bumpers"
    image = visitor.locator('meta[property="og:image"]').get_attribute("content")
    assert image is not None
    response, body = installation.request("GET", HOST, image.removeprefix(f"http://{HOST}"))
    assert (response.status, body) == (200, picture())
    assert complaints == []
    context.close()


def test_it_works_without_javascript(installation: Lander, open_studio: OpenStudio, tmp_path: Path) -> None:
    make_page(installation, tmp_path, "plain")
    maya = open_studio(java_script_enabled=False)
    go_to(maya, installation, "/pages/plain/search")
    maya.get_by_label("The address that speaks for this page").fill("somewhere else")
    maya.get_by_label("Let search engines list this page").check()
    maya.get_by_role("button", name="Save").click()
    expect(maya.get_by_role("alert")).to_contain_text("'somewhere else' is no address that can be given here.")
    maya.get_by_label("The address that speaks for this page").fill("/plain")
    maya.locator("#picture").set_input_files({"name": "card.png", "mimeType": "image/png", "buffer": picture()})
    maya.get_by_role("button", name="Save").click()
    expect(maya.get_by_role("status")).to_contain_text("Saved.")
    expect(maya.get_by_label("Let search engines list this page")).to_be_checked()
    expect(maya.locator(".social img")).to_be_visible()


@pytest.mark.shared
@pytest.mark.parametrize("name", ["landing-page", "new-age"])
def test_a_real_page_is_told_all_of_its_findings_at_once_and_can_be_published(installation: Lander, name: str) -> None:
    archive = SHARED_PAGES / f"startbootstrap-{name}.zip"
    if not archive.exists():
        pytest.skip(f"{archive.name} is not beside the project")
    page = ("--site", HOST, "--slug", name)
    installation.ok("page", "import", *page, str(archive))
    checked = installation.run("page", "check", *page, "--json")
    found = json.loads(checked.stdout)["findings"]
    assert checked.returncode == 1
    assert {item["severity"] for item in found} == {"warn", "refuse"}
    assert {item["rule"].partition(".")[0] for item in found} >= {"isolation", "content"}
    assert "preflight" not in {item["rule"].partition(".")[0] for item in found}
    assert all(item["sentence"].endswith(".") and item["fix"] for item in found)
    left = installation.ok("page", "check", *page, "--strip-external")
    assert left["refusals"] == 0
    published = installation.ok("page", "publish", *page, "--strip-external")
    assert published["findings"] == left["findings"]


def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    installation: Lander, open_studio: OpenStudio, tmp_path: Path
) -> None:
    make_page(installation, tmp_path, "axe", SOURCE.replace("<body>", '<body onload="x()">'))
    maya = open_studio()
    go_to(maya, installation, "/pages/axe")
    maya.locator("summary", has_text="in order").click()
    look_at(maya)
    go_to(maya, installation, "/pages/axe/search")
    maya.get_by_label("Title", exact=True).fill("Buggies for everybody who never had one and wants one, now in red")
    maya.get_by_label("Picture", exact=True).select_option(label="img/car.png")
    maya.get_by_role("button", name="Save").click()
    expect(maya.get_by_role("status")).to_contain_text("Saved.")
    look_at(maya)
    maya.get_by_label("Structured data (JSON-LD)").fill("{")
    maya.get_by_role("button", name="Save").click()
    expect(maya.get_by_role("alert")).to_be_focused()
    look_at(maya)
