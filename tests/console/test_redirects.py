"""Redirects in the studio: the form with its errors beside the fields, a CSV as a plan first, and what mends the table."""

import io
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from lander.db import transaction
from lander.pages import redirects
from lander.pages.missing import store_missing
from lander.pages.models import Page, Site
from lander.pages.redirect_rules import Rule
from tests.console.conftest import Browser, on_both, text_of

pytestmark = on_both


def put(engine: Engine, site: Site, *rules: tuple[str, str]) -> None:
    with transaction(engine) as session:
        owner = session.get_one(Site, site.id)
        for path, target in rules:
            redirects.put_redirect(session, owner, Rule(path, target, 301), actor="maya", now=site.created_at)


def table(session: Session, site: Site) -> dict[str, str]:
    return {item.path: f"{item.status} {item.target}".strip() for item in redirects.list_redirects(session, site)}


def upload(person: Browser, content: bytes, name: str = "old.csv") -> Any:
    return person.post("/redirects/import", {"file": (io.BytesIO(content), name)})


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found is not None
    return found[1]


def test_an_empty_table_says_what_to_do_next(maya: Browser, ana: Browser, site: Site) -> None:
    assert "Upload a CSV with two columns" in text_of(maya.get("/redirects"))
    assert "Marketing adds the first one" in text_of(ana.get("/redirects"))


