"""Both lenses against fifty digits, extremes included; make_exact_posteriors.py in tests/reference says how they were found.

What is asked: 1e-9 of probabilities and losses from the data alone, 1e-8 through the decision lens, 1e-7 of a lift's
quantiles, as a part of variant / control.
"""

import pytest

from stats import Beta, BinarySample, Exchangeable, compare
from tests.stats.oracles import load_reference

EXACT = load_reference("exact_posteriors.json")


def name(case):
    return f"{case['name']}, tau {case['tau']}"


def compared(case):
    prior = Beta(0.5, 0.5) if case["tau"] is None else Exchangeable(case["tau"])
    return compare([BinarySample(*each) for each in case["counts"]], prior=prior).variants


def tolerance(case):
    return 1e-9 if case["tau"] is None else 1e-8


def test_every_case_was_computed():
    assert len(EXACT["cases"]) == EXACT["row_count"] == 40


@pytest.mark.parametrize("case", EXACT["cases"], ids=name)
def test_the_probability_to_be_best_is_exact(case):
    assert [variant.p_best for variant in compared(case)] == pytest.approx(case["p_best"], abs=tolerance(case))


@pytest.mark.parametrize("case", EXACT["cases"], ids=name)
def test_the_expected_loss_and_the_mean_rate_are_exact(case):
    variants = compared(case)
    assert [variant.expected_loss for variant in variants] == pytest.approx(case["expected_loss"], abs=tolerance(case))
    assert [variant.rate.mean for variant in variants] == pytest.approx(case["mean_rate"], rel=1e-9)


@pytest.mark.parametrize("case", EXACT["cases"], ids=name)
def test_the_probability_of_a_lift_is_exact(case):
    last = compared(case)[-1]
    for r, expected in case["p_last_lift_above"].items():
        assert last.p_lift_above(float(r)) == pytest.approx(expected, abs=tolerance(case))
    assert last.p_beats_control == pytest.approx(case["p_last_lift_above"]["0.0"], abs=tolerance(case))


@pytest.mark.parametrize("case", EXACT["cases"], ids=name)
def test_the_interval_of_the_lift_is_exact(case):
    lift = compared(case)[-1].lift
    for found, expected in zip((lift.low, lift.median, lift.high), case["last_lift_quantiles"], strict=True):
        assert 1 + found == pytest.approx(1 + expected, rel=1e-7)
