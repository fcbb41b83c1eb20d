"""The studio in a real Chromium: under its own Content-Security-Policy, with and without JavaScript, by keyboard."""

import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect
from sqlalchemy import Engine
from werkzeug.serving import make_server

from experiments.models import Experiment
from lander.access.signin import start_session
from lander.access.users import find_user
from lander.config import Settings
from lander.console.screens import STATIC
from lander.db import transaction
from lander.pages.models import Page, Site
from lander.preview import create_preview
from tests.console.conftest import HTML, build_page, count_visitors
from tests.patience import PATIENCE_MS
from tests.screens import LOOKS

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def _vendor_is_there() -> None:
    if not (STATIC / "vendor").is_dir():
        pytest.skip("needs static/vendor, made by `make`")


@pytest.fixture
def origin(studio: Flask, settings: Settings, engine: Engine) -> Iterator[str]:
    """Studio and preview behind one port, as on a laptop."""
    preview = create_preview(settings, engine)

    def by_host(environ: Any, start_response: Any) -> Any:
        is_preview = environ["HTTP_HOST"].startswith(settings.preview_host)
        return (preview if is_preview else studio)(environ, start_response)

    server = make_server("127.0.0.1", 0, by_host, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://studio.localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def open_tab(chromium: Chromium, origin: str, engine: Engine) -> Iterator[Callable[..., Tab]]:
    """Maya's tab; its every complaint about the studio fails the test, but for refusals that a test provokes."""
    complaints: list[str] = []
    contexts = []
    with transaction(engine) as session:
        maya = find_user(session, "maya")
        assert maya is not None
        cookie = start_session(session, maya, network="127.0.0.0/24", now=datetime.now(UTC))

    def note(message: Any) -> None:
        if message.type in ("error", "warning") and "preview.localhost" not in str(message.location) + message.text:
            complaints.append(message.text)

    def make(**options: Any) -> Tab:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(PATIENCE_MS)
        context.add_cookies([{"name": "studio", "value": cookie, "url": origin}])
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", note)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.goto(origin)
        return tab

    yield make
    for context in contexts:
        context.close()
    expected = re.compile(r"status of (404|409|422)|TrustedHTML|TrustedScript|createPolicy|trusted-types")
    assert [text for text in complaints if not expected.search(text)] == []


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_from_upload_to_a_decision(
    open_tab: Callable[..., Tab], origin: str, site: Site, tmp_path: Path, scripts: bool
) -> None:
    tab = open_tab(java_script_enabled=scripts)
    file = tmp_path / "page.html"
    file.write_text(HTML)

    tab.goto(f"{origin}/pages/new")
    tab.get_by_label("Address").fill("spring-sale")
    tab.get_by_label("File").set_input_files(file)
    tab.get_by_role("button", name="Upload").click()
    expect(tab.get_by_role("status")).to_contain_text("Imported.")
    expect(tab.frame_locator("#preview").get_by_role("heading")).to_have_text("Bumpers for everybody")

    tab.get_by_role("button", name="Copy A to a new variant").click()
    tab.get_by_role("link", name="Edit the source").click()
    tab.get_by_label("HTML source").fill(HTML.replace("Bumpers", "Buggies"))
    tab.get_by_role("button", name="Save as a new draft").click()
    expect(tab.frame_locator("#preview").get_by_role("heading")).to_have_text("Buggies for everybody")

    tab.get_by_role("button", name="Publish").click()
    expect(tab.get_by_role("status")).to_contain_text("Published.")

    tab.goto(f"{origin}/experiments/new?page=go.localhost/spring-sale")
    tab.get_by_label("What you expect, and why").fill("Buggies bring more leads")
    tab.get_by_role("button", name="Start the test").click()
    expect(tab.get_by_role("status")).to_contain_text("Started.")
    tab.get_by_label("Ship B").check()
    tab.get_by_label("Why it ends now").fill("Enough.")
    tab.get_by_role("button", name="End the test").click()
    tab.get_by_label("Why against the report").fill("We cannot wait.")
    tab.get_by_role("button", name="End the test").click()
    expect(tab.get_by_role("status")).to_contain_text("Stopped.")
    expect(tab.get_by_text("B stays. Enough.")).to_be_visible()


def test_an_upload_that_is_refused_is_swapped_in_and_gets_the_focus(
    open_tab: Callable[..., Tab], origin: str, site: Site, tmp_path: Path
) -> None:
    tab = open_tab()
    file = tmp_path / "page.html"
    file.write_text(HTML)
    tab.goto(f"{origin}/pages/new")
    tab.get_by_label("Address").fill("Spring Sale")
    tab.get_by_label("File").set_input_files(file)
    tab.get_by_role("button", name="Upload").click()

    expect(tab.get_by_role("alert")).to_be_focused()
    expect(tab.get_by_label("Address")).to_have_value("Spring Sale")
    assert tab.url == f"{origin}/pages/new"


def test_the_number_of_visitors_follows_the_plan(open_tab: Callable[..., Tab], origin: str, live: Page) -> None:
    tab = open_tab()
    tab.goto(f"{origin}/experiments/new?page=go.localhost/spring-sale")
    expect(tab.locator("#need")).to_contain_text("lift of +10 %")
    with tab.expect_request(lambda request: "lift=25" in request.url) as asked:
        tab.get_by_label("Smallest lift worth having").fill("25")
    expect(tab.locator("#need")).to_contain_text("lift of +25 %")
    assert "_csrf" not in asked.value.url
    assert tab.url.endswith("spring-sale")


def test_nothing_but_an_answer_of_ours_becomes_html(open_tab: Callable[..., Tab], origin: str, live: Page) -> None:
    tab = open_tab()
    tab.goto(f"{origin}/experiments/new?page=go.localhost/spring-sale")
    refusals = tab.evaluate(
        """() => [
            () => { document.body.innerHTML = "<b>x</b>"; },
            () => { document.createElement("script").text = "1"; },
            () => { document.createElement("script").src = "https://evil.example/x.js"; },
            () => { window.trustedTypes.createPolicy("other", {}); },
        ].map((attempt) => { try { attempt(); return "passed"; } catch (error) { return error.name; } })"""
    )
    assert "passed" not in refusals


def test_a_finding_leads_to_its_line(open_tab: Callable[..., Tab], origin: str, engine: Engine, site: Site) -> None:
    long = HTML.replace("<body>", "<body>" + "\n" * 200 + "<script src='https://cdn.example.net/x.js'></script>")
    build_page(engine, site, "spring-sale", a=long)
    tab = open_tab()
    tab.goto(f"{origin}/pages/spring-sale")
    tab.get_by_role("link", name="Show line 204").click()

    area = tab.get_by_label("HTML source")
    expect(area).to_be_focused()
    chosen = area.evaluate("area => area.value.slice(area.selectionStart, area.selectionEnd)")
    assert "cdn.example.net" in chosen
    assert area.evaluate("area => area.scrollTop") > 1000
    assert "204" in tab.locator("[data-gutter] .marked").all_inner_texts()


def test_it_can_be_used_by_keyboard(open_tab: Callable[..., Tab], origin: str, live: Page) -> None:
    tab = open_tab()
    tab.keyboard.press("Tab")
    expect(tab.get_by_role("link", name="Skip to the content")).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.locator("main")).to_be_focused()
    tab.keyboard.press("?")
    shortcuts = tab.get_by_role("dialog")
    expect(shortcuts).to_be_visible()
    assert shortcuts.evaluate("box => box.querySelector('h2').offsetTop < box.querySelector('dl').offsetTop")
    tab.keyboard.press("Escape")
    tab.keyboard.press("g")
    tab.keyboard.press("p")
    tab.wait_for_url(f"{origin}/pages")


