"""A report's further goals, money and campaigns by the API, each described by the document."""

import hashlib

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from experiments import lifecycle, receipts, results
from experiments.goals import Goal, GoalKind, Role
from experiments.models import Experiment
from lander.api.report_schemas import ReportBody
from lander.db import transaction
from tests.console.conftest import NOW, Browser
from tests.experiments.builders import crowd, take_in

AT = "/api/v1/experiments/spring-sale-1/report"
FURTHER = [
    Goal(GoalKind.SCROLL, threshold=75),
    Goal(GoalKind.TIME, threshold=30, role=Role.GUARDRAIL, margin=0.05),
]


@pytest.fixture
def counted(engine: Engine, experiment: Experiment) -> str:
    """A test with two further goals, visitors of two campaigns, and money."""
    with transaction(engine) as session:
        found = lifecycle.load(session, experiment.key)
        found.goals = [
            {**goal.as_json(), "key": key} for goal, key in zip(FURTHER, ("scroll-2", "time-3"), strict=True)
        ]
        session.add(found)
    for key in "ab":
        for campaign, keyword in (("spring", "buggy"), ("", "")):
            take_in(engine, crowd(key, served=100, conversions=10, campaign=campaign, keyword=keyword))
    with transaction(engine) as session:
        for number in range(6):
            receipts.record(
                session,
                experiment_key=experiment.key,
                phase=1,
                variant="ab"[number % 2],
                reference=hashlib.sha256(str(number).encode()).hexdigest(),
                amount_minor=4_900 + 100 * number,
                simulated=False,
                now=NOW,
            )
    return experiment.key


def test_goals_and_money_come_as_the_document_describes_them(ana: Browser, counted: str) -> None:
    told = ana.get(AT).json
    ReportBody.model_validate(told)
    assert [(goal["key"], goal["role"], goal["margin"]) for goal in told["goals"]] == [
        ("scroll-2", "secondary", 0.0), ("time-3", "guardrail", 0.05),
    ]  # fmt: skip
    assert told["goals"][1]["variants"][1]["guardrail"]["margin"] == 0.05
    assert [item["receipts"] for item in told["revenue"]["variants"]] == [3, 3]
    assert told["revenue"]["variants"][0]["amounts"] == [[4_900, 1], [5_100, 1], [5_300, 1]]


@pytest.mark.parametrize(
    ("by", "dimensions"),
    [
        ("", set()),
        ("campaign", {"campaign"}),
        ("keyword,campaign", {"campaign", "keyword"}),
        ("campaign,%20campaign,", {"campaign"}),
    ],
)
def test_visitors_are_grouped_by_what_is_asked_for(
    ana: Browser, counted: str, session: Session, by: str, dimensions: set[str]
) -> None:
    told = ana.get(f"{AT}?by={by}").json
    assert {item["dimension"] for item in told["open_segments"]} == dimensions
    asked = sorted(dimensions, key=by.find)
    assert told == results.report(session, counted, dimensions=asked, now=NOW).as_json()
    assert sum(item["served"] for item in told["open_segments"]) == 400 * len(dimensions)


@pytest.mark.parametrize(
    ("by", "status", "said"),
    [
        ("city", 400, "Visitors cannot be grouped by 'city'."),
        ("campaign,device", 400, "Visitors cannot be grouped by 'device'."),
        ("campaign;keyword", 400, "Visitors cannot be grouped by 'campaign;keyword'."),
        ("c" * 41, 422, "The arguments do not fit."),
    ],
)
def test_what_visitors_cannot_be_grouped_by_is_a_problem(
    ana: Browser, experiment: Experiment, by: str, status: int, said: str
) -> None:
    response = ana.get(f"{AT}?by={by}")
    body = response.get_json(force=True)
    assert (response.status_code, body["title"]) == (status, said)
    assert response.content_type == "application/problem+json"


def test_the_document_names_what_can_be_asked_for(ana: Browser) -> None:
    told = ana.get("/api/v1/openapi.json").json["paths"]["/api/v1/experiments/{key}/report"]["get"]
    assert {item["name"] for item in told["parameters"]} == {"key", "phase", "as_of", "by"}
    assert "400" in told["responses"]
