"""Taking a page in through the studio."""

import io
import zipfile

from sqlmodel import Session, select
from werkzeug.test import TestResponse

from lander.access.models import AuditEntry
from lander.pages.models import Page, Site, Version
from tests.console.conftest import HTML, Browser, text_of


def send(
    person: Browser,
    content: bytes = HTML.encode(),
    *,
    filename: str = "page.html",
    slug: str = "spring-sale",
    **headers: str,
) -> TestResponse:
    fields = {"slug": slug, "file": (io.BytesIO(content), filename), "enable_submit": "on"}
    return person.post("/pages/new", fields, **headers)


def zip_of(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "."), text)
    return buffer.getvalue()


def test_maya_uploads_a_page_and_sees_it_as_a_draft(maya: Browser, site: Site, session: Session) -> None:
    response = send(maya)

    assert response.status_code == 303
    screen = text_of(maya.get(response.headers["Location"]))
    assert "Imported. Visitors see nothing of it until you publish." in screen
    assert "Draft" in screen
    assert "Asks for" in screen
    assert session.exec(select(Version)).one().source == HTML
    assert session.exec(select(AuditEntry).where(AuditEntry.action == "page.import")).one().actor == "maya"


def test_what_was_left_out_is_said_once(maya: Browser, site: Site) -> None:
    content = zip_of(index__html=HTML, setup__php="x")
    address = send(maya, content, filename="page.zip").headers["Location"]

    assert "Left out: setup.php" in text_of(maya.get(address))
    assert "Left out" not in text_of(maya.get("/pages/spring-sale"))


def test_nobody_else_puts_words_in_our_mouth(maya: Browser, page: Page) -> None:
    assert "Send your password" not in maya.get("/pages/spring-sale?told=Send your password&notice=<b>").text
    assert "Send your password" not in maya.get("/pages/spring-sale?done=Send your password").text


def test_a_wrong_address_is_said_on_top_and_what_was_typed_stays(maya: Browser, site: Site, session: Session) -> None:
    response = send(maya, slug="Spring Sale")

    assert response.status_code == 422
    assert "cannot be a page's address" in text_of(response)
    assert 'value="Spring Sale"' in response.text
    assert "data-focus" in response.text
    assert session.exec(select(Page)).all() == []


def test_an_address_that_is_empty_is_asked_for(maya: Browser, site: Site) -> None:
    response = send(maya, slug=" ")
    assert (response.status_code, "The page has no address yet." in text_of(response)) == (422, True)
    assert "''" not in text_of(response)


def test_a_dangerous_zip_is_refused(maya: Browser, site: Site, session: Session) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("../evil.html", HTML)
    assert send(maya, buffer.getvalue(), filename="page.zip").status_code == 422
    assert session.exec(select(Page)).all() == []


def test_a_file_larger_than_the_policy_allows_is_refused(maya: Browser, site: Site) -> None:
    response = send(maya, b"x" * (20 * 1024 * 1024 + 1), filename="page.zip")
    assert response.status_code == 422
    assert "larger than 20 MiB" in text_of(response)


def test_a_form_without_a_file_says_so(maya: Browser, site: Site) -> None:
    response = maya.post("/pages/new", {"slug": "spring-sale"})
    assert response.status_code == 422
    assert "No file came with the form" in text_of(response)


def test_htmx_gets_the_form_alone_or_is_told_where_to_go(maya: Browser, site: Site) -> None:
    refused = send(maya, slug="Spring Sale", **{"HX-Request": "true"})
    assert refused.status_code == 422
    assert refused.text.lstrip().startswith("<form")

    done = send(maya, **{"HX-Request": "true"})
    assert done.status_code == 200
    assert done.headers["HX-Redirect"] == "/pages/spring-sale?notice=imported"


def test_ana_may_not(ana: Browser, site: Site, session: Session) -> None:
    assert send(ana).status_code == 403
    assert session.exec(select(Page)).all() == []


def test_the_address_of_another_page_is_refused(maya: Browser, page: Page) -> None:
    response = send(maya)
    assert response.status_code == 409
    assert "There is a page at go.localhost/spring-sale already." in text_of(response)
    assert '<a href="/pages/spring-sale">Open it</a>' in response.text
    assert "--replace" not in response.text


def test_without_a_site_the_list_says_how_to_add_one(maya: Browser) -> None:
    assert "lander site add" in text_of(maya.get("/pages"))
    assert maya.get("/pages/new").status_code == 404


def test_with_several_sites_the_chosen_one_gets_the_page(
    maya: Browser, site: Site, settings, engine, session: Session
) -> None:
    from lander.db import transaction
    from lander.pages.sites import add_site
    from tests.console.conftest import NOW

    with transaction(engine) as writing:
        other = add_site(writing, settings, host="shop.localhost", core_site="www.localhost", actor="ivan", now=NOW)
    maya.post(
        "/pages/new", {"slug": "spring-sale", "site": "shop.localhost", "file": (io.BytesIO(HTML.encode()), "p.html")}
    )

    assert session.exec(select(Page)).one().site_id == other.id
    assert "spring-sale" in text_of(maya.get("/pages?site=shop.localhost"))
    assert "No pages on go.localhost yet" in text_of(maya.get("/pages?site=go.localhost"))
    assert "/pages/spring-sale?site=shop.localhost" in maya.get("/pages?site=shop.localhost").text
    assert maya.get("/pages?site=nowhere.example").status_code == 404
