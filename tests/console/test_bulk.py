"""Changing a phrase everywhere: planned at an address that can be mailed, applied, published and undone by a button."""

import re
from urllib.parse import urlencode

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from experiments import lifecycle
from experiments.models import Experiment
from lander.db import transaction
from lander.pages import pages, versions
from lander.pages.models import BulkEdit, Page, Site, StoredRelease
from tests.console.conftest import HTML, NOW, Browser, build_page, on_both, text_of

PLAN = "/bulk?" + urlencode({"find": "bumpers", "value": "buggies"})


def fields_of(html: str, action: str) -> dict[str, str]:
    """The hidden fields and chosen radio buttons of a form, as a browser would send them."""
    form = re.search(rf'<form method="post" action="{re.escape(action)}".*?</form>', html, re.DOTALL)
    assert form is not None, f"no form leads to {action}"
    sent = {}
    for control in re.findall(r"<input[^>]*>", form[0]):
        name, value = re.search(r'name="([^"]*)"', control), re.search(r'value="([^"]*)"', control)
        if name and ('type="hidden"' in control or " checked" in control) and name[1] != "_csrf":
            sent[name[1]] = value[1] if value else "on"
    return sent


def draft(session: Session, page: Page, key: str) -> str:
    return versions.load_draft(session, pages.load_variant(session, session.get_one(Page, page.id), key)).source


def seen(session: Session, page: Page, key: str) -> str:
    release = session.get_one(Page, page.id).release_id
    assert release is not None
    return session.get_one(StoredRelease, release).files[f"{key}.html"]


@pytest.fixture
def applied(maya: Browser, live: Page) -> str:
    """The address of a bulk edit that is not published."""
    plan = maya.get(PLAN)
    done = maya.post("/bulk", {**fields_of(plan.text, "/bulk"), "act": "apply"})
    assert done.status_code == 303
    return done.headers["Location"]


def test_pages_lead_there(maya: Browser, live: Page) -> None:
    assert '<a href="/bulk" class="button secondary">Change a phrase everywhere</a>' in maya.get("/pages").text


def test_the_form_says_what_to_do_before_anything_was_done(maya: Browser, site: Site) -> None:
    said = text_of(maya.get("/bulk"))
    assert "Write above what is to change" in said
    assert "Nothing has changed yet" not in said


def test_a_plan_counts_first_and_shows_every_match(maya: Browser, live: Page, session: Session) -> None:
    before = maya.get(PLAN)
    said = text_of(before)
    assert before.status_code == 200
    assert "Nothing has changed yet 1 match on 1 page (1 variant) would change. 1 of 1 is live." in said
    assert "<del>Bumpers</del><ins>Buggies</ins> for everybody" in before.text
    assert "Nothing to change in spring-sale, variant b." in said
    assert session.exec(select(BulkEdit)).all() == []


def test_a_colleague_who_may_not_publish_sees_the_plan_and_no_button(ana: Browser, live: Page) -> None:
    answer = ana.get(PLAN)
    assert "1 match on 1 page" in text_of(answer)
    assert "Apply" not in text_of(answer)


def test_nothing_to_change_is_said(maya: Browser, live: Page) -> None:
    said = text_of(maya.get("/bulk?find=lighthouse&value=x"))
    assert "Nothing matches, so nothing would change." in said


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("find=&value=x", "There is nothing to look for."),
        ("find=x&value=x", "Both texts are the same."),
        ("find=x&value=y&pages=nowhere", "There is no page called nowhere."),
        ("find=h1[&value=y&kind=set_text", "'h1[' is not a CSS selector."),
        ("find=a&value=x()&kind=set_attribute&attribute=onclick", "would run code"),
        ("find=a&value=x&kind=dance", "That kind of change is not known."),
        ("find=a&value=x&where=moon", "That kind of change is not known."),
        ("find=" + "x" * 2001 + "&value=y", "has 2,001 characters"),
    ],
)
def test_a_form_that_makes_no_sense_keeps_what_was_typed(maya: Browser, live: Page, query: str, reason: str) -> None:
    answer = maya.get(f"/bulk?{query}")
    assert answer.status_code == 422
    assert reason in text_of(answer)
    assert "Every match" not in text_of(answer)


