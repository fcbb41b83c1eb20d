"""A test is started by the API: with further goals, under the studio's permission and token, and refused in words."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from experiments import lifecycle
from experiments.goals import GoalKind, Role
from lander.access.audit import list_entries
from lander.access.signin import csrf_token
from lander.pages.models import Page
from tests.console.conftest import ORIGIN, Browser

ROOT = Path(__file__).parents[2]
AT = "/api/v1/experiments"
PLAN: dict[str, Any] = {
    "page": "go.localhost/spring-sale",
    "variants": {"a": 4_000, "b": 6_000},
    "control": "b",
    "goal": "form",
    "hypothesis": "Shorter is better.",
}
GUARDRAIL = {"kind": "time", "threshold": 30, "role": "guardrail", "margin": 0.05}


def post(
    person: Browser,
    body: bytes | None = None,
    *,
    token: str | None = None,
    content_type: str = "application/json",
    **changes: Any,
) -> Any:
    """A plan, changed; or any other body."""
    known = csrf_token(person.cookie) if person.cookie else ""
    headers = {"Origin": ORIGIN, **person._surroundings(), "X-CSRF-Token": known if token is None else token}
    if body is not None:
        return person.client.post(
            AT, base_url=ORIGIN, data=body, content_type=content_type, headers=headers, buffered=True
        )
    return person.client.post(AT, base_url=ORIGIN, json={**PLAN, **changes}, headers=headers, buffered=True)


def test_a_test_starts_with_its_goals_and_its_plan(ana: Browser, live: Page, session: Session) -> None:
    complaints = {"kind": "click", "selector": "a.call", "role": "guardrail", "margin": 0.1, "fewer_is_better": True}
    response = post(
        ana, goals=[{"kind": "scroll", "threshold": 75}, GUARDRAIL, complaints], lift=0.2, value_minor=4_900
    )
    assert response.status_code == 201, response.text
    told = response.json
    assert response.headers["Location"] == f"{AT}/spring-sale-1"
    assert ana.get(response.headers["Location"]).json == told
    assert (told["control"], told["variants"]) == ("b", {"a": 4_000, "b": 6_000})
    assert [(goal["key"], goal["role"]) for goal in told["goals"]] == [
        ("scroll-2", "secondary"), ("time-3", "guardrail"), ("click-4", "guardrail"),
    ]  # fmt: skip
    experiment = lifecycle.load(session, "spring-sale-1")
    assert [
        (goal.kind, goal.role, goal.margin, goal.fewer_is_better) for goal in lifecycle.further_goals(experiment)
    ] == [
        (GoalKind.SCROLL, Role.SECONDARY, 0.0, False),
        (GoalKind.TIME, Role.GUARDRAIL, 0.05, False),
        (GoalKind.CLICK, Role.GUARDRAIL, 0.1, True),
    ]
    assert experiment.plan_hash == told["plan_hash"] != ""
    assert (experiment.plan["lift"], experiment.plan["value_minor"]) == (0.2, 4_900)
    assert experiment.plan["goals"] == experiment.goals
    (entry,) = [item for item in list_entries(session) if item.action == "experiment.start"]
    assert (entry.actor, entry.subject) == ("ana", "spring-sale-1")


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"page": "go.localhost/nowhere"}, 404, "There is no page at go.localhost/nowhere."),
        ({"page": "elsewhere.localhost/spring-sale"}, 404, "There is no site 'elsewhere.localhost'."),
        ({"page": "spring-sale"}, 404, "There is no site 'spring-sale'."),
        ({"control": "c"}, 422, "Control is 'c', which has no weight."),
        ({"variants": {"b": 10_000}}, 422, "An experiment compares two variants or more"),
        ({"variants": {"b": 5_000, "z": 5_000}}, 409, "Variant z of go.localhost/spring-sale is not live."),
        ({"variants": {"a": 1, "b": 2}}, 422, "Weights are basis points that sum to 10,000"),
        ({"goal": "sale"}, 422, "There is no goal 'sale'."),
        ({"goal": "click"}, 422, "nothing is named"),
        ({"goal": "click", "selector": "#nowhere"}, 422, "matches '#nowhere'"),
        ({"coverage_bp": 0}, 422, "Coverage is 0 basis points"),
        ({"lift": 0}, 422, "The smallest lift worth having is 0 %."),
        ({"repeats": "nothing-1"}, 404, "There is no experiment nothing-1."),
        ({"goals": [{"kind": "scroll", "threshold": 101}]}, 422, "Nobody can scroll 101 % of a page."),
        ({"goals": [{"kind": "time", "threshold": 10**30}]}, 422, "seconds on a page cannot be counted"),
        ({"goals": [{"kind": "click", "selector": "#nowhere"}]}, 422, "matches '#nowhere'"),
        ({"goals": [{"kind": "form"}]}, 422, "The goal leads stands there twice."),
        ({"goals": [{**GUARDRAIL, "margin": 1}]}, 422, "A guardrail cannot allow 100 % worse than control."),
        ({"goals": [{**GUARDRAIL, "threshold": n + 1} for n in range(11)]}, 422, "11 further goals are too many"),
    ],
)
def test_what_breaks_a_rule_is_a_problem_and_nothing_starts(
    ana: Browser, live: Page, session: Session, *, changes: dict[str, Any], status: int, said: str
) -> None:
    response = post(ana, **changes)
    body = response.get_json(force=True)
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    assert said in body["title"]
    assert lifecycle.list_experiments(session) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"hypothesis": ""}, "hypothesis"),
        ({"colour": "red"}, "colour"),
        ({"variants": ["a", "b"]}, "variants"),
        ({"variants": {"a": "half", "b": 5_000}}, "variants.a"),
        ({"value_minor": 10**13}, "value_minor"),
        ({"value_minor": True}, "value_minor"),
        ({"value_minor": "4900"}, "value_minor"),
        ({"coverage_bp": True}, "coverage_bp"),
        ({"lift": "0.1"}, "lift"),
        ({"lift": True}, "lift"),
        ({"variants": {"a": "4000", "b": 6_000}}, "variants.a"),
        ({"goals": [{"kind": "scroll", "threshold": "75"}]}, "goals.0.threshold"),
        ({"goals": [{**GUARDRAIL, "margin": "0.05"}]}, "goals.0.margin"),
        ({"goals": [{**GUARDRAIL, "fewer_is_better": "yes"}]}, "goals.0.fewer_is_better"),
        ({"goals": [{"kind": "share"}]}, "goals.0.kind"),
        ({"goals": [{"kind": "form", "threshold": 3}]}, "a form goal that is secondary takes no threshold"),
        ({"goals": [{"kind": "time", "threshold": 3, "selector": "a"}]}, "takes no selector"),
        ({"goals": [{"kind": "time", "threshold": 3, "margin": 0.1}]}, "takes no margin"),
        ({"goals": [{**GUARDRAIL, "role": "hope"}]}, "goals.0.role"),
        ({"goals": [{**GUARDRAIL, "key": "time-2"}]}, "goals.0.key"),
    ],
)
def test_what_does_not_fit_the_document_is_named(
    ana: Browser, live: Page, session: Session, changes: dict[str, Any], field: str
) -> None:
    response = post(ana, **changes)
    assert response.status_code == 422
    assert field in response.get_json(force=True)["detail"]
    assert lifecycle.list_experiments(session) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b'"x"',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"\xff\xfe",
        b'{"lift": NaN, "page": "go.localhost/spring-sale", "variants": {}, "control": "", "goal": "", "hypothesis": "x"}',
        b'{"page": "\\ud800/x", "variants": {"a": 1}, "control": "a", "goal": "form", "hypothesis": "x"}',
        b'{"page": "go.localhost/\\u0000", "variants": {"a": 1}, "control": "a", "goal": "form", "hypothesis": "x"}',
    ],
)
def test_a_body_that_is_no_plan_is_refused(ana: Browser, live: Page, body: bytes) -> None:
    response = post(ana, body)
    assert response.status_code in {404, 422}, response.text
    assert response.content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "content_type", "said"),
    [
        (b'{"page": "x",}', "application/json", "It is not JSON: at line 1, column 14, "),
        (b'{\n "page": ', "application/json", "It is not JSON: at line 2, column 10, "),
        (b"", "application/json", "It is empty."),
        (b"\xff{}", "application/json", "It cannot be read as JSON in UTF-8."),
        (b"[]", "application/json", "It is JSON, and another value."),
        (b'"x"', "application/json", "It is JSON, and another value."),
        (b'{"page": "x"}', "text/plain", "Its Content-Type is 'text/plain', not application/json."),
        (
            b'{"page": "x"}',
            "application/x-www-form-urlencoded",
            "Its Content-Type is 'application/x-www-form-urlencoded', ",
        ),
        (b'{"page": "x"}', "", "Its Content-Type is '', not application/json."),
    ],
)
def test_a_body_that_is_no_object_is_told_what_it_is(
    ana: Browser, live: Page, body: bytes, content_type: str, said: str
) -> None:
    response = post(ana, body, content_type=content_type)
    told = response.get_json(force=True)
    assert (response.status_code, told["code"]) == (422, "invalid-input")
    assert told["title"] == "The body is not a JSON object."
    assert told["detail"].startswith(said)
    assert told["detail"].endswith("The OpenAPI document at /api/v1/openapi.json lists what is known.")


def test_a_token_that_is_not_the_sessions_is_told_where_one_is(ana: Browser, live: Page) -> None:
    for token in ("", "0" * 64):
        told = post(ana, token=token).get_json(force=True)
        assert told["title"] == "X-CSRF-Token is not the token of this session."
        assert told["detail"] == "It is the value of the field _csrf, on every screen of the studio."


def test_the_token_is_where_the_documentation_says(ana: Browser, live: Page) -> None:
    (token,) = set(re.findall(r'name="_csrf" value="(\w+)"', ana.get("/").text))
    assert post(ana, token=token).status_code == 201


def test_who_may_run_experiments_may_start_one(ana: Browser, ivan: Browser, otto: Browser, live: Page) -> None:
    assert post(otto).status_code == 401
    assert post(ivan).status_code == 403
    assert post(ana, token="").status_code == 403
    assert post(ana).status_code == 201
    assert post(ana).get_json(force=True)["code"] == "experiment-conflict"


def test_the_document_describes_a_plan(ana: Browser) -> None:
    document = ana.get("/api/v1/openapi.json").json
    told = document["paths"][AT]["post"]
    assert {"201", "401", "403", "404", "409", "422"} <= set(told["responses"])
    goal = document["components"]["schemas"]["GoalInput"]["properties"]
    assert set(goal) == {"kind", "selector", "threshold", "role", "margin", "fewer_is_better"}


def test_the_plan_in_the_documentation_fits(ana: Browser, live: Page) -> None:
    told = (ROOT / "docs" / "developer" / "api.md").read_text(encoding="utf-8")
    plan = json.loads(told.partition("```json\n")[2].partition("```")[0])
    assert plan["goals"][2]["selector"] == "#complain"
    plan["goals"][2]["selector"] = "a.call"  # which is what this page has
    assert post(ana, json.dumps({**plan, "page": PLAN["page"]}).encode()).status_code == 201
