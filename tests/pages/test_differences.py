"""What differs between two versions is told as a reader would notice it, and line by line after that."""

import time

import pytest

from lander.pages.differences import ADDED, MOST_LINES, REMOVED, SAME, compare_lines, compare_texts, compare_versions
from lander.pages.models import Version

PAGE = """<!doctype html>
<html lang="en"><head><title>Bumpers</title><meta name="description" content="All bumpers">
<style>h1 { color: red }</style></head>
<body>
<h1>Bumpers for everybody</h1>
<p>Our <b>bumpers</b> are
   the best.</p>
<ul><li>One</li><li>Two</li></ul>
<img src="hero.jpg" alt="A bumper">
<a href="/more">More</a>
<form><input placeholder="Your e-mail" name="email"><button>Send</button><input type="submit" value="Go"></form>
<script>let bumpers = 1;</script>
</body></html>
"""


def told(before: str, after: str) -> list[str]:
    changes = compare_texts(before, after)
    assert changes is not None
    return [str(change) for change in changes]


def version(source: str, **fields: object) -> Version:
    return Version.model_validate(
        {
            "variant_id": 1,
            "number": 1,
            "source": source,
            "path": "index.html",
            "created_at": "2026-11-21T12:00:00Z",
            "created_by": "maya",
            **fields,
        }
    )


def test_changed_words_are_named_with_what_they_stand_in() -> None:
    assert told(PAGE, PAGE.replace("umpers", "uggies")) == [
        "Title: 'Bumpers' → 'Buggies'",
        "Description: 'bumpers' → 'buggies'",
        "Headline: 'Bumpers' → 'Buggies'",
        "Text: 'bumpers' → 'buggies'",
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('alt="A bumper"', 'alt="A red bumper"', ["Picture’s description: 'red' added"]),
        ("hero.jpg", "team.jpg", ["Picture: 'hero.jpg' → 'team.jpg'"]),
        ('href="/more"', 'href="/less"', ["Link leads to: '/more' → '/less'"]),
        (">Send<", ">Send it<", ["Button: 'it' added"]),
        ('value="Go"', 'value="Stop"', ["Button: 'Go' → 'Stop'"]),
        ("Your e-mail", "E-mail", ["Placeholder: 'Your e-mail' → 'E-mail'"]),
        ("<li>Two</li>", "", ["List: 'Two' taken out"]),
        ("<li>Two</li>", "<li>Two</li><li>Three</li>", ["List: 'Three' added"]),
        ("<ul>", "<p>New</p><ul>", ["Text: 'New' added"]),
        (
            "Bumpers for everybody",
            "Nothing alike at all",
            ["Headline: 'Bumpers for everybody' → 'Nothing alike at all'"],
        ),
        (">Two<", ">Two <b>and</b> a half<", ["List: 'and a half' added"]),
        ("for everybody", "for you &amp; me", ["Headline: 'everybody' → 'you & me'"]),
        ("<h1>", '<h1 data-edit="text" data-name="Main line">', ["Headline: 'Bumpers for everybody' taken out"]),
        ("<b>bumpers</b>", "bumpers", []),
        ("are\n   the", "are the", []),
        ("color: red", "color: blue", []),
        ("bumpers = 1", "bumpers = 2", []),
    ],
)
def test_each_kind_of_change_is_told(old: str, new: str, said: list[str]) -> None:
    assert told(PAGE, PAGE.replace(old, new))[: max(1, len(said))] == said


def test_a_region_is_called_by_its_own_name() -> None:
    before = PAGE.replace("<h1>", '<h1 data-edit="text" data-name="Main line">')
    assert told(before, before.replace("Bumpers for", "Buggies for")) == ["Main line: 'Bumpers' → 'Buggies'"]


def test_a_change_knows_both_sides_its_line_and_the_words_between() -> None:
    (change,) = compare_texts(PAGE, PAGE.replace("Bumpers for", "Buggies for")) or []
    assert (change.line, change.before, change.after) == (5, "Bumpers for everybody", "Buggies for everybody")
    assert change.words == ((REMOVED, "Bumpers"), (ADDED, "Buggies"), (SAME, "for everybody"))


def test_the_same_is_no_difference() -> None:
    assert compare_versions(version(PAGE), version(PAGE)).is_none


def test_what_no_text_shows_is_told_beside_it() -> None:
    before = version(PAGE, files={"a.css": "1.css", "gone.png": "2.png"}, enable_submit=False)
    after = version(PAGE, files={"a.css": "3.css", "new.png": "4.png"}, enable_submit=True)
    difference = compare_versions(before, after)
    assert not difference.changes
    assert not difference.is_none
    assert difference.notes == (
        "a.css is another file.",
        "gone.png is no file of the page any more.",
        "new.png is a file of the page now.",
        "Disabled submit buttons are switched on now.",
    )


def test_the_source_is_compared_line_by_line_and_not_without_end() -> None:
    lines = list(compare_lines("a\nb\nc\nd\n", "a\nB\nc\nd\n"))
    assert (REMOVED, "-b") in lines
    assert (ADDED, "+B") in lines
    assert (SAME, " d") in lines
    many = list(compare_lines("x\n" * 3_000, "y\n" * 3_000))
    assert len(many) == MOST_LINES - 2 + 1
    assert many[-1] == ("place", "… and more")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<li>x" * 6_000, "<li>y" * 6_000),
        ("<p>" + "word " * 60_000, "<p>" + "other " * 60_000),
        ("<li>x" * 3_900, "<p>z</p>" + "<li>x</li><li>q</li>" * 1_900),
        ("<div>" * 3_000 + "deep", "<div>" * 3_000 + "deeper"),
        ("no tags", "<"),
    ],
    ids=["many items", "many words", "alike", "nested", "nothing"],
)
def test_hostile_pages_are_compared_in_a_moment(before: str, after: str) -> None:
    started = time.process_time()
    difference = compare_versions(version(before), version(after))
    assert time.process_time() - started < 10
    assert not difference.is_none
