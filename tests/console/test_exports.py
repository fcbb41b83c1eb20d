"""Ana takes an experiment along: what there is to take, the files, and who took them."""

import csv
import io
import json
import tracemalloc
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from experiments import lifecycle, results
from experiments.events import Event
from experiments.export import EventRow, TallyRow
from experiments.models import Experiment
from lander import exports
from lander.access.audit import list_entries
from lander.config import Settings
from lander.db import transaction
from lander.verification import verify
from tests.console.conftest import NOW, Browser, on_both, text_of
from tests.experiments.builders import STARTED, confirm, crowd, take_in, view

AT = "/experiments/spring-sale-1/export"


@pytest.fixture
def counted(engine: Engine, experiment: Experiment) -> Experiment:
    """Ten days of visitors, in the days before now."""
    shift_ms = int((NOW - timedelta(days=10) - STARTED).total_seconds() * 1000)
    events = crowd("a", served=300, conversions=20, days=9) + crowd(
        "b", served=310, conversions=31, days=9, source="=1+1"
    )
    take_in(engine, [move(event, shift_ms) for event in events])
    return experiment


def move(event: Event, shift_ms: int) -> Event:
    return event._replace(exposed_at_ms=event.exposed_at_ms + shift_ms, at_ms=event.at_ms + shift_ms)


def take(person: Browser, what: str, file_format: str) -> Any:
    response = person.post(AT, {"what": what, "format": file_format})
    assert response.status_code == 200, response.text
    return response


def test_the_screen_offers_each_file_in_its_formats(ana: Browser, experiment: Experiment) -> None:
    screen = text_of(ana.get(AT))
    assert "The report" in screen
    assert "Tallies" in screen
    assert "No row says who somebody is" in screen
    for words in ("The report as JSON", "Tallies as CSV", "Events as Parquet"):
        assert f'aria-label="{words}"' in ana.get(AT).text
    assert 'aria-label="The report as CSV"' not in ana.get(AT).text


def test_the_report_is_the_report_and_comes_out_again(
    ana: Browser, counted: Experiment, session: Session, tmp_path: Path
) -> None:
    response = take(ana, "report", "json")
    assert response.mimetype == "application/json"
    name = f"spring-sale-1-report-{NOW:%Y-%m-%d}.json"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    report = results.report(session, counted, dimensions=("campaign", "keyword"), now=NOW)
    told = report.as_json() | report.details_as_json()
    assert response.json == told | {"looks": response.json["looks"]}
    assert told["trend"]
    assert {item["dimension"] for item in told["segment_lifts"]} >= {"device", "day", "campaign", "keyword"}
    file = tmp_path / name
    file.write_bytes(response.data)
    assert verify(file).differences == ()


