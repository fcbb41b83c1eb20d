"""What a bulk edit does to one source: every match, nothing but the matches, and never code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lander.document import Document
from lander.errors import InvalidInput
from lander.pages.edits import Edited, Kind, Operation, Where, apply_operation, check_operation


def replace(source: str, find: str, value: str, where: Where = Where.SHOWN, **options: bool) -> Edited:
    return apply_operation(
        Document(source), check_operation(Operation(Kind.REPLACE, find, value, where=where, **options))
    )


def change(source: str, kind: Kind, selector: str, value: str = "", attribute: str = "") -> Edited:
    return apply_operation(Document(source), check_operation(Operation(kind, selector, value, attribute=attribute)))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>bumpers</p>", "<p>buggies</p>"),
        ("<p>Bumpers and BUMPERS</p>", "<p>Buggies and BUGGIES</p>"),
        ("<title>Bumpers</title>", "<title>Buggies</title>"),
        ('<img alt="Our bumpers">', '<img alt="Our buggies">'),
        ("<img alt=bumpers>", "<img alt=buggies>"),
        ('<meta name="description" content="Bumpers!">', '<meta name="description" content="Buggies!">'),
        ('<meta property="og:title" content="Bumpers!">', '<meta property="og:title" content="Buggies!">'),
        ('<input type="submit" value="See bumpers">', '<input type="submit" value="See buggies">'),
        ("<p>bump<b>ers</b></p>", None),
        ("<!-- bumpers -->", None),
        ("<script>bumpers()</script><style>.bumpers{}</style>", None),
        ('<p class="bumpers" id="bumpers" data-x="bumpers">', None),
        ('<a href="/bumpers">', None),
        ('<input type="hidden" value="bumpers">', None),
        ('<p onclick="bumpers()">', None),
        ("<p>{{bumpers|titlecase|Vancouver}} {{bumpers}}</p>", None),
        ("<p>{{x||Our bumpers}}</p>", "<p>{{x||Our buggies}}</p>"),
        ("<p>b&#117;mpers</p>", "<p>buggies</p>"),
    ],
)
def test_a_word_is_replaced_wherever_visitors_read_it(source: str, expected: str | None) -> None:
    edited = replace(source, "bumpers", "buggies")
    assert edited.source == (expected or source)
    assert bool(edited.matches) is (expected is not None)


def test_text_is_found_however_it_is_written_and_written_as_html() -> None:
    source = "<p>R&amp;D,  caf&eacute; &lt;now&gt;</p>\r\n<p title='R&#38;D'>R&D</p>"
    assert replace(source, "R&D", 'A<B & "C"').source == (
        '<p>A&lt;B &amp; "C",  caf&eacute; &lt;now&gt;</p>\r\n'
        "<p title='A&lt;B &amp; &quot;C&quot;'>A&lt;B &amp; \"C\"</p>"
    )
    assert replace(source, "café <now>", "x").source.startswith("<p>R&amp;D,  x</p>")


def test_a_line_end_between_words_is_a_space() -> None:
    assert replace("<p>spring\n    sale</p>", "spring sale", "summer sale").source == "<p>summer sale</p>"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "<p>Vans cars vansaloon</p>"),
        ({"whole_word": True}, "<p>Vans cars carsaloon</p>"),
        ({"match_case": True}, "<p>Cars vans carsaloon</p>"),
    ],
)
def test_words_and_case_are_as_chosen(options: dict[str, bool], expected: str) -> None:
    if options.get("match_case"):
        assert replace("<p>Cars cars carsaloon</p>", "cars", "vans", whole_word=True, **options).source == expected
    elif options:
        assert replace("<p>Cars vans carsaloon</p>", "cars", "Vans", **options).source == "<p>Vans vans carsaloon</p>"
    else:
        assert replace("<p>Cars cars carsaloon</p>", "cars", "vans").source == "<p>Vans vans vansaloon</p>"


def test_capitals_that_are_written_stay_as_they_are_written() -> None:
    assert replace("<p>iphone Iphone</p>", "iphone", "iPhone").source == "<p>iPhone iPhone</p>"


def test_in_text_only_leaves_attributes_alone() -> None:
    assert replace('<p title="bumpers">bumpers</p>', "bumpers", "x", Where.TEXT).source == '<p title="bumpers">x</p>'


def test_in_the_source_reaches_addresses_classes_and_comments_but_no_code() -> None:
    source = (
        '<a href="/bumpers" class="bumpers" onclick="bumpers()">bumpers</a><!-- bumpers -->'
        "<script>bumpers()</script><style>.bumpers{}</style>{{bumpers||bumpers}}{{bumpers}}"
    )
    assert replace(source, "bumpers", "x", Where.SOURCE).source == (
        '<a href="/x" class="x" onclick="bumpers()">x</a><!-- x -->'
        "<script>bumpers()</script><style>.bumpers{}</style>{{bumpers||x}}{{bumpers}}"
    )


def test_in_the_source_an_ampersand_is_found_both_ways_and_kept_the_way_it_was() -> None:
    source = '<a href="?a=1&amp;b=2">a=1&b=2</a>'
    assert replace(source, "a=1&b=2", "c=3&d=4", Where.SOURCE).source == '<a href="?c=3&amp;d=4">c=3&d=4</a>'


def test_a_default_of_dynamic_text_is_not_broken() -> None:
    edited = replace("<p>\n{{city||Our bumpers}}</p>", "bumpers", "a|b")
    assert edited.matches == ()
    assert edited.kept == ("Line 2: the default of dynamic text can hold no braces and bars.",)


def test_an_attribute_without_quotes_gets_no_space() -> None:
    edited = replace("<img alt=bumpers>", "bumpers", "dune buggies")
    assert (edited.matches, len(edited.kept)) == ((), 1)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Kind.SET_TEXT, "5 < 6", '<h1 class="big">5 &lt; 6</h1>'),
        (Kind.SET_HTML, "<b>New</b><script>x()</script>", '<h1 class="big"><b>New</b></h1>'),
        (Kind.ADD_CLASS, "new", '<h1 class="big new">Old <i>words</i></h1>'),
        (Kind.REMOVE_CLASS, "big", "<h1>Old <i>words</i></h1>"),
        (Kind.ADD_CLASS, "big", None),
        (Kind.REMOVE_CLASS, "small", None),
    ],
)
def test_what_a_selector_finds_is_changed_and_nothing_else(kind: Kind, value: str, expected: str | None) -> None:
    before = "<!doctype html>\n<body>{}<P CLASS=x>Rest &amp; more<br/></body>"
    source = before.format('<h1 class="big">Old <i>words</i></h1>')
    edited = change(source, kind, "h1", value)
    assert edited.source == (before.format(expected) if expected else source)
    assert len(edited.matches) == (expected is not None)


def test_an_attribute_is_set_on_every_match() -> None:
    edited = change("<a HREF='x'>1</a><a>2</a><a href=/y>3</a>", Kind.SET_ATTRIBUTE, "a", "/y", "href")
    assert edited.source == '<a HREF="/y">1</a><a href="/y">2</a><a href=/y>3</a>'
    assert [(match.old, match.new) for match in edited.matches] == [("HREF='x'", 'href="/y"'), ("", ' href="/y"')]


@pytest.mark.parametrize(
    ("source", "selector", "kind", "reason"),
    [
        ("<img>", "img", Kind.SET_TEXT, "holds no text"),
        ("<script>x</script>", "script", Kind.SET_TEXT, "holds code"),
        ("<title>x</title>", "title", Kind.SET_HTML, "holds text only"),
        ("<div><p>x</p></div>", "div, p", Kind.SET_TEXT, "stands inside another match"),
        ("<span>x", "span", Kind.SET_TEXT, "is never closed"),
    ],
)
def test_what_cannot_be_filled_stays_with_the_reason(source: str, selector: str, kind: Kind, reason: str) -> None:
    assert reason in change(source, kind, selector, "new").kept[0]


@pytest.mark.parametrize(
    "operation",
    [
        Operation(Kind.REPLACE, "", "x"),
        Operation(Kind.REPLACE, "  ", "x"),
        Operation(Kind.REPLACE, "x", "x"),
        Operation(Kind.REPLACE, "x" * 2001, "y"),
        Operation(Kind.REPLACE, "x", "y" * 2001),
        Operation(Kind.SET_TEXT, "h1[", "x"),
        Operation(Kind.SET_TEXT, "", "x"),
        Operation(Kind.SET_ATTRIBUTE, "a", "x()", attribute="onclick"),
        Operation(Kind.SET_ATTRIBUTE, "a", "java\nscript:x()", attribute="href"),
        Operation(Kind.SET_ATTRIBUTE, "iframe", "<p>", attribute="srcdoc"),
        Operation(Kind.SET_ATTRIBUTE, "a", "x", attribute="a b"),
        Operation(Kind.SET_ATTRIBUTE, "a", "x", attribute=""),
        Operation(Kind.ADD_CLASS, "a", "two words"),
        Operation(Kind.REMOVE_CLASS, "a", ""),
    ],
)
def test_what_makes_no_sense_or_would_run_code_is_refused(operation: Operation) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_operation(operation)
    assert refused.value.fix


_PIECES = st.sampled_from(
    ["<p>", "</p>", "bumpers", "Bumpers ", "&amp;", "{{a||bumpers}}", "{{", "|", "}}", "<b title='bumpers'>", "</b>",
     "<!--bumpers-->", "<script>bumpers</script>", "\r\n", " é", "<svg><title>bumpers</title></svg>", "<img alt=bumpers>"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=25).map("".join), st.sampled_from(list(Where)))
def test_undoing_a_replacement_by_hand_gives_the_same_bytes_again(source: str, where: Where) -> None:
    there = replace(source, "bumpers", "zzbuggieszz", where, match_case=True)
    back = replace(there.source, "zzbuggieszz", "bumpers", where, match_case=True)
    assert back.source == source
    assert there.source.count("zzbuggieszz") == len(there.matches) == len(back.matches)


@given(st.lists(_PIECES, max_size=25).map("".join))
def test_a_source_without_the_word_stays_byte_for_byte(source: str) -> None:
    assert replace(source, "lighthouse", "x", Where.SOURCE).source == source
