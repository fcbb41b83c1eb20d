"""Behind /pages/ stand pages of any address and the studio's own screens: none is shown in the place of another."""

import random
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlmodel import Session
from werkzeug.routing import Rule

from lander.db import transaction
from lander.errors import InvalidInput
from lander.pages.models import Page, Site
from lander.pages.pages import check_new_slug, check_slug, find_page
from tests.console.conftest import Browser, text_of
from tests.console.test_upload_a_page import send

PLACE = "/pages/<path:slug>"
FILLED = {"<string(length=1):key>": "b", "<int:number>": "3"}
ODD = ("a", "b", "1", "new", "jobs", "3", "put-back")


def rules_of(studio: Flask) -> list[Rule]:
    return [rule for rule in studio.url_map.iter_rules() if rule.rule.startswith("/pages/")]


def tail_of(rule: Rule) -> str:
    """What stands behind the slug: /search, /b/images/3/crop."""
    tail = rule.rule.removeprefix(PLACE)
    for name, value in FILLED.items():
        tail = tail.replace(name, value)
    assert "<" not in tail, f"Say in FILLED what stands for a part of {rule.rule}."
    return tail


def addresses(studio: Flask, count: int) -> Iterator[str]:
    """Addresses made of what the studio's own are made of, where a mix-up is likeliest."""
    words = sorted({part for rule in rules_of(studio) for part in tail_of(rule).split("/") if part} | set(ODD))
    rng = random.Random(6)
    for _ in range(count):
        slug = "/".join(rng.choice(words) for _ in range(rng.randint(1, 5)))
        try:
            yield check_new_slug(slug)
        except InvalidInput:
            continue


def test_no_new_page_may_be_called_like_a_screen(studio: Flask) -> None:
    screens = [rule for rule in rules_of(studio) if "GET" in (rule.methods or ()) and rule.rule != PLACE]
    assert len(screens) > 12
    for rule in screens:
        own = rule.rule.removeprefix("/pages/")
        for slug in [own] if "<" not in own else [f"jobs{tail_of(rule)}", f"de/a/jobs{tail_of(rule)}"]:
            assert check_slug(slug)
            with pytest.raises(InvalidInput, match="screen of the studio"):
                check_new_slug(slug)


def test_a_page_that_may_be_is_opened_with_all_its_screens_and_buttons(studio: Flask) -> None:
    door = studio.url_map.bind("studio.localhost")
    rules = [rule for rule in rules_of(studio) if rule.rule.startswith(PLACE)]
    slugs = list(addresses(studio, 400))
    assert len(slugs) > 200
    for slug in slugs:
        for rule in rules:
            for method in (rule.methods or set()) & {"GET", "POST"}:
                endpoint, values = door.match(f"/pages/{slug}{tail_of(rule)}", method=method)
                assert (endpoint, values["slug"]) == (rule.endpoint, slug), (method, slug, rule.rule)


def test_maya_is_told_which_address_to_take_instead(maya: Browser, site: Site, session: Session) -> None:
    refused = send(maya, slug="de/search")
    assert refused.status_code == 422
    assert "The address 'de/search' is that of a screen of the studio" in text_of(refused)
    assert "for example to search-page" in text_of(refused)
    assert find_page(session, site, "de/search") is None


def test_a_page_from_before_that_is_called_so_is_renamed(maya: Browser, page: Page, studio: Flask) -> None:
    with transaction(studio.extensions["lander"].engine) as session:
        session.get_one(Page, page.id).slug = "de/search"
    assert maya.get("/pages/de/search/rename").status_code == 200
    assert maya.post("/pages/de/search/rename", {"slug": "de/find"}).status_code == 303
    assert maya.get("/pages/de/find").status_code == 200
