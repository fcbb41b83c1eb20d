"""What became of ended experiments: found again, held against what came, and A/A tests beside an even spread."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from experiments.models import Experiment, Purpose, State
from lander.config import Settings
from lander.db import transaction
from lander.pages.models import Page, Site
from lander.pages.publish import publish
from lander.pages.testing import start_experiment, stop_experiment
from tests.console.conftest import HTML, NOW, Browser, build_page, count_visitors, text_of
from tests.console.visitors import come

AT = "/experiments/archive"


def run(
    engine: Engine, settings: Settings, page: Page, *, hypothesis: str, ship: str | None, reason: str, by: str = "maya"
) -> Experiment:
    """A test of ten days with visitors, and its end."""
    with transaction(engine) as session:
        found = session.get_one(Page, page.id)
        if found.release_id is None:
            publish(session, settings, found, actor="maya", now=NOW - timedelta(hours=1))
        experiment = start_experiment(
            session,
            settings,
            page=found,
            variants={"a": 5000, "b": 5000},
            goal="form",
            hypothesis=hypothesis,
            actor="maya",
            now=NOW - timedelta(days=10),
        )
    count_visitors(engine, experiment, a=(4832, 242), b=(4795, 322))
    with transaction(engine) as session:
        held = session.get_one(Experiment, experiment.id)
        return stop_experiment(session, settings, held, ship=ship, reason=reason, actor=by, now=NOW)


@pytest.fixture
def ended(engine: Engine, settings: Settings, site: Site, page: Page) -> None:
    """Two tests on two pages: one shipped by Maya, one kept by Ana."""
    prams = build_page(engine, site, "prams", a=HTML, b=HTML.replace("Bumpers", "Prams"))
    run(engine, settings, page, hypothesis="Buggies are more fun", ship="b", reason="Clear after two weeks.")
    run(engine, settings, prams, hypothesis="Prams sound posh", ship=None, reason="Too little to gain.", by="ana")


@pytest.mark.parametrize("address", [AT, "/experiments/calibration", "/experiments/aa"])
def test_everybody_may_read_and_nothing_yet_says_what_will_stand_there(
    ana: Browser, ivan: Browser, otto: Browser, site: Site, address: str
) -> None:
    said = {AT: "Nothing has ended yet", "/experiments/calibration": "nothing has been claimed"}
    for person in (ana, ivan):
        assert said.get(address, "exact copy") in text_of(person.get(address))
    assert otto.get(address).status_code == 303


@pytest.mark.usefixtures("ended")
def test_the_archive_says_what_came_of_each_who_decided_and_why(ana: Browser) -> None:
    screen = text_of(ana.get(AT))
    assert "B shipped: Buggies are more fun Clear after two weeks." in screen
    assert "The report said: B is very likely better than A" in screen
    assert "by maya" in screen
    assert "A stayed: Prams sound posh Too little to gain." in screen
    assert "by ana" in screen
    assert "9,627 confirmed visitors, 10 days" in screen
    assert screen.count("claimed +") == 1
    assert "claimed –" in screen


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=fun", {"Buggies"}),
        ("q=POSH+gain", {"Prams"}),
        ("outcome=kept", {"Prams"}),
        ("page=go.localhost/spring-sale", {"Buggies"}),
        ("page=go.localhost/prams&outcome=shipped", set()),
        ("page=go.localhost/nowhere", set()),
        ("q=", {"Buggies", "Prams"}),
    ],
)
@pytest.mark.usefixtures("ended")
def test_it_is_searched_by_words_page_and_outcome(ana: Browser, query: str, found: set[str]) -> None:
    screen = text_of(ana.get(f"{AT}?{query}"))
    assert {word for word in ("Buggies", "Prams") if f": {word}" in screen} == found
    assert ("Nothing like that has ended" in screen) is not bool(found)


def test_an_outcome_that_nothing_has_is_said(ana: Browser, site: Site) -> None:
    assert ana.get(f"{AT}?outcome=draw").status_code == 422


@pytest.mark.usefixtures("ended")
def test_the_list_of_experiments_shows_the_latest_and_leads_to_the_rest(ana: Browser) -> None:
    page = ana.get("/experiments")
    assert "B shipped: Buggies are more fun" in text_of(page)
    assert f'href="{AT}"' in page.text


@pytest.mark.usefixtures("ended")
def test_the_win_rate_comes_with_its_range_and_no_claim_is_made_up(ana: Browser) -> None:
    screen = text_of(ana.get("/experiments/calibration"))
    assert "No claim could be held against what came yet" in screen
    assert "Tests that have ended 2 Of them shipped a variant 1 Win rate 6–94 %, 95 % range" in screen
    assert "go.localhost/prams 1 0 –" in screen
    assert ana.get("/experiments/calibration/plot.json").status_code == 404


def test_a_later_phase_holds_a_claim_to_its_word(
    ana: Browser, engine: Engine, settings: Settings, experiment: Experiment
) -> None:
    from experiments import lifecycle

    first, second = (NOW - timedelta(days=8)).date(), (NOW - timedelta(days=2)).date()
    come(engine, experiment, on=first, a=(2000, 100), b=(2000, 140))
    with transaction(engine) as session:
        lifecycle.new_phase(session, session.get_one(Experiment, experiment.id), now=NOW - timedelta(days=5))
    come(engine, experiment, on=second, phase=2, a=(2000, 100), b=(2000, 130))
    with transaction(engine) as session:
        held = session.get_one(Experiment, experiment.id)
        stop_experiment(session, settings, held, ship="b", reason="It held.", actor="maya", now=NOW)

    page = ana.get("/experiments/calibration")
    assert "1 claim could be held against what came" in text_of(page)
    assert 'class="marks"' in page.text
    assert "phase 2" in text_of(page)
    assert ana.get("/experiments/calibration/plot.json").json["description"] == "claimed against realised lifts"


def test_ana_starts_an_aa_test_and_reads_how_it_went(
    ana: Browser, engine: Engine, live: Page, session: Session
) -> None:
    response = ana.post("/experiments/aa", {"page": "go.localhost/spring-sale", "goal": "form"})

    assert response.status_code == 303
    experiment = session.exec(select(Experiment)).one()
    assert (experiment.purpose, experiment.state) == (Purpose.AA.value, State.RUNNING)
    assert experiment.plan_hash
    assert "No A/A test has enough conversions yet." in text_of(ana.get("/experiments/aa"))
    assert ana.get("/experiments/aa/plot.json").status_code == 404
    for address in (f"/experiments/{experiment.key}", f"/experiments/{experiment.key}/report"):
        assert "Running · A/A test · " in text_of(ana.get(address))

    variants = dict.fromkeys(session.exec(select(Experiment)).one().plan["weights"], (2000, 100))
    count_visitors(engine, experiment, **variants)
    page = ana.get("/experiments/aa")
    assert "0 of 1 A/A test" in text_of(page)
    assert "4,000 200" in text_of(page)
    assert 'class="marks"' in page.text
    assert ana.get("/experiments/aa/plot.json").status_code == 200


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"page": "go.localhost/nowhere", "goal": "form"}, "No page is chosen."),
        ({"page": "go.localhost/spring-sale", "goal": "click", "selector": "a.nowhere"}, "a.nowhere"),
        ({"page": "go.localhost/spring-sale", "goal": "peace"}, "peace"),
    ],
)
def test_an_aa_test_that_cannot_start_says_why(
    ana: Browser, live: Page, session: Session, form: dict[str, str], said: str
) -> None:
    response = ana.post("/experiments/aa", form)
    assert response.status_code in (409, 422)
    assert said in text_of(response)
    assert ('href="#selector"' in response.text) is ("selector" in form)
    assert session.exec(select(Experiment)).all() == []


def test_ivan_reads_aa_tests_and_starts_none(ivan: Browser, live: Page, session: Session) -> None:
    assert "Marketing or an analyst starts the first one" in text_of(ivan.get("/experiments/aa"))
    assert ivan.post("/experiments/aa", {"page": "go.localhost/spring-sale", "goal": "form"}).status_code == 403
    assert session.exec(select(Experiment)).all() == []
