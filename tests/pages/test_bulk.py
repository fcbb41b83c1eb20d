"""Bulk edits: applied at once, published together or not at all, undone together."""

from pathlib import Path

import pytest
from sqlmodel import Session, select

from experiments import lifecycle
from lander.access.models import AuditEntry
from lander.errors import Conflict, InvalidInput, NotFound
from lander.pages import bulk, pages, publish, versions
from lander.pages.edits import Kind, Operation, Where
from lander.pages.models import Publication, StoredRelease, Version
from lander.pages.together import RefusedTogether, Undecided
from lander.policy.store import apply_policy
from tests.databases import noted
from tests.pages.bulk_builders import LATER, MAYA, World, html, save
from tests.pages.publishing import refusals


@pytest.fixture
def world(session: Session, tmp_path: Path) -> World:
    return World.of(session, tmp_path)


def test_applying_makes_one_version_of_every_draft_that_matches(world: World) -> None:
    sale = world.page("sale", live=True, a="<h1>Bumpers</h1>", b="<p>bumpers</p>")
    lunch = world.page("lunch", live=True, a="<h1>Lunch</h1>")
    made = world.apply()
    assert "<h1>Buggies</h1>" in world.draft(sale)
    assert "<p>buggies</p>" in world.draft(sale, "b")
    assert "<h1>Bumpers</h1>" in world.live(sale)
    variant = pages.load_variant(world.session, sale, "a")
    newest, before = versions.list_versions(world.session, variant)
    assert (newest.number, newest.created_by) == (2, MAYA)
    assert newest.note == f"bulk edit {made.id}: 'bumpers' → 'buggies'"
    assert [(c["slug"], c["key"]) for c in made.changes] == [("sale", "a"), ("sale", "b")]
    assert (made.changes[0]["before"], made.changes[0]["after"]) == (before.id, newest.id)
    assert len(versions.list_versions(world.session, pages.load_variant(world.session, lunch, "a"))) == 1


def test_what_a_version_needs_besides_its_source_stays(world: World) -> None:
    page = world.page("sale", a="<p>x</p>")
    save(world.session, page, "a", html("<p>bumpers</p>"), links={"thanks.html": "sale/thanks"})
    world.apply()
    draft = versions.load_draft(world.session, pages.load_variant(world.session, page, "a"))
    assert draft.links == {"thanks.html": "sale/thanks"}


def test_it_is_written_down(world: World) -> None:
    world.page("sale", a="<p>bumpers</p>")
    made = world.apply()
    world.undo(made)
    entries = world.session.exec(select(AuditEntry)).all()
    assert [entry.action for entry in entries if entry.action.startswith("bulk")] == ["bulk.apply", "bulk.undo"]


def test_a_plan_whose_pages_changed_is_refused_by_name(world: World) -> None:
    page = world.page("sale", a="<p>bumpers</p>")
    world.page("lunch", a="<p>bumpers</p>")
    plan = world.plan()
    save(world.session, page, "a", html("<p>bumpers and more</p>"))
    with pytest.raises(Conflict, match="sale, variant a changed since this was planned"):
        world.apply(fingerprint=plan.fingerprint)
    assert bulk.list_bulk(world.session, world.site) == []


def test_a_page_that_lost_its_match_meanwhile_is_named_too(world: World) -> None:
    page = world.page("sale", a="<p>bumpers</p>")
    plan = world.plan()
    save(world.session, page, "a", html("<p>nothing</p>"))
    with pytest.raises(Conflict, match="sale, variant a changed"):
        world.apply(fingerprint=plan.fingerprint)


def test_a_plan_of_something_else_is_refused(world: World) -> None:
    world.page("sale", a="<p>bumpers</p>")
    with pytest.raises(Conflict, match="changed since"):
        world.apply(fingerprint=world.plan(Operation(Kind.REPLACE, "bumpers", "x")).fingerprint)


@pytest.mark.parametrize("made_up", ["", "x", "1-2", "1-2-3-4", "-1--", "99999999999999999999999-1-abc"])
def test_a_made_up_fingerprint_is_refused(world: World, made_up: str) -> None:
    world.page("sale", a="<p>bumpers</p>")
    with pytest.raises(Conflict):
        world.apply(fingerprint=made_up)


