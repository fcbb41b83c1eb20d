"""The beacon's script in a real browser, on a sealed page: it reports what was really seen, once, and breaks nothing."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import escape
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
BUY = (("click", "click", ".buy"),)
BUY_LATER = (("click-4", "click", ".buy"),)
HIDDEN = "Object.defineProperty(document, 'visibilityState', {get: () => window.shown || 'hidden'})"
COME_FORWARD = "window.shown = 'visible'; document.dispatchEvent(new Event('visibilitychange'))"
SEALED = {
    "sandbox": headers.SANDBOX,
    "default-src": ("'none'",),
    "script-src": (headers.hash_source(SCRIPT),),
    "style-src": ("'unsafe-inline'",),
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
        publish(stage)
        server = make_server("127.0.0.1", 0, stage.front, Server, Quiet)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield stage, f"http://{HOST}:{server.server_port}/spring-sale"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def publish(
    stage: Stage, *watched: tuple[str, str, str], told: str = "", doctype: str = "<!doctype html>", body: str = ""
) -> None:
    """A page that tells its beacon to watch these goals, or something else; `body` stands behind its links."""
    goals = watched or BUY

    def variant(key: str) -> PublishedVariant:
        before = f'{doctype}<html><head><title>{key}</title><script data-lander="'
        after = (
            f'" data-goals="{escape(told or json.dumps(goals))}">{SCRIPT}</script></head><body>'
            '<p><a class="buy" href="/healthz"><b>Buy</b></a> <a class="other" href="#x">Other</a></p>'
            f"{body}</body></html>"
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
        allocation=replace(allocation(goal="click"), goals=tuple(goal for goal in goals if goal[0] != "click")),
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


def reached(stage: Stage) -> list[str]:
    """The goals that were reported; nothing else was than these and one view seen."""
    events = stage.events()
    assert sorted(event.kind.value for event in events if not event.goal) == ["confirmed", "served"]
    return sorted(event.goal for event in events if event.goal)


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
    tab.add_init_script(HIDDEN)
    beacons(stage, tab, lambda: tab.goto(address), expected=0)
    beacons(stage, tab, lambda: tab.evaluate(COME_FORWARD), expected=1)
    beacons(stage, tab, lambda: tab.evaluate(COME_FORWARD), expected=0)
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
    publish(stage, ("click", "click", "[["))
    tab, errors = watched(context)
    beacons(stage, tab, lambda: tab.goto(address), expected=1)
    beacons(stage, tab, lambda: tab.click(".other"), expected=0)
    assert kinds(stage) == ["served", "confirmed"]
    assert errors == []


@pytest.mark.parametrize("told", ["[", "{}", "[1, null]", '[["click"]]', "null"])
def test_goals_that_are_none_break_nothing(served: tuple[Stage, str], context: BrowserContext, told: str) -> None:
    stage, address = served
    publish(stage, told=told)
    tab, errors = watched(context)
    beacons(stage, tab, lambda: tab.goto(address), expected=1)
    beacons(stage, tab, lambda: tab.click(".other"), expected=0)
    assert reached(stage) == []
    assert errors == []


def test_one_click_reaches_every_goal_that_it_is_meant_for(served: tuple[Stage, str], context: BrowserContext) -> None:
    stage, address = served
    publish(stage, ("click", "click", "[["), ("click-2", "click", "a"), ("click-3", "click", "p .other"), *BUY_LATER)
    tab, errors = watched(context)
    beacons(stage, tab, lambda: tab.goto(address), expected=1)
    beacons(stage, tab, lambda: tab.click(".other"), expected=2)
    beacons(stage, tab, lambda: tab.click(".other"), expected=0)
    assert reached(stage) == ["click-2", "click-3"]
    beacons(stage, tab, lambda: tab.click(".buy"), expected=1)
    assert reached(stage) == ["click-2", "click-3", "click-4"]
    assert errors == []


def scroll_to(tab: Page, top: float, *, element: str = "window") -> None:
    tab.evaluate(f"{element}.scrollTo(0, {top})")


@pytest.mark.parametrize(
    ("doctype", "scroller"),
    [("<!doctype html>", "window"), ("", "window"), ("<!doctype html>", "document.body")],
    ids=["in standards mode", "in quirks mode", "where the body scrolls"],
)
def test_a_part_of_the_page_counts_once_it_has_been_shown(
    served: tuple[Stage, str], context: BrowserContext, doctype: str, scroller: str
) -> None:
    """A page of 4,000 px in a window of 720: what stands at 1,000, 3,000 and 4,000 px comes into sight one after another."""
    stage, address = served
    rules = "html, body {height: 100%; overflow: hidden auto}" if scroller == "document.body" else ""
    style = f"<style>* {{margin: 0}} {rules} p {{height: 100px}} .long {{height: 3900px}}</style>"
    goals = (("scroll-2", "scroll", "25"), ("scroll-3", "scroll", "75"), ("scroll-4", "scroll", "100"))
    publish(stage, *goals, doctype=doctype, body=f'{style}<div class="long"></div>')
    tab, errors = watched(context)
    beacons(stage, tab, lambda: tab.goto(address), expected=1)
    beacons(stage, tab, lambda: scroll_to(tab, 270, element=scroller), expected=0)
    beacons(stage, tab, lambda: scroll_to(tab, 280, element=scroller), expected=1)
    beacons(stage, tab, lambda: scroll_to(tab, 0, element=scroller), expected=0)
    beacons(stage, tab, lambda: scroll_to(tab, 2_290, element=scroller), expected=1)
    assert reached(stage) == ["scroll-2", "scroll-3"]
    beacons(stage, tab, lambda: scroll_to(tab, 9_999, element=scroller), expected=1)
    beacons(stage, tab, lambda: scroll_to(tab, 0, element=scroller), expected=0)
    assert reached(stage) == ["scroll-2", "scroll-3", "scroll-4"]
    assert errors == []


def test_all_of_a_short_page_has_been_shown_once_it_is_seen(served: tuple[Stage, str], context: BrowserContext) -> None:
    stage, address = served
    publish(stage, ("scroll-2", "scroll", "100"))
    tab, errors = watched(context)
    tab.add_init_script(HIDDEN)
    beacons(stage, tab, lambda: tab.goto(address), expected=0)
    beacons(stage, tab, lambda: tab.evaluate(COME_FORWARD), expected=2)
    assert reached(stage) == ["scroll-2"]
    assert errors == []


def test_a_larger_window_shows_more(served: tuple[Stage, str], context: BrowserContext) -> None:
    stage, address = served
    publish(stage, ("scroll-2", "scroll", "50"), body='<div style="height: 2000px"></div>')
    tab, _ = watched(context)
    beacons(stage, tab, lambda: tab.goto(address), expected=1)
    beacons(stage, tab, lambda: tab.set_viewport_size({"width": 1280, "height": 1400}), expected=1)
    assert reached(stage) == ["scroll-2"]


def test_what_stands_in_the_background_has_not_been_shown(served: tuple[Stage, str], context: BrowserContext) -> None:
    stage, address = served
    publish(stage, ("scroll-2", "scroll", "100"), body='<div style="height: 2000px"></div>')
    tab, _ = watched(context)
    tab.add_init_script(HIDDEN)
    beacons(stage, tab, lambda: tab.goto(address), expected=0)
    beacons(stage, tab, lambda: scroll_to(tab, 9_999), expected=0)
    scroll_to(tab, 0)
    beacons(stage, tab, lambda: tab.evaluate(COME_FORWARD), expected=1)
    beacons(stage, tab, lambda: scroll_to(tab, 9_999), expected=1)
    assert reached(stage) == ["scroll-2"]


def test_time_counts_while_the_page_is_visible(served: tuple[Stage, str], context: BrowserContext) -> None:
    stage, address = served
    publish(stage, ("time-2", "time", "30"), ("time-3", "time", "31"))
    tab, errors = watched(context)
    tab.clock.install(time=0)
    tab.clock.pause_at(60)
    beacons(stage, tab, lambda: tab.goto(address), expected=1)
    beacons(stage, tab, lambda: tab.clock.run_for(10_000), expected=0)
    tab.evaluate(HIDDEN)
    beacons(stage, tab, lambda: tab.clock.run_for(600_000), expected=0)
    tab.evaluate(COME_FORWARD)
    beacons(stage, tab, lambda: tab.clock.run_for(19_000), expected=0)
    beacons(stage, tab, lambda: tab.clock.run_for(1_000), expected=1)
    assert reached(stage) == ["time-2"]
    beacons(stage, tab, lambda: tab.clock.run_for(600_000), expected=1)
    assert reached(stage) == ["time-2", "time-3"]
    assert errors == []


def test_a_goal_that_is_reached_in_an_older_browser_counts_too(
    served: tuple[Stage, str], context: BrowserContext
) -> None:
    """Without `closest` a click cannot be told, and nothing breaks."""
    stage, address = served
    publish(stage, *BUY, ("scroll-2", "scroll", "100"), ("time-3", "time", "1"))
    tab, errors = watched(context)
    tab.add_init_script("delete window.fetch; delete Element.prototype.closest")
    beacons(stage, tab, lambda: tab.goto(address), expected=3)
    beacons(stage, tab, lambda: tab.click(".buy"), expected=0)
    assert reached(stage) == ["scroll-2", "time-3"]
    assert errors == []
