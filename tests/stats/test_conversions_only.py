"""Variants judged by where their conversions came from.

Oracles: savvi (tests/reference/savvi_anytime_valid.json), scipy's beta and gamma distributions, and a seeded simulation
in which traffic and rate change every day.
"""

import math
from itertools import accumulate

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

import stats
from stats import conversions_only
from stats.multinomial import log_evidence
from stats.shares import lift_bounds
from tests.stats.oracles import load_reference

SAVVI = load_reference("savvi_anytime_valid.json")
(POISSON,) = (case for case in SAVVI["cases"] if case["kind"] == "inhomogeneous_bernoulli")
LOOKS = list(
    accumulate(
        ([int(category == k) for k in range(3)] for category in POISSON["categories"]),
        lambda a, b: [x + y for x, y in zip(a, b, strict=True)],
    )
)
PRIOR = [100 * share for share in POISSON["rho"]]


def test_every_row_of_savvi_is_used_or_named():
    # "multinomial" is in test_multinomial.py, without its intervals of single shares: `stats` gives ratios of two.
    # "linear_regression" is left out: nothing in `stats` regresses.
    kinds = [case["kind"] for case in SAVVI["cases"]]
    assert kinds == ["multinomial", "inhomogeneous_bernoulli", "linear_regression"]
    assert SAVVI["row_count"] == 3


def test_it_stops_where_savvi_stops():
    # Refuted is that the first variant converts best. The likeliest such rates have the first and the third alike.
    counts, shares = POISSON["counts_at_stop"], POISSON["rho"]
    assert LOOKS[-1] == counts
    pooled = (counts[0] + counts[2]) / (shares[0] + shares[2])
    means = [pooled * shares[0], counts[1], pooled * shares[2]]
    assert pooled > counts[1] / shares[1]
    fit = sum(
        count * math.log(mean / (sum(counts) * share)) for count, mean, share in zip(counts, means, shares, strict=True)
    )
    p_value = math.exp(fit - log_evidence(counts, shares, PRIOR))
    assert p_value == pytest.approx(POISSON["expected"]["p_value"], rel=1e-5)
    assert p_value < POISSON["alpha"]


def test_the_bounds_of_all_looks_together_are_savvis():
    found = []
    for variant, control in ((2, 0), (2, 1)):
        looks = [
            lift_bounds(
                counts,
                POISSON["rho"],
                variant,
                control,
                log_e=log_evidence(counts, POISSON["rho"], PRIOR),
                level=1 - POISSON["alpha"],
            )
            for counts in LOOKS
        ]
        found.append(
            [
                max(math.log1p(look.low) for look in looks if look is not None and look.low > -1),
                min(math.log1p(look.high) for look in looks if look is not None),
            ]
        )
    for bounds, expected in zip(found, POISSON["expected"]["conf_int"], strict=True):
        assert bounds == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("observed", "weights"),
    [
        ([52, 71], [50, 50]),
        ([900, 110], [90, 10]),
        ([0, 4], [1, 2]),
        ([10**9, 10**9 + 50_000], [1, 1]),
        ([3, 0], [1, 1]),
    ],
    ids=str,
)
def test_the_posterior_is_the_beta_of_the_share(observed, weights):
    even = weights[1] / sum(weights)
    share = scipy.stats.beta(observed[1] + 0.5, observed[0] + 0.5)
    variant = conversions_only(observed, weights).variants[1]
    assert variant.p_beats_control == variant.p_best == pytest.approx(share.sf(even), abs=2e-8)
    for bound, p in ((variant.lift.low, 0.025), (variant.lift.median, 0.5), (variant.lift.high, 0.975)):
        q = share.ppf(p)
        assert bound == pytest.approx(q / (1 - q) * weights[0] / weights[1] - 1, rel=1e-6, abs=1e-8)


def test_of_three_variants_the_likely_best_is_the_one_that_gamma_draws_favour():
    observed, weights = [60, 45, 12], [60, 30, 10]
    draws = np.random.default_rng(1).gamma(np.array(observed) + 0.5, size=(400_000, 3)) / weights
    found = conversions_only(observed, weights).variants
    drawn = np.bincount(draws.argmax(axis=1), minlength=3) / len(draws)
    assert [variant.p_best for variant in found] == pytest.approx(drawn, abs=3e-3)
    loss = (draws.max(axis=1)[:, None] - draws).mean(axis=0) / draws[:, 0].mean()
    assert [v.expected_loss / found[0].mean.mean for v in found] == pytest.approx(loss, rel=0.02)


