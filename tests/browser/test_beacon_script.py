"""The beacon's script in a real browser, on a sealed page: it reports what was really seen, once, and breaks nothing."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from lander import headers
from lander.beacon import SCRIPT
from lander.catalog import SiteEntry, write_catalog
from lander.published import PublishedVariant, TokenSlot, build_release, write_release
from tests.patience import PATIENCE_MS, wait_until
from tests.serve.stage import CHROME, CONTACT, Stage, allocation, staged

pytestmark = pytest.mark.browser

HOST = "go.localhost"
SEALED = {
    "sandbox": headers.SANDBOX,
    "default-src": ("'none'",),
    "script-src": (headers.hash_source(SCRIPT),),
    "connect-src": ("'self'",),
    "form-action": ("'self'",),
}


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A visitor whose browser does not call itself headless, which would make it a bot."""
    context = chromium.new_context(user_agent=CHROME)
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Stage, str]]:
    """A sealed page with a click goal, and its address."""
    with staged(tmp_path, env="development") as stage:
        publish(stage, selector=".buy")
        server = make_server("127.0.0.1", 0, stage.front, Server, Quiet)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield stage, f"http://{HOST}:{server.server_port}/spring-sale"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def publish(stage: Stage, *, selector: str) -> None:
    def variant(key: str) -> PublishedVariant:
        before = f'<!doctype html><html><head><title>{key}</title><script data-lander="'
        after = (
            f'" data-goal="click" data-selector="{selector}">{SCRIPT}</script></head><body>'
            '<p><a class="buy" href="/healthz"><b>Buy</b></a> <a class="other" href="#x">Other</a></p></body></html>'
        )
        return PublishedVariant(
            key,
            (before.encode(), TokenSlot(), after.encode()),
            headers.page_headers(SEALED, scheme="http", noindex=True),
            (CONTACT,),
        )

    release_id, files = build_release(
        page_id=1,
        host=HOST,
        path="/spring-sale",
        control="a",
        variants=(variant("a"), variant("b")),
        policy_version=1,
        allocation=allocation(goal="click"),
    )
    write_release(stage.settings.published_dir, release_id, files)
    sites = [SiteEntry(HOST, "www.example.com", "UTC")]
    write_catalog(stage.settings.published_dir, sites, {(HOST, "/spring-sale"): release_id})
    stage.look_again()


def watched(context: BrowserContext) -> tuple[Page, list[str]]:
    """A tab, and the errors of its pages."""
    errors: list[str] = []
    tab = context.new_page()
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    return tab, errors


def beacons(stage: Stage, tab: Page, act: Callable[[], object], *, expected: int) -> None:
    """Do something, and wait until so many more beacons were answered."""
    before = stage.front.counts.requests["beacon", "204"]
    act()
    wait_until(lambda: stage.front.counts.requests["beacon", "204"] - before >= expected, "too few beacons")
    tab.wait_for_timeout(100)  # for one too many
    assert stage.front.counts.requests["beacon", "204"] - before == expected


def kinds(stage: Stage) -> list[str]:
    return [event.kind.value for event in stage.events()]


def test_a_page_that_is_looked_at_is_confirmed_once(served: tuple[Stage, str], context: BrowserContext) -> None:
    stage, address = served
    tab, errors = watched(context)
    beacons(stage, tab, lambda: tab.goto(address), expected=1)
    assert kinds(stage) == ["served", "confirmed"]
    assert len({event.visitor for event in stage.events()}) == 1
    assert errors == []


def test_a_click_on_the_goal_counts_once_even_when_it_leaves_the_page(
    served: tuple[Stage, str], context: BrowserContext
) -> None:
    stage, address = served
    tab, errors = watched(context)
    beacons(stage, tab, lambda: tab.goto(address), expected=1)
    beacons(stage, tab, lambda: tab.click(".other"), expected=0)
    tab.evaluate(
        "document.querySelector('.buy').addEventListener('click', event => event.preventDefault(), {once: true})"
    )
    beacons(stage, tab, lambda: tab.click(".buy b"), expected=1)
    beacons(stage, tab, lambda: tab.click(".buy b"), expected=0)
    assert tab.url.endswith("/healthz")
    assert kinds(stage) == ["served", "confirmed", "conversion"]
    assert errors == []


def test_leaving_with_the_first_click_is_reported_as_seen_and_clicked(
    served: tuple[Stage, str], context: BrowserContext
) -> None:
    stage, address = served
    tab, _ = watched(context)
    tab.add_init_script("Object.defineProperty(document, 'visibilityState', {get: () => 'hidden'})")
    beacons(stage, tab, lambda: tab.goto(address), expected=0)
    beacons(stage, tab, lambda: tab.click(".buy"), expected=2)
    assert sorted(kinds(stage)) == ["confirmed", "conversion", "served"]


def test_a_page_in_the_background_is_confirmed_when_it_comes_forward(
    served: tuple[Stage, str], context: BrowserContext
) -> None:
    stage, address = served
    tab, errors = watched(context)
    tab.add_init_script("Object.defineProperty(document, 'visibilityState', {get: () => window.shown || 'hidden'})")
    beacons(stage, tab, lambda: tab.goto(address), expected=0)
    come_forward = "window.shown = 'visible'; document.dispatchEvent(new Event('visibilitychange'))"
    beacons(stage, tab, lambda: tab.evaluate(come_forward), expected=1)
    beacons(stage, tab, lambda: tab.evaluate(come_forward), expected=0)
    assert kinds(stage) == ["served", "confirmed"]
    assert errors == []


def test_a_prerendered_page_is_confirmed_when_it_is_activated(
    served: tuple[Stage, str], context: BrowserContext
) -> None:
    stage, address = served
    tab, _ = watched(context)
    tab.add_init_script("Object.defineProperty(document, 'prerendering', {get: () => !window.active})")
    beacons(stage, tab, lambda: tab.goto(address), expected=0)
    activate = "window.active = true; document.dispatchEvent(new Event('prerenderingchange'))"
    beacons(stage, tab, lambda: tab.evaluate(activate), expected=1)
    assert kinds(stage) == ["served", "confirmed"]


@pytest.mark.parametrize(
    "older",
    [
        "delete window.fetch",
        "delete Request.prototype.keepalive",
        "delete window.fetch; delete Navigator.prototype.sendBeacon",
        "document.__defineGetter__('visibilityState', () => undefined)",
    ],
)
def test_an_older_browser_reports_too(served: tuple[Stage, str], context: BrowserContext, older: str) -> None:
    stage, address = served
    tab, _ = watched(context)
    tab.add_init_script(older)
    beacons(stage, tab, lambda: tab.goto(address), expected=1)
    assert kinds(stage) == ["served", "confirmed"]


def test_a_selector_that_is_none_breaks_nothing(served: tuple[Stage, str], context: BrowserContext) -> None:
    stage, address = served
    publish(stage, selector="[[")
    tab, errors = watched(context)
    beacons(stage, tab, lambda: tab.goto(address), expected=1)
    beacons(stage, tab, lambda: tab.click(".other"), expected=0)
    assert kinds(stage) == ["served", "confirmed"]
    assert errors == []
