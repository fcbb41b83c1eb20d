"""Numbers that others published."""

import pytest

from stats import Beta, BinarySample, compare
from tests.stats.oracles import load_reference

FIELD_TEST = load_reference("field_test_exact_prob_winning.json")
SPOTIFY = load_reference("spotify_beta_binomial.json")
INTERVALS = [case for case in SPOTIFY["cases"] if case["kind"] == "interval"]
DIFFERENCE, RELATIVE = (case for case in SPOTIFY["cases"] if case["kind"] == "difference_mc")


def test_every_row_of_the_references_is_used():
    assert len(FIELD_TEST["cases"]) == FIELD_TEST["row_count"] == 5
    assert len(INTERVALS) + 2 == SPOTIFY["row_count"] == 23


@pytest.mark.parametrize("case", FIELD_TEST["cases"], ids=lambda case: str(case["arms"]))
def test_the_probability_to_be_best_agrees_with_field_test(case):
    samples = [BinarySample(n=n, conversions=conversions) for conversions, n in case["arms"]]
    found = [variant.p_best for variant in compare(samples, prior=Beta(1, 1)).variants]
    assert found == pytest.approx(case["expected"], abs=FIELD_TEST["tolerance"])


@pytest.mark.parametrize("case", INTERVALS, ids=lambda case: f"{case['success']}/{case['total']}")
def test_the_interval_of_a_rate_agrees_with_spotify_confidence(case):
    sample = BinarySample(n=case["total"], conversions=case["success"])
    rate = compare([sample, sample]).variants[0].rate
    assert (rate.low, rate.high) == pytest.approx(case["expected"], abs=5e-9)


def test_beating_control_and_both_losses_agree_with_spotify_confidence():
    # ci95, ci99 and ci999 of that row bound the absolute difference of the rates, which `compare` does not give.
    (hits, n), (treated_hits, treated_n) = DIFFERENCE["control"], DIFFERENCE["treatment"]
    control, treatment = compare([BinarySample(n, hits), BinarySample(treated_n, treated_hits)]).variants
    expected = DIFFERENCE["expected"]
    assert treatment.p_beats_control == pytest.approx(expected["p_treat_gt_control"], abs=2e-3)
    assert treatment.expected_loss == pytest.approx(expected["expected_loss_treatment"], abs=3e-4)
    assert control.expected_loss == pytest.approx(expected["expected_loss_control"], abs=3e-4)
    assert treatment.rate.mean - control.rate.mean == pytest.approx(expected["difference"], abs=2e-3)


def test_beating_control_and_the_mean_lift_agree_with_spotify_confidence_on_ten_visitors():
    (hits, n), (treated_hits, treated_n) = RELATIVE["control"], RELATIVE["treatment"]
    _, treatment = compare([BinarySample(n, hits), BinarySample(treated_n, treated_hits)]).variants
    assert treatment.p_beats_control == pytest.approx(RELATIVE["expected"]["p_treat_gt_control"], abs=2e-3)
    assert treatment.lift.mean == pytest.approx(RELATIVE["expected"]["relative_difference_mc"], abs=2e-3)