def test_the_unit_of_the_weights_does_not_matter():
    assert conversions_only([70, 140], [1, 2]) == conversions_only([70, 140], [3333.0, 6666.0])


def test_without_conversions_there_is_no_evidence():
    found = conversions_only([0, 0], [50, 50])
    assert (found.e_value, found.log_e_value, found.anytime) == (1.0, 0.0, (None, None))
    assert found.variants[1].p_beats_control == pytest.approx(0.5, abs=1e-9)


def test_without_conversions_in_control_only_the_posterior_gives_a_lift():
    found = conversions_only([0, 9], [50, 50])
    assert found.anytime == (None, None)
    lift = found.variants[1].lift
    assert lift.mean == math.inf
    assert 0 < lift.low < lift.median < lift.high < math.inf


def test_a_variant_without_conversions_may_have_lost_everything():
    found = conversions_only([40, 0, 38], [1, 1, 1]).anytime[1]
    assert (found.median, found.low) == (-1.0, -1.0)
    assert -1 < found.high < 0


COUNTS = st.one_of(st.integers(0, 20), st.integers(0, 10**4), st.integers(0, 10**12))


@given(COUNTS, COUNTS, st.integers(1, 9_999), st.sampled_from([0.5, 0.95, 0.999]))
@settings(max_examples=150, deadline=None)
def test_of_two_variants_the_bounds_exclude_no_lift_exactly_where_the_evidence_does(a, b, weight, level):
    found = conversions_only([a, b], [weight, 10_000 - weight], level=level)
    assert 0 <= found.e_value < math.inf
    bounds = found.anytime[1]
    if bounds is None:
        assert a == 0
        return
    assert -1 <= bounds.low <= bounds.median <= bounds.high < math.inf
    threshold = -math.log1p(-level)
    if abs(found.log_e_value - threshold) > 1e-6 * (1 + threshold):
        assert (bounds.low > 0 or bounds.high < 0) == (found.log_e_value > threshold)


def test_neither_changing_traffic_nor_a_changing_rate_makes_equal_variants_differ():
    random = np.random.default_rng(8)
    sims, days, shares = 400, 28, (0.6, 0.4)
    visitors = np.array([100, 2_000] * 14)
    rates = np.tile([0.01, 0.30, 0.02, 0.05], 7)
    draws = [random.binomial((visitors * share).astype(int), rates, (sims, days)).cumsum(axis=1) for share in shares]
    looks = np.stack(draws, axis=-1).tolist()
    called = sum(any(stats.srm(look, shares).e_value >= 20 for look in month) for month in looks)  # the same e-value
    assert called / sims < 0.05
    final = [conversions_only(month[-1], shares) for month in looks[:150]]
    assert sum(not found.anytime[1].low <= 0 <= found.anytime[1].high for found in final) / 150 < 0.05
    assert sum(found.variants[1].lift.low <= 0 <= found.variants[1].lift.high for found in final) / 150 > 0.9


@pytest.mark.parametrize(
    "weights", [[1, 0], [1, -1], [1, math.nan], [1, math.inf], [1], [1, 1e-5], [True, 1], [1e308, 1e308]]
)
def test_weights_that_are_no_split_between_all_are_refused(weights):
    with pytest.raises(stats.InvalidWeights) as caught:
        conversions_only([5, 5], weights)
    assert caught.value.value is weights


@pytest.mark.parametrize("observed", [[-1, 5], [True, 5], [1.0, 5]])
def test_conversions_that_are_no_count_are_refused(observed):
    with pytest.raises(stats.InvalidCount):
        conversions_only(observed, [1, 1])


def test_a_single_variant_a_wrong_control_and_a_wrong_level_are_refused():
    with pytest.raises(stats.TooFewVariants):
        conversions_only([5], [1])
    with pytest.raises(stats.InvalidControl):
        conversions_only([5, 5], [1, 1], control=2)
    with pytest.raises(stats.InvalidProbability):
        conversions_only([5, 5], [1, 1], level=95)
