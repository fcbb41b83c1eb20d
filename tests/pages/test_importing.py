"""Maya uploads a page: it becomes pages, variants and assets, or nothing at all and a reason."""

import io
import json
import zipfile

import pytest
from sqlmodel import select

from lander.access.audit import list_entries
from lander.artifact import ASSET_PREFIX, asset_name
from lander.db import reading, transaction
from lander.errors import Conflict, InvalidInput
from lander.pages import pages
from lander.pages.models import Asset, Version
from lander.policy.parse import parse_policy
from tests.builders_content import HOST, PAGE, Studio, make_picture, make_zip

THANKS = PAGE.replace("Sale", "Thank you")
FORM = "<form action=crm.php><input type=email><button disabled>Go</button></form>"


def test_an_html_file_becomes_a_page_and_stays_byte_for_byte(studio: Studio) -> None:
    source = "\r\n<!DOCTYPE html><HTML><body onclick=x()>Grüße &amp; <b>more\r\n"
    report = studio.upload(source.encode(), filename="Sale.html")
    assert studio.draft().source == source
    assert studio.slugs() == ["sale"]
    assert (
        report.sentences()[0] == f"Sale.html is variant a of {HOST}/sale now. Visitors see nothing until you publish."
    )


def test_every_html_file_of_a_zip_becomes_a_page_under_the_address(studio: Studio) -> None:
    report = studio.upload(
        {
            "site/index.html": PAGE,
            "site/thanks.html": THANKS,
            "site/de/index.html": PAGE,
            "site/de/Über uns.htm": PAGE,
            "site/de/ueber-uns.html": PAGE,
        }
    )
    assert studio.slugs() == ["sale", "sale/de", "sale/de/ueber-uns", "sale/de/ueber-uns-2", "sale/thanks"]
    assert report.pages[0].path == "index.html"
    assert studio.draft("sale/de").links == {
        "index.html": "sale",
        "thanks.html": "sale/thanks",
        "de/index.html": "sale/de",
        "de/Über uns.htm": "sale/de/ueber-uns-2",
        "de/ueber-uns.html": "sale/de/ueber-uns",
    }


@pytest.mark.parametrize("name", ["thanks.html", "thank-you.html", "Danke.html", "merci.htm", "success.html"])
def test_a_thank_you_page_is_where_forms_lead(studio: Studio, name: str) -> None:
    report = studio.upload({"index.html": PAGE + FORM, name: THANKS})
    assert report.page.thank_you == f"/sale/{name.partition('.')[0].lower()}"
    assert any("where its forms lead" in sentence for sentence in report.sentences())
    assert report.as_json()["thank_you"] == report.page.thank_you


def test_without_an_index_the_only_page_is_the_page(studio: Studio) -> None:
    studio.upload({"spring.html": PAGE, "thanks.html": THANKS, "style.css": "a{}"})
    assert studio.slugs() == ["sale", "sale/thanks"]
    assert studio.draft().path == "spring.html"


def test_the_page_may_lie_in_a_folder(studio: Studio) -> None:
    studio.upload({"dist/index.html": PAGE, "dist/thanks.html": THANKS, "other/style.css": "a{}"})
    assert studio.slugs() == ["sale", "sale/thanks"]


def test_files_become_assets_once(studio: Studio) -> None:
    picture = make_picture()
    studio.upload({"index.html": PAGE, "a.png": picture, "img/b.png": picture, "app.js": "a()"})
    studio.upload({"index.html": PAGE, "c.png": picture}, slug="other")
    files = studio.draft().files
    assert files["a.png"] == files["img/b.png"] == studio.draft("other").files["c.png"] == asset_name(picture, "png")
    assert studio.asset(files["app.js"]).body == b"a()"
    assert studio.asset(files["app.js"]).media_type == "text/javascript; charset=utf-8"
    with reading(studio.engine) as session:
        assert len(session.exec(select(Asset.name)).all()) == 2


def test_stylesheets_lead_to_assets_and_remember_what_they_load(studio: Studio) -> None:
    picture = make_picture()
    css = "@import 'base.css';a{b:url(../img/a.png)}c{d:url(https://img.example/x.png)}"
    report = studio.upload(
        {"index.html": PAGE, "css/main.css": css, "css/base.css": "e{f:url(gone.png)}", "img/a.png": picture}
    )
    files = studio.draft().files
    main = studio.asset(files["css/main.css"])
    image = asset_name(picture, "png")
    assert main.body.decode() == (
        f'@import "{ASSET_PREFIX}{files["css/base.css"]}";a{{b:url("{ASSET_PREFIX}{image}")}}'
        "c{d:url(https://img.example/x.png)}"
    )
    assert main.css_references == {"external": ["https://img.example/x.png"], "assets": [files["css/base.css"], image]}
    assert report.warnings == ("css/base.css, line 1, refers to gone.png, which is not among the files.",)


