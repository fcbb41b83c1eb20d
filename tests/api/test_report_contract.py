"""Ana's notebook reads a report by its keys: the document describes each of them, and nothing else comes."""

from datetime import timedelta

from sqlalchemy import Engine
from sqlmodel import Session

from experiments import lifecycle, looks, planning, results
from experiments.journal import list_journals
from experiments.models import Experiment, Occasion
from lander.api.report_schemas import ReportBody
from lander.config import Settings
from lander.db import transaction
from lander.jobs import Worker
from tests.console.conftest import NOW, Browser
from tests.experiments.builders import crowd, take_in

AT = "/api/v1/experiments/spring-sale-1/report"


def test_the_document_describes_a_report_key_by_key(ana: Browser, engine: Engine, experiment: Experiment) -> None:
    take_in(engine, crowd("a", served=300, conversions=20) + crowd("b", served=150, conversions=20))
    with transaction(engine) as session:
        found = lifecycle.load(session, experiment.key)
        planning.fix_plan(session, found, now=NOW)
        seen = looks.take(results.report(session, found, now=NOW), by="maya", occasion=Occasion.OPENED)
        looks.store(session, [seen])
        lifecycle.annotate(session, found, text="A new picture.", actor="maya", now=NOW)
    told = ana.get(AT).json
    ReportBody.model_validate(told)
    assert set(ReportBody.model_fields) == set(told)
    for part in ("looks", "annotations", "phase_lines", "splits", "by_day", "segments", "health", "autopsy", "plan"):
        assert told[part], part


def test_a_moment_in_the_past_is_asked_for_with_its_zone(ana: Browser, experiment: Experiment) -> None:
    yesterday = NOW - timedelta(days=1)
    told = ana.get(f"{AT}?as_of={yesterday.isoformat().replace('+', '%2B')}").json
    assert told["as_of"] == yesterday.isoformat()
    assert ana.get(f"{AT}?as_of=2026-01-01T10:00:00").status_code == 422
    assert ana.get(f"{AT}?as_of=2001-01-01T10:00:00Z").get_json(force=True)["code"] == "unknown-experiment"


def test_opening_a_report_is_a_look_that_the_work_process_stores_once(
    ana: Browser, settings: Settings, engine: Engine, experiment: Experiment, session: Session
) -> None:
    for _ in range(2):
        ana.get(AT)
    ana.get(f"{AT}?as_of={(NOW - timedelta(days=1)).strftime('%Y-%m-%dT%H:%M:%SZ')}")
    assert results.report(session, experiment.key, now=NOW).looks == ()  # a GET writes nothing there
    bring_home(ana, settings, engine)
    ana.get(AT)
    bring_home(ana, settings, engine)
    with transaction(engine) as after:
        told = [(look.by, look.occasion) for look in results.report(after, experiment.key, now=NOW).looks]
    assert told == [("ana", Occasion.OPENED)]


def bring_home(person: Browser, settings: Settings, engine: Engine) -> None:
    person.client.application.extensions["lander"].journal.close()
    Worker(settings, engine).ingest()
    assert not [row for file in list_journals(settings.journal_dir) for row in file.read(10)]
