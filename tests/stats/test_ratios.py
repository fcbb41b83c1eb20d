"""Ratios of totals. Oracles: numpy.cov in the textbook form of the delta method, scipy.stats.norm and .lognorm, and
simulated visitors whose views hang together."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

import stats
from stats import RatioSample, compare_ratios


def visitors(seed, n=400, rate=0.2):
    """Each visitor has views of their own number and clicks at a rate of their own."""
    generator = np.random.default_rng(seed)
    views = 1 + generator.poisson(3, n)
    clicks = generator.binomial(views, generator.beta(rate * 2, (1 - rate) * 2, n))
    return list(zip(clicks.tolist(), views.tolist(), strict=True))


def by_numpy(pairs):
    """Log ratio and its standard error from the covariance matrix."""
    y, x = np.array(pairs, dtype=float).T
    (vy, cov), (_, vx) = np.cov(y, x)
    variance = vy / y.mean() ** 2 - 2 * cov / (y.mean() * x.mean()) + vx / x.mean() ** 2
    return math.log(y.mean() / x.mean()), math.sqrt(variance / len(pairs))


PAIRS = [(visitors(1), visitors(2, rate=0.24)), (visitors(3, n=40), visitors(4, n=9000)), (visitors(5), visitors(5))]


@pytest.mark.parametrize("pair", PAIRS)
def test_the_lift_is_log_normal_with_the_delta_methods_variance(pair):
    (control, control_error), (log_ratio, error) = map(by_numpy, pair)
    variant = compare_ratios([RatioSample.of(pairs) for pairs in pair], level=0.9).variants[1]
    gap, width = log_ratio - control, math.hypot(error, control_error)
    lift = scipy.stats.lognorm(width, scale=math.exp(gap))
    found = (variant.lift.low, variant.lift.median, variant.lift.high, variant.lift.mean)
    assert found == pytest.approx([*(lift.ppf([0.05, 0.5, 0.95]) - 1), lift.mean() - 1], abs=1e-10)
    assert variant.p_beats_control == pytest.approx(scipy.stats.norm.cdf(gap / width), abs=1e-10)
    assert variant.p_lift_above(0.1) == pytest.approx(lift.sf(1.1), abs=1e-10)
    assert variant.p_best == pytest.approx(variant.p_beats_control, abs=1e-12)
    ratio = scipy.stats.lognorm(error, scale=math.exp(log_ratio))
    assert (variant.mean.low, variant.mean.high) == pytest.approx(ratio.ppf([0.05, 0.95]), rel=1e-10)
    assert variant.mean.mean == pytest.approx(ratio.mean(), rel=1e-10)


def test_the_expected_loss_is_that_of_two_log_normals():
    (a, s), (b, t) = map(by_numpy, PAIRS[0])
    width = math.hypot(s, t)
    first, second = compare_ratios([RatioSample.of(pairs) for pairs in PAIRS[0]]).variants

    def part(mean, own, other):  # E[X; X > Y] of log-normals
        return math.exp(mean + own**2 / 2) * scipy.stats.norm.cdf((mean - other + own**2) / width)

    highest = part(a, s, b) + part(b, t, a)
    assert first.expected_loss == pytest.approx(highest - first.mean.mean, abs=1e-11)
    assert second.expected_loss == pytest.approx(highest - second.mean.mean, abs=1e-11)


def test_one_event_for_each_visitor_is_the_standard_error_of_a_share():
    variant = compare_ratios([RatioSample.of([(1, 1)] * k + [(0, 1)] * (1000 - k)) for k in (200, 230)]).variants[1]
    variance = sum((1 - k / 1000) / k * 1000 / 999 for k in (200, 230))
    expected = scipy.stats.norm.ppf(0.975) * math.sqrt(variance)
    assert math.log1p(variant.lift.high) - math.log1p(variant.lift.median) == pytest.approx(expected, rel=1e-10)


def test_each_visitor_counted_twice_over_brings_nothing_new():
    """The same visitors with every view doubled: the ratio's spread is between visitors, so it stays."""
    once = compare_ratios([RatioSample.of(pairs) for pairs in PAIRS[0]]).variants[1]
    doubled = [[(2 * y, 2 * x) for y, x in pairs] for pairs in PAIRS[0]]
    twice = compare_ratios([RatioSample.of(pairs) for pairs in doubled]).variants[1]
    assert twice.lift.low == pytest.approx(once.lift.low, abs=1e-12)
    assert twice.p_best == pytest.approx(once.p_best, abs=1e-12)


ANY = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=2, max_size=30).map(
    lambda pairs: RatioSample.of([*pairs, (1, 2), (2, 2), (5, 30)])
)


@given(st.lists(ANY, min_size=2, max_size=4), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_relabelling_the_variants_relabels_the_result(few, random):
    order = list(range(len(few)))
    random.shuffle(order)
    straight = compare_ratios(few).variants
    shuffled = compare_ratios([few[i] for i in order], control=order.index(0)).variants
    assert sum(variant.p_best for variant in straight) == pytest.approx(1, abs=1e-10)
    for place, i in enumerate(order):
        assert shuffled[place].p_best == pytest.approx(straight[i].p_best, abs=1e-12)
        assert shuffled[place].lift == straight[i].lift


@given(ANY, ANY)
@settings(max_examples=40, deadline=None)
def test_swapping_two_variants_turns_the_lift_around(first, second):
    b = compare_ratios([first, second]).variants[1]
    a = compare_ratios([second, first]).variants[1]
    assert (1 + b.lift.low) * (1 + a.lift.high) == pytest.approx(1, rel=1e-9)
    assert b.p_beats_control == pytest.approx(1 - a.p_beats_control, abs=1e-11)


@given(ANY, ANY)
def test_days_add_up(first, second):
    both = first + second
    assert both == second + first
    assert both.product == first.product + second.product


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=20))
def test_sums_of_real_visitors_are_never_refused(pairs):
    assert RatioSample.of(pairs).n == len(pairs)


@pytest.mark.slow
def test_intervals_cover_the_true_lift_though_views_hang_together():
    covered, naive, runs = 0, 0, 1000
    for run in range(runs):
        control, sample = (RatioSample.of(visitors(2 * run + k)) for k in (0, 1))
        lift = compare_ratios([control, sample]).variants[1].lift
        covered += lift.low < 0 < lift.high
        shares = [
            stats.BinarySample(sample.denominator, sample.numerator) for sample in (control, sample)
        ]  # every view alone
        lift = stats.compare(shares).variants[1].lift
        naive += lift.low < 0 < lift.high
    assert covered / runs == pytest.approx(0.95, abs=0.022)  # 3.2 standard errors
    assert naive / runs < 0.85


@pytest.mark.parametrize(
    "pairs",
    [[], [(1, 2)], [(0, 2), (0, 3)], [(0, 0), (0, 0)], [(1, 2), (2, 4)]],
    ids=["nobody", "one visitor", "no numerator", "nothing", "the same ratio"],
)
def test_a_ratio_without_a_spread_is_refused(pairs):
    sample = RatioSample.of(pairs)
    with pytest.raises(stats.NotEnoughData) as caught:
        compare_ratios([RatioSample.of(visitors(1)), sample])
    assert caught.value.value is sample


@pytest.mark.parametrize("sums", [(2, 3, 3, 2, 5, 3), (2, 4, 4, 7, 8, 8), (2, 3, 3, 5, 5, 6), (2, 1, 3, 1, 5, 0)])
def test_sums_that_no_visitors_have_are_refused(sums):
    with pytest.raises(stats.ImpossibleTotals):
        RatioSample(*sums)
