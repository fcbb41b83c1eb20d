"""Further goals, money, looks, departures from the plan and details: each comes out again, and each change to it is named."""

from pathlib import Path
from typing import Any

import pytest

from lander.verification import Unreadable
from lander.verification.differences import MISSING
from lander.verification.plan import hash_plan
from tests.verification.conftest import (
    Case,
    Make,
    a_guardrail_is_harmed,
    further_goals_are_counted,
    it_is_exported,
    it_is_in_its_second_phase,
    it_runs_slower_and_longer_than_planned,
    it_was_looked_at_and_ended_too_early,
    money_came_in,
    the_split_is_broken_on_phones,
)
from tests.verification.test_differences_are_named import check, set_at

GOALS, HARM, MONEY = further_goals_are_counted, a_guardrail_is_harmed, money_came_in
LOOKS, DETAILS, LOSS = it_was_looked_at_and_ended_too_early, it_is_exported, the_split_is_broken_on_phones


@pytest.mark.parametrize(
    ("case", "path", "value", "named"),
    [
        (GOALS, "goals/0/variants/1/rate/low", 0.5, "goals[0].variants[1].rate.low"),
        (GOALS, "goals/1/variants/1/decision/lift/median", 0.5, "goals[1].variants[1].decision.lift.median"),
        (GOALS, "goals/0/variants/1/p_adjusted", 0.04, "goals[0].variants[1].p_adjusted"),
        (GOALS, "goals/1/variants/1/is_discovery", True, "goals[1].variants[1].is_discovery"),
        (GOALS, "goals/2/variants/1/p_adjusted", 0.04, "goals[2].variants[1].p_adjusted"),
        (GOALS, "goals/2/variants/1/guardrail/status", "harm", "goals[2].variants[1].guardrail.status"),
        (GOALS, "goals/3/variants/1/guardrail/p_harm", 0.2, "goals[3].variants[1].guardrail.p_harm"),
        (GOALS, "goals/2/margin", 0.5, "plan.departures[0].kind"),
        (GOALS, "goals/2/role", "secondary", "plan.departures[0].kind"),
        (GOALS, "goals/3/fewer_is_better", False, "goals[3].variants[1].guardrail.p_harm"),
        (GOALS, "goals", [], "plan.departures[0].kind"),
        (HARM, "verdict/dropped", [], "verdict.dropped[0]"),
        (HARM, "goals/0/variants/1/conversions", 40, "verdict.action"),
        (MONEY, "revenue/currency", "USD", "revenue.currency"),
        (MONEY, "revenue/cap_minor", 1, "revenue.cap_minor"),
        (MONEY, "revenue/disagrees", True, "revenue.disagrees"),
        (MONEY, "revenue/variants/0/total_minor", 1, "revenue.variants[0].total_minor"),
        (MONEY, "revenue/variants/1/receipts", 73, "revenue.variants[1].receipts"),
        (MONEY, "revenue/variants/1/per_visitor/median", 300.0, "revenue.variants[1].per_visitor.median"),
        (MONEY, "revenue/variants/1/lift/inner_low", 0.0, "revenue.variants[1].lift.inner_low"),
        (MONEY, "revenue/variants/1/check/high", 0.0, "revenue.variants[1].check.high"),
        (MONEY, "revenue/variants/1/agrees", False, "revenue.variants[1].agrees"),
        (MONEY, "revenue/variants/0/loss_minor", 0.0, "revenue.variants[0].loss_minor"),
        (MONEY, "revenue/variants/0/amounts/0/1", 41, "revenue.variants[0].total_minor"),
        (LOOKS, "looks/0/variants/1/p_best", 0.9, "looks[0].variants[1].p_best"),
        (LOOKS, "looks/1/variants/1/lift_high", 0.9, "looks[1].variants[1].lift_high"),
        (LOOKS, "looks/2/variants/0/confirmed", 201, "looks[2].variants[0].expected_loss"),
        (LOOKS, "looks/2/action", "ship", "plan.departures[3].planned"),
        (LOOKS, "shipped", "a", "plan.departures[3]"),
        (LOOKS, "plan/departures/0/kind", "slower", "plan.departures[0].kind"),
        (LOOKS, "plan/departures/1/done", "1", "plan.departures[1].done"),
        (LOOKS, "plan/departures", [], "plan.departures[0]"),
        (DETAILS, "trend/3/confirmed", 1, "trend[3].confirmed"),
        (DETAILS, "trend/5/e_value", 9.0, "trend[5].e_value"),
        (DETAILS, "trend/7/high", 9.0, "trend[7].high"),
        (DETAILS, "trend/7/decision/p_best", 0.5, "trend[7].decision.p_best"),
        (DETAILS, "segment_lifts/0/levels/0/lift", 0.3, "segment_lifts[0].levels[0].lift"),
        (DETAILS, "segment_lifts/5/levels/1/discovery", None, "segment_lifts[5].levels[1].discovery"),
        (DETAILS, "segment_lifts/6/heterogeneity", 0.5, "segment_lifts[6].heterogeneity"),
        (DETAILS, "open_segments/0/served", 501, "sum of segments campaign.a.served"),
        (DETAILS, "open_segments", [], "segment_lifts[5]"),
        (LOSS, "autopsy/dimension", "browser", "autopsy.dimension"),
        (LOSS, "autopsy/levels", ["desktop"], "autopsy.levels[0]"),
    ],
)  # fmt: skip
def test_each_change_is_named(
    report_of: Make, tmp_path: Path, *, case: Case, path: str, value: Any, named: str
) -> None:
    found = check(tmp_path, set_at(report_of(case), path, value))
    assert named in [item.path for item in found.differences]


