"""Segments drawn toward the whole. Oracles: scipy.stats.chi2_contingency for both tests, scipy.integrate.quad for the
spread's posterior and the mixture over it, and simulated segments for coverage and for the size of the errors."""

import math

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

import stats
from stats import BinarySample, compare, compare_segments
from stats.spread import Departures

DEVICES = {
    "phone": (BinarySample(6000, 240), BinarySample(6000, 300)),
    "desktop": (BinarySample(2000, 160), BinarySample(2000, 158)),
    "tablet": (BinarySample(500, 20), BinarySample(480, 31)),
}
SAMPLES = st.one_of(st.integers(0, 40), st.integers(0, 10**5)).flatmap(
    lambda n: st.builds(BinarySample, st.just(n), st.integers(0, n))
)
ANY = st.dictionaries(st.sampled_from("abcdefg"), st.tuples(SAMPLES, SAMPLES), min_size=1, max_size=5)


def sums(segments):
    nothing = BinarySample(0, 0)
    return [sum((pair[side] for pair in segments.values()), nothing) for side in (0, 1)]


def near(p_value):
    return None if p_value is None else pytest.approx(p_value, rel=1e-5, abs=1e-12)


def log_lift(pair):
    """Log lift and variance, from scipy's log-gamma moments written out."""
    means = [math.log((s.conversions + 0.5) / (s.n + 0.5)) for s in pair]
    draws = [scipy.special.polygamma(1, s.conversions + 0.5) - scipy.special.polygamma(1, s.n + 1) for s in pair]
    return means[1] - means[0], float(sum(draws))


def scored(segments):
    """Departures from the whole and their variances, by maximising the likelihood under the whole's ratio."""
    ratio = math.exp(log_lift(sums(segments))[0])
    steps, variances = [], []
    for control, variant in segments.values():
        n, x, m, y = control.n, control.conversions, variant.n, variant.conversions

        def slope(p, n=n, x=x, m=m, y=y):
            return (x + y) / p - (n - x) / (1 - p) - (m - y) * ratio / (1 - ratio * p)

        p = scipy.optimize.brentq(slope, 1e-12, min(1, 1 / ratio) - 1e-12, xtol=1e-15)
        steps.append((y / m - ratio * x / n) / (ratio * p))
        variances.append((1 - ratio * p) / (m * ratio * p) + (1 - p) / (n * p))
    return np.array(steps), np.array(variances)


def posterior_of_spread(segments, scale):
    """Unnormalised, over tau."""
    steps, variances = scored(segments)

    def density(tau):
        w = 1 / (variances + tau**2)
        centre = (w * steps).sum() / w.sum()
        fit = np.exp(-0.5 * (w * (steps - centre) ** 2).sum()) * np.sqrt(w.prod() / w.sum())
        return scipy.stats.halfnorm(scale=scale).pdf(tau) * fit

    return density


def test_the_whole_is_the_comparison_of_the_sums():
    result = compare_segments(DEVICES)
    assert result.whole == compare(sums(DEVICES)).variants[1]


@pytest.mark.parametrize("scale", [0.03, 0.1, 1.0])
def test_the_spread_has_the_posterior_that_quad_finds(scale):
    density = posterior_of_spread(DEVICES, scale)
    area, first = (integrate.quad(lambda t, k=k: t**k * density(t), 0, 9 * scale, epsabs=1e-13)[0] for k in (0, 1))
    spread = compare_segments(DEVICES, tau=scale).spread
    assert spread.mean == pytest.approx(first / area, rel=1e-7)
    for value, p in ((spread.low, 0.025), (spread.median, 0.5), (spread.high, 0.975)):
        assert integrate.quad(density, 0, value)[0] / area == pytest.approx(p, abs=1e-3)


