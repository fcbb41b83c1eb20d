"""Search and social: set on a screen, refused beside the field, shown as it will look, and published when Maya says so."""

import io
import re

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from lander.access.models import AuditEntry
from lander.db import transaction
from lander.pages.models import Page, Site, StoredRelease
from lander.policy.store import apply_policy
from tests.console.conftest import HTML, NOW, Browser, build_page, on_both, text_of
from tests.pages.test_meta import PNG

ADDRESS = "/pages/spring-sale/search"


def open_form(person: Browser, **changes: object) -> dict[str, object]:
    """What the form holds when it is opened, with what somebody changes in it."""
    shown = person.get(ADDRESS).text
    base = re.search(r'name="base" value="([^"]+)"', shown)
    assert base is not None
    return {"base": base[1], "language": "", "language_address": "", **changes}


@on_both
def test_maya_sets_everything_and_publishes_it(maya: Browser, live: Page, session: Session) -> None:
    typed = open_form(
        maya,
        index="on",
        canonical="/spring-sale",
        language=["en", "de"],
        language_address=["/spring-sale", "https://www.localhost/de"],
        json_ld='{"@context": "https://schema.org", "@type": "Product"}',
        social_title="Buggies for everybody",
        social_description="Now in red",
        picture=(io.BytesIO(PNG), "card.png"),
        image_alt="A red buggy",
    )
    response = maya.post(ADDRESS, typed)
    assert response.headers["Location"] == f"{ADDRESS}?notice=meta-saved"

    shown = maya.get(ADDRESS).text
    assert 'id="card-title">Buggies for everybody<' in shown
    assert 'src="data:image/jpeg;base64,' in shown
    assert 'alt="A red buggy"' in shown
    assert "something around them has changed" in text_of(maya.get("/pages/spring-sale"))

    assert maya.post("/pages/spring-sale/publish", {"variant": "a"}).status_code == 303
    page = session.get_one(Page, live.id)
    html = session.get_one(StoredRelease, page.release_id).files["b.html"]
    assert '<link rel="canonical" href="http://go.localhost/spring-sale">' in html
    assert '<meta property="og:title" content="Buggies for everybody">' in html
    assert "noindex" not in html
    assert "something around them has changed" not in text_of(maya.get("/pages/spring-sale"))
    assert [entry.action for entry in session.exec(select(AuditEntry))].count("page.meta") == 1


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(maya: Browser, page: Page) -> None:
    response = maya.post(ADDRESS, open_form(maya, canonical="no address", json_ld="{", social_title="<b>Buggies"))
    assert response.status_code == 422
    shown = response.text
    assert "2 things need mending" in shown
    for field in ("canonical", "json_ld"):
        assert re.search(rf'id="{field}"[^>]*aria-invalid="true"[^>]*aria-describedby="{field}-error-1"', shown)
    assert 'value="no address"' in shown
    assert "&lt;b&gt;Buggies" in shown
    assert "canonical" not in text_of(maya.get("/pages/spring-sale"))


def test_a_colleagues_change_meanwhile_is_not_lost(maya: Browser, browser: object, page: Page) -> None:
    mine = open_form(maya, social_title="Mine")
    maya.post(ADDRESS, open_form(maya, social_title="Theirs"))
    clash = maya.post(ADDRESS, mine)
    assert clash.status_code == 409
    assert 'value="Mine"' in clash.text
    assert 'id="card-title">Theirs<' in clash.text
    again = re.search(r'name="base" value="([^"]+)"', clash.text)
    assert again is not None
    assert maya.post(ADDRESS, {**mine, "base": again[1]}).status_code == 303


def test_imported_tags_are_listed_with_their_line_and_what_becomes_of_them(
    maya: Browser, engine: Engine, site: Site
) -> None:
    tags = '<link rel="canonical" href="https://old.example/"><meta property="og:title" content="<i>Old">'
    build_page(engine, site, "spring-sale", a=HTML.replace("</head>", f"{tags}</head>"))
    maya.post(ADDRESS, open_form(maya, canonical="/spring-sale"))
    said = text_of(maya.get(ADDRESS))
    assert "the canonical address https://old.example/ replaced by what you set when publishing Line 3" in said
    assert "og:title <i>Old stays as it is Line 3" in said
    assert "/pages/spring-sale/a/source#line-3" in maya.get(ADDRESS).text
    assert "Line 3: the canonical address said “https://old.example/”" in text_of(maya.get("/pages/spring-sale"))


@pytest.mark.parametrize(
    ("name", "content"), [("card.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), ("card.png", b"x" * 100)]
)
def test_a_picture_that_is_none_is_refused(maya: Browser, page: Page, name: str, content: bytes) -> None:
    response = maya.post(ADDRESS, open_form(maya, picture=(io.BytesIO(content), name)))
    assert response.status_code == 422
    assert 'id="image-error-1"' in response.text


def test_ana_does_not_see_it(ana: Browser, page: Page) -> None:
    assert ana.get(ADDRESS).status_code == 403
    assert "Search and social" not in text_of(ana.get("/pages/spring-sale"))


def test_findings_come_in_groups_and_silence_is_told_from_not_looking(
    maya: Browser, engine: Engine, page: Page
) -> None:
    with transaction(engine) as session:
        text = '[content]\nprivacy_link = "refuse"\nheadings = "off"\n[budgets]\nweight = "off"\n'
        apply_policy(session, text, actor="ivan", now=NOW)
    shown = maya.get("/pages/spring-sale")
    said = text_of(shown)
    in_the_way, _, rest = said.partition("things worth mending")
    assert "No link of the page leads to your privacy notice." in in_the_way
    assert said.count("No link of the page leads to your privacy notice.") == 1  # of both variants, said once
    assert "Variants a and b" in in_the_way
    assert "The description is missing" in rest
    assert "The title is there and not too long." in rest
    assert "Google's ad checkers get what visitors get." in rest
    assert "headings are in order" not in said
    assert "keeps to" not in rest.partition("in order")[2]
    assert re.search(r"<details[^>]*>\s*<summary>\d+ things in order", shown.text)


def test_a_finding_in_a_region_leads_to_the_editor_beside_the_preview(
    maya: Browser, engine: Engine, site: Site
) -> None:
    image = '<img src="data:," data-edit="image" data-name="Car">\n<img src="data:,">'
    build_page(engine, site, "spring-sale", a=HTML.replace("</body>", f"{image}\n</body>"))
    shown = maya.get("/pages/spring-sale").text
    assert shown.count('<a href="/pages/spring-sale/a/edit">Edit it beside the preview</a>') == 1


def test_a_page_that_may_be_listed_leads_to_search_and_social(maya: Browser, page: Page) -> None:
    maya.post(ADDRESS, open_form(maya, index="on"))
    shown = maya.get("/pages/spring-sale").text
    assert "it does not say which address speaks for it" in shown
    assert f'<a href="{ADDRESS}">Search and social</a>' in shown
