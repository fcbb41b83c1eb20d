"""The images of a page: listed, replaced, cropped, described; each change is a version, and what is no image stays out."""

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from PIL import Image
from sqlmodel import Session

from lander.access.audit import list_entries
from lander.errors import Conflict, InvalidInput, NotFound
from lander.pages.models import Asset, Page, Version
from lander.pages.pages import load_variant
from lander.pages.pictures import (
    Box,
    crop,
    cut_part,
    describe_image,
    fit_ratio,
    list_images,
    make_thumbnail,
    put_part,
    read_size,
    replace_image,
)
from lander.pages.versions import list_versions, load_draft
from lander.policy.store import apply_policy
from tests.pages.publishing import MAYA, NOW, add_page, add_site

LATER = NOW + timedelta(minutes=5)
WHOLE = Box(0, 0, 100, 100)
SOURCE = """<!doctype html>
<html lang="en"><head><title>Sale</title></head>
<body><h1>Sale</h1>
<picture><source srcset="img/hero.png 2x" type="image/png">
<img src='img/hero.png' srcset="img/hero.png 2x" width=200 height="100"></picture>
<img src="https://elsewhere.example/a.png" alt="">
<IMG SRC="data:image/gif;base64,R0lGODlhAQABAAAAACw=">
<p>after</p></body></html>
"""


