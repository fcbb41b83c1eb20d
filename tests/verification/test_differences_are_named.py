"""Whoever changes a saved report, or the code that makes them, is told where it no longer fits."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from lander.verification import Verification, verify
from lander.verification.differences import MISSING
from tests.verification.conftest import Report, b_ships, it_is_in_its_second_phase


@pytest.fixture
def report(engine: Engine) -> Report:
    return b_ships(engine)


def check(tmp_path: Path, report: Report) -> Verification:
    file = tmp_path / "report.json"
    file.write_text(json.dumps(report))
    return verify(file)


def set_at(report: Report, path: str, value: Any) -> Report:
    place: Any = report
    *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    for step in steps:
        place = place[step]
    place[last] = value
    return report


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("variants/1/rate/low", 0.21, "variants[1].rate.low"),
        ("variants/1/p_best", 0.94, "variants[1].p_best"),
        ("variants/1/lift/inner_high", 0.9, "variants[1].lift.inner_high"),
        ("variants/1/decision/p_beats_control", 0.9, "variants[1].decision.p_beats_control"),
        ("variants/0/decision/loss/money_minor", 1.0, "variants[0].decision.loss.money_minor"),
        ("variants/0/anytime", {"e_value": 3.0}, "variants[0].anytime"),
        ("variants/1/anytime/e_value", 19.0, "variants[1].anytime.e_value"),
        ("variants/1/forecast/per_month/high", 10.0, "variants[1].forecast.per_month.high"),
        ("srm/confirmed/mismatch", True, "srm.confirmed.mismatch"),
        ("splits/0/p_adjusted", 0.5, "splits[0].p_adjusted"),
        ("autopsy", {"step": "served"}, "autopsy"),
        ("verdict/action", "continue", "verdict.action"),
        ("verdict/reason", "loss-too-large", "verdict.reason"),
        ("verdict/strong", 1, "verdict.strong"),
        ("waiting/gain", 0.5, "waiting.gain"),
        ("days", 99, "days"),
        ("elapsed_days", 14.5, "elapsed_days"),
        ("seen", 1, "seen"),
        ("filtered/bot", 2, "filtered.bot"),
        ("plan/hash", "0" * 64, "plan.is_intact"),
        ("plan/plan/rate", 0.2, "plan.is_intact"),
        ("parameters/min_lift", 0.2, "parameters.min_lift"),
        ("parameters/currency", "USD", "parameters.currency"),
        ("by_day/0/served", 300, "sum of by_day.a.served"),
        ("segments/1/confirmed", 1, "sum of segments browser.b.confirmed"),
        ("phase_lines/0/variants/1/conversions", 519, "phase_lines[0].variants[1].conversions"),
        ("phases", [1, 2], "phases[1]"),
    ],
)
def test_each_change_is_named(report: Report, tmp_path: Path, path: str, value: Any, named: str) -> None:
    set_at(report, path, value)
    if path == "segments/1/confirmed":
        set_at(report, "segments/1/conversions", 1)
    assert named in [item.path for item in check(tmp_path, report).differences]


def test_another_count_changes_everything_that_follows(report: Report, tmp_path: Path) -> None:
    report["variants"][1]["conversions"] -= 100
    told = {item.path: item for item in check(tmp_path, report).differences}
    assert {"variants[1].rate.mean", "variants[0].p_best", "sum of by_day.b.conversions"} <= set(told)
    difference = told["sum of by_day.b.conversions"]
    assert difference.sentence() == "sum of by_day.b.conversions: saved 520, recomputed 420"
    assert difference.tolerance == 0


def test_a_figure_that_was_taken_out_is_missing(report: Report, tmp_path: Path) -> None:
    before = deepcopy(report)
    del report["verdict"]["strong"], report["srm"]
    told = check(tmp_path, report)
    assert [(item.path, item.saved) for item in told.differences] == [("verdict.strong", MISSING), ("srm", MISSING)]
    assert check(tmp_path, before).differences == ()


def test_a_gate_that_should_be_shut_is_named(report: Report, tmp_path: Path) -> None:
    for item in (report["variants"][0], report["phase_lines"][0]["variants"][0]):
        item["served"] = item["served"] + 600
    told = {item.path: item.recomputed for item in check(tmp_path, report).differences}
    assert (told["health[0].severity"], told["health[0].gate"]) == ("stop", "srm-served")


def test_digits_beyond_the_tolerance_are_no_difference(report: Report, tmp_path: Path) -> None:
    rate = report["variants"][1]["rate"]
    rate["median"] += 5e-9
    assert check(tmp_path, report).differences == ()
    rate["median"] += 5e-7
    (told,) = check(tmp_path, report).differences
    assert told.sentence().startswith("variants[1].rate.median: saved 0.219")
    assert told.sentence().endswith("(tolerance 2.2e-07)")


def test_a_difference_in_a_past_phase_is_named_too(engine: Engine, tmp_path: Path) -> None:
    report = it_is_in_its_second_phase(engine)
    assert report["phases"] == [1, 2]
    report["phase_lines"][0]["variants"][1]["p_best"] = 0.5
    assert [item.path for item in check(tmp_path, report).differences] == ["phase_lines[0].variants[1].p_best"]


@pytest.mark.parametrize(
    "add", [lambda report: report.update(new=1), lambda report: report["variants"][0].update(new=1)]
)
def test_what_a_newer_version_added_is_no_difference(
    report: Report, tmp_path: Path, add: Callable[[Report], None]
) -> None:
    add(report)
    assert check(tmp_path, report).differences == ()
