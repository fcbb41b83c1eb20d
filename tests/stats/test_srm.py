"""Did the visitors arrive as they were sent?

Oracles: tests/reference/srm_chisq.json, scipy's chi-square, and a seeded simulation of 28 daily looks. Those of the
e-value's formula are in test_multinomial.py.
"""

import math
import sys

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from stats import InvalidCount, InvalidWeights, StatsError, TooFewVariants, srm
from tests.stats.oracles import load_reference

CASES = load_reference("srm_chisq.json")["cases"]
HALF = [case for case in CASES if case["name"] == "half counts"]
NUMBERS = [case for case in CASES if isinstance(case["expected_p"], int | float) and case not in HALF]
BELOW = [case for case in CASES if str(case["expected_p"]).startswith("<")]
NO_VISITORS = [case for case in CASES if case["name"] == "invalid: zero users"]
INVALID = [case for case in CASES if case["expected_p"] == "NaN/error" and case not in NO_VISITORS]


def name(case):
    return case["name"]


def test_every_row_of_the_reference_is_used():
    assert len(NUMBERS) + len(BELOW) + len(INVALID) + len(NO_VISITORS) + len(HALF) == len(CASES) == 23


@pytest.mark.parametrize("case", NUMBERS, ids=name)
def test_the_p_value_is_the_published_one(case):
    found = srm(case["observed"], case["weights"])
    assert found.p_value == pytest.approx(case["expected_p"], abs=case.get("tol", 0))
    assert found.mismatch == (case["expected_p"] < 0.001)


@pytest.mark.parametrize("case", BELOW, ids=name)
def test_a_split_published_as_broken_is_a_mismatch(case):
    found = srm(case["observed"], case["weights"])
    assert found.p_value < float(case["expected_p"].removeprefix("<"))
    assert found.mismatch


@pytest.mark.parametrize("case", INVALID, ids=name)
def test_a_split_published_as_invalid_is_refused(case):
    with pytest.raises(StatsError):
        srm(case["observed"], case["weights"])


@pytest.mark.parametrize("case", NO_VISITORS, ids=name)
def test_without_visitors_there_is_no_p_value_and_no_mismatch(case):
    # Published as an error; an experiment starts there, so `srm` says "nothing to judge" instead.
    found = srm(case["observed"], case["weights"])
    assert (found.p_value, found.e_value, found.mismatch, found.leaked) == (None, 1.0, False, 0)


@pytest.mark.parametrize("case", HALF, ids=name)
def test_half_a_visitor_is_refused(case):
    # Published as p = 0.97477; visitors are counted, never averaged.
    with pytest.raises(InvalidCount, match=r"500\.5"):
        srm(case["observed"], case["weights"])


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 10_000)), min_size=2, max_size=8))
@settings(deadline=None)
def test_the_p_value_is_that_of_scipy(arms):
    observed, weights = [count for count, _ in arms], [weight for _, weight in arms]
    if not sum(observed):
        return
    expected = [sum(observed) * weight / sum(weights) for weight in weights]
    statistic = sum((count - mean) ** 2 / mean for count, mean in zip(observed, expected, strict=True))
    found = srm(observed, weights)
    assert found.p_value == pytest.approx(scipy.stats.chi2.sf(statistic, len(arms) - 1), rel=1e-6, abs=1e-300)
    assert found.expected == pytest.approx(expected)


def test_the_unit_of_the_weights_does_not_matter():
    assert srm([700, 1400], [1, 2]).p_value == srm([700, 1400], [3333.0, 6666.0]).p_value


def test_a_variant_without_weight_counts_no_degree_of_freedom():
    assert srm([520, 480, 0], [1, 1, 0]).p_value == srm([520, 480], [1, 1]).p_value
    assert srm([520, 480, 0], [1, 1, 0]).e_value == srm([520, 480], [1, 1]).e_value


def test_one_visitor_on_a_variant_without_weight_is_a_leak_and_a_mismatch():
    found = srm([500, 499, 1], [1, 1, 0])
    assert (found.p_value, found.e_value, found.mismatch, found.leaked) == (0.0, sys.float_info.max, True, 1)


def test_a_single_variant_with_weight_has_no_split_to_judge():
    assert srm([100, 0], [1, 0]).p_value is None
    assert not srm([100, 0], [1, 0]).mismatch


def test_a_mismatch_needs_five_expected_visitors_on_every_variant():
    assert srm([80, 20], [95, 5]).mismatch  # 5 expected
    assert not srm([79, 20], [95, 5]).mismatch  # 4.95
    assert srm([79, 20], [95, 5]).p_value < 0.001


@pytest.mark.parametrize(("observed", "mismatch"), [([5103, 4897], False), ([5165, 4835], True), ([5164, 4836], False)])
def test_a_mismatch_is_a_p_value_below_one_in_a_thousand(observed, mismatch):
    found = srm(observed, [50, 50])
    assert found.mismatch is mismatch is (found.p_value < 0.001)


def test_evidence_of_a_thousand_is_a_mismatch_where_the_chi_square_may_not_speak():
    # 2 expected: no ground for the chi-square, but all twenty on that variant have a chance of 1e-20.
    found = srm([0, 20], [9, 1])
    assert found.e_value >= 1000
    assert found.mismatch
    assert not srm([0, 3], [9, 1]).mismatch


@pytest.mark.parametrize("observed", [[0, 1], [5103, 4897], [10**12, 10**12], [10**12, 0]])
def test_the_evidence_is_a_finite_number(observed):
    assert 0 <= srm(observed, [1, 1]).e_value < math.inf


def test_daily_looks_at_a_fair_split_raise_no_alarm_by_evidence():
    days = np.random.default_rng(3).multinomial(400, [0.5, 0.5], size=(1500, 28)).cumsum(axis=1)
    looks = [[srm(look, [1, 1]) for look in month] for month in days.tolist()]
    assert sum(any(look.e_value >= 1000 for look in month) for month in looks) <= 3
    by_p = sum(any(look.p_value < 0.001 for look in month) for month in looks)
    assert 3 < by_p < 0.02 * 1500  # the p-value is made for one look


def test_daily_looks_find_two_visitors_in_a_hundred_lost_on_one_side():
    days = np.random.default_rng(4).multinomial(20_000, [0.505, 0.495], size=(50, 28)).cumsum(axis=1)
    assert all(any(srm(look, [1, 1]).e_value >= 1000 for look in month) for month in days.tolist())


@pytest.mark.parametrize(
    "weights", [[0, 0], [-1, 2], [1, float("nan")], [1, float("inf")], [1, True], [1], [1e308, 1e308]]
)
def test_weights_that_are_no_split_are_refused_and_named(weights):
    with pytest.raises(InvalidWeights) as caught:
        srm([10, 10], weights)
    assert caught.value.value is weights


@pytest.mark.parametrize("observed", [[-1, 5], [True, 5], [1.0, 5], [None, 5]])
def test_visitors_that_are_no_count_are_refused_and_named(observed):
    with pytest.raises(InvalidCount) as caught:
        srm(observed, [1, 1])
    assert caught.value.value is observed[0]


def test_a_split_of_one_is_refused():
    with pytest.raises(TooFewVariants):
        srm([10], [1])
