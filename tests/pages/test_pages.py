"""Maya's pages: addresses, variants, and versions that never change."""

import pytest

from lander.access.audit import list_entries
from lander.db import reading, transaction
from lander.errors import Conflict, InvalidInput, NotFound
from lander.pages import pages, versions
from lander.pages.models import Page, Version
from tests.builders_content import HOST, NOW, PAGE, Studio

EDITED = PAGE.replace("Sale", "Big sale")


@pytest.fixture
def studio(studio: Studio) -> Studio:
    studio.upload({"index.html": PAGE, "style.css": "a{}"})
    return studio


def save(studio: Studio, source: str, *, base: int | None = None, actor: str = "maya") -> Version:
    with transaction(studio.engine) as session:
        return versions.save_source(session, studio.page(session), "a", source, actor=actor, now=NOW, base_version=base)


@pytest.mark.parametrize("slug", ["sale", "spring-sale", "de/spring-sale-2", "a--b", "x" * 100])
def test_an_address_may_be_like_this(slug: str) -> None:
    assert pages.check_slug(slug) == slug


@pytest.mark.parametrize(
    "slug", ["", "/sale", "sale/", "a//b", "Sale", "a b", "-a", "a-", "ä", "a.html", "../a", "x" * 101]
)
def test_an_address_may_not_be_like_this(slug: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        pages.check_slug(slug)
    assert caught.value.fix


@pytest.mark.parametrize("slug", ["_l", "_l/a/x", "robots.txt", "favicon.ico", "healthz", "readyz", ".well-known/x"])
def test_some_addresses_are_reserved(slug: str) -> None:
    with pytest.raises(InvalidInput, match="is reserved"):
        pages.check_slug(slug)


@pytest.mark.parametrize("slug", ["new", "de/search", "jobs/b/edit", "a/b/history", "a/b/images/3/crop"])
def test_the_addresses_of_the_studios_screens_are_for_no_new_page(studio: Studio, slug: str) -> None:
    with pytest.raises(InvalidInput, match=f"'{slug}' is that of a screen of the studio") as caught:
        studio.upload({"index.html": PAGE}, slug=slug)
    assert f"for example to {slug.rpartition('/')[2]}-page" in caught.value.fix
    assert studio.slugs() == ["sale"]


def test_a_page_of_before_that_is_called_like_a_screen_is_still_worked_on(studio: Studio) -> None:
    with transaction(studio.engine) as session:
        studio.page(session).slug = "de/search"
    studio.upload({"index.html": EDITED}, slug="de/search", replace=True)
    studio.upload({"index.html": EDITED}, slug="de/search", key="b")
    assert studio.draft("de/search").source == EDITED


def test_pages_are_found_by_their_addresses(studio: Studio) -> None:
    with reading(studio.engine) as session:
        site = studio.site(session)
        page = pages.load_page(session, site, "sale")
        assert pages.page_address(site, page) == f"{HOST}/sale"
        assert pages.find_page(session, site, "nothing") is None
        assert list(pages.list_pages(session, site)) == [page]
        with pytest.raises(NotFound, match=f"no page at {HOST}/nothing"):
            pages.load_page(session, site, "nothing")


def test_saving_makes_the_next_version_and_keeps_the_last(studio: Studio) -> None:
    version = save(studio, EDITED, base=1)
    assert (version.number, version.created_by, version.path) == (2, "maya", "index.html")
    assert version.files.keys() == {"style.css"}
    with reading(studio.engine) as session:
        variant = pages.load_variant(session, studio.page(session), "a")
        assert [item.source for item in versions.list_versions(session, variant)] == [EDITED, PAGE]
        assert versions.load_draft(session, variant).number == 2
        assert list_entries(session)[0].details == {"variant": "a", "before": 1, "after": 2}


def test_saving_the_same_again_makes_no_version(studio: Studio) -> None:
    assert save(studio, PAGE, base=1).number == 1


def test_saving_over_somebody_elses_work_is_refused(studio: Studio) -> None:
    save(studio, EDITED, base=1, actor="otto")
    with pytest.raises(Conflict, match="otto saved version 2 of variant a while you worked on 1"):
        save(studio, PAGE + "<!-- mine -->", base=1)
    assert studio.draft().source == EDITED


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("  ", "is empty"),
        ("<p>\0", "no text"),
        ("<p>\ud800", "no text"),
        ("x" * (10 * 1024 * 1024 + 1), "more than 10 MiB"),
        ("<p><b>one\n</p>" * 2_000, "leaves so many elements like <b> or <font> open that by line"),
        ("<title>Sale</title>\n" + "<div>\n" * 600, "<div> in line 515 stands inside more than 512 other elements"),
    ],
)
def test_what_cannot_be_stored_is_refused(studio: Studio, source: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        save(studio, source)
    assert studio.draft().number == 1


def test_a_page_may_be_as_deep_as_browsers_go(studio: Studio) -> None:
    assert save(studio, "<div>" * 513 + "</div>" * 513).number == 2


def test_formatting_that_is_left_open_now_and_then_is_no_mistake(studio: Studio) -> None:
    sloppy = "<p><font size=2>one</p>" + "<p><b>two</b> <i>three</i> <a href=x>four</p>" * 500
    assert save(studio, sloppy * 5).number == 2


def test_a_copy_has_the_same_content_under_the_next_letter(studio: Studio) -> None:
    save(studio, EDITED)
    with transaction(studio.engine) as session:
        page = studio.page(session)
        assert versions.copy_variant(session, page, actor="maya", now=NOW).key == "b"
        assert versions.copy_variant(session, page, target="x", actor="maya", now=NOW).key == "x"
        assert versions.copy_variant(session, page, source="b", actor="maya", now=NOW).key == "c"
        assert [variant.key for variant in pages.list_variants(session, page)] == ["a", "b", "c", "x"]
    copy, original = studio.draft(key="b"), studio.draft(key="a")
    assert (copy.number, copy.note) == (1, "copy of a")
    assert (copy.source, copy.files, copy.links) == (original.source, original.files, original.links)


def test_a_letter_is_used_once_and_is_a_letter(studio: Studio) -> None:
    with pytest.raises(Conflict, match="already has a variant a"), transaction(studio.engine) as session:
        versions.copy_variant(session, studio.page(session), target="a", actor="maya", now=NOW)
    for target in ("", "B", "bb", "1", "é"):
        with pytest.raises(InvalidInput, match="cannot name a variant"), transaction(studio.engine) as session:
            versions.copy_variant(session, studio.page(session), target=target, actor="maya", now=NOW)
    with pytest.raises(NotFound, match=r"has no variant z\. Its variants are a"), transaction(studio.engine) as session:
        versions.copy_variant(session, studio.page(session), source="z", actor="maya", now=NOW)


def test_a_page_has_at_most_twenty_six_variants(studio: Studio) -> None:
    with transaction(studio.engine) as session:
        page: Page = studio.page(session)
        for _ in range(25):
            versions.copy_variant(session, page, actor="maya", now=NOW)
        with pytest.raises(Conflict, match="all 26 variants"):
            versions.copy_variant(session, page, actor="maya", now=NOW)
