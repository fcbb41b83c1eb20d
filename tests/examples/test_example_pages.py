"""The example pages keep what the publish gate asks for, so that a first import succeeds. Not a test of the gate itself."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode

EXAMPLES = Path(__file__).parents[2] / "examples"
VARIANTS = sorted(EXAMPLES.glob("*/[ab]"))
PAGES = [page for variant in VARIANTS for page in sorted(variant.glob("*.html"))]
SLOT = re.compile(r"\{\{\w+\|\w*\|([^}]*)\}\}")


def name_of(path: Path) -> str:
    return str(path.relative_to(EXAMPLES))


def parse(page: Path) -> LexborHTMLParser:
    return LexborHTMLParser(page.read_text(encoding="utf-8"))


def attribute(node: LexborNode, name: str) -> str:
    return node.attributes.get(name) or ""


def references(tree: LexborHTMLParser) -> list[str]:
    found = [attribute(node, name) for name in ("href", "src") for node in tree.css(f"[{name}]")]
    sets = [part.split()[0] for node in tree.css("[srcset]") for part in attribute(node, "srcset").split(",")]
    return found + sets


def test_there_are_two_variants_of_three_pages() -> None:
    assert [name_of(variant) for variant in VARIANTS] == [
        f"{slug}/{key}" for slug in ("solar-check", "team-lunch", "trail-buggies") for key in "ab"
    ]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_reference_is_a_file_of_the_same_folder_or_an_anchor_of_the_page(page: Path) -> None:
    tree = parse(page)
    for reference in references(tree):
        file, _, anchor = reference.partition("#")
        assert (page.parent / file).is_file() if file else tree.css_first(f"#{anchor}"), reference


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_it_needs_nothing_that_a_sealed_page_forbids(page: Path) -> None:
    tree = parse(page)
    assert not tree.css("base, iframe, object, embed, [style], input[type=password], input[type=file], [disabled]")
    assert not [name for node in tree.css("*") for name in node.attributes if name.startswith("on")]
    assert "javascript:" not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_head_and_headings_are_in_order(page: Path) -> None:
    tree = parse(page)
    title, description = tree.css_first("title"), tree.css_first("meta[name=description]")
    assert title
    assert description
    assert len(title.text()) <= 60
    assert len(attribute(description, "content")) <= 160
    assert tree.css_first("html[lang=en]")
    assert tree.css_first("link[rel=icon]")
    levels = [int(tag[1]) for node in tree.css("*") if (tag := node.tag or "") in {"h1", "h2", "h3"}]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_pictures_have_alternatives_and_fields_have_names_and_labels(page: Path) -> None:
    tree = parse(page)
    assert all("alt" in node.attributes for node in tree.css("img"))
    for field in tree.css("input, select, textarea"):
        assert attribute(field, "name")
        assert tree.css_first(f"label[for={attribute(field, 'id')}]")


@pytest.mark.parametrize("variant", VARIANTS, ids=name_of)
def test_a_whole_variant_weighs_less_than_150_kilobytes(variant: Path) -> None:
    assert sum(file.stat().st_size for file in variant.iterdir()) < 150_000


@pytest.mark.parametrize("variant", VARIANTS, ids=name_of)
def test_each_page_has_one_form_with_a_word_on_privacy(variant: Path) -> None:
    (form,) = parse(variant / "index.html").css("form")
    assert form.css_first("button[type=submit]")
    assert form.css_first("a[href='privacy.html']")


@pytest.mark.parametrize("key", ["a", "b"])
def test_the_city_is_a_slot_in_title_description_and_headline(key: str) -> None:
    tree = parse(EXAMPLES / "trail-buggies" / key / "index.html")
    headline, title = tree.css_first("h1"), tree.css_first("title")
    assert headline
    assert title
    assert SLOT.findall(headline.text()) == SLOT.findall(title.text()) == ["Vancouver"]
    assert tree.css_first("meta[name=description][content*='{{city|titlecase|Vancouver}}']")


@pytest.mark.parametrize("key", ["a", "b"])
def test_one_link_leads_to_the_menu_and_carries_the_goal(key: str) -> None:
    (link,) = parse(EXAMPLES / "team-lunch" / key / "index.html").css("a[href='menu.html']")
    assert attribute(link, "id") == "see-menu"
