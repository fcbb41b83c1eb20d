"""Evidence against given shares.

Oracles: optimizely's ssrm (tests/reference/ssrm_sequential.json), savvi (savvi_anytime_valid.json), confseq
(confseq_bounds.json), log Gamma in 60-digit decimals, and a seeded simulation of daily looks.
"""

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from stats.multinomial import CONCENTRATIONS, log_evidence, log_mixture
from tests.stats.oracles import load_reference

SSRM = load_reference("ssrm_sequential.json")
MARGINALS = [case for case in SSRM["cases"] if case["kind"] == "log_marginals"]
(SEEDED,) = (case for case in SSRM["cases"] if case["kind"] == "regression_seeded")
DIRECTIONS = [case for case in SSRM["cases"] if case["kind"] == "direction"]
SAVVI = load_reference("savvi_anytime_valid.json")
CONFSEQ = load_reference("confseq_bounds.json")


def test_every_row_of_ssrm_is_used():
    # "overflow", a ratio of given marginals that no float can hold, is a test of `finite` (test_finite.py).
    assert len(MARGINALS) + len(DIRECTIONS) + len([SEEDED]) + 1 == SSRM["row_count"] == 8


def cumulative(rows):
    return list(accumulate(rows, lambda a, b: [x + y for x, y in zip(a, b, strict=True)]))


@pytest.mark.parametrize("case", MARGINALS, ids=lambda case: str(case["data"][0]))
def test_the_evidence_after_each_batch_is_the_ratio_of_the_published_marginals(case):
    for counts, log_m1, log_m0 in zip(cumulative(case["data"]), case["expected_m1"], case["expected_m0"], strict=True):
        assert log_evidence(counts, case["null"], case["alpha0"]) == pytest.approx(log_m1 - log_m0, abs=1e-10)


def test_the_evidence_of_ssrms_seeded_draws_is_the_published_one():
    drawn = np.random.RandomState(0).multinomial(1, [0.1, 0.49, 0.41], size=10)
    prior = [SEEDED["concentration"] * share for share in SEEDED["null"]]
    looks = [math.exp(log_evidence(counts, SEEDED["null"], prior)) for counts in cumulative(drawn.tolist())]
    assert looks[-1] == pytest.approx(SEEDED["expected"]["bf"], rel=1e-8)
    assert looks[-1] / (1 + looks[-1]) == pytest.approx(SEEDED["expected"]["posterior"], rel=1e-8)
    assert min(1, *(1 / look for look in looks)) == pytest.approx(SEEDED["expected"]["p"], rel=1e-8)


@pytest.mark.parametrize("case", DIRECTIONS, ids=lambda case: str(case["data"]))
def test_it_points_where_ssrm_points(case):
    prior = [case["concentration"] * share for share in case["null"]]
    looks = [log_evidence(counts, case["null"], prior) for counts in cumulative(case["data"])]
    p = min(1.0, *(math.exp(-look) for look in looks))
    assert (p < 0.05) == (case["expected"] == "p<0.05")
    assert (p > 0.05) == (case["expected"] == "p>0.05")


def test_it_stops_on_the_visitor_where_savvi_stops():
    (case,) = (case for case in SAVVI["cases"] if case["kind"] == "multinomial")
    prior = [100 * share for share in case["theta0"]]
    looks = cumulative([[int(category == k) for k in range(3)] for category in case["categories"]])
    assert looks[-1] == case["counts_at_stop"]
    p_values = [math.exp(-log_evidence(counts, case["theta0"], prior)) for counts in looks]
    assert p_values[-1] == pytest.approx(case["expected"]["p_value"], rel=1e-9)
    assert next(n for n, p in enumerate(p_values, start=1) if p <= case["alpha"]) == case["expected"]["stop_n"]


def published(kind):
    return [case for case in CONFSEQ["cases"] if case["kind"] == kind]


def concentration(v_opt, variance):
    """confseq tunes its beta-binomial mixture by a variance at which to be tightest."""
    log = 2 * math.log(1 / 0.05)
    return max(v_opt / (log + math.log1p(log)) / variance - 1, 1e-3)


@pytest.mark.parametrize("kind", ["beta_binomial_log_mixture_two_sided", "beta_binomial_mixture_bound_two_sided"])
def test_two_categories_are_confseqs_beta_binomial(kind):
    # Steps of +h and -g sum to s; their variance g h per step sums to v. A step is +h with probability g / (g + h) = 0.2.
    ((args, expected),) = ((case["args"], case["expected"]) for case in published(kind))
    g, h, steps = args["g"], args["h"], args["v"] / (args["g"] * args["h"])
    s, log_e = (args["s"], expected) if "s" in args else (expected, math.log(1 / args["alpha"]))
    up = s + g * steps
    shares = [g, h]
    prior = [concentration(args["v_opt"], g * h) * share for share in shares]
    assert log_evidence([up, steps - up], shares, prior) == pytest.approx(log_e, abs=CONFSEQ["tolerance"])


