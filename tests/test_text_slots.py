"""Dynamic text: what a visitor sends is shown as text, cut and clean, or not at all."""

import html
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lander.document import Document
from lander.text_slots import LONGEST, TRANSFORMS, fill_text

transforms = st.sampled_from(sorted(TRANSFORMS))


@pytest.mark.parametrize(
    ("transform", "shown"),
    [
        ("", "new YORK don't"),
        ("titlecase", "New York Don't"),
        ("uppercase", "NEW YORK DON'T"),
        ("lowercase", "new york don't"),
        ("capitalized", "New york don't"),
        ("invented", "new YORK don't"),
    ],
)
def test_a_transform_changes_the_case_and_nothing_else(transform: str, shown: str) -> None:
    assert html.unescape(fill_text("new YORK don't", transform, "Vancouver")) == shown


@pytest.mark.parametrize("value", [None, "", "   ", "\x00\x1b", "\u202e", "caf\ufffd"])
def test_the_default_stands_where_nothing_usable_came(value: str | None) -> None:
    assert fill_text(value, "uppercase", "Fish & Chips") == "Fish &amp; Chips"


@given(st.text(), transforms)
def test_no_value_brings_markup_or_ends_a_quoted_attribute(value: str, transform: str) -> None:
    shown = fill_text(value, transform, "default")
    assert not set("<>\"'") & set(shown)
    assert shown.count("&") == sum(shown.count(entity) for entity in ("&amp;", "&lt;", "&gt;", "&quot;", "&#x27;"))


@given(st.text(min_size=1), transforms)
def test_what_is_shown_is_short_and_has_no_control_characters(value: str, transform: str) -> None:
    shown = html.unescape(fill_text(value, transform, "default"))
    assert 0 < len(shown) <= LONGEST
    assert not [character for character in shown if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")]


def test_letters_that_grow_in_upper_case_stay_within_the_limit() -> None:
    assert fill_text("ß" * 80, "uppercase", "") == "S" * LONGEST


@given(st.text(), transforms)
def test_a_parser_reads_the_filled_page_as_the_same_elements(value: str, transform: str) -> None:
    shown = fill_text(value, transform, "default")
    page = f"<!doctype html><title>{shown}</title><img alt=\"{shown}\"><img alt='{shown}'><h1>{shown}</h1>"
    document = Document(page)
    assert [element.name for element in document.elements] == ["title", "img", "img", "h1"]
    assert {attribute.name for element in document.elements for attribute in element.attributes} == {"alt"}
