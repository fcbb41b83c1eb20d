"""Links for people outside: they show one draft with the values chosen for them, until they end or are taken back."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlmodel import Session

from lander.access.audit import list_entries
from lander.config import Settings
from lander.db import reading, transaction
from lander.edge import sign_simulation
from lander.errors import Conflict, InvalidInput, NotFound
from lander.pages.models import Page, ShareLink
from lander.pages.sharing import list_shares, load_share, revoke_share, share
from lander.preview import create_preview, sign_preview, sign_share
from tests.pages.publishing import FORM, MAYA, NOW, add_page, add_site, make_settings, save

HOST = "http://preview.localhost:8000"
SOURCE = FORM.replace("Spring sale", "Sale in {{city|titlecase|Vancouver}}").replace(
    "</form>", '</form><a href="thanks.html">Thanks</a>'
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def page(database: Engine) -> Page:
    with transaction(database) as session:
        site = add_site(session)
        page = add_page(session, site, {"a": SOURCE, "b": "<p>Other"}, links={"thanks.html": "spring-sale/thanks"})
        add_page(session, site, {"a": "<p>Thank you"}, slug="spring-sale/thanks")
        add_page(session, site, {"a": "<p>Secret"}, slug="secret")
        save(session, page, "a", SOURCE.replace("Sale in", "Better sale in"))
        return page


@pytest.fixture
def client(settings: Settings, database: Engine) -> FlaskClient:
    return create_preview(settings, database).test_client()


def make(
    session: Session, page: Page, *, key: str = "a", note: str = "Agency", days: float = 7, **values: str
) -> ShareLink:
    lasts = timedelta(days=days)
    return share(session, page, key, values=values, note=note, lasts=lasts, actor=MAYA, now=NOW)


def ask(client: FlaskClient, settings: Settings, link: ShareLink, tail: str = "", *, at: datetime = NOW) -> str:
    """What whoever has the link reads, with the status in front."""
    clock = {"Lander-Simulation": sign_simulation(at, "127.0.0.1", settings)}
    answer = client.get(f"{HOST}{sign_share(settings, link)}{tail}", headers=clock)
    assert "Set-Cookie" not in answer.headers
    return f"{answer.status_code} {answer.text}"


def test_it_shows_the_draft_with_the_values_that_were_chosen(
    client: FlaskClient, settings: Settings, database: Engine, page: Page
) -> None:
    with transaction(database) as session:
        link = make(session, page, city=" new york ")
    shown = ask(client, settings, link)
    assert "Better sale in New York" in shown
    assert "Better sale in New York" in ask(client, settings, link, "?city=Oslo")  # what was chosen stays
    assert 'data-lander="preview"' in shown


def test_it_shows_pages_of_the_same_upload_and_no_others(
    client: FlaskClient, settings: Settings, database: Engine, page: Page
) -> None:
    with transaction(database) as session:
        link = make(session, page)
    assert f'href="{sign_share(settings, link)}spring-sale/thanks"' in ask(client, settings, link)
    assert ask(client, settings, link, "spring-sale/thanks").startswith("200")
    assert ask(client, settings, link, "secret").startswith("404")


def test_it_shows_nothing_any_more_when_it_has_ended(
    client: FlaskClient, settings: Settings, database: Engine, page: Page
) -> None:
    with transaction(database) as session:
        link = make(session, page, days=1)
    assert ask(client, settings, link, at=NOW + timedelta(hours=23)).startswith("200")
    ended = ask(client, settings, link, at=NOW + timedelta(days=1))
    assert ended.startswith("410")
    assert "Ask who sent it for a new one" in ended
    with reading(database) as session:
        assert [len(list_shares(session, page, now=NOW + timedelta(days=day))) for day in (0, 1)] == [1, 0]


def test_it_shows_nothing_any_more_when_it_was_taken_back(
    client: FlaskClient, settings: Settings, database: Engine, page: Page
) -> None:
    with transaction(database) as session:
        links = [make(session, page, note=note) for note in ("Agency", "Boss")]
    with transaction(database) as session:
        revoke_share(session, load_share(session, page, links[0].id), actor="ana", now=NOW)
    assert ask(client, settings, links[0]).startswith("410")
    assert ask(client, settings, links[0], "spring-sale/thanks").startswith("410")
    assert ask(client, settings, links[1]).startswith("200")
    with transaction(database) as session:
        assert [item.note for item in list_shares(session, page, now=NOW)] == ["Boss"]
        with pytest.raises(Conflict, match="taken back already"):
            revoke_share(session, load_share(session, page, links[0].id), actor="ana", now=NOW)
        assert [entry.action for entry in list_entries(session)] == ["share.revoke", "share.add", "share.add"]


def test_only_our_own_signature_opens_it(
    client: FlaskClient, settings: Settings, database: Engine, page: Page, tmp_path: Path
) -> None:
    with transaction(database) as session:
        link = make(session, page)
    stranger = make_settings(tmp_path, LANDER_SECRET_KEYS="another-secret-0123456789-abcdefghij-xyz")
    assert page.id is not None
    preview = sign_preview(settings, page.id, "a").removeprefix("/p/")
    for path in (f"/s/{link.id}/", sign_share(stranger, link), f"/s/{preview}"):
        assert client.get(HOST + path).status_code == 403
    assert client.get(HOST + sign_share(settings, link).replace("/s/", "/p/")).status_code == 403


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"days": 0}, "14 days at most"),
        ({"days": 14.001}, "14 days at most"),
        ({"note": "  "}, "not said whom"),
        ({"note": "x" * 121}, "not said whom"),
        ({"note": "a\0b"}, "not said whom"),
        ({"city": "x" * 81}, "value of city"),
        ({"city": "a\nb"}, "value of city"),
        ({"x" * 65: "a"}, "cannot be shown"),
        ({f"p{number}": "a" for number in range(21)}, "takes 20"),
    ],
)
def test_what_a_link_cannot_be_is_refused(database: Engine, page: Page, wrong: Mapping[str, object], said: str) -> None:
    with transaction(database) as session, pytest.raises(InvalidInput, match=said):
        make(session, page, **wrong)  # type: ignore[arg-type]


def test_a_link_belongs_to_its_page(database: Engine, page: Page) -> None:
    with transaction(database) as session:
        link = make(session, page)
        other = add_page(session, add_site(session, "go.example.org"), {"a": FORM})
        for share_id in (link.id, "nothing"):
            with pytest.raises(NotFound, match="no such link"):
                load_share(session, other, share_id)
        with pytest.raises(NotFound, match="has no variant z"):
            make(session, page, key="z")


def test_a_preview_can_be_of_a_version(client: FlaskClient, settings: Settings, page: Page) -> None:
    assert page.id is not None
    shown = [client.get(HOST + sign_preview(settings, page.id, "a", version=number)) for number in (1, 2, 3)]
    assert [answer.status_code for answer in shown] == [200, 200, 404]
    assert ["Better" in answer.text for answer in shown[:2]] == [False, True]