def test_a_redirect_is_saved_and_shown(maya: Browser, session: Session, live: Page, site: Site) -> None:
    answer = maya.post("/redirects/edit", {"from": "/old", "to": "/spring-sale", "status": "301", "note": "moved"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/redirects?notice=redirect-saved")
    shown = text_of(maya.get("/redirects"))
    assert "/old /spring-sale for good 301 moved" in shown
    assert table(session, site) == {"/old": "301 /spring-sale"}


def test_errors_stand_beside_their_fields_and_what_was_typed_stays(maya: Browser, site: Site) -> None:
    answer = maya.post("/redirects/edit", {"from": "old", "to": "nowhere", "status": "301", "note": ""})
    assert answer.status_code == 422
    assert '<a href="#from">' in answer.text
    assert 'value="nowhere"' in answer.text
    assert re.search(r'id="to"[^>]*aria-invalid="true" aria-describedby="to-error-1"', answer.text)
    assert 'id="to-error-1"' in answer.text


@pytest.mark.usefixtures("live")
def test_where_a_live_page_answers_the_reason_is_said(maya: Browser, site: Site) -> None:
    answer = maya.post("/redirects/edit", {"from": "/spring-sale/", "to": "/x", "status": "301"})
    assert (answer.status_code, "A live page answers at /spring-sale/" in text_of(answer)) == (422, True)


@pytest.mark.usefixtures("live")
def test_the_form_comes_filled_in_with_the_page_that_resembles_it(maya: Browser, site: Site) -> None:
    shown = maya.get("/redirects/edit?path=/sale/spring.html").text
    assert 'value="/sale/spring.html"' in shown
    assert 'value="/spring-sale"' in shown


def test_removing_is_undone_with_one_click(maya: Browser, engine: Engine, session: Session, site: Site) -> None:
    put(engine, site, ("/100% über", "/spring-sale?a=1"))
    answer = maya.post("/redirects/remove", {"path": "/100% über"})
    back = maya.get(answer.headers["Location"])
    assert "is not redirected any more. Undo" in text_of(back)
    assert dict(parse_qsl(urlsplit(answer.headers["Location"]).query))["removed"] == "/100% über"
    fields = {name: hidden(back.text, name) for name in ("from", "to", "status", "note")}
    maya.post("/redirects/edit", fields)
    assert table(session, site) == {"/100% über": "301 /spring-sale?a=1"}


@pytest.mark.usefixtures("live")
def test_findings_are_mended_with_one_click(maya: Browser, engine: Engine, session: Session, site: Site) -> None:
    put(engine, site, ("/a", "/b"), ("/b", "/spring-sale"))
    shown = maya.get("/redirects")
    assert "takes more than one redirect to arrive" in text_of(shown)
    answer = maya.post("/redirects/mend", {"rule": "redirects.chain", "all": "yes"})
    assert "1 redirect mended." in text_of(maya.get(answer.headers["Location"]))
    assert table(session, site)["/a"] == "301 /spring-sale"
    assert maya.post("/redirects/mend", {"rule": "redirects.chain", "all": "yes"}).status_code == 409


@pytest.mark.usefixtures("live")
def test_of_a_collapse_only_the_ticked_ones_are_led_elsewhere(
    maya: Browser, engine: Engine, session: Session, site: Site
) -> None:
    put(engine, site, *((f"/old/spring-sale-{number}", "/") for number in range(12)))
    shown = text_of(maya.get("/redirects"))
    assert "12 of 12 old addresses lead to the home page" in shown
    maya.post("/redirects/mend", {"rule": "redirects.collapse", "path": ["/old/spring-sale-1", "/old/spring-sale-2"]})
    assert sorted(table(session, site).values()).count("301 /spring-sale") == 2


def test_a_csv_is_a_plan_first_and_applied_as_it_was_planned(maya: Browser, session: Session, site: Site) -> None:
    content = "from;to\n/über;https://www.localhost/\n/b;https://www.localhost/b\n".encode("cp1252")
    planned = upload(maya, content)
    assert "2 redirects would be added." in text_of(planned)
    assert table(session, site) == {}
    session.rollback()
    answer = maya.post("/redirects/apply", {"sheet": hidden(planned.text, "sheet"), "name": "old.csv"})
    done = maya.get(answer.headers["Location"]).text
    assert '<div class="notice" role="status">2 redirects added, 0 redirects changed.</div>' in done
    assert 'class="hint"' not in done  # which is for what is to be watched
    assert table(session, site) == {"/über": "301 https://www.localhost/", "/b": "301 https://www.localhost/b"}


def test_bad_rows_are_named_and_the_good_ones_can_be_taken(maya: Browser, session: Session, site: Site) -> None:
    planned = upload(maya, b"/a,https://www.localhost/\nnonsense,/x\n/c,=cmd\n")
    shown = text_of(planned)
    assert "2 rows cannot be taken in." in shown
    assert "2 nonsense 'nonsense' is not a path." in shown
    sheet = {"sheet": hidden(planned.text, "sheet")}
    refused = maya.post("/redirects/apply", sheet)
    assert (refused.status_code, "2 rows are wrong, and nothing was changed." in text_of(refused)) == (422, True)
    assert table(session, site) == {}
    session.rollback()
    maya.post("/redirects/apply", {**sheet, "only_good": "yes"})
    assert table(session, site) == {"/a": "301 https://www.localhost/"}


def test_a_row_with_two_mistakes_is_one_row(maya: Browser, session: Session, site: Site) -> None:
    planned = upload(maya, b"/a,https://www.localhost/\nh3,buggies\n")
    assert "1 row cannot be taken in." in text_of(planned)
    assert ("'h3' is not a path." in text_of(planned), "'buggies' is neither" in text_of(planned)) == (True, True)
    sheet = {"sheet": hidden(planned.text, "sheet")}
    assert "One row is wrong, and nothing was changed." in text_of(maya.post("/redirects/apply", sheet))
    done = maya.post("/redirects/apply", {**sheet, "only_good": "yes"})
    assert "1 row left out." in text_of(maya.get(done.headers["Location"]))
    assert table(session, site) == {"/a": "301 https://www.localhost/"}


@pytest.mark.parametrize("sheet", ["", "x", "eJxLSy", "AAAA", "%%%%", "eJwDAAAAAAE="])
def test_a_plan_that_did_not_come_back_whole_changes_nothing(maya: Browser, site: Site, sheet: str) -> None:
    answer = maya.post("/redirects/apply", {"sheet": sheet})
    assert (answer.status_code, "did not come back whole" in text_of(answer)) == (422, True)


@pytest.mark.parametrize(
    ("content", "said"), [(b"PK\x03\x04x", "workbook"), (b"", "no rows"), (bytes(range(256)), "not a text file")]
)
def test_a_file_that_is_no_csv_is_refused_in_words(maya: Browser, site: Site, content: bytes, said: str) -> None:
    answer = upload(maya, content)
    assert (answer.status_code, said in text_of(answer)) == (422, True)


def test_the_export_is_a_file_that_changes_nothing_when_it_comes_back(
    ana: Browser, maya: Browser, engine: Engine, site: Site
) -> None:
    put(engine, site, ("/old", "https://www.localhost/?a=1,2"))
    answer = ana.get("/redirects/export")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="redirects-go.localhost.csv"'
    assert "1 redirect is there already." in text_of(upload(maya, answer.data))


def test_a_long_table_is_turned_page_by_page_and_searched(maya: Browser, engine: Engine, site: Site) -> None:
    upload_all = "".join(f"/old/{number:03},https://www.localhost/{number}\n" for number in range(150)).encode()
    maya.post("/redirects/apply", {"sheet": hidden(upload(maya, upload_all).text, "sheet")})
    first = maya.get("/redirects").text
    assert ("/old/099" in first, "/old/100" in first, "page=2" in first) == (True, False, True)
    assert "/old/149" in maya.get("/redirects?page=2").text
    assert "1 redirect of 150 with" in text_of(maya.get("/redirects?search=old/149"))
    assert maya.get("/redirects?page=-1").status_code == 200
    assert maya.get("/redirects?page=99999999999999999999").status_code == 200


def test_what_is_missing_is_redirected_or_put_aside(
    maya: Browser, ana: Browser, engine: Engine, live: Page, site: Site
) -> None:
    assert "Nobody asked go.localhost" in text_of(maya.get("/redirects/missing"))
    row = b'{"host": "go.localhost", "path": "/old/spring_sale", "referrer": "blog.example", "at_ms": 1763715600000}'
    with transaction(engine) as session:
        store_missing(session, [row, row])
    shown = maya.get("/redirects/missing")
    assert "/old/spring_sale resembles /spring-sale 2 blog.example" in text_of(shown)
    assert "Redirect this" not in text_of(ana.get("/redirects/missing"))
    target = re.search(r'href="(/redirects/edit[^"]*)"', shown.text)
    assert target is not None
    form = maya.get(target[1].replace("&amp;", "&")).text
    assert ('value="/old/spring_sale"' in form, 'value="/spring-sale"' in form) == (True, True)
    answer = maya.post("/redirects/ignore", {"path": "/old/spring_sale"})
    assert "Put aside." in text_of(maya.get(answer.headers["Location"]))
    assert "/old/spring_sale" in text_of(maya.get("/redirects/missing?ignored=yes"))
    maya.post("/redirects/ignore", {"path": "/old/spring_sale", "back": "yes"})
    assert "/old/spring_sale" in text_of(maya.get("/redirects/missing"))


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "/%3Cimg%20src=x%20onerror=alert(1)%3E"])
def test_html_in_an_address_or_a_file_name_stays_text(maya: Browser, site: Site, name: str) -> None:
    planned = upload(maya, f"{name},https://www.localhost/,301,{name}\n".encode(), name="<b>x.csv")
    assert "<script>alert" not in planned.text.partition("<main")[2]
    assert "<img src=x" not in planned.text
    assert "<b>x.csv" not in planned.text


