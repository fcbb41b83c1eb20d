"""Snippets: made, edited, restored, put into pages, kept by releases, and published together."""

from pathlib import Path

import pytest
from sqlmodel import Session

from lander.document import Document
from lander.errors import Conflict, InvalidInput, NotFound
from lander.pages import publish, snippets
from lander.pages.expand import Block, expand, mark, mentioned_in, named_in
from lander.pages.models import StoredRelease
from lander.pages.rollback import rollback
from lander.pages.snippet_release import check_snippet, propose_for_snippet, publish_snippet
from lander.policy.findings import Refused
from tests.pages.bulk_builders import LATER, MAYA, NOW, World, html, save
from tests.pages.publishing import add_files, refusals

FOOTER = '<lander-snippet name="footer"></lander-snippet>'


@pytest.fixture
def world(session: Session, tmp_path: Path) -> World:
    return World.of(session, tmp_path)


def publish_footer(world: World, **choices: str) -> list[publish.Published]:
    decided = {key.replace("_", "-"): choice for key, choice in choices.items()}
    return publish_snippet(world.session, world.settings, world.site, "footer", choices=decided, actor=MAYA, now=LATER)


def uses_of(world: World, name: str = "footer") -> list[tuple[str, tuple[str, ...], bool]]:
    found = snippets.list_uses(world.session, world.site).get(name, [])
    return [(use.page.slug, use.variants, use.live is not None) for use in found]


def test_a_page_shows_what_the_snippet_holds_and_stays_byte_for_byte_otherwise(world: World) -> None:
    world.snippet("footer", "<footer>\n<b>Imprint</b>\n</footer>")
    page = world.page("sale", live=True, a=f"<P CLASS=x>One<br/>\n{FOOTER}\n<p>Two")
    assert "<P CLASS=x>One<br/>\n<footer>\n<b>Imprint</b>\n</footer>\n<p>Two" in world.live(page)
    assert FOOTER in world.draft(page)


def test_a_release_names_the_versions_it_was_made_of(world: World) -> None:
    world.snippet("footer", "<p>1</p>")
    page = world.page("sale", live=True, a=FOOTER)
    draft = snippets.load_snippet_draft(world.session, snippets.load_snippet(world.session, world.site, "footer"))
    assert world.session.get_one(StoredRelease, page.release_id).snippets == {"footer": draft.id}


def test_lines_of_findings_stay_those_of_the_page(world: World) -> None:
    world.snippet("footer", "<p>\n\n<b onclick='x()'>1</b>\n</p>")
    page = world.page("sale", a=f"{FOOTER}\n<i onclick='y()'>2</i>")
    with pytest.raises(Refused) as refused:
        world.publish(page)
    inside, after = refusals(refused.value.findings)
    assert inside.sentence.startswith("Line 4 (line 3 of the snippet footer) runs code")
    assert (inside.line, after.line) == (4, 5)
    assert after.sentence.startswith("Line 5 runs code")
    assert inside.as_json()["line"] == 4


@pytest.mark.parametrize("written", ["\n\n", "old\ntext", ""])
@pytest.mark.parametrize("held", ["<b>1</b>", "<b>\n1\n\n</b>", "\r\n<b>\r\n</b>"])
def test_no_line_behind_a_snippet_moves(written: str, held: str) -> None:
    page = f'<p>\n<lander-snippet name="x">{written}</lander-snippet>\n<i>\n{FOOTER}<u>'
    blocks = {"x": Block(1, held), "footer": Block(2, held)}
    plain = {element.name: element.line for element in Document(page).elements}
    expanded = {element.name: element.line for element in expand(page, blocks).document.elements}
    assert {name: int(expanded[name]) for name in ("p", "i", "u")} == {name: plain[name] for name in ("p", "i", "u")}


def test_a_snippet_that_is_not_there_is_refused_with_what_to_do(world: World) -> None:
    page = world.page("sale", a=f"{FOOTER}<lander-snippet></lander-snippet>")
    with pytest.raises(Refused) as refused:
        world.publish(page)
    unknown, unnamed = refusals(refused.value.findings)
    assert (unknown.rule, unknown.line, unknown.element) == ("snippets.unknown", 4, "<lander-snippet>")
    assert "asks for the snippet 'footer', which is not there" in unknown.sentence
    assert unnamed.fix == f"Write {FOOTER}."


