"""The posterior of revenue per visitor.

Oracles: in mpmath, to 30 digits, the moments in closed form and the generalised hyperbolic density of a log-normal's log
mean (Barndorff-Nielsen 1977); Gil-Pelaez inversion (1951) of the characteristic function of a log ratio, which is made of
Gamma and Bessel functions; draws of scipy.stats. None has an integral in common with the code.
"""

import math

import mpmath
import numpy as np
import pytest
import scipy.stats
from scipy import special

from stats.beta import Beta
from stats.hurdle import GAMMA2, Amounts, hurdle_curve
from stats.log_curve import LogRatio
from stats.means import compare_means

mpmath.mp.dps = 30


def amounts(paying, deviation, centre=8.5):
    """As if `paying` visitors with this deviation of log amounts had been seen."""
    return Amounts(centre, 1.0 + paying, -(1 + paying) / 2, 1 + paying * deviation**2)


def belief(n, paying, deviation, centre=8.5):
    return Beta(paying + 0.5, n - paying + 0.5), amounts(paying, deviation, centre)


CASES = [
    belief(100, 0, 0.0),
    belief(100, 1, 0.0),
    belief(5, 5, 1.2),
    belief(200, 10, 0.8),
    belief(1000, 50, 1.1),
    belief(300, 290, 0.9),
    belief(2000, 40, 0.0),
    belief(500, 40, 3.0),
]


def moment(share, log_amounts, t):
    """E[θ^t] to 30 digits: Gamma functions for the share, and a Bessel function for the amounts."""
    a, b, order = mpmath.mpf(share.a), mpmath.mpf(share.b), mpmath.mpf(log_amounts.order)
    tilted = GAMMA2 - t - mpmath.mpf(t) * t / log_amounts.weight
    root = mpmath.sqrt(log_amounts.delta2)
    bessel = mpmath.besselk(order, root * mpmath.sqrt(tilted)) / mpmath.besselk(order, root * mpmath.sqrt(GAMMA2))
    shares = mpmath.gammaprod([a + t, a + b], [a + b + t, a])
    return float(shares * mpmath.exp(t * log_amounts.centre) * (GAMMA2 / tilted) ** (order / 2) * bessel)


def log_moments(share, log_amounts, t):
    """The log of the same for an array of complex t, by scipy.special."""
    a, b, order = share.a, share.b, log_amounts.order
    tilted = GAMMA2 - t - t * t / log_amounts.weight
    z, z0 = np.sqrt(log_amounts.delta2 * tilted), math.sqrt(log_amounts.delta2 * GAMMA2)
    bessel = np.log(special.kve(-order, z)) - z - math.log(special.kve(-order, z0)) + z0
    shares = special.loggamma(a + t) - special.loggamma(a + b + t) + special.loggamma(a + b) - special.loggamma(a)
    return shares + t * log_amounts.centre + order / 2 * np.log(GAMMA2 / tilted) + bessel


