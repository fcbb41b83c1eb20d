"""Marking elements as regions: two attributes in a start tag, nothing else, and taking them off gives the source back."""

import time

import pytest

from lander.document import Document
from lander.errors import InvalidInput
from lander.pages.regions import read_regions
from lander.pages.rich_text import clean_fragment
from lander.pages.tagging import Candidate, Tag, apply_tags, list_candidates, remove_tag

SOURCE = """<!doctype html>
<html><body>
<h1 class='big'>Bumpers</h1>
<p>For <a href="/x">everybody</a></p>
<ul><li>One</li><li><a href="/two">Two</a></li></ul>
<a href="/shop"><img src="img/car.png" alt=""></a>
<form><label>E-mail <input></label><button>Go</button></form>
<p>⋅</p>
</body></html>
"""


def candidates(source: str = SOURCE) -> dict[str, Candidate]:
    return {item.excerpt: item for item in list_candidates(Document(source))}


def number(excerpt: str) -> int:
    return candidates()[excerpt].number


def refusal(*tags: Tag, source: str = SOURCE) -> str:
    with pytest.raises(InvalidInput) as caught:
        apply_tags(source, tags)
    return str(caught.value)


def test_what_people_would_change_is_offered_with_a_name_and_its_likeliest_kind() -> None:
    offered = {item.excerpt: (item.noun, item.suggested, item.kinds[0].value) for item in candidates().values()}
    assert offered == {
        "Bumpers": ("Heading 1", "Headline", "text"),
        "For everybody": ("Paragraph", "For everybody", "text"),
        "One": ("List item", "One", "text"),
        "Two": ("Link", "Two", "link"),
        "car.png": ("Link", "car.png", "link"),
        "E-mail, Go": ("Form", "Form", "form"),
    }


def test_no_name_is_suggested_twice() -> None:
    names = [item.suggested for item in list_candidates(Document("<h1>a</h1><h1>b</h1><h2>Headline</h2>"))]
    assert names == ["Headline", "Headline 2", "Headline 3"]


def test_what_is_marked_or_stands_in_or_around_a_region_is_not_offered_again() -> None:
    marked = apply_tags(SOURCE, [Tag(number("For everybody"), "rich", "Intro")])
    assert "For everybody" not in candidates(marked)
    assert "everybody" not in candidates(marked)
    assert "Bumpers" in candidates(marked)


def test_marking_writes_two_attributes_and_unmarking_takes_them_away() -> None:
    marked = apply_tags(
        SOURCE, [Tag(number("Bumpers"), "text", " Main  headline "), Tag(number("Two"), "link", 'A "link"')]
    )
    assert marked == SOURCE.replace("<h1", '<h1 data-edit="text" data-name="Main headline"').replace(
        '<a href="/two"', '<a data-edit="link" data-name="A &quot;link&quot;" href="/two"'
    )
    assert remove_tag(remove_tag(marked, 'A "link"'), "Main headline") == SOURCE


def test_a_mark_that_was_never_readable_can_be_taken_off() -> None:
    assert remove_tag('<h1 data-edit="nonsense">x</h1>', "") == "<h1>x</h1>"
    with pytest.raises(InvalidInput, match="Nothing here is called Headline"):
        remove_tag(SOURCE, "Headline")


def test_nothing_chosen_is_told() -> None:
    assert "Nothing was chosen." in refusal()


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        (Tag(99, "text", "H"), "chosen on a page that is not this one"),
        (Tag(-1, "text", "H"), "chosen on a page that is not this one"),
        (Tag(2, "sound", "H"), "“sound” is no kind of region"),
        (Tag(2, "text", " "), "The region has no name."),
        (Tag(2, "text", "a\u200bb"), "characters that nobody sees"),
        (Tag(2, "image", "H"), "H cannot be edited as image."),
    ],
)
def test_what_cannot_be_marked_is_refused_with_its_reason(tag: Tag, said: str) -> None:
    assert said in refusal(tag)


def test_two_regions_have_two_names() -> None:
    assert "H is there already, in line 3." in refusal(
        Tag(number("Bumpers"), "text", "H"), Tag(number("One"), "text", "H")
    )


def test_a_region_is_neither_in_another_nor_around_one() -> None:
    inner, outer = Tag(4, "link", "Inner"), Tag(number("For everybody"), "text", "Outer")
    assert "Inner would stand in or around Outer." in refusal(outer, inner)
    assert "Outer would stand in or around Inner." in refusal(inner, outer)
    assert "Inner would stand in or around Outer." in refusal(inner, source=apply_tags(SOURCE, [outer]))
    assert "Outer would stand in or around Inner." in refusal(outer, source=apply_tags(SOURCE, [inner]))


def test_marking_leaves_the_other_regions_what_they_were() -> None:
    once = apply_tags(SOURCE, [Tag(number("Bumpers"), "text", "Headline")])
    twice = apply_tags(once, [Tag(candidates(once)["One"].number, "text", "First")])
    assert [region.name for region in read_regions(Document(twice)).found] == ["Headline", "First"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("<b onclick=x>a</b>", "<b>a</b>"),
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
        ("<a href='JAVASCRIPT:x'>a</a>", "<a>a</a>"),
        ("<a href='http://x.example'>a</a>", "<a>a</a>"),
        ("<img src='a.png' onerror=x>", '<img src="a.png">'),
        ("<style>b{}</style><iframe src=x></iframe>a<!-- c -->", "a"),
        ("<form><input name=a>a</form>", "a"),
        ("<svg><style><img src=x onerror=alert(1)></style></svg>", '<img src="x">'),
        ("<math><mtext><table><mglyph><style><img src=x onerror=y>", ""),
        ("<i data-lander-was='{}' data-edit=text class=x>a</i>", '<i class="x">a</i>'),
    ],
)
def test_a_fragment_keeps_only_what_is_harmless(typed: str, kept: str) -> None:
    holder = Document("<div>x</div>").elements[0]
    assert clean_fragment(typed, holder) == kept
    assert clean_fragment(kept, holder) == kept


@pytest.mark.parametrize("nest", ["<ul><li>", "<div data-edit=text data-name={}>x", "<b>", "<a><p>"])
def test_hostile_nesting_costs_seconds_at_most(nest: str) -> None:
    source = "".join(nest.format(number) for number in range(20_000))
    began = time.process_time()
    document = Document(source)
    list_candidates(document)
    read_regions(document)
    assert time.process_time() - began < 20


def test_marks_without_end_are_told_once() -> None:
    source = "".join(f"<h2 data-edit=text data-name='n{number}'>x</h2>" for number in range(301))
    regions = read_regions(Document(source))
    assert len(regions.found) == 300
    assert [finding.sentence for finding in regions.findings] == [
        "The page marks 301 elements for editing; the first 300 are."
    ]
