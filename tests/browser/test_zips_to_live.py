"""Two real landing pages as Maya ships them: from each zip to a running split of two variants, by clicks alone.

She brings the page's script inside, clicks what can be edited, copies the variant, changes the headline in place,
publishes, looks at both variants where visitors see them, and starts the test. What each step takes is printed (`-s`).
"""

import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import AGENT, OpenStudio, edit_in_place, listen, preview_of
from tests.live import ROOT, SHARED_PAGES, Lander
from tests.patience import PATIENCE_MS

pytestmark = [pytest.mark.browser, pytest.mark.shared, pytest.mark.timeout(300)]

HOST = "go.localhost"
BOOTSTRAP = "https://cdn.jsdelivr.net/npm/bootstrap@5.2.3/dist/js/bootstrap.bundle.min.js"
COPY = ROOT / "node_modules" / "bootstrap" / "dist" / "js" / "bootstrap.bundle.min.js"
MOST_VISITORS = 40  # that all of them see the same variant happens once in 5 * 10**11 runs


@dataclass(frozen=True)
class Zip:
    """What Maya was sent: its headline, a paragraph beneath it, and what it looks like to her."""

    archive: str
    slug: str
    headline: str
    paragraph: str


ZIPS = (
    Zip(
        archive="startbootstrap-landing-page.zip",
        slug="landing",
        headline="Generate more leads with a professional landing page!",
        paragraph="This theme will look great on any device, no matter the size!",
    ),
    Zip(
        archive="startbootstrap-new-age.zip",
        slug="new-age",
        headline="Showcase your app beautifully.",
        paragraph="Launch your mobile app landing page faster",
    ),
)


class Clock:
    """What each step took."""

    def __init__(self) -> None:
        self._started = self._last = time.monotonic()
        self._steps: list[str] = []

    def tell(self, step: str) -> None:
        now = time.monotonic()
        self._steps.append(f"{step} {now - self._last:.1f} s")
        self._last = now

    def __str__(self) -> str:
        return f"{', '.join(self._steps)}; {self._last - self._started:.1f} s in all"


@pytest.fixture(scope="module", autouse=True)
def _what_it_needs_is_here() -> None:
    if not SHARED_PAGES.is_dir():
        pytest.skip("needs the real landing pages beside the project")
    if not COPY.is_file():
        pytest.skip("needs node_modules, made by `make`")


@pytest.fixture(scope="module")
def installation(lander: Lander) -> Lander:
    lander.ok("site", "add", HOST, "--core-site", "www.localhost", "--timezone", "Europe/Berlin")
    return lander


@pytest.mark.parametrize("sent", ZIPS, ids=lambda sent: sent.slug)
def test_maya_takes_a_zip_to_a_running_split_of_two_variants(
    installation: Lander, open_studio: OpenStudio, chromium: Browser, sent: Zip
) -> None:
    maya = open_studio()
    clock = Clock()

    upload(maya, sent)
    clock.tell("upload")
    bring_script_inside(maya)
    clock.tell("bring its script inside")
    choose_what_can_be_edited(maya, sent)
    clock.tell("choose what can be edited")
    copy_and_change_headline(maya, sent, "Buggies for everybody")
    clock.tell("copy and change the headline")
    publish(maya)
    clock.tell("publish")

    installation.wait_for(HOST, f"/{sent.slug}")
    assert see(chromium, installation.url(HOST, f"/{sent.slug}")) == sent.headline, "nobody sees B before a test"
    assert see(chromium, find_qa_link(maya)) == "Buggies for everybody"
    clock.tell("look at both live")
    start_test(maya, sent)
    assert see_everything(chromium, installation.url(HOST, f"/{sent.slug}"), of=2) == {
        sent.headline,
        "Buggies for everybody",
    }
    clock.tell("start the test and see it split")
    print(f"\n{sent.archive}, two variants: {clock}")


def upload(maya: Page, sent: Zip) -> None:
    maya.get_by_role("link", name="Pages", exact=True).first.click()
    maya.get_by_role("link", name="New page").first.click()
    maya.get_by_label("Address").fill(sent.slug)
    maya.get_by_label("File").set_input_files(SHARED_PAGES / sent.archive)
    maya.get_by_role("button", name="Upload").click()
    expect(maya.get_by_role("status")).to_contain_text("Imported.")


