"""Planning a bulk edit: what would change, what would not, what publishing would find, which tests it touches."""

from pathlib import Path

import pytest
from sqlmodel import Session

from lander.errors import InvalidInput
from lander.pages.edits import Kind, Operation, Where
from tests.pages.bulk_builders import World, html, save


@pytest.fixture
def world(session: Session, tmp_path: Path) -> World:
    return World.of(session, tmp_path)


def test_it_counts_the_matches_of_every_variant_and_snippet_and_changes_nothing(world: World) -> None:
    page = world.page("sale", a="<h1>Bumpers</h1><p>bumpers</p>", b="<h1>bumpers</h1>")
    world.page("lunch", a="<h1>Lunch</h1>")
    world.snippet("footer", "<p>All bumpers</p>")
    plan = world.plan()
    assert {change.piece.label: len(change.edited.matches) for change in plan.changes} == {
        "sale, variant a": 2,
        "sale, variant b": 1,
        "snippet footer": 1,
    }
    assert plan.unchanged == ["lunch, variant a"]
    assert plan.matches == 4
    assert "Bumpers" in world.draft(page)


def test_a_match_shows_its_line_before_and_after(world: World) -> None:
    world.page("sale", a="<h1>Our Bumpers</h1>")
    (change,) = world.plan().changes
    (match,) = change.edited.matches
    assert match.as_json() == {"line": 4, "before": "<h1>Our Bumpers</h1>", "after": "<h1>Our Buggies</h1>"}


def test_only_so_many_matches_are_written_out(world: World) -> None:
    world.page("sale", a="<p>bumpers</p>\n" * 50)
    (said,) = world.plan().as_json()["changes"]
    assert (said["matches"], len(said["diff"]), said["more"]) == (50, 20, 30)


@pytest.mark.parametrize(
    ("scope", "found"),
    [
        ({"slugs": ("sale",)}, ["sale, variant a", "sale, variant b", "snippet footer"]),
        ({"prefix": "de/", "with_snippets": False}, ["de/sale, variant a"]),
        ({"variants": ("b",), "with_snippets": False}, ["sale, variant b"]),
        ({"with_pages": False}, ["snippet footer"]),
        ({"with_pages": False, "snippets": ("footer",)}, ["snippet footer"]),
    ],
)
def test_it_looks_where_it_is_told_to(world: World, scope: dict[str, object], found: list[str]) -> None:
    world.page("sale", a="<p>bumpers</p>", b="<p>bumpers</p>")
    world.page("de/sale", a="<p>bumpers</p>")
    world.snippet("footer", "<p>bumpers</p>")
    assert [change.piece.label for change in world.plan(**scope).changes] == found


@pytest.mark.parametrize(
    ("scope", "reason"),
    [
        ({"slugs": ("nowhere", "sale")}, "There is no page called nowhere."),
        ({"snippets": ("nothing",)}, "There is no snippet called nothing."),
    ],
)
def test_a_name_that_is_not_there_is_refused(world: World, scope: dict[str, object], reason: str) -> None:
    world.page("sale", a="<p>bumpers</p>")
    with pytest.raises(InvalidInput, match=reason):
        world.plan(**scope)


def test_pages_that_a_snippet_reaches_are_counted_too(world: World) -> None:
    world.snippet("footer", "<p>bumpers</p>")
    world.page("sale", live=True, a='<lander-snippet name="footer"></lander-snippet>')
    world.page("lunch", live=True, a="<p>Lunch</p>")
    plan = world.plan()
    assert [(item.page.slug, item.is_live) for item in plan.pages] == [("sale", True)]
    assert "1 page in all would look different." in " ".join(plan.sentences())


def test_drafts_that_nobody_has_published_are_named(world: World) -> None:
    page = world.page("sale", live=True, a="<p>bumpers</p>")
    world.page("lunch", live=True, a="<p>bumpers</p>")
    save(world.session, page, "a", html("<p>bumpers, half done</p>"))
    assert world.plan().as_json()["waiting"] == ["sale"]


def test_what_publishing_would_newly_find_is_told_and_what_it_finds_already_is_not(world: World) -> None:
    world.page("sale", a='<img src="https://old.example/x.png" alt=""><p>bumpers</p>')
    quiet, loud = world.plan(), world.plan(Operation(Kind.REPLACE, "bumpers", "{{city|sparkling|x}}"))
    assert quiet.findings == ()
    assert [(label, finding.rule) for label, finding in loud.findings] == [("sale, variant a", "dynamic-text.syntax")]


def test_a_link_to_another_hosts_picture_is_a_new_finding(world: World) -> None:
    world.page("sale", a='<img class="hero" src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" alt="">')
    operation = Operation(Kind.SET_ATTRIBUTE, ".hero", "https://cdn.example/x.png", attribute="src")
    ((_, finding),) = world.plan(operation).findings
    assert finding.rule == "isolation.allow.img"


def test_a_snippet_that_changes_is_looked_at_on_the_pages_that_use_it(world: World) -> None:
    world.snippet("hero", '<p class="hero">bumpers</p>')
    world.page("sale", a='<lander-snippet name="hero"></lander-snippet>')
    plan = world.plan(Operation(Kind.REPLACE, "bumpers", "{{city|sparkling|x}}"))
    ((label, finding),) = plan.findings
    assert label == "sale, variant a"
    assert "Line 4 (line 1 of the snippet hero)" in finding.sentence


def test_a_note_is_proposed_where_every_variant_of_a_test_changes_alike(world: World) -> None:
    page = world.page("sale", live=True, a="<h1>Bumpers</h1><p>Short</p>", b="<h1>bumpers</h1><p>Long</p>")
    world.test_on(page)
    (test,) = world.plan().tests
    assert (test.key, test.slug, test.proposal) == ("sale-1", "sale", "annotate")


def test_a_new_phase_is_proposed_where_they_change_differently(world: World) -> None:
    page = world.page("sale", live=True, a="<h1>Bumpers</h1><p>bumpers</p>", b="<h1>Bumpers</h1>")
    world.test_on(page)
    (test,) = world.plan().tests
    assert test.proposal == "new-phase"
    assert "A in 2 places and B in 1 place" in test.reason


def test_a_test_on_a_page_that_does_not_change_is_left_out(world: World) -> None:
    world.test_on(world.page("sale", live=True, a="<h1>Sale</h1>", b="<h1>Sale!</h1>"))
    world.page("lunch", live=True, a="<h1>Bumpers</h1>")
    assert world.plan().tests == ()


def test_a_variant_outside_of_the_test_does_not_touch_it(world: World) -> None:
    world.test_on(world.page("sale", live=True, a="<h1>A</h1>", b="<h1>B</h1>", c="<h1>Bumpers</h1>"))
    assert world.plan().tests == ()


def test_a_snippet_with_a_snippet_in_it_stays_as_it_is(world: World) -> None:
    world.snippet("footer", "<p>bumpers</p>")
    plan = world.plan(Operation(Kind.REPLACE, "bumpers", '<lander-snippet name="footer">', where=Where.SOURCE))
    assert plan.changes == ()
    assert "cannot hold another snippet" in plan.kept[0]


def test_nothing_to_change_is_said(world: World) -> None:
    world.page("sale", a="<p>Lunch</p>")
    assert world.plan().sentences() == ["Nothing matches, so nothing would change."]