@pytest.mark.parametrize("scale", [0.03, 0.1, 1.0])
def test_a_segments_lift_is_the_mixture_over_the_spread_that_quad_finds(scale):
    density = posterior_of_spread(DEVICES, scale)
    area = integrate.quad(density, 0, 9 * scale, epsabs=1e-13)[0]
    whole, whole_variance = log_lift(sums(DEVICES))
    conversions = [c.conversions + v.conversions for c, v in DEVICES.values()]
    share = sum((x / sum(conversions)) ** 2 for x in conversions)
    for segment in compare_segments(DEVICES, tau=scale).segments:
        own, variance = log_lift((segment.control, segment.variant))

        def below(x, tau, own=own, variance=variance):
            drawn = variance / (variance + tau**2)
            mean = (1 - drawn) * own + drawn * whole
            spread = variance * (1 - drawn) + drawn**2 * (whole_variance + tau**2 * share)
            return scipy.stats.norm.cdf(x, mean, math.sqrt(spread))

        def chance(x, below=below):
            return integrate.quad(lambda tau: density(tau) * below(x, tau), 0, 9 * scale, epsabs=1e-13)[0] / area

        assert segment.p_beats_control == pytest.approx(1 - chance(0), abs=1e-7)
        for value, p in ((segment.lift.low, 0.025), (segment.lift.median, 0.5), (segment.lift.high, 0.975)):
            assert chance(math.log1p(value)) == pytest.approx(p, abs=1e-7)


def test_each_test_is_the_chi_square_of_its_table_and_all_are_adjusted_together():
    result = compare_segments(DEVICES)
    tables = [[[c.conversions, c.n - c.conversions], [v.conversions, v.n - v.conversions]] for c, v in DEVICES.values()]
    expected = [scipy.stats.chi2_contingency(table, correction=False).pvalue for table in tables]
    assert [segment.p_value for segment in result.segments] == pytest.approx(expected, rel=1e-9)
    adjusted = scipy.stats.false_discovery_control(expected)
    assert [segment.adjusted for segment in result.segments] == pytest.approx(list(adjusted), rel=1e-9)
    assert [segment.discovery for segment in result.segments] == [p <= 0.05 for p in adjusted]


def test_where_conversions_are_rare_the_test_of_evenness_is_the_chi_square_of_the_conversions():
    counts = [(400, 460), (700, 650), (300, 390)]
    segments = {str(i): (BinarySample(10**9, x), BinarySample(10**9, y)) for i, (x, y) in enumerate(counts)}
    expected = scipy.stats.chi2_contingency(counts, correction=False).pvalue
    assert compare_segments(segments).heterogeneity == pytest.approx(expected, rel=1e-2)  # the half in the whole's lift


@pytest.mark.parametrize("cell", [(0, 0), (0, 7), (7, 0), (50, 50)])
def test_a_segment_with_none_or_all_converting_has_an_answer(cell):
    odd = tuple(BinarySample(50, x) for x in cell)
    segment = compare_segments({**DEVICES, "odd": odd}).segments[-1]
    whole = compare_segments({**DEVICES, "odd": odd}).whole
    assert -1 < segment.lift.low < segment.lift.median < segment.lift.high < 2
    assert (segment.p_value is None) == (cell == (0, 0))
    if cell == (50, 50):
        assert segment.p_value == 1
    if cell == (0, 0):
        assert segment.lift.median == pytest.approx(whole.lift.median, abs=0.01)


@pytest.mark.parametrize(
    "unseen", [(BinarySample(0, 0), BinarySample(0, 0)), (BinarySample(0, 0), BinarySample(90, 9))]
)
def test_a_segment_without_visitors_on_a_side_is_the_whole_give_or_take_the_spread(unseen):
    result = compare_segments({**DEVICES, "new": unseen})
    segment = result.segments[-1]
    assert segment.p_value is segment.adjusted is None
    assert not segment.discovery
    whole, _ = log_lift(sums({**DEVICES, "new": unseen}))
    assert math.log1p(segment.lift.median) == pytest.approx(whole, abs=1e-9)
    assert segment.lift.high > result.whole.lift.high


