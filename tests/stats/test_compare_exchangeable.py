"""The decision lens: what must hold for every input, and what it must become at the ends of tau."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stats import Beta, BinarySample, ControlHasNoLift, Exchangeable, InvalidLift, InvalidTau, compare

SIZES = st.one_of(st.integers(0, 50), st.integers(0, 10**5), st.integers(0, 10**9))
PRIORS = st.builds(
    Exchangeable, st.one_of(st.just(0.07), st.floats(0.02, 0.36), st.sampled_from([1e-4, 1e-3, 1.0, 2.0]))
)


@st.composite
def samples(draw):
    n = draw(SIZES)
    return BinarySample(n, draw(st.one_of(st.integers(0, n), st.integers(0, min(n, 20)), st.just(n))))


FEW = st.lists(samples(), min_size=2, max_size=4)
PAIR = st.tuples(samples(), samples())


@given(FEW, PRIORS)
@settings(max_examples=40, deadline=None)
def test_the_probabilities_to_be_best_sum_to_one(few, prior):
    found = [variant.p_best for variant in compare(few, prior=prior).variants]
    assert sum(found) == pytest.approx(1, abs=1e-8)
    assert all(0 <= p <= 1 for p in found)


@given(PAIR, PRIORS)
@settings(max_examples=40, deadline=None)
def test_swapping_two_variants_swaps_their_results(pair, prior):
    a, b = compare(pair, prior=prior).variants
    a_second = compare(pair[::-1], prior=prior).variants[1]
    assert a.p_best == pytest.approx(a_second.p_best, abs=1e-8)
    assert a.expected_loss == pytest.approx(a_second.expected_loss, abs=1e-8)
    assert b.p_beats_control == pytest.approx(1 - a_second.p_beats_control, abs=1e-8)
    assert b.p_lift_above(0.1) == pytest.approx(1 - a_second.p_lift_above(1 / 1.1 - 1), abs=1e-8)


@given(PAIR, PRIORS)
@settings(max_examples=40, deadline=None)
def test_beating_control_is_being_best_of_two_found_another_way(pair, prior):
    _, variant = compare(pair, prior=prior).variants
    assert variant.p_beats_control == pytest.approx(variant.p_best, abs=1e-8)


@given(PAIR, PRIORS)
@settings(max_examples=40, deadline=None)
def test_the_losses_differ_by_the_difference_of_the_mean_rates(pair, prior):
    a, b = compare(pair, prior=prior).variants
    assert a.expected_loss - b.expected_loss == pytest.approx(b.rate.mean - a.rate.mean, abs=1e-8)
    assert min(a.expected_loss, b.expected_loss) >= 0


@given(PAIR, PRIORS)
@settings(max_examples=40, deadline=None)
def test_the_interval_of_the_lift_never_contradicts_the_probability_to_beat_control(pair, prior):
    _, variant = compare(pair, prior=prior, level=0.95).variants
    if variant.p_beats_control > 0.975 + 1e-9:
        assert variant.lift.low > 0
    if variant.p_beats_control < 0.975 - 1e-9:
        assert variant.lift.low < 0
    if variant.p_beats_control < 0.025 - 1e-9:
        assert variant.lift.high < 0
    if variant.p_beats_control > 0.025 + 1e-9:
        assert variant.lift.high > 0


@given(FEW, PRIORS, st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_relabelling_the_variants_relabels_the_result(few, prior, random):
    order = list(range(len(few)))
    random.shuffle(order)
    straight = compare(few, prior=prior).variants
    shuffled = compare([few[i] for i in order], control=order.index(0), prior=prior).variants
    for place, i in enumerate(order):
        assert shuffled[place].p_best == pytest.approx(straight[i].p_best, abs=1e-9)
        assert shuffled[place].expected_loss == pytest.approx(straight[i].expected_loss, abs=1e-9)
        assert shuffled[place].rate.high == pytest.approx(straight[i].rate.high, rel=1e-7)


@given(PAIR, PRIORS)
@settings(max_examples=25, deadline=None)
def test_one_more_conversion_never_makes_a_variant_look_worse(pair, prior):
    # But for its expected loss: where one converts more the others may too, and then there is more to lose.
    control, sample = pair
    if sample.conversions == sample.n:
        return
    _, before = compare(pair, prior=prior).variants
    _, after = compare([control, BinarySample(sample.n, sample.conversions + 1)], prior=prior).variants
    assert after.p_best >= before.p_best - 1e-8
    assert after.lift.low >= before.lift.low - 1e-7 * (1 + before.lift.low)
    assert after.rate.low >= before.rate.low * (1 - 1e-7)


@given(PAIR, PRIORS, st.floats(0.01, 0.9999))
@settings(max_examples=25, deadline=None)
def test_intervals_are_ordered_and_a_wider_level_contains_a_narrower(pair, prior, level):
    variant = compare(pair, prior=prior, level=level).variants[1]
    for outer, inner in ((variant.rate, variant.rate_at(level / 2)), (variant.lift, variant.lift_at(level / 2))):
        assert outer.low <= inner.low <= inner.median <= inner.high <= outer.high
        assert inner.median == pytest.approx(outer.median, rel=1e-7, abs=1e-15)


@given(PAIR, PRIORS)
@settings(max_examples=25, deadline=None)
def test_a_higher_lift_is_never_more_likely(pair, prior):
    _, variant = compare(pair, prior=prior).variants
    chances = [variant.p_lift_above(r) for r in (-2, -0.999, -0.5, -0.01, 0, 0.01, 0.5, 3, 1e6, 1e15)]
    assert all(earlier >= later - 1e-8 for earlier, later in pairwise(chances))
    assert chances[0] == 1


@given(PAIR, PRIORS)
@settings(max_examples=25, deadline=None)
def test_the_mean_lift_lies_between_what_the_tails_allow(pair, prior):
    # E[lift] = ∫ P(lift > r) dr - ∫ P(lift < r) dr, here by the trapezoidal rule between far quantiles.
    _, variant = compare(pair, prior=prior).variants
    ends = variant.lift_at(1 - 1e-7)
    if prior.tau > 0.4 or ends.high - ends.low == 0:
        return
    r = np.linspace(ends.low, ends.high, 400)
    above = np.array([variant.p_lift_above(float(each)) for each in r])
    found = ends.low + np.trapezoid(above, r)
    assert variant.lift.mean == pytest.approx(found, abs=2e-3 * (ends.high - ends.low))


@given(FEW, PRIORS)
@settings(max_examples=25, deadline=None)
def test_a_posterior_to_draw_is_finite_and_has_the_mass_it_says(few, prior):
    comparison = compare(few, prior=prior)
    for variant, drawn in zip(comparison.variants, comparison.density(801), strict=True):
        x, y = np.array(drawn.x), np.array(drawn.y)
        assert np.isfinite(y).all()
        assert (y >= 0).all()
        if 20 <= variant.sample.conversions <= variant.sample.n - 20:  # else it climbs too steeply for equal steps
            assert np.trapezoid(y, x) == pytest.approx(0.9998, abs=1e-3)
            assert np.trapezoid(y * x, x) == pytest.approx(variant.rate.mean, rel=2e-3)


def test_the_loss_of_a_better_variant_falls_to_nothing_as_visitors_come():
    losses = [
        compare([BinarySample(n, n // 20), BinarySample(n, n // 18)], prior=Exchangeable()).variants[1].expected_loss
        for n in (180, 1800, 18_000, 180_000, 1_800_000)
    ]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 1e-20


def test_shrinkage_pays_for_looking_at_many_variants():
    # The leader of twenty is drawn closer to the rest than the same leader of two.
    two = compare([BinarySample(2000, 100), BinarySample(2000, 131)], prior=Exchangeable()).variants[-1]
    counts = [BinarySample(2000, 100)] * 19 + [BinarySample(2000, 131)]
    twenty = compare(counts, prior=Exchangeable()).variants[-1]
    assert twenty.rate.median < two.rate.median
    assert twenty.p_best < two.p_best


def test_with_a_tau_beyond_every_difference_it_becomes_the_data_alone():
    # A flat prior on log-odds is Beta(0, 0): the posterior is Beta(conversions, n - conversions).
    counts = [(10**6, 50_000), (10**6, 50_400), (10**6, 49_900)]
    alone = compare([BinarySample(n - 2, c - 1) for n, c in counts], prior=Beta(1, 1)).variants
    gaps = []
    for tau in (0.1, 0.5, 2):
        together = compare([BinarySample(*each) for each in counts], prior=Exchangeable(tau)).variants
        gaps.append(max(abs(x.p_best - y.p_best) for x, y in zip(together, alone, strict=True)))
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 1e-5


def test_with_the_smallest_tau_nothing_tells_the_variants_apart():
    counts = [(1000, 52), (1000, 71), (1000, 60), (1000, 40)]
    for variant in compare([BinarySample(*each) for each in counts], prior=Exchangeable(1e-4)).variants:
        assert variant.p_best == pytest.approx(0.25, abs=1e-3)
        assert variant.rate.mean == pytest.approx(223 / 4000, rel=1e-2)


def test_the_range_of_another_level_lies_inside_and_holds_what_it_says():
    _, variant = compare([BinarySample(1000, 52), BinarySample(1000, 71)], prior=Exchangeable()).variants
    half = variant.lift_at(0.5)
    assert variant.lift.low < half.low < variant.lift.median == half.median < half.high < variant.lift.high
    assert variant.p_lift_above(half.low) - variant.p_lift_above(half.high) == pytest.approx(0.5, abs=1e-10)
    rate = variant.rate_at(0.5)
    assert variant.rate.low < rate.low < rate.median < rate.high < variant.rate.high


@pytest.mark.parametrize("prior", [Beta(0.5, 0.5), Exchangeable()])
def test_to_be_equal_is_to_lie_between_the_two_margins(prior):
    control, variant = compare([BinarySample(10**5, 5000), BinarySample(10**5, 5050)], prior=prior).variants
    between = variant.p_lift_above(-0.02) - variant.p_lift_above(0.02)
    assert variant.p_equal(0.02) == pytest.approx(between, abs=1e-15)
    assert 0 < variant.p_equal(0.01) < variant.p_equal(0.02) < variant.p_equal(5) <= 1
    for margin in (0, -0.01, float("nan"), None):
        with pytest.raises(InvalidLift):
            variant.p_equal(margin)
    for ask in (control.p_equal, control.lift_at):
        with pytest.raises(ControlHasNoLift):
            ask(0.5)


@pytest.mark.parametrize("prior", [Beta(0.5, 0.5), Exchangeable()])
def test_the_relative_loss_is_that_of_control_s_mean_rate(prior):
    control, variant = compare([BinarySample(1000, 52), BinarySample(1000, 71)], prior=prior).variants
    assert variant.relative_loss == variant.expected_loss / control.rate.mean


@pytest.mark.parametrize("tau", [0, 9e-5, 2.1, -1, float("nan"), True, None, "0.07"])
def test_a_tau_outside_its_domain_is_refused(tau):
    with pytest.raises(InvalidTau):
        Exchangeable(tau)
