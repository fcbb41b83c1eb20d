"""Any size and any extreme, against other methods: 1e-9 is what `compare` promises."""

import math

import pytest
import scipy.stats
from scipy import special

from stats import Beta, BinarySample, compare
from tests.stats.oracles import Sinc, p_above_by_quantiles

PROMISED = 1e-9


def rising(n, rate, variants, step=2.0):
    """Samples whose rates lie `step` / K standard deviations apart."""
    deviation = math.sqrt(rate * (1 - rate) / n)
    return [BinarySample(n, round(n * (rate + step * i / variants * deviation))) for i in range(variants)]


def posteriors(samples):
    return [(sample.conversions + 0.5, sample.n - sample.conversions + 0.5) for sample in samples]


@pytest.mark.parametrize("variants", [2, 3, 5, 20])
@pytest.mark.parametrize(("n", "rate"), [(10**3, 0.05), (10**6, 0.03), (10**9, 0.05), (10**9, 0.5), (10**9, 1e-7)])
def test_it_agrees_with_sinc_integration_in_extended_precision(n, rate, variants):
    samples = rising(n, rate, variants)
    oracle = Sinc(posteriors(samples))
    result = compare(samples, control=1).variants
    for i, variant in enumerate(result):
        assert variant.p_best == pytest.approx(oracle.p_best(i), abs=1e-11)
        assert variant.expected_loss == pytest.approx(oracle.expected_loss(i), abs=1e-13)
        if i != 1:
            assert variant.p_beats_control == pytest.approx(oracle.p_beats(i, 1), abs=1e-11)


MIXED = [
    ((1000, 52), (10**9, 5 * 10**7)),
    ((0, 0), (10**9, 5 * 10**8)),
    ((30, 30), (10**6, 950_000)),
    ((50, 0), (10**6, 100)),
    ((10**6, 10**6), (20, 19)),
]


@pytest.mark.parametrize("counts", MIXED, ids=str)
@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("r", [-0.5, -0.01, 0.0, 0.02, 0.9])
def test_the_lift_of_very_different_sizes_agrees_with_scipy_over_quantiles(counts, flipped, r):
    samples = [BinarySample(n, conversions) for n, conversions in (counts[::-1] if flipped else counts)]
    control, variant = posteriors(samples)
    found = compare(samples).variants[1].p_lift_above(r)
    assert found == pytest.approx(p_above_by_quantiles(variant, control, 1 + r), abs=PROMISED)


@pytest.mark.parametrize("r", [-2e-4, 0.0, 1e-4, 2e-4, 6e-4])
@pytest.mark.parametrize("conversions", [(5 * 10**7, 50_010_000), (5 * 10**8, 500_010_000), (900_000_000, 900_000_100)])
def test_the_lift_between_two_billions_agrees_with_scipy_over_quantiles(conversions, r):
    samples = [BinarySample(10**9, count) for count in conversions]
    control, variant = posteriors(samples)
    found = compare(samples).variants[1].p_lift_above(r)
    assert found == pytest.approx(p_above_by_quantiles(variant, control, 1 + r), abs=PROMISED)


def test_without_visitors_every_variant_is_as_likely_best_and_the_rate_is_the_prior():
    for variant in compare([BinarySample(0, 0)] * 4).variants:
        assert variant.p_best == pytest.approx(0.25, abs=1e-14)
        arcsine = [math.sin(math.pi / 2 * q) ** 2 for q in (0.025, 0.5, 0.975)]  # quantiles of Beta(0.5, 0.5)
        assert [variant.rate.low, variant.rate.median, variant.rate.high] == pytest.approx(arcsine, abs=1e-14)


def test_the_expected_loss_without_visitors_is_that_of_two_arcsine_rates():
    # E[max] - 1/2 of two arcsine rates is E|cos u - cos v| / 4 = 2 / π².
    for variant in compare([BinarySample(0, 0), BinarySample(0, 0)]).variants:
        assert variant.expected_loss == pytest.approx(2 / math.pi**2, abs=1e-14)


