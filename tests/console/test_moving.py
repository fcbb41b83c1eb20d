"""Renaming and retiring a page in the studio, and the pages that say the same."""

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from experiments.models import Experiment
from lander.db import transaction
from lander.pages.models import Page, Site
from lander.pages.redirects import list_redirects
from lander.policy.store import apply_policy
from tests.console.conftest import HTML, NOW, Browser, build_page, on_both, text_of

pytestmark = on_both


def table(session: Session, site: Site) -> dict[str, str]:
    return {item.path: f"{item.status} {item.target}".strip() for item in list_redirects(session, site)}


def test_a_page_is_renamed_and_says_what_became_of_the_old_address(
    maya: Browser, session: Session, live: Page, site: Site
) -> None:
    assert "/pages/spring-sale/rename" in maya.get("/pages/spring-sale").text
    assert "is led to the new address (301)" in text_of(maya.get("/pages/spring-sale/rename"))
    answer = maya.post("/pages/spring-sale/rename", {"slug": "big-sale"})
    assert answer.headers["Location"].startswith("/pages/big-sale")
    assert "go.localhost/spring-sale leads to /big-sale now (301)" in text_of(maya.get(answer.headers["Location"]))
    assert table(session, site) == {"/spring-sale": "301 /big-sale"}


def test_a_redirect_at_the_new_address_goes_only_once_that_is_ticked(
    maya: Browser, session: Session, live: Page, site: Site
) -> None:
    flyer = {"from": "/autumn", "to": "https://www.localhost/autumn", "status": "301", "note": "print flyer 2025"}
    maya.post("/redirects/edit", flyer)
    asked = maya.post("/pages/spring-sale/rename", {"slug": "autumn"})
    assert asked.status_code == 409
    assert "/autumn (301, “print flyer 2025”) → https://www.localhost/autumn" in text_of(asked)
    assert table(session, site) == {"/autumn": "301 https://www.localhost/autumn"}
    session.rollback()
    assert maya.post("/pages/spring-sale/rename", {"slug": "autumn", "over": "another"}).status_code == 409
    done = maya.post("/pages/spring-sale/rename", {"slug": "autumn", "over": "autumn"})
    assert "Taken away, because the page answers there: /autumn (301, “print flyer 2025”)" in text_of(
        maya.get(done.headers["Location"])
    )
    assert table(session, site) == {"/spring-sale": "301 /autumn"}


def test_going_back_to_an_earlier_address_asks_nothing(maya: Browser, session: Session, live: Page, site: Site) -> None:
    maya.post("/pages/spring-sale/rename", {"slug": "big-sale"})
    assert maya.post("/pages/big-sale/rename", {"slug": "spring-sale"}).status_code == 303
    assert table(session, site) == {"/big-sale": "301 /spring-sale"}


def test_a_running_test_is_told_to_go_on(maya: Browser, experiment: Experiment) -> None:
    assert "every visitor stays in their variant" in text_of(maya.get("/pages/spring-sale/rename"))
    assert maya.post("/pages/spring-sale/rename", {"slug": "big-sale"}).status_code == 303
    assert maya.get(f"/experiments/{experiment.key}").status_code == 200
    assert "go.localhost/big-sale" in text_of(maya.get(f"/experiments/{experiment.key}"))


@pytest.mark.parametrize("slug", ["Big Sale", "", "_l", "spring-sale", "taken"])
def test_a_name_that_cannot_be_is_refused_beside_its_field(
    maya: Browser, engine: Engine, live: Page, site: Site, slug: str
) -> None:
    build_page(engine, site, "taken", a=HTML)
    answer = maya.post("/pages/spring-sale/rename", {"slug": slug})
    assert answer.status_code in (409, 422)
    assert 'id="slug-error-1"' in answer.text


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ({"choice": "elsewhere", "target": "https://www.localhost/x"}, "301 https://www.localhost/x"),
        ({"choice": "fallback", "fallback": "https://www.localhost/"}, "302 https://www.localhost/"),
        ({"choice": "gone", "target": "/ignored"}, "410"),
    ],
)
def test_a_page_is_retired_and_put_back(
    maya: Browser, session: Session, live: Page, site: Site, *, fields: dict[str, str], left: str
) -> None:
    answer = maya.post("/pages/spring-sale/retire", fields)
    shown = maya.get(answer.headers["Location"])
    assert "Retired. Its visitors are sent on" in text_of(shown)
    assert "Put the page back" in text_of(shown)
    assert table(session, site) == {"/spring-sale": left}
    session.rollback()
    back = maya.post("/pages/spring-sale/put-back")
    assert "Put back." in text_of(maya.get(back.headers["Location"]))
    assert table(session, site) == {}


def test_what_keeps_a_page_from_being_put_back_is_listed(
    maya: Browser, engine: Engine, session: Session, live: Page, site: Site
) -> None:
    maya.post("/pages/spring-sale/retire", {"choice": "gone"})
    with transaction(engine) as writing:
        apply_policy(writing, '[forms]\nfield_types = ["name"]\n', actor="ivan", now=NOW)
    answer = maya.post("/pages/spring-sale/put-back")
    assert answer.status_code == 422
    assert "What stands in the way is listed." in text_of(answer)
    assert "email" in text_of(answer)
    assert table(session, site) == {"/spring-sale": "410"}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "choice"),
        ({"choice": "elsewhere"}, "target"),
        ({"choice": "elsewhere", "target": "/spring-sale"}, "target"),
        ({"choice": "elsewhere", "target": "/typo-no-page"}, "target"),
        ({"choice": "fallback", "fallback": "/typo-no-page"}, "fallback"),
        ({"choice": "fallback", "fallback": "http://www.localhost/"}, "fallback"),
    ],
)
def test_it_is_not_retired_to_nowhere(
    maya: Browser, session: Session, live: Page, site: Site, *, fields: dict[str, str], field: str
) -> None:
    answer = maya.post("/pages/spring-sale/retire", fields)
    assert (answer.status_code, f'id="{field}-error-1"' in answer.text) == (422, True)
    assert table(session, site) == {}


def test_a_page_under_test_is_not_retired(maya: Browser, experiment: Experiment) -> None:
    answer = maya.post("/pages/spring-sale/retire", {"choice": "gone"})
    assert (answer.status_code, "Stop it first" in text_of(answer)) == (409, True)


def test_pages_that_say_the_same_are_shown_in_groups(maya: Browser, engine: Engine, live: Page, site: Site) -> None:
    assert "No two pages of go.localhost say the same." in text_of(maya.get("/duplicates"))
    build_page(engine, site, "copy", a=HTML)
    shown = text_of(maya.get("/duplicates"))
    assert "2 pages like /spring-sale" in shown
    assert "/copy 100 % Draft" in shown
    assert "/duplicates" in maya.get("/pages").text
