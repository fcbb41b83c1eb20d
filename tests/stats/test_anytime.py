"""Evidence that may be looked at every day.

Oracles: confseq's reference implementation (tests/reference/confseq_bounds.json), scipy's quadrature of the mixture, and
seeded simulations of 28 daily looks.
"""

import math
import sys

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from stats import BinarySample, InvalidProbability, InvalidTau, anytime
from stats.anytime import log_mixture, mixture_bound
from tests.stats.oracles import load_reference

CONFSEQ = load_reference("confseq_bounds.json")
RHO = next(case for case in CONFSEQ["cases"] if case["kind"] == "best_rho_two_sided_normal")["expected"]
LOG_20 = math.log(20)
DAYS = 28


def published(kind):
    (case,) = (case for case in CONFSEQ["cases"] if case["kind"] == kind)
    return case["args"], case["expected"]


def test_every_row_of_the_reference_is_used_or_named():
    here = ["best_rho_two_sided_normal", "normal_log_mixture_two_sided", "normal_mixture_bound_two_sided"]
    in_test_multinomial = [
        "beta_binomial_log_mixture_two_sided",
        "beta_binomial_mixture_bound_two_sided",
        *["bernoulli_confidence_sequence"] * 8,
    ]
    # A lift may be a fall: nothing in `stats` is one-sided.
    one_sided = [
        "normal_log_mixture_one_sided",
        "normal_mixture_bound_one_sided",
        "beta_binomial_log_mixture_one_sided",
        *["beta_binomial_mixture_bound_one_sided"] * 2,
    ]
    # Boundaries for exponential or Poisson tails, and iterated-logarithm and quantile bounds: `stats` has none of them.
    other_boundaries = [
        "gamma_exponential_log_mixture",
        "gamma_exponential_mixture_bound",
        "gamma_poisson_log_mixture",
        "gamma_poisson_mixture_bound",
        *["poly_stitching_bound"] * 2,
        "empirical_process_lil_bound",
        *["double_stitching_bound"] * 3,
        *["quantile_ab_p_value"] * 4,
    ]
    named = sorted(here + in_test_multinomial + one_sided + other_boundaries)
    assert named == sorted(case["kind"] for case in CONFSEQ["cases"])
    assert len(named) == CONFSEQ["row_count"] == 32


# confseq speaks of a sum S with intrinsic time V and of a mixing precision rho: d = S / V, v = 1 / V, tau² = 1 / rho.


def test_the_e_value_is_that_of_confseq():
    args, expected = published("normal_log_mixture_two_sided")
    found = log_mixture(args["s"] / args["v"], 1 / args["v"], tau=RHO**-0.5)
    assert found == pytest.approx(expected, abs=CONFSEQ["tolerance"])


def test_the_bound_is_that_of_confseq():
    args, expected = published("normal_mixture_bound_two_sided")
    found = mixture_bound(1 / args["v"], tau=RHO**-0.5, level=1 - args["alpha"])
    assert found * args["v"] == pytest.approx(expected, abs=CONFSEQ["tolerance"])


@pytest.mark.parametrize("tau", [0.03, 0.1, 0.5])
@pytest.mark.parametrize(("d", "v"), [(0.1, 0.002), (-0.3, 0.05), (0.0, 1.5), (0.02, 1e-5)])
def test_the_e_value_is_the_likelihood_averaged_over_lifts(d, v, tau):
    def ratio(effect):
        likelihood = scipy.stats.norm.pdf(d, effect, math.sqrt(v)) / scipy.stats.norm.pdf(d, 0, math.sqrt(v))
        return likelihood * scipy.stats.norm.pdf(effect, 0, tau)

    middle = d * tau**2 / (v + tau**2)
    width = math.sqrt(v * tau**2 / (v + tau**2))
    average, _ = integrate.quad(ratio, middle - 12 * width, middle + 12 * width, epsrel=1e-11)
    assert log_mixture(d, v, tau=tau) == pytest.approx(math.log(average), abs=1e-9)


def test_the_variance_is_that_of_a_log_ratio():
    a, b = BinarySample(2000, 100), BinarySample(1900, 120)
    d = math.log((120 / 1900) / (100 / 2000))
    v = (1 / 100 - 1 / 2000) + (1 / 120 - 1 / 1900)
    found = anytime(a, b, tau=0.1)
    assert found.log_e_value == pytest.approx(log_mixture(d, v, tau=0.1), rel=1e-12)
    assert found.e_value == pytest.approx(math.exp(found.log_e_value), rel=1e-12)
    assert found.lift.median == found.lift.mean == pytest.approx(math.expm1(d), rel=1e-12)
    assert math.log1p(found.lift.high) - math.log1p(found.lift.low) == pytest.approx(
        2 * mixture_bound(v, tau=0.1, level=0.95), rel=1e-12
    )


@pytest.mark.parametrize(
    "pair",
    [((0, 0), (0, 0)), ((1000, 0), (1000, 50)), ((1000, 50), (1000, 0)), ((0, 0), (10, 3)), ((10, 10), (99, 99))],
    ids=str,
)
def test_without_conversions_or_without_spread_there_is_no_evidence(pair):
    found = anytime(*(BinarySample(*counts) for counts in pair), tau=0.1)
    assert (found.e_value, found.log_e_value, found.lift) == (1.0, 0.0, None)


