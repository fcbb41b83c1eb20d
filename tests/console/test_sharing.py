"""Maya shows a variant to others: links that she can take back, one that forces it live, and whether a visit counts."""

import re
from html import unescape
from urllib.parse import urlencode

import pytest
from sqlalchemy import Engine

from experiments.models import Experiment
from lander.config import Settings
from lander.pages.models import Page, Site
from lander.preview import create_preview
from tests.console.conftest import HTML, Browser, build_page, on_both, text_of

SHARE = "/pages/spring-sale/b/share"
VISIT = "/pages/spring-sale/b/visit"
GO = "http://go.localhost:8000/spring-sale"
pytestmark = on_both


def links(browser: Browser, path: str = SHARE) -> list[str]:
    return re.findall(r'<input id="link-\d+" value="([^"]+)"', browser.get(path).text)


def open_outside(settings: Settings, engine: Engine, address: str) -> int:
    return create_preview(settings, engine).test_client().get(address).status_code


def test_a_link_is_made_listed_used_and_taken_back(
    maya: Browser, page: Page, settings: Settings, engine: Engine
) -> None:
    assert "Nobody outside has a link to B" in text_of(maya.get(SHARE))
    answer = maya.post(SHARE, {"whom": "The agency", "days": "3"})
    assert answer.headers["Location"] == f"{SHARE}?notice=shared"
    said = text_of(maya.get(SHARE))
    assert "The agency" in said
    assert "Made by maya just now" in said
    (address,) = links(maya)
    assert address.startswith("http://preview.localhost:8000/s/")
    assert open_outside(settings, engine, address) == 200
    (link,) = re.findall(r'name="link" value="([^"]+)"', maya.get(SHARE).text)
    assert maya.post(f"{SHARE}/revoke", {"link": link}).headers["Location"] == f"{SHARE}?notice=revoked"
    assert links(maya) == []
    assert open_outside(settings, engine, address) == 410
    assert maya.post(f"{SHARE}/revoke", {"link": link}).status_code == 409


def test_values_of_dynamic_text_are_asked_for_where_the_draft_has_some(
    maya: Browser, engine: Engine, site: Site, settings: Settings
) -> None:
    build_page(engine, site, "ad", a=HTML.replace("everybody", "{{city|titlecase|Vancouver}}"))
    screen = maya.get("/pages/ad/a/share").text
    assert 'name="value-city" value="" maxlength="80" autocomplete="off" placeholder="Vancouver"' in screen
    maya.post("/pages/ad/a/share", {"whom": "Boss", "days": "14", "value-city": "new york"})
    (address,) = links(maya, "/pages/ad/a/share")
    shown = create_preview(settings, engine).test_client().get(address)
    assert "Bumpers for New York" in shown.text
    assert "Shown with city: new york." in text_of(maya.get("/pages/ad/a/share"))


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"whom": " ", "days": "3"}, "whom"),
        ({"whom": "Boss", "days": "15"}, "days"),
        ({"whom": "Boss", "days": "0"}, "days"),
        ({"whom": "Boss", "days": "9" * 40}, "days"),
        ({"whom": "Boss", "days": "soon"}, "days"),
        ({"whom": "Boss"}, "days"),
    ],
)
def test_what_a_link_cannot_be_is_said_at_its_field(
    maya: Browser, page: Page, typed: dict[str, str], field: str
) -> None:
    answer = maya.post(SHARE, typed)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert f'value="{typed["whom"]}"' in answer.text
    assert links(maya) == []


def test_the_qa_link_stands_there_once_the_variant_is_live(maya: Browser, page: Page) -> None:
    assert "The page is not live." in text_of(maya.get(SHARE))
    maya.post("/pages/spring-sale/publish")
    assert f'id="qa-link" value="{GO}?lander=b.' in maya.get(SHARE).text
    maya.post("/pages/spring-sale/copy", {"source": "a"})
    assert "Variant C is not live." in text_of(maya.get("/pages/spring-sale/c/share"))


def test_analysis_sees_who_has_a_link_and_makes_none(ana: Browser, maya: Browser, page: Page) -> None:
    maya.post(SHARE, {"whom": "The agency", "days": "3"})
    screen = ana.get(SHARE).text
    assert "The agency" in screen
    assert '<form method="post" action="/pages/spring-sale/b/share' not in screen
    assert ana.post(SHARE, {"whom": "Ana", "days": "3"}).status_code == 403


def ask(browser: Browser, url: str = "", device: str = "desktop", *flags: str) -> str:
    query = urlencode([("url", url), ("device", device), *(("flag", flag) for flag in flags)])
    answer = browser.get(f"{VISIT}?{query}")
    assert answer.status_code == 200
    return text_of(answer)


def test_a_visit_counts_by_the_rules_that_serve_it(maya: Browser, experiment: Experiment) -> None:
    said = ask(maya, f"{GO}?utm_medium=cpc&gclid=x", "phone")
    assert re.search("Yes, as variant [AB], from a paid click.", said)
    assert "It counts for spring-sale-1 once the page has really been in front of them." in said
    assert re.search("Yes, as variant [AB], with no source", ask(maya))


@pytest.mark.parametrize(
    ("device", "flags", "said"),
    [
        ("bot", [], "No: this is a bot."),
        ("ads", [], "No: this is a bot."),
        ("desktop", ["prefetch"], "No: the page is loaded ahead."),
        ("phone", ["opt-out"], "No: the visitor has opted out."),
        ("tablet", ["gpc"], "No: the browser asks not to be tracked."),
    ],
)
def test_one_that_does_not_count_says_why(
    maya: Browser, experiment: Experiment, device: str, flags: list[str], said: str
) -> None:
    assert said in ask(maya, GO, device, *flags)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("go.localhost/spring-sale?x=1", "Yes, as variant"),
        ("http://go.localhost:8000/spring-sale/", "Yes, as variant"),
        ("https://www.example.com/spring-sale", "No: www.example.com is not go.localhost."),
        (f"{GO}/nothing", "No: there is no live page at go.localhost/spring-sale/nothing."),
        (f"{GO}?{'x' * 9_000}", "No: the address is too long"),
        ("http://[::1", "No: this is not an address."),
        ("\u00e4\u00f6 <b>", "is not go.localhost."),
        (f"{GO}?city=M\u00fcnchen", "Yes, as variant"),
    ],
)
def test_any_address_may_be_asked_about(maya: Browser, experiment: Experiment, url: str, said: str) -> None:
    assert said in ask(maya, url)


def test_a_qa_link_is_known_for_what_it_is(maya: Browser, experiment: Experiment) -> None:
    (address,) = re.findall(r'id="qa-link" value="([^"]+)"', maya.get(SHARE).text)
    assert "No: this is a QA link. It shows B, and counts nothing." in ask(maya, unescape(address))


def test_without_a_test_there_is_nothing_to_count(maya: Browser, live: Page) -> None:
    assert "No: no test is running on this page" in ask(maya)
