"""Copying a variant, uploading another, bringing inside what it loads."""

import io

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from lander.pages.models import Page, Site, Variant, Version
from tests.console.conftest import HTML, Browser, build_page, text_of

LOADS = HTML.replace("<body>", '<body>\n<script src="https://cdn.example.net/x.js"></script>')


def keys(session: Session) -> list[str]:
    session.rollback()  # look again
    return [variant.key for variant in session.exec(select(Variant).order_by(Variant.key))]


def test_maya_copies_a_variant_under_the_next_letter(maya: Browser, page: Page, session: Session) -> None:
    response = maya.post("/pages/spring-sale/copy", {"source": "b"})
    assert response.headers["Location"] == "/pages/spring-sale/c?notice=copied"
    assert keys(session) == ["a", "b", "c"]
    assert "Version 1 of C" in text_of(maya.get("/pages/spring-sale/c"))


def test_copying_what_is_not_there_is_refused(maya: Browser, page: Page, session: Session) -> None:
    assert maya.post("/pages/spring-sale/copy", {"source": "z"}).status_code == 404
    assert keys(session) == ["a", "b"]


def test_maya_uploads_another_file_as_a_variant(maya: Browser, page: Page, session: Session) -> None:
    file = (io.BytesIO(HTML.replace("Bumpers", "Wagons").encode()), "w.html")
    response = maya.post("/pages/spring-sale/upload", {"file": file})
    assert response.headers["Location"] == "/pages/spring-sale/c?notice=imported"
    assert keys(session) == ["a", "b", "c"]


def test_a_refused_upload_says_why_on_the_page(maya: Browser, page: Page, session: Session) -> None:
    response = maya.post("/pages/spring-sale/upload", {"file": (io.BytesIO(b"MZ"), "setup.exe")})
    assert response.status_code == 422
    assert 'href="#file"' in response.text
    assert keys(session) == ["a", "b"]


def test_maya_brings_a_script_inside_and_nothing_stands_in_the_way_any_more(
    maya: Browser, engine: Engine, site: Site, session: Session
) -> None:
    build_page(engine, site, "spring-sale", a=LOADS)
    before = text_of(maya.get("/pages/spring-sale"))
    assert "One thing stands in the way" in before
    assert "does not allow it" in before

    file = (io.BytesIO(b"console.log(1)"), "x.js")
    response = maya.post("/pages/spring-sale/a/bring", {"url": "https://cdn.example.net/x.js", "file": file})

    assert response.headers["Location"] == "/pages/spring-sale/a?notice=brought"
    after = text_of(maya.get("/pages/spring-sale"))
    assert "in the way" not in after
    assert "worth mending" in after
    assert len(session.exec(select(Version)).all()) == 2


@pytest.mark.parametrize("url", ["https://cdn.example.net/other.js", "file:///etc/passwd", ""])
def test_bringing_what_the_page_does_not_load_is_refused(
    maya: Browser, engine: Engine, site: Site, session: Session, url: str
) -> None:
    build_page(engine, site, "spring-sale", a=LOADS)
    file = (io.BytesIO(b"console.log(1)"), "x.js")
    assert maya.post("/pages/spring-sale/a/bring", {"url": url, "file": file}).status_code == 422
    assert len(session.exec(select(Version)).all()) == 1


def test_a_page_called_like_a_variant_does_not_hide_it(maya: Browser, page: Page, engine: Engine, site: Site) -> None:
    build_page(engine, site, "spring-sale/b", a=HTML.replace("Bumpers", "Boats"))

    assert "go.localhost/spring-sale/b" in text_of(maya.get("/pages/spring-sale/b"))
    assert 'href="/pages/spring-sale?variant=b"' in maya.get("/pages/spring-sale").text
    assert "Version 1 of B" in text_of(maya.get("/pages/spring-sale?variant=b"))


def test_the_preview_is_sealed_and_on_a_host_of_its_own(maya: Browser, page: Page) -> None:
    screen = maya.get("/pages/spring-sale/b").text
    assert 'src="http://preview.localhost:8000/p/' in screen
    assert 'sandbox="allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox"' in screen
    assert "Buggies for everybody" not in screen


def test_maya_replaces_a_draft_and_the_version_before_is_kept(maya: Browser, live: Page, session: Session) -> None:
    file = (io.BytesIO(HTML.replace("Bumpers", "Wagons").encode()), "w.html")
    assert "Replace B's draft" in text_of(maya.get("/pages/spring-sale/b"))

    response = maya.post("/pages/spring-sale/upload", {"file": file, "replace": "b"})

    assert response.headers["Location"] == "/pages/spring-sale/b?notice=replaced"
    assert keys(session) == ["a", "b"]
    assert "Version 2 of B" in text_of(maya.get("/pages/spring-sale/b"))
    assert sorted(version.number for version in session.exec(select(Version))) == [1, 1, 2]


def test_what_is_not_there_is_not_replaced(maya: Browser, page: Page, session: Session) -> None:
    file = (io.BytesIO(HTML.encode()), "w.html")
    assert maya.post("/pages/spring-sale/upload", {"file": file, "replace": "z"}).status_code == 404
    assert keys(session) == ["a", "b"]


def test_a_copy_is_uploaded_where_the_finding_stands(maya: Browser, engine: Engine, site: Site, page: Page) -> None:
    build_page(engine, site, "loads", a=HTML, b=LOADS)
    findings = maya.get("/pages/loads").text.partition('aria-labelledby="findings"')[2]
    assert 'action="/pages/loads/b/bring"' in findings
    assert 'name="url" value="https://cdn.example.net/x.js"' in findings
    assert "bring" not in maya.get("/pages/loads/b/source").text
