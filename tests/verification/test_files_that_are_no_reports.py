"""A file that cannot be recomputed is refused in one sentence that names what is wrong with it and where."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from lander.verification import Unreadable, verify
from tests.verification.conftest import Report, b_ships
from tests.verification.test_differences_are_named import set_at


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"visitor,phase\n1,2\n", "is not JSON"),
        (b'{"format": 1, "variants": NaN}', "NaN is no number"),
        (b'{"format": 1, "variants": 1e999}', "1e999 is too large a number"),
        (b'{"format": 1, "format": 2, "variants": []}', "the key 'format' stands in it twice"),
        (b"[" * 100_000, "is not JSON: too deep"),
        (b'{"format": ' + b"9" * 5_000 + b"}", "is not JSON"),
        (b"[1, 2]", "is JSON, and no report"),
        (b'{"leads": []}', "is JSON, and no report"),
        (b'{"format": 2, "variants": []}', "is a report of format 2; this version of Lander reads format 1"),
        (b'{"format": true, "variants": []}', "is a report of format True"),
        (b'{"format": 1, "variants": []}', "'variants' must be 2 to 100 variants"),
        (b'{"format": 1, "variants": {}}', "'variants' must be a list, and is {}"),
    ],
)
def test_it_is_no_report(tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(content)
    with pytest.raises(Unreadable) as refused:
        verify(file)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("variants/0/served", -1, "'variants[0].served' must be a whole number of 0 or more, and is -1"),
        ("variants/0/confirmed", 10.0, "'variants[0].confirmed' must be a whole number"),
        ("variants/0/conversions", True, "'variants[0].conversions' must be a whole number"),
        ("variants/0/conversions", 2_401, "cannot have been counted: 2400 served, 2400 confirmed, 2401 converted"),
        ("variants/1/served", 10**15, "whole number from 0 to 10^12"),
        ("variants/1/key", "a", "each with a key of its own"),
        ("by_day/3/conversions", 9_999, "'by_day[3]' cannot have been counted"),
        ("by_day/3/variant", "z", "'by_day[3].variant' must be one of the variants a, b"),
        ("segments/0/served", "many", "'segments[0].served' must be a whole number"),
        ("phase_lines/0/variants/0/key", "z", "variants with control 'a' among them"),
        ("control", "z", "'control' must be one of the variants a, b, and is 'z'"),
        ("coverage_bp", 0, "'coverage_bp' must be 1 to 10,000 basis points"),
        ("started_at", "yesterday", "'started_at' must be a moment"),
        ("as_of", "2026-11-02T09:00:00", "'as_of' must be a moment with its zone"),
        ("parameters/tau", -1, "tau must lie between"),
        ("parameters/level", 1, "level must lie strictly between 0 and 1"),
        ("parameters/inner_level", "half", "'parameters.inner_level' must be a number, and is 'half'"),
        ("parameters/data_prior/a", 0, "A count or a parameter in it is none"),
        ("parameters/rule/p_best", 2, "p_best must lie strictly between 0 and 1"),
        ("parameters/rule/min_luck", 2, "thresholds that this version of Lander does not know: min_luck"),
        ("filtered_by_variant/bot", {"a": -3}, "'filtered_by_variant.bot.a' must be a whole number"),
        ("health", "fine", "'health' must be a list, and is 'fine'"),
        ("plan", [], "'plan' must be an object"),
    ],
)
def test_a_count_or_a_parameter_is_none(engine: Engine, tmp_path: Path, path: str, value: Any, reason: str) -> None:
    report = b_ships(engine)
    set_at(report, path, value)
    with pytest.raises(Unreadable) as refused:
        verify(write(tmp_path, report))
    assert reason in str(refused.value)


@pytest.mark.parametrize("path", ["control", "variants/0/served", "parameters/rule/p_best", "plan/plan", "by_day"])
def test_it_was_made_by_another_version(engine: Engine, tmp_path: Path, path: str) -> None:
    report = b_ships(engine)
    place: Any = report
    *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    for step in steps:
        place = place[step]
    del place[last]
    with pytest.raises(Unreadable, match=rf"{last}' is missing\. Export the report again"):
        verify(write(tmp_path, report))


def test_weights_that_split_nothing_are_refused(engine: Engine, tmp_path: Path) -> None:
    report = b_ships(engine)
    for item in report["variants"]:
        item["weight_bp"] = 0
    with pytest.raises(Unreadable, match="weights must be finite, 0 or more, and not all 0"):
        verify(write(tmp_path, report))


def test_a_file_of_any_size_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    file = tmp_path / "events.json"
    with file.open("wb") as opened:
        opened.truncate(40 * 1024 * 1024)
    with pytest.raises(Unreadable, match="larger than 32 MiB, which no report is"):
        verify(file)


def test_there_is_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="No such file"):
        verify(tmp_path / "nothing.json")
    with pytest.raises(Unreadable, match="Is a directory"):
        verify(tmp_path)


def write(tmp_path: Path, report: Report) -> Path:
    file = tmp_path / "report.json"
    file.write_text(json.dumps(report))
    return file
