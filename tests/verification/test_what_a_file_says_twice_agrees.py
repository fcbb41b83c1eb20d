"""What a report has from its sealed plan, or says in two places, cannot be changed in one of them alone.

And what nothing has counted is named, or refused.
"""

from pathlib import Path
from typing import Any

import pytest

from lander.verification import Unreadable
from lander.verification.plan import hash_plan
from tests.verification.conftest import (
    Case,
    Make,
    b_ships,
    c_is_dropped,
    further_goals_are_counted,
    it_is_early,
    it_is_in_its_second_phase,
    it_was_looked_at_and_ended_too_early,
)
from tests.verification.test_differences_are_named import check, set_at

PLANNED, UNPLANNED, PHASES = b_ships, c_is_dropped, it_is_in_its_second_phase
LOOKS, GOALS = it_was_looked_at_and_ended_too_early, further_goals_are_counted
BEFORE, LATER = "2026-11-01T09:00:00+00:00", "2026-12-24T09:00:00+00:00"


@pytest.mark.parametrize(
    ("case", "path", "value", "named"),
    [
        (PLANNED, "parameters/rule/min_conversions", 10, "parameters.rule.min_conversions"),
        (PLANNED, "parameters/rule/max_loss", 0.1, "parameters.rule.max_loss"),
        (PLANNED, "parameters/prior/tau", 0.7, "parameters.prior.tau"),
        (PLANNED, "parameters/prior/experiments", 40, "parameters.prior.experiments"),
        (PLANNED, "parameters/prior/source", "learned", "parameters.prior.source"),
        (PLANNED, "purpose", "aa", "purpose"),
        (PLANNED, "experiment", "winter-sale-1", "experiment"),
        (PLANNED, "hypothesis", "It was B all along.", "hypothesis"),
        (UNPLANNED, "parameters/prior/tau", 0.7, "parameters.prior.tau"),
        (UNPLANNED, "parameters/prior/source", "learned", "parameters.prior.source"),
        (PLANNED, "phase_lines/0/number", 2, "phase_lines[0].number"),
        (PLANNED, "phase_lines/0/started_at", BEFORE, "phase_lines[0].started_at"),
        (PLANNED, "phase_lines/0/ended_at", LATER, "phase_lines[0].ended_at"),
        (PLANNED, "phase_lines/0/coverage_bp", 5_000, "phase_lines[0].coverage_bp"),
        (PHASES, "phase", 1, "phase_lines[0].started_at"),
        (PHASES, "phase_lines/0/ended_at", None, "phase_lines[0].ended_at"),
        (PHASES, "phase_lines/0/ended_at", LATER, "phase_lines[0].ended_at"),
        (PHASES, "phase_lines/1/ended_at", LATER, "phase_lines[1].ended_at"),
        (LOOKS, "phase_lines/0/ended_at", None, "phase_lines[0].ended_at"),
        (LOOKS, "looks/1/experiment", "winter-sale-1", "looks[1].experiment"),
        (LOOKS, "looks/1/phase", 2, "looks[1].phase"),
        (LOOKS, "looks/0/days", 2, "looks[0].days"),
        (PLANNED, "filtered/martians", 5, "filtered.martians"),
        (PLANNED, "splits/0/visitors/z", 5, "splits[0].visitors.z"),
        (PLANNED, "verdict/dropped", ["missing"], "verdict.dropped[0]"),
    ],
)  # fmt: skip
def test_a_change_in_one_place_is_named(
    report_of: Make, tmp_path: Path, *, case: Case, path: str, value: Any, named: str
) -> None:
    found = check(tmp_path, set_at(report_of(case), path, value))
    assert named in [item.path for item in found.differences]


def test_thresholds_that_were_lowered_to_call_it_are_named_though_the_verdict_follows_from_them(
    report_of: Make, tmp_path: Path
) -> None:
    report = report_of(it_is_early)
    report["parameters"]["rule"] |= {"min_days": 1, "min_conversions": 1, "min_conversions_each": 1, "p_best": 0.6}
    assert report["verdict"]["reason"] == "too-few-days"
    found = {item.path: item.recomputed for item in check(tmp_path, report).differences}
    assert (found["parameters.rule.min_days"], found["parameters.rule.p_best"]) == (7, 0.95)


@pytest.mark.parametrize(
    ("severity", "gate"), [("stop", "martians"), ("stop", "bots"), ("wait", "configuration"), ("note", "exposure")]
)
def test_a_finding_that_no_gate_makes_is_named(report_of: Make, tmp_path: Path, severity: str, gate: str) -> None:
    report = report_of(b_ships)
    report["health"].append({"severity": severity, "gate": gate, "sentence": "Beware.", "fix": ""})
    last = f"health[{len(report['health']) - 1}]"
    assert last in [item.path for item in check(tmp_path, report).differences]


