"""The regions of a page: found where their author marked them, and told off where they cannot be edited."""

import pytest

from lander.document import Document
from lander.pages.regions import Regions, read_regions

HEADLINE = '<h1 data-edit="text" data-name="Headline">Bumpers for everybody</h1>'


def read(source: str) -> Regions:
    return read_regions(Document(source))


def only_finding(source: str) -> str:
    regions = read(source)
    assert len(regions.findings) == 1
    return f"{regions.findings[0].sentence} {regions.findings[0].fix}"


def test_each_kind_is_read_with_its_values() -> None:
    regions = read(
        f"{HEADLINE}"
        '<div data-edit="rich" data-name="Intro"><p>For <b>you</b></p></div>'
        '<img data-edit="image" data-name="Car" src="car.png" alt="A car">'
        '<a data-edit="link" data-name="Call us" href="tel:+49301"><i class="icon"></i> Call</a>'
        '<form data-edit="form" data-name="Form"><label>E-mail <input name="email" placeholder="you@example.com"></label>'
        '<input type="submit" value="Go"></form>'
    )
    assert regions.findings == ()
    assert {region.name: (region.kind.value, region.values) for region in regions.found} == {
        "Headline": ("text", {"text": "Bumpers for everybody"}),
        "Intro": ("rich", {"html": "<p>For <b>you</b></p>"}),
        "Car": ("image", {"src": "car.png", "alt": "A car"}),
        "Call us": ("link", {"text": "Call", "href": "tel:+49301"}),
        "Form": ("form", {"label-1": "E-mail", "hint-1": "you@example.com", "button-1": "Go"}),
    }


def test_a_region_knows_its_line() -> None:
    assert [region.line for region in read(f"<p>\n\n{HEADLINE}").found] == [3]


def test_text_is_shown_as_a_browser_shows_it() -> None:
    source = '<h1 data-edit="text" data-name="H">\n   Bumpers &amp;\n   more&nbsp;!  </h1>'
    assert read(source).found[0].values == {"text": "Bumpers & more\xa0!"}


def test_white_space_in_pre_is_kept() -> None:
    source = '<pre data-edit="text" data-name="P">  a\n  b</pre>'
    assert read(source).found[0].values == {"text": "  a\n  b"}


def test_dynamic_text_is_shown_as_it_is_written() -> None:
    source = '<h1 data-edit="text" data-name="H">Sale in {{city|titlecase|Vancouver}}</h1>'
    assert read(source).found[0].values == {"text": "Sale in {{city|titlecase|Vancouver}}"}


def test_text_with_markup_in_it_has_one_field_for_each_piece() -> None:
    source = '<h1 data-edit="text" data-name="H">Bumpers<br>for <em>everybody</em></h1>'
    assert read(source).found[0].values == {"text-1": "Bumpers", "text-2": "for", "text-3": "everybody"}


def test_an_empty_element_is_a_text_to_fill_in() -> None:
    assert read('<h1 data-edit="text" data-name="H"></h1>').found[0].values == {"text": ""}


def test_a_linked_picture_is_a_link_without_text() -> None:
    source = '<a data-edit="link" data-name="Shop" href="/shop"><img src="a.png" alt=""></a>'
    assert read(source).found[0].values == {"href": "/shop"}


def test_the_one_picture_in_an_element_is_its_picture() -> None:
    source = '<figure data-edit="image" data-name="Car"><img src="a.png"></figure>'
    assert read(source).found[0].values == {"src": "a.png", "alt": ""}


def test_choices_and_scripts_in_a_form_are_no_text_of_it() -> None:
    source = (
        '<form data-edit="form" data-name="F"><label>Size <select><option>Small</option></select></label>'
        "<script>var x = 'no';</script><button>Go</button></form>"
    )
    assert read(source).found[0].values == {"label-1": "Size", "button-1": "Go"}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('<h1 data-edit="text">x</h1>', "The region has no name. Say what it is, like Headline."),
        ('<h1 data-edit="text" data-name="  ">x</h1>', "The region has no name."),
        (f'<h1 data-edit="text" data-name="{"x" * 61}">x</h1>', "The name has 61 characters; at most 60 fit."),
        ('<h1 data-edit="words" data-name="H">x</h1>', "“words”, which is no kind of region. Write text, rich, image"),
        ('<div data-edit="image" data-name="H"></div>', "<div> is no <img> and holds none. Mark the <img> itself."),
        ('<p data-edit="link" data-name="H"><a>1</a><a>2</a></p>', "is no <a> and holds 2 of them"),
        ('<h1 data-edit="text" data-name="H"><img src="a.png"></h1>', "holds no text"),
        ('<svg><text data-edit="text" data-name="H">x</text></svg>', "stands in a drawing (svg)"),
        ('<script data-edit="text" data-name="H">x</script>', "is not shown to visitors"),
        ('<template><p data-edit="text" data-name="H">x</p></template>', "is not shown to visitors"),
        ('<div data-edit="text" data-name="H">x', "has no end tag, so nobody can tell what is in it. Add </div>."),
        ('<div data-edit="rich" data-name="H"><svg></svg></div>', "holds <svg>, which a rich region cannot keep"),
        ('<div data-edit="rich" data-name="H"><a onclick="x()">y</a></div>', "onclick of <a>"),
        ('<form data-edit="form" data-name="H"><input name="a"></form>', "has no label, hint or button text to edit"),
        ('<ul data-edit="text" data-name="H">' + "<li>x</li>" * 13 + "</ul>", "holds 13 pieces of text, too many"),
    ],
)
def test_what_cannot_be_edited_is_a_finding_that_says_why_and_what_to_do(source: str, said: str) -> None:
    assert said in only_finding(source)
    assert read(source).found == ()


def test_a_finding_names_line_and_element() -> None:
    finding = read('<p>\n<h1 data-edit="text">x</h1>').findings[0]
    assert (finding.line, finding.element, finding.rule) == (2, "<h1>", "regions")


def test_a_name_is_used_once() -> None:
    source = f'{HEADLINE}\n<h2 data-edit="text" data-name=" Headline ">y</h2>'
    assert "<h2> is called Headline, as the region in line 1 is" in only_finding(source)
    assert [region.element.name for region in read(source).found] == ["h1"]


def test_a_region_in_a_region_is_not_edited_twice() -> None:
    source = '<div data-edit="rich" data-name="Intro"><p data-edit="text" data-name="Inner">x</p></div>'
    regions = read(source)
    assert [region.name for region in regions.found] == ["Inner"]
    assert "data-edit of <p>" in regions.findings[0].sentence
    source = f'<form data-edit="form" data-name="F"><button>Go</button>{HEADLINE}</form>'
    assert "stands inside the region F" in only_finding(source)
