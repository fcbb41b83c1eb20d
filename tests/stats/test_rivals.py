"""Which of several independent normals is highest.

Oracles: the closed form of two, and scipy's adaptive quadrature.
"""

import numpy as np
import pytest
import scipy.stats
from scipy import integrate

from stats.rivals import highest


@pytest.mark.parametrize(("gap", "ratio"), [(0.0, 1.0), (1.0, 1.0), (-3.0, 2.0), (0.5, 20.0), (2.0, 90.0)])
def test_two_have_a_closed_form(gap, ratio):
    means, deviations = np.array([0.0, gap]), np.array([1.0, ratio])
    p, top = highest(means, deviations)
    spread = np.hypot(1, ratio)
    standard = scipy.stats.norm(0, 1)
    assert p == pytest.approx([standard.cdf(-gap / spread), standard.cdf(gap / spread)], abs=1e-9)
    clark = gap * standard.cdf(gap / spread) + spread * standard.pdf(gap / spread)  # Clark 1961
    assert top == pytest.approx(clark, abs=1e-9 * ratio)


@pytest.mark.parametrize(
    ("means", "deviations"),
    [
        ([0, 0, 0], [1, 1, 1]),
        ([0, 0.3, -1, 0.5], [1, 0.5, 2, 0.2]),
        ([0, 9, 9.5], [1, 0.3, 0.4]),
        ([0] * 20, [0.1] * 20),
    ],
    ids=str,
)
def test_more_agree_with_adaptive_quadrature(means, deviations):
    normals = [scipy.stats.norm(mean, deviation) for mean, deviation in zip(means, deviations, strict=True)]
    span = (min(n.ppf(1e-15) for n in normals), max(n.isf(1e-15) for n in normals))
    breaks = sorted({n.ppf(q) for n in normals for q in (0.001, 0.5, 0.999)})

    def over(i, extra):
        def integrand(x):
            return extra(x) * normals[i].pdf(x) * np.prod([n.cdf(x) for j, n in enumerate(normals) if j != i])

        return integrate.quad(integrand, *span, points=breaks, limit=500, epsabs=1e-12)[0]

    p, top = highest(np.array(means, dtype=float), np.array(deviations, dtype=float))
    assert p == pytest.approx([over(i, lambda x: 1.0) for i in range(len(means))], abs=1e-9)
    assert top == pytest.approx(sum(over(i, lambda x: x) for i in range(len(means))), abs=1e-9)


def test_many_sets_at_once_are_what_each_is_alone():
    random = np.random.default_rng(6)
    means, deviations = random.normal(size=(50, 3)), random.uniform(0.2, 2, (50, 3))
    p, top = highest(means, deviations)
    for i in range(50):
        alone, alone_top = highest(means[i], deviations[i])
        assert p[i] == pytest.approx(alone, abs=1e-9)
        assert top[i] == pytest.approx(alone_top, abs=1e-9)
    assert p.sum(axis=1) == pytest.approx(1, abs=1e-9)
