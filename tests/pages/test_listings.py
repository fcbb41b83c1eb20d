"""What the sitemap of a site names: live pages that may be found and speak for themselves, since when they are as they are."""

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from lander.catalog import Listing, load_catalog
from lander.pages import publish
from lander.pages.deploy import materialise
from lander.pages.models import Page, Site
from tests.pages.publishing import MAYA, NOW, PAGE, add_page, add_site, make_settings


@pytest.fixture
def site(session: Session) -> Site:
    return add_site(session)


def add(session: Session, site: Site, folder: Path, slug: str, **fields: Any) -> Page:
    """A live page with these settings."""
    page = add_page(session, site, {"a": PAGE}, slug=slug)
    for name, value in fields.items():
        setattr(page, name, value)
    publish.publish(session, make_settings(folder), page, actor=MAYA, now=NOW)
    return page


def listed(session: Session, folder: Path) -> list[Listing]:
    materialise(session, folder / "published")
    return list(load_catalog(folder / "published").listings.get("go.example.com", ()))


def test_live_pages_that_may_be_found_are_listed_with_their_time(session: Session, site: Site, tmp_path: Path) -> None:
    add(session, site, tmp_path, "hidden")
    add(session, site, tmp_path, "found", noindex=False)
    withdrawn = add(session, site, tmp_path, "withdrawn", noindex=False)
    publish.withdraw(session, withdrawn, actor=MAYA, now=NOW)
    add_page(session, site, {"a": PAGE}, slug="draft").noindex = False
    assert listed(session, tmp_path) == [Listing("/found", "2026-11-21T09:00:00Z")]


@pytest.mark.parametrize(
    ("canonical", "is_listed"),
    [
        ("", True),
        ("/page", True),
        ("https://go.example.com/page", True),
        ("/other", False),
        ("https://www.example.com/page", False),
    ],
)
def test_a_page_that_names_another_one_is_left_out(
    session: Session, site: Site, tmp_path: Path, canonical: str, *, is_listed: bool
) -> None:
    add(session, site, tmp_path, "page", noindex=False, meta={"canonical": canonical})
    assert bool(listed(session, tmp_path)) is is_listed
