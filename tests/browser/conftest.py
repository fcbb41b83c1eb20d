"""A visitor's browser, and an installation to visit."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.live import PASSWORDS, Lander, lander_at

OpenStudio = Callable[..., Page]
"""Signs somebody in, Maya where nobody is named; further arguments are those of a browser context."""

# headless Chromium calls itself HeadlessChrome, which is rightly taken for a bot
AGENT = "Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
# Chromium says this of every sandboxed page that sends Origin-Agent-Cluster, which all our answers do: an opaque origin
# has an agent cluster of its own anyway, and the header is about that alone.
_KNOWN_NOTICE = "The page requested an origin-keyed agent cluster"


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A fresh visitor: no cookies, a desktop window."""
    fresh = chromium.new_context(viewport={"width": 1440, "height": 900}, user_agent=AGENT)
    fresh.set_default_timeout(10_000)
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


@pytest.fixture
def open_studio(installation: Lander, chromium: Browser) -> Iterator[OpenStudio]:
    """A browser of its own for each person, signed in; whatever the studio's console complains of fails the test.

    What a page does in its preview is its own affair, and so is a refusal that a test provokes. `installation` is what the
    module makes.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        said = f"{message.location} {message.text}"
        known = "preview.localhost" in said or "status of 4" in said or message.text.startswith(_KNOWN_NOTICE)
        if message.type in ("error", "warning") and not known:
            complaints.append(said)

    def open_for(name: str = "maya", **options: object) -> Page:
        fresh = chromium.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})  # type: ignore[arg-type]
        fresh.set_default_timeout(60_000)
        contexts.append(fresh)
        tab = fresh.new_page()
        tab.on("console", note)
        tab.on("pageerror", lambda error: complaints.append(str(error)) if "preview." not in str(error.stack) else None)
        tab.goto(installation.url("studio.localhost"))
        tab.get_by_label("Name").fill(name)
        tab.get_by_label("Password").fill(PASSWORDS[name])
        tab.get_by_role("button", name="Sign in").click()
        tab.wait_for_url(installation.url("studio.localhost"))
        return tab

    yield open_for
    for opened in contexts:
        opened.close()
    assert complaints == []


def listen(tab: Page) -> list[str]:
    """Everything that the console of this tab says from now on, uncaught errors included."""
    said: list[str] = []

    def hear(text: str) -> None:
        if not text.startswith(_KNOWN_NOTICE):
            said.append(text)

    tab.on("console", lambda message: hear(message.text))
    tab.on("pageerror", lambda error: hear(str(error)))
    return said
