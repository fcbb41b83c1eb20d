"""Images in a visitor's browser: a phone loads the small one, and nothing moves or is stretched because of it."""

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route

from lander.config import load_settings
from lander.db import make_engine, transaction
from lander.pages import publish
from lander.pages.pages import load_page
from lander.pages.sites import load_site
from tests.browser.conftest import AGENT
from tests.live import Lander
from tests.patience import wait_until

pytestmark = pytest.mark.browser

HOST = "go.localhost"
BOXES = "all => all.map(i => i.getBoundingClientRect()).map(b => [b.left, b.top, b.width, b.height])"
STYLES = {
    "nothing": "",
    "fluid": "img{max-width:100%;height:auto}",
    "only-max-width": "img{max-width:100%}",
    "height": "img{height:40px}",
    "cover": "img{width:100%;height:200px;object-fit:cover}",
    "max-height": "img{max-width:100%;max-height:90px}",
    "layered": "@layer base{img{max-width:100%;height:auto}}@layer utilities{.b{height:3rem;width:3rem}}",
    "column": "p{display:flex;flex-direction:column;width:300px}",
    "row": "p{display:flex;width:300px}",
    "universal": "*{max-width:50%}",
    "on-phones": "@media (max-width:500px){img{height:50px}}",
    "hover": ".a:hover,.b{width:120px}",
    "row-with-height": "p{display:flex;height:90px}",
    "stretched": "body{display:flex}p{display:flex;width:300px}p:last-child{height:200px}",
    "grid": "p{display:grid;grid-template-columns:200px 1fr;place-items:stretch}",
    "own-width": "img{width:auto;max-height:100px}",
    "every-element": "body *{display:block!important;padding:1px}",
    "child": "p > img{border:3px solid;max-width:100%}",
    "first-child": "p :first-child{border:3px solid;width:50%}",
    "every-child": "p > *{width:50%;margin:5px}",
    "neighbour": "img + i{padding:9px;float:right}",
    "not-this": "p :not(i){width:100%}",
    "before": "p *::before{content:'x';display:block}",
    "script": "img{max-width:100%}</style><script>addEventListener('load',()=>{for(const i of document.images)"
    "i.parentNode.style.padding='9px'})</script><style>",
}
ENCLOSED = {"nothing", "fluid", "height", "column", "universal", "every-element"}
ALONE = {"child", "first-child", "every-child", "neighbour", "not-this", "before", "script"}


def _photo(width: int, height: int) -> bytes:
    noise = Image.effect_noise((width, height), 60).convert("RGB")
    output = io.BytesIO()
    noise.save(output, "JPEG", quality=92)
    return output.getvalue()


