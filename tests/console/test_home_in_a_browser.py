"""Home, calendar and search in a real Chromium: by keyboard, without JavaScript, on a phone, in light and dark."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect
from sqlalchemy import Engine

from experiments.models import Experiment
from lander.db import transaction
from lander.leads.models import Lead
from lander.pages.models import Page, Schedule
from lander.policy.store import apply_policy
from tests.console.conftest import NOW, count_visitors
from tests.console.test_in_a_browser import _vendor_is_there, open_tab, origin  # noqa: F401  fixtures
from tests.screens import look_at

pytestmark = pytest.mark.browser


@pytest.fixture
def busy(engine: Engine, live: Page, experiment: Experiment) -> None:
    """A studio on a day on which much is due."""
    count_visitors(engine, experiment, a=(400, 45), b=(401, 42), days=3)
    begins, ends = ((NOW + timedelta(days=days)).isoformat() for days in (2, 4))
    freeze = f'{{from = {begins}, to = {ends}, reason = "Christmas"}}'
    with transaction(engine) as session:
        apply_policy(session, f"[lifecycle]\nfreezes = [{freeze}]\n", actor="ivan", now=NOW)
        assert live.id is not None
        for state, days, outcome in (("waiting", 1, ""), ("waiting", 5, ""), ("failed", -1, "The title is missing.")):
            at = NOW + timedelta(days=days)
            session.add(
                Schedule(
                    page_id=live.id,
                    action="publish",
                    at=at,
                    state=state,
                    outcome=outcome,
                    created_at=NOW,
                    created_by="maya",
                )
            )
        for number in range(21):
            session.add(
                Lead(
                    id=f"lead-{number}",
                    page_id=live.id,
                    host="go.localhost",
                    path="/spring-sale",
                    form="f1",
                    variant="a",
                    sealed="",
                    spam=number > 0,
                    received_at=NOW,
                )
            )


def test_a_slash_leads_to_the_search_from_any_screen(open_tab: Callable[..., Tab], origin: str, live: Page) -> None:  # noqa: F811
    tab = open_tab()
    for address in ("/", "/policy"):
        tab.goto(f"{origin}{address}")
        tab.keyboard.press("/")
        expect(tab.get_by_label("Search everything")).to_be_focused()
        expect(tab.get_by_label("Search everything")).to_have_value("")
        tab.keyboard.type("everybody")
        tab.keyboard.press("Enter")
        expect(tab.get_by_role("heading", name="Found for “everybody”")).to_be_visible()
        tab.keyboard.press("Escape")
    tab.get_by_role("link", name="go.localhost/spring-sale").click()
    tab.wait_for_url("**/pages/spring-sale**")


def test_a_slash_that_is_typed_stays_a_slash(open_tab: Callable[..., Tab], origin: str, live: Page) -> None:  # noqa: F811
    tab = open_tab()
    tab.goto(f"{origin}/pages/new")
    tab.get_by_label("Address").fill("")
    tab.get_by_label("Address").press("/")
    expect(tab.get_by_label("Address")).to_have_value("/")
    tab.get_by_label("Search everything").focus()
    tab.keyboard.type("a/b")
    expect(tab.get_by_label("Search everything")).to_have_value("a/b")


def test_without_javascript_it_is_a_form_and_a_table(
    open_tab: Callable[..., Tab],  # noqa: F811
    origin: str,  # noqa: F811
    busy: None,
) -> None:
    tab = open_tab(java_script_enabled=False)
    tab.get_by_label("Search everything").fill("bumpers")
    tab.get_by_label("Search everything").press("Enter")
    expect(tab.get_by_role("link", name="go.localhost/spring-sale")).to_be_visible()
    tab.goto(f"{origin}/")
    tab.get_by_role("link", name="See the month").click()
    tab.get_by_role("link", name="Month after").click()
    tab.get_by_role("link", name="This month").click()
    month = datetime.now(ZoneInfo("Europe/Berlin"))
    expect(tab.get_by_role("heading", level=1)).to_have_text(f"{month:%B %Y}")


def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    open_tab: Callable[..., Tab],  # noqa: F811
    origin: str,  # noqa: F811
    busy: None,
) -> None:
    tab = open_tab()
    for address in ("/", "/calendar", "/search?q=spring-sale", "/search?q=zzz"):
        tab.goto(f"{origin}{address}")
        look_at(tab)
