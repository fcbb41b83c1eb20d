"""Samples add up."""

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats import Beta, BinarySample

COUNTS = st.integers(0, 10**9).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))


@given(COUNTS, COUNTS, COUNTS)
def test_days_add_up_in_any_order(first, second, third):
    a, b, c = (BinarySample(*counts) for counts in (first, second, third))
    assert a + b == b + a
    assert (a + b) + c == a + (b + c) == sum([b, c], a)
    assert a + BinarySample(0, 0) == a


@given(COUNTS, COUNTS)
def test_learning_day_by_day_is_learning_all_at_once(first, second):
    a, b = BinarySample(*first), BinarySample(*second)
    assert Beta(0.5, 0.5).updated(a).updated(b) == Beta(0.5, 0.5).updated(a + b)


def test_a_sample_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        BinarySample(10, 1).n = 11
