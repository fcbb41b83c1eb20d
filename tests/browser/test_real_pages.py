"""Two real landing pages, from their zips to a lead, looking in Chromium as their authors meant them.

The pages lie beside the project and are not part of it: the tests are skipped where they are missing, and CI, which has
them, fails if they are.
"""

import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page, Route

from tests.browser.conftest import AGENT, listen, take_time
from tests.live import ROOT, SHARED_PAGES, Lander

pytestmark = [pytest.mark.browser, pytest.mark.shared]

HOST = "go.localhost"
MODULES = ROOT / "node_modules"
WIDTHS = (390, 768, 1440)
MOST_DIFFERENT = 0.01
SHADES = 24  # of 255: what drawing an image anew may change of a pixel
LOAD_ALL = "all => Promise.all(all.map(i => { i.loading = 'eager'; return i.decode().catch(() => 0) }))"
Boxes = list[tuple[int, int, int, int]]


@dataclass(frozen=True)
class RealPage:
    """One zip, the files brought inside for it, and how its form is filled in."""

    archive: str
    slug: str
    fields: dict[str, str]
    open_form: str = ""
    brought: dict[str, Path] = field(default_factory=dict)


ICONS = "https://cdn.jsdelivr.net/npm/bootstrap-icons@1.5.0/font/bootstrap-icons.css"
LANDING = RealPage(
    archive="startbootstrap-landing-page.zip",
    slug="landing",
    fields={"#emailAddress": "lena@example.com"},
    brought={
        "https://cdn.jsdelivr.net/npm/bootstrap@5.2.3/dist/js/bootstrap.bundle.min.js": MODULES
        / "bootstrap/dist/js/bootstrap.bundle.min.js",
        ICONS: MODULES / "bootstrap-icons/font/bootstrap-icons.css",
    },
)
NEW_AGE = RealPage(
    archive="startbootstrap-new-age.zip",
    slug="new-age",
    fields={"#name": "Noor Aziz", "#email": "noor@example.com", "#phone": "+49 30 1234567", "#message": "Hello"},
    open_form="[data-bs-target='#feedbackModal']",
    brought={
        "https://cdn.jsdelivr.net/npm/bootstrap@5.2.3/dist/js/bootstrap.bundle.min.js": MODULES
        / "bootstrap/dist/js/bootstrap.bundle.min.js",
    },
)
PAGES = pytest.mark.parametrize("page", [LANDING, NEW_AGE], ids=lambda page: page.slug)


@pytest.fixture(scope="module", autouse=True)
def _pages_are_here() -> None:
    if not SHARED_PAGES.is_dir():
        pytest.skip("needs the real landing pages beside the project")


@pytest.fixture(scope="module")
def published(lander: Lander) -> Lander:
    lander.ok("site", "add", HOST, "--core-site", "www.localhost")
    for page in (LANDING, NEW_AGE):
        assets = [f"--asset={url}={path}" for url, path in _with_fonts(page.brought).items()]
        archive = str(SHARED_PAGES / page.archive)
        lander.ok("page", "import", "--site", HOST, "--slug", page.slug, *assets, archive)
        refused = lander.run("page", "publish", "--site", HOST, "--slug", page.slug)
        assert refused.returncode == 1, "external references must be refused before they are stripped"
        lander.ok("page", "publish", "--site", HOST, "--slug", page.slug, "--strip-external")
        lander.wait_for(HOST, f"/{page.slug}")
    return lander


@PAGES
def test_a_lead_is_sent_through_it(published: Lander, tab: Page, page: RealPage) -> None:
    said = listen(tab)
    tab.goto(published.url(HOST, f"/{page.slug}"))
    take_time(tab)
    if page.open_form:
        tab.locator(page.open_form).locator("visible=true").first.click()
    for selector, value in page.fields.items():
        tab.fill(selector, value)
    tab.locator("form:has(input[name=_lander]) [type=submit]").first.click()
    tab.wait_for_url("**/_l/thanks*")
    assert said == []
    published.wait_for_lead(next(value for value in page.fields.values() if "@" in value))


