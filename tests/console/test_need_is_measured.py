"""The line that says how many visitors a test needs rests on what the page has shown, as on the command line."""

import re

import pytest
from sqlalchemy import Engine

from experiments import planning
from lander.config import Settings
from lander.db import reading, transaction
from lander.pages.models import Page
from lander.pages.testing import start_experiment, stop_experiment
from tests.console.conftest import NOW, Browser, count_visitors, text_of

AT = "/experiments/new?page=go.localhost/spring-sale&take-a=on&take-b=on&weight-a=50&weight-b=50"


@pytest.fixture
def clicked(engine: Engine, settings: Settings, live: Page) -> Page:
    """The page after a test for clicks: 400 visitors a day, a fifth of whom clicked."""
    with transaction(engine) as session:
        plan = {"goal": "click", "selector": "a.call", "hypothesis": "Buggies.", "actor": "maya", "now": NOW}
        page = session.get_one(Page, live.id)
        experiment = start_experiment(session, settings, page=page, variants={"a": 5_000, "b": 5_000}, **plan)
    count_visitors(engine, experiment, a=(2_000, 400), b=(2_000, 400))
    with transaction(engine) as session:
        stop_experiment(session, settings, session.merge(experiment), ship=None, reason="Done.", actor="maya", now=NOW)
    return live


def need(maya: Browser, query: str) -> str:
    return text_of(maya.get(AT + query, **{"HX-Request": "true"})).strip()


def test_rate_traffic_and_coverage_are_those_of_the_page_and_the_plan(
    maya: Browser, clicked: Page, engine: Engine
) -> None:
    said = need(maya, "&goal=click&selector=a.call&coverage=50")
    assert "on a rate of 20.0 % (measured on this page)" in said
    with reading(engine) as session:
        plan = planning.plan_experiment(
            session, page_id=clicked.id, goal="click", selector="a.call", coverage_bp=5_000, now=NOW
        )
    assert said.startswith(plan.sentence())
    assert "Traffic 200 confirmed visitors a day" in said
    assert re.search(r"Chance to know within 28 days \S+ \d* ?%, if the lift is there", said)
    assert "Chance of a wrong call" in said
    assert "Chance of a false winner" in said
    assert plan.plan.days == -(-plan.plan.visitors // 200)


def test_clicks_on_something_else_say_nothing_of_the_rate(maya: Browser, clicked: Page) -> None:
    said = need(maya, "&goal=click&selector=a.other")
    assert "on a rate of 5.0 % (assumed)" in said
    assert "at the present traffic" in said


def test_a_coverage_that_is_no_number_and_a_lift_without_room_are_said(maya: Browser, clicked: Page) -> None:
    assert "The coverage is “half”, not a number." in need(maya, "&coverage=half")
    assert "No test can find a lift of that size" in need(maya, "&goal=click&selector=a.call&lift=900")


def test_without_visitors_yet_nobody_says_how_it_will_go(maya: Browser, live: Page) -> None:
    said = need(maya, "")
    assert "Traffic not known yet" in said
    assert "Chance" not in said


def test_without_javascript_a_button_works_it_out_and_keeps_what_was_typed(maya: Browser, clicked: Page) -> None:
    form = {
        "page": "go.localhost/spring-sale",
        "lift": "25",
        "hypothesis": "Fun & buggies",
        "work": "on",
        "goal": "form",
    }
    response = maya.post("/experiments/new", form)
    assert response.status_code == 303
    address = response.headers["Location"]
    assert "_csrf" not in address
    assert address.endswith("#need")
    screen = maya.get(address.partition("#")[0])
    assert "lift of +25 %" in text_of(screen)
    assert "Fun &amp; buggies" in screen.text