def test_an_import_is_taken_back_by_one_click_or_later(
    maya: Browser, engine: Engine, session: Session, site: Site
) -> None:
    put(engine, site, ("/moved", "https://www.localhost/before"))
    plan = upload(maya, b"/a,https://www.localhost/a\n/moved,https://www.localhost/after\n")
    applied = maya.post("/redirects/apply", {"sheet": hidden(plan.text, "sheet"), "name": "old.csv"})
    shown = maya.get(applied.headers["Location"])
    assert "1 redirect added, 1 redirect changed." in text_of(shown)
    assert "Undo this import" in text_of(shown)
    assert "1 redirect added, 1 changed" in text_of(maya.get("/redirects/import"))
    number = hidden(shown.text, "number")
    undone = maya.post("/redirects/undo-import", {"number": number})
    assert "Undone: 1 redirect removed, 1 redirect as before." in text_of(maya.get(undone.headers["Location"]))
    assert table(session, site) == {"/moved": "301 https://www.localhost/before"}
    assert "Undo this import" not in text_of(maya.get(applied.headers["Location"]))
    assert "undone" in text_of(maya.get("/redirects/import"))


def test_an_import_that_somebody_changed_since_says_why_it_stays(maya: Browser, site: Site) -> None:
    plan = upload(maya, b"/a,https://www.localhost/a\n")
    applied = maya.post("/redirects/apply", {"sheet": hidden(plan.text, "sheet"), "name": "old.csv"})
    number = hidden(maya.get(applied.headers["Location"]).text, "number")
    maya.wait(minutes=1)
    maya.post("/redirects/edit", {"from": "/a", "to": "https://www.localhost/b", "status": "301", "note": ""})
    answer = maya.post("/redirects/undo-import", {"number": number})
    assert answer.status_code == 409
    assert "One of its redirects was changed or removed since, so nothing was undone." in text_of(answer)
    assert maya.post("/redirects/undo-import", {"number": "99999"}).status_code == 404
