"""Every row that others published is used, or named with the reason why it cannot be.

The rows of most files are in the test of what they are about; here is what belongs to no single one: bayesian-testing's
rates and plain means, the conversions of its session data, and abba's proportions.
"""

import math
from collections import Counter

import pytest
import scipy.stats

from stats import BinarySample, TooFewVariants, anytime, compare
from stats.means import compare_means
from stats.normal import normal_curve
from tests.stats.oracles import REFERENCE, load_reference

DRAWS = load_reference("bayesian_testing_mc.json")["cases"]
DAYS = load_reference("session_revenue_timeseries.json")["cases"]
ABBA = load_reference("abba_proportions.json")["cases"]

HERE = "tests/stats/test_references.py"
WHERE = {
    "abba_proportions.json": [HERE],
    "bayesian_testing_mc.json": [HERE, "tests/stats/test_counts.py", "tests/stats/test_revenue.py"],
    "confseq_bounds.json": ["tests/stats/test_anytime.py", "tests/stats/test_multinomial.py"],
    "exact_posteriors.json": ["tests/stats/test_compare_fifty_digits.py", "bench/stats.py"],
    "field_test_exact_prob_winning.json": ["tests/stats/test_compare_references.py"],
    "group_sequential_and_multiplicity.json": ["tests/stats/test_multiplicity.py"],
    "sample_size_gpower.json": ["tests/stats/test_plan.py"],
    "savvi_anytime_valid.json": ["tests/stats/test_multinomial.py", "tests/stats/test_conversions_only.py"],
    "session_revenue_timeseries.json": [HERE, "tests/stats/test_revenue.py"],
    "spotify_beta_binomial.json": ["tests/stats/test_compare_references.py"],
    "srm_chisq.json": ["tests/stats/test_srm.py"],
    "ssrm_sequential.json": ["tests/stats/test_multinomial.py", "tests/stats/test_finite.py"],
    "upworthy_exploratory_counts.json": ["bench/replication.py"],
}
ROOT = REFERENCE.parent.parent


@pytest.mark.parametrize("path", sorted(REFERENCE.glob("*.json")), ids=lambda path: path.name)
def test_every_file_is_read_where_it_says_and_names_its_source(path):
    assert path.name in WHERE, "say there which test reads the file"
    assert load_reference(path.name)["source"]
    for reader in WHERE[path.name]:
        assert path.name in (ROOT / reader).read_text(), reader


def of_model(model):
    return [case for case in DRAWS if case["model"] == model]


def test_every_row_of_bayesian_testing_is_used_or_named():
    # Not in `stats`: waiting times (exponential), averages of categories (numerical_dirichlet), payments that are normal
    # (delta_normal; they are log-normal here). In test_counts.py: poisson. In test_revenue.py: delta_lognormal.
    # Here: bernoulli and normal. Of these, one variant or none is refused, and sums of zero have no positive mean.
    assert Counter(case["model"] for case in DRAWS) == {
        "bernoulli": 6,
        "normal": 6,
        "delta_lognormal": 5,
        "numerical_dirichlet": 3,
        "poisson": 4,
        "exponential": 4,
        "delta_normal": 4,
    }


def comparable(model):
    sums = "successes" if model == "bernoulli" else "sums"
    cases = [case for case in of_model(model) if len(case["input"]["totals"]) >= 2]
    return cases if model == "bernoulli" else [case for case in cases if all(case["input"][sums])]


def assert_as_published(case, variants, intervals, posteriors):
    """At the file's tolerance: four standard errors of its draws, 5 % of a loss, 2 % of an interval's width.

    Where four standard errors of a drawn bound are more than that width, they are what is allowed for it too.
    """
    expected, draws = case["expected"], case["input"]["sim_count"]
    tail = (1 - case["input"]["interval_alpha"]) / 2
    for i, variant in enumerate(variants):
        p, (low, high) = expected["prob_being_best"][i], expected["credible_interval"][i]
        assert variant.p_best == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / draws))
        assert variant.expected_loss == pytest.approx(expected["expected_loss"][i], rel=0.05, abs=1e-5)
        for bound, drawn in ((intervals[i].low, low), (intervals[i].high, high)):
            error = math.sqrt(tail * (1 - tail) / draws) / posteriors[i].pdf(bound)
            assert bound == pytest.approx(drawn, abs=max(0.02 * (high - low), 4 * error))


@pytest.mark.parametrize("case", comparable("bernoulli"), ids=lambda case: str(case["input"]["successes"]))
def test_rates_agree_with_the_draws_of_bayesian_testing(case):
    given = case["input"]
    pairs = list(zip(given["totals"], given["successes"], strict=True))
    samples = [BinarySample(n, k) for n, k in pairs]
    rates = [variant.rate for variant in compare(samples, level=given["interval_alpha"]).variants]
    if given["min_is_best"]:  # who converts least is who stays away most
        samples = [BinarySample(n, n - k) for n, k in pairs]
    posteriors = [scipy.stats.beta(k + 0.5, n - k + 0.5) for n, k in pairs]
    assert_as_published(case, compare(samples).variants, rates, posteriors)


@pytest.mark.parametrize("case", [case for case in of_model("bernoulli") if len(case["input"]["totals"]) < 2], ids=str)
def test_one_variant_or_none_is_refused_where_bayesian_testing_calls_it_the_best(case):
    pairs = zip(case["input"]["totals"], case["input"]["successes"], strict=True)
    with pytest.raises(TooFewVariants):
        compare([BinarySample(n, k) for n, k in pairs])


@pytest.mark.parametrize("case", comparable("normal"), ids=lambda case: str(case["input"]["sums"]))
def test_normal_means_agree_with_the_draws_of_bayesian_testing(case):
    given = case["input"]
    rows = zip(given["totals"], given["sums"], given["sums_2"], strict=True)
    normals = [(total / n, math.sqrt((squares / n - (total / n) ** 2) / n)) for n, total, squares in rows]
    curves = [normal_curve(*normal) for normal in normals]
    variants = compare_means(given["totals"], curves, control=0, level=given["interval_alpha"])
    posteriors = [scipy.stats.norm(*normal) for normal in normals]
    assert_as_published(case, variants, [variant.mean for variant in variants], posteriors)


@pytest.mark.parametrize("day", DAYS, ids=lambda day: day["through"])
def test_each_day_of_the_session_data_has_the_published_chances_to_convert_best(day):
    samples = [BinarySample(v["sessions"], v["conversions"]) for v in day["cumulative"].values()]
    found = [variant.p_best for variant in compare(samples).variants]
    assert found == pytest.approx(list(day["expected_p_best_conversion_mc"].values()), abs=0.015)


def test_abbas_relative_improvement_is_the_observed_lift():
    # Not in `stats`: its Agresti-Coull intervals (a rate has its posterior's) and the p-values of a pooled rate at one
    # look, multiplied by the number of comparisons (a lift has its posterior and evidence that bears many looks).
    assert Counter(case["kind"] for case in ABBA) == {
        "agresti_coull": 2,
        "agresti_coull_lower": 1,
        "z_test_two_tailed": 1,
        "experiment": 6,
    }
    (case,) = (case for case in ABBA if case["kind"] == "experiment" and "rel_improvement" in case["expected"])
    (k, n), (more, m) = case["baseline"], case["variation"]
    observed = anytime(BinarySample(n, k), BinarySample(m, more), tau=0.1).lift.median
    assert observed == pytest.approx(case["expected"]["rel_improvement"], abs=1e-12)