def test_a_plan_that_is_still_true_is_applied(world: World) -> None:
    world.page("sale", a="<p>bumpers</p>")
    other = world.page("lunch", a="<p>Lunch</p>")
    plan = world.plan()
    save(world.session, other, "a", html("<p>Other lunch</p>"))
    assert len(world.apply(fingerprint=plan.fingerprint).changes) == 1


def test_nothing_to_change_is_refused(world: World) -> None:
    world.page("sale", a="<p>Lunch</p>")
    with pytest.raises(InvalidInput, match="Nothing matches"):
        world.apply()


def test_publishing_puts_it_on_every_live_page_and_on_no_other(world: World) -> None:
    sale = world.page("sale", live=True, a="<h1>Bumpers</h1>", b="<p>bumpers</p>")
    draft = world.page("draft", a="<h1>Bumpers</h1>")
    made = world.apply()
    published = world.publish_bulk(made)
    assert [item.address for item in published] == ["go.example.com/sale"]
    assert "<h1>Buggies</h1>" in world.live(sale)
    assert "<p>buggies</p>" in world.live(sale, "b")
    assert draft.release_id is None
    assert bulk.say_state(made) == "Published. 2 pages say 'buggies' now."


def test_drafts_that_it_did_not_change_stay_drafts(world: World) -> None:
    page = world.page("sale", live=True, a="<h1>Bumpers</h1>", b="<h1>Other</h1>")
    save(world.session, page, "b", html("<h1>Half done</h1>"))
    world.publish_bulk(world.apply())
    assert "<h1>Buggies</h1>" in world.live(page)
    assert "<h1>Other</h1>" in world.live(page, "b")


def test_a_newer_version_that_is_live_already_stays(world: World) -> None:
    page = world.page("sale", live=True, a="<h1>Bumpers</h1>")
    made = world.apply()
    save(world.session, page, "a", html("<h1>Newest</h1>"))
    world.publish(page)
    world.publish_bulk(made)
    assert "<h1>Newest</h1>" in world.live(page)


def test_one_page_that_is_refused_keeps_all_of_them_back(world: World) -> None:
    fine = world.page("fine", live=True, a="<p>bumpers</p>")
    first = world.page("first", live=True, a='<p>bumpers</p><a class="x" href="#">x</a>')
    second = world.page("second", live=True, a="<p>bumpers</p>", b="<p>bumpers</p>")
    for page, key in ((first, "a"), (second, "b")):
        save(
            world.session,
            page,
            key,
            html('<p onclick="go()">bumpers</p><script src="https://cdn.example/x.js"></script>'),
        )
    made = world.apply()
    before = {page.slug: page.release_id for page in (fine, first, second)}
    with pytest.raises(RefusedTogether) as refused:
        world.publish_bulk(made)
    assert [page.slug for page, _ in refused.value.by_page] == ["first", "second"]
    assert {(finding.where, finding.rule) for finding in refusals(refused.value.findings)} == {
        (where, rule)
        for where in ("first, variant a", "second, variant b")
        for rule in ("isolation.allow.script", "isolation.inline-handler")
    }
    assert "4 things stand in the way" in str(refused.value)
    assert {page.slug: page.release_id for page in (fine, first, second)} == before
    assert made.published_at is None


def test_a_running_test_needs_a_choice_before_anything_is_published(world: World) -> None:
    tested = world.page("sale", live=True, a="<h1>Bumpers</h1>", b="<p>bumpers</p>")
    other = world.page("lunch", live=True, a="<h1>Bumpers</h1>")
    world.test_on(tested)
    made = world.apply()
    before = other.release_id
    with pytest.raises(Undecided, match="The test sale-1 runs on pages that would change") as undecided:
        world.publish_bulk(made)
    assert undecided.value.tests == ("sale-1",)
    assert other.release_id == before


