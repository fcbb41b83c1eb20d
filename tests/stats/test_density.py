"""Posteriors to draw."""

import math

import numpy as np
import pytest
import scipy.stats

from stats import BinarySample, InvalidPoints, compare


def densities(*counts, points=201):
    return compare([BinarySample(n, conversions) for n, conversions in counts]).density(points)


@pytest.mark.parametrize(("n", "conversions"), [(0, 0), (20, 1), (1000, 52), (10**6, 10**6 - 3)])
def test_the_height_is_that_of_the_beta_distribution(n, conversions):
    drawn = densities((n, conversions), (5, 2))[0]
    expected = scipy.stats.beta(conversions + 0.5, n - conversions + 0.5).pdf(drawn.x)
    assert drawn.y == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("conversions", [5 * 10**7, 5 * 10**8])
def test_the_height_at_a_billion_visitors_is_that_of_the_normal_with_its_skewness(conversions):
    n = 10**9
    drawn = densities((n, conversions), (n, conversions + 7))[0]
    a, b = conversions + 0.5, n - conversions + 0.5
    posterior = scipy.stats.beta(a, b)
    t = (np.array(drawn.x) - posterior.mean()) / posterior.std()
    edgeworth = 1 + float(posterior.stats("s")) * (t**3 - 3 * t) / 6
    expected = scipy.stats.norm.pdf(t) / posterior.std() * edgeworth
    assert drawn.y == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("counts", [(0, 0), (1000, 0), (1000, 1000), (10**9, 0), (10**9, 10**9), (10**9, 3)])
def test_every_point_is_finite_inside_zero_and_one_and_rising(counts):
    drawn = densities(counts, (10, 5), points=400)[0]
    assert len(drawn.x) == len(drawn.y) == 400
    assert all(0 < x <= 1 for x in drawn.x)
    assert list(drawn.x) == sorted(drawn.x)
    assert all(math.isfinite(y) and y > 0 for y in drawn.y)


@pytest.mark.parametrize("counts", [(50, 20), (1000, 52), (10**9, 5 * 10**7)])
def test_the_area_is_the_mass_between_its_ends(counts):
    drawn = densities(counts, counts, points=2001)[0]
    assert np.trapezoid(drawn.y, drawn.x) == pytest.approx(0.9998, abs=1e-6)


def test_all_converted_mirrors_none_converted():
    all_of_them, none = densities((1000, 1000), (1000, 0))
    assert all_of_them.y[::-1] == pytest.approx(none.y, rel=1e-12)
    assert [1 - x for x in all_of_them.x[::-1]] == pytest.approx(none.x, abs=1e-15)


@pytest.mark.parametrize("points", [1, 0, -5, 2.0, True, None])
def test_a_plot_needs_two_points(points):
    with pytest.raises(InvalidPoints, match=repr(points)):
        densities((10, 1), (10, 2), points=points)