def test_a_message_is_said_once(open_tab: Callable[..., Tab], origin: str, page: Page) -> None:
    tab = open_tab()
    tab.goto(f"{origin}/pages/spring-sale")
    tab.get_by_role("button", name="Publish").click()
    expect(tab.get_by_role("status")).to_contain_text("Published.")
    tab.reload()
    expect(tab.get_by_role("status")).to_have_count(0)


def test_no_screen_is_wider_than_its_window_or_hard_to_read(
    open_tab: Callable[..., Tab], origin: str, engine: Engine, experiment: Experiment
) -> None:
    count_visitors(engine, experiment, a=(4832, 242), b=(4795, 322))
    tab = open_tab(reduced_motion="reduce")
    for path in (
        "/",
        "/pages",
        "/pages/new",
        "/pages/spring-sale",
        "/pages/spring-sale/b/source",
        "/experiments",
        "/experiments/new",
        "/experiments/spring-sale-1",
        "/experiments/spring-sale-1/report",
        "/policy",
        "/nothing-here",
    ):
        tab.goto(f"{origin}{path}")
        for scheme, width in LOOKS:
            tab.emulate_media(color_scheme=scheme)
            tab.set_viewport_size({"width": width, "height": 844})
            assert tab.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
            assert tab.evaluate(CONTRAST) == [], f"{path}, {scheme}"


# every text against the nearest background behind it: at least 4.5 to 1 (WCAG 2.2, 1.4.3)
CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const read = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(read(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const low = [];
  for (const element of document.querySelectorAll("body *")) {
    const said = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!said || !element.checkVisibility() || element.closest(".sr, .skip, svg, dialog:not([open])")) continue;
    const back = behind(element);
    const front = over(read(getComputedStyle(element).color), back);
    const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) low.push(element.textContent.trim().slice(0, 40));
  }
  return low;
}"""