def test_a_note_keeps_the_phase_and_says_what_changed(world: World) -> None:
    page = world.page("sale", live=True, a="<h1>Bumpers</h1>", b="<p>bumpers</p>")
    experiment = world.test_on(page)
    made = world.apply()
    (published,) = world.publish_bulk(made, sale_1="annotate")
    assert published.during_test == "annotate"
    assert lifecycle.current_phase(world.session, experiment).number == 1
    note = lifecycle.list_annotations(world.session, experiment)[-1]
    assert note.text == f"Bulk edit {made.id}: 'bumpers' → 'buggies'"


def test_a_new_phase_counts_anew(world: World) -> None:
    page = world.page("sale", live=True, a="<h1>Bumpers</h1>", b="<p>Other</p>")
    experiment = world.test_on(page)
    world.publish_bulk(world.apply(), sale_1="new-phase")
    assert lifecycle.current_phase(world.session, experiment).number == 2


def test_a_choice_that_is_none_is_refused(world: World) -> None:
    world.test_on(world.page("sale", live=True, a="<h1>Bumpers</h1>", b="<p>bumpers</p>"))
    with pytest.raises(InvalidInput, match="'maybe' is no choice"):
        world.publish_bulk(world.apply(), sale_1="maybe")


def test_undoing_restores_what_was_there_as_new_versions(world: World) -> None:
    page = world.page("sale", a="<h1>Bumpers</h1>", b="<h1>Other</h1>")
    made = world.apply()
    undone = world.undo(made)
    assert undone.restored == ("sale, variant a",)
    assert undone.published == ()
    assert "<h1>Bumpers</h1>" in world.draft(page)
    numbers = [v.number for v in versions.list_versions(world.session, pages.load_variant(world.session, page, "a"))]
    assert numbers == [3, 2, 1]
    assert bulk.say_state(made) == "Undone. What stood there before stands there again."


def test_undoing_what_was_published_publishes_what_was_there(world: World) -> None:
    page = world.page("sale", live=True, a="<h1>Bumpers</h1>", b="<h1>Other</h1>")
    before, seen = page.release_id, world.live(page)
    made = world.apply()
    world.publish_bulk(made)
    undone = world.undo(made)
    assert [item.address for item in undone.published] == ["go.example.com/sale"]
    assert world.live(page) == seen
    assert page.release_id == before
    assert [p.reason for p in publish.list_publications(world.session, page)] == ["bulk undo", "bulk edit", "publish"]


def test_a_page_that_went_back_does_not_look_changed(world: World) -> None:
    page = world.page("sale", live=True, a="<h1>Bumpers</h1>")
    made = world.apply()
    world.publish_bulk(made)
    world.undo(made)
    draft = versions.load_draft(world.session, pages.load_variant(world.session, page, "a"))
    assert world.session.get_one(StoredRelease, page.release_id).versions == {"a": draft.id}


def test_a_test_is_told_of_the_undoing_what_it_was_told_of_the_change(world: World) -> None:
    page = world.page("sale", live=True, a="<h1>Bumpers</h1>", b="<p>bumpers</p>")
    experiment = world.test_on(page)
    made = world.apply()
    world.publish_bulk(made, sale_1="annotate")
    (published,) = world.undo(made).published
    assert published.during_test == "annotate"
    assert lifecycle.current_phase(world.session, experiment).number == 1


def test_what_somebody_edited_since_is_named_and_left_alone(world: World) -> None:
    page = world.page("sale", live=True, a="<h1>Bumpers</h1>", b="<p>bumpers</p>")
    made = world.apply()
    world.publish_bulk(made)
    save(world.session, page, "b", html("<p>Better buggies</p>"))
    assert bulk.list_left(world.session, made) == ["sale, variant b (maya)"]
    undone = world.undo(made)
    assert undone.restored == ("sale, variant a",)
    assert undone.left == ("sale, variant b (maya)",)
    assert "Better buggies" in world.draft(page, "b")
    assert "<h1>Bumpers</h1>" in world.live(page)
    assert "<p>buggies</p>" in world.live(page, "b")