def test_a_harmful_winner_is_found_by_its_counts_alone(report_of: Make, tmp_path: Path) -> None:
    """Somebody takes the guardrail's harm out of a report and lets it ship."""
    report = report_of(a_guardrail_is_harmed)
    report["goals"][0]["variants"][1]["guardrail"] |= {"p_harm": 0.01, "status": "fine"}
    report["verdict"] |= {"action": "ship", "reason": "better", "variant": "b", "dropped": []}
    told = {item.path: item.recomputed for item in check(tmp_path, report).differences}
    assert (told["verdict.action"], told["verdict.reason"]) == ("keep", "guardrail-harmed")
    assert told["goals[0].variants[1].guardrail.status"] == "harm"


def test_goals_that_the_plan_declares_cannot_be_left_out(report_of: Make, tmp_path: Path) -> None:
    report = report_of(further_goals_are_counted)
    del report["goals"]
    told = {item.path: item.recomputed for item in check(tmp_path, report).differences}
    assert told["plan.departures[0].kind"] == "goals"


def test_a_report_from_before_all_this_is_read_as_ever(report_of: Make, tmp_path: Path) -> None:
    report = report_of(it_is_exported)
    plan = report["plan"]
    plan["plan"].pop("goals", None)
    plan["hash"] = hash_plan(plan["plan"])
    for name in ("goals", "revenue", "open_segments", "trend", "segment_lifts"):
        del report[name]
    found = check(tmp_path, report)
    assert found.differences == ()
    assert not {"goals", "revenue", "trend"} & set(found.untouched)


def test_a_look_from_before_the_plan_was_fixed_is_taken_as_it_is(report_of: Make, tmp_path: Path) -> None:
    report = report_of(it_was_looked_at_and_ended_too_early)
    report["plan"]["plan"]["fixed_at"] = report["looks"][1]["at"]
    report["plan"]["hash"] = hash_plan(report["plan"]["plan"])
    report["looks"][0]["variants"][1]["p_best"] = 0.9
    assert check(tmp_path, report).differences == ()


def test_every_departure_that_follows_from_plan_and_counts_is_made_again(report_of: Make) -> None:
    early = [item["kind"] for item in report_of(it_was_looked_at_and_ended_too_early)["plan"]["departures"]]
    assert early == ["stopped-early", "rate", "looked-early", "decision"]


def test_so_is_one_from_traffic_and_length(report_of: Make) -> None:
    late = report_of(it_runs_slower_and_longer_than_planned)["plan"]["departures"]
    assert [item["kind"] for item in late] == ["overrun", "slower", "rate"]


