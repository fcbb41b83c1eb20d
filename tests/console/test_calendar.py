"""The calendar: schedules, freezes and tests on their days, by the clocks of the site's zone."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from experiments.models import Experiment
from lander.db import transaction
from lander.pages.models import Page, Schedule, Site
from lander.policy.store import apply_policy
from tests.console.conftest import NOW, Browser, count_visitors, on_both, text_of

pytestmark = on_both


def schedule(engine: Engine, page: Page, at: datetime, *, state: str = "waiting", action: str = "publish") -> None:
    with transaction(engine) as session:
        assert page.id is not None
        session.add(
            Schedule(
                page_id=page.id,
                action=action,
                at=at,
                state=state,
                created_at=NOW - timedelta(days=99),
                created_by="maya",
            )
        )


def freeze(engine: Engine, begins: str, ends: str) -> None:
    text = f'[lifecycle]\nfreezes = [{{from = {begins}, to = {ends}, reason = "Christmas <b>rest</b>"}}]\n'
    with transaction(engine) as session:
        apply_policy(session, text, actor="ivan", now=NOW)


def day(maya: Browser, date: str, *, query: str = "") -> str:
    """What stands in the cell of that day."""
    screen = maya.get(f"/calendar?month={date[:7]}{query}").text
    cells = re.findall(r"<td.*?</td>", screen, re.DOTALL)
    (cell,) = (str(cell) for cell in cells if f'datetime="{date}"' in cell)
    return cell


def test_a_schedule_stands_on_its_day_in_the_sites_zone(maya: Browser, engine: Engine, page: Page) -> None:
    schedule(engine, page, datetime(2027, 1, 14, 23, 30, tzinfo=UTC))
    assert "<b>00:30</b> " in day(maya, "2027-01-15")
    assert "Publish" in day(maya, "2027-01-15")
    assert "Publish" not in day(maya, "2027-01-14")
    assert "By the clocks of Europe/Berlin." in text_of(maya.get("/calendar"))


def test_one_that_failed_says_so_and_a_cancelled_one_is_gone(maya: Browser, engine: Engine, page: Page) -> None:
    schedule(engine, page, datetime(2027, 1, 14, 12, tzinfo=UTC), state="failed")
    schedule(engine, page, datetime(2027, 1, 16, 12, tzinfo=UTC), state="cancelled")
    assert "Publish: could not be done" in day(maya, "2027-01-14")
    assert "Publish" not in day(maya, "2027-01-16")


def test_a_freeze_covers_each_of_its_days_and_says_why(maya: Browser, engine: Engine, page: Page) -> None:
    freeze(engine, "2026-12-23T18:00:00+01:00", "2026-12-26T00:00:00+01:00")
    assert "<b>18:00</b> " in day(maya, "2026-12-23")
    for date in ("2026-12-23", "2026-12-24", "2026-12-25"):
        assert "Nothing new goes live until 26 Dec 2026, 00:00" in day(maya, date)
        assert "Christmas &lt;b&gt;rest&lt;/b&gt;" in day(maya, date)
    for date in ("2026-12-22", "2026-12-26"):
        assert "Nothing new" not in day(maya, date)


def test_a_freeze_without_an_end_in_sight_is_cut_to_the_month(maya: Browser, engine: Engine, page: Page) -> None:
    freeze(engine, "2026-01-01T00:00:00Z", "2199-01-01T00:00:00Z")
    assert maya.get("/calendar?month=2027-02").text.count("Nothing new goes live until 1 Jan 2199, 01:00") == 28


@pytest.mark.parametrize("ends", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "9999-01-01T00:00:00Z"])
def test_a_freeze_to_the_end_of_time_lasts_until_further_notice(
    maya: Browser, engine: Engine, page: Page, ends: str
) -> None:
    freeze(engine, "0001-01-01T00:00:00+14:00", ends)
    assert maya.get("/calendar?month=2027-02").text.count("Nothing new goes live until further notice") == 28
    assert "Nothing new goes live until further notice" in text_of(maya.get("/"))
    for path in ("/policy", "/schedules"):
        assert maya.get(path).status_code == 200


def test_a_test_stands_where_it_has_enough_at_this_rate(maya: Browser, engine: Engine, experiment: Experiment) -> None:
    count_visitors(engine, experiment, a=(400, 45), b=(401, 42), days=3)
    wanted = "spring-sale-1 has enough to be read, at this rate"
    months = {(NOW + timedelta(days=days)).strftime("%Y-%m") for days in range(1, 20)}
    assert sum(maya.get(f"/calendar?month={month}").text.count(wanted) for month in months) >= 1
    assert wanted in text_of(maya.get("/"))


@pytest.mark.parametrize("month", ["", "2026-13", "x", "1999-01", "9999-12", "2026-1", "\x00", "-1"])
def test_a_month_that_is_none_is_this_one(maya: Browser, page: Page, month: str) -> None:
    response = maya.client.get(
        "/calendar",
        query_string={"month": month},
        base_url="http://studio.localhost:8000",
        headers=maya._surroundings(),
    )
    today = NOW.astimezone(ZoneInfo("Europe/Berlin"))
    assert response.status_code == 200
    assert f"<h1>{today:%B %Y}</h1>" in response.text


def test_months_lead_to_those_beside_them(maya: Browser, site: Site) -> None:
    screen = maya.get("/calendar?month=2027-01").text
    assert 'href="/calendar?month=2026-12"' in screen
    assert 'href="/calendar?month=2027-02"' in screen
    assert "Nothing has a date in this month." in screen


def test_without_a_site_there_is_an_empty_month(maya: Browser) -> None:
    assert "By the clocks of UTC." in text_of(maya.get("/calendar"))