def test_a_change_of_the_page_is_found_once(report_of: Make, tmp_path: Path) -> None:
    """The counts do not tell of it, so it is taken as it is."""
    report = report_of(b_ships)
    finding = {"severity": "note", "gate": "configuration", "sentence": "The page was changed once.", "fix": ""}
    report["health"].insert(0, finding)
    assert check(tmp_path, report).differences == ()
    report["health"].append(finding)
    assert check(tmp_path, report).differences != ()


def test_a_plan_cannot_be_taken_out_from_under_a_prior_that_was_learned(report_of: Make, tmp_path: Path) -> None:
    report = report_of(b_ships)
    learned = {"tau": report["parameters"]["tau"], "source": "learned", "low": 0.04, "high": 0.1, "experiments": 20}
    report["parameters"]["prior"] = report["plan"]["plan"]["prior"] = learned
    report["plan"]["hash"] = hash_plan(report["plan"]["plan"])
    assert check(tmp_path, report).differences == ()
    report["plan"] = None
    assert "parameters.prior.source" in [item.path for item in check(tmp_path, report).differences]


def test_a_threshold_that_only_the_plan_or_only_this_version_knows_is_not_held_against_the_other(
    report_of: Make, tmp_path: Path
) -> None:
    report = report_of(b_ships)
    rule = report["plan"]["plan"]["rule"]
    del rule["p_harm"]
    rule["min_luck"] = 3
    report["plan"]["hash"] = hash_plan(report["plan"]["plan"])
    assert check(tmp_path, report).differences == ()


def test_nothing_but_its_seal_is_asked_of_a_plan_that_was_changed_in_the_database(
    report_of: Make, tmp_path: Path
) -> None:
    """The report says that it was, and was made by the rule and the purpose of the experiment."""
    report = report_of(it_is_early)
    plan = report["plan"]
    plan["plan"] |= {"purpose": "aa", "hypothesis": "Another."}
    plan["plan"]["rule"]["min_days"] = 1
    found = hash_plan(plan["plan"])
    plan |= {"is_intact": False}
    plan["departures"] = [{"kind": "plan-changed", "sentence": "", "planned": plan["hash"], "done": found}]
    assert check(tmp_path, report).differences == ()


@pytest.mark.parametrize(
    ("case", "path", "value", "reason"),
    [
        (PLANNED, "phase", 2, "'phase' must be one of the phases, 1 to 1, and is 2"),
        (PLANNED, "variants/1/simulated", 2_381, "'variants[1].simulated' must be at most the 2,380 visitors"),
        (PLANNED, "variants/1/unconfirmed_conversions", 11, "must be at most the 10 visitors of its variant who were not"),
        (PLANNED, "variants/0/unconfirmed_conversions", -5, "'variants[0].unconfirmed_conversions' must be a whole"),
        (PLANNED, "variants/0/unconfirmed_conversions", "many", "must be a whole number of 0 or more, and is 'many'"),
        (GOALS, "goals/0/variants/1/unconfirmed_conversions", 1, "must be at most the 0 visitors of its variant who"),
        (GOALS, "goals/0/variants/1/unconfirmed_conversions", "x", "unconfirmed_conversions' must be a whole number"),
        (LOOKS, "looks/0/days", -1, "'looks[0].days' must be a whole number"),
        (LOOKS, "phase_lines/0/ended_at", "soon", "'phase_lines[0].ended_at' must be a moment"),
        (PLANNED, "plan/plan", None, "'plan.plan' must be an object"),
    ],
)  # fmt: skip
def test_a_count_that_cannot_be_is_refused_by_name(
    report_of: Make, tmp_path: Path, *, case: Case, path: str, value: Any, reason: str
) -> None:
    with pytest.raises(Unreadable) as refused:
        check(tmp_path, set_at(report_of(case), path, value))
    assert reason in str(refused.value)


def test_those_who_saw_several_variants_may_be_simulated_too(report_of: Make, tmp_path: Path) -> None:
    report = report_of(b_ships)
    report["variants"][1] |= {"multiply_exposed": 3, "simulated": 2_383}
    report["seen"] += 3
    report["health"].insert(0, {"severity": "note", "gate": "simulated", "sentence": "", "fix": ""})
    assert check(tmp_path, report).differences == ()
