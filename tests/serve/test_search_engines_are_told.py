"""robots.txt and sitemap.xml: only pages that may be found, at their own addresses, with the database away."""

from xml.etree import ElementTree

import pytest

from lander import headers
from lander.catalog import Listing
from lander.published import PublishedVariant
from tests.serve.stage import HOST, OTHER_HOST, Stage, variant

NAMESPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
SINCE = "2026-11-21T09:00:00Z"


def findable(key: str) -> PublishedVariant:
    page = variant(key)
    shown = headers.page_headers({"sandbox": headers.SANDBOX}, scheme="https", noindex=False)
    return PublishedVariant(page.key, page.segments, shown, page.forms)


@pytest.fixture
def stage(stage: Stage) -> Stage:
    """One page that may be found, one that says noindex though it is listed, and one that is listed and not live."""
    stage.listings = [Listing(path, SINCE) for path in ("/hidden", "/spring-sale", "/withdrawn")]
    stage.publish("/hidden", page_id=2)
    stage.publish(variants=[findable("a"), findable("b")])
    return stage


def test_the_sitemap_names_what_may_be_found_and_since_when(stage: Stage) -> None:
    answer = stage.ask("/sitemap.xml")
    assert (answer.status_code, answer.mimetype) == (200, "application/xml")
    (url,) = ElementTree.fromstring(answer.text)
    assert [item.tag for item in url] == [f"{NAMESPACE}loc", f"{NAMESPACE}lastmod"]
    assert [item.text for item in url] == ["https://go.example.com/spring-sale", SINCE]


def test_robots_are_led_to_the_sitemap(stage: Stage) -> None:
    lines = stage.ask("/robots.txt").text.splitlines()
    assert lines == ["User-agent: *", "Disallow:", "", "Sitemap: https://go.example.com/sitemap.xml"]


def test_on_a_laptop_the_port_belongs_to_the_address(stage: Stage) -> None:
    assert "https://go.example.com:8443/sitemap.xml" in stage.ask("/robots.txt", host=f"{HOST}:8443").text
    assert "https://go.example.com:8443/spring-sale" in stage.ask("/sitemap.xml", host=f"{HOST}:8443").text


def test_where_nothing_may_be_found_there_is_no_sitemap_and_robots_names_none(stage: Stage) -> None:
    assert stage.ask("/sitemap.xml", host=OTHER_HOST).status_code == 404
    assert "Sitemap" not in stage.ask("/robots.txt", host=OTHER_HOST).text


def test_a_variant_that_must_not_be_found_hides_its_page(stage: Stage) -> None:
    stage.publish(variants=[findable("a"), variant("b")])
    assert stage.ask("/sitemap.xml").status_code == 404
