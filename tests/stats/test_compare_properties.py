"""What must hold for every input, whatever the numbers are."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stats import BinarySample, compare

SIZES = st.one_of(st.integers(0, 50), st.integers(0, 10**5), st.integers(0, 10**9))


@st.composite
def samples(draw):
    n = draw(SIZES)
    return BinarySample(n, draw(st.one_of(st.integers(0, n), st.integers(0, min(n, 20)), st.just(n))))


FEW = st.lists(samples(), min_size=2, max_size=6)
PAIR = st.tuples(samples(), samples())


@given(FEW)
@settings(max_examples=150, deadline=None)
def test_the_probabilities_to_be_best_sum_to_one(few):
    found = [variant.p_best for variant in compare(few).variants]
    assert sum(found) == pytest.approx(1, abs=1e-10)
    assert all(0 <= p <= 1 for p in found)


@given(PAIR)
@settings(max_examples=150, deadline=None)
def test_swapping_two_variants_swaps_their_results(pair):
    a, b = compare(pair).variants
    a_second = compare(pair[::-1]).variants[1]
    assert a.p_best == pytest.approx(a_second.p_best, abs=1e-12)
    assert a.expected_loss == pytest.approx(a_second.expected_loss, abs=1e-12)
    assert b.p_beats_control == pytest.approx(1 - a_second.p_beats_control, abs=1e-10)
    assert b.p_lift_above(0.1) == pytest.approx(1 - a_second.p_lift_above(1 / 1.1 - 1), abs=1e-9)


@given(FEW, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_relabelling_the_variants_relabels_the_result(few, random):
    order = list(range(len(few)))
    random.shuffle(order)
    straight = compare(few).variants
    shuffled = compare([few[i] for i in order], control=order.index(0)).variants
    for place, i in enumerate(order):
        assert shuffled[place].p_best == pytest.approx(straight[i].p_best, abs=1e-12)
        assert shuffled[place].expected_loss == pytest.approx(straight[i].expected_loss, abs=1e-12)
        assert shuffled[place].lift == straight[i].lift
        assert shuffled[place].rate == straight[i].rate


@given(PAIR)
@settings(max_examples=150, deadline=None)
def test_one_more_conversion_never_makes_a_variant_look_worse(pair):
    control, sample = pair
    if sample.conversions == sample.n:
        return
    _, before = compare(pair).variants
    _, after = compare([control, BinarySample(sample.n, sample.conversions + 1)]).variants
    assert after.p_best >= before.p_best - 1e-10
    assert after.expected_loss <= before.expected_loss + 1e-10
    assert after.rate.low >= before.rate.low
    assert after.lift.low >= before.lift.low - 1e-9 * (1 + before.lift.low)


@given(PAIR, st.floats(0.01, 0.9999))
@settings(max_examples=150, deadline=None)
def test_intervals_are_ordered_and_a_wider_level_contains_a_narrower(pair, level):
    wide, narrow = compare(pair, level=level), compare(pair, level=level / 2)
    for outer, inner in zip(wide.variants, narrow.variants, strict=True):
        assert 0 <= outer.rate.low <= inner.rate.low <= inner.rate.median <= inner.rate.high <= outer.rate.high <= 1
    outer, inner = wide.variants[1].lift, narrow.variants[1].lift
    assert -1 <= outer.low <= inner.low <= inner.median <= inner.high <= outer.high


@given(PAIR)
@settings(max_examples=150, deadline=None)
def test_the_losses_differ_by_the_difference_of_the_mean_rates(pair):
    a, b = compare(pair).variants
    assert a.expected_loss - b.expected_loss == pytest.approx(b.rate.mean - a.rate.mean, abs=1e-10)
    assert min(a.expected_loss, b.expected_loss) >= 0


@given(PAIR)
@settings(max_examples=150, deadline=None)
def test_beating_control_is_a_lift_above_zero_and_being_best_of_two(pair):
    _, variant = compare(pair).variants
    assert variant.p_lift_above(0) == pytest.approx(variant.p_beats_control, abs=1e-10)
    assert variant.p_best == variant.p_beats_control


@given(PAIR)
@settings(max_examples=100, deadline=None)
def test_the_interval_of_the_lift_never_contradicts_the_probability_to_beat_control(pair):
    _, variant = compare(pair, level=0.95).variants
    if variant.p_beats_control > 0.975 + 1e-9:
        assert variant.lift.low > 0
    if variant.p_beats_control < 0.025 - 1e-9:
        assert variant.lift.high < 0


@given(PAIR)
@settings(max_examples=100, deadline=None)
def test_a_higher_lift_is_never_more_likely(pair):
    _, variant = compare(pair).variants
    chances = [variant.p_lift_above(r) for r in (-2, -0.999, -0.5, -0.01, 0, 0.01, 0.5, 3, 1e6, 1e15)]
    assert all(earlier >= later - 1e-10 for earlier, later in pairwise(chances))
    assert chances[0] == 1


def test_the_loss_of_a_better_variant_falls_to_nothing_as_visitors_come():
    losses = [
        compare([BinarySample(n, n // 20), BinarySample(n, n // 18)]).variants[1].expected_loss
        for n in (180, 1800, 18_000, 180_000, 1_800_000)
    ]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 1e-30