@pytest.mark.parametrize("n", [10**3, 10**6, 10**9])
def test_nobody_converting_against_everybody_is_certain_and_costs_everything(n):
    nobody, everybody = compare([BinarySample(n, 0), BinarySample(n, n)]).variants
    assert everybody.p_best == pytest.approx(1, abs=1e-14)
    assert nobody.p_best == pytest.approx(0, abs=1e-14)
    assert nobody.expected_loss == pytest.approx(everybody.rate.mean - nobody.rate.mean, abs=1e-13)
    assert everybody.expected_loss == pytest.approx(0, abs=1e-14)


def test_rare_conversions_of_a_billion_visitors_are_the_ratio_of_two_gammas():
    few, more = compare([BinarySample(10**9, 2), BinarySample(10**9, 5)]).variants
    assert more.p_beats_control == pytest.approx(special.betainc(2.5, 5.5, 0.5), abs=1e-8)  # the limit, off by c / n
    ratio = scipy.stats.betaprime(5.5, 2.5)
    assert more.lift.low == pytest.approx(ratio.ppf(0.025) - 1, abs=1e-7)
    assert more.lift.high == pytest.approx(ratio.ppf(0.975) - 1, rel=1e-7)
    assert few.expected_loss > more.expected_loss


def test_everybody_converting_mirrors_nobody_converting():
    rarely = compare([BinarySample(10**9, 0), BinarySample(10**9, 2)]).variants
    nearly_all = compare([BinarySample(10**9, 10**9), BinarySample(10**9, 10**9 - 2)]).variants
    assert nearly_all[0].p_best == pytest.approx(rarely[1].p_best, abs=1e-14)
    assert nearly_all[0].expected_loss == pytest.approx(rarely[1].expected_loss, rel=1e-12)


def test_without_conversions_in_control_the_mean_lift_is_infinite_and_the_interval_is_not():
    lift = compare([BinarySample(1000, 0), BinarySample(1000, 50)]).variants[1].lift
    assert lift.mean == math.inf
    assert 0 < lift.low < lift.median < lift.high < math.inf


def test_one_conversion_in_control_gives_the_mean_lift_back():
    assert math.isfinite(compare([BinarySample(1000, 1), BinarySample(1000, 50)]).variants[1].lift.mean)


@pytest.mark.parametrize("level", [1e-6, 0.5, 0.999999])
@pytest.mark.parametrize("sample", [BinarySample(0, 0), BinarySample(1000, 52), BinarySample(10**9, 5 * 10**7)])
def test_the_interval_holds_its_level_however_narrow_or_wide(sample, level):
    variant = compare([BinarySample(500, 30), sample], level=level).variants[1]
    found = variant.p_lift_above(variant.lift.low) - variant.p_lift_above(variant.lift.high)
    assert found == pytest.approx(level, abs=PROMISED)


def test_the_prior_is_counted_like_visitors():
    believed = compare([BinarySample(0, 0), BinarySample(100, 7)], prior=Beta(5, 95)).variants
    seen = compare([BinarySample(98, 4), BinarySample(198, 11)], prior=Beta(1, 1)).variants
    assert [variant.p_best for variant in believed] == [variant.p_best for variant in seen]


def test_a_rate_that_is_surely_one_leaves_the_distribution_of_the_other():
    certain = compare([BinarySample(0, 0), BinarySample(10**9, 10**9)]).variants[1]
    arcsine = 2 / math.pi * math.asin(math.exp(-5))  # P(control < exp(-10))
    assert certain.p_lift_above(math.expm1(10)) == pytest.approx(arcsine, abs=1e-11)


def test_the_two_ends_of_an_interval_are_equally_exact_at_an_extreme_level():
    rate = compare([BinarySample(100, 50), BinarySample(100, 50)], level=1 - 1e-13).variants[0].rate
    assert rate.low + rate.high == pytest.approx(1, abs=1e-12)
