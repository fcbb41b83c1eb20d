"""External files come inside: at the import, or later one by one."""

import pytest

from lander.access.audit import list_entries
from lander.artifact import ASSET_PREFIX, asset_name
from lander.db import reading, transaction
from lander.errors import InvalidInput, NotFound
from lander.pages import importing
from lander.pages.models import Version
from tests.builders_content import HOST, NOW, Studio, make_picture

ICONS = "https://cdn.example/icons@1.5/font/icons.css"
FONT = "https://cdn.example/icons@1.5/font/fonts/icons.woff2?8560"
ICONS_CSS = b"@font-face{src:url('./fonts/icons.woff2?8560')}i{background:url(../sprite.png)}"
WOFF2 = b"wOF2" + bytes(40)
SPRITE = "https://cdn.example/icons@1.5/sprite.png"
PAGE = (
    f"<link rel=stylesheet href={ICONS}><link rel=stylesheet href=https://fonts.example/css?family=Lato>"
    "<script src=//cdn.example/app.js?v=3></script><link rel=stylesheet href=own.css>"
    "<a href=https://cdn.example/brochure>Brochure</a>"
)
OWN_CSS = "a{b:url(https://img.example/bg.png)}"


def bring(studio: Studio, url: str, filename: str, content: bytes) -> Version:
    with transaction(studio.engine) as session:
        return importing.bring_inside(session, studio.page(session), "a", url, filename, content, actor="maya", now=NOW)


def test_files_brought_along_take_the_place_of_external_addresses(studio: Studio) -> None:
    report = studio.upload(
        {"index.html": PAGE, "own.css": OWN_CSS},
        brought={
            ICONS: ICONS_CSS,
            FONT: WOFF2,
            "https://fonts.example/css?family=Lato": b"@font-face{src:url(https://fonts.example/l.woff2)}",
            "http://cdn.example/app.js?v=3": b"app()",
            "https://img.example/bg.png": make_picture(),
        },
    )
    files = studio.draft().files
    icons = studio.asset(files[ICONS])
    assert icons.body.decode() == (
        f'@font-face{{src:url("{ASSET_PREFIX}{asset_name(WOFF2, "woff2")}")}}i{{background:url("{SPRITE}")}}'
    )
    assert studio.asset(files["own.css"]).css_references["external"] == []
    assert {item.load.address for item in report.external} == {SPRITE, "https://fonts.example/l.woff2"}
    assert report.warnings == ()


def test_a_file_brought_for_nothing_is_said(studio: Studio) -> None:
    report = studio.upload({"index.html": PAGE, "own.css": OWN_CSS}, brought={"https://x.example/y.css": b"a{}"})
    assert report.warnings == ("You brought https://x.example/y.css, but nothing on the pages loads it.",)


def test_a_file_can_come_inside_later_in_a_version_of_its_own(studio: Studio) -> None:
    studio.upload({"index.html": PAGE, "own.css": OWN_CSS})
    version = bring(studio, ICONS, "icons.css", ICONS_CSS)
    assert (version.number, version.note, version.source) == (2, f"{ICONS} brought inside", PAGE)
    assert studio.asset(version.files[ICONS]).css_references["external"] == [FONT, SPRITE]
    with reading(studio.engine) as session:
        entry = list_entries(session)[0]
    assert (entry.action, entry.subject) == ("page.bring-inside", f"{HOST}/sale")
    assert entry.details["url"] == ICONS


def test_what_a_stylesheet_wants_may_follow_it(studio: Studio) -> None:
    studio.upload({"index.html": PAGE, "own.css": OWN_CSS})
    first = bring(studio, ICONS, "icons.css", ICONS_CSS)
    second = bring(studio, FONT, "icons.woff2", WOFF2)
    third = bring(studio, SPRITE, "sprite.png", make_picture())
    assert studio.asset(second.files[ICONS]).css_references["external"] == [SPRITE]
    assert studio.asset(third.files[ICONS]).css_references["external"] == []
    assert asset_name(WOFF2, "woff2") in studio.asset(third.files[ICONS]).body.decode()
    assert studio.asset(first.files[ICONS]).css_references["external"] == [FONT, SPRITE]  # older versions stay


def test_a_stylesheet_that_imports_a_changed_one_changes_with_it(studio: Studio) -> None:
    studio.upload({"index.html": PAGE, "own.css": f"@import '{ICONS}';"})
    bring(studio, ICONS, "icons.css", ICONS_CSS)
    version = bring(studio, FONT, "icons.woff2", WOFF2)
    own = studio.asset(version.files["own.css"])
    assert own.body.decode() == f'@import "{ASSET_PREFIX}{version.files[ICONS]}";'
    assert own.css_references["assets"] == [version.files[ICONS]]


def test_stylesheets_that_come_to_import_each_other_are_refused(studio: Studio) -> None:
    one, two = "https://cdn.example/1.css", "https://cdn.example/2.css"
    studio.upload({"index.html": f"<link rel=stylesheet href={one}>"})
    bring(studio, one, "1.css", b"@import '2.css';")
    with pytest.raises(InvalidInput, match="in a circle"):
        bring(studio, two, "2.css", b"@import '1.css';")
    assert studio.draft().number == 2


@pytest.mark.parametrize(
    ("url", "filename", "content", "words"),
    [
        ("https://cdn.example/other.css", "a.css", b"a{}", "Nothing on variant a loads"),
        ("https://cdn.example/brochure", "a.pdf", b"%PDF-1.7", "Nothing on variant a loads"),
        ("icons.css", "a.css", b"a{}", "not the address of a file on another host"),
        ("javascript:x", "a.js", b"a{}", "not the address of a file on another host"),
        (ICONS, "icons.css", make_picture(), "not text but a .png file"),
        (ICONS, "icons.css", b"", "is empty"),
    ],
)
def test_what_cannot_come_inside_is_refused(
    studio: Studio, url: str, filename: str, content: bytes, words: str
) -> None:
    studio.upload({"index.html": PAGE, "own.css": OWN_CSS})
    with pytest.raises(InvalidInput, match=words):
        bring(studio, url, filename, content)
    assert studio.draft().number == 1


def test_the_type_is_taken_from_name_address_content_or_use(studio: Studio) -> None:
    page = (
        "<img src=https://img.example/photo><script src=https://cdn.example/tag></script>"
        "<img src=https://img.example/logo.png><link rel=preconnect href=https://x.example/>"
    )
    studio.upload({"index.html": page})
    assert (
        bring(studio, "https://img.example/photo", "", make_picture("WEBP"))
        .files["https://img.example/photo"]
        .endswith(".webp")
    )
    assert bring(studio, "https://cdn.example/tag", "", b"a()").files["https://cdn.example/tag"].endswith(".js")
    assert (
        bring(studio, "https://img.example/logo.png", "", make_picture("JPEG"))
        .files["https://img.example/logo.png"]
        .endswith(".jpg")
    )
    with pytest.raises(InvalidInput, match="cannot be told what type"):
        bring(studio, "https://x.example/", "", b"???")


def test_an_unknown_variant_is_not_found(studio: Studio) -> None:
    studio.upload({"index.html": PAGE, "own.css": OWN_CSS})
    with pytest.raises(NotFound), transaction(studio.engine) as session:
        importing.bring_inside(session, studio.page(session), "b", ICONS, "icons.css", ICONS_CSS, actor="maya", now=NOW)