def test_a_second_variant_shares_the_pages_that_are_the_same(studio: Studio) -> None:
    studio.upload({"index.html": PAGE, "thanks.html": THANKS, "menu.html": PAGE})
    report = studio.upload({"index.html": PAGE + "!", "thanks.html": THANKS, "menu.html": PAGE + "!"}, key="b")
    with reading(studio.engine) as session:
        keys = {
            page.slug: [variant.key for variant in pages.list_variants(session, page)]
            for page in pages.list_pages(session)
        }
    assert keys == {"sale": ["a", "b"], "sale/menu": ["a", "b"], "sale/thanks": ["a"]}
    assert [(made.slug, made.variant, made.is_new) for made in report.pages] == [
        ("sale", "b", True),
        ("sale/menu", "b", True),
        ("sale/thanks", "a", False),
    ]


def test_forms_are_reported_with_every_change(studio: Studio) -> None:
    report = studio.upload({"index.html": f"<html>\n{FORM}"})
    said = "\n".join(report.sentences())
    assert "index.html: The form in line 2 asks for Email (email)." in said
    assert "was sent to crm.php; it comes to Lander instead" in said
    assert "had no name; it is called 'email'" in said
    assert "is switched off (attribute disabled); it is switched on" in said
    assert studio.draft().enable_submit


def test_submit_buttons_stay_switched_off_where_that_is_wanted(studio: Studio) -> None:
    report = studio.upload({"index.html": FORM}, enable_submit=False)
    assert not studio.draft().enable_submit
    assert "nobody can send this form" in "\n".join(report.sentences())


EXTERNAL = (
    "<html>\n<link rel=stylesheet href=https://cdn.example/a.css>\n<script src=//cdn.example/jquery.min.js></script>\n"
    "<script>$('a').hide()</script>\n<link rel=stylesheet href=own.css>\n<a href=https://www.example.com>Home</a>"
)


def test_external_references_are_listed_with_what_the_policy_says(studio: Studio) -> None:
    policy = parse_policy('[isolation.allow]\nstyle = ["cdn.example"]')
    report = studio.upload({"index.html": EXTERNAL, "own.css": "\na{b:url(https://img.example/x.png)}"}, policy=policy)
    listed = [(item.load.kind, item.load.address, item.load.line, item.finding is None) for item in report.external]
    assert sorted(listed) == [
        ("img", "https://img.example/x.png", 5, False),
        ("script", "https://cdn.example/jquery.min.js", 3, False),
        ("style", "https://cdn.example/a.css", 2, True),
    ]
    said = "\n".join(report.sentences())
    assert "Line 2 loads a stylesheet from https://cdn.example/a.css. Your IT allows it." in said
    assert "Line 3 loads a script from cdn.example. Your IT allows no scripts from there." in said
    assert "the script in line 4 uses $, which fails without it." in said
    assert "own.css" in next(item.load.via for item in report.external if item.load.kind == "img")
    assert "2 things stand in the way of publishing" in said


def test_everything_else_that_would_be_refused_is_said_too(studio: Studio) -> None:
    report = studio.upload({"index.html": "<body onload=x()>\n<img src=gone.png>\n<form><input type=password></form>"})
    said = "\n".join(report.sentences())
    assert "onload" in said
    assert "gone.png, which is not among the uploaded files" in said
    assert "asks for a password" in said


def test_the_report_is_plain_data_too(studio: Studio) -> None:
    report = studio.upload({"index.html": EXTERNAL + FORM, "app.js": "a()", "a.scss": "x"})
    data = json.loads(json.dumps(report.as_json()))
    assert data["address"] == f"{HOST}/sale"
    assert data["pages"] == [
        {"path": "index.html", "slug": "sale", "variant": "a", "version": 1, "title": "", "new": True}
    ]
    assert data["left_out"] == [{"path": "a.scss", "reason": "pages do not use files of this type"}]
    assert data["files"][0]["path"] == "app.js"
    assert {item["kind"] for item in data["external"]} == {"style", "script"}
    assert data["forms"][0]["page"] == "index.html"


def test_svg_is_cleaned_and_css_in_other_encodings_is_stored_as_utf8(studio: Studio) -> None:
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>x</script></svg>"
    report = studio.upload(
        {
            "index.html": PAGE,
            "a.svg": svg,
            "a.css": '@charset "iso-8859-2"; a::after { content: "ř" }'.encode("iso-8859-2"),
            "b.css": 'a::after { content: "ü" }'.encode("cp1252"),
        }
    )
    files = studio.draft().files
    assert b"script" not in studio.asset(files["a.svg"]).body
    assert any("a.svg, line 1: <script>" in sentence for sentence in report.warnings)
    assert "ř".encode() in studio.asset(files["a.css"]).body
    assert "ü".encode() in studio.asset(files["b.css"]).body