def test_what_is_looked_for_is_shown_as_text(maya: Browser, engine: Engine, site: Site) -> None:
    build_page(engine, site, "x", a=HTML.replace("Bumpers", "&lt;script&gt;1&lt;/script&gt;"))
    answer = maya.get("/bulk?" + urlencode({"find": "<script>1</script>", "value": "<img src=x>"}))
    assert "<script>1" not in answer.text
    assert "<img src=x>" not in answer.text


@on_both
def test_applying_makes_drafts_and_publishes_nothing(maya: Browser, live: Page, applied: str, session: Session) -> None:
    said = text_of(maya.get(applied))
    assert "Applied to the drafts of 1 page. Visitors see nothing of it before it is published." in said
    assert "1 live page will change for visitors" in said
    assert "Buggies" in draft(session, live, "a")
    assert "Bumpers" in seen(session, live, "a")


def test_applying_and_publishing_is_one_button_and_so_is_undoing(maya: Browser, live: Page, session: Session) -> None:
    plan = maya.get(PLAN)
    done = maya.post("/bulk", {**fields_of(plan.text, "/bulk"), "act": "publish"})
    shown = maya.get(done.headers["Location"])
    assert "Published. 1 page says 'buggies' now. Undo" in text_of(shown)
    assert "Buggies" in seen(session, live, "a")
    session.rollback()
    address = done.headers["Location"]
    undone = maya.post(f"{address}/undo", fields_of(shown.text, f"{address}/undo"))
    assert undone.status_code == 303
    assert "Undone. What stood there before stands there again." in text_of(maya.get(address))
    session.expire_all()
    assert "Bumpers" in seen(session, live, "a")


def test_what_was_applied_is_published_later(maya: Browser, live: Page, applied: str, session: Session) -> None:
    assert maya.post(f"{applied}/publish").status_code == 303
    assert "Published. 1 page says 'buggies' now." in text_of(maya.get(applied))
    assert "Buggies" in seen(session, live, "a")


def test_earlier_ones_are_listed_with_undo(maya: Browser, applied: str) -> None:
    answer = maya.get("/bulk")
    assert "'bumpers' → 'buggies'" in text_of(answer)
    assert f'action="{applied}/undo"' in answer.text
    maya.post(f"{applied}/undo")
    assert f'action="{applied}/undo"' not in maya.get("/bulk").text


def test_a_plan_that_is_out_of_date_is_shown_again_with_what_changed(
    maya: Browser, live: Page, engine: Engine, session: Session
) -> None:
    plan = maya.get(PLAN)
    with transaction(engine) as changing:
        page = changing.get_one(Page, live.id)
        versions.save_source(
            changing, page, "a", HTML.replace("Send", "Bumpers please"), actor="otto", now=NOW, base_version=None
        )
    answer = maya.post("/bulk", {**fields_of(plan.text, "/bulk"), "act": "publish"})
    assert answer.status_code == 409
    assert "spring-sale, variant a changed since this was planned, and nothing was applied." in text_of(answer)
    assert "2 matches on 1 page" in text_of(answer)
    assert session.exec(select(BulkEdit)).all() == []


def test_a_refusal_names_every_finding_and_leaves_no_trace(
    maya: Browser, live: Page, engine: Engine, session: Session
) -> None:
    with transaction(engine) as changing:
        page = changing.get_one(Page, live.id)
        broken = HTML.replace("<h1>", '<h1 onclick="x()">')
        versions.save_source(changing, page, "a", broken, actor="maya", now=NOW, base_version=None)
    plan = maya.get(PLAN)
    assert "drafts that nobody has published yet, and publishing takes them along: spring-sale." in text_of(plan)
    answer = maya.post("/bulk", {**fields_of(plan.text, "/bulk"), "act": "publish"})
    assert answer.status_code == 422
    said = text_of(answer)
    assert "The change was not published, and nothing changed. One thing stands in the way." in said
    assert "Line 5 runs code from the attribute onclick of <h1>" in answer.text.replace("&lt;", "<").replace(
        "&gt;", ">"
    )
    assert "/pages/spring-sale/a/source#line-5" in answer.text
    assert "spring-sale, variant a" in said
    assert session.exec(select(BulkEdit)).all() == []
    assert "onclick" in draft(session, live, "a")
    assert "Buggies" not in draft(session, live, "a")


