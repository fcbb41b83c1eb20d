"""Snippets on screen: made, edited, restored, and published together on the pages that show them."""

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from lander.config import Settings
from lander.db import transaction
from lander.pages import snippets
from lander.pages.models import Page, Site, StoredRelease
from lander.pages.publish import publish
from tests.console.conftest import HTML, NOW, Browser, build_page, on_both, text_of

FOOTER = '<lander-snippet name="footer"></lander-snippet>'


@pytest.fixture
def footer(engine: Engine, settings: Settings, site: Site) -> Page:
    """A snippet, and a live page that shows it."""
    with transaction(engine) as session:
        found = session.get_one(Site, site.id)
        snippets.add_snippet(session, found, "footer", "<footer>One</footer>", actor="maya", now=NOW)
    page = build_page(engine, site, "spring-sale", a=HTML.replace("</body>", f"{FOOTER}</body>"))
    with transaction(engine) as session:
        publish(session, settings, session.get_one(Page, page.id), actor="maya", now=NOW)
    return page


def seen(session: Session, page: Page) -> str:
    session.expire_all()
    session.rollback()
    release = session.get_one(Page, page.id).release_id
    assert release is not None
    return session.get_one(StoredRelease, release).files["a.html"]


def test_the_empty_list_says_what_to_do(maya: Browser, site: Site) -> None:
    assert "Make the first one below" in text_of(maya.get("/snippets"))


@on_both
def test_one_is_made(maya: Browser, site: Site) -> None:
    done = maya.post("/snippets", {"name": "footer", "source": "<p>One</p>\r\n"})
    assert done.headers["Location"].startswith("/snippets/footer")
    shown = maya.get("/snippets/footer")
    assert "Version 1, saved by maya" in text_of(shown)
    assert "No page yet. Write" in text_of(shown)
    assert "footer" in text_of(maya.get("/snippets"))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": "Foo ter", "source": "<p>"}, "'Foo ter' cannot name a snippet."),
        ({"name": "footer", "source": "<p>"}, "There is already a snippet 'footer'."),
        ({"name": "other", "source": " "}, "The snippet is empty. Write its HTML."),
        ({"name": "other", "source": FOOTER}, "A snippet cannot hold another snippet"),
        ({}, "cannot name a snippet"),
    ],
)
def test_a_refused_one_keeps_what_was_typed(maya: Browser, footer: Page, fields: dict[str, str], reason: str) -> None:
    answer = maya.post("/snippets", fields)
    assert answer.status_code in (409, 422)
    assert reason in text_of(answer)
    assert f'value="{fields.get("name", "")}"' in answer.text


def test_saving_says_which_live_pages_are_behind_and_publishes_them(
    maya: Browser, footer: Page, session: Session
) -> None:
    maya.post("/snippets/footer", {"source": "<footer>Two</footer>", "base_version": "1"})
    said = text_of(maya.get("/snippets/footer"))
    assert "Visitors still see an older version on 1 live page: spring-sale." in said
    assert "One" in seen(session, footer)
    assert "Live, drafts changed" in text_of(maya.get("/pages"))
    assert "an older version on 1 page" in text_of(maya.get("/snippets"))
    assert maya.post("/snippets/footer/publish").status_code == 303
    assert "Two" in seen(session, footer)
    assert "Publish together" not in text_of(maya.get("/snippets/footer"))


def test_publishing_what_is_not_behind_is_refused(maya: Browser, footer: Page) -> None:
    answer = maya.post("/snippets/footer/publish")
    assert answer.status_code == 409
    assert "shows the newest version of the snippet footer already" in text_of(answer)


def test_a_page_that_is_refused_is_named_with_the_line_of_the_snippet(
    maya: Browser, footer: Page, session: Session
) -> None:
    maya.post("/snippets/footer", {"source": "<footer>\n<b onclick='x()'>Two</b></footer>", "base_version": "1"})
    assert "Line 2 runs code" in text_of(maya.get("/snippets/footer"))
    answer = maya.post("/snippets/footer/publish")
    assert answer.status_code == 422
    assert "Line 8 (line 2 of the snippet footer) runs code" in text_of(answer)
    assert 'href="/snippets/footer#line-2"' in answer.text
    assert "One" in seen(session, footer)
    assert 'href="/snippets/footer#line-2"' in maya.get("/pages/spring-sale").text


def test_two_editors_lose_nothing(maya: Browser, footer: Page, engine: Engine, site: Site) -> None:
    with transaction(engine) as session:
        found = session.get_one(Site, site.id)
        snippets.save_snippet(session, found, "footer", "<p>Theirs</p>", base_version=1, actor="otto", now=NOW)
    answer = maya.post("/snippets/footer", {"source": "<p>Mine</p>", "base_version": "1"})
    assert answer.status_code == 409
    said = text_of(answer)
    assert "otto saved version 2 since you opened this. Yours is not saved yet." in said
    assert "+<p>Theirs</p>" in said
    assert "<p>Mine</p>" in said
    assert maya.post("/snippets/footer", {"source": "<p>Mine</p>", "base_version": "2"}).status_code == 303


def test_an_older_version_comes_back(maya: Browser, footer: Page) -> None:
    maya.post("/snippets/footer", {"source": "<footer>Two</footer>", "base_version": "1"})
    assert maya.post("/snippets/footer/restore", {"version": "1"}).status_code == 303
    said = text_of(maya.get("/snippets/footer"))
    assert "version 1 again" in said
    assert "Publish together" in said  # it is another version, and what visitors see is the first one


def test_what_is_not_there_is_not_found(maya: Browser, footer: Page) -> None:
    for answer in (
        maya.get("/snippets/nothing"),
        maya.post("/snippets/nothing", {"source": "<p>", "base_version": "1"}),
        maya.post("/snippets/nothing/publish"),
        maya.post("/snippets/footer/restore", {"version": "99"}),
        maya.post("/snippets/footer/restore"),
    ):
        assert answer.status_code == 404


def test_ana_reads_and_changes_nothing(ana: Browser, footer: Page) -> None:
    assert "Save" not in text_of(ana.get("/snippets/footer"))
    assert ana.post("/snippets/footer", {"source": "<p>", "base_version": "1"}).status_code == 403
