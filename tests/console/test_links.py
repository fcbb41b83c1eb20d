"""Links that lead elsewhere: listed for everybody, looked at because Maya asks and IT allows it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from lander.access.models import AuditEntry
from lander.db import transaction
from lander.pages.models import Site
from lander.policy.store import apply_policy
from tests.console.conftest import HTML, NOW, Browser, build_page, on_both, text_of
from tests.integrations.receiver import Receiver, receiving, status

LINKS = "/pages/spring-sale/a/links"
pytestmark = on_both


@pytest.fixture
def shop() -> Iterator[Receiver]:
    """Another host, on this machine, which development may ask."""
    with receiving() as receiver:
        receiver.answers = [status(200), status(404), status(404)]
        yield receiver


@pytest.fixture
def allowed(engine: Engine) -> None:
    with transaction(engine) as session:
        apply_policy(session, "[egress]\ncheck_links = true\n", actor="ivan", now=NOW)


@pytest.fixture
def linked(engine: Engine, site: Site, shop: Receiver) -> str:
    """A page that leads to the shop twice; the first of its addresses."""
    host = f"http://shop.localhost:{shop.port}"
    links = f'<a href="{host}/a">To the shop</a> <a href="{host}/gone">Gone</a> <a href="/here">Here</a>'
    build_page(engine, site, "spring-sale", a=HTML.replace("</body>", f"{links}</body>"))
    return f"{host}/a"


def test_they_are_listed_with_their_lines_and_nobody_is_asked(
    maya: Browser, ana: Browser, linked: str, shop: Receiver, allowed: None
) -> None:
    said = text_of(maya.get(LINKS))
    assert "Check the 2 links that lead elsewhere" in said
    assert f"{linked} “To the shop”" in said
    assert "/here" not in said
    assert "Check the" not in text_of(ana.get(LINKS))
    assert ana.post(LINKS).status_code == 403
    assert "Where A leads away" in text_of(maya.get("/pages/spring-sale"))
    assert shop.connections == 0


@pytest.mark.usefixtures("allowed", "linked")
def test_the_result_stands_beside_each_and_can_be_mailed(
    maya: Browser, ana: Browser, session: Session, shop: Receiver
) -> None:
    answer = maya.post(LINKS)
    assert answer.status_code == 303
    for somebody in (maya, ana):
        said = text_of(somebody.get(answer.headers["Location"]))
        assert "2 links looked at: 1 fine and 1 dead." in said
        assert "Fine Answers with 200." in said
        assert "Dead Answers with 404." in said
    assert shop.connections == 3
    (entry,) = session.exec(select(AuditEntry).where(AuditEntry.action == "page.check-links"))
    assert (entry.actor, entry.subject, entry.details) == (
        "maya",
        "go.localhost/spring-sale",
        {"variant": "a", "links": 2},
    )


def test_a_result_of_another_version_or_of_nobodys_is_not_shown(
    maya: Browser, engine: Engine, site: Site, linked: str, allowed: None
) -> None:
    found = maya.post(LINKS).headers["Location"]
    assert "looked at:" not in text_of(maya.get(f"{found}x"))
    assert "looked at:" not in text_of(maya.get(f"{LINKS}?looked=nonsense"))
    source = HTML.replace("</body>", f'<a href="{linked}">x</a></body>')
    maya.post("/pages/spring-sale/a/source", {"source": source, "base_version": "1"})
    said = text_of(maya.get(found))
    assert "looked at:" not in said
    assert "Check the 1 link that leads elsewhere" in said


def test_without_its_word_nobody_is_asked(maya: Browser, linked: str, shop: Receiver) -> None:
    said = text_of(maya.get(LINKS))
    assert "once IT allows it" in said
    assert "Check the" not in said
    answer = maya.post(LINKS)
    assert answer.status_code == 422
    assert "IT has not allowed to ask other hosts." in text_of(answer)
    assert shop.connections == 0


def test_a_page_that_leads_nowhere_else_says_so(maya: Browser, engine: Engine, site: Site, allowed: None) -> None:
    build_page(engine, site, "spring-sale", a=HTML)
    assert "No link of version 1 leads to another host." in text_of(maya.get(LINKS))
    assert maya.post(LINKS).status_code == 409
    assert maya.get("/pages/spring-sale/z/links").status_code == 404
