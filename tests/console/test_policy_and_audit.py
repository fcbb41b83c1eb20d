"""Reading the rules and the trail."""

from sqlalchemy import Engine

from lander.access import audit
from lander.db import transaction
from lander.policy.store import apply_policy
from tests.console.conftest import NOW, Browser, text_of


def test_everybody_reads_the_rules_as_sentences(maya: Browser, ana: Browser) -> None:
    for person in (maya, ana):
        assert "Pages load no scripts from other hosts." in text_of(person.get("/policy"))


def test_only_it_is_told_how_to_change_them(maya: Browser, ivan: Browser) -> None:
    assert "lander policy apply" not in text_of(maya.get("/policy"))
    assert "lander policy apply" in text_of(ivan.get("/policy"))


def test_it_sees_the_file_in_force_and_who_applied_it(maya: Browser, ivan: Browser, engine: Engine) -> None:
    with transaction(engine) as session:
        apply_policy(session, '[isolation.allow]\nimg = ["img.example.com"]\n', actor="ivan", now=NOW)
    assert "Version 1, applied by ivan just now" in text_of(maya.get("/policy"))
    assert 'img = ["img.example.com"]' in text_of(ivan.get("/policy"))
    assert 'img = ["img.example.com"]' not in text_of(maya.get("/policy"))


def test_the_trail_is_newest_first_and_goes_on(ivan: Browser, engine: Engine) -> None:
    with transaction(engine) as session:
        for number in range(120):
            audit.record(session, now=NOW, actor="maya", action="page.edit", subject=f"page {number}", after=number)
    first = ivan.get("/audit")
    assert "page 119" in first.text
    assert "page 5 " not in text_of(first)
    older = first.text.partition('href="/audit?before=')[2].partition('"')[0]
    assert "page 5 " in text_of(ivan.get(f"/audit?before={older}"))


def test_the_trail_shows_text_and_never_markup(ivan: Browser, engine: Engine) -> None:
    with transaction(engine) as session:
        audit.record(session, now=NOW, actor="<b>", action="x", subject="<script>", before="<i>", after=["<u>"])
    assert "<script>" not in ivan.get("/audit").text.partition("<tbody>")[2].partition("</tbody>")[0]


def test_an_odd_place_in_the_trail_is_its_beginning(ivan: Browser) -> None:
    assert ivan.get("/audit?before=yesterday").status_code == 200
    assert ivan.get("/audit?before=-5").status_code == 200


def test_the_trail_is_not_for_maya(maya: Browser) -> None:
    assert maya.get("/audit").status_code == 403


def test_signing_in_stands_in_the_trail(ivan: Browser) -> None:
    assert "session.start" in text_of(ivan.get("/audit"))


def test_without_a_file_the_safe_defaults_are_named_once(ivan: Browser) -> None:
    screen = text_of(ivan.get("/policy"))
    assert screen.lower().count("safe defaults are") + screen.lower().count("the safe defaults.") == 1
    assert "lander policy check policy.toml" in screen


def test_it_sees_who_applied_what_before(ivan: Browser, engine: Engine) -> None:
    for host in ("img", "static"):
        with transaction(engine) as session:
            apply_policy(session, f'[isolation.allow]\nimg = ["{host}.example.com"]\n', actor="ivan", now=NOW)
    screen = text_of(ivan.get("/policy"))
    assert "Version 2, applied by ivan" in screen
    assert "1 earlier version" in screen
    assert "Version 1, applied by ivan" in screen


def test_the_trail_spares_its_readers_hashes_and_braces(ivan: Browser, engine: Engine) -> None:
    with transaction(engine) as session:
        details = {"after": "ab" * 32, "versions": {"a": 1, "b": 2}, "pages": ["x", "y"], "removed": []}
        audit.record(session, now=NOW, actor="maya", action="page.publish", subject="x", **details)
    response = ivan.get("/audit")
    assert f'title="{"ab" * 32}"' in response.text
    assert "after abababababab…" in text_of(response)
    assert "versions a 1, b 2 pages x, y" in text_of(response)
    assert "removed" not in text_of(response)
