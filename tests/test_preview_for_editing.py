"""A preview that is opened for editing: its script, its marks, its ten minutes, and that no published page has any of it."""

import html
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlmodel import Session

from lander.config import Settings
from lander.document import Document
from lander.edge import sign_simulation
from lander.headers import hash_source
from lander.pages.editable import Mode, open_for_editing
from lander.pages.models import Page, StoredRelease
from lander.pages.pages import load_variant
from lander.pages.publish import publish
from lander.pages.versions import load_draft, save_source
from lander.preview import EditingLink, create_preview, sign_editing, sign_preview
from lander.published import read_release
from tests.pages.publishing import NOW, add_page, add_site, make_settings

HOST = "http://preview.localhost:8000"
SOURCE = """<!doctype html>
<html lang="en"><head><title>Sale</title></head><body>
<h1 data-edit="text" data-name="Headline">Sale in {{city|titlecase|Vancouver}}</h1>
<div data-edit="rich" data-name="Intro"><p>For {{who||you}} <img src="car.png" alt="Car"> <a href="thanks.html">Go</a></p></div>
<p>Outside {{city|titlecase|Vancouver}}</p>
<form data-edit="form" data-name="Form"><input name="email" type="email" placeholder="you"><button>Send</button></form>
</body></html>
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def page(database: Engine) -> Page:
    with Session(database, expire_on_commit=False) as session:
        page = add_page(session, add_site(session), {"a": SOURCE}, files={"notes.txt": b"x"})
        session.commit()
        return page


@pytest.fixture
def client(settings: Settings, database: Engine) -> FlaskClient:
    return create_preview(settings, database).test_client()


def link(settings: Settings, database: Engine, page: Page, mode: Mode = Mode.EDIT) -> str:
    with Session(database) as session:
        version = load_draft(session, load_variant(session, page, "a"))
        assert page.id is not None
        assert version.id is not None
        return HOST + sign_editing(settings, EditingLink(page.id, "a", version.id, mode, "the-channel"))


def test_it_carries_the_script_with_its_channel_and_the_studio_it_speaks_to(
    client: FlaskClient, settings: Settings, database: Engine, page: Page
) -> None:
    text = client.get(link(settings, database, page)).text
    assert '<script data-channel="the-channel" data-studio="http://studio.localhost:8000" data-mode="edit">' in text
    assert text.index("data-channel") < text.index("<title>"), "before any script of the page"
    assert 'data-mode="tag"' in client.get(link(settings, database, page, Mode.TAG)).text


def test_it_is_sealed_like_any_draft_and_every_script_and_style_in_it_is_hashed(
    client: FlaskClient, settings: Settings, database: Engine, page: Page
) -> None:
    answer = client.get(link(settings, database, page))
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in policy
    assert "unsafe-inline" not in policy
    assert "frame-ancestors http://studio.localhost:8000;" in policy
    assert answer.headers["Cache-Control"] == "no-store"
    document = Document(answer.text)
    blocks = [*document.named("script"), *document.named("style")]
    assert len(blocks) == 3
    assert all(hash_source(document.text(block)) in policy for block in blocks)


def test_regions_are_marked_and_parts_know_their_places(
    client: FlaskClient, settings: Settings, database: Engine, page: Page
) -> None:
    document = Document(client.get(link(settings, database, page)).text)
    assert [item.name for item in document.select("[data-lander-region]")] == ["h1", "div", "form"]
    parts = [json.loads(item.get("data-lander-parts") or "") for item in document.select("[data-lander-parts]")]
    assert parts == [
        [[0, "text", "text", 0, True, False]],
        [[1, "html", "content", 0, False, False]],
        [[2, "hint-1", "attribute", "placeholder", False, False]],
        [[2, "button-1", "text", 0, True, False]],
    ]


def test_what_compiling_rewrites_in_a_region_is_noted_beside_it(
    client: FlaskClient, settings: Settings, database: Engine, page: Page
) -> None:
    document = Document(client.get(link(settings, database, page)).text)
    was = [json.loads(item.get("data-lander-was") or "") for item in document.select("[data-lander-was]")]
    assert was == [{"src": "car.png", "alt": "Car"}, {"href": "thanks.html"}]


def test_dynamic_text_is_shown_as_written_in_regions_and_filled_elsewhere(
    client: FlaskClient, settings: Settings, database: Engine, page: Page
) -> None:
    text = html.unescape(
        re.sub(r"<script.*?</script>", "", client.get(link(settings, database, page)).text, flags=re.S)
    )
    assert ">Sale in {{city|titlecase|Vancouver}}</h1>" in text
    assert "For {{who||you}} " in text
    assert "Outside Vancouver" in text


def test_tagging_numbers_what_can_be_clicked(
    client: FlaskClient, settings: Settings, database: Engine, page: Page
) -> None:
    document = Document(client.get(link(settings, database, page, Mode.TAG)).text)
    source = Document(SOURCE)
    for element in document.select("[data-lander-element]"):
        assert source.elements[int(element.get("data-lander-element") or "")].name == element.name
    assert [item.name for item in document.select("[data-lander-candidate]")] == ["p"]
    assert document.select("title[data-lander-element], script[data-lander-element]") == []


def test_it_shows_the_version_that_is_edited_though_there_is_a_newer_one(
    client: FlaskClient, settings: Settings, database: Engine, page: Page
) -> None:
    address = link(settings, database, page)
    with Session(database) as session:
        save_source(session, page, "a", "<p>Newer", actor="ivan", now=NOW, base_version=1)
        session.commit()
    assert "Newer" not in client.get(address).text


def test_it_works_for_ten_minutes(client: FlaskClient, settings: Settings, database: Engine, page: Page) -> None:
    address = link(settings, database, page)
    later = sign_simulation(NOW + timedelta(days=3650), "127.0.0.1", settings)
    answer = client.get(address, headers={"Lander-Simulation": later})
    assert answer.status_code == 410
    assert "has expired" in answer.text


def test_a_link_for_looking_opens_nothing_for_editing_nor_the_other_way_round(
    client: FlaskClient, settings: Settings, database: Engine, page: Page
) -> None:
    assert page.id is not None
    looking = sign_preview(settings, page.id, "a")
    editing = link(settings, database, page)
    assert client.get(HOST + looking.replace("/p/", "/e/")).status_code == 403
    assert client.get(editing.replace("/e/", "/p/")).status_code == 403
    assert client.get(editing[:-4] + "xxx/").status_code == 403


def test_a_version_that_is_gone_is_not_found(client: FlaskClient, settings: Settings, page: Page) -> None:
    assert page.id is not None
    address = sign_editing(settings, EditingLink(page.id, "a", 999_999, Mode.EDIT, "c"))
    assert client.get(HOST + address).status_code == 404


def test_neither_a_plain_preview_nor_a_published_page_has_any_of_it(
    client: FlaskClient, settings: Settings, database: Engine, page: Page
) -> None:
    assert page.id is not None
    shown = [client.get(HOST + sign_preview(settings, page.id, "a")).text]
    with Session(database) as session:
        found = session.get_one(Page, page.id)
        publish(session, settings, found, actor="maya", now=NOW)
        stored = session.get_one(StoredRelease, found.release_id)
        shown += stored.files.values()
        read_release(stored.id, {name: text.encode() for name, text in stored.files.items()})
    for text in shown:
        assert "<script data-channel" not in text
        assert "data-lander-" not in text
        assert "contenteditable" not in text


@pytest.mark.parametrize(
    "source", ["", "just words", "<p>x", "<html>x", "<!doctype html><title>x</title>", "<svg><a>x"]
)
@pytest.mark.parametrize("mode", Mode)
def test_any_source_can_be_opened(source: str, mode: Mode) -> None:
    opened = open_for_editing(source, mode, channel="c", studio_origin="http://studio.localhost")
    assert opened.count("<script data-channel=") == 1
    assert not opened.startswith("<script") or not source.startswith("<!doctype")
