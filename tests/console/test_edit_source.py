"""Editing the source of a variant."""

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from lander.db import transaction
from lander.pages.models import Page, Site, Version
from lander.pages.versions import save_source
from tests.console.conftest import HTML, NOW, Browser, build_page, text_of

ADDRESS = "/pages/spring-sale/a/source"


def newest(session: Session) -> Version:
    session.rollback()  # look again
    return session.exec(select(Version).order_by(Version.id.desc())).first()


def as_browser(text: str) -> str:
    """A textarea sends CR LF, whatever it was given."""
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


def test_maya_saves_a_change_as_a_new_version(maya: Browser, page: Page, session: Session) -> None:
    changed = HTML.replace("Bumpers", "Wagons")
    response = maya.post(ADDRESS, {"source": as_browser(changed), "base_version": "1"})

    assert response.headers["Location"] == "/pages/spring-sale/a?notice=saved"
    assert newest(session).number == 2
    assert newest(session).source == changed
    assert newest(session).created_by == "maya"


@pytest.mark.parametrize("source", [HTML, HTML.replace("\n", "\r\n")], ids=["LF", "CR LF"])
def test_line_ends_stay_what_they_were(
    maya: Browser, engine: Engine, site: Site, session: Session, source: str
) -> None:
    build_page(engine, site, "spring-sale", a=source)
    maya.post(ADDRESS, {"source": as_browser(source.replace("Bumpers", "Wagons")), "base_version": "1"})
    assert newest(session).source == source.replace("Bumpers", "Wagons")


def test_saving_without_a_change_makes_no_version(maya: Browser, page: Page, session: Session) -> None:
    before = newest(session).id
    maya.post(ADDRESS, {"source": as_browser(HTML), "base_version": "1"})
    assert newest(session).id == before


def test_a_source_that_begins_with_an_empty_line_keeps_it(maya: Browser, engine: Engine, site: Site) -> None:
    build_page(engine, site, "spring-sale", a="\n" + HTML)
    assert ">\n\n&lt;!doctype html&gt;" in maya.get(ADDRESS).text


def test_what_ivan_saved_meanwhile_is_shown_and_nothing_is_lost(
    maya: Browser, page: Page, engine: Engine, session: Session
) -> None:
    with transaction(engine) as writing:
        theirs = HTML.replace("Call us", "Ring us")
        save_source(writing, writing.get_one(Page, page.id), "a", theirs, actor="ivan", now=NOW, base_version=1)

    mine = HTML.replace("Bumpers", "Wagons")
    response = maya.post(ADDRESS, {"source": as_browser(mine), "base_version": "1"})

    assert response.status_code == 409
    screen = text_of(response)
    assert "ivan saved version 2 since you opened this. Yours is not saved yet." in screen
    assert '+<a class="call" href="#top">Ring us</a>' in screen
    assert "Wagons for everybody" in response.text
    assert 'name="base_version" value="2"' in response.text
    assert newest(session).number == 2

    assert maya.post(ADDRESS, {"source": as_browser(mine), "base_version": "2"}).status_code == 303
    assert newest(session).number == 3


def test_an_empty_page_is_refused(maya: Browser, page: Page) -> None:
    response = maya.post(ADDRESS, {"source": "  ", "base_version": "1"})
    assert response.status_code == 422
    assert "The page is empty" in text_of(response)


def test_a_form_without_its_version_overwrites_nothing(maya: Browser, page: Page, session: Session) -> None:
    for base in ("", "latest"):
        assert maya.post(ADDRESS, {"source": "<p>x</p>", "base_version": base}).status_code == 422
    assert newest(session).source != "<p>x</p>"


def test_the_source_never_becomes_part_of_the_studio(maya: Browser, engine: Engine, site: Site) -> None:
    attack = HTML.replace("</body>", "</textarea><script>alert(1)</script></body>")
    build_page(engine, site, "spring-sale", a=attack)
    for address in (ADDRESS, "/pages/spring-sale"):
        assert "<script>alert" not in maya.get(address).text


def test_findings_stand_beside_the_source(maya: Browser, engine: Engine, site: Site) -> None:
    build_page(engine, site, "spring-sale", a=HTML.replace("<body>", '<body onload="x()">'))
    response = maya.get(ADDRESS)
    assert 'data-marked="4,6"' in response.text  # what runs code, and a field without a label
    assert "In the way" in text_of(response)


def test_ana_reads_but_does_not_write(ana: Browser, page: Page, session: Session) -> None:
    assert "readonly" in ana.get(ADDRESS).text
    assert ana.post(ADDRESS, {"source": "<p>x</p>", "base_version": "1"}).status_code == 403
    assert newest(session).number == 1


def test_a_variant_that_is_not_there_is_a_plain_404(maya: Browser, page: Page) -> None:
    response = maya.get("/pages/spring-sale/z/source")
    assert response.status_code == 404
    assert "Its variants are a, b" in text_of(response)


@pytest.mark.parametrize("base", ["0", "-1", "2147483648", "9" * 40])
def test_a_version_that_no_database_can_hold_is_one_that_is_not_there(
    maya: Browser, page: Page, session: Session, base: str
) -> None:
    assert maya.post(ADDRESS, {"source": "<p>x</p>", "base_version": base}).status_code == 409
    assert newest(session).number == 1
