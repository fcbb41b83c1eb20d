"""The API: the same report as everywhere, problems in one form, and a document that describes it."""

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from experiments import results
from experiments.models import Experiment
from tests.console.conftest import NOW, Browser, count_visitors

AT = "/api/v1/experiments"


def test_the_report_is_the_report(ana: Browser, engine: Engine, experiment: Experiment, session: Session) -> None:
    count_visitors(engine, experiment, a=(4832, 242), b=(4795, 322))
    response = ana.get(f"{AT}/spring-sale-1/report")
    assert response.status_code == 200
    assert response.json == results.report(session, "spring-sale-1", now=NOW).as_json()


def test_it_lists_experiments_as_they_stand(ana: Browser, experiment: Experiment) -> None:
    listed = ana.get(AT).json["experiments"]
    assert [(item["experiment"], item["page"], item["state"], item["variants"]) for item in listed] == [
        ("spring-sale-1", "go.localhost/spring-sale", "running", {"a": 5000, "b": 5000})
    ]
    assert ana.get(f"{AT}/spring-sale-1").json == listed[0]


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        (f"{AT}/nothing-1", 404, "unknown-experiment"),
        (f"{AT}/nothing-1/report", 404, "unknown-experiment"),
        (f"{AT}/spring-sale-1/report?phase=9", 404, "unknown-experiment"),
        (f"{AT}/spring-sale-1/report?phase=x", 422, "invalid-input"),
        (f"{AT}/spring-sale-1/report?phase=0", 422, "invalid-input"),
        (f"{AT}/spring-sale-1/report?fase=1", 422, "invalid-input"),
        (f"{AT}/spring-sale-1/report?phase=1&phase=2", 422, "invalid-input"),
        (f"{AT}/spring-sale-1/report?by=campaign&by=keyword", 422, "invalid-input"),
        (f"{AT}/{'x' * 200}", 422, "invalid-input"),
        ("/api/v1/nothing", 404, "not-found"),
    ],
)
def test_a_refusal_is_a_problem_document(
    ana: Browser, experiment: Experiment, address: str, status: int, code: str
) -> None:
    response = ana.get(address)
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    body = response.get_json(force=True)
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:lander:problem:{code}")
    assert body["title"]


def test_the_wrong_method_is_a_problem_too(ana: Browser, experiment: Experiment) -> None:
    response = ana.post(f"{AT}/spring-sale-1")
    assert response.status_code == 405
    assert response.content_type == "application/problem+json"
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert response.get_json(force=True)["detail"] == "It takes GET, HEAD, OPTIONS."


def test_nobody_reads_it_without_signing_in(otto: Browser, experiment: Experiment) -> None:
    for address in (AT, f"{AT}/spring-sale-1/report", "/api/v1/openapi.json"):
        response = otto.get(address)
        assert response.status_code == 401
        assert response.get_json(force=True)["code"] == "sign-in-required"


def test_the_document_describes_what_is_there(maya: Browser) -> None:
    document = maya.get("/api/v1/openapi.json").json
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {
        "/api/v1/experiments",
        "/api/v1/experiments/{key}",
        "/api/v1/experiments/{key}/report",
        "/api/v1/experiments/{key}/export",
    }
    answer = document["paths"]["/api/v1/experiments/{key}/report"]["get"]["responses"]
    assert {"200", "401", "403", "404", "422"} <= set(answer)
    assert "VariantBody" in document["components"]["schemas"] or "VariantBody" in str(document)


def test_no_pages_of_somebody_else_come_with_it(studio) -> None:
    rules = {rule.rule for rule in studio.url_map.iter_rules()}
    assert not [rule for rule in rules if "swagger" in rule or "redoc" in rule or rule.startswith("/openapi")]
