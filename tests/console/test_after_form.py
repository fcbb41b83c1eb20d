"""Maya says what visitors see once they have sent a form; they see it after the next publish."""

import json

import pytest
from sqlalchemy import Engine

from lander.config import Settings
from lander.db import reading, transaction
from lander.pages.models import Page, StoredRelease
from lander.pages.publish import publish
from tests.console.conftest import NOW, Browser, on_both, text_of

ADDRESS = "/pages/spring-sale/after-form"


def forms_of(engine: Engine, page: Page) -> list[tuple[str, str]]:
    """Where the live forms lead, and what our own page says."""
    with reading(engine) as session:
        release = session.get_one(StoredRelease, session.get_one(Page, page.id).release_id)
        forms = json.loads(release.files["manifest.json"])["variants"]["a"]["forms"]
    return [(form["thank_you"], form["message"]) for form in forms]


@on_both
def test_words_after_a_form_are_live_with_the_next_publish(
    maya: Browser, engine: Engine, settings: Settings, live: Page
) -> None:
    answer = maya.post(ADDRESS, {"choice": "message", "message": "Thanks.\r\n\r\nWe call tomorrow.", "address": ""})
    assert "after the next publish" in text_of(maya.get(answer.headers["Location"]))
    assert forms_of(engine, live) == [("", "")]
    with transaction(engine) as session:
        publish(session, settings, session.get_one(Page, live.id), actor="maya", now=NOW)
    assert forms_of(engine, live) == [("", "Thanks.\n\nWe call tomorrow.")]
    assert "We call tomorrow." in maya.get(ADDRESS).text


def test_a_page_after_a_form_keeps_the_words_for_later(maya: Browser, engine: Engine, page: Page) -> None:
    maya.post(ADDRESS, {"choice": "message", "message": "Thanks."})
    maya.post(ADDRESS, {"choice": "page", "message": "Thanks.", "address": " /spring-sale/thanks "})
    with reading(engine) as session:
        found = session.get_one(Page, page.id)
        assert (found.thank_you, found.thank_you_message) == ("/spring-sale/thanks", "Thanks.")
    maya.post(ADDRESS, {"choice": "message", "message": "Thanks.", "address": "/spring-sale/thanks"})
    with reading(engine) as session:
        assert session.get_one(Page, page.id).thank_you == ""


@pytest.mark.parametrize(
    "fields",
    [
        {"choice": "page", "address": ""},
        {"choice": "page", "address": "https://elsewhere.example/thanks"},
        {"choice": "page", "address": "//elsewhere.example"},
        {"choice": "page", "address": "javascript:alert(1)"},
        {"choice": "page", "address": "/a\nb"},
        {"choice": "page", "address": "/" + "x" * 600},
        {"choice": "message", "message": "x" * 1_001},
    ],
)
def test_what_cannot_follow_a_form_is_refused_and_stays_typed(
    maya: Browser, engine: Engine, page: Page, fields: dict[str, str]
) -> None:
    answer = maya.post(ADDRESS, fields)
    assert answer.status_code == 422
    with reading(engine) as session:
        found = session.get_one(Page, page.id)
        assert (found.thank_you, found.thank_you_message) == ("", "")


def test_the_page_leads_to_it_from_its_forms(maya: Browser, page: Page) -> None:
    assert ADDRESS in maya.get("/pages/spring-sale").text