def test_a_report_of_very_many_visitors_comes_without_campaigns(
    ana: Browser, counted: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MOST_GROUPED", 609)
    report = take(ana, "report", "json").json
    assert report["open_segments"] == []
    assert report["trend"]
    monkeypatch.setattr(exports, "MOST_GROUPED", 610)
    assert {item["dimension"] for item in take(ana, "report", "json").json["open_segments"]} == {"campaign", "keyword"}


@on_both
def test_a_table_is_the_same_in_each_format(ana: Browser, counted: Experiment) -> None:
    tallies = take(ana, "tallies", "json").json
    assert sum(item["served"] for item in tallies if item["dimension"] == "all") == 610
    assert list(tallies[0]) == list(TallyRow._fields)
    rows = list(csv.reader(io.StringIO(take(ana, "tallies", "csv").text)))
    assert rows[0] == list(TallyRow._fields)
    assert [row[7:] for row in rows[1:]] == [[str(number) for number in list(item.values())[7:]] for item in tallies]

    events = [json.loads(line) for line in take(ana, "events", "json").text.splitlines()]
    assert len(events) == 2 * 610 + 51
    assert list(events[0]) == list(EventRow._fields)
    assert events[0]["at"].endswith("Z")
    as_csv = list(csv.DictReader(io.StringIO(take(ana, "events", "csv").text)))
    assert [row["visitor"] for row in as_csv] == [item["visitor"] for item in events]
    assert {row["counted"] for row in as_csv} == {"true"}


def test_no_spreadsheet_runs_what_a_visitor_brought_along(ana: Browser, counted: Experiment) -> None:
    response = take(ana, "events", "csv")
    assert not response.data.startswith(b"\xef\xbb\xbf")
    sources = {row["source"] for row in csv.DictReader(io.StringIO(response.text))}
    assert sources == {"email", "'=1+1"}
    assert '"=1+1"' not in response.text
    told = take(ana, "events", "json").text
    assert '"source": "=1+1"' in told  # nothing runs it there


def test_parquet_has_types_of_its_own(ana: Browser, counted: Experiment) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(io.BytesIO(take(ana, "events", "parquet").data))
    assert table.column_names == list(EventRow._fields)
    types = {name: str(table.schema.field(name).type) for name in ("at", "day", "phase", "counted", "visitor")}
    assert types == {
        "at": "timestamp[ms, tz=UTC]", "day": "date32[day]", "phase": "int64", "counted": "bool", "visitor": "string",
    }  # fmt: skip
    rows = [json.loads(line) for line in take(ana, "events", "json").text.splitlines()]
    assert table.column("visitor").to_pylist() == [row["visitor"] for row in rows]
    assert [f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in table.column("at").to_pylist()] == [row["at"] for row in rows]
    assert parquet.read_table(io.BytesIO(take(ana, "tallies", "parquet").data)).num_rows > 0


def test_without_pyarrow_the_screen_names_the_command(
    ana: Browser, counted: Experiment, monkeypatch: pytest.MonkeyPatch, session: Session
) -> None:
    monkeypatch.setattr(exports, "find_spec", lambda name: None)
    response = ana.post(AT, {"what": "events", "format": "parquet"})
    assert response.status_code == 503
    assert "Parquet files need pyarrow, which is not installed. pip install 'lander[parquet]'" in text_of(response)
    assert not [entry for entry in list_entries(session) if entry.action == "report.export"]


def test_an_experiment_that_nobody_saw_makes_empty_files(ana: Browser, experiment: Experiment) -> None:
    assert take(ana, "tallies", "json").json == []
    assert take(ana, "events", "json").data == b""
    assert take(ana, "events", "csv").text.splitlines() == [",".join(f'"{name}"' for name in EventRow._fields)]
    parquet = pytest.importorskip("pyarrow.parquet")
    assert parquet.read_table(io.BytesIO(take(ana, "events", "parquet").data)).num_rows == 0


def test_no_file_holds_a_visitors_id(ana: Browser, counted: Experiment) -> None:
    ids = {event.visitor for event in crowd("a", served=300, conversions=20, days=9)}
    for what, file_format in (("events", "csv"), ("events", "json"), ("tallies", "csv"), ("report", "json")):
        told = take(ana, what, file_format).text
        assert not [who for who in ids if who in told]


def test_who_takes_what_is_written_down(ana: Browser, ivan: Browser, counted: Experiment, session: Session) -> None:
    take(ana, "events", "csv")
    take(ivan, "report", "json")
    told = [
        (item.actor, item.subject, item.details) for item in list_entries(session) if item.action == "report.export"
    ]
    assert told == [
        ("ivan", "spring-sale-1", {"what": "report", "format": "json"}),
        ("ana", "spring-sale-1", {"what": "events", "format": "csv"}),
    ]


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"what": "report", "format": "csv"}, "A report is no table, so it is not written as csv."),
        ({"what": "leads", "format": "csv"}, "There is no export of 'leads' as 'csv'."),
        ({"what": "events", "format": "xlsx"}, "There is no export of 'events' as 'xlsx'."),
        ({}, "There is no export of '' as ''."),
    ],
)
def test_what_there_is_not_is_refused_on_the_screen(
    ana: Browser, experiment: Experiment, form: dict[str, str], reason: str
) -> None:
    response = ana.post(AT, form)
    assert response.status_code == 422
    assert reason in text_of(response)