def _source(style: str, *, below: str = "") -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Sale</title>'
        f'<meta name="viewport" content="width=device-width"><style>{style}</style></head>\n<body>'
        '<h1>Sale</h1><p><img class="a" src="hero.jpg" alt="A tent"><i>i</i></p><p><img class="b" src="tall.jpg" '
        'height="300" alt="A pole"><i>i</i></p>'
        f"{below}<p>And so on.</p></body></html>\n"
    )


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages as their author has them on disk."""
    folder = tmp_path_factory.mktemp("pages")
    below = '<div style="height:6000px"></div><img src="far.jpg" alt="Another tent">'
    index = _source(STYLES["fluid"]).replace('height="300"', "")
    pages = {"index": index, "long": _source(STYLES["fluid"], below=below)}
    pages |= {slug: _source(style) for slug, style in STYLES.items()}
    for slug, source in pages.items():
        (folder / f"{slug}.html").write_text(source)
    for name, size in {"hero": (1500, 600), "tall": (500, 900), "far": (700, 300)}.items():
        (folder / f"{name}.jpg").write_bytes(_photo(*size))
    return folder


@pytest.fixture(scope="module")
def published(lander: Lander, plain: Path) -> Lander:
    """Imported as one zip; each HTML file is a page under /all."""
    lander.ok("site", "add", HOST, "--core-site", "www.localhost")
    archive = plain.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w") as target:
        for path in plain.iterdir():
            target.write(path, path.name)
    lander.ok("page", "import", "--site", HOST, "--slug", "all", str(archive))
    settings = load_settings(lander.environ)
    with transaction(make_engine(settings.database_url)) as session:  # a command for each would take minutes
        site = load_site(session, HOST)
        for slug in ("", "/long", *(f"/{slug}" for slug in STYLES)):
            page = load_page(session, site, f"all{slug}")
            publish.publish(session, settings, page, actor="maya", now=datetime.now(UTC))
    lander.wait_for(HOST, "/all/long")  # they were published in one transaction
    return lander


@pytest.mark.parametrize("takes_avif", [True, False])
@pytest.mark.parametrize(("width", "drawn"), [(390, 640), (1440, 1500)])
def test_a_browser_loads_the_width_that_it_needs(
    published: Lander, chromium: Browser, width: int, drawn: int, takes_avif: bool
) -> None:
    tab = chromium.new_context(viewport={"width": width, "height": 800}, user_agent=AGENT).new_page()
    if not takes_avif:  # a browser passes a source over whose type it does not know
        answer, body = published.request("GET", HOST, "/all/fluid", headers={"User-Agent": AGENT})
        body = body.replace(b'type="image/avif"', b'type="image/none"')
        tab.route("**/all/fluid", lambda route: route.fulfill(body=body, headers=dict(answer.getheaders())))
    tab.goto(published.url(HOST, "/all/fluid"), wait_until="load")
    chosen = [urlsplit(item).path for item in tab.locator("img").evaluate_all("all => all.map(i => i.currentSrc)")]
    tab.context.close()
    kind = "avif" if takes_avif else "webp"
    assert [path.rpartition(".")[2] for path in chosen] == [kind, kind]
    answer, body = published.request("GET", HOST, chosen[0])
    assert answer.getheader("Content-Type") == f"image/{kind}"
    with Image.open(io.BytesIO(body)) as image:
        assert image.width == drawn


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("slug", STYLES)
def test_it_stands_where_its_author_put_it(
    published: Lander, plain: Path, chromium: Browser, slug: str, width: int
) -> None:
    written, _ = _measure(chromium, (plain / f"{slug}.html").as_uri(), width)
    ours, loaded = _measure(chromium, published.url(HOST, f"/all/{slug}"), width)
    assert len(written) == 8
    for mine, theirs in zip(ours, written, strict=True):
        assert mine == pytest.approx(theirs, abs=0.05)  # Chromium rounds to a 64th of a pixel
    if slug in {**dict.fromkeys(ENCLOSED), **dict.fromkeys(ALONE)}:
        assert loaded == ({".avif"} if slug in ENCLOSED else {".webp"})


def test_nothing_moves_when_an_image_arrives(published: Lander, tab: Page) -> None:
    held: list[Route] = []
    tab.route("**/*.avif", lambda route: held.append(route))  # noqa: PLW0108  (Playwright looks at its signature)
    tab.goto(published.url(HOST, "/all"), wait_until="domcontentloaded")
    wait_until(lambda: len(held) == 2 or tab.wait_for_timeout(20), "the images are not asked for")
    before = _end(tab)
    for route in held:
        route.continue_()
    for image in tab.locator("img").all():  # a sealed page lets no text be evaluated for waiting
        image.evaluate("i => i.decode()")
    assert len(held) == 2
    assert before == _end(tab)


def test_an_image_far_below_waits(published: Lander, tab: Page) -> None:
    tab.goto(published.url(HOST, "/all/long"), wait_until="load")
    last = tab.locator("img").last
    assert last.evaluate("i => [i.loading, i.currentSrc]") == ["lazy", ""]
    first = tab.locator("img").first
    assert [first.get_attribute(name) for name in ("loading", "fetchpriority")] == [None, "high"]
    last.scroll_into_view_if_needed()
    last.evaluate("i => i.decode()")
    assert last.evaluate("i => i.currentSrc").endswith(".avif")


def _measure(chromium: Browser, url: str, width: int) -> tuple[list[list[float]], set[str]]:
    """Where everything stands, and the types of the images shown."""
    tab = chromium.new_context(viewport={"width": width, "height": 800}, user_agent=AGENT).new_page()
    tab.goto(url, wait_until="load")
    boxes: list[list[float]] = tab.locator("h1,p,img,i").evaluate_all(BOXES)
    shown = tab.locator("img").evaluate_all("all => all.map(i => i.currentSrc)")
    tab.context.close()
    return boxes, {address[address.rindex(".") :] for address in shown}


def _end(tab: Page) -> float:
    return float(tab.locator("p").last.evaluate("p => p.getBoundingClientRect().top"))