def bring_script_inside(maya: Page) -> None:
    row = maya.get_by_role("row", name=BOOTSTRAP)
    row.get_by_label(f"A copy of {BOOTSTRAP}").set_input_files(COPY)
    row.get_by_role("button", name="Upload").click()
    expect(maya.get_by_role("status")).to_contain_text("Brought inside.")


def choose_what_can_be_edited(maya: Page, sent: Zip) -> None:
    """The headline and a paragraph by clicking on them, the form from the list beside the preview."""
    maya.get_by_role("link", name="Choose what can be edited in place").click()
    preview = preview_of(maya)
    preview.get_by_role("heading", name=sent.headline).click()
    expect(maya.locator("[name^=name-]:focus")).to_have_value("Headline")
    preview.get_by_text(sent.paragraph).first.click()
    expect(maya.locator("[name^=name-]:focus")).not_to_have_value("Headline")
    maya.keyboard.press("Control+a")
    maya.keyboard.type("Promise")
    form = maya.locator("[data-element]").filter(has=maya.locator("b").get_by_text("Form", exact=True)).first
    form.get_by_role("checkbox").check()
    maya.get_by_role("button", name="Mark what is chosen").click()
    said = maya.get_by_role("status")
    expect(said).to_contain_text("can be edited now")
    assert all(name in said.inner_text() for name in ("Headline", "Promise", "Form"))
    expect(preview_of(maya).get_by_role("heading", name=sent.headline)).to_be_visible()


def copy_and_change_headline(maya: Page, sent: Zip, headline: str) -> None:
    maya.get_by_role("link", name="Back without saving").click()
    maya.get_by_role("button", name="Copy A to a new variant").click()
    expect(maya.get_by_role("status")).to_contain_text("Copied.")
    maya.get_by_role("link", name="Edit B in place").click()
    edit_in_place(preview_of(maya).get_by_role("heading", name=sent.headline))
    maya.keyboard.press("Control+a")
    maya.keyboard.type(headline)
    expect(maya.get_by_label("Headline")).to_have_value(headline)
    maya.get_by_role("button", name="Save as a new draft").click()
    expect(maya.get_by_role("status")).to_contain_text("Saved as a new draft.")


def publish(maya: Page) -> None:
    """Fonts and icons of other hosts are taken out: nobody allowed them."""
    maya.get_by_label("Take out what loads from hosts").check()
    maya.get_by_role("button", name="Publish", exact=True).click()
    expect(maya.get_by_role("status").first).to_contain_text("Published.")


def find_qa_link(maya: Page) -> str:
    maya.get_by_role("link", name="Share B").click()
    address = maya.get_by_label("The QA link").input_value()
    maya.go_back()
    return address


def start_test(maya: Page, sent: Zip) -> None:
    maya.get_by_role("link", name="Plan an experiment").click()
    maya.get_by_label("What you expect, and why").fill("Naming the thing brings more leads.")
    maya.get_by_role("button", name="Start the test").click()
    expect(maya.get_by_role("status").first).to_contain_text("Started.")
    expect(maya.locator("main")).to_contain_text(f"{HOST}/{sent.slug}")


def see_everything(chromium: Browser, address: str, *, of: int) -> set[str]:
    """The headlines that new visitors see, until there are so many different ones."""
    seen: set[str] = set()
    for _ in range(MOST_VISITORS):
        seen.add(see(chromium, address))
        if len(seen) == of:
            break
    return seen


def see(chromium: Browser, address: str) -> str:
    """The headline that a new visitor sees; whatever the page complains of fails the test."""
    with chromium.new_context(user_agent=AGENT, viewport={"width": 1440, "height": 900}) as visitor:
        visitor.set_default_timeout(PATIENCE_MS)
        tab = visitor.new_page()
        said = listen(tab)
        answer = tab.goto(address)
        assert answer is not None
        assert answer.status == 200, urlsplit(address).path
        headline = tab.inner_text("h1")
        assert said == []
        return headline