def gil_pelaez(variant, control, log_ratio, power=0):
    """E[variant^power; variant / control > exp(log_ratio)]: of power 0 a probability, of power 1 the mean's part."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    cuts = np.concatenate([np.linspace(0, 40, 41), 40 * 1.25 ** np.arange(1, 60)])
    t = cuts[:-1, None] + np.diff(cuts)[:, None] * (1 + nodes) / 2
    with np.errstate(all="ignore"):  # where the Bessel function is nothing, so is the product
        logs = log_moments(*variant, power + 1j * t) + log_moments(*control, -1j * t) - 1j * t * log_ratio
        inside = np.where(logs.real > -80, np.exp(logs).imag / t, 0)
    return moment(*variant, power) / 2 + ((inside @ weights) * np.diff(cuts) / 2).sum() / math.pi


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_mean_and_its_inverse_are_the_moments_in_closed_form(case):
    curve = hurdle_curve(*case)
    assert curve.mean == pytest.approx(moment(*case, 1), rel=1e-11)
    if case[0].a > 1:
        assert curve.inverse_mean == pytest.approx(moment(*case, -1), rel=1e-11)
    else:
        assert curve.inverse_mean == math.inf


PAIRS = [(CASES[4], CASES[3]), (CASES[0], CASES[1]), (CASES[5], CASES[2]), (CASES[6], CASES[4]), (CASES[7], CASES[5])]


@pytest.mark.parametrize("pair", PAIRS, ids=str)
@pytest.mark.parametrize("log_ratio", [-0.7, 0.0, 0.05])
def test_the_probability_of_a_lift_agrees_with_the_inverted_characteristic_function(pair, log_ratio):
    variant, control = pair
    ratio = LogRatio(hurdle_curve(*variant), hurdle_curve(*control))
    assert ratio.p_above(log_ratio) == pytest.approx(gil_pelaez(variant, control, log_ratio), abs=1e-8)


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_the_expected_loss_agrees_with_the_inverted_characteristic_function(pair):
    first, second = pair
    variants = compare_means(pair, [hurdle_curve(*first), hurdle_curve(*second)], control=0, level=0.95)
    second_wins = gil_pelaez(second, first, 0, power=1), gil_pelaez(first, second, 0, power=1)
    mean = moment(*first, 1)
    expected = second_wins[0] - (
        mean - second_wins[1]
    )  # what the second brings where it wins, less what the first does
    assert variants[0].expected_loss == pytest.approx(expected, rel=1e-7, abs=1e-8 * mean)


@pytest.mark.parametrize("paying", [0, 1, 7, 60])
def test_the_log_mean_amount_has_the_generalised_hyperbolic_density(paying):
    # A share that is 1 for certain leaves the amounts.
    share, log_amounts = Beta(1e13, 0.5), amounts(paying, 0.9)
    curve = hurdle_curve(share, log_amounts)
    weight, order, delta2 = log_amounts.weight, mpmath.mpf(log_amounts.order), mpmath.mpf(log_amounts.delta2)
    alpha = mpmath.sqrt(GAMMA2 * weight + mpmath.mpf(weight) ** 2 / 4)
    scale = mpmath.sqrt(delta2 / weight)
    for x in (-1.5, -0.2, 0.0, 0.1, 0.7, 3.0):
        distance = mpmath.sqrt(scale**2 + mpmath.mpf(x) ** 2)
        # GIG mixture of N(centre + s/2, s/weight): K of order - 1/2, over the distance from the centre
        expected = (
            mpmath.sqrt(weight / (2 * mpmath.pi))
            * (GAMMA2 / delta2) ** (order / 2)
            / mpmath.besselk(order, mpmath.sqrt(delta2 * GAMMA2))
            * mpmath.exp(weight * mpmath.mpf(x) / 2)
            * (mpmath.sqrt(weight) * distance * mpmath.sqrt(weight) / alpha) ** (order - mpmath.mpf(1) / 2)
            * mpmath.besselk(order - mpmath.mpf(1) / 2, alpha * distance)
        )
        found = float(curve.density(np.array(log_amounts.centre + x)))
        assert found == pytest.approx(float(expected), rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("case", [CASES[1], CASES[4], CASES[5]], ids=str)
def test_the_interval_agrees_with_draws_of_scipy(case):
    share, log_amounts = case
    generator = np.random.default_rng(5)
    draws = 400_000
    scale = scipy.stats.geninvgauss.rvs(
        log_amounts.order,
        math.sqrt(log_amounts.delta2 * GAMMA2),
        scale=math.sqrt(log_amounts.delta2 / GAMMA2),
        size=draws,
        random_state=generator,
    )
    centre = generator.normal(log_amounts.centre, np.sqrt(scale / log_amounts.weight))
    revenue = generator.beta(share.a, share.b, draws) * np.exp(centre + scale / 2)
    estimate = hurdle_curve(*case).estimate(0.95)
    for value, p in ((estimate.low, 0.025), (estimate.median, 0.5), (estimate.high, 0.975)):
        assert (revenue < value).mean() == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / draws))


@pytest.mark.parametrize("case", [belief(10**9, 10**8, 1.0), belief(10**12, 10**11, 2.0), belief(10**6, 10**6, 0.01)])
def test_with_many_paying_the_log_is_normal_with_the_delta_methods_variance(case):
    share, log_amounts = case
    paying, total = share.a - 0.5, share.a + share.b - 1
    scale = (log_amounts.delta2 - 1) / paying
    mean, deviation = hurdle_curve(*case).moments()
    assert mean == pytest.approx(math.log(paying / total) + log_amounts.centre + scale / 2, abs=40 / paying + 2e-15)
    variance = (1 - paying / total) / paying + scale / paying + scale**2 / (2 * paying)
    assert deviation == pytest.approx(math.sqrt(variance), rel=1e-4 if paying / total < 1 else 1e-2)