def test_a_running_test_gets_the_choice_that_is_proposed(
    maya: Browser, live: Page, experiment: Experiment, session: Session
) -> None:
    plan = maya.get(PLAN)
    assert "The test spring-sale-1 runs on spring-sale." in text_of(plan)
    assert "Proposed because the variants change differently: A in 1 place and B in 0 places." in text_of(plan)
    fields = fields_of(plan.text, "/bulk")
    assert fields["test-spring-sale-1"] == "new-phase"
    maya.post("/bulk", {**fields, "test-spring-sale-1": "annotate", "act": "publish"})
    assert lifecycle.current_phase(session, session.get_one(Experiment, experiment.id)).number == 1


def test_undoing_asks_what_it_is_to_a_running_test_and_names_the_phase_that_begins(
    maya: Browser, live: Page, experiment: Experiment
) -> None:
    plan = maya.get(PLAN)
    address = maya.post("/bulk", {**fields_of(plan.text, "/bulk"), "act": "publish"}).headers["Location"]
    shown = maya.get(address)
    fields = fields_of(shown.text, f"{address}/undo")
    assert fields["test-spring-sale-1"] == "new-phase"
    asked = maya.post(f"{address}/undo")  # as the list of bulk edits sends it
    assert asked.status_code == 409
    assert fields_of(asked.text, f"{address}/undo")["test-spring-sale-1"] == "new-phase"
    undone = maya.post(f"{address}/undo", fields)
    assert "The test spring-sale-1 counts anew from here, in phase 3." in text_of(maya.get(undone.headers["Location"]))


def test_undoing_that_changes_every_variant_alike_begins_no_phase(
    maya: Browser, live: Page, experiment: Experiment, session: Session
) -> None:
    plan = maya.get(PLAN)
    address = maya.post("/bulk", {**fields_of(plan.text, "/bulk"), "act": "publish"}).headers["Location"]
    undone = maya.post(f"{address}/undo", {"test-spring-sale-1": "annotate"})
    assert "counts anew" not in text_of(maya.get(undone.headers["Location"]))
    assert lifecycle.current_phase(session, session.get_one(Experiment, experiment.id)).number == 2


def test_a_choice_that_is_missing_is_asked_for(maya: Browser, experiment: Experiment, applied: str) -> None:
    answer = maya.post(f"{applied}/publish")
    assert answer.status_code == 409
    assert "The test spring-sale-1 runs on pages that would change, so nothing was published." in text_of(answer)


def test_what_was_edited_since_is_named_before_and_after_undoing(
    maya: Browser, engine: Engine, live: Page, applied: str, session: Session
) -> None:
    with transaction(engine) as changing:
        page = changing.get_one(Page, live.id)
        text = HTML.replace("Bumpers", "Fine buggies")
        versions.save_source(changing, page, "a", text, actor="otto", now=NOW, base_version=None)
    assert "Undo leaves this one alone, because somebody has edited it since. spring-sale, variant a (otto)" in text_of(
        maya.get(applied)
    )
    refused = maya.post(f"{applied}/undo")
    assert refused.status_code == 409
    assert "Fine buggies" in draft(session, live, "a")
    assert maya.post(f"{applied}/undo", {"over": "on"}).status_code == 303
    session.expire_all()
    session.rollback()
    assert "Bumpers" in draft(session, live, "a")


def test_another_kind_of_change_needs_no_more_than_the_form(maya: Browser, live: Page, session: Session) -> None:
    query = urlencode({"find": "a.call", "value": "tel:+4930123", "kind": "set_attribute", "attribute": "href"})
    plan = maya.get(f"/bulk?{query}")
    assert "2 matches on 1 page (2 variants) would change." in text_of(plan)
    maya.post("/bulk", {**fields_of(plan.text, "/bulk"), "act": "apply"})
    assert '<a class="call" href="tel:+4930123">' in draft(session, live, "a")


def test_only_what_the_form_names_is_changed(
    maya: Browser, engine: Engine, site: Site, live: Page, session: Session
) -> None:
    other = build_page(engine, site, "other", a=HTML)
    plan = maya.get(f"{PLAN}&pages=other&variants=A")
    maya.post("/bulk", {**fields_of(plan.text, "/bulk"), "act": "apply"})
    assert "Buggies" in draft(session, other, "a")
    assert "Bumpers" in draft(session, live, "a")


def test_progress_of_nothing_is_nothing(maya: Browser) -> None:
    for token in ("", "../../etc/passwd", "x" * 20):
        assert maya.get(f"/bulk/progress?token={token}").json == {"done": 0, "of": 0}
