"""Pages that say the same: pairs of known similarity, groups, and who should speak for them."""

import random
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from lander.pages import publish
from lander.pages.duplicates import (
    ALIKE,
    find_alike,
    find_similarity,
    list_duplicates,
    make_shingles,
    read_visible,
)
from lander.pages.models import Site
from tests.pages.publishing import MAYA, NOW, add_page, add_site, make_settings, save


def words(number: int, *, seed: int = 1) -> list[str]:
    chance = random.Random(seed)
    return ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(number)]


def html(text: str) -> str:
    return f"<!doctype html><html><head><title>{text[:9]}</title></head><body><p>{text}</p></body></html>"


@pytest.fixture
def site(session: Session) -> Site:
    return add_site(session)


# Of n words, n − 4 shingles; a changed word in the middle changes five of them: J = (n − 9) / (n + 1).
@pytest.mark.parametrize(("number", "similarity"), [(59, 50 / 60), (65, 56 / 66), (66, 57 / 67), (109, 100 / 110)])
def test_one_changed_word_costs_what_it_should(number: int, similarity: float) -> None:
    one = words(number)
    other = [*one[:30], "changed", *one[31:]]
    first, second = make_shingles(" ".join(one)), make_shingles(" ".join(other))
    assert find_similarity(first, second) == pytest.approx(similarity)
    assert bool(find_alike({"a": first, "b": second})) is (similarity >= ALIKE)


def test_a_pair_at_the_threshold_itself_is_told() -> None:
    base = {(str(number),) for number in range(17)}
    one, other = frozenset(base | {("x",), ("y",), ("z",)}), frozenset(base)
    assert find_similarity(one, other) == ALIKE
    assert find_alike({"a": one, "b": other}) == {("a", "b"): ALIKE}


def test_finding_pairs_agrees_with_comparing_all_of_them() -> None:
    chance = random.Random(7)
    texts = {}
    for number in range(90):
        base = words(120, seed=number % 6)
        for _ in range(chance.randrange(6)):
            base[chance.randrange(len(base))] = f"changed{chance.randrange(1000)}"
        texts[f"page-{number}"] = make_shingles(" ".join(base[: chance.randrange(90, 121)]))
    expected = {
        (one, other): find_similarity(texts[one], texts[other])
        for one in texts
        for other in texts
        if one < other and find_similarity(texts[one], texts[other]) >= ALIKE
    }
    assert len(expected) > 20
    assert find_alike(texts) == expected


@pytest.mark.parametrize(
    ("one", "other", "similarity"),
    [("", "", 0.0), ("Hello", "hello!", 1.0), ("Hello", "Goodbye", 0.0), ("a b c d e f", "A, b; c d (e) f.", 1.0)],
)
def test_short_texts_and_punctuation_are_decided(one: str, other: str, similarity: float) -> None:
    assert find_similarity(make_shingles(one), make_shingles(other)) == similarity


def test_only_what_a_visitor_reads_is_compared() -> None:
    source = (
        "<!doctype html><head><title>No</title><style>no{}</style></head><body><script>no()</script><h1>Yes</h1>"
        "<noscript>no</noscript><template>no</template><p hidden>no</p><!-- no --><p>and&nbsp;&amp; yes</p></body>"
    )
    assert read_visible(source) == "Yes and & yes"
    assert read_visible("") == ""


def test_pages_that_say_the_same_are_grouped_under_the_live_one_that_was_there_first(
    session: Session, site: Site, tmp_path: Path
) -> None:
    text = words(200)
    sources = {
        "oldest-draft": text,
        "older": [*text[:50], "one", *text[51:]],
        "newer": [*text[:90], "two", *text[91:]],
        "different": words(200, seed=9),
    }
    for hours, (slug, content) in enumerate(sources.items()):
        page = add_page(session, site, {"a": html(" ".join(content))}, slug=slug)
        page.created_at = NOW + timedelta(hours=hours)
        if slug != "oldest-draft":
            publish.publish(session, make_settings(tmp_path), page, actor=MAYA, now=NOW)
    (group,) = list_duplicates(session, site)
    assert [twin.slug for twin in group.pages] == ["older", "oldest-draft", "newer"]
    assert group.canonical.is_live
    assert group.pages[1].alike == pytest.approx(191 / 201)
    assert group.pages[2].alike == pytest.approx(186 / 206)


def test_a_live_page_is_compared_as_visitors_see_it_and_variants_are_not_compared(
    session: Session, site: Site, tmp_path: Path
) -> None:
    same, other = html(" ".join(words(80))), html(" ".join(words(80, seed=2)))
    page = add_page(session, site, {"a": same, "b": same}, slug="live")
    publish.publish(session, make_settings(tmp_path), page, actor=MAYA, now=NOW)
    save(session, page, "a", other)
    add_page(session, site, {"a": same}, slug="draft")
    (group,) = list_duplicates(session, site)
    assert [twin.slug for twin in group.pages] == ["live", "draft"]


def test_a_site_without_pages_has_none(session: Session, site: Site) -> None:
    assert list_duplicates(session, site) == []


def test_five_hundred_pages_that_are_all_alike_take_seconds() -> None:
    base = words(500)
    texts = {
        f"p{number}": make_shingles(" ".join([*base[:250], f"city{number}", *base[251:]])) for number in range(500)
    }
    began = time.process_time()
    assert len(find_alike(texts)) == 500 * 499 // 2
    assert time.process_time() - began < 20