def test_nobody_takes_anything_who_may_not(otto: Browser, ana: Browser, experiment: Experiment) -> None:
    assert otto.get(AT).status_code in (302, 303, 401)
    assert otto.post(AT, {"what": "report", "format": "json"}).status_code != 200
    assert ana.post(AT, {"what": "report", "format": "json"}, csrf="wrong").status_code == 403
    assert ana.get("/experiments/nothing-1/export").status_code == 404
    assert ana.post("/experiments/nothing-1/export", {"what": "report", "format": "json"}).status_code == 404


@pytest.mark.parametrize("file_format", ["csv", "json", "parquet"])
def test_many_visitors_pass_through_little_memory(
    engine: Engine, settings: Settings, experiment: Experiment, file_format: str
) -> None:
    if file_format == "parquet":
        pytest.importorskip("pyarrow")
    with transaction(engine) as session:
        assert lifecycle.load(session, experiment.key).id == 1
    take_in(engine, [confirm(view(f"{number:032x}")) for number in range(30_000)])
    asked = exports.ask("events", file_format)

    def weigh() -> tuple[int, int]:
        tracemalloc.start()
        size = sum(len(piece) for piece in exports.stream(engine, settings, experiment.key, asked, now=NOW))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return size, peak

    for piece in exports.stream(engine, settings, experiment.key, asked, now=NOW):
        assert len(piece) < 3_000_000
    size, peak = weigh()
    assert size > (100_000 if file_format == "parquet" else 8_000_000)
    assert peak < (40_000_000 if file_format == "parquet" else 8_000_000)


@pytest.fixture
def two_phases(engine: Engine, counted: Experiment) -> Experiment:
    with transaction(engine) as session:
        lifecycle.new_phase(session, session.get_one(Experiment, counted.id), now=NOW - timedelta(hours=1))
    return counted


def test_an_older_phase_is_taken_by_itself(ana: Browser, two_phases: Experiment, session: Session) -> None:
    everything, first = ana.get(AT), ana.get(f"{AT}?phase=1")
    assert "Tables hold all phases" in text_of(everything)
    assert f'<a href="{AT}?phase=1">Phase 1</a>' in everything.text
    assert "Every file is of phase 1 alone." in text_of(first)
    assert first.text.count('<input type="hidden" name="phase" value="1">') == 4

    report = ana.post(AT, {"what": "report", "format": "json", "phase": "1"})
    assert "spring-sale-1-phase-1-report" in report.headers["Content-Disposition"]
    assert (report.json["phase"], report.json["variants"][0]["served"]) == (1, 300)
    assert ana.post(AT, {"what": "report", "format": "json"}).json["phase"] == 2
    assert len(ana.post(AT, {"what": "events", "format": "json", "phase": "2"}).text.splitlines()) == 0
    told = [item.details for item in list_entries(session) if item.action == "report.export"]
    assert {"what": "events", "format": "json", "phase": 2} in told


def test_the_report_of_a_phase_leads_to_its_files(ana: Browser, two_phases: Experiment) -> None:
    assert f'<a href="{AT}?phase=1">counts' in ana.get("/experiments/spring-sale-1/report?phase=1").text
    assert f'<a href="{AT}">counts' in ana.get("/experiments/spring-sale-1/report").text


def test_a_phase_that_there_is_not_is_said(ana: Browser, two_phases: Experiment) -> None:
    assert ana.get(f"{AT}?phase=3").status_code == 404
    assert ana.get(f"{AT}?phase=x").status_code == 422
    assert ana.post(AT, {"what": "events", "format": "csv", "phase": "3"}).status_code == 404
    assert ana.post(AT, {"what": "events", "format": "csv", "phase": "x"}).status_code == 422
    refused = ana.post(AT, {"what": "leads", "format": "csv", "phase": "1"})
    assert refused.status_code == 422
    assert "Every file is of phase 1 alone." in text_of(refused)  # what was chosen stays


def test_with_one_phase_there_is_none_to_choose(ana: Browser, experiment: Experiment) -> None:
    assert "Phase 1" not in text_of(ana.get(AT))
