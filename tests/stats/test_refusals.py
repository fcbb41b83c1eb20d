"""Input without an answer is refused by name, with the value that was passed."""

import math
import pickle

import numpy as np
import pytest

import stats
from stats import Beta, BinarySample, StatsError, compare
from stats import errors as ladder

PAIR = [BinarySample(1000, 52), BinarySample(1000, 61)]
NAN = float("nan")


def refused(leaf, call, value):
    with pytest.raises(leaf) as caught:
        call()
    assert caught.value.value == value or caught.value.value is value
    assert repr(caught.value.value) in str(caught.value)


@pytest.mark.parametrize("n", [-1, 1000.0, True, None, "1000", NAN, 10**12 + 1])
def test_visitors_must_be_a_whole_number(n):
    refused(stats.InvalidCount, lambda: BinarySample(n, 0), n)


@pytest.mark.parametrize("conversions", [-1, 5.0, False, None, np.float64(3)])
def test_conversions_must_be_a_whole_number(conversions):
    refused(stats.InvalidCount, lambda: BinarySample(1000, conversions), conversions)


def test_more_conversions_than_visitors_are_refused_with_both_numbers():
    refused(stats.TooManyConversions, lambda: BinarySample(10, 11), (11, 10))


def test_numpy_integers_come_in_as_plain_ones():
    sample = BinarySample(np.int64(10), np.uint8(3))
    assert type(sample.n) is type(sample.conversions) is int


@pytest.mark.parametrize("value", [0, 0.49, -1, NAN, math.inf, True, "1", 1e14, 10**400])
def test_a_beta_outside_its_domain_is_refused(value):
    refused(stats.InvalidBeta, lambda: Beta(value, 1), value)
    refused(stats.InvalidBeta, lambda: Beta(1, value), value)


@pytest.mark.parametrize("level", [0, 1, -0.5, 95, NAN, math.inf, True, None, "0.95"])
def test_a_level_outside_zero_and_one_is_refused(level):
    refused(stats.InvalidProbability, lambda: compare(PAIR, level=level), level)
    refused(stats.InvalidProbability, lambda: stats.Beta(1, 1).estimate(level), level)


@pytest.mark.parametrize("level", [5e-324, math.nextafter(1, 0)])
def test_the_last_levels_inside_are_answered(level):
    lift = compare(PAIR, level=level).variants[1].lift
    assert lift.low <= lift.median <= lift.high


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_variants_are_refused(count):
    refused(stats.TooFewVariants, lambda: compare(PAIR[:count]), count)


@pytest.mark.parametrize("control", [2, -1, True, 1.0, None])
def test_a_control_that_is_no_position_is_refused(control):
    refused(stats.InvalidControl, lambda: compare(PAIR, control=control), control)


def test_control_has_no_lift_over_itself():
    control = compare(PAIR).variants[0]
    assert control.lift is control.p_beats_control is None
    with pytest.raises(stats.ControlHasNoLift):
        control.p_lift_above(0)


@pytest.mark.parametrize("r", [NAN, math.inf, None, "0.1", True])
def test_a_lift_that_is_no_number_is_refused(r):
    refused(stats.InvalidLift, lambda: compare(PAIR).variants[1].p_lift_above(r), r)


@pytest.mark.parametrize("r", [-1, -1.5, -1e300])
def test_losing_more_than_everything_is_impossible(r):
    assert compare(PAIR).variants[1].p_lift_above(r) == 1


def test_every_leaf_has_its_own_code_and_survives_a_pickle():
    leaves = [leaf for leaf in vars(ladder).values() if isinstance(leaf, type) and issubclass(leaf, StatsError)]
    assert len({leaf.code for leaf in leaves}) == len(leaves)
    for leaf in leaves:
        copy = pickle.loads(pickle.dumps(leaf("must be whole", 1.5)))
        assert type(copy) is leaf
        assert (str(copy), copy.value) == ("must be whole, got 1.5", 1.5)
        assert leaf.__name__ in stats.__all__