def test_it_goes_back_all_the_same_where_that_is_asked_for(world: World) -> None:
    page = world.page("sale", a="<h1>Bumpers</h1>")
    made = world.apply()
    save(world.session, page, "a", html("<p>Better buggies</p>"))
    with pytest.raises(Conflict, match="was edited since"):
        world.undo(made)
    assert world.undo(made, over=True).left == ()
    assert "<h1>Bumpers</h1>" in world.draft(page)


def test_undoing_twice_or_publishing_what_was_undone_is_refused(world: World) -> None:
    world.page("sale", live=True, a="<h1>Bumpers</h1>")
    made = world.apply()
    world.undo(made)
    with pytest.raises(Conflict, match="was undone already"):
        world.undo(made)
    with pytest.raises(Conflict, match="was undone"):
        world.publish_bulk(made)


def test_undoing_that_a_stricter_policy_would_refuse_changes_nothing_at_all(world: World) -> None:
    apply_policy(world.session, '[isolation.allow]\nimg = ["cdn.example"]\n', actor="ivan", now=LATER)
    page = world.page("sale", live=True, a='<p>bumpers</p><img src="https://cdn.example/bumpers.png" alt="">')
    made = world.apply(Operation(Kind.REPLACE, "https://cdn.example/bumpers.png", "data:,", where=Where.SOURCE))
    world.publish_bulk(made)
    apply_policy(world.session, "[isolation]\n", actor="ivan", now=LATER)
    live = page.release_id
    with pytest.raises(RefusedTogether, match="was not published"):
        world.undo(made)
    assert page.release_id == live


def test_a_page_that_was_taken_away_meanwhile_is_not_brought_back(world: World) -> None:
    page = world.page("sale", live=True, a="<h1>Bumpers</h1>")
    made = world.apply()
    publish.withdraw(world.session, page, actor=MAYA, now=LATER)
    assert world.publish_bulk(made) == []
    assert page.release_id is None


def test_snippets_change_go_live_and_come_back_with_the_pages(world: World) -> None:
    world.snippet("footer", "<footer>bumpers</footer>")
    page = world.page("sale", live=True, a='<h1>Bumpers</h1><lander-snippet name="footer"></lander-snippet>')
    other = world.page("lunch", live=True, a='<lander-snippet name="footer"></lander-snippet>')
    made = world.apply()
    assert [item.address for item in world.publish_bulk(made)] == ["go.example.com/lunch", "go.example.com/sale"]
    assert "<h1>Buggies</h1><footer>buggies</footer>" in world.live(page)
    assert "<footer>buggies</footer>" in world.live(other)
    world.undo(made)
    assert "<h1>Bumpers</h1><footer>bumpers</footer>" in world.live(page)
    assert "<footer>bumpers</footer>" in world.live(other)


def test_a_live_page_that_shows_a_snippet_only_in_its_draft_is_left_alone(world: World) -> None:
    world.snippet("footer", "<footer>bumpers</footer>")
    world.page("sale", live=True, a='<lander-snippet name="footer"></lander-snippet>')
    page = world.page("lunch", live=True, a="<p>Lunch</p>", b="<p>Dinner</p>")
    world.test_on(page)
    save(world.session, page, "a", html('<lander-snippet name="footer"></lander-snippet>'))
    made = world.apply()
    assert bulk.count_live(world.session, made) == 1
    assert bulk.list_tests(world.session, made) == []
    assert [item.address.rpartition("/")[2] for item in world.publish_bulk(made)] == ["sale"]


def test_a_hundred_pages_take_few_statements_beside_their_versions(world: World) -> None:
    for number in range(100):
        world.page(f"sale-{number}", a="<h1>Bumpers</h1>", b="<h1>bumpers</h1>")
    with noted(world.session.get_bind()) as statements:
        made = world.apply()
    assert len(made.changes) == 200
    assert len([text for text in statements if not text.startswith("INSERT INTO version")]) < 20
    assert len(world.session.exec(select(Version.id).where(Version.note != "")).all()) == 200
    assert world.session.exec(select(Publication)).all() == []


def test_a_bulk_edit_that_is_not_there_is_named(world: World) -> None:
    for number in (0, -1, 7, 2**70):
        with pytest.raises(NotFound, match="There is no bulk edit"):
            bulk.load_bulk(world.session, number)
