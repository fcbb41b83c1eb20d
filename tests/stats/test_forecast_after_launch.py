"""What a variant will gain in a coming period, against the exact distribution of whole conversions and a simulation."""

import numpy as np
import pytest
import scipy.stats

from stats import Beta, BinarySample, ControlHasNoLift, Exchangeable, InvalidCount, InvalidProbability, compare

ALONE, TOGETHER = Beta(0.5, 0.5), Exchangeable()


def gain(counts, visitors, *, prior=ALONE, level=0.95):
    samples = [BinarySample(*each) for each in counts]
    return compare(samples, prior=prior).variants[1].forecast(visitors, level=level)


@pytest.mark.parametrize("visitors", [1, 20, 400])
@pytest.mark.parametrize("counts", [[(40, 9), (40, 13)], [(1000, 0), (1000, 3)], [(500, 490), (30, 30)]], ids=str)
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_it_is_within_half_a_conversion_of_the_difference_of_two_beta_binomials(counts, visitors, level):
    control, variant = (scipy.stats.betabinom(visitors, c + 0.5, n - c + 0.5) for n, c in counts)
    whole = np.arange(visitors + 1)
    at = np.arange(-visitors, visitors + 1)
    below = np.cumsum(np.convolve(variant.pmf(whole), control.pmf(whole)[::-1]))
    found = gain(counts, visitors, level=level)
    for bound, p in ((found.low, (1 - level) / 2), (found.median, 0.5), (found.high, (1 + level) / 2)):
        exact = at[np.searchsorted(below, p)]
        assert abs(bound - exact) <= 1.1
    assert found.mean == pytest.approx(variant.mean() - control.mean(), abs=1e-8 * visitors)


@pytest.mark.parametrize("counts", [[(2000, 100), (2000, 130)], [(300, 20), (10**6, 60_000)]], ids=str)
def test_the_decision_lens_agrees_with_visitors_drawn_from_its_posterior(counts):
    # The posterior's mean and variance of the two rates, found from the nodes; visitors drawn one by one.
    ratio = compare([BinarySample(*each) for each in counts], prior=TOGETHER).variants[1].ratio
    control, variant, weights = ratio.joint()
    generator = np.random.default_rng(20_261_101)
    drawn = generator.choice(len(weights), size=200_000, p=weights / weights.sum())
    gains = generator.binomial(5000, variant[drawn]) - generator.binomial(5000, control[drawn])
    found = gain(counts, 5000, prior=TOGETHER)
    assert found.mean == pytest.approx(gains.mean(), abs=5 * gains.std() / np.sqrt(gains.size))
    for bound, p in ((found.low, 0.025), (found.median, 0.5), (found.high, 0.975)):
        assert np.mean(gains < bound) <= p + 0.005
        assert np.mean(gains <= bound + 1) >= p - 0.005


@pytest.mark.parametrize("prior", [ALONE, TOGETHER])
def test_its_mean_is_the_difference_of_the_mean_rates(prior):
    control, variant = compare([BinarySample(800, 50), BinarySample(900, 70)], prior=prior).variants
    assert variant.forecast(10_000).mean == pytest.approx(10_000 * (variant.rate.mean - control.rate.mean), rel=1e-7)


def test_a_shrunken_gain_is_smaller_and_surer():
    counts = [(2000, 100), (2000, 130)]
    alone, together = gain(counts, 10**6), gain(counts, 10**6, prior=TOGETHER)
    assert 0 < together.mean < alone.mean
    assert together.high - together.low < alone.high - alone.low


def test_more_visitors_make_the_gain_larger_and_each_of_them_surer():
    counts = [(10**5, 5000), (10**5, 5400)]
    few, many = gain(counts, 10**3, prior=TOGETHER), gain(counts, 10**6, prior=TOGETHER)
    assert many.mean == pytest.approx(1000 * few.mean, rel=1e-9)
    assert (many.high - many.low) / 10**6 < (few.high - few.low) / 10**3


@pytest.mark.parametrize("prior", [ALONE, TOGETHER])
@pytest.mark.parametrize(
    "counts",
    [[(0, 0)] * 2, [(10**9, 0)] * 2, [(10**9, 10**9)] * 2, [(10**9, 10**9), (5, 0)], [(0, 0), (10**9, 1)]],
    ids=str,
)
def test_the_extremes_have_an_ordered_finite_interval(prior, counts):
    found = gain(counts, 1000, prior=prior)
    assert -1002 < found.low < found.median < found.high < 1002


def test_what_has_no_forecast_is_refused():
    control, variant = compare([BinarySample(10, 1), BinarySample(10, 2)]).variants
    with pytest.raises(ControlHasNoLift):
        control.forecast(100)
    for visitors in (0, -1, 10.0, True):
        with pytest.raises(InvalidCount):
            variant.forecast(visitors)
    with pytest.raises(InvalidProbability):
        variant.forecast(100, level=95)
