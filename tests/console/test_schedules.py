"""Maya lets things happen at a time: publishing, taking away, starting and ending a test; she cancels, and sees what failed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from experiments import lifecycle
from experiments.goals import Goal, GoalKind, Role
from experiments.models import Experiment
from lander.config import Settings
from lander.db import transaction
from lander.pages.models import Page, Schedule
from lander.pages.schedules import carry_out
from lander.policy.store import apply_policy
from tests.console.conftest import NOW, Browser, on_both, text_of

pytestmark = on_both
NEW = "/schedules/new"
TOMORROW = (NOW + timedelta(days=1)).astimezone(ZoneInfo("Europe/Berlin"))
WHEN = {"page": "go.localhost/spring-sale", "date": f"{TOMORROW:%Y-%m-%d}", "time": "09:30"}
PLAN = {
    "take-a": "on",
    "weight-a": "50",
    "take-b": "on",
    "weight-b": "50",
    "coverage": "100",
    "goal": "form",
    "hypothesis": "Buggies bring more",
    **WHEN,
    "later": "on",
}


@pytest.fixture
def find(engine: Engine) -> Callable[[], list[Schedule]]:
    """Every schedule, in the order they were made."""

    def look() -> list[Schedule]:
        with Session(engine) as session:
            return list(session.exec(select(Schedule).order_by(col(Schedule.id))))

    return look


def at() -> datetime:
    return TOMORROW.replace(hour=9, minute=30, second=0, microsecond=0)


def test_publishing_is_scheduled_by_the_clocks_of_the_site(
    maya: Browser, page: Page, find: Callable[[], list[Schedule]]
) -> None:
    assert 'href="/schedules/new?page=go.localhost%2Fspring-sale&amp;action=publish"' in (
        maya.get("/pages/spring-sale").text
    )
    screen = maya.get(f"{NEW}?page=go.localhost/spring-sale&action=publish")
    assert "By the clocks of Europe/Berlin." in text_of(screen)
    answer = maya.post(NEW, {**WHEN, "action": "publish"})
    assert answer.headers["Location"] == "/schedules?notice=scheduled"
    (made,) = find()
    assert (made.action, made.at, made.created_by, made.state) == ("publish", at(), "maya", "waiting")
    for path in ("/schedules", "/pages/spring-sale", f"{NEW}?page=go.localhost/spring-sale"):
        assert "09:30 (Europe/Berlin)" in text_of(maya.get(path))


def test_it_is_cancelled(maya: Browser, page: Page, find: Callable[[], list[Schedule]]) -> None:
    maya.post(NEW, {**WHEN, "action": "publish"})
    (made,) = find()
    answer = maya.post(f"/schedules/{made.id}/cancel")
    assert answer.headers["Location"] == "/schedules?notice=cancelled"
    assert find()[0].state == "cancelled"
    assert "cancelled" in text_of(maya.get("/schedules"))
    assert maya.post(f"/schedules/{made.id}/cancel").status_code == 409
    assert maya.post("/schedules/999/cancel").status_code == 404


def test_what_stands_in_its_way_now_is_told_at_once(maya: Browser, page: Page) -> None:
    answer = maya.post(NEW, {**WHEN, "action": "withdraw"})
    assert "As things stand it would not be done then: go.localhost/spring-sale is not live." in text_of(
        maya.get(answer.headers["Location"])
    )


def test_a_start_is_scheduled_where_it_is_planned(
    maya: Browser, live: Page, find: Callable[[], list[Schedule]], session: Session
) -> None:
    assert "Schedule the start" in maya.get("/experiments/new?page=go.localhost/spring-sale").text
    answer = maya.post("/experiments/new", PLAN)
    assert answer.headers["Location"] == "/schedules?notice=scheduled"
    assert lifecycle.list_experiments(session) == []
    assert "Start a test of A and B" in text_of(maya.get("/schedules"))
    assert find()[0].options["variants"] == {"a": 5000, "b": 5000}


def test_a_scheduled_start_counts_its_further_goals(
    maya: Browser, engine: Engine, settings: Settings, live: Page, find: Callable[[], list[Schedule]]
) -> None:
    further = {"goal-1-kind": "scroll", "goal-1-target": "75", "goal-1-role": "guardrail", "goal-1-margin": "2"}
    assert maya.post("/experiments/new", {**PLAN, **further}).headers["Location"] == "/schedules?notice=scheduled"
    with transaction(engine) as session:
        done = carry_out(session, settings, find()[0].id or 0, now=at())
        assert done is not None
        assert done.outcome == "spring-sale-1 is running."
    goal = Goal(GoalKind.SCROLL, threshold=75, role=Role.GUARDRAIL, margin=0.02, key="scroll-2")
    with Session(engine) as session:
        assert lifecycle.further_goals(lifecycle.load(session, "spring-sale-1")) == (goal,)


def test_a_start_at_no_time_is_refused_at_its_field(maya: Browser, live: Page) -> None:
    answer = maya.post("/experiments/new", {**PLAN, "date": ""})
    assert answer.status_code == 422
    assert 'href="#date"' in answer.text


def test_the_end_of_a_test_is_decided_now_and_done_then(
    maya: Browser, experiment: Experiment, find: Callable[[], list[Schedule]]
) -> None:
    maya.post("/pages/spring-sale/b/name", {"name": "Buggies"})
    assert "action=stop" in maya.get("/experiments/spring-sale-1").text
    screen = text_of(maya.get(f"{NEW}?page=go.localhost/spring-sale&action=stop"))
    assert "Ship B (Buggies): its content becomes the page" in screen
    ending: dict[str, Any] = {**WHEN, "action": "stop", "decision": "b", "reason": "The sale is over"}
    for missing, said in (("decision", "Nothing is decided yet."), ("reason", "There is no reason yet.")):
        refused = maya.post(NEW, {**ending, missing: ""})
        assert refused.status_code == 422
        assert said in text_of(refused)
    maya.post(NEW, ending)
    assert find()[0].options == {"experiment": "spring-sale-1", "reason": "The sale is over", "ship": "b"}
    assert "End spring-sale-1, B ships" in text_of(maya.get("/schedules"))


def test_publishing_during_a_test_asks_what_it_means(
    maya: Browser, experiment: Experiment, find: Callable[[], list[Schedule]]
) -> None:
    refused = maya.post(NEW, {**WHEN, "action": "publish"})
    assert refused.status_code == 422
    assert "not said what publishing means to the test" in text_of(refused)
    maya.post(NEW, {**WHEN, "action": "publish", "during_test": "annotate"})
    assert find()[0].options["during_test"] == "annotate"


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ({"date": ""}, 422, "“” is not a date."),
        ({"time": "noon"}, 422, "“noon” is not a time of day."),
        ({"date": "2020-01-01"}, 422, "That time has passed."),
        ({"date": f"{TOMORROW.year + 3}-01-01"}, 422, "more than a year from now"),
        ({"action": "stop"}, 422, "No test runs on this page."),
        ({"action": "start"}, 404, "cannot be scheduled here"),
        ({"page": "go.localhost/nothing"}, 404, "There is no page"),
        ({"page": ""}, 404, "no site"),
    ],
)
def test_what_cannot_be_scheduled_is_said(
    maya: Browser, page: Page, find: Callable[[], list[Schedule]], *, typed: dict[str, str], status: int, said: str
) -> None:
    answer = maya.post(NEW, {**WHEN, "action": "publish", **typed})
    assert answer.status_code == status
    assert said in text_of(answer)
    assert find() == []


def test_a_clock_that_changes_is_named(maya: Browser, page: Page) -> None:
    year = NOW.year + (NOW.month > 3)
    last_sunday = next(day for day in range(31, 24, -1) if datetime(year, 3, day, tzinfo=NOW.tzinfo).weekday() == 6)
    answer = maya.post(NEW, {**WHEN, "action": "publish", "date": f"{year}-03-{last_sunday}", "time": "02:30"})
    assert f"02:30 does not exist on {last_sunday} Mar {year}" in text_of(maya.get(answer.headers["Location"]))


def test_a_freeze_is_shown_and_refused_with_its_reason(
    maya: Browser, page: Page, engine: Engine, find: Callable[[], list[Schedule]]
) -> None:
    freeze = (
        f"[lifecycle]\nfreezes = [{{from = {NOW.isoformat()}, to = {(NOW + timedelta(days=9)).isoformat()}, "
        'reason = "Black Friday"}]\n'
    )
    with transaction(engine) as session:
        apply_policy(session, freeze, actor="ivan", now=NOW)
    assert "no test is started: Black Friday." in text_of(maya.get(f"{NEW}?page=go.localhost/spring-sale"))
    refused = maya.post(NEW, {**WHEN, "action": "publish"})
    assert refused.status_code == 409
    assert "no test is started: Black Friday. Do it after that" in text_of(refused)
    now = maya.post("/pages/spring-sale/publish")
    assert now.status_code == 409
    assert "Black Friday" in text_of(now)
    assert find() == []


def test_what_failed_stands_on_home_until_it_is_put_aside(
    maya: Browser, ana: Browser, page: Page, *, engine: Engine, settings: Settings, find: Callable[[], list[Schedule]]
) -> None:
    maya.post(NEW, {**WHEN, "action": "withdraw"})
    (made,) = find()
    assert made.id is not None
    with transaction(engine) as session:
        carry_out(session, settings, made.id, now=at())
    said = text_of(maya.get("/"))
    assert "go.localhost/spring-sale: “Take away” was not done." in said
    assert "go.localhost/spring-sale is not live. There is nothing to take away." in said
    assert "was not done" not in text_of(ana.get("/"))
    assert maya.post(f"/schedules/{made.id}/cancel").headers["Location"] == "/schedules?notice=put-aside"
    assert "was not done" not in text_of(maya.get("/"))


def test_each_role_schedules_what_it_may_do(
    maya: Browser, ana: Browser, ivan: Browser, experiment: Experiment, find: Callable[[], list[Schedule]]
) -> None:
    ending = {**WHEN, "action": "stop", "decision": "keep", "reason": "Enough"}
    publishing = {**WHEN, "action": "publish", "during_test": "annotate"}
    withdrawing = {**WHEN, "action": "withdraw"}
    assert ana.post(NEW, publishing).status_code == ana.post(NEW, withdrawing).status_code == 403
    assert ivan.post(NEW, publishing).status_code == ivan.post(NEW, ending).status_code == 403
    assert ana.post(NEW, ending).status_code == ivan.post(NEW, withdrawing).status_code == 303
    by_ana, by_ivan = find()
    assert ivan.post(f"/schedules/{by_ana.id}/cancel").status_code == 403
    assert ana.post(f"/schedules/{by_ivan.id}/cancel").status_code == 403
    assert maya.post(f"/schedules/{by_ivan.id}/cancel").status_code == 303
