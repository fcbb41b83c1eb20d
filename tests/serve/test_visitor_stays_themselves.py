"""One signed cookie, set once: who comes back sees the same, and nobody else's cookie is believed."""

import hashlib
from pathlib import Path

import itsdangerous
import pytest

from lander.serve.visitor import VisitorCookie
from tests.serve.stage import HOST, SECRET, Stage, allocation, cookie_of, settings_for, staged


def test_a_visitor_keeps_their_variant_whenever_they_come_back(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    for _ in range(20):
        first = stage.ask()
        again = {"Cookie": cookie_of(first)}
        assert all(("variant b" in first.text) == ("variant b" in stage.ask(headers=again).text) for _ in range(5))


def test_the_cookie_is_set_once_for_ninety_days_and_never_renewed(stage: Stage) -> None:
    stage.publish()
    first = stage.ask()
    name, _, attributes = first.headers["Set-Cookie"].partition(";")
    assert name.startswith("__Host-lp=")
    assert {part.strip() for part in attributes.split(";")} == {
        "Max-Age=7776000",
        "Path=/",
        "HttpOnly",
        "SameSite=Lax",
        "Secure",
    }
    assert "Set-Cookie" not in stage.ask(headers={"Cookie": f"other=1; {cookie_of(first)}; more=2"}).headers


def test_development_speaks_plain_http_so_its_cookie_has_no_prefix_and_is_not_secure(tmp_path: Path) -> None:
    with staged(tmp_path, env="development") as stage:
        stage.publish()
        cookie = stage.ask().headers["Set-Cookie"]
        assert cookie.startswith("lp=")
        assert "Secure" not in cookie


def test_the_view_after_the_first_is_a_returning_one(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    cookie = cookie_of(stage.ask())
    view, _ = stage.view(headers={"Cookie": cookie})
    assert view.returning
    assert [event.returning for event in stage.events()] == [False, True]
    assert {event.visitor for event in stage.events()} == {view.visitor}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda cookie: cookie[:-2],
        lambda cookie: cookie.replace("=", "=0", 1),
        lambda cookie: f"{cookie}; {cookie}",
        lambda cookie: "__Host-lp=",
        lambda cookie: "__Host-lp=.",
        lambda cookie: f"__Host-lp={'0' * 32}",
        lambda cookie: "__Host-lp=\xff\xfe",
        lambda cookie: cookie + "; " + "x" * 9_000,
    ],
)
def test_a_cookie_that_is_forged_damaged_doubled_or_huge_counts_as_none(stage: Stage, spoil: object) -> None:
    assert callable(spoil)
    stage.publish()
    known, _ = stage.view()
    cookie = VisitorCookie(stage.settings).issue(known.visitor).partition(";")[0]
    answer = stage.ask(headers={"Cookie": spoil(cookie)})
    assert answer.status_code == 200
    assert cookie_of(answer).startswith("__Host-lp=")
    assert known.visitor not in cookie_of(answer)


def test_the_cookie_is_what_itsdangerous_signs(tmp_path: Path) -> None:
    signer = itsdangerous.Signer(
        [SECRET], salt="lander.visitor", key_derivation="hmac", digest_method=staticmethod(hashlib.sha256)
    )
    cookies = VisitorCookie(settings_for(tmp_path))
    visitor = "0123456789abcdef" * 2
    value = cookies.issue(visitor).partition(";")[0].removeprefix("__Host-lp=")
    assert signer.unsign(value) == visitor.encode()
    assert cookies.find(f"__Host-lp={signer.sign(visitor).decode()}") == visitor


def test_a_cookie_outlives_a_change_of_secrets(tmp_path: Path) -> None:
    visitor = "0123456789abcdef" * 2
    before = VisitorCookie(settings_for(tmp_path)).issue(visitor).partition(";")[0]
    newer = "another-secret-for-tests-9876543210-zyxwvutsrq"
    assert VisitorCookie(settings_for(tmp_path, secrets=f"{newer},{SECRET}")).find(before) == visitor
    assert VisitorCookie(settings_for(tmp_path, secrets=newer)).find(before) is None


def test_whoever_asked_not_to_be_counted_sees_control_and_is_not(stage: Stage) -> None:
    stage.publish(allocation=allocation({"a": 1, "b": 9_999}))
    offer = stage.ask("/_l/opt-out")
    assert "Don't count my visits" in offer.text
    done = stage.ask("/_l/opt-out", method="POST", headers={"Origin": f"https://{HOST}"})
    assert (done.status_code, done.headers["Location"]) == (303, "/_l/opt-out")
    wish = {"Cookie": cookie_of(done)}
    assert "You are not counted any more" in stage.ask("/_l/opt-out", headers=wish).text
    for _ in range(10):
        answer = stage.ask(headers=wish)
        assert "variant a" in answer.text
        assert "Set-Cookie" not in answer.headers
    events = stage.events()
    assert {(event.kind.value, event.reason) for event in events} == {("filtered", "opt-out")}
    assert len({event.visitor for event in events}) == 10
