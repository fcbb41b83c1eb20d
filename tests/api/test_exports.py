"""An experiment's numbers by the API: the studio's files, refusals as problems, and a document that says so."""

from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from experiments.models import Experiment
from lander.access.audit import list_entries
from lander.access.signin import csrf_token
from tests.console.conftest import Browser, count_visitors

AT = "/api/v1/experiments/spring-sale-1/export"


def post(person: Browser, address: str) -> Any:
    return person.post(address, csrf="", **{"X-CSRF-Token": csrf_token(person.cookie)} if person.cookie else {})


def test_the_files_are_those_of_the_studio(
    ana: Browser, engine: Engine, experiment: Experiment, session: Session
) -> None:
    count_visitors(engine, experiment, a=(400, 40), b=(410, 44))
    for what, file_format in (("report", "json"), ("tallies", "csv"), ("events", "json")):
        response = post(ana, f"{AT}?what={what}&format={file_format}")
        same = ana.post("/experiments/spring-sale-1/export", {"what": what, "format": file_format})
        assert response.status_code == 200
        assert response.data == same.data
        assert response.headers["Content-Disposition"] == same.headers["Content-Disposition"]
        assert response.content_type == same.content_type
    told = [item.details["what"] for item in list_entries(session) if item.action == "report.export"]
    assert told == ["events", "events", "tallies", "tallies", "report", "report"]


@pytest.mark.parametrize(
    ("address", "refusal"),
    [
        (f"{AT}?what=leads", (422, "invalid-input")),
        (f"{AT}?what=events&format=xlsx", (422, "invalid-input")),
        (f"{AT}?what=report&format=csv", (422, "invalid-input")),
        (f"{AT}?whom=maya", (422, "invalid-input")),
        ("/api/v1/experiments/nothing-1/export", (404, "unknown-experiment")),
    ],
)
def test_a_refusal_is_a_problem_document(
    ana: Browser, experiment: Experiment, session: Session, address: str, refusal: tuple[int, str]
) -> None:
    response = post(ana, address)
    assert (response.status_code, response.get_json(force=True)["code"]) == refusal
    assert response.content_type == "application/problem+json"
    assert not [item for item in list_entries(session) if item.action == "report.export"]


def test_nobody_takes_anything_without_signing_in_or_the_token(
    ana: Browser, otto: Browser, experiment: Experiment
) -> None:
    assert post(otto, AT).status_code == 401
    assert ana.post(AT, csrf="").status_code == 403
    assert ana.get(AT).status_code == 405


def test_the_document_says_what_comes(ana: Browser) -> None:
    told = ana.get("/api/v1/openapi.json").json["paths"]["/api/v1/experiments/{key}/export"]["post"]
    assert {item["name"] for item in told["parameters"]} == {"key", "what", "format", "phase"}
    assert set(told["responses"]["200"]["content"]) == {
        "application/json", "application/jsonl", "text/csv", "application/vnd.apache.parquet",
    }  # fmt: skip
    assert {"401", "403", "404", "422", "503"} <= set(told["responses"])