def test_another_split_in_another_phase_is_a_departure(report_of: Make) -> None:
    kinds = [item["kind"] for item in report_of(it_is_in_its_second_phase)["plan"]["departures"]]
    assert kinds[:2] == ["phases", "split"]


def test_a_plan_that_was_changed_is_the_only_departure(report_of: Make, tmp_path: Path) -> None:
    report = report_of(it_was_looked_at_and_ended_too_early)
    report["plan"]["plan"]["rate"] = 0.5
    told = {item.path: item.recomputed for item in check(tmp_path, report).differences}
    assert told["plan.departures[0].kind"] == "plan-changed"
    assert told["plan.departures[0].done"] == hash_plan(report["plan"]["plan"])
    assert told["plan.departures[1]"] == MISSING


@pytest.mark.parametrize(
    ("case", "path", "value", "reason"),
    [
        (GOALS, "goals", {}, "'goals' must be a list"),
        (GOALS, "goals/0/role", "idle", "'goals[0].role' must be one of secondary, guardrail"),
        (GOALS, "goals/0/variants/0/key", "b", "'goals[0].variants' must be the variants a, b, in this order"),
        (GOALS, "goals/0/variants/0/conversions", 2_401, "at most the 2,400 confirmed visitors"),
        (GOALS, "goals/2/margin", 1.5, "a margin must be at least 0 and below 1"),
        (GOALS, "goals/2/fewer_is_better", 1, "'goals[2].fewer_is_better' must be true or false"),
        (MONEY, "revenue/variants", [], "'revenue.variants' must be the variants a, b"),
        (MONEY, "revenue/variants/0/amounts/0", [4_900], "must be an amount and how many paid it"),
        (MONEY, "revenue/variants/0/amounts/0", [0, 3], "must be an amount above 0"),
        (MONEY, "revenue/variants/0/amounts/1/0", 4_900, "must be each amount once"),
        (MONEY, "revenue/variants/0/amounts/0/1", 2_400, "paying visitors must not exceed visitors"),
        (MONEY, "revenue/variants/0/amounts/0/0", 10**13, "a whole number from 0 to 10^12"),
        (LOOKS, "looks/0/at", "soon", "'looks[0].at' must be a moment"),
        (LOOKS, "looks/0/variants", [], "'looks[0].variants' must be the variants a, b"),
        (LOOKS, "looks/0/variants/0/conversions", 9_999, "'looks[0].variants[0]' cannot have been counted"),
        (DETAILS, "open_segments/1/variant", "a", "each day or level with the variants a, b, and each of them once"),
        (DETAILS, "by_day/0/day", "2030-01-01", "each day or level with the variants a, b, and each of them once"),
        (DETAILS, "phase_lines", [], "'phase_lines' must be a phase or more"),
        (DETAILS, "phase_lines/0/started_at", "9999-12-31T23:59:59-23:59", "beyond all reckoning"),
        (DETAILS, "parameters/level", 1e-320, "beyond all reckoning"),
    ],
)  # fmt: skip
def test_what_cannot_have_been_counted_is_refused_by_name(
    report_of: Make, tmp_path: Path, *, case: Case, path: str, value: Any, reason: str
) -> None:
    with pytest.raises(Unreadable) as refused:
        check(tmp_path, set_at(report_of(case), path, value))
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("rule", {}, "'plan.plan.rule.min_days' is missing"),
        ("weights", {"a": "half"}, "'plan.plan.weights.a' must be a whole number"),
        ("rate", "high", "'plan.plan.rate' must be a number"),
        ("goals", 7, "'plan.plan.goals' must be a list"),
        ("fixed_at", None, "'plan.plan.fixed_at' must be text"),
    ],
)
def test_a_plan_that_was_sealed_anew_and_is_none_is_refused(
    report_of: Make, tmp_path: Path, name: str, value: Any, reason: str
) -> None:
    report = report_of(it_is_exported)
    report["plan"]["plan"][name] = value
    report["plan"]["hash"] = hash_plan(report["plan"]["plan"])
    with pytest.raises(Unreadable) as refused:
        check(tmp_path, report)
    assert reason in str(refused.value)