def test_a_single_segment_is_the_whole():
    control, variant = BinarySample(20_000, 1000), BinarySample(20_000, 1080)
    result = compare_segments({"all": (control, variant)})
    assert result.heterogeneity is None
    segment, whole = result.segments[0], result.whole
    assert (segment.lift.low, segment.lift.high) == pytest.approx((whole.lift.low, whole.lift.high), abs=1e-4)
    assert segment.p_beats_control == pytest.approx(whole.p_beats_control, abs=1e-3)


def test_nothing_at_all_seen_is_believed_to_be_no_lift():
    nobody = BinarySample(0, 0)
    result = compare_segments({"a": (nobody, nobody), "b": (nobody, nobody)})
    for segment in result.segments:
        assert segment.lift.median == pytest.approx(0, abs=1e-9)
        assert segment.p_beats_control == pytest.approx(0.5, abs=1e-12)
    assert result.heterogeneity is None
    assert result.spread.mean == pytest.approx(scipy.stats.halfnorm(scale=0.1).mean(), rel=1e-6)


def test_a_segment_of_millions_speaks_for_itself_and_one_of_dozens_for_the_whole():
    segments = {
        "many": (BinarySample(10**7, 500_000), BinarySample(10**7, 650_000)),
        "more": (BinarySample(10**7, 500_000), BinarySample(10**7, 400_000)),
        "few": (BinarySample(60, 3), BinarySample(60, 9)),
    }
    many, more, few = compare_segments(segments).segments
    assert many.lift.median == pytest.approx(0.3, abs=0.002)
    assert more.lift.median == pytest.approx(-0.2, abs=0.002)
    assert few.lift.low < 0.05 < few.lift.high < 1


def test_sizes_a_billion_times_apart_stand_side_by_side():
    segments = {
        "sure": (BinarySample(10**9, 10**9), BinarySample(10**9, 10**9 - 3)),
        "usual": (BinarySample(10**11, 5 * 10**9), BinarySample(10**11, 5 * 10**9 + 10**6)),
        "tiny": (BinarySample(3, 1), BinarySample(2, 2)),
    }
    sure, usual, tiny = compare_segments(segments).segments
    assert sure.lift.median == pytest.approx(-3e-9, rel=0.01)
    assert sure.lift.high - sure.lift.low == pytest.approx(2 * 1.96 * math.sqrt(4) * 1e-9, rel=0.3)
    assert usual.lift.median == pytest.approx(2e-4, rel=0.01)
    assert tiny.lift.low < 0 < tiny.lift.high


def test_segments_that_agree_are_all_the_whole():
    segments = {str(i): (BinarySample(40_000, 2000), BinarySample(40_000, 2200)) for i in range(20)}
    result = compare_segments(segments)
    assert result.heterogeneity == pytest.approx(1, abs=1e-6)
    for segment in result.segments:
        assert segment.lift.median == pytest.approx(result.whole.lift.median, abs=1e-4)
        own = compare([segment.control, segment.variant]).variants[1].lift
        assert segment.lift.high - segment.lift.low < 0.6 * (own.high - own.low)


