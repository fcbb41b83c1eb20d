"""Quantiles of timings. Oracles: scipy.stats.quantile_test for intervals, the asymptotic variance q (1-q) / (n f²) for
standard errors, and simulated page loads for coverage."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

import stats
from stats import Histogram, compare_quantiles, quantile_of


def loads(seed, n, median=1800, deviation=0.6):
    """Milliseconds of page loads, log-normal as they are."""
    generator = np.random.default_rng(seed)
    return [int(x) for x in np.exp(generator.normal(math.log(median), deviation, n)).round()]


@pytest.mark.parametrize("q", [0.5, 0.75, 0.95])
@pytest.mark.parametrize("n", [80, 500, 20_000])
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_the_interval_is_that_of_scipys_quantile_test(q, n, level):
    sample = Histogram.of(loads(n, n))
    values = [value for value, visitors in sample.cells for _ in range(visitors)]
    expected = scipy.stats.quantile_test(values, q=1, p=q).confidence_interval(level)
    found = quantile_of(sample, q=q, level=level)
    assert (found.low, found.high) == expected
    assert found.value == np.quantile(values, q, method="inverted_cdf")


@pytest.mark.parametrize(("n", "answered"), [(12, False), (13, True)])
def test_thirteen_visitors_are_the_fewest_that_bound_a_75_percent_quantile(n, answered):
    assert (0.75**n <= 0.025) is answered
    sample = Histogram.of(range(n))
    if answered:
        assert quantile_of(sample, q=0.75).high == n - 1
        return
    with pytest.raises(stats.NotEnoughData) as caught:
        quantile_of(sample, q=0.75)
    assert caught.value.value == n


@pytest.mark.parametrize("n", [0, 5])
def test_a_variant_with_too_few_visitors_is_refused(n):
    with pytest.raises(stats.NotEnoughData):
        compare_quantiles([Histogram.of(loads(1, 100)), Histogram.of(loads(2, n))])


@pytest.mark.parametrize("q", [0.5, 0.75])
def test_the_standard_error_is_the_asymptotic_one_on_average(q):
    normal = scipy.stats.lognorm(0.6, scale=1800)
    expected = math.sqrt(q * (1 - q) / 4000) / normal.pdf(normal.ppf(q))
    samples = [Histogram.of(loads(seed, 4000)) for seed in range(40)]
    errors = [compare_quantiles([sample, sample], q=q).variants[0].standard_error for sample in samples]
    assert np.mean(errors) == pytest.approx(expected, rel=0.05)


def test_the_difference_is_that_of_two_normals():
    control, variant = compare_quantiles([Histogram.of(loads(1, 3000)), Histogram.of(loads(2, 5000, 1900))]).variants
    gap = scipy.stats.norm(
        variant.quantile.value - control.quantile.value, math.hypot(control.standard_error, variant.standard_error)
    )
    found = (variant.difference.low, variant.difference.value, variant.difference.high)
    assert found == pytest.approx(gap.ppf([0.025, 0.5, 0.975]), rel=1e-9)
    assert variant.p_lift_above(0) == pytest.approx(gap.sf(0), abs=1e-12)
    scaled = scipy.stats.norm(
        variant.quantile.value - 1.05 * control.quantile.value,
        math.hypot(1.05 * control.standard_error, variant.standard_error),
    )
    assert variant.p_lift_above(0.05) == pytest.approx(scaled.sf(0), abs=1e-12)
    assert control.difference is None


def test_a_quantile_of_nothing_but_zeros_differs_from_another_by_no_more_than_rounding():
    still = Histogram.counted({0: 900, 50: 100})
    variant = compare_quantiles([still, still]).variants[1]
    assert variant.quantile == stats.Quantile(0, 0, 0)
    assert -1 < variant.difference.low < 0 < variant.difference.high < 1
    assert variant.p_lift_above(0) == 0.5


def test_a_billion_visitors_are_as_quick_and_as_right_as_a_thousand():
    sample = Histogram.counted(dict.fromkeys(range(1000), 10**6))
    found = quantile_of(sample, q=0.75)
    assert (found.low, found.value, found.high) == (749, 749, 750)  # 750 million visitors are at or below 749


SAMPLES = st.lists(st.integers(0, 5000), min_size=20, max_size=60).map(Histogram.of)


@given(SAMPLES, SAMPLES)
@settings(max_examples=60, deadline=None)
def test_swapping_two_variants_turns_the_difference_around(first, second):
    b, a = compare_quantiles([first, second]).variants[1], compare_quantiles([second, first]).variants[1]
    assert b.difference.low == pytest.approx(-a.difference.high, abs=1e-9)
    assert b.p_lift_above(0) == pytest.approx(1 - a.p_lift_above(0), abs=1e-12)


@given(SAMPLES, st.floats(0.3, 0.8), st.floats(0.1, 0.95))
@settings(max_examples=60, deadline=None)
def test_a_wider_level_contains_a_narrower(sample, q, level):
    wide, narrow = quantile_of(sample, q=q, level=level), quantile_of(sample, q=q, level=level / 2)
    assert wide.low <= narrow.low <= narrow.value <= narrow.high <= wide.high


@given(SAMPLES, SAMPLES)
@settings(max_examples=60, deadline=None)
def test_a_higher_lift_is_never_more_likely_and_a_longer_wait_never_less(first, second):
    variant = compare_quantiles([first, second]).variants[1]
    chances = [variant.p_lift_above(r) for r in (-2, -0.999, -0.5, -0.1, 0, 0.1, 0.5, 9, 1e6)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] == 1
    longer = Histogram.counted({value + 10: visitors for value, visitors in second.cells})
    assert compare_quantiles([first, longer]).variants[1].p_lift_above(0) >= chances[4] - 1e-3  # cells may widen


@pytest.mark.slow
def test_intervals_cover_the_true_quantile_and_the_true_difference():
    truth = [scipy.stats.lognorm(0.6, scale=scale).ppf(0.75) for scale in (1800, 1900)]
    covered = differences = 0
    for run in range(1000):
        control, variant = compare_quantiles(
            [Histogram.of(loads(2 * run, 600)), Histogram.of(loads(2 * run + 1, 600, 1900))]
        ).variants
        covered += control.quantile.low <= truth[0] <= control.quantile.high
        differences += variant.difference.low <= truth[1] - truth[0] <= variant.difference.high
    assert covered / 1000 > 0.94
    assert differences / 1000 == pytest.approx(0.95, abs=0.022)  # 3.2 standard errors


@pytest.mark.parametrize("q", [0, 1, 75, math.nan, None])
def test_a_quantile_outside_zero_and_one_is_refused(q):
    with pytest.raises(stats.InvalidProbability):
        quantile_of(Histogram.of(range(100)), q=q)


def test_what_cannot_be_compared_is_refused():
    sample = Histogram.of(range(100))
    with pytest.raises(stats.TooFewVariants):
        compare_quantiles([sample])
    control, variant = compare_quantiles([sample, sample]).variants
    with pytest.raises(stats.ControlHasNoLift):
        control.p_lift_above(0)
    with pytest.raises(stats.InvalidLift):
        variant.p_lift_above(math.inf)
