"""How many visitors, and days."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

import stats
from stats import plan
from tests.stats.oracles import load_reference

CASES = load_reference("sample_size_gpower.json")["cases"]
CONTINUOUS = [case for case in CASES if case["kind"] == "continuous"]  # a mean with a variance: no rate to plan for
UNEQUAL = [case for case in CASES if case["kind"] == "binomial" and case.get("comparisons") == "control_vs_all"]
RATES = [case for case in CASES if case not in CONTINUOUS and case not in UNEQUAL]
RATE = st.floats(0.001, 0.6)
LIFT = st.floats(0.01, 0.6)


def planned(case):
    return plan(
        case["baseline"],
        case["abs_mde"] / case["baseline"],
        variants=case.get("treatments", 2),
        power=case.get("power", 0.85),
        alpha=case.get("alpha", 0.05),
    )


def test_every_row_of_the_reference_is_used_or_named():
    # Left out: 3 rows of continuous means, and 1 that gives control half of the visitors (a plan splits equally).
    assert (len(RATES), len(CONTINUOUS), len(UNEQUAL)) == (5, 3, 1)


@pytest.mark.parametrize("case", RATES, ids=lambda case: f"n={case['n_total']}")
def test_the_visitors_are_those_of_gpower(case):
    found = planned(case).visitors
    if "accept" in case:
        low, high = case["accept"]
        assert low <= found <= high
    else:
        assert found == pytest.approx(case["n_total"], rel=0.005)


def test_more_variants_need_as_many_visitors_each():
    two, four = plan(0.05, 0.1), plan(0.05, 0.1, variants=4)
    assert four.visitors_per_variant == two.visitors_per_variant
    assert four.visitors == 2 * two.visitors


def test_days_are_rounded_up_and_left_out_without_traffic():
    assert plan(0.05, 0.1).days is None
    needed = plan(0.05, 0.1).visitors
    assert plan(0.05, 0.1, visitors_per_day=needed).days == 1
    assert plan(0.05, 0.1, visitors_per_day=needed - 1).days == 2
    assert plan(0.05, 0.1, visitors_per_day=1234.5).days == math.ceil(needed / 1234.5)


@pytest.mark.parametrize(("rate", "lift"), [(0.05, 0.1), (0.3, 0.05), (0.02, -0.3)])
def test_the_planned_visitors_find_the_lift_as_often_as_promised(rate, lift):
    n = plan(rate, lift).visitors_per_variant
    draws = np.random.default_rng(7).binomial(n, [[rate], [rate * (1 + lift)]], size=(2, 40_000)) / n
    deviation = np.sqrt((draws * (1 - draws)).sum(axis=0) / n)
    found = np.abs(draws[1] - draws[0]) / deviation > scipy.stats.norm.ppf(0.975)
    assert found.mean() == pytest.approx(0.80, abs=0.01)


@given(RATE, LIFT)
@settings(deadline=None)
def test_a_smaller_lift_more_power_or_a_smaller_alpha_need_more_visitors(rate, lift):
    base = plan(rate, lift).visitors_per_variant
    assert plan(rate, lift / 2).visitors_per_variant >= base
    assert plan(rate, lift, power=0.9).visitors_per_variant >= base
    assert plan(rate, lift, alpha=0.01).visitors_per_variant >= base


@given(RATE, LIFT)
@settings(deadline=None)
def test_finding_a_rise_from_either_side_needs_the_same_visitors(rate, lift):
    there = plan(rate, lift).visitors_per_variant
    back = plan(rate * (1 + lift), 1 / (1 + lift) - 1).visitors_per_variant
    assert back == pytest.approx(there, rel=1e-9, abs=1)


@pytest.mark.parametrize("rate", [0, 1, -0.1, 5, float("nan"), True, None, "0.05"])
def test_a_rate_outside_zero_and_one_is_refused(rate):
    with pytest.raises(stats.InvalidProbability) as caught:
        plan(rate, 0.1)
    assert caught.value.value is rate


@pytest.mark.parametrize("lift", [0, -1, -2, 19, 1e-17, 1e-9, float("nan"), float("inf"), True, None])
def test_a_lift_that_cannot_be_found_is_refused(lift):
    with pytest.raises(stats.InvalidLift) as caught:
        plan(0.05, lift)
    assert caught.value.value is lift


def test_a_rate_too_small_for_any_audience_is_refused():
    with pytest.raises(stats.InvalidLift, match="more than 10"):
        plan(1e-300, 0.1)


@pytest.mark.parametrize(("power", "alpha"), [(0.05, 0.05), (0.04, 0.05), (1, 0.05), (0, 0.05), (0.8, 0), (0.8, 1)])
def test_power_must_exceed_alpha_and_both_be_probabilities(power, alpha):
    with pytest.raises(stats.InvalidProbability):
        plan(0.05, 0.1, power=power, alpha=alpha)


@pytest.mark.parametrize("variants", [1, 0])
def test_a_plan_needs_two_variants(variants):
    with pytest.raises(stats.TooFewVariants, match=str(variants)):
        plan(0.05, 0.1, variants=variants)


@pytest.mark.parametrize("variants", [2.0, True, -1])
def test_variants_must_be_a_whole_number(variants):
    with pytest.raises(stats.InvalidCount):
        plan(0.05, 0.1, variants=variants)


@pytest.mark.parametrize("visitors_per_day", [0, 0.5, -3, float("inf"), float("nan"), True, "1000"])
def test_traffic_must_be_a_number_of_one_or_more(visitors_per_day):
    with pytest.raises(stats.InvalidTraffic) as caught:
        plan(0.05, 0.1, visitors_per_day=visitors_per_day)
    assert caught.value.value is visitors_per_day
