"""Previews: a signed link shows a draft for a while, sealed, framed by the studio alone, and counts nothing."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from sqlalchemy import Engine
from sqlmodel import Session

from lander.config import Settings
from lander.edge import sign_simulation
from lander.errors import InvalidInput
from lander.pages import versions
from lander.pages.models import Page
from lander.preview import create_preview, sign_preview
from tests.pages.publishing import FORM, NOW, add_page, add_site, make_settings

HOST = "http://preview.localhost:8000"
SOURCE = FORM.replace("Spring sale", "Sale in {{city|titlecase|Vancouver}}").replace(
    "</form>", '</form><a href="thanks.html">Thanks</a><link rel="stylesheet" href="main.css">'
)


class _LongAgo(TimestampSigner):
    """Signs as of two hours ago."""

    def get_timestamp(self) -> int:
        return super().get_timestamp() - 7200


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def engine(database: Engine) -> Engine:
    return database


@pytest.fixture
def page(engine: Engine) -> Page:
    with Session(engine, expire_on_commit=False) as session:
        site = add_site(session)
        links = {"thanks.html": "spring-sale/thanks"}
        page = add_page(session, site, {"a": SOURCE, "b": "<p>Other"}, links=links, files={"main.css": b"p{color:red}"})
        add_page(session, site, {"a": "<p>Thank you"}, slug="spring-sale/thanks")
        add_page(session, site, {"a": "<p>Secret"}, slug="secret")
        session.commit()
        return page


@pytest.fixture
def client(settings: Settings, engine: Engine) -> FlaskClient:
    return create_preview(settings, engine).test_client()


def _link(settings: Settings, page: Page, key: str = "a", ttl_s: int = 600) -> str:
    assert page.id is not None
    return HOST + sign_preview(settings, page.id, key, ttl_s=ttl_s)


def test_a_link_shows_the_draft_that_nobody_has_published(client: FlaskClient, settings: Settings, page: Page) -> None:
    answer = client.get(_link(settings, page))
    assert answer.status_code == 200
    assert "Sale in Vancouver" in answer.text
    assert "Other" in client.get(_link(settings, page, "b")).text


def test_it_is_sealed_framed_by_the_studio_and_kept_by_nobody(
    client: FlaskClient, settings: Settings, page: Page
) -> None:
    headers = client.get(_link(settings, page)).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in policy
    assert "frame-ancestors http://studio.localhost:8000;" in policy
    assert "X-Frame-Options" not in headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Robots-Tag"] == "noindex"
    assert "Set-Cookie" not in headers


def test_nothing_in_it_can_be_counted(client: FlaskClient, settings: Settings, page: Page) -> None:
    text = client.get(_link(settings, page)).text
    assert 'data-lander="preview"' in text
    assert 'name="_lander" value="preview"' in text


def test_dynamic_text_can_be_tried_and_is_escaped(client: FlaskClient, settings: Settings, page: Page) -> None:
    text = client.get(f"{_link(settings, page)}?city=new+%3Cb%3Eyork&city=other").text
    assert "Sale in New &lt;b&gt;york" in text


def test_a_draft_that_breaks_the_rules_can_be_looked_at_in_its_box(
    client: FlaskClient, engine: Engine, settings: Settings
) -> None:
    with Session(engine, expire_on_commit=False) as session:
        bad = add_page(
            session, add_site(session, "go.example.org"), {"a": '<script src="https://cdn.example.net/x.js"></script>'}
        )
        session.commit()
    answer = client.get(_link(settings, bad))
    assert answer.status_code == 200
    assert "cdn.example.net" not in answer.headers["Content-Security-Policy"]


def test_pages_of_the_same_upload_are_reached_and_no_others(
    client: FlaskClient, settings: Settings, page: Page
) -> None:
    link = _link(settings, page)
    path = link.removeprefix(HOST)
    assert f'<a href="{path}spring-sale/thanks">' in client.get(link).text
    thanks = client.get(f"{link}spring-sale/thanks")
    assert thanks.status_code == 200
    assert "Thank you" in thanks.text
    assert "Sale in" in client.get(f"{link}spring-sale").text
    secret = client.get(f"{link}secret")
    assert secret.status_code == 404
    assert "Secret" not in secret.text


def test_assets_come_from_the_database(client: FlaskClient, settings: Settings, page: Page) -> None:
    address = client.get(_link(settings, page)).text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    asset = client.get(HOST + address)
    assert asset.data == b"p{color:red}"
    assert asset.headers["Content-Type"] == "text/css; charset=utf-8"
    assert asset.headers["Access-Control-Allow-Origin"] == "*"
    assert client.get(f"{HOST}/_l/a/no-such-file.css").status_code == 404


def test_an_expired_link_says_what_to_do(client: FlaskClient, settings: Settings, page: Page) -> None:
    link = _link(settings, page, ttl_s=60)
    later = sign_simulation(NOW + timedelta(days=3650), "127.0.0.1", settings)
    answer = client.get(link, headers={"Lander-Simulation": later})
    assert answer.status_code == 410
    assert "has expired" in answer.text
    assert "make a new one" in answer.text


def test_a_link_expires_by_the_clock_of_the_server(client: FlaskClient, settings: Settings, page: Page) -> None:
    old = URLSafeTimedSerializer(list(settings.signing_keys), salt="lander.preview", signer=_LongAgo)
    assert client.get(f"{HOST}/p/{old.dumps([page.id, 'a', 3600])}/").status_code == 410
    assert client.get(f"{HOST}/p/{old.dumps([page.id, 'a', 9000])}/").status_code == 200


@pytest.mark.parametrize("spoil", ["x", "signed", "no-such-link"])
def test_a_link_that_nobody_here_signed_is_refused(
    client: FlaskClient, settings: Settings, page: Page, spoil: str
) -> None:
    path = {
        "x": _link(settings, page)[:-3] + "xx/",
        "signed": f"{HOST}/p/{URLSafeTimedSerializer('another key', salt='lander.preview').dumps([page.id, 'a', 60])}/",
        "no-such-link": f"{HOST}/p/no-such-link/",
    }[spoil]
    answer = client.get(path)
    assert answer.status_code == 403
    assert "not a preview link of ours" in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")


@pytest.mark.parametrize("ttl_s", [0, -1, 14 * 24 * 3600 + 1])
def test_a_link_lasts_between_a_second_and_two_weeks(settings: Settings, ttl_s: int) -> None:
    with pytest.raises(InvalidInput, match="14 days"):
        sign_preview(settings, 1, "a", ttl_s=ttl_s)


def test_a_page_or_variant_that_is_gone_is_not_found(client: FlaskClient, settings: Settings, page: Page) -> None:
    assert client.get(_link(settings, page, "z")).status_code == 404
    assert client.get(HOST + sign_preview(settings, 999, "a")).status_code == 404


def test_a_form_sent_from_a_preview_says_that_nothing_was_sent(client: FlaskClient, page: Page) -> None:
    answer = client.post(f"{HOST}/_l/f", data={"email": "otto@example.net", "_lander": "preview"})
    assert answer.status_code == 200
    assert "This is a preview: nothing was sent." in answer.text
    assert "otto" not in answer.text
    assert "frame-ancestors http://studio.localhost:8000" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/_l/b", "/_l/csp"])
def test_beacons_and_reports_are_swallowed(client: FlaskClient, path: str) -> None:
    assert client.post(HOST + path, data="t=preview").status_code == 204


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/p/", 404),
        ("GET", "//p//x", 404),
        ("GET", "/_l/f", 405),
        ("POST", "/p/x/", 405),
        ("OPTIONS", "/p/x/", 405),
        ("GET", "/p/x", 403),
    ],
)
def test_every_answer_is_made_here_with_its_headers(client: FlaskClient, method: str, path: str, status: int) -> None:
    answer = client.open(path, base_url=HOST, method=method)
    assert answer.status_code == status
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert "Set-Cookie" not in answer.headers


def test_service_workers_are_refused(client: FlaskClient, settings: Settings, page: Page) -> None:
    assert client.get(_link(settings, page), headers={"Service-Worker": "script"}).status_code == 403


def test_the_newest_draft_is_shown(client: FlaskClient, settings: Settings, engine: Engine, page: Page) -> None:
    link = _link(settings, page)
    with Session(engine) as session:
        versions.save_source(session, page, "a", "<p>Newer", actor="maya", now=NOW, base_version=1)
        session.commit()
    assert "Newer" in client.get(link).text