@PAGES
@pytest.mark.parametrize("width", WIDTHS)
def test_it_looks_as_its_author_made_it(
    published: Lander, chromium: Browser, page: RealPage, width: int, tmp_path: Path
) -> None:
    with _served_plainly(page, tmp_path) as plain_url:
        plain, _ = _screenshot(chromium, plain_url, width, brought=_with_fonts(page.brought))
    ours, drawn = _screenshot(chromium, published.url(HOST, f"/{page.slug}"), width, brought={})
    share = _different_share(plain, ours, drawn)
    for name, image in (("plain", plain), ("ours", ours)):
        image.save(tmp_path / f"{name}.png")
    print(f"{page.slug} at {width} px: {share:.3%} of pixels differ")
    assert share <= MOST_DIFFERENT


def test_its_video_plays(published: Lander, tab: Page) -> None:
    tab.goto(published.url(HOST, "/new-age"))
    tab.wait_for_function("document.querySelector('video').currentTime > 0")


def _with_fonts(brought: dict[str, Path]) -> dict[str, Path]:
    """The icon style sheet refers to its fonts beside it; they are brought along under their own addresses."""
    if ICONS not in brought:
        return brought
    folder = brought[ICONS].parent
    fonts = sorted((folder / "fonts").glob("bootstrap-icons.woff*"))
    sheet = brought[ICONS].read_text(encoding="utf-8")
    addresses = {}
    for font in fonts:
        start = (
            sheet.index(f"fonts/{font.name}?") if f"fonts/{font.name}?" in sheet else sheet.index(f"fonts/{font.name}")
        )
        end = min(
            sheet.index('"', start) if '"' in sheet[start : start + 120] else start + 10_000, sheet.index(")", start)
        )
        addresses[f"{ICONS.rpartition('/')[0]}/{sheet[start:end]}"] = font
    return {**brought, **addresses}


@contextmanager
def _served_plainly(page: RealPage, folder: Path) -> Iterator[str]:
    with zipfile.ZipFile(SHARED_PAGES / page.archive) as archive:
        archive.extractall(folder / "plain")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder / "plain")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/index.html"
    finally:
        server.shutdown()
        server.server_close()


def _screenshot(chromium: Browser, url: str, width: int, *, brought: dict[str, Path]) -> tuple[Image.Image, Boxes]:
    """What the page looks like, and where the images stand that were drawn anew."""
    context = chromium.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce", user_agent=AGENT)
    tab = context.new_page()

    def answer(route: Route) -> None:
        address = route.request.url
        if address.endswith(".mp4"):  # which frame it shows is a matter of moments
            route.abort()
        elif address in brought:
            kind = "text/css" if brought[address].suffix == ".css" else "text/javascript"
            route.fulfill(
                body=brought[address].read_bytes(),
                headers={"Access-Control-Allow-Origin": "*"},
                content_type=kind if brought[address].suffix in (".css", ".js") else "font/woff2",
            )
        elif "localhost" in address or "127.0.0.1" in address or address.startswith("data:"):
            route.continue_()
        else:
            route.abort()

    tab.route("**/*", answer)
    tab.goto(url, wait_until="load")
    tab.evaluate("document.fonts.ready")
    tab.locator("img").evaluate_all(LOAD_ALL)
    tab.wait_for_timeout(700)
    image = Image.open(io.BytesIO(tab.screenshot(full_page=True, animations="disabled"))).convert("RGB")
    boxes = tab.locator("img[srcset*='/_l/a/']").evaluate_all(
        "all => all.map(i => i.getBoundingClientRect()).map(b => [b.left, b.top, b.right, b.bottom].map(Math.round))"
    )
    context.close()
    return image, [tuple(box) for box in boxes]


def _different_share(one: Image.Image, other: Image.Image, drawn: Boxes) -> float:
    """The share of pixels that are not the same, in images drawn anew not nearly the same.

    A difference in size counts every pixel outside the common part.
    """
    width, height = max(one.width, other.width), max(one.height, other.height)
    common = (0, 0, min(one.width, other.width), min(one.height, other.height))
    difference = ImageChops.difference(one.crop(common), other.crop(common))
    shades = difference.convert("L")
    mask = shades.point(lambda value: 255 if value else 0)
    for box in drawn:
        mask.paste(shades.crop(box).point(lambda value: 255 if value > SHADES else 0), box)
    same = mask.histogram()[0]
    return 1 - same / (width * height)
