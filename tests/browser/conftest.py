"""A visitor's browser, and an installation to visit."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.live import Lander, lander_at

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


def listen(tab: Page) -> list[str]:
    """Everything that the console of this tab says from now on, uncaught errors included."""
    said: list[str] = []

    def hear(text: str) -> None:
        if not text.startswith(_KNOWN_NOTICE):
            said.append(text)

    tab.on("console", lambda message: hear(message.text))
    tab.on("pageerror", lambda error: hear(str(error)))
    return said