@given(ANY, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_segments_does_not_matter(segments, random):
    names = list(segments)
    random.shuffle(names)
    straight = {segment.name: segment for segment in compare_segments(segments).segments}
    for segment in compare_segments({name: segments[name] for name in names}).segments:
        assert segment.lift.median == pytest.approx(straight[segment.name].lift.median, rel=1e-9, abs=1e-12)
        assert segment.adjusted == near(straight[segment.name].adjusted)


@given(ANY)
@settings(max_examples=40, deadline=None)
def test_swapping_control_and_variant_turns_every_lift_around(segments):
    straight = compare_segments(segments)
    swapped = compare_segments({name: pair[::-1] for name, pair in segments.items()})
    for a, b in zip(straight.segments, swapped.segments, strict=True):
        assert (1 + a.lift.low) * (1 + b.lift.high) == pytest.approx(1, rel=1e-5)
        assert a.p_beats_control == pytest.approx(1 - b.p_beats_control, abs=1e-6)
        assert a.p_value == near(b.p_value)
    assert straight.heterogeneity == near(swapped.heterogeneity)


@given(ANY)
@settings(max_examples=40, deadline=None)
def test_the_interval_never_contradicts_the_probability_to_beat_control(segments):
    for segment in compare_segments(segments).segments:
        assert segment.lift.low <= segment.lift.median <= segment.lift.high
        assert (segment.lift.low > 0) == (segment.p_beats_control > 0.975) or abs(segment.lift.low) < 1e-6


def shoppers(generator, *, visitors, rate, tau, segments):
    """True log lifts about one of their own, and what was seen of them."""
    lifts = generator.normal(0, 0.1) + tau * generator.standard_normal(segments)
    found = {}
    for i, lift in enumerate(lifts):
        p = rate * math.exp(generator.normal(0, 0.3))
        n, m = visitors
        found[str(i)] = (
            BinarySample(n, generator.binomial(n, p)),
            BinarySample(m, generator.binomial(m, p * math.exp(lift))),
        )
    return lifts, found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("visitors", "segments"),
    [((2000, 2000), 6), ((900, 100), 20), ((20_000, 20_000), 4)],
    ids=["some", "uneven", "many"],
)
def test_under_its_prior_intervals_cover_and_no_other_estimate_is_nearer(visitors, segments):
    generator = np.random.default_rng(8)
    covered, errors, runs = [], [], 120
    for _ in range(runs):
        tau = abs(generator.normal(0, 0.1))
        lifts, seen = shoppers(generator, visitors=visitors, rate=0.05, tau=tau, segments=segments)
        result = compare_segments(seen)
        for lift, segment in zip(lifts, result.segments, strict=True):
            covered.append(segment.lift.low < math.expm1(lift) < segment.lift.high)
            own, _ = log_lift((segment.control, segment.variant))
            errors.append([math.log1p(segment.lift.median), math.log1p(result.whole.lift.median), own] - lift)
    # Segments of one run share their whole, so a run counts for about one: 0.02 is a standard error of 120 such.
    assert np.mean(covered) == pytest.approx(0.95, abs=0.05)
    drawn, whole, own = np.sqrt(np.mean(np.square(errors), axis=0))
    assert drawn <= 1.01 * min(whole, own)


@pytest.mark.slow
@pytest.mark.parametrize("visitors", [(100, 100), (900, 100), (5000, 5000)], ids=str)
def test_segments_alike_are_called_uneven_as_often_as_the_level_says(visitors):
    generator = np.random.default_rng(4)
    called = 0
    for _ in range(1500):
        _, seen = shoppers(generator, visitors=visitors, rate=0.05, tau=0, segments=12)
        ratio, _ = log_lift(sums(seen))
        informative = [pair for pair in seen.values() if any(sample.conversions for sample in pair)]
        called += Departures.of(informative, ratio).p_value() < 0.05
    assert called / 1500 == pytest.approx(0.05, abs=0.018)  # 3.2 standard errors


def test_no_segment_is_refused():
    with pytest.raises(stats.NotEnoughData):
        compare_segments({})


@pytest.mark.parametrize("tau", [0, -0.1, 11, math.nan, None, True])
def test_a_scale_outside_its_domain_is_refused(tau):
    with pytest.raises(stats.InvalidTau):
        compare_segments(DEVICES, tau=tau)


@pytest.mark.parametrize("name", ["level", "rate"])
def test_a_level_or_rate_outside_zero_and_one_is_refused(name):
    with pytest.raises(stats.InvalidProbability):
        compare_segments(DEVICES, **{name: 1})


def test_comparing_twice_gives_the_same_bits():
    assert repr(compare_segments(DEVICES)) == repr(compare_segments(DEVICES))
