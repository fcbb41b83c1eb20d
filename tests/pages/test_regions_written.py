"""Writing into regions: what was typed stands there, and not a byte of anything else has changed."""

import zipfile
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lander.document import Document
from lander.pages.region_values import WrongValues, apply_values
from lander.pages.regions import Kind, read_regions
from lander.pages.tagging import Tag, apply_tags, list_candidates, remove_tag
from tests.builders_content import SHARED_PAGES

SOURCE = """<!DOCTYPE html>
<HTML lang=en><head><title>Sale</title></head>
<body class='x'>
<h1 class=big data-edit=text data-name="Headline">
   Bumpers for  everybody </h1>
<p data-edit="rich" data-name="Intro">For <b>you</b><br/>&copy; <a href=more.html style="color: red">more</a></p>
<img data-edit='image' data-name='Car' src="car.png" srcset="car@2x.png 2x" alt="A car"/>
<a data-edit="link" data-name="Call us" href="/call?a=1&b=2"><i></i> Call us</a>
<form data-edit="form" data-name="Form"><label for=e>E-mail</label><input id=e placeholder="you"><button>Go</button></form>
<script>if (a < b) document.write("<h1>")</script>
</body></HTML>
"""
FILES = {"car.png": "1.png", "bus.png": "2.png", "notes.txt": "3.txt"}


def write(values: Mapping[str, Mapping[str, str]], source: str = SOURCE) -> str:
    return apply_values(source, values, path="index.html", files=FILES).source


def values_of(source: str) -> dict[str, dict[str, str]]:
    return {region.name: region.values for region in read_regions(Document(source)).found}


def refusal(values: Mapping[str, Mapping[str, str]]) -> str:
    with pytest.raises(WrongValues) as caught:
        write(values)
    return f"{caught.value.wrong[0].message} {caught.value.wrong[0].fix}"


def test_reading_everything_and_writing_it_back_changes_no_byte() -> None:
    assert write(values_of(SOURCE)) == SOURCE
    assert apply_values(SOURCE, values_of(SOURCE)).changed == ()


def test_only_the_bytes_of_the_region_change() -> None:
    assert write({"Headline": {"text": "Buggies & more"}}) == SOURCE.replace(
        "Bumpers for  everybody", "Buggies &amp; more"
    )
    assert write({"Call us": {"href": "tel:+4930"}}) == SOURCE.replace("/call?a=1&b=2", "tel:+4930")
    assert write({"Form": {"hint-1": "Your address", "button-1": "Send"}}) == SOURCE.replace(
        '"you"', '"Your address"'
    ).replace(">Go<", ">Send<")


def test_markup_typed_into_a_text_is_text() -> None:
    typed = "</h1><script>alert(1)</script>"
    changed = write({"Headline": {"text": typed}})
    assert "<script>alert" not in changed
    assert values_of(changed)["Headline"] == {"text": typed}


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40))
def test_any_text_is_read_again_as_it_was_typed(typed: str) -> None:
    shown = " ".join(part for part in typed.split(" ") if part)
    if not shown.strip("\xa0"):
        return
    changed = write({"Headline": {"text": typed}})
    assert values_of(changed)["Headline"] == {"text": shown}
    assert {**values_of(changed), "Headline": 0} == {**values_of(SOURCE), "Headline": 0}


@given(st.text(st.sampled_from("<>/=\"' abpiscript!-&;"), max_size=40))
def test_no_markup_typed_into_a_rich_region_gets_out_of_it(typed: str) -> None:
    changed = write({"Intro": {"html": typed}})
    before, after = SOURCE.partition("For <b>")[0], SOURCE.partition("more</a>")[2]
    assert changed.startswith(before)
    assert changed.endswith(after)
    assert {**values_of(changed), "Intro": 0} == {**values_of(SOURCE), "Intro": 0}
    assert write(values_of(changed), changed) == changed


def test_dynamic_text_can_be_typed() -> None:
    changed = write({"Headline": {"text": "Sale in {{city|titlecase|Vancouver}}"}})
    assert ">\n   Sale in {{city|titlecase|Vancouver}} </h1>" in changed


def test_a_rich_region_keeps_formatting_and_drops_what_it_may_not_hold() -> None:
    typed = 'A <em>new</em> <a href="javascript:x()" onclick="x()">one</a><script>x()</script><math>c</math>'
    done = apply_values(SOURCE, {"Intro": {"html": typed}})
    assert values_of(done.source)["Intro"] == {"html": "A <em>new</em> <a>one</a>c"}
    assert done.taken_out == ("Taken out of Intro, because it cannot stand there: <math>, <script>.",)


def test_styles_that_the_page_has_stay_and_new_ones_go() -> None:
    typed = '<a href="more.html" style="color: red">more</a> <b style="color: blue">x</b>'
    assert 'style="color: red"' in write({"Intro": {"html": typed}})
    assert "blue" not in write({"Intro": {"html": typed}})


