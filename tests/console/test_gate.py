"""What the gate turns away before a view runs: foreign origins, missing tokens, doubled cookies, wrong hosts."""

import io

import pytest
from flask import Flask
from sqlmodel import Session, select

from lander.access.gate import Studio, check_routes, install_gate
from lander.access.models import AuditEntry
from lander.config import Settings, load_settings
from lander.errors import ConfigurationError
from lander.factory import create_studio
from tests.console.conftest import ORIGIN, Browser, text_of

FOREIGN = {
    "the pages host": {"Origin": "http://go.localhost:8000", "Sec-Fetch-Site": "same-site"},
    "a sealed page": {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    "no origin": {"Origin": "", "Sec-Fetch-Site": ""},
    "another port": {"Origin": "http://studio.localhost:9000"},
    "https": {"Origin": "https://studio.localhost:8000"},
    "a longer host": {"Origin": "http://studio.localhost:8000.evil.example"},
    "our origin from elsewhere": {"Sec-Fetch-Site": "same-site"},
}


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("path", ["/sign-out", "/sign-in"])
def test_it_refuses_a_post_from(maya: Browser, session: Session, headers: dict[str, str], path: str) -> None:
    before = len(session.exec(select(AuditEntry)).all())
    response = maya.post(path, **headers)

    assert response.status_code == 403
    assert "did not come from the studio" in text_of(response)
    assert len(session.exec(select(AuditEntry)).all()) == before


def test_it_reads_what_it_refuses_so_that_a_proxy_can_send_it_to_the_end(studio: Flask) -> None:
    body = io.BytesIO(b"a" * 3_000_000)
    answer = studio.test_client().post("/pages/new", base_url=ORIGIN, input_stream=body, content_length=3_000_000)
    assert answer.status_code == 403
    assert body.tell() == 3_000_000


def test_it_takes_our_origin_from_a_browser_without_fetch_metadata(maya: Browser) -> None:
    assert maya.post("/sign-out", **{"Sec-Fetch-Site": ""}).status_code == 303


@pytest.mark.parametrize("token", ["", "0" * 64, "é"])
def test_it_refuses_a_post_without_the_sessions_token(maya: Browser, token: str) -> None:
    response = maya.post("/sign-out", {"_csrf": token}, csrf="")
    assert response.status_code == 403
    assert maya.get("/policy").status_code == 200


def test_it_refuses_the_token_of_another_session(maya: Browser, ivan: Browser) -> None:
    from lander.access.signin import csrf_token

    assert maya.post("/sign-out", csrf=csrf_token(ivan.cookie)).status_code == 403


def test_it_takes_the_token_as_a_header_too(maya: Browser) -> None:
    from lander.access.signin import csrf_token

    assert maya.post("/sign-out", csrf="", **{"X-CSRF-Token": csrf_token(maya.cookie)}).status_code == 303


def test_it_refuses_two_cookies_of_the_same_name(maya: Browser) -> None:
    response = maya.get("/policy", Cookie=f"studio=planted; studio={maya.cookie}")
    assert response.status_code == 422
    assert "two sign-in cookies" in text_of(response)


def test_it_refuses_a_made_up_cookie(otto: Browser) -> None:
    otto.cookie = "x" * 43
    assert otto.get("/policy").status_code == 303


def test_it_answers_at_its_own_host_only(studio: Flask) -> None:
    client = studio.test_client()
    assert client.get("/sign-in", base_url="http://go.localhost:8000").status_code == 421
    assert client.get("/healthz", base_url="http://127.0.0.1:8000").status_code == 200


def test_its_name_with_the_final_dot_leads_to_its_name_without(studio: Flask) -> None:
    """To a browser it would be another origin: no form would be taken there, and no preview shown."""
    client, dotted = studio.test_client(), "http://Studio.localhost.:8000"
    led = client.get("/pages/z%C3%BCrich%0A?site=%E2%82%AC&x", base_url=dotted)
    assert led.status_code == 308
    assert led.headers["Location"] == "http://studio.localhost:8000/pages/z%C3%BCrich%0A?site=%E2%82%AC&x"
    assert client.post("/sign-in", base_url=dotted).status_code == 421
    assert client.get("/sign-in", base_url="http://go.localhost.:8000").status_code == 421


def test_a_body_larger_than_the_screen_takes_is_refused(maya: Browser) -> None:
    assert maya.post("/sign-out", {"x": "x" * 300_000}).status_code == 413


def test_it_will_not_build_a_studio_with_an_undeclared_route(settings: Settings, studio: Flask) -> None:
    app = Flask("forgetful", static_folder=None)
    install_gate(app, Studio(settings, studio.extensions["lander"].engine))
    app.add_url_rule("/open", view_func=lambda: "hello", endpoint="open")

    with pytest.raises(ConfigurationError, match=r"/open \(open\)"):
        check_routes(app)


def test_every_answer_carries_the_studios_headers(maya: Browser) -> None:
    for path in ("/policy", "/nothing-here", "/static/studio.css", "/healthz", "/api/v1/nothing"):
        headers = maya.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-src http://preview.localhost:8000;" in policy
        assert "require-trusted-types-for 'script'" in policy
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


def test_the_nonce_is_new_each_time_and_is_that_of_the_scripts(maya: Browser) -> None:
    first, second = maya.get("/policy"), maya.get("/policy")
    nonce = first.headers["Content-Security-Policy"].partition("'nonce-")[2].partition("'")[0]
    assert f'<script nonce="{nonce}"' in first.text
    assert nonce not in second.text


def test_in_production_the_cookie_is_bound_to_the_host_and_to_https(studio: Flask) -> None:
    secret = "u2Yx-0Qb9vT4kLmN7pRs1WzE3cVfG6hJ8dA5"
    settings = load_settings({"LANDER_SECRET_KEYS": secret, "LANDER_STUDIO_HOST": "studio.example.com"})
    app = create_studio(settings, studio.extensions["lander"].engine)
    response = app.test_client().post(
        "/sign-in",
        base_url="https://studio.example.com",
        headers={"Origin": "https://studio.example.com"},
        data={"name": "maya", "password": "correct horse battery staple"},
    )
    name, _, rest = response.headers["Set-Cookie"].partition("=")
    assert name == "__Host-studio"
    assert rest.split("; ")[1:] == ["Secure", "HttpOnly", "Path=/", "SameSite=Lax"]
    assert response.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"


def test_static_files_are_kept_only_where_their_address_names_their_content(maya: Browser) -> None:
    stamped = maya.get("/static/studio.css?v=1")
    assert stamped.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert maya.get("/static/../app.py").status_code == 404
    assert ORIGIN not in stamped.headers.get("Access-Control-Allow-Origin", "")


def test_a_defect_is_an_apology_with_a_reference_and_no_detail(
    studio: Flask, maya: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down() -> None:
        raise RuntimeError("secret of a visitor")

    monkeypatch.setitem(studio.view_functions, "policy.show_policy", _declared_like(studio, break_down))
    response = maya.get("/policy")
    assert response.status_code == 500
    assert "our mistake" in text_of(response)
    assert "secret of a visitor" not in response.text


def _declared_like(studio: Flask, function):
    function.lander_permission = studio.view_functions["policy.show_policy"].lander_permission
    return function
