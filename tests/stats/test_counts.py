"""Events per visitor. Oracles: scipy.stats.betaprime and .gamma, fractions for whole parameters, published draws of
bayesian-testing, and a simulation of visitors who differ."""

import math
from fractions import Fraction

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

import stats
from stats import CountSample, Gamma, compare_counts
from tests.stats.oracles import load_reference

REFERENCE = load_reference("bayesian_testing_mc.json")
POISSON = [case for case in REFERENCE["cases"] if case["model"] == "poisson"]


def poisson(n, total):
    """A sample whose dispersion is about 1, as that of Poisson events."""
    return CountSample(n, total, min(total + total * total // max(n, 1), total * total))


def posterior(sample):
    return sample.total + 0.5, sample.n + 0.5


PAIRS = [
    ((0, 0), (0, 0)),
    ((10, 0), (10, 0)),
    ((10, 3), (0, 0)),
    ((100, 0), (100, 12)),
    ((1000, 2100), (1000, 2250)),
    ((10**6, 50_000), (10**3, 70)),
    ((10**9, 10**9), (10**9, 10**9 + 60_000)),
    ((10**12, 10**12 - 10**6), (10**12, 10**12)),
]


@pytest.mark.parametrize("counts", PAIRS, ids=str)
def test_the_lift_is_a_beta_prime(counts):
    control, sample = (poisson(*count) for count in counts)
    variant = compare_counts([control, sample]).variants[1]
    (a, n), (b, m) = posterior(control), posterior(sample)
    lift = scipy.stats.betaprime(b, a, scale=n / m)
    found = (variant.lift.low, variant.lift.median, variant.lift.high)
    assert found == pytest.approx(lift.ppf([0.025, 0.5, 0.975]) - 1, abs=1e-10, rel=1e-9)
    assert variant.p_beats_control == pytest.approx(lift.sf(1), abs=1e-9)
    for r in (-0.9, -0.01, 1e-6, 0.02, 4):
        assert variant.p_lift_above(r) == pytest.approx(lift.sf(1 + r), abs=1e-9)
    assert variant.lift.mean == pytest.approx(lift.mean() - 1 if a > 1 else math.inf, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("counts", PAIRS, ids=str)
def test_the_mean_is_a_gamma(counts):
    for variant in compare_counts([poisson(*count) for count in counts], level=0.9).variants:
        a, n = posterior(variant.sample)
        mean = scipy.stats.gamma(a, scale=1 / n)
        found = (variant.mean.low, variant.mean.median, variant.mean.high)
        assert found == pytest.approx(mean.ppf([0.05, 0.5, 0.95]), rel=1e-10)
        assert variant.mean.mean == pytest.approx(mean.mean(), rel=1e-12)


def p_best_of_whole_gammas(shapes, rates, i):
    """P(X_i is the largest): X_j below x is 1 less a Poisson sum, so everything is powers of x times exp(-x)."""
    terms = {(shapes[i] - 1, rates[i]): Fraction(rates[i] ** shapes[i], math.factorial(shapes[i] - 1))}
    for j, (shape, rate) in enumerate(zip(shapes, rates, strict=True)):
        if j == i:
            continue
        product: dict = {}
        for (power, decay), c in terms.items():
            product[power, decay] = product.get((power, decay), 0) + c
            for k in range(shape):
                key = (power + k, decay + rate)
                product[key] = product.get(key, 0) - c * Fraction(rate**k, math.factorial(k))
        terms = product
    return sum(c * Fraction(math.factorial(power), decay ** (power + 1)) for (power, decay), c in terms.items())


@pytest.mark.parametrize("counts", [[(4, 3), (5, 7), (3, 4)], [(2, 1), (9, 9), (9, 9), (1, 20)]], ids=str)
def test_the_probability_to_be_best_is_the_fraction_that_sums_of_powers_give(counts):
    prior = Gamma(1, 1)
    variants = compare_counts([poisson(*count) for count in counts], prior=prior).variants
    shapes, rates = [total + 1 for _, total in counts], [n + 1 for n, _ in counts]
    for i, variant in enumerate(variants):
        assert variant.p_best == pytest.approx(float(p_best_of_whole_gammas(shapes, rates, i)), abs=1e-13)


def test_every_poisson_row_of_bayesian_testing_is_used_or_cannot_be():
    # It answers for one variant, or none, and for "fewer is better"; those have nothing to compare or another best.
    assert [len(case["input"]["totals"]) for case in POISSON] == [3, 3, 1, 0]


@pytest.mark.parametrize("case", POISSON[:2], ids=["most", "fewest"])
def test_it_agrees_with_the_draws_of_bayesian_testing(case):
    given, expected = case["input"], case["expected"]
    samples = [poisson(n, total) for n, total in zip(given["totals"], given["sums"], strict=True)]
    result = compare_counts(samples, prior=Gamma(0.1, 0.1), level=given["interval_alpha"])
    for i, variant in enumerate(result.variants):
        low, high = expected["credible_interval"][i]
        assert (variant.mean.low, variant.mean.high) == pytest.approx((low, high), abs=0.02 * (high - low))
        if not given["min_is_best"]:
            p = expected["prob_being_best"][i]
            assert variant.p_best == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / given["sim_count"]))
            assert variant.expected_loss == pytest.approx(expected["expected_loss"][i], rel=0.05, abs=1e-5)


SIZES = st.one_of(st.integers(0, 30), st.integers(0, 10**4), st.integers(0, 10**9))
SAMPLES = st.tuples(SIZES, SIZES).map(lambda size: poisson(size[0], size[1] if size[0] else 0))
UNEVEN = st.lists(st.integers(0, 60), max_size=12).map(
    lambda events: CountSample(len(events), sum(events), sum(x * x for x in events))
)
ANY = st.one_of(SAMPLES, UNEVEN)


@given(st.lists(ANY, min_size=2, max_size=5))
@settings(max_examples=100, deadline=None)
def test_probabilities_sum_to_one_and_losses_differ_by_the_means(few):
    variants = compare_counts(few).variants
    assert sum(variant.p_best for variant in variants) == pytest.approx(1, abs=1e-9)
    size = sum(variant.mean.mean for variant in variants)
    for variant in variants[1:]:
        difference = variants[0].mean.mean - variant.mean.mean
        assert variant.expected_loss - variants[0].expected_loss == pytest.approx(difference, abs=1e-9 * size)
        assert variant.p_lift_above(0) == pytest.approx(variant.p_beats_control, abs=1e-9)


@given(ANY, ANY)
@settings(max_examples=100, deadline=None)
def test_swapping_two_variants_turns_the_lift_around(first, second):
    a, b = compare_counts([first, second]).variants
    b_control, a_variant = compare_counts([second, first]).variants
    assert (a.p_best, b.p_best) == pytest.approx((a_variant.p_best, b_control.p_best), abs=1e-12)
    assert a.mean == a_variant.mean
    less, more = sorted([a_variant.lift.median, b.lift.median])
    assert less == pytest.approx(math.expm1(-math.log1p(more)), abs=1e-7)
    assert b.p_lift_above(0.1) == pytest.approx(1 - a_variant.p_lift_above(1 / 1.1 - 1), abs=1e-9)


@given(st.lists(ANY, min_size=3, max_size=5), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_relabelling_the_variants_relabels_the_result(few, random):
    order = list(range(len(few)))
    random.shuffle(order)
    straight = compare_counts(few).variants
    shuffled = compare_counts([few[i] for i in order], control=order.index(0)).variants
    for place, i in enumerate(order):
        assert shuffled[place].p_best == pytest.approx(straight[i].p_best, abs=1e-12)
        assert shuffled[place].lift == straight[i].lift


@given(ANY, ANY)
@settings(max_examples=50, deadline=None)
def test_the_interval_never_contradicts_the_probability_to_beat_control(first, second):
    _, variant = compare_counts([first, second]).variants
    if variant.p_beats_control > 0.975 + 1e-9:
        assert variant.lift.low > 0
    if variant.p_beats_control < 0.025 - 1e-9:
        assert variant.lift.high < 0


@given(SAMPLES, SAMPLES)
@settings(max_examples=50, deadline=None)
def test_one_more_event_never_makes_a_variant_look_worse(control, sample):
    if sample.n == 0:
        return
    before = compare_counts([control, sample]).variants[1]
    after = compare_counts([control, poisson(sample.n, sample.total + 1)]).variants[1]
    assert after.p_best >= before.p_best - 1e-9
    assert after.mean.low >= before.mean.low * (1 - 1e-12)


@given(UNEVEN, UNEVEN)
def test_days_add_up(first, second):
    both = first + second
    assert both == second + first
    assert both.total_of_squares == first.total_of_squares + second.total_of_squares


def test_events_as_uneven_as_poisson_are_not_called_overdispersed():
    result = compare_counts([poisson(1000, 2100), poisson(1000, 2200)])
    assert result.dispersion == pytest.approx(1, abs=0.01)
    assert not result.overdispersed


@pytest.mark.parametrize("counts", [(10**4, 3), (40, 2)])
def test_uneven_visitors_widen_the_interval_to_that_of_the_means_normal(counts):
    n, size = counts
    control = CountSample(n, n * size, n * size * size * 5)  # every fifth visitor does five times as much
    sample = CountSample(n, n * size + n // 10, n * size * size * 5 + n)
    result = compare_counts([control, sample])
    assert result.overdispersed
    for variant in result.variants:
        a, m = posterior(variant.sample)
        mean, deviation = a / m, math.sqrt(variant.sample.dispersion * a) / m
        normal = scipy.stats.truncnorm(-mean / deviation, math.inf, loc=mean, scale=deviation)
        found = (variant.mean.low, variant.mean.median, variant.mean.high)
        assert found == pytest.approx(normal.ppf([0.025, 0.5, 0.975]), rel=1e-10)
        assert variant.mean.mean == pytest.approx(normal.mean(), rel=1e-9)
        # and that is the sample's own standard error, but for the half visitor of the prior
        variance = (variant.sample.total_of_squares - variant.sample.total**2 / n) / (n - 1) / n
        assert deviation == pytest.approx(math.sqrt(variance), rel=0.6 / n + 0.3 / variant.sample.total)
    gap = result.variants[1].mean.mean - result.variants[0].mean.mean
    deviation = math.hypot(
        *[math.sqrt(v.sample.dispersion * posterior(v.sample)[0]) / (n + 0.5) for v in result.variants]
    )
    assert result.variants[1].p_beats_control == pytest.approx(scipy.stats.norm.cdf(gap / deviation), abs=1e-3)


def test_a_variant_without_events_among_uneven_ones_has_a_posterior_too():
    result = compare_counts([CountSample(50, 100, 2000), CountSample(50, 0, 0), CountSample(0, 0, 0)])
    assert result.overdispersed
    nothing = result.variants[1]
    assert 0 < nothing.mean.low < nothing.mean.high < result.variants[0].mean.mean
    assert nothing.lift.high < 0
    assert all(math.isfinite(value) for value in (nothing.lift.low, nothing.lift.median, nothing.expected_loss))
    assert result.variants[2].lift.mean > 0


@pytest.mark.parametrize(("visitors", "finite"), [(20, False), (2000, True)])
def test_the_mean_lift_of_normals_exists_where_control_is_far_from_zero(visitors, finite):
    sample = CountSample(visitors, 2 * visitors, 20 * visitors)
    lift = compare_counts([sample, sample]).variants[1].lift
    assert math.isfinite(lift.mean) is finite
    if finite:  # E[1 / control], by 1 + cv² + 3 cv⁴
        cv2 = 8 * (2 * visitors + 0.5) / (2 * visitors + 0.5) ** 2
        assert lift.mean == pytest.approx(cv2 + 3 * cv2**2, rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [0.5, 1e6], ids=["uneven visitors", "Poisson"])
def test_intervals_cover_the_true_lift_however_much_visitors_differ(shape):
    generator = np.random.default_rng(11)
    covered = 0
    for _ in range(600):
        samples = []
        for mean in (2.0, 2.2):
            x = generator.poisson(generator.gamma(shape, mean / shape, 800))
            samples.append(CountSample(len(x), x.sum(), (x * x).sum()))
        result = compare_counts(samples)
        assert result.overdispersed is (shape < 1)
        lift = result.variants[1].lift
        covered += lift.low < 0.1 < lift.high
    assert covered / 600 == pytest.approx(0.95, abs=0.03)  # 3.4 standard errors


@pytest.mark.parametrize(
    "sums",
    [(0, 1, 1), (3, 0, 1), (3, 5, 4), (3, 6, 11), (2, 3, 10)],
    ids=["nobody", "no events", "few", "even", "many"],
)
def test_sums_that_no_visitors_have_are_refused(sums):
    with pytest.raises(stats.ImpossibleTotals) as caught:
        CountSample(*sums)
    assert caught.value.value == sums


@pytest.mark.parametrize("squares", [-1, 2.0, True, 2**63, None])
def test_a_sum_of_squares_must_be_a_whole_number(squares):
    with pytest.raises(stats.InvalidTotal):
        CountSample(10, 2, squares)


@pytest.mark.parametrize("value", [0, 0.09, -1, math.nan, math.inf, True, "1", 1e14])
def test_a_gamma_outside_its_domain_is_refused(value):
    for parameters in ((value, 1), (1, value)):
        with pytest.raises(stats.InvalidGamma):
            Gamma(*parameters)


def test_what_cannot_be_compared_is_refused():
    pair = [poisson(10, 3)] * 2
    for leaf, call in (
        (stats.TooFewVariants, lambda: compare_counts(pair[:1])),
        (stats.InvalidControl, lambda: compare_counts(pair, control=2)),
        (stats.InvalidProbability, lambda: compare_counts(pair, level=1)),
        (stats.ControlHasNoLift, lambda: compare_counts(pair).variants[0].p_lift_above(0)),
        (stats.InvalidLift, lambda: compare_counts(pair).variants[1].p_lift_above(math.nan)),
    ):
        with pytest.raises(leaf):
            call()


def test_comparing_twice_gives_the_same_bits():
    samples = [poisson(1000, 2100), CountSample(1000, 2000, 14_000), CountSample(0, 0, 0)]
    assert repr(compare_counts(samples)) == repr(compare_counts(samples))