def test_a_block_in_a_paragraph_would_end_it_and_goes() -> None:
    assert values_of(write({"Intro": {"html": "<div>One</div>"}}))["Intro"] == {"html": "One"}


def test_another_picture_takes_the_other_sizes_of_the_old_one_away() -> None:
    changed = write({"Car": {"src": "bus.png", "alt": "A bus"}})
    assert "<img data-edit='image' data-name='Car' src=\"bus.png\" alt=\"A bus\"/>" in changed


def test_sources_of_a_picture_element_go_with_the_old_picture() -> None:
    source = '<picture><source srcset="car.webp"><img data-edit="image" data-name="Car" src="car.png"></picture>'
    assert "car.webp" not in write({"Car": {"src": "bus.png"}}, source)
    assert "car.webp" in write({"Car": {"alt": "A car"}}, source)


def test_line_ends_stay_what_the_page_uses() -> None:
    source = '<html>\r\n<div data-edit="rich" data-name="R">a\r\nb</div>\r\n</html>'
    assert write(values_of(source), source) == source
    assert write({"R": {"html": "a\nc\n"}}, source) == source.replace("b</div>", "c\r\n</div>")


@pytest.mark.parametrize(
    "href", ["https://www.example.com/a?b=1#c", "/contact", "more.html", "#top", "mailto:a@b.de", "tel:1"]
)
def test_a_link_may_lead_there(href: str) -> None:
    assert values_of(write({"Call us": {"href": href}}))["Call us"]["href"] == href


@pytest.mark.parametrize(
    "href",
    [
        *(
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "java\tscript:alert(1)",
            " \x01javascript:x",
            "data:text/html,x",
        ),
        *("vbscript:x", "blob:x", "http://example.com", "", "file:///etc/passwd"),
    ],
)
def test_a_link_may_not_lead_there(href: str) -> None:
    assert refusal({"Call us": {"href": href}})


@pytest.mark.parametrize(
    "src", ["nothing.png", "notes.txt", "https://cdn.example.net/x.png", "data:image/png;base64,xx", ""]
)
def test_a_picture_is_one_of_the_pages_own(src: str) -> None:
    assert "none of the page's pictures" in refusal({"Car": {"src": src}})


@pytest.mark.parametrize(("typed", "said"), [(" ", "would be empty"), ("a\x07b", "no text"), ("\ud800", "no text")])
def test_a_text_is_a_text(typed: str, said: str) -> None:
    assert said in refusal({"Headline": {"text": typed}})


def test_what_is_too_long_is_told_with_numbers() -> None:
    assert "20,001 characters; at most 20,000 fit" in refusal({"Headline": {"text": "x" * 20_001}})


def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_written() -> None:
    with pytest.raises(WrongValues) as caught:
        write({"Headline": {"text": ""}, "Call us": {"href": "javascript:x", "text": "Fine"}, "Car": {"src": "no.png"}})
    assert [(item.region, item.part) for item in caught.value.wrong] == [
        ("Headline", "text"),
        ("Call us", "href"),
        ("Car", "src"),
    ]


def test_what_stands_there_is_allowed_though_it_could_not_be_typed() -> None:
    source = '<a data-edit="link" data-name="L" href="javascript:void(0)">x</a>'
    assert write({"L": {"href": "javascript:void(0)", "text": "y"}}, source) == source.replace(">x<", ">y<")


@pytest.mark.shared
@pytest.mark.parametrize("archive", ["startbootstrap-landing-page.zip", "startbootstrap-new-age.zip"])
def test_a_real_page_survives_marking_reading_writing_and_unmarking(archive: str) -> None:
    if not SHARED_PAGES.is_dir():
        pytest.skip("needs the real landing pages beside the project")
    with zipfile.ZipFile(SHARED_PAGES / archive) as opened:
        name = next(name for name in opened.namelist() if name.endswith("index.html"))
        source = opened.read(name).decode()
    candidates = list_candidates(Document(source))
    assert len(candidates) > 25
    marked = apply_tags(source, [Tag(item.number, item.kinds[0].value, item.suggested) for item in candidates])
    regions = read_regions(Document(marked))
    assert len(regions.found) == len(candidates)
    assert regions.findings == ()
    assert apply_values(marked, values_of(marked)).source == marked

    changes = {
        region.name: {part.name: f"{part.value} +" for part in region.parts if part.name.startswith("text")}
        for region in regions.found
        if region.kind in (Kind.TEXT, Kind.LINK)
    }
    changed = apply_values(marked, changes).source
    assert all(
        values_of(changed)[name][part] == value for name, parts in changes.items() for part, value in parts.items()
    )
    back = apply_values(changed, {name: values_of(marked)[name] for name in changes}).source
    for region in regions.found:
        marked, back = remove_tag(marked, region.name), remove_tag(back, region.name)
    assert marked == source
    assert values_of(back) == {}
    assert Document(back).text(Document(back).elements[0]) == Document(source).text(Document(source).elements[0])
