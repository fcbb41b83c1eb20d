"""What is not edited stays byte for byte; what is edited is exactly what was asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lander.document import Document, Edits

PAGE = """<!DOCTYPE html>
<html lang=en><head><title>Buy &amp; sell</title></head>
<body class='a "b"'>
<ul><li>one<li><b>two</b></ul>
<table><tr><td>x<td>y</table>
<p>first<p>second <script>let x = '</p>'</script>
<div><a HREF=/x?a=1&b=2 rel>go</a><img src=a.png alt=""></div>
</body></html>
"""
SOURCES = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(
            ["<p a=1 b>", "<p a='x'b=\"y\"/>", "</p>", "<br c>", "t", "\r\n", "<!--", "-->", "<a\nb = c d>"]
        ),
        max_size=12,
    ).map("".join),
)


@given(SOURCES)
def test_no_edit_gives_the_same_source(source: str) -> None:
    assert Edits(Document(source)).text() == source


@given(
    SOURCES,
    st.data(),
    st.sampled_from(["a", "b", "c", "new"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\r\0")),
)
def test_setting_an_attribute_changes_that_attribute_alone(
    source: str, data: st.DataObject, name: str, value: str
) -> None:
    document = Document(source)
    if not document.elements:
        return
    chosen = data.draw(st.integers(0, len(document.elements) - 1))
    element = document.elements[chosen]
    edits = Edits(document)
    edits.set_attribute(element, name, value)
    after = Document(edits.text())

    assert after.elements[chosen].get(name) == value
    assert others(after, chosen, name) == others(document, chosen, name)
    assert after.source[: element.start] == source[: element.start]
    assert after.source[len(after.source) - (len(source) - element.end) :] == source[element.end :]


@given(SOURCES, st.data(), st.sampled_from(["a", "b", "c"]))
def test_removing_an_attribute_removes_that_attribute_alone(source: str, data: st.DataObject, name: str) -> None:
    document = Document(source)
    if not document.elements:
        return
    chosen = data.draw(st.integers(0, len(document.elements) - 1))
    edits = Edits(document)
    edits.remove_attribute(document.elements[chosen], name)
    after = Document(edits.text())

    assert after.elements[chosen].get(name) is None
    assert others(after, chosen, name) == others(document, chosen, name)


def others(document: Document, chosen: int, name: str) -> list[tuple[str, dict[str, str]]]:
    return [
        (element.name, {item.name: item.value for item in element.attributes if (number, item.name) != (chosen, name)})
        for number, element in enumerate(document.elements)
    ]


def test_it_finds_elements_by_css_selector() -> None:
    document = Document(PAGE)
    assert [document.text(item) for item in document.select("li")] == ["one", "two"]
    assert [document.text(item) for item in document.select("table > tbody td:last-child")] == ["y"]
    assert document.select("tbody") == []  # a browser adds it; no source has it
    assert document.select(".missing") == []


@pytest.mark.parametrize("selector", ["", "  ", "a[[", "a >", ":::"])
def test_a_bad_selector_is_a_value_error(selector: str) -> None:
    with pytest.raises(ValueError, match="selector"):
        Document(PAGE).select(selector)


def test_it_knows_title_text_lines_and_parents() -> None:
    document = Document(PAGE)
    second = document.select("li")[1]
    assert document.title == "Buy & sell"
    assert (second.line, document.line(second.start)) == (4, 4)
    assert second.parent is not None
    assert second.parent.name == "ul"
    assert [item.name for item in document.select("b")[0].ancestors()] == ["li", "ul", "body", "html"]
    assert document.text(document.select("p")[1]).strip() == "second"
    assert document.text(document.select("script")[0]) == "let x = '</p>'"
    assert [item.name for item in document.inside(document.select("head")[0])] == ["title"]


def test_text_leaves_out_scripts_styles_and_comments() -> None:
    document = Document("<p>a<script>b</script><!-- c --><style>d</style><textarea>e</textarea></p>f")
    assert [document.source[text.start : text.end] for text in document.texts] == ["a", "e", "f"]
    assert document.texts[1].parent is document.select("textarea")[0]


def test_an_element_without_end_tag_ends_where_it_must_or_where_it_starts() -> None:
    document = Document("<ul><li>a<li>b</ul><div><section>x</div><img>")
    first = document.select("li")[0]
    assert document.source[first.content_start : first.content_end] == "a"
    assert first.close_end == first.content_end
    section, image = document.select("section")[0], document.select("img")[0]
    assert section.content_end == section.close_end == section.end
    assert image.content_end == image.close_end == image.end


def test_parts_of_a_table_outside_of_tables_open_nothing() -> None:
    document = Document("<form><td><input></form><tr><p>after</tr>")
    form, _, field, _, paragraph = document.elements
    assert document.inside(form)[-1] is field
    assert paragraph.ancestors() == []
    table = Document("<table><tr><td><p></table><template><tr><td><b></template>")
    assert [element.parent.name for element in table.elements if element.name in ("p", "b") and element.parent] == [
        "td",
        "td",
    ]


def test_only_foreign_elements_close_themselves() -> None:
    document = Document("<div/><svg><path d=M0/><g/><a b/></svg><p>x</p>")
    parents = {element.name: element.parent.name if element.parent else "" for element in document.elements}
    # a slash right behind a bare value belongs to the value: the path stays open
    assert parents == {"div": "", "svg": "div", "path": "svg", "g": "path", "a": "path", "p": "div"}


def test_edits_are_spliced_in_order_and_keep_slots() -> None:
    document = Document("<p title=x>Hello <b>you</b></p>")
    slot = object()
    edits = Edits(document)
    paragraph, bold = document.elements
    edits.insert(paragraph.end, "1")
    edits.insert(paragraph.end, "2")
    edits.replace(bold.content_start, bold.content_end, "dear ", slot, "!")
    edits.set_attribute(paragraph, "title", 'a"<&', slot)
    edits.set_attribute(paragraph, "class", "k")
    assert edits.apply() == (
        '<p class="k" title="a&quot;&lt;&amp;',
        slot,
        '">12Hello <b>dear ',
        slot,
        "!</b></p>",
    )
    with pytest.raises(TypeError):
        edits.text()


def test_the_last_word_on_an_attribute_counts() -> None:
    document = Document("<p a=1 b c='2'c>")
    edits = Edits(document)
    edits.set_attribute(document.elements[0], "a", "2")
    edits.remove_attribute(document.elements[0], "a")
    edits.remove_attribute(document.elements[0], "c")
    assert edits.text() == "<p b >"


def test_an_attribute_that_has_the_value_already_stays_as_it_was_written() -> None:
    document = Document("<form METHOD='post'>")
    edits = Edits(document)
    edits.set_attribute(document.elements[0], "method", "post")
    assert edits.text() == "<form METHOD='post'>"


def test_what_lies_in_a_removed_element_goes_with_it() -> None:
    document = Document("a<div>b<p class=x>c</p></div>d")
    edits = Edits(document)
    edits.set_attribute(document.elements[1], "class", "y")
    edits.remove_element(document.elements[1])
    edits.insert(document.elements[0].start, "1")
    edits.insert(document.elements[0].close_end, "2")
    edits.remove_element(document.elements[0])
    assert edits.text() == "a12d"


def test_overlapping_edits_are_refused() -> None:
    edits = Edits(Document("0123456789"))
    edits.replace(2, 6, "x")
    edits.replace(4, 8, "y")
    with pytest.raises(ValueError, match="line 1"):
        edits.text()


def test_edits_outside_the_source_and_bad_names_are_refused() -> None:
    document = Document("<p>")
    with pytest.raises(ValueError, match="no span"):
        Edits(document).insert(9, "x")
    with pytest.raises(ValueError, match="attribute name"):
        Edits(document).set_attribute(document.elements[0], "a b", "x")
