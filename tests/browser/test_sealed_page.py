"""What a published page can and cannot do in a real browser: it is sealed, and still does its work."""

import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.conftest import AGENT, listen, take_time
from tests.live import Lander
from tests.patience import wait_until

pytestmark = pytest.mark.browser

HOST = "go.shop.localhost"  # same site as www.shop.localhost, which *.localhost alone would not be
SECRET = "core-site-session"

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sealed</title><link rel="stylesheet" href="style.css"></head>
<body>
<h1>Variant %(variant)s</h1>
<form><label>E-mail <input type="email" name="email" required></label><button>Send</button></form>
<p><a id="brochure" href="brochure.pdf" download>Brochure</a></p>
<script src="attempts.js"></script>
</body></html>
"""

ATTEMPTS = """
window.attempts = (async function () {
  var found = {};
  async function attempt(name, action) {
    try { found[name] = 'done: ' + String(await action()); } catch (error) { found[name] = error.name; }
  }
  await attempt('set a cookie', function () { document.cookie = 'x=1; domain=shop.localhost; path=/'; return 'set'; });
  await attempt('read cookies', function () { return document.cookie; });
  await attempt('local storage', function () { localStorage.setItem('x', '1'); return 'stored'; });
  await attempt('indexed database', function () { return indexedDB.open('x'); });
  await attempt('service worker', function () { return navigator.serviceWorker.register('/_l/a/attempts.js'); });
  await attempt('studio by fetch', function () {
    return fetch(STUDIO, {credentials: 'include', mode: 'no-cors'}).then(function () { return 'answered'; });
  });
  return found;
})();
"""


class _CoreSite(BaseHTTPRequestHandler):
    """www.shop.localhost: sets a cookie for the whole site, as core sites do."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Set-Cookie", f"session={SECRET}; Domain=shop.localhost; Path=/")
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Core</title><h1>Core site</h1>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def core_site_port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _CoreSite)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def published(lander: Lander, tmp_path_factory: pytest.TempPathFactory) -> Lander:
    folder = tmp_path_factory.mktemp("pages")
    lander.ok("site", "add", HOST, "--core-site", "www.shop.localhost")
    for variant in ("a", "b"):
        archive = _zip(folder / f"{variant}.zip", lander, variant)
        lander.ok("page", "import", "--site", HOST, "--slug", "sealed", "--variant", variant, str(archive))
    lander.ok("page", "publish", "--site", HOST, "--slug", "sealed")
    lander.ok(
        "experiment", "start", "--site", HOST, "--slug", "sealed", "--variants", "a,b", "--goal", "form",
        "--hypothesis", "B is better.",
    )  # fmt: skip
    lander.wait_until_live(HOST, "sealed")
    return lander


def _zip(path: Path, lander: Lander, variant: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("index.html", PAGE % {"variant": variant})
        archive.writestr("style.css", "h1 { color: rgb(1, 2, 3); }")
        archive.writestr("attempts.js", ATTEMPTS.replace("STUDIO", json.dumps(lander.url("studio.localhost"))))
        archive.writestr("brochure.pdf", b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")
    return path


def test_its_script_reaches_nothing_outside_its_box(published: Lander, tab: Page, core_site_port: int) -> None:
    tab.goto(f"http://www.shop.localhost:{core_site_port}/")
    assert tab.evaluate("document.cookie") == f"session={SECRET}"
    tab.goto(published.url(HOST, "/sealed"))
    found = tab.evaluate("window.attempts")
    assert found == {
        "set a cookie": "SecurityError",
        "read cookies": "SecurityError",
        "local storage": "SecurityError",
        "indexed database": "SecurityError",
        "service worker": "SecurityError",
        "studio by fetch": "TypeError",
    }


def test_the_cookie_of_the_core_site_stays_as_it_was(
    published: Lander, context: BrowserContext, tab: Page, core_site_port: int
) -> None:
    tab.goto(f"http://www.shop.localhost:{core_site_port}/")
    tab.goto(published.url(HOST, "/sealed"))
    tab.evaluate("window.attempts")
    cookies = {(cookie["name"], cookie["domain"]) for cookie in context.cookies()}
    assert cookies == {("session", ".shop.localhost"), ("lp", HOST)}


def test_its_style_and_script_work_and_the_console_stays_empty(published: Lander, tab: Page) -> None:
    said = listen(tab)
    tab.goto(published.url(HOST, "/sealed"))
    assert tab.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(1, 2, 3)"
    tab.evaluate("window.attempts")
    assert [text for text in said if "studio.localhost" not in text] == []


def test_its_beacon_confirms_the_visit(published: Lander, tab: Page) -> None:
    with tab.expect_response("**/_l/b") as answered:
        tab.goto(published.url(HOST, "/sealed"))
    assert answered.value.status == 204


def test_its_form_sends_a_lead_and_shows_the_thank_you_page(published: Lander, tab: Page) -> None:
    tab.goto(published.url(HOST, "/sealed"))
    take_time(tab)
    tab.get_by_label("E-mail").fill("maria@example.com")
    tab.get_by_role("button", name="Send").click()
    tab.wait_for_url("**/_l/thanks*")
    assert "thank" in tab.inner_text("body").lower()
    published.wait_for_lead("maria@example.com")


def test_a_pdf_can_be_downloaded(published: Lander, tab: Page) -> None:
    tab.goto(published.url(HOST, "/sealed"))
    with tab.expect_download() as download:
        tab.click("#brochure")
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF-1.4")


def test_both_variants_appear_and_a_returning_visitor_keeps_theirs(published: Lander, context: BrowserContext) -> None:
    seen = set()
    browser = context.browser
    assert browser is not None
    for _ in range(24):
        visitor = browser.new_context(user_agent=AGENT)
        tab = visitor.new_page()
        headlines = []
        for _ in range(2):
            tab.goto(published.url(HOST, "/sealed"))
            headlines.append(tab.inner_text("h1"))
        visitor.close()
        assert headlines[0] == headlines[1]
        seen.add(headlines[0])
        if len(seen) == 2:
            break
    assert seen == {"Variant a", "Variant b"}


def test_a_visitor_keeps_the_variant_across_an_annotated_publish(published: Lander, tab: Page, tmp_path: Path) -> None:
    tab.goto(published.url(HOST, "/sealed"))
    before = tab.inner_text("h1")
    for variant in ("a", "b"):
        page = PAGE.replace("</h1>", "</h1><p>Now with free delivery.</p>") % {"variant": variant}
        archive = _zip(tmp_path / f"{variant}.zip", published, variant)
        with zipfile.ZipFile(tmp_path / f"new-{variant}.zip", "w") as changed, zipfile.ZipFile(archive) as old:
            for name in old.namelist():
                changed.writestr(name, page if name == "index.html" else old.read(name))
        path = str(tmp_path / f"new-{variant}.zip")
        published.ok("page", "import", "--site", HOST, "--slug", "sealed", "--variant", variant, "--replace", path)
    refused = published.run("page", "publish", "--site", HOST, "--slug", "sealed")
    assert refused.returncode == 1
    assert "annotate" in refused.stderr
    assert "new-phase" in refused.stderr
    published.ok("page", "publish", "--site", HOST, "--slug", "sealed", "--during-test", "annotate")

    def says_it() -> bool:
        tab.goto(published.url(HOST, "/sealed"))
        return "free delivery" in tab.inner_text("body")

    wait_until(says_it, "the change is not live")
    assert tab.inner_text("h1") == before
