"""The mean with its largest amounts cut down. Oracle: scipy.stats.mstats.winsorize and scipy.stats.sem."""

import numpy as np
import pytest
import scipy.stats

from stats import Histogram
from stats.winsorised import cap_of, winsorised_mean


@pytest.mark.parametrize("paying", [2, 99, 100, 1000])
def test_it_is_the_mean_and_standard_error_that_scipy_finds_after_winsorising(paying):
    generator = np.random.default_rng(paying)
    paid = [int(x) for x in np.exp(generator.normal(4, 0.8, paying)) + 1 if x < 999]
    n = 20 * paying
    cut = scipy.stats.mstats.winsorize(np.array(paid), limits=(0, 0.01))
    visitors = np.concatenate([cut, np.zeros(n - len(paid))])
    amounts = Histogram.of(paid)
    assert cap_of(amounts) == cut.max()
    found = winsorised_mean(n, amounts, cap_of(amounts))
    assert found.value == pytest.approx(visitors.mean(), rel=1e-12)
    assert found.standard_error == pytest.approx(scipy.stats.sem(visitors), rel=1e-9)


@pytest.mark.parametrize(("n", "amounts"), [(0, []), (1, [4900]), (3, [4900] * 3), (50, [])])
def test_visitors_who_do_not_differ_have_no_standard_error(n, amounts):
    assert winsorised_mean(n, Histogram.of(amounts), 4900) is None
