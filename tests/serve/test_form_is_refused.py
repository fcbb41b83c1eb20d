"""A form with mistakes comes back with everything in it and every mistake named; a forged one does not come in."""

import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, run_wsgi_app

from lander.document import Document
from lander.published import FormField
from lander.serve.fields import check_fields
from lander.serve.own_pages import Refilled, correct_form, try_again
from tests.serve.stage import FILLED, HOST, OTHER_HOST, NoJournal, Stage, allocation, staged, text_of

BROKEN = {
    "name": "O" * 61,
    "email": 'otto"><script>alert(1)</script>@',
    "phone": "call me",
    "size": "XXL",
    "campaign": "spring",
}


def test_every_mistake_is_named_at_once_beside_its_field(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    view, _ = stage.view()
    answer = stage.post_form(stage.aged(view, 30), BROKEN)
    assert answer.status_code == 422
    said = text_of(answer)
    for sentence in (
        "Please use at most 60 characters; these are 61.",
        "This is not an e-mail address.",
        "This is not a phone number.",
        "Please choose one of the options.",
        "Please tick this box.",
    ):
        assert said.count(sentence) == 2  # on top, and beside the field
    assert stage.leads() == []
    assert [event.kind.value for event in stage.events()] == ["served"]


def test_every_mistake_on_top_leads_to_its_field_and_the_field_to_its_mistake(stage: Stage) -> None:
    stage.publish()
    view, _ = stage.view()
    document = Document(stage.post_form(stage.aged(view, 30), BROKEN).text)
    ids = {element.get("id") for element in document.elements} - {None}
    targets = [element.get("href") for element in document.named("a")]
    wrong = [element for element in document.elements if element.get("aria-invalid") == "true"]
    assert len(targets) == len(wrong) == 5
    assert {f"#{element.get('id')}" for element in wrong} == set(targets)
    assert {element.get("aria-describedby") for element in wrong} <= ids
    labelled = {element.get("for") for element in document.named("label")}
    assert {element.get("id") for element in wrong} <= labelled
    assert [element.get("role") for element in document.select("[autofocus]")] == ["alert"]


def test_what_was_filled_in_is_still_there_and_can_be_sent_after_mending(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    view, _ = stage.view()
    first = stage.post_form(stage.aged(view, 30), {**FILLED, "email": "otto@"})
    document = Document(first.text)
    refilled = {
        element.get("name") or "": element.get("value") or ""
        for element in document.named("input")
        if element.get("type") != "checkbox" or element.get("checked") is not None
    }
    chosen = document.select("select[name=size] option[selected]")
    refilled |= {"size": chosen[0].get("value") or "", "email": "otto@example.com"}
    assert {name: refilled[name] for name in FILLED} == {**FILLED, "email": "otto@example.com"}
    again = stage.ask(
        "/_l/f",
        method="POST",
        body="&".join(f"{name}={value.replace('+', '%2B')}" for name, value in refilled.items()),
        headers={"Content-Type": "application/x-www-form-urlencoded", "Origin": "null"},
    )
    assert again.status_code == 303
    assert stage.leads()[0]["flags"] == []
    assert stage.events()[-1].kind.value == "conversion"


def test_a_refusal_is_not_stored_and_runs_no_script(stage: Stage) -> None:
    stage.publish()
    view, _ = stage.view()
    answer = stage.post_form(stage.aged(view, 30), BROKEN)
    assert "<script" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "allow-scripts" not in policy


@pytest.mark.parametrize("token", ["", "preview", "forged"])
def test_a_forged_token_is_refused_with_a_plain_page(stage: Stage, token: str) -> None:
    stage.publish()
    answer = stage.post_form(token, FILLED)
    assert answer.status_code == 403
    assert "go back, load the page again" in text_of(answer)
    assert stage.leads() == []


@pytest.mark.parametrize("origin", ["https://evil.example", f"http://{HOST}", f"https://{OTHER_HOST}"])
def test_another_sites_form_is_refused(stage: Stage, origin: str) -> None:
    stage.publish()
    view, _ = stage.view()
    assert stage.post_form(stage.aged(view, 30), FILLED, headers={"Origin": origin}).status_code == 403
    assert stage.leads() == []


def test_a_token_of_another_host_is_refused(stage: Stage) -> None:
    stage.publish()
    view, _ = stage.view()
    assert stage.post_form(stage.aged(view, 30), FILLED, host=OTHER_HOST).status_code == 403


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x=" + b"x" * 65_536, "application/x-www-form-urlencoded", 413),
        (b"&".join(b"x=1" for _ in range(300)), "application/x-www-form-urlencoded", 413),
        (b"{}", "application/json", 415),
        (b"x=1", "", 415),
        (b"broken", "multipart/form-data", 400),
        (b"--f\r\nbroken", "multipart/form-data; boundary=f", 400),
        (b"\xff\xfe=\x00", "application/x-www-form-urlencoded", 403),
    ],
)
def test_what_is_no_form_of_ours_is_refused_in_plain_words(stage: Stage, body: bytes, kind: str, status: int) -> None:
    stage.publish()
    answer = stage.ask("/_l/f", method="POST", body=body, headers={"Content-Type": kind, "Origin": "null"})
    assert answer.status_code == status
    assert answer.mimetype == "text/html"


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"CONTENT_LENGTH": "many"}, "400"),
        ({"CONTENT_LENGTH": "-1"}, "400"),
        ({"CONTENT_LENGTH": "9" * 5_000}, "413"),
        ({"CONTENT_LENGTH": "200"}, "400"),  # the connection broke off
        ({"CONTENT_LENGTH": ""}, "403"),  # nothing may be read, so there is no token
        ({"CONTENT_LENGTH": "", "wsgi.input_terminated": True}, "303"),
    ],
)
def test_the_length_of_a_form_is_believed_only_where_it_makes_sense(
    stage: Stage, environ: dict[str, object], status: str
) -> None:
    stage.publish()
    view, _ = stage.view()
    body = urlencode(
        {"_lander": stage.aged(view, 30), "_form": "f1", "name": "O", "email": "o@example.com", "consent": "yes"}
    )
    request = EnvironBuilder(
        path="/_l/f",
        base_url=f"https://{HOST}",
        method="POST",
        data=body if environ["CONTENT_LENGTH"] != "200" else body[:100],
        content_type="application/x-www-form-urlencoded",
    )
    assert run_wsgi_app(stage.front, {**request.get_environ(), **environ})[1].startswith(status)