@pytest.mark.parametrize("case", published("bernoulli_confidence_sequence"), ids=lambda case: str(case["args"]))
def test_the_rates_not_yet_refuted_are_confseqs_interval(case):
    args = case["args"]
    counts = [args["successes"], args["trials"] - args["successes"]]

    def log_e(rate):
        c = concentration(args["t_opt"], 1)
        return log_evidence(counts, [rate, 1 - rate], [c * rate, c * (1 - rate)])

    for bound, outward in zip(case["expected"], (-1, 1), strict=True):
        if bound in (0, 1):
            assert log_e(abs(bound - 1e-3)) < math.log(1 / args["alpha"])
        else:
            inside, outside = (log_e(bound + side * outward * CONFSEQ["tolerance"]) for side in (-1, 1))
            assert inside < math.log(1 / args["alpha"]) < outside


def decimal_log_gamma(x: Fraction) -> Decimal:
    """60 digits: shifted above 60, then Stirling's series to its 30th term."""
    bernoulli = [Fraction(1)]
    for m in range(1, 61):
        bernoulli.append(-sum(math.comb(m + 1, k) * bernoulli[k] for k in range(m)) / (m + 1))

    def exact(q):
        return Decimal(q.numerator) / Decimal(q.denominator)

    shift = Decimal(0)
    while x < 60:
        shift += exact(x).ln()
        x += 1
    z = exact(x)
    pi = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899")
    series = sum(exact(bernoulli[2 * k] / (2 * k * (2 * k - 1))) / z ** (2 * k - 1) for k in range(1, 31))
    return (z - Decimal("0.5")) * z.ln() - z + (2 * pi).ln() / 2 + series - shift


def decimal_log_evidence(counts, shares, prior):
    with localcontext() as context:
        context.prec = 70
        p = [Decimal(share.numerator) / Decimal(share.denominator) for share in shares]
        areas = [
            sum(map(decimal_log_gamma, parameters)) - decimal_log_gamma(sum(parameters))
            for parameters in ([count + pseudo for count, pseudo in zip(counts, prior, strict=True)], prior)
        ]
        null = sum((count * share.ln() for count, share in zip(counts, p, strict=True)), Decimal(0))
        return float(areas[0] - areas[1] - null)


@pytest.mark.parametrize("x", [Fraction(1, 2), Fraction(1), Fraction(7, 2), Fraction(25), Fraction(10**6)])
def test_the_decimal_oracle_is_scipys_log_gamma(x):
    with localcontext() as context:
        context.prec = 70
        assert float(decimal_log_gamma(x)) == pytest.approx(special.gammaln(float(x)), rel=1e-14, abs=1e-14)


@pytest.mark.parametrize("c", [100, 1_000, 10_000])
@pytest.mark.parametrize(
    ("counts", "shares"),
    [
        ([1, 0], ["1/2", "1/2"]),
        ([520, 480], ["1/2", "1/2"]),
        ([0, 300], ["1/100", "99/100"]),
        ([10**6, 10**6 + 4000, 10**6], ["1/3", "1/3", "1/3"]),
        ([5 * 10**8 + 30_000, 5 * 10**8], ["1/2", "1/2"]),
        ([9 * 10**11, 10**11 + 10**6], ["9/10", "1/10"]),
    ],
    ids=str,
)
def test_it_agrees_with_sixty_digits_up_to_a_trillion(counts, shares, c):
    exact = [Fraction(share) for share in shares]
    expected = decimal_log_evidence(counts, exact, [c * share for share in exact])
    found = log_evidence(counts, [float(share) for share in exact], [float(c * share) for share in exact])
    assert found == pytest.approx(expected, abs=1e-8, rel=1e-12)


SHARES = st.lists(st.integers(1, 10_000), min_size=2, max_size=8)


@given(SHARES, st.data())
@settings(max_examples=200, deadline=None)
def test_it_is_finite_everywhere_and_nothing_before_the_first_count(weights, data):
    shares = [weight / sum(weights) for weight in weights]
    counts = [data.draw(st.one_of(st.integers(0, 20), st.integers(0, 10**12))) for _ in weights]
    assert math.isfinite(log_mixture(counts, shares))
    assert log_mixture([0] * len(weights), shares) == 0


@given(SHARES)
@settings(max_examples=100, deadline=None)
def test_the_next_visitor_is_expected_to_change_nothing(weights):
    # What makes it an e-process: under the shares its mean after one more visitor is what it was.
    shares = [weight / sum(weights) for weight in weights]
    counts = [3 * k + 1 for k in range(len(shares))]
    after = [
        share * math.exp(log_mixture([count + (i == j) for j, count in enumerate(counts)], shares))
        for i, share in enumerate(shares)
    ]
    assert math.fsum(after) == pytest.approx(math.exp(log_mixture(counts, shares)), rel=1e-9)


def test_the_mixture_is_the_mean_of_the_three():
    counts, shares = [600, 300, 100], [0.5, 0.4, 0.1]
    parts = [math.exp(log_evidence(counts, shares, [c * share for share in shares])) for c in CONCENTRATIONS]
    assert math.exp(log_mixture(counts, shares)) == pytest.approx(sum(parts) / 3, rel=1e-12)


def test_even_weights_are_refuted_far_less_often_than_one_look_in_twenty_allows():
    draws = np.random.default_rng(5).multinomial(300, [0.5, 0.3, 0.2], size=(1500, 28)).cumsum(axis=1)
    refuted = sum(any(log_mixture(look, [0.5, 0.3, 0.2]) >= math.log(20) for look in days) for days in draws.tolist())
    assert 0 < refuted / 1500 < 0.05
