"""A visitor's browser, and an installation to visit."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, FrameLocator, Locator, Page, expect

from lander.serve.forms import FASTEST_MS
from tests.live import PASSWORDS, Lander, lander_at
from tests.patience import PATIENCE_MS, wait_until

OpenStudio = Callable[..., Page]
"""Signs somebody in, Maya where nobody is named; further arguments are those of a browser context."""

# headless Chromium calls itself HeadlessChrome, which is rightly taken for a bot
AGENT = "Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
# Chromium says this of every sandboxed page that sends Origin-Agent-Cluster, which all our answers do: an opaque origin
# has an agent cluster of its own anyway, and the header is about that alone.
_KNOWN_NOTICE = "The page requested an origin-keyed agent cluster"
# what Chromium and htmx say of an answer, or of a broken line, that a test provokes
_PROVOKED = ("status of 4", "Status Error Code 4", "net::ERR_CONNECTION_RESET", "htmx:sendError", "htmx:afterRequest")


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A fresh visitor: no cookies, a desktop window."""
    fresh = chromium.new_context(viewport={"width": 1440, "height": 900}, user_agent=AGENT)
    fresh.set_default_timeout(PATIENCE_MS)
    yield fresh
    fresh.close()


@pytest.fixture
def tab(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture(scope="module")
def lander(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lander]:
    data_dir: Path = tmp_path_factory.mktemp("lander")
    with lander_at(data_dir) as running:
        yield running


@pytest.fixture(scope="module")
def sign_ins() -> dict[str, Any]:
    """The cookies of everybody who has signed in on this module's installation."""
    return {}


@pytest.fixture
def open_studio(installation: Lander, chromium: Browser, sign_ins: dict[str, Any]) -> Iterator[OpenStudio]:
    """A browser of its own for each person, signed in; whatever the studio's console complains of fails the test.

    What a page does in its preview is its own affair, and so is a refusal that a test provokes. `installation` is what the
    module makes.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        said = f"{message.location} {message.text}"
        known = "preview.localhost" in said or message.text.startswith(_KNOWN_NOTICE)
        known = known or any(word in said for word in _PROVOKED)
        if message.type in ("error", "warning") and not known:
            complaints.append(said)

    def open_for(name: str = "maya", **options: object) -> Page:
        size = {"width": 1440, "height": 900}
        fresh = chromium.new_context(**{"viewport": size, "storage_state": sign_ins.get(name), **options})  # type: ignore[arg-type]
        fresh.set_default_timeout(PATIENCE_MS)
        contexts.append(fresh)
        tab = fresh.new_page()
        tab.on("console", note)
        tab.on("pageerror", lambda error: complaints.append(str(error)) if "preview." not in str(error.stack) else None)
        tab.goto(installation.url("studio.localhost"))
        if name not in sign_ins:
            tab.get_by_label("Name").fill(name)
            tab.get_by_label("Password").fill(PASSWORDS[name])
            tab.get_by_role("button", name="Sign in").click()
            tab.wait_for_url(installation.url("studio.localhost"))
            sign_ins[name] = fresh.storage_state()
        return tab

    yield open_for
    for opened in contexts:
        opened.close()
    assert complaints == []


def preview_of(tab: Page) -> FrameLocator:
    """The preview that is edited in, once its script and the studio's hear each other and the mouse reaches it.

    A sealed frame is a process of its own: until it is first drawn, Chromium gives clicks on it to the page around it.
    """
    expect(tab.locator("#preview[aria-busy=false]")).to_have_count(1)
    preview = tab.frame_locator("#preview")

    def is_under_the_mouse() -> bool:
        preview.locator("html").hover(position={"x": 20, "y": 20})
        return preview.locator("html:hover").count() == 1

    wait_until(is_under_the_mouse, "the mouse does not reach the preview")
    return preview


def edit_in_place(element: Locator, region: Locator | None = None) -> None:
    """Click where it is to be edited; what is typed goes there once it or its region has the focus, which crosses a frame."""
    element.click()
    expect(region or element).to_be_focused()


def tab_to(tab: Page, wanted: Locator) -> None:
    """By keyboard alone: forward until it has the focus."""
    for _ in range(100):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        tab.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {wanted}")


def take_time(tab: Page) -> None:
    """As a person does who fills in the form of this tab: one that is sent faster is suspected."""
    tab.wait_for_timeout(FASTEST_MS + 100)


def listen(tab: Page) -> list[str]:
    """Everything that the console of this tab says from now on, uncaught errors included."""
    said: list[str] = []

    def hear(text: str) -> None:
        if not text.startswith(_KNOWN_NOTICE):
            said.append(text)

    tab.on("console", lambda message: hear(message.text))
    tab.on("pageerror", lambda error: hear(str(error)))
    return said