def test_html_in_another_encoding_is_stored_as_text_and_said(studio: Studio) -> None:
    report = studio.upload({"index.html": "<meta charset=iso-8859-1>Grüße".encode("latin-1")})
    assert studio.draft().source == "<meta charset=iso-8859-1>Grüße"
    assert report.warnings == ("index.html was in windows-1252; it is stored and sent as UTF-8.",)


def test_who_imported_what_is_on_record(studio: Studio) -> None:
    studio.upload({"index.html": PAGE, "a.css": "a{}"})
    with reading(studio.engine) as session:
        entry = list_entries(session)[0]
    assert (entry.actor, entry.action, entry.subject) == ("maya", "page.import", f"{HOST}/sale")
    assert entry.details == {"variant": "a", "pages": ["sale"], "files": 1}


def symlinked() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.html", PAGE)
        info = zipfile.ZipInfo("a.css")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("upload", "words"),
    [
        (b"no zip", "neither an HTML file nor a zip"),
        (make_zip({"style.css": "a{}"}), "holds no HTML file"),
        (make_zip({"a.html": PAGE, "b.html": PAGE}), "none is called index.html"),
        (make_zip({"index.html": "  "}), "is empty"),
        (make_zip({"index.html": PAGE, "../a.css": "a{}"}), "leads outside"),
        (symlinked(), "a link or a device"),
        (make_zip({"index.html": PAGE, "A.css": "", "a.css": ""}), "one file on many computers"),
        (make_zip({"index.html": b'<meta charset="utf-8">\xff'}), "says it is utf-8"),
        (make_zip({"index.html": PAGE, "a.png": b"<script>"}), "called .png but holds something else"),
        (make_zip({"index.html": PAGE, "a.png": make_picture()[:40]}), "does not open as a picture"),
        (make_zip({"index.html": PAGE, "a.svg": "<svg><g></svg>"}), "not a well-formed SVG"),
        (make_zip({"index.html": PAGE, "a.css": "@import 'b.css'", "b.css": "@import 'a.css'"}), "in a circle"),
        (make_zip({"index.html": PAGE, "a.zip": make_zip({"b.css": "a{}"})}), "archive inside the zip"),
        (make_zip({"index.html": PAGE, "a.txt": b"\0" * 5_000_000}), "100 times its size"),
        (make_zip({"index.html": PAGE, "b.html": "<p>\n" + "<i>" * 999}), "b.html is nested too deeply: <i> in line 2"),
    ],
    ids=range(15),
)
def test_a_bad_upload_is_refused_and_changes_nothing(studio: Studio, upload: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        studio.upload(upload)
    assert caught.value.fix
    assert studio.slugs() == []
    with reading(studio.engine) as session:
        assert session.exec(select(Asset.name)).all() == []
        assert session.exec(select(Version.id)).all() == []


@pytest.mark.parametrize(
    ("slug", "key", "words"),
    [
        ("sale", "a", "already has a variant a"),
        ("new", "b", "its first variant is a"),
        ("other", "a", "is there already with other content"),
    ],
)
def test_an_address_that_is_taken_is_refused_and_changes_nothing(
    studio: Studio, slug: str, key: str, words: str
) -> None:
    studio.upload({"index.html": PAGE})
    studio.upload({"index.html": PAGE}, slug="other/thanks")
    with pytest.raises(Conflict, match=words):
        studio.upload({"index.html": PAGE, "thanks.html": THANKS, "new.css": "a{}"}, slug=slug, key=key)
    assert studio.slugs() == ["other/thanks", "sale"]
    with reading(studio.engine) as session:
        assert session.exec(select(Asset.name)).all() == []


def test_a_file_named_like_a_screen_of_the_studio_gets_a_number(studio: Studio) -> None:
    studio.upload({"index.html": PAGE.replace("<h1>", "<a href=search.html>Search</a><h1>"), "search.html": THANKS})
    assert studio.slugs() == ["sale", "sale/search-2"]
    assert studio.draft().links["search.html"] == "sale/search-2"


def test_such_a_file_stays_with_its_page_of_before(studio: Studio) -> None:
    studio.upload({"index.html": PAGE, "find.html": THANKS})
    with transaction(studio.engine) as session:
        studio.page(session, "sale/find").slug = "sale/search"
    studio.upload({"index.html": PAGE, "search.html": PAGE}, replace=True)
    assert studio.slugs() == ["sale", "sale/search"]
    assert studio.draft("sale/search").source == PAGE


@pytest.mark.parametrize(
    ("slug", "key"), [("_l", "a"), ("Sale", "a"), ("robots.txt", "a"), ("sale", "A"), ("x" * 98, "a")]
)
def test_an_address_that_cannot_be_is_refused(studio: Studio, slug: str, key: str) -> None:
    with pytest.raises(InvalidInput):
        studio.upload({"index.html": PAGE, "thanks.html": THANKS}, slug=slug, key=key)
    assert studio.slugs() == []
