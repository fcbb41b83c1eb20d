"""What the fuzz found: requests that no browser of ours sends, and that used to break something."""

from urllib.parse import urlencode

import pytest

from lander.access.signin import csrf_token
from tests.fuzz.grammar import BOUNDARY, FORM, multipart
from tests.fuzz.world import INDEX, PAGES, PASSWORD, STUDIO, Answer, Request, World, make_zip


@pytest.mark.parametrize("form", [b"f1", b"gone"], ids=["of the page", "that the page no longer holds"])
def test_a_part_without_a_name_is_no_field_and_the_lead_is_kept_in_a_form(world: World, form: bytes) -> None:
    token = world.get(PAGES, "/spring-sale").text.partition('data-lander="')[2].partition('"')[0]
    fields = {"_lander": token, "_form": "f1", "email": "otto@example.com", "phone": "123456", "consent": "yes"}
    body = multipart(fields, file=b"x").replace(b"\r\n\r\nf1", b"\r\n\r\n" + form)
    body = body.replace(b'; name="phone"', b"")
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Origin": "null"}
    assert world.ask(Request("POST", PAGES, "/_l/f", headers=headers, body=body)).code == 303


def test_a_part_without_a_name_does_not_break_the_form_that_is_shown_again(world: World) -> None:
    token = world.get(PAGES, "/spring-sale").text.partition('data-lander="')[2].partition('"')[0]
    body = multipart({"_lander": token, "_form": "f1", "email": "no", "phone": "1"}, file=b"x")
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Origin": "null"}
    request = Request("POST", PAGES, "/_l/f", headers=headers, body=body.replace(b'; name="phone"', b""))
    assert world.ask(request).code == 422


@pytest.mark.parametrize("number", ["9223372036854775808", "-9223372036854775809", "9" * 40, "9" * 5_000], ids=len)
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/audit", "before"),
        ("/experiments/spring-sale-1/report", "phase"),
        ("/experiments/spring-sale-1/report/plots/rates.json", "phase"),
        ("/api/v1/experiments/spring-sale-1/report", "phase"),
    ],
)
def test_a_number_that_no_database_holds_is_a_wrong_number(world: World, path: str, name: str, number: str) -> None:
    answer = world.ask(Request("GET", STUDIO, path, f"{name}={number}", world.as_person("ana")))
    assert answer.code in ((200,) if name == "before" else (404, 422))


def test_a_zip_whose_compressed_bytes_are_no_such_thing_is_damaged(world: World) -> None:
    content = bytearray(make_zip({"index.html": INDEX}))
    at = content.index(b"index.html") + len("index.html")
    content[at : at + 20] = b"\xff" * 20
    headers = {**world.as_person("maya"), "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    fields = {"_csrf": csrf_token(world.cookies["maya"]), "slug": "autumn"}
    answer = world.ask(
        Request("POST", STUDIO, "/pages/new", headers=headers, body=multipart(fields, file=bytes(content)))
    )
    assert answer.code == 422
    assert "The zip is damaged" in answer.text


def test_an_address_that_is_not_ascii_is_written_so_that_a_header_can_hold_it(world: World) -> None:
    form = {"name": "maya", "password": PASSWORD, "next": "/pages/zürich-€"}
    headers = {**world.as_person("maya"), "HX-Request": "true", "Content-Type": FORM}
    answer = world.ask(Request("POST", STUDIO, "/sign-in", headers=headers, body=urlencode(form).encode()))
    assert answer.get("HX-Redirect") == "/pages/z%C3%BCrich-%E2%82%AC"


@pytest.mark.parametrize(("length", "code"), [("abc", 404), (None, 413)], ids=["and says nothing", "and says so"])
def test_the_rest_of_a_form_that_is_too_long_breaks_nothing(world: World, length: str | None, code: int) -> None:
    """Servers refuse such a length, but a body without end was once read on after its answer, which became a 500."""
    assert send_too_much(world, length=length).code == code


def test_a_form_in_chunks_is_refused_since_one_cut_off_would_look_whole(world: World) -> None:
    answer = send_too_much(world, length="", **{"Transfer-Encoding": "chunked"})
    assert answer.code == 411
    assert "Send it with Content-Length" in answer.text


def send_too_much(world: World, *, length: str | None, **headers: str) -> Answer:
    fields = urlencode({"_csrf": csrf_token(world.cookies["maya"]), "path": "/nowhere" * 100_000})
    all_headers = {**world.as_person("maya"), "Content-Type": FORM, **headers}
    return world.ask(
        Request("POST", STUDIO, "/redirects/ignore", headers=all_headers, body=fields.encode(), length=length)
    )
