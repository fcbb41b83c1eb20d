"""The images of a variant in the studio: seen, replaced, cropped, described, and refused in words."""

import io
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect
from sqlalchemy import Engine
from sqlmodel import Session, select

from lander.db import transaction
from lander.pages.assets import prepare_file, store_files
from lander.pages.models import Asset, Page, Site, Version
from lander.policy.policy import UploadLimits
from tests.console.conftest import NOW, Browser, build_page, text_of
from tests.console.test_in_a_browser import _vendor_is_there, open_tab, origin  # noqa: F401  fixtures
from tests.screens import look_at

ADDRESS = "/pages/spring-sale/a/images"
HTML = """<!doctype html>
<html lang="en"><head><title>Sale</title></head>
<body><h1>Sale</h1>
<img src="img/hero.png">
<img src="https://elsewhere.example/<b>.png" alt="A &quot;b&quot;">
</body></html>
"""


def picture(size: tuple[int, int] = (400, 200)) -> bytes:
    """Red on its left half, blue on its right."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, size[0], size[1]))
    output = io.BytesIO()
    image.save(output, "PNG")
    return output.getvalue()


@pytest.fixture
def illustrated(engine: Engine, site: Site) -> Page:
    """A page with one image of its own and one from elsewhere."""
    page = build_page(engine, site, "spring-sale", a=HTML)
    with transaction(engine) as session:
        stored = store_files(session, [prepare_file("img/hero.png", picture(), UploadLimits())], now=NOW)
        version = session.exec(select(Version)).one()
        version.files = dict(stored.names)
        session.add(version)
    return page


def newest(session: Session) -> Version:
    return session.exec(select(Version).order_by(Version.number.desc())).first()  # type: ignore[attr-defined, return-value]


def upload(maya: Browser, name: str, content: bytes, *, number: str = "1", base: str = "1") -> str:
    fields = {"number": number, "base_version": base, "file": (io.BytesIO(content), name)}
    response = maya.post(ADDRESS, fields)
    assert response.status_code in (303, 409, 422)
    return "" if response.status_code == 303 else text_of(response)


def test_each_image_says_what_it_is(maya: Browser, illustrated: Page) -> None:
    screen = maya.get(ADDRESS)
    said = text_of(screen)
    assert "400 × 200 pixels, 1 kB · line 4" in said
    assert "It says nothing yet" in said
    assert "not among the page's own files" in said
    assert "<b>.png" not in screen.text
    assert 'value="A &#34;b&#34;"' in screen.text
    assert f'href="{ADDRESS}"' in maya.get("/pages/spring-sale").text


def test_it_is_shown_by_what_is_drawn_anew(maya: Browser, ana: Browser, illustrated: Page) -> None:
    for person in (maya, ana):
        answer = person.get(f"{ADDRESS}/1/thumbnail")
        assert answer.mimetype == "image/webp"
        with Image.open(io.BytesIO(answer.data)) as image:
            assert image.size == (320, 160)
    assert maya.get(f"{ADDRESS}/2/thumbnail").status_code == 404
    assert maya.get(f"{ADDRESS}/99999999999999999999/thumbnail").status_code == 404


def test_who_may_not_edit_only_looks(ana: Browser, illustrated: Page) -> None:
    screen = ana.get(ADDRESS).text
    assert "It has no alternative text." in screen
    assert "<form" not in screen.partition("<main")[2].partition("</main>")[0]


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
def test_an_image_is_replaced_described_and_cropped(maya: Browser, illustrated: Page, session: Session) -> None:
    assert upload(maya, "buggy.png", picture((300, 300))) == ""
    assert maya.post(ADDRESS, {"number": "1", "base_version": "2", "alt": "A red buggy"}).status_code == 303
    part = {"base_version": "3", "x": "50", "y": "0", "width": "50", "height": "10", "ratio": "1:1"}
    assert maya.post(f"{ADDRESS}/1/crop", part).status_code == 303
    version = newest(session)
    assert version.number == 4
    assert '<img alt="A red buggy" src="uploads/buggy-cropped.png">' in version.source
    with Image.open(io.BytesIO(session.get_one(Asset, version.files["uploads/buggy-cropped.png"]).body)) as image:
        assert (image.size, image.getpixel((1, 1))) == ((150, 150), (0, 0, 255))


def test_what_is_no_image_is_refused_beside_it(maya: Browser, illustrated: Page, session: Session) -> None:
    assert "'cut.png' does not open as a picture." in upload(maya, "cut.png", picture()[:90])
    assert "“page.html” is no picture." in upload(maya, "page.html", b"<script>alert(1)</script>")
    refused = maya.post(ADDRESS, {"number": "1", "base_version": "1", "file": (io.BytesIO(b"x"), "<b>x</b>.png")})
    assert "<b>x" not in refused.text
    assert 'href="#image-1"' in refused.text
    assert "There is no file yet." in text_of(maya.post(ADDRESS, {"number": "1", "base_version": "1"}))
    assert newest(session).number == 1


def test_somebody_elses_version_is_not_overwritten(maya: Browser, illustrated: Page) -> None:
    assert upload(maya, "buggy.png", picture((300, 300))) == ""
    assert "saved version 2 of variant a while you looked at 1" in upload(maya, "other.png", picture((30, 30)))
    part = {"base_version": "1", "x": "0", "y": "0", "width": "50", "height": "50"}
    assert maya.post(f"{ADDRESS}/1/crop", part).status_code == 409


@pytest.mark.parametrize(
    "typed",
    [{}, {"x": "half"}, {"x": "nan"}, {"x": "200"}, {"width": "0"}, {"width": "1e999", "ratio": "1:1", "x": "-5"}],
)
def test_a_part_that_is_none_is_said(maya: Browser, illustrated: Page, typed: dict[str, str]) -> None:
    whole = (
        {"base_version": "1", "x": "0", "y": "0", "width": "100", "height": "100"} if typed else {"base_version": "1"}
    )
    response = maya.post(f"{ADDRESS}/1/crop", {**whole, **typed})
    assert response.status_code == 422
    assert "One thing needs mending" in text_of(response)


@pytest.mark.browser
@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_maya_crops_with_the_pointer_or_by_numbers(
    open_tab: Callable[..., Tab],  # noqa: F811
    origin: str,  # noqa: F811
    illustrated: Page,
    scripts: bool,
) -> None:
    tab = open_tab(java_script_enabled=scripts)
    tab.goto(f"{origin}/pages/spring-sale")
    tab.get_by_role("link", name="Images of A").click()
    tab.get_by_role("link", name="Crop image 1").click()
    if scripts:
        box = tab.locator("[data-crop] img").bounding_box()
        assert box is not None
        tab.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 1)
        tab.mouse.down()
        tab.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.5, steps=4)
        tab.mouse.up()
        expect(tab.get_by_label("From the left")).to_have_value("50")
        expect(tab.get_by_role("group", name="The part that stays: arrow keys")).to_be_focused()
        tab.keyboard.press("ArrowLeft")
        expect(tab.get_by_label("From the left")).to_have_value("49")
        tab.keyboard.press("Shift+ArrowRight")
        expect(tab.get_by_label("Width")).to_have_value("26")
    else:
        tab.get_by_label("From the left").fill("49")
        tab.get_by_label("Width").fill("26")
    tab.get_by_label("Shape").select_option("Square")
    tab.get_by_role("button", name="Crop").click()
    expect(tab.get_by_role("status")).to_contain_text("Saved as a new draft.")
    expect(tab.get_by_text("104 × 104 pixels")).to_be_visible()
    tab.get_by_label("What image 1 shows").fill("A buggy")
    tab.get_by_role("button", name="Save").first.click()
    expect(tab.get_by_label("What image 1 shows")).to_have_value("A buggy")


@pytest.mark.browser
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    open_tab: Callable[..., Tab],  # noqa: F811
    origin: str,  # noqa: F811
    illustrated: Page,
) -> None:
    tab = open_tab()
    for name, address in (("images", ADDRESS), ("crop", f"{ADDRESS}/1/crop")):
        tab.goto(f"{origin}{address}")
        if name == "crop":
            tab.get_by_label("Width").fill("60")
        look_at(tab)