@pytest.mark.parametrize(
    "source",
    [
        f"<script>{FOOTER}</script>",
        f"<style>{FOOTER}</style>",
        f"<!-- {FOOTER} -->",
        f"<textarea>{FOOTER}</textarea>",
        f"<p title='{FOOTER}'>",
    ],
)
def test_what_is_no_element_is_no_snippet(source: str) -> None:
    assert expand(source, {"footer": Block(1, "x")}).document.source == source
    assert named_in(source) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<LANDER-SNIPPET NAME=footer></LANDER-SNIPPET>!", "F!"),
        ("<lander-snippet name=' footer '>old <b>text</b></lander-snippet>!", "F!"),
        (f"<lander-snippet name=footer>{FOOTER}</lander-snippet>!", "F!"),
        ("<lander-snippet name='footer'/>!", "F!"),
        (f"{FOOTER}{FOOTER}", "FF"),
    ],
)
def test_the_mark_is_read_as_a_browser_reads_it(source: str, expected: str) -> None:
    assert expand(source, {"footer": Block(1, "F")}).document.source == expected


def test_forms_and_pictures_in_a_snippet_work_as_in_a_page(world: World) -> None:
    (name,) = add_files(world.session, {"x.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>"}).values()
    world.snippet(
        "signup", f'<img src="/_l/a/{name}" alt=""><form><input type="email" name="mail"><button>Go</button></form>'
    )
    page = world.page("sale", live=True, a="<lander-snippet name=signup></lander-snippet>")
    assert page.release_id is not None
    stored = world.session.get_one(StoredRelease, page.release_id)
    assert stored.assets == [name]
    assert '"name": "mail"' in stored.files["manifest.json"]


@pytest.mark.parametrize("source", ["", "  \n", "x\0", "\ud800", FOOTER, "<p><Lander-Snippet>", "x" * 10_485_761])
def test_what_a_snippet_cannot_hold_is_refused(world: World, source: str) -> None:
    with pytest.raises(InvalidInput):
        world.snippet("footer", source)
    world.snippet("other", "<p>")
    with pytest.raises(InvalidInput):
        world.edit_snippet("other", source)


@pytest.mark.parametrize("name", ["", "Footer", "a b", "a/b", "ä", "-", "a--b", "x" * 61, '"><script>'])
def test_a_name_that_cannot_be_is_refused(world: World, name: str) -> None:
    with pytest.raises(InvalidInput):
        world.snippet(name, "<p>")


def test_a_name_that_is_taken_is_refused_on_the_same_site_only(world: World) -> None:
    world.snippet("footer", "<p>")
    with pytest.raises(Conflict, match="There is already a snippet 'footer'"):
        world.snippet("footer", "<p>")
    with pytest.raises(NotFound, match="The snippets are footer"):
        snippets.load_snippet(world.session, world.site, "header")


def test_nobodys_edit_is_lost(world: World) -> None:
    world.snippet("footer", "<p>1</p>")
    world.edit_snippet("footer", "<p>2</p>")
    with pytest.raises(Conflict, match="maya saved version 2 of the snippet footer while you worked on 1"):
        snippets.save_snippet(world.session, world.site, "footer", "<p>3</p>", base_version=1, actor="otto", now=NOW)


def test_the_same_again_is_no_version_and_an_older_one_comes_back_as_one(world: World) -> None:
    world.snippet("footer", "<p>1</p>")
    world.edit_snippet("footer", "<p>2</p>")
    world.edit_snippet("footer", "<p>2</p>")
    snippets.restore_snippet(world.session, world.site, "footer", 1, actor=MAYA, now=LATER)
    found = snippets.list_snippet_versions(world.session, snippets.load_snippet(world.session, world.site, "footer"))
    assert [(version.number, version.source, version.note) for version in found] == [
        (3, "<p>1</p>", "version 1 again"),
        (2, "<p>2</p>", ""),
        (1, "<p>1</p>", ""),
    ]
    with pytest.raises(NotFound, match="has no version 9"):
        snippets.restore_snippet(world.session, world.site, "footer", 9, actor=MAYA, now=LATER)


def test_it_says_where_a_snippet_is_used(world: World) -> None:
    world.snippet("footer", "<p>1</p>")
    world.page("sale", live=True, a=FOOTER, b=f"{FOOTER}!")
    world.page("draft", a=FOOTER)
    world.page("comment", a=f"<!-- {FOOTER} -->")
    gone = world.page("gone", live=True, a=FOOTER)
    save(world.session, gone, "a", html("without"))
    assert uses_of(world) == [("draft", ("a",), False), ("gone", (), True), ("sale", ("a", "b"), True)]


