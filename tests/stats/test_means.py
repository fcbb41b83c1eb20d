"""What every comparison of means offers, of events, money and ratios alike. Oracles: each other's intervals, and numeric
integration of the drawn density by numpy."""

import math

import numpy as np
import pytest

import stats
from stats import (
    Action,
    CountSample,
    Gates,
    RatioSample,
    RevenueSample,
    compare_counts,
    compare_ratios,
    compare_revenue,
    decide,
)

COUNTS = compare_counts([CountSample(4000, 8400, 26_000), CountSample(4000, 9600, 32_600)])
MONEY = compare_revenue([RevenueSample.of(4000, [4900, 5900] * 150), RevenueSample.of(4000, [4900, 5900] * 210)])
RATIOS = compare_ratios([RatioSample.of([(y, 5)] * 100 + [(1, 9)] * 80) for y in (1, 3)])
ALL = pytest.mark.parametrize("result", [COUNTS, MONEY, RATIOS], ids=["counts", "revenue", "ratios"])


@ALL
def test_a_decision_can_be_made_of_it(result):
    gates = Gates(open=True, days=14, conversions=(300, 420))
    decision = decide(result, gates)
    assert (decision.action, decision.variant) == (Action.SHIP, 1)


@ALL
def test_the_loss_is_told_as_a_part_of_controls_mean(result):
    for variant in result.variants:
        expected = variant.expected_loss / result.variants[result.control].mean.mean
        assert variant.relative_loss == pytest.approx(expected, rel=1e-12)


@ALL
def test_intervals_of_another_level_hold_their_mass(result):
    control, variant = result.variants
    half = variant.lift_at(0.5)
    assert variant.p_lift_above(half.low) - variant.p_lift_above(half.high) == pytest.approx(0.5, abs=1e-8)
    assert variant.lift_at(result.level) == variant.lift
    assert control.mean_at(result.level) == control.mean
    assert control.mean.low < control.mean_at(0.5).low < control.mean_at(0.5).high < control.mean.high


@ALL
def test_practically_equal_is_the_mass_within_the_margin(result):
    variant = result.variants[1]
    assert variant.p_equal(0.2) == variant.p_lift_above(-0.2) - variant.p_lift_above(0.2)
    assert variant.p_equal(1e9) == pytest.approx(1, abs=1e-8)


@ALL
def test_a_drawn_density_holds_all_but_two_ten_thousandths(result):
    for variant in result.variants:
        drawn = variant.density(2001)
        assert np.trapezoid(drawn.y, drawn.x) == pytest.approx(1 - 2e-4, abs=1e-5)
        middle = np.average(drawn.x, weights=drawn.y)
        assert middle == pytest.approx(variant.mean.mean, rel=1e-3)


@ALL
def test_control_has_no_lift_and_bad_input_no_answer(result):
    control, variant = result.variants
    for leaf, call in (
        (stats.ControlHasNoLift, lambda: control.lift_at(0.5)),
        (stats.ControlHasNoLift, lambda: control.p_equal(0.01)),
        (stats.InvalidProbability, lambda: variant.lift_at(1)),
        (stats.InvalidProbability, lambda: control.mean_at(0)),
        (stats.InvalidLift, lambda: variant.p_equal(0)),
        (stats.InvalidLift, lambda: variant.p_equal(math.inf)),
        (stats.InvalidPoints, lambda: variant.density(1)),
    ):
        with pytest.raises(leaf):
            call()
