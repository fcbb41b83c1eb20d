"""The next upload of the same variant: refused unless it is said to replace the draft."""

import pytest
from sqlmodel import Session

from lander.db import reading
from lander.errors import Conflict
from lander.pages import pages, versions
from tests.builders_content import PAGE, Studio

NEW = PAGE.replace("Sale</h1>", "Bigger sale</h1>")


def _numbers(session: Session, studio: Studio, slug: str = "sale") -> list[int]:
    return [
        version.number
        for version in versions.list_versions(session, pages.load_variant(session, studio.page(session, slug), "a"))
    ]


def test_a_variant_that_is_there_is_not_written_over_by_chance(studio: Studio) -> None:
    studio.upload({"index.html": PAGE})
    with pytest.raises(Conflict, match="--replace"):
        studio.upload({"index.html": NEW})
    with reading(studio.engine) as session:
        assert _numbers(session, studio) == [1]


def test_a_replacing_upload_becomes_the_next_version_of_the_variant(studio: Studio) -> None:
    studio.upload({"index.html": PAGE, "thanks.html": PAGE})
    report = studio.upload({"index.html": NEW, "thanks.html": PAGE}, replace=True)
    assert [(page.slug, page.version) for page in report.pages] == [("sale", 2), ("sale/thanks", 1)]
    with reading(studio.engine) as session:
        assert sorted(_numbers(session, studio)) == [1, 2]
        variant = pages.load_variant(session, studio.page(session), "a")
        assert versions.load_draft(session, variant).source == NEW


def test_a_page_beside_it_gets_its_next_version_too(studio: Studio) -> None:
    studio.upload({"index.html": PAGE, "thanks.html": PAGE})
    studio.upload({"index.html": PAGE, "thanks.html": NEW}, replace=True)
    with reading(studio.engine) as session:
        assert sorted(_numbers(session, studio, "sale/thanks")) == [1, 2]