def test_live_pages_show_the_old_version_until_they_are_published_together(world: World) -> None:
    world.snippet("footer", "<p>1</p>")
    sale, lunch = (world.page(slug, live=True, a=FOOTER) for slug in ("sale", "lunch"))
    save(world.session, lunch, "a", html(f"{FOOTER} half done"))
    world.edit_snippet("footer", "<p>2</p>")
    assert "<p>1</p>" in world.live(sale)
    assert [item.address for item in publish_footer(world)] == ["go.example.com/lunch", "go.example.com/sale"]
    assert "<p>2</p>" in world.live(sale)
    assert "<p>2</p>" in world.live(lunch)
    assert "half done" not in world.live(lunch)
    with pytest.raises(Conflict, match="newest version of the snippet footer already"):
        publish_footer(world)


def test_going_back_brings_back_the_snippet_of_that_time(world: World) -> None:
    world.snippet("footer", "<p>1</p>")
    page = world.page("sale", live=True, a=FOOTER)
    first = page.release_id
    world.edit_snippet("footer", "<p>2</p>")
    publish_footer(world)
    rollback(world.session, world.settings, page, to=first, actor=MAYA, now=LATER)
    assert "<p>1</p>" in world.live(page)
    world.edit_snippet("footer", "<p>3</p>")
    world.publish(page)
    assert "<p>3</p>" in world.live(page)
    rollback(world.session, world.settings, page, actor=MAYA, now=LATER)
    assert "<p>1</p>" in world.live(page)


def test_starting_a_test_takes_no_newer_snippet_along(world: World) -> None:
    world.snippet("footer", "<p>1</p>")
    page = world.page("sale", live=True, a=FOOTER, b=FOOTER)
    world.edit_snippet("footer", "<p>2</p>")
    world.test_on(page)
    assert "<p>1</p>" in world.live(page)


def test_a_test_is_told_what_the_snippet_means_to_it(world: World) -> None:
    world.snippet("footer", "<p>1</p>")
    alike = world.page("alike", live=True, a=FOOTER, b=FOOTER)
    other = world.page("other", live=True, a=FOOTER, b="x")
    for page in (alike, other):
        world.test_on(page)
    world.edit_snippet("footer", "<p>2</p>")
    uses = snippets.list_uses(world.session, world.site)["footer"]
    proposed = [(test.key, choice) for test, choice in propose_for_snippet(world.session, uses, [alike, other])]
    assert proposed == [("alike-1", "annotate"), ("other-1", "new-phase")]
    with pytest.raises(Conflict, match="alike-1, other-1"):
        publish_footer(world)
    publish_footer(world, **dict(proposed))
    assert "<p>2</p>" in world.live(alike)


def test_its_own_findings_have_its_own_lines(world: World) -> None:
    world.snippet(
        "footer", '<p>\n<script src="https://cdn.example/x.js"></script>\n{{city|sparkling|x}}\n<b onclick="x()">'
    )
    draft = snippets.load_snippet_draft(world.session, snippets.load_snippet(world.session, world.site, "footer"))
    found = check_snippet(world.session, "footer", draft)
    assert [(finding.rule, finding.line, finding.where) for finding in found] == [
        ("isolation.allow.script", 2, "snippet footer"),
        ("dynamic-text.syntax", 3, "snippet footer"),
        ("isolation.inline-handler", 4, "snippet footer"),
    ]


def test_the_mark_is_what_a_page_writes() -> None:
    assert mark("footer") == FOOTER
    assert named_in(f"{mark('a')}{mark('b')}{mark('a')}") == ["a", "b"]


@pytest.mark.parametrize(
    "attributes",
    [
        "name=footer",
        "name='footer'",
        'data-name="x" name="footer"',
        'title="a > b" name="footer"',
        """title='name="x"' NAME = "footer" """,
        '\nclass="wide"\nname=" footer "',
    ],
)
def test_whatever_a_page_uses_is_looked_for(attributes: str) -> None:
    source = f"<lander-snippet {attributes}></lander-snippet>"
    assert set(named_in(source)) == {"footer"}
    assert "footer" in mentioned_in(source)
