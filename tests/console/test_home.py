"""The first screen: what needs somebody, and what goes on by itself."""

from datetime import timedelta

from sqlalchemy import Engine

from experiments.models import Experiment
from lander.config import Settings
from lander.db import transaction
from lander.integrations.models import Delivery, DeliveryState
from lander.leads.models import Lead
from lander.pages.models import Page, Schedule, Site
from lander.policy.store import apply_policy
from tests.console.conftest import HTML, NOW, Browser, build_page, count_visitors, text_of


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


def test_the_newest_ten_drafts_are_looked_at_and_the_others_counted(maya: Browser, engine: Engine, site: Site) -> None:
    for number in range(12):
        build_page(engine, site, f"draft-{number:02}", a=HTML)
    said = text_of(maya.get("/"))
    assert said.count("is ready, and nobody sees it yet.") == 10
    assert "2 more pages have drafts that visitors do not see." in said


def test_a_draft_that_cannot_be_published_says_how_much_stands_in_the_way(
    maya: Browser, engine: Engine, site: Site
) -> None:
    build_page(engine, site, "spring-sale", a=HTML.replace("<body>", '<body onload="x()">'))
    assert "spring-sale cannot be published yet. One thing stands in the way." in text_of(maya.get("/"))


def test_plain_pages_are_named_in_the_line_of_the_page_above(
    maya: Browser, engine: Engine, site: Site, page: Page
) -> None:
    for name in ("thanks", "privacy"):
        build_page(engine, site, f"spring-sale/{name}", a=HTML.replace("Bumpers", name))
    home, listed = text_of(maya.get("/")), text_of(maya.get("/pages"))
    assert "spring-sale is ready, and nobody sees it yet. With 2 pages below it." in home
    assert "spring-sale/thanks is ready" not in home
    assert "and 2 pages below it: privacy , thanks" in listed
    assert "go.localhost/spring-sale/thanks" not in listed


def test_a_page_below_that_stands_by_itself_keeps_its_line(
    maya: Browser, engine: Engine, site: Site, page: Page
) -> None:
    build_page(engine, site, "spring-sale/b2b", a=HTML, b=HTML.replace("Bumpers", "Wagons"))
    build_page(engine, site, "spring-sale/broken", a=HTML.replace("<body>", '<body onload="x()">'))
    assert "go.localhost/spring-sale/b2b" in text_of(maya.get("/pages"))
    assert "spring-sale/broken cannot be published yet." in text_of(maya.get("/"))


def test_nobody_is_asked_for_what_they_may_not_do(ivan: Browser, engine: Engine, experiment: Experiment) -> None:
    count_visitors(engine, experiment, a=(4832, 242), b=(4795, 322))
    screen = text_of(ivan.get("/"))
    assert "Nothing. Whatever runs, runs well." in screen
    assert "Decide" not in screen
    assert "B is very likely better than A" in screen


def add_lead(engine: Engine, number: int, *, spam: bool = False, stage: str = "new") -> None:
    with transaction(engine) as session:
        session.add(
            Lead(
                id=f"lead-{number}",
                page_id=1,
                host="go.localhost",
                path="/spring-sale",
                form="f1",
                variant="a",
                sealed="",
                received_at=NOW - timedelta(hours=1),
                spam=spam,
                stage=stage,
            )
        )


def test_leads_that_nobody_has_looked_at_wait(maya: Browser, ana: Browser, engine: Engine, page: Page) -> None:
    assert "new." not in text_of(maya.get("/"))
    add_lead(engine, 1)
    add_lead(engine, 2, stage="won")
    assert "1 lead is new." in text_of(maya.get("/"))
    assert 'href="/leads?stage=new"' in maya.get("/").text
    assert "is new." not in text_of(ana.get("/"))


def test_a_spam_folder_is_only_mentioned_once_it_fills(maya: Browser, engine: Engine, page: Page) -> None:
    for number in range(19):
        add_lead(engine, number, spam=True)
    assert "spam" not in text_of(maya.get("/"))
    add_lead(engine, 19, spam=True)
    assert "20 messages went into the spam folder in 7 days." in text_of(maya.get("/"))


def test_messages_that_were_given_up_need_somebody(
    maya: Browser, ana: Browser, engine: Engine, site: Site, page: Page
) -> None:
    with transaction(engine) as session:
        session.add(
            Delivery(id="d1", event="lead.created", payload="", state=DeliveryState.DEAD, next_at=NOW, created_at=NOW)
        )
    assert "One message has not arrived." in text_of(maya.get("/"))
    assert "One message has not arrived." not in text_of(ana.get("/"))


def test_it_says_how_long_changes_take(maya: Browser, engine: Engine, page: Page, settings: Settings) -> None:
    assert "From the first edit to live" not in text_of(maya.get("/"))
    maya.post("/pages/spring-sale/publish")
    screen = text_of(maya.get("/"))
    assert "From the first edit to live: 2 hours (1 change, 30 days)." in screen
    assert "From the first edit to live: 2 hours (1 change, 90 days)." in screen


def test_what_comes_next_is_named_with_its_zone(maya: Browser, engine: Engine, page: Page) -> None:
    assert "Nothing in the next two weeks." in text_of(maya.get("/"))
    with transaction(engine) as session:
        assert page.id is not None
        session.add(
            Schedule(
                page_id=page.id,
                action="withdraw",
                at=NOW + timedelta(days=3),
                created_at=NOW,
                created_by="maya",
            )
        )
    screen = text_of(maya.get("/"))
    assert "(Europe/Berlin) Take away go.localhost/spring-sale" in screen


def test_a_freeze_that_lasts_is_named_once(maya: Browser, engine: Engine, page: Page) -> None:
    begins, ends = ((NOW + timedelta(days=days)).isoformat() for days in (-1, 9))
    with transaction(engine) as session:
        text = f'[lifecycle]\nfreezes = [{{from = {begins}, to = {ends}, reason = "Christmas"}}]\n'
        apply_policy(session, text, actor="ivan", now=NOW)
    assert text_of(maya.get("/")).count("Nothing new goes live until") == 1
