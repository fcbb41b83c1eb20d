"""The first screen: what needs somebody, and what goes on by itself."""

from sqlalchemy import Engine

from experiments.models import Experiment
from lander.pages.models import Page, Site
from tests.console.conftest import HTML, Browser, build_page, count_visitors, text_of


def test_an_empty_studio_says_three_steps(maya: Browser, ivan: Browser) -> None:
    assert "Three steps to the first page" in text_of(maya.get("/"))
    assert 'href="/pages/new"' in maya.get("/").text
    assert 'href="/pages/new"' not in ivan.get("/").text


def test_a_decision_that_is_due_comes_first(maya: Browser, engine: Engine, experiment: Experiment) -> None:
    count_visitors(engine, experiment, a=(4832, 242), b=(4795, 322))
    screen = text_of(maya.get("/"))
    assert screen.index("B is very likely better than A") < screen.index("What visitors see")
    assert "Decide" in screen
    assert screen.count("B is very likely better than A") == 1


def test_a_test_that_only_needs_time_needs_nobody(maya: Browser, engine: Engine, experiment: Experiment) -> None:
    count_visitors(engine, experiment, a=(100, 5), b=(101, 6), days=3)
    screen = text_of(maya.get("/"))
    assert "Nothing. Whatever runs, runs well." in screen
    assert screen.index("What goes on by itself") < screen.index("Too early to say")


def test_a_paused_test_is_not_forgotten(maya: Browser, experiment: Experiment) -> None:
    maya.post("/experiments/spring-sale-1/pause")
    assert "spring-sale-1 is paused, and nobody is counted." in text_of(maya.get("/"))


def test_drafts_wait_for_those_who_can_publish_them(maya: Browser, ana: Browser, page: Page) -> None:
    assert "spring-sale is ready, and nobody sees it yet." in text_of(maya.get("/"))
    assert "spring-sale is ready" not in text_of(ana.get("/"))


def test_a_draft_that_cannot_be_published_says_how_much_stands_in_the_way(
    maya: Browser, engine: Engine, site: Site
) -> None:
    build_page(engine, site, "spring-sale", a=HTML.replace("<body>", '<body onload="x()">'))
    assert "spring-sale cannot be published yet. One thing stands in the way." in text_of(maya.get("/"))