def picture(kind: str = "PNG", size: tuple[int, int] = (200, 100), mode: str = "RGB", **options: object) -> bytes:
    """Red on its left half, blue on its right."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, size[0], size[1]))
    output = io.BytesIO()
    image.convert(mode).save(output, kind, **options)
    return output.getvalue()


@pytest.fixture
def page(session: Session) -> Page:
    return add_page(session, add_site(session), {"a": SOURCE}, files={"img/hero.png": picture()})


def draft(session: Session, page: Page) -> Version:
    return load_draft(session, load_variant(session, page, "a"))


def replace(session: Session, page: Page, name: str, content: bytes, *, number: int = 1, base: int = 1) -> Version:
    return replace_image(session, page, "a", number, (name, content), base=base, actor=MAYA, now=LATER)


def crop_image(session: Session, page: Page, box: Box, *, base: int = 1) -> Version:
    part = cut_part(session, draft(session, page), 1, box)
    return put_part(session, page, "a", 1, part, base=base, actor=MAYA, now=LATER)


def body_of(session: Session, version: Version, number: int = 1) -> bytes:
    return session.get_one(Asset, list_images(version)[number - 1].asset).body


def test_every_image_is_listed_with_its_line_and_its_text(session: Session, page: Page) -> None:
    first, second, third = list_images(draft(session, page))
    assert (first.number, first.line, first.address, first.alt) == (1, 5, "img/hero.png", None)
    assert first.asset == draft(session, page).files["img/hero.png"]
    assert first.can_be_cropped
    assert (second.asset, second.alt, second.can_be_cropped) == ("", "", False)
    assert (third.line, third.asset) == (7, "")


def test_another_image_takes_its_place_and_nothing_else_changes(session: Session, page: Page) -> None:
    before = draft(session, page)
    version = replace(session, page, "new one.png", picture(size=(300, 300)))
    assert version.source == SOURCE.replace('<source srcset="img/hero.png 2x" type="image/png">', "").replace(
        """<img src='img/hero.png' srcset="img/hero.png 2x" width=200 height="100">""",
        """<img src="uploads/new%20one.png" width=200 height="200">""",
    )
    assert read_size(body_of(session, version)) == (300, 300)
    assert version.files == {**before.files, "uploads/new one.png": list_images(version)[0].asset}
    assert (version.number, version.note, version.created_by) == (2, "image hero.png replaced", MAYA)
    (entry,) = list_entries(session, limit=1)
    assert (entry.action, entry.details["before"], entry.details["after"]) == ("page.image", 1, 2)


def test_an_image_from_elsewhere_can_be_replaced_by_an_own_one(session: Session, page: Page) -> None:
    version = replace(session, page, "a.png", picture(), number=2)
    assert '<img src="uploads/a.png" alt="">' in version.source


def test_a_part_is_kept_as_the_same_kind_of_file(session: Session, page: Page) -> None:
    version = crop_image(session, page, Box(50, 0, 50, 100), base=1)
    content = body_of(session, version)
    with Image.open(io.BytesIO(content)) as part:
        assert (part.format, part.size, part.getpixel((2, 2))) == ("PNG", (100, 100), (0, 0, 255))
    assert 'src="uploads/hero-cropped.png"' in version.source
    assert 'height="200"' in version.source
    again = crop_image(session, page, Box(0, 0, 50, 50), base=2)
    assert list_images(again)[0].name == "hero-cropped-2.png"


@pytest.mark.parametrize(
    ("kind", "name", "mode"),
    [
        ("JPEG", "a.jpg", "CMYK"),
        ("JPEG", "a.jpg", "L"),
        ("PNG", "a.png", "I;16"),
        ("PNG", "a.png", "P"),
        ("WEBP", "a.webp", "RGBA"),
    ],
)
def test_every_kind_of_pixels_can_be_cropped_and_made_small(kind: str, name: str, mode: str) -> None:
    if mode == "I;16":
        output = io.BytesIO()
        Image.new("I;16", (200, 100), 40_000).save(output, "PNG")
        content = output.getvalue()
    else:
        content = picture(kind, mode=mode)
    assert read_size(crop(name, content, Box(25, 0, 50, 100))) == (100, 100)
    assert read_size(make_thumbnail(content)) == (200, 100)


def test_an_image_is_cropped_the_way_up_that_it_is_seen() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    content = picture("JPEG", exif=exif)
    assert read_size(content) == (100, 200)
    assert read_size(make_thumbnail(content)) == (100, 200)
    upper = crop("a.jpg", content, Box(0, 0, 100, 50))
    assert read_size(upper) == (100, 100)
    with Image.open(io.BytesIO(upper)) as part:
        red, _, blue = part.convert("RGB").getpixel((50, 50))  # type: ignore[misc]
    assert red > 200 > blue


def test_the_text_is_set_and_an_empty_one_says_that_it_decorates(session: Session, page: Page) -> None:
    def describe(alt: str, base: int) -> Version:
        return describe_image(session, page, "a", 1, alt, base=base, actor=MAYA, now=LATER)

    said = describe('  A "red"\n<b>buggy</b> & more ', 1)
    assert list_images(said)[0].alt == 'A "red" <b>buggy</b> & more'
    assert describe('A "red" <b>buggy</b> & more', 2).number == 2
    with pytest.raises(InvalidInput, match=r"has 1,001 characters.*1,000 at most"):
        describe("x" * 1_001, 2)
    with pytest.raises(InvalidInput, match="characters that are no text"):
        describe("a\0b", 2)
    assert list_images(describe("", 2))[0].alt == ""
    assert said.files == draft(session, page).files


def test_another_persons_version_is_not_overwritten(session: Session, page: Page) -> None:
    replace(session, page, "a.png", picture(size=(30, 30)))
    acts: list[Callable[[], Version]] = [
        lambda: replace(session, page, "b.png", picture(size=(40, 40))),
        lambda: crop_image(session, page, WHOLE, base=1),
        lambda: describe_image(session, page, "a", 1, "Buggy", base=1, actor=MAYA, now=LATER),
    ]
    for act in acts:
        with pytest.raises(Conflict, match="saved version 2 of variant a while you looked at 1"):
            act()


@pytest.mark.parametrize(
    "box", [Box(100, 0, 5, 5), Box(-1, 0, 50, 50), Box(0, 0, 0, 50), Box(0, 0, 1, 1), Box(float("nan"), 0, 5, 5)]
)
def test_a_part_that_is_none_is_refused(session: Session, page: Page, box: Box) -> None:
    with pytest.raises(InvalidInput):
        crop_image(session, page, box, base=1)
    assert len(list_versions(session, load_variant(session, page, "a"))) == 1


@pytest.mark.parametrize(
    ("box", "ratio", "fitted"),
    [
        (Box(0, 0, 50, 10), 1, Box(0, 0, 50, 100)),
        (Box(0, 0, 100, 100), 1, Box(0, 0, 50, 100)),
        (Box(10, 50, 80, 1), 2, Box(10, 50, 50, 50)),
        (Box(0, 0, 40, 1), 4, Box(0, 0, 40, 20)),
    ],
)
def test_a_ratio_keeps_the_width_where_there_is_room(box: Box, ratio: float, fitted: Box) -> None:
    assert fit_ratio(box, (200, 100), ratio) == fitted


def animated(kind: str = "GIF") -> bytes:
    output = io.BytesIO()
    frames = [Image.new("RGB", (40, 40), color) for color in ("red", "blue")]
    frames[0].save(output, kind, save_all=True, append_images=frames[1:])
    return output.getvalue()


def test_what_moves_is_kept_whole(session: Session, page: Page) -> None:
    replace(session, page, "moves.gif", animated())
    with pytest.raises(InvalidInput, match="cannot be cropped here"):
        crop_image(session, page, WHOLE, base=2)
    replace(session, page, "moves.webp", animated("WEBP"), base=2)
    with pytest.raises(InvalidInput, match="An animated image cannot be cropped"):
        crop_image(session, page, WHOLE, base=3)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("cut.png", picture()[:120], "does not open as a picture"),
        ("wrong.jpg", picture(), "wrong.jpg"),
        ("page.html", b"<h1>x</h1>", "is no picture"),
        ("<b>.png", b"<script>alert(1)</script>", "<b>.png"),
        ("empty.png", b"", "empty.png"),
    ],
)
def test_what_is_no_image_is_refused_by_name(
    session: Session, page: Page, name: str, content: bytes, said: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        replace(session, page, name, content)
    assert said in caught.value.message
    assert caught.value.fix


def test_more_pixels_than_it_allows_are_refused(session: Session, page: Page) -> None:
    apply_policy(session, "[uploads]\nimage_megapixels = 1\n", actor="ivan", now=NOW)
    with pytest.raises(InvalidInput, match="1,200 × 1,000 pixels; at most 1 million"):
        replace(session, page, "huge.png", picture(size=(1200, 1000)))


def test_a_script_in_a_drawing_is_taken_out(session: Session, page: Page) -> None:
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script><rect/></svg>'
    version = replace(session, page, "drawing.svg", drawing)
    assert b"script" not in body_of(session, version)


def test_an_image_that_is_not_there_is_said(session: Session, page: Page) -> None:
    with pytest.raises(NotFound):
        replace(session, page, "a.png", picture(), number=4)
