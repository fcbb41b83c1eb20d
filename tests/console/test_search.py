"""Search over everything: grouped, for the eyes of each role, bounded, and whatever is typed."""

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from experiments.models import Experiment
from lander.access import audit
from lander.config import Settings
from lander.db import transaction
from lander.leads.models import Lead
from lander.pages.models import Page, Redirect, Site, Snippet, SnippetVersion, Variant
from lander.vault import Vault
from tests.console.conftest import HTML, NOW, Browser, build_page, on_both, text_of

pytestmark = on_both


def found(browser: Browser, words: str) -> str:
    response = browser.client.get(
        "/search",
        query_string={"q": words},
        base_url="http://studio.localhost:8000",
        headers=browser._surroundings(),
    )
    assert response.status_code == 200
    return text_of(response)


def test_a_page_is_found_by_its_address_however_it_is_written(maya: Browser, page: Page) -> None:
    for words in ("spring-sale", "SPRING sale", "go.localhost/spring", "https://go.localhost/spring-sale?utm_source=x"):
        assert "go.localhost/spring-sale" in found(maya, words), words


def test_a_page_is_found_by_its_words_which_are_shown(maya: Browser, page: Page) -> None:
    screen = maya.get("/search?q=FOR+everybody").text
    assert "Bumpers <mark>for everybody</mark>" in screen
    assert "Spring sale" in screen


def test_a_draft_is_searched_in_every_variant(maya: Browser, engine: Engine, site: Site) -> None:
    build_page(engine, site, "spring-sale", a=HTML, b=HTML.replace("Bumpers", "Ärmel &amp; Öl"))
    for words in ("ärmel & öl", "Ärmel", "ÄRMEL"):
        screen = found(maya, words)
        assert "go.localhost/spring-sale" in screen
        assert 'href="/pages/spring-sale?variant=b"' in maya.get(f"/search?q={words[:5]}").text


def test_what_stands_only_in_the_markup_is_found_too(maya: Browser, page: Page) -> None:
    assert 'class="call" href="#top' in found(maya, 'href="#top').replace("&#34;", '"')


def test_names_experiments_redirects_and_snippets_are_found(
    maya: Browser, engine: Engine, experiment: Experiment, site: Site
) -> None:
    with transaction(engine) as session:
        variant = session.exec(select(Variant).where(Variant.key == "b")).one()
        variant.name = "Zebra headline"
        assert site.id is not None
        session.add_all(
            [
                variant,
                Redirect(
                    site_id=site.id, path="/zebra", target="/spring-sale", status=301, created_at=NOW, created_by="maya"
                ),
            ]
        )
        snippet = Snippet(site_id=site.id, name="footer", created_at=NOW)
        session.add(snippet)
        session.flush()
        assert snippet.id is not None
        version = SnippetVersion(
            snippet_id=snippet.id, number=1, source="<p>Zebra Ltd.</p>", created_at=NOW, created_by="maya"
        )
        session.add(version)
        session.flush()
        snippet.version_id = version.id
        experiment.hypothesis = "Zebras sell"
        session.add(session.merge(experiment))
    screen = found(maya, "zebra")
    for words in ("B: Zebra headline", "Zebras sell", "go.localhost/zebra 301 to /spring-sale", "Zebra Ltd."):
        assert words in screen


def add_lead(engine: Engine, settings: Settings) -> None:
    with transaction(engine) as session:
        session.add(
            Lead(
                id="lead-1",
                page_id=1,
                host="go.localhost",
                path="/spring-sale",
                form="f1",
                variant="a",
                sealed="",
                email_index=Vault(settings.secret_keys).blind_index("otto@example.com"),
                received_at=NOW,
            )
        )


def test_a_lead_is_found_by_its_whole_address_and_only_by_marketing(
    maya: Browser, ana: Browser, ivan: Browser, engine: Engine, settings: Settings
) -> None:
    add_lead(engine, settings)
    assert 'href="/leads/lead-1"' in maya.get("/search?q=+Otto@Example.com").text
    assert "/leads/lead-1" not in maya.get("/search?q=otto").text
    assert "/leads/lead-1" not in maya.get("/search?q=otto@example").text
    for other in (ana, ivan):
        screen = other.get("/search?q=otto@example.com").text
        assert "/leads/lead-1" not in screen
        assert "e-mail address." not in screen


def test_the_audit_trail_is_searched_for_those_who_may_read_it(maya: Browser, ivan: Browser, engine: Engine) -> None:
    with transaction(engine) as session:
        audit.record(session, now=NOW, actor="maya", action="page.publish", subject="go.localhost/gone")
    assert "go.localhost/gone page.publish by maya" in found(ivan, "localhost/gone")
    assert "page.publish" not in found(maya, "localhost/gone")
    address = ivan.get("/search?q=localhost/gone").text.partition('href="/audit')[2].partition('"')[0]
    assert "go.localhost/gone" in text_of(ivan.get(f"/audit{address}"))


def test_names_are_shown_and_never_run(maya: Browser, engine: Engine, site: Site, page: Page) -> None:
    with transaction(engine) as session:
        variant = session.exec(select(Variant)).first()
        assert variant is not None
        variant.name = '<script>alert("x")</script>'
        session.add(variant)
    screen = maya.get("/search?q=<script>alert").text
    assert "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;" in screen
    assert "<script>alert" not in screen


@pytest.mark.parametrize(
    "words", ["%%", "__", "\\\\", "'; --", "\x00\x00ab", "x" * 5_000, "İİ", "ß" * 9, "://[", "https://[::1", "@@", "?"]
)
def test_whatever_is_typed_is_answered(maya: Browser, page: Page, words: str) -> None:
    screen = found(maya, words)
    assert "Nothing has these words." in screen or "Type at least two letters." in screen


def test_only_some_of_many_are_listed(maya: Browser, engine: Engine, site: Site) -> None:
    for number in range(12):
        build_page(engine, site, f"sale-{number}", a=HTML)
    screen = maya.get("/search?q=sale").text
    assert screen.count('href="/pages/sale-') == 10
    assert "There are more" in screen


def test_a_page_that_is_called_so_comes_before_one_that_says_so(maya: Browser, engine: Engine, site: Site) -> None:
    build_page(engine, site, "about", a=HTML)
    build_page(engine, site, "bumpers", a=HTML.replace("Bumpers", "Cars"))
    screen = found(maya, "bumpers")
    assert screen.index("go.localhost/bumpers") < screen.index("go.localhost/about")
