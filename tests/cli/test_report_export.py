"""`lander report export`: the files of the studio, whole or not at all."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session

from experiments import lifecycle
from lander import exports
from lander.access.audit import list_entries
from lander.db import transaction
from tests.cli.conftest import HOST, Terminal
from tests.cli.events import come, crowd, pay

_EXPORT = ("report", "export", "--site", HOST, "--slug", "spring-sale")


@pytest.fixture
def tested(terminal: Terminal) -> Terminal:
    terminal.start_test()
    come(terminal, crowd("a", served=90, conversions=9, days=5), crowd("b", served=89, conversions=12, days=5))
    return terminal


def test_a_report_is_exported_and_comes_out_again(tested: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    told = tested.ok(*_EXPORT, "--output", str(file))
    assert told == {
        "experiment": "spring-sale-1", "what": "report", "format": "json", "phase": None, "file": str(file),
        "bytes": file.stat().st_size,
    }  # fmt: skip
    assert json.loads(file.read_text())["variants"][1]["conversions"] == 12
    assert tested.run("report", "verify", str(file)).status == 0


def test_tables_are_exported_and_written_down(tested: Terminal, tmp_path: Path) -> None:
    tallies, events = tmp_path / "tallies.csv", tmp_path / "events.jsonl"
    said = tested.read(*_EXPORT, "--what", "tallies", "--format", "csv", "--output", str(tallies))
    assert said.startswith(f"{tallies}: the tallies of spring-sale-1, ")
    with tallies.open(newline="") as opened:
        cells = [row for row in csv.DictReader(opened) if row["dimension"] == "all"]
    assert sum(int(row["served"]) for row in cells) == 179
    tested.ok(*_EXPORT, "--what", "events", "--output", str(events))
    assert len(events.read_text().splitlines()) == 2 * 179 + 21
    with Session(tested.engine) as session:
        taken = [item for item in list_entries(session) if item.action == "report.export"]
    assert [item.details for item in taken] == [
        {"what": "events", "format": "json"}, {"what": "tallies", "format": "csv"},
    ]  # fmt: skip
    assert taken[0].actor.startswith("command line (")


def test_a_file_that_fails_half_way_leaves_the_old_one(
    tested: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: object, **__: object) -> object:
        yield b"half of"
        raise OSError(28, "No space left on device")

    file = tmp_path / "report.json"
    file.write_text("the old one")
    monkeypatch.setattr(exports, "stream", break_off)
    assert "No space left on device" in tested.refused(*_EXPORT, "--output", str(file))
    assert file.read_text() == "the old one"
    assert sorted(item.name for item in tmp_path.glob("*report*")) == ["report.json"]


def test_a_device_gets_it_as_it_comes(tested: Terminal) -> None:
    assert tested.ok(*_EXPORT, "--output", "/dev/null")["bytes"] > 1_000
    assert Path("/dev/null").is_char_device()


def test_without_pyarrow_it_names_the_command(
    tested: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "find_spec", lambda name: None)
    options = ("--what", "events", "--format", "parquet", "--output", str(tmp_path / "events.parquet"))
    assert tested.refused(*_EXPORT, *options).endswith("which is not installed. pip install 'lander[parquet]'")
    assert not (tmp_path / "events.parquet").exists()


def test_an_older_phase_is_taken_by_its_number(tested: Terminal, tmp_path: Path) -> None:
    with transaction(tested.engine) as session:
        lifecycle.new_phase(session, lifecycle.load(session, "spring-sale-1"), now=datetime.now(UTC))
    report, events = tmp_path / "report.json", tmp_path / "events.jsonl"
    said = tested.read(*_EXPORT, "--phase", "1", "--output", str(report))
    assert said.startswith(f"{report}: the report of phase 1 of spring-sale-1, ")
    told = json.loads(report.read_text())
    assert (told["phase"], told["phases"], told["variants"][0]["served"]) == (1, [1, 2], 90)
    assert told["trend"]
    assert tested.run("report", "verify", str(report)).status == 0
    assert tested.ok(*_EXPORT, "--what", "events", "--phase", "2", "--output", str(events))["bytes"] == 0
    assert tested.ok(*_EXPORT, "--what", "events", "--phase", "1", "--output", str(events))["phase"] == 1
    assert len(events.read_text().splitlines()) == 2 * 179 + 21
    with Session(tested.engine) as session:
        taken = next(item for item in list_entries(session) if item.action == "report.export")
    assert taken.details == {"what": "events", "format": "json", "phase": 1}
    before = events.read_bytes()
    refused = tested.refused(*_EXPORT, "--phase", "3", "--output", str(events))
    assert refused.startswith("Experiment spring-sale-1 has no phase 3.")
    assert events.read_bytes() == before


def test_receipts_are_a_table_of_amounts(tested: Terminal, tmp_path: Path) -> None:
    pay(tested, "a", 4_900, 4_900)
    pay(tested, "b", 9_900)
    file = tmp_path / "receipts.csv"
    tested.ok(*_EXPORT, "--what", "receipts", "--format", "csv", "--output", str(file))
    with file.open(newline="") as opened:
        rows = [(row["phase"], row["variant"], row["amount_minor"], row["receipts"]) for row in csv.DictReader(opened)]
    assert rows == [("1", "a", "4900", "2"), ("1", "b", "9900", "1")]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--phase", "0", "--output", "x.json"), "Invalid value for '--phase'"),
        (("--what", "report", "--format", "csv", "--output", "x.csv"), "A report is no table"),
        (("--what", "leads", "--output", "x.json"), "Invalid value for '--what'"),
        ((), "Missing option '--output'"),
        (("--output", "."), "Is a directory"),
        (("--output", "nowhere/x.json"), "No such file or directory"),
    ],
)
def test_what_cannot_be_written_is_refused(tested: Terminal, options: tuple[str, ...], reason: str) -> None:
    assert reason in tested.refused(*_EXPORT, *options)


def test_a_page_without_a_test_has_nothing_to_take(terminal: Terminal) -> None:
    terminal.publish_page()
    assert "There was no test on 'spring-sale' yet." in terminal.refused(*_EXPORT, "--output", "x.json")