def test_five_visitors_who_all_convert_are_no_overwhelming_evidence():
    # Their own spread is zero; against a rate of one half they are a one in thirty-two chance.
    assert anytime(BinarySample(10**6, 5 * 10**5), BinarySample(5, 5), tau=0.1).e_value < 2


def test_evidence_beyond_the_largest_float_is_the_largest_float():
    found = anytime(BinarySample(10**9, 10**7), BinarySample(10**9, 3 * 10**7), tau=0.5)
    assert found.e_value == sys.float_info.max
    assert 1000 < found.log_e_value < math.inf


def test_an_interval_too_wide_for_a_float_ends_at_the_largest():
    found = anytime(BinarySample(1000, 1), BinarySample(1000, 1), tau=0.001, level=1 - 1e-15)
    assert (found.lift.low, found.lift.high) == (-1.0, sys.float_info.max)


SIZES = st.one_of(st.integers(0, 50), st.integers(0, 10**5), st.integers(0, 10**12))


@st.composite
def samples(draw):
    n = draw(SIZES)
    return BinarySample(n, draw(st.one_of(st.integers(0, n), st.integers(0, min(n, 20)), st.just(n))))


@given(samples(), samples(), st.sampled_from([0.001, 0.03, 0.1, 0.5, 10.0]), st.sampled_from([0.5, 0.95, 0.999]))
@settings(max_examples=300, deadline=None)
def test_the_interval_excludes_no_lift_exactly_where_the_evidence_reaches_one_over_alpha(control, variant, tau, level):
    found = anytime(control, variant, tau=tau, level=level)
    assert 0 <= found.e_value < math.inf
    assert math.isfinite(found.log_e_value)
    if found.lift is None:
        return
    assert -1 <= found.lift.low <= found.lift.median <= found.lift.high < math.inf
    threshold = -math.log1p(-level)
    if abs(found.log_e_value - threshold) > 1e-6 * (1 + threshold):
        excluded = found.lift.low > 0 or found.lift.high < 0
        assert excluded == (found.log_e_value > threshold)


@given(samples(), samples())
@settings(max_examples=100, deadline=None)
def test_swapping_the_two_changes_the_sign_and_not_the_evidence(a, b):
    there, back = anytime(a, b, tau=0.1), anytime(b, a, tau=0.1)
    assert there.log_e_value == pytest.approx(back.log_e_value, rel=1e-9, abs=1e-9)
    if there.lift is not None:
        fall, rise = sorted([there.lift.median, back.lift.median])
        assert fall == pytest.approx(1 / (1 + rise) - 1, abs=1e-12)


def paths(rates, per_day, *, sims, seed):
    """Cumulative conversions of two variants, shape (sims, 28) each."""
    draws = np.random.default_rng(seed)
    return [draws.binomial(per_day, rate, (sims, DAYS)).cumsum(axis=1) for rate in rates]


def shares_called_and_missed(rates, per_day, *, tau, sims, seed):
    """How often 28 daily looks reach e >= 20, and how often one of their intervals misses the true lift."""
    truth = rates[1] / rates[0] - 1
    called = missed = 0
    for control, variant in zip(*paths(rates, per_day, sims=sims, seed=seed), strict=True):
        looks = [
            anytime(BinarySample(n, int(a)), BinarySample(n, int(b)), tau=tau)
            for n, a, b in zip(range(per_day, per_day * (DAYS + 1), per_day), control, variant, strict=True)
        ]
        called += any(look.log_e_value >= LOG_20 for look in looks)
        missed += any(look.lift is not None and not look.lift.low <= truth <= look.lift.high for look in looks)
    return called / sims, missed / sims


@pytest.mark.parametrize(
    ("rate", "per_day", "tau"), [(0.05, 500, 0.1), (0.05, 500, 0.5), (0.5, 10, 0.5), (0.9, 10, 0.1), (0.02, 50, 2.0)]
)
def test_equal_variants_are_called_different_far_less_than_five_times_in_a_hundred(rate, per_day, tau):
    called, missed = shares_called_and_missed((rate, rate), per_day, tau=tau, sims=1500, seed=11)
    assert called == missed  # with no lift they are the same thing
    assert called < 0.025


def test_a_real_lift_lies_inside_all_intervals_of_a_month_and_is_found():
    called, missed = shares_called_and_missed((0.05, 0.06), 1000, tau=0.1, sims=1000, seed=12)
    assert missed < 0.025
    assert called > 0.7


@pytest.mark.parametrize("tau", [0, -0.1, 0.0009, 11, float("nan"), float("inf"), True, None, "0.1"])
def test_a_tau_outside_its_domain_is_refused(tau):
    with pytest.raises(InvalidTau) as caught:
        anytime(BinarySample(10, 1), BinarySample(10, 2), tau=tau)
    assert caught.value.value is tau


@pytest.mark.parametrize("level", [0, 1, float("nan"), True])
def test_a_level_outside_zero_and_one_is_refused(level):
    with pytest.raises(InvalidProbability):
        anytime(BinarySample(10, 1), BinarySample(10, 2), tau=0.1, level=level)
