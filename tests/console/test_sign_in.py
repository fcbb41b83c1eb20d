"""Signing in: what the browser gets, what the table keeps, and who is turned away."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import Session, select

from lander.access.models import AuditEntry, SignIn, SignInAttempt
from lander.pages.models import Page
from tests.cast import PASSWORD
from tests.console.conftest import NOW, ORIGIN, Browser, on_both, text_of

pytestmark = on_both


def sign_in(person: Browser, name: str = "maya", password: str = PASSWORD, **more: str):
    return person.post("/sign-in", {"name": name, "password": password, **more})


def read_cookie(response) -> str:
    return response.headers["Set-Cookie"].partition(";")[0].partition("=")[2]


def test_it_gives_the_browser_an_opaque_cookie_and_keeps_only_its_hash(otto: Browser, session: Session) -> None:
    response = sign_in(otto)

    assert response.status_code == 303
    assert response.headers["Location"] == "/"
    assert response.headers["Set-Cookie"].split("; ")[1:] == ["HttpOnly", "Path=/", "SameSite=Lax"]
    cookie = read_cookie(response)
    assert len(cookie) >= 43
    assert cookie not in [row.id_sha256 for row in session.exec(select(SignIn))]
    otto.cookie = cookie
    assert "maya" in text_of(otto.get("/policy"))


def test_it_takes_a_name_in_capitals(otto: Browser) -> None:
    assert sign_in(otto, "Maya ").status_code == 303


def test_it_says_neither_which_of_name_and_password_was_wrong(otto: Browser) -> None:
    wrong_password = sign_in(otto, password="wrong horse")
    wrong_name = sign_in(otto, name="nobody")

    assert wrong_password.status_code == wrong_name.status_code == 422
    assert "Name and password do not belong together" in text_of(wrong_password)
    assert text_of(wrong_password) == text_of(wrong_name)
    assert "Set-Cookie" not in wrong_password.headers


def test_it_rotates_the_cookie_and_ends_the_session_before(maya: Browser) -> None:
    before = maya.cookie
    maya.cookie = read_cookie(maya.post("/sign-in", {"name": "maya", "password": PASSWORD}))

    assert maya.cookie != before
    assert maya.get("/policy").status_code == 200
    maya.cookie = before
    assert maya.get("/policy").status_code == 303


@pytest.mark.parametrize("next_", ["//evil.example", "https://evil.example/", "/\\evil.example", "evil", "/a\r\nb: c"])
def test_it_leads_nowhere_but_to_the_studio(otto: Browser, next_: str) -> None:
    assert sign_in(otto, next=next_).headers["Location"] == "/"


def test_it_brings_the_reader_back_to_where_they_were(otto: Browser) -> None:
    turned_away = otto.get("/audit?before=7")
    assert turned_away.headers["Location"] == "/sign-in?next=%2Faudit%3Fbefore%3D7"
    assert sign_in(otto, next="/audit?before=7").headers["Location"] == "/audit?before=7"


def test_it_refuses_a_sixth_guess_and_the_right_password_with_it(otto: Browser, session: Session) -> None:
    for _ in range(5):
        assert sign_in(otto, password="wrong horse").status_code == 422

    refused = sign_in(otto)

    assert refused.status_code == 429
    assert "Wait 15 minutes" in text_of(refused)
    otto.wait(minutes=15)
    assert sign_in(otto).status_code == 303


def test_a_success_forgets_the_failures_before_it(otto: Browser, session: Session) -> None:
    for _ in range(4):
        sign_in(otto, password="wrong horse")
    sign_in(otto)
    assert session.exec(select(SignInAttempt)).all() == []


def test_one_network_cannot_try_many_names(otto: Browser) -> None:
    answers = [sign_in(otto, name=f"name{number}", password="x").status_code for number in range(31)]
    assert answers == [422] * 30 + [429]


def test_the_trail_names_colleagues_only(otto: Browser, session: Session) -> None:
    sign_in(otto, name="my secret password", password="x")
    sign_in(otto, password="wrong horse")
    sign_in(otto)

    trail = [(entry.actor, entry.action) for entry in session.exec(select(AuditEntry)) if "session" in entry.action]
    assert trail == [("maya", "session.refuse"), ("maya", "session.start")]
    assert "secret" not in str(session.exec(select(SignInAttempt)).all())


def test_a_session_ends_after_half_an_hour_of_nothing(maya: Browser) -> None:
    maya.wait(minutes=29)
    assert maya.get("/policy").status_code == 200
    maya.wait(minutes=29)
    assert maya.get("/policy").status_code == 200
    maya.wait(minutes=30)
    ended = maya.get("/policy")
    assert ended.status_code == 303
    assert "studio=;" in ended.headers["Set-Cookie"]


def test_a_session_ends_after_twelve_hours_whatever_happens(maya: Browser) -> None:
    while maya.at < NOW + timedelta(hours=11, minutes=40):
        assert maya.get("/policy").status_code == 200
        maya.wait(minutes=20)
    maya.wait(minutes=20)
    assert maya.get("/policy").status_code == 303


def test_an_expired_session_changes_nothing(maya: Browser, session: Session) -> None:
    maya.wait(hours=1)
    assert maya.post("/sign-out").status_code == 303
    assert [entry.action for entry in session.exec(select(AuditEntry)) if entry.action == "session.end"] == []


WHY = "You were signed out before, so what you sent was not carried out."


def test_a_form_that_came_too_late_says_so_and_leads_back_to_its_screen(maya: Browser, page: Page) -> None:
    maya.wait(hours=1)
    late = maya.post("/pages/spring-sale/publish", Referer=f"{ORIGIN}/pages/spring-sale?variant=a")

    door = maya.get(late.headers["Location"])
    assert WHY in text_of(door)
    assert re.search('name="next" value="([^"]*)"', door.text)[1] == "/pages/spring-sale?variant=a"
    back = sign_in(maya, next="/pages/spring-sale?variant=a")
    maya.cookie = read_cookie(back)
    assert maya.get(back.headers["Location"]).status_code == 200


@pytest.mark.parametrize(
    ("path", "referer", "next_"),
    [
        ("/pages/new?site=go.localhost", "", "/pages/new?site=go.localhost"),
        ("/pages/new", "http://go.localhost:8000/pages", "/pages/new"),
        ("/pages/new", f"{ORIGIN}.evil.example/pages", "/pages/new"),
        ("/pages/spring-sale/copy", f"{ORIGIN}/pages/spring-sale/copy", "/pages/spring-sale/copy"),  # leads to its page
        ("/redirects/remove", f"{ORIGIN}/redirects?query=z%C3%BCrich", "/redirects?query=z%C3%BCrich"),
        ("/redirects/remove", f"{ORIGIN}/redirects/remove", ""),
        ("/redirects/remove", "", ""),
    ],
)
def test_it_leads_back_only_to_what_can_be_opened(maya: Browser, path: str, referer: str, next_: str) -> None:
    maya.wait(hours=1)
    address = urlsplit(maya.post(path, Referer=referer).headers["Location"])
    asked = {"next": [next_]} if next_ else {}
    assert (address.path, parse_qs(address.query)) == ("/sign-in", {**asked, "notice": ["not-carried-out"]})


def test_htmx_is_told_too_why_an_upload_was_not_taken(maya: Browser) -> None:
    maya.wait(hours=1)
    late = maya.post("/pages/new", **{"HX-Request": "true", "Referer": f"{ORIGIN}/pages/new"})
    assert late.status_code == 401
    assert WHY in text_of(maya.get(late.headers["HX-Redirect"]))


def test_signing_out_makes_the_cookie_worthless(maya: Browser) -> None:
    response = maya.post("/sign-out")
    assert response.status_code == 303
    assert maya.get("/policy").status_code == 303


def test_htmx_is_sent_to_the_sign_in_screen_whole(otto: Browser) -> None:
    response = otto.get("/policy", **{"HX-Request": "true"})
    assert response.status_code == 401
    assert response.headers["HX-Redirect"] == "/sign-in?next=%2Fpolicy"


def test_a_name_that_no_database_can_hold_is_nobodys(otto: Browser) -> None:
    refused = sign_in(otto, "may\0a")
    assert refused.status_code == 422
    assert "do not belong together" in text_of(refused)