def test_where_nothing_can_be_kept_nothing_is_acknowledged_and_nothing_typed_is_lost(tmp_path: Path) -> None:
    with staged(tmp_path, journal=NoJournal()) as stage:
        stage.publish(allocation=allocation())
        view, _ = stage.view()
        answer = stage.post_form(stage.aged(view, 30), FILLED)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "60"
        assert "not received" in text_of(answer)
        assert 'value="Otto@Example.com"' in answer.text
        stage.withdraw()
        gone = stage.post_form(stage.aged(view, 30), {"anything": "Otto"})
        assert gone.status_code == 503
        assert re.search('type="hidden" name="anything" value="Otto"', gone.text)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("email", ["a@example.com", "ä.ö@exämple.de"], ["a", "a@", "@b.de", "a b@c.de", "a@b..de"]),
        (
            "phone",
            ["+49 30 123456", "(030) 12-34-56", "123456", "+1.202.555.0101"],
            ["12345", "1" * 16, "0800-FLOWERS"],
        ),
        ("text", ["x" * 500, "two\nlines"], ["x" * 501]),
    ],
)
def test_each_kind_of_field_takes_what_people_write_and_refuses_what_it_cannot_be(
    kind: str, good: list[str], bad: list[str]
) -> None:
    field = FormField("f", kind, "F")
    assert [value for value in good if check_fields([field], {"f": [value]}).problems] == []
    assert [value for value in bad if not check_fields([field], {"f": [value]}).problems] == []


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.lists(st.text(), max_size=3)))
def test_whatever_is_sent_the_page_that_shows_it_again_has_only_our_elements(sent: dict[str, list[str]]) -> None:
    fields = (
        FormField("a", "text", 'A "quoted" <label>'),
        FormField("b", "choice", "B", options=("<1>", "2"), required=True),
        FormField("<c>", "email", "", required=True),
    )
    checked = check_fields(fields, sent)
    form = Refilled("token", '"><i>', fields, sent, checked.problems, {"_query": '"><i>'})
    ours = {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "h1",
        "div",
        "p",
        "ul",
        "li",
        "a",
        "form",
        "label",
    }
    ours |= {"input", "select", "option", "textarea", "button"}
    for page in (correct_form(form), try_again(form)):
        assert {element.name for element in Document(page.encode("utf-8", "replace").decode()).elements} <= ours


@given(st.text())
def test_a_required_field_is_filled_by_anything_but_blanks_and_controls(text: str) -> None:
    checked = check_fields([FormField("f", "text", "F", required=True, max_length=10_000)], {"f": [text]})
    assert bool(checked.problems) == (checked.values["f"] == "")
    checked.values["f"].encode()  # whatever came, it can be sealed
