"""The decision lens: what must hold for every input, and what it must become at the ends of tau."""

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
