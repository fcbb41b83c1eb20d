"""Values with their visitors. Oracles: numpy.sort for ranks, Python's decimal rounding for cells."""

from decimal import ROUND_HALF_UP, Context

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stats
from stats import Histogram, cell_of

VALUES = st.lists(st.one_of(st.integers(0, 2000), st.integers(0, 10**12)), max_size=40)


@given(st.integers(0, 10**12))
def test_a_cell_is_the_value_to_three_significant_digits(value):
    assert cell_of(value) == int(Context(prec=3, rounding=ROUND_HALF_UP).create_decimal(value))


@given(VALUES, VALUES)
def test_histograms_of_separate_days_add_up(first, second):
    both = Histogram.of(first + second)
    assert Histogram.of(first) + Histogram.of(second) == both == Histogram.of(second) + Histogram.of(first)
    assert both.n == len(first) + len(second)


@given(VALUES)
def test_every_rank_has_the_value_that_sorting_puts_there(values):
    histogram = Histogram.of(values)
    ranked = [histogram.at_rank(k + 1) for k in range(len(values))]
    assert ranked == np.sort([cell_of(value) for value in values]).tolist()


def test_a_tally_with_an_empty_cell_is_the_same_histogram():
    assert Histogram.counted({4900: 2, 5900: 0}) == Histogram.of([4900, 4900])


@pytest.mark.parametrize("cells", [((5, 1), (5, 1)), ((5, 1), (4, 1)), ((-1, 1),), ((10**12 + 1, 1),), ((1.5, 1),)])
def test_values_that_do_not_rise_or_are_none_are_refused(cells):
    with pytest.raises(stats.InvalidAmount):
        Histogram(cells)


def test_a_cell_with_a_negative_number_of_visitors_is_refused():
    with pytest.raises(stats.InvalidCount):
        Histogram.counted({5: -1})


def test_a_rank_beyond_the_visitors_is_refused():
    with pytest.raises(stats.InvalidAmount) as caught:
        Histogram.of([5, 6]).at_rank(3)
    assert caught.value.value == 3
