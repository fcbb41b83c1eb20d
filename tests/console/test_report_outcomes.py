"""Further goals and money in the report, from the counts and receipts that are there."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from experiments import receipts, results
from experiments.goals import Goal, GoalKind, Role
from experiments.models import Experiment, Tally
from experiments.outcomes import RevenueReport
from experiments.report import Report
from lander.config import Settings
from lander.console import report_screen
from lander.console.report_lens import Lens
from lander.console.report_money import make_money
from lander.console.report_sections import make_against
from lander.db import transaction
from lander.pages.models import Page
from lander.pages.testing import start_experiment
from tests.console.conftest import NOW, Browser, count_visitors, text_of

AT = "/experiments/spring-sale-1/report"
GOALS = (
    Goal(GoalKind.CLICK, "a.call"),
    Goal(GoalKind.SCROLL, threshold=75, role=Role.GUARDRAIL, margin=0.05),
    Goal(GoalKind.TIME, threshold=30, fewer_is_better=True),
)


@pytest.fixture
def experiment(engine: Engine, settings: Settings, live: Page) -> Experiment:
    """Running for ten days with three further goals: 4,000 visitors a variant."""
    with transaction(engine) as session:
        experiment = start_experiment(
            session,
            settings,
            page=session.get_one(Page, live.id),
            variants={"a": 5000, "b": 5000},
            goal="form",
            goals=GOALS,
            hypothesis="Buggies bring more leads",
            actor="maya",
            now=NOW - timedelta(days=10),
        )
    count_visitors(engine, experiment, a=(4000, 200), b=(4000, 240))
    return experiment


def reach(engine: Engine, experiment: Experiment, goal: str, **conversions: int) -> None:
    """Visitors who reached a further goal."""
    with transaction(engine) as session:
        for variant, number in conversions.items():
            session.add(
                Tally(
                    experiment_id=experiment.id,
                    phase=1,
                    variant=variant,
                    goal=goal,
                    day=(NOW - timedelta(days=2)).date(),
                    dimension="all",
                    level="",
                    conversions=number,
                )
            )


def pay(engine: Engine, experiment: Experiment, **amounts: list[int]) -> None:
    with transaction(engine) as session:
        for variant, paid in amounts.items():
            for number, amount in enumerate(paid):
                worth(session, experiment, f"{variant}{number}", variant, amount)


def worth(session: Session, experiment: Experiment, reference: str, variant: str, amount: int) -> None:
    receipts.record(
        session,
        experiment_key=experiment.key,
        phase=1,
        variant=variant,
        reference=reference,
        amount_minor=amount,
        simulated=False,
        now=NOW - timedelta(days=1),
    )


def part(screen: str, title: str, until: str) -> str:
    start = screen.index(f" {title} Variant ")
    return screen[start : screen.index(until, start)]


def test_each_further_goal_says_rate_lift_and_what_chance_explains(
    ana: Browser, engine: Engine, experiment: Experiment
) -> None:
    reach(engine, experiment, "click-2", a=400, b=520)
    reach(engine, experiment, "time-4", a=1000, b=985)

    other = part(text_of(ana.get(f"{AT}?lens=data")), "Other goals", "Guardrails")

    assert "Beyond chance among 2 questions" in other
    assert re.search(r"clicks on a.call a control 400 9\.\d–11\.0 % middle 10\.0 % – – –", other)
    assert re.search(
        r"b 520 \S+ % middle 13\.0 % \S+ to \S+ % middle \+30 % over 99.9 % a discovery p under 0.001", other
    )
    # fewer is better, and b has fewer: its chance to be better is above a half
    assert re.search(r"30 seconds on the page \(fewer is better\) .* b 985 .* 6\d % could be chance p 0\.\d\d", other)
    assert "75 % of the page seen" not in other


def test_one_question_alone_is_not_called_many(ana: Browser, engine: Engine, experiment: Experiment) -> None:
    with transaction(engine) as session:
        found = session.get_one(Experiment, experiment.id)
        found.goals = found.goals[:2]
        session.add(found)
    reach(engine, experiment, "click-2", a=400, b=520)
    other = part(text_of(ana.get(AT)), "Other goals", "Guardrails")
    assert "Beyond chance by the data alone" in other
    assert "chance makes a discovery of it once in twenty tests" in other
    assert "question" not in other


@pytest.mark.parametrize(
    ("reached", "standing", "word"),
    [(2400, "fine", "fine"), (2280, "unsure", "not sure yet"), (1900, "harm", "harmed")],
)
def test_a_guardrail_says_in_words_how_it_stands(
    ana: Browser, engine: Engine, experiment: Experiment, *, reached: int, standing: str, word: str
) -> None:
    reach(engine, experiment, "scroll-3", a=2400, b=reached)

    page = ana.get(AT)

    assert "75 % of the page seen at most 5 % below control" in text_of(page)
    assert f'<span class="standing {standing}">{word}</span>' in page.text


def test_both_lenses_show_further_goals_and_any_time_says_that_it_cannot(
    ana: Browser, engine: Engine, experiment: Experiment
) -> None:
    reach(engine, experiment, "click-2", a=400, b=520)
    decision, data, anytime = (
        part(text_of(ana.get(AT + query)), "Other goals", "Guardrails") for query in ("", "?lens=data", "?lens=anytime")
    )
    assert "middle +30 %" in data
    assert "middle +30 %" in anytime
    assert "middle +30 %" not in decision  # drawn in
    assert "no evidence at any time for further goals" in anytime
    assert "no evidence at any time" not in data + decision


def test_before_anybody_came_there_are_no_numbers_of_further_goals(
    ana: Browser, engine: Engine, settings: Settings, live: Page
) -> None:
    with transaction(engine) as session:
        found = session.get_one(Page, live.id)
        start_experiment(
            session, settings, page=found, variants={"a": 5000, "b": 5000}, goal="form", goals=GOALS, actor="maya", now=NOW
        )  # fmt: skip
    screen = text_of(ana.get(AT))
    assert "Other goals" not in screen
    assert "Money" not in screen


def test_money_says_what_visitors_bring_and_what_choosing_gives_away(
    ana: Browser, engine: Engine, experiment: Experiment
) -> None:
    pay(engine, experiment, a=[9_000, 11_000, 10_000, 12_500] * 20, b=[9_500, 11_500, 10_000, 12_500] * 25)

    money = part(text_of(ana.get(AT)), "Money", "What changed")

    assert "a control 80 8,500.00 EUR 1.71–2.65 EUR middle 2.14 EUR – 5 % 601 EUR" in money
    b = r"b 100 10,875.00 EUR 2\.2\d–3\.3\d EUR middle 2\.7\d EUR −5 to \+72 % middle \+28 % 94 % 94 % over control 7\.81 EUR"
    assert re.search(b, money)
    assert "by the plain mean, amounts above 125.00 EUR cut to that, the lift is much the same: B −5 to +73 %." in money


def test_where_two_ways_to_reckon_disagree_it_says_so_before_the_numbers(
    ana: Browser, engine: Engine, experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay(engine, experiment, a=[9_000, 11_000] * 20, b=[9_500, 11_500] * 25)
    monkeypatch.setattr(report_screen, "make_money", lambda report, names: make_money(disagreeing(report), names))
    screen = text_of(ana.get(AT))
    assert screen.index("Two ways to reckon disagree") < screen.index("leads with a value Together")


def disagreeing(report: Report) -> Report:
    found = report.revenue
    assert isinstance(found, RevenueReport)
    return replace(report, revenue=replace(found, disagrees=True))


def test_without_any_value_it_says_how_to_get_there(ana: Browser, experiment: Experiment) -> None:
    screen = text_of(ana.get(AT))
    assert "No lead of this phase has a value yet. Write on the screen of a lead what it brings" in screen


def test_where_only_clicks_are_counted_there_is_no_money(
    ana: Browser, engine: Engine, settings: Settings, live: Page
) -> None:
    with transaction(engine) as session:
        found = session.get_one(Page, live.id)
        experiment = start_experiment(
            session, settings, page=found, variants={"a": 5000, "b": 5000}, goal="click", selector="a.call",
            actor="maya", now=NOW - timedelta(days=10),
        )  # fmt: skip
    count_visitors(engine, experiment, a=(4000, 200), b=(4000, 240))
    assert "Money" not in text_of(ana.get(AT))


def test_a_selector_is_text_and_never_markup(ana: Browser, engine: Engine, experiment: Experiment) -> None:
    with transaction(engine) as session:
        found = session.get_one(Experiment, experiment.id)
        found.goals = [{**found.goals[0], "selector": "<b>a</b>"}, *found.goals[1:]]
        session.add(found)
    for address in (AT, "/experiments/spring-sale-1"):
        page = ana.get(address).text
        assert "<b>a</b>" not in page
        assert "&lt;b&gt;a&lt;/b&gt;" in page


def test_where_the_next_visitors_teach_most_is_advised_for_deciding_alone(
    ana: Browser, engine: Engine, experiment: Experiment
) -> None:
    with transaction(engine) as session:
        report = results.report(session, experiment.key, now=NOW)
    assert "send the next visitors" not in text_of(ana.get(AT)), "half each, with two variants"
    a, b = (replace(item, advised_share=share) for item, share in zip(report.variants, (0.104, 0.896), strict=True))
    advised = replace(report, variants=(a, b))
    decision, data = make_against(advised, Lens.DECISION), make_against(advised, Lens.DATA)
    assert decision is not None
    assert data is not None
    assert "best, send the next visitors 10 % to A and 90 % to B: a new phase can have these weights." in decision.said
    assert "next visitors" not in data.said
