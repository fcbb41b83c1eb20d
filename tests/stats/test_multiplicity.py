"""Many questions at once. Oracles: scipy.stats.false_discovery_control, ExpAn's thresholds, a simulated family of nulls
and effects, and the chi-square test for the bridge from posteriors."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

import stats
from stats import BinarySample, adjust, compare, two_sided
from tests.stats.oracles import load_reference

ROWS = load_reference("group_sequential_and_multiplicity.json")["cases"]
FAMILIES = st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.01, 0.05, 1.0])), max_size=30)


def test_every_row_of_the_file_is_used_or_named():
    # Not in `stats`: O'Brien-Fleming spending (daily looks are paid for by e-values), Bonferroni (it would adjust what
    # shrinkage and the false discovery rate adjust here), and the interval of a difference of two plain means.
    kinds = [row["kind"] for row in ROWS]
    unused = {"obrien_fleming_spending": 2, "bonferroni_alpha": 2, "normal_difference_ci95": 1}
    assert {kind: kinds.count(kind) for kind in kinds} == {**unused, "benjamini_hochberg_alpha": 3}


@pytest.mark.parametrize("row", [row for row in ROWS if row["kind"] == "benjamini_hochberg_alpha"], ids=str)
def test_discoveries_are_the_p_values_at_or_below_expans_threshold(row):
    assert adjust(row["p"], rate=row["fdr"]).discoveries == tuple(p <= row["expected"] for p in row["p"])


@given(FAMILIES)
def test_adjusted_values_are_scipys(family):
    expected = scipy.stats.false_discovery_control(family) if family else []
    assert adjust(family).p_values == pytest.approx(list(expected), rel=1e-12)


@given(FAMILIES, st.randoms(use_true_random=False))
def test_the_order_of_the_questions_does_not_matter(family, random):
    order = list(range(len(family)))
    random.shuffle(order)
    straight, shuffled = adjust(family), adjust([family[i] for i in order])
    assert [shuffled.p_values[place] for place in range(len(order))] == [straight.p_values[i] for i in order]


@given(FAMILIES, st.floats(0.001, 0.5))
def test_adjusting_never_finds_more_than_the_p_values_alone(family, rate):
    adjusted = adjust(family, rate=rate)
    for p, value, discovery in zip(family, adjusted.p_values, adjusted.discoveries, strict=True):
        assert p <= value <= 1
        assert discovery == (value <= rate)


def test_the_share_of_false_discoveries_is_kept():
    generator = np.random.default_rng(3)
    shares = []
    for _ in range(2000):
        z = generator.normal(0, 1, 20)
        z[:6] += 3  # six effects among fourteen nulls
        found = np.array(adjust((2 * scipy.stats.norm.sf(abs(z))).tolist(), rate=0.1).discoveries)
        shares.append(found[6:].sum() / max(found.sum(), 1))
    assert np.mean(shares) == pytest.approx(0.1 * 14 / 20, abs=0.01)  # 3 standard errors


@pytest.mark.parametrize(("p", "expected"), [(0.975, 0.05), (0.025, 0.05), (0.5, 1), (1, 0), (0, 0)])
def test_two_sided_is_twice_the_smaller_tail(p, expected):
    assert two_sided(p) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("conversions", [5000, 5100, 5200])
def test_with_enough_data_the_posteriors_doubt_is_the_p_value_of_the_z_test(conversions):
    variant = compare([BinarySample(100_000, 5000), BinarySample(100_000, conversions)]).variants[1]
    table = [[5000, 95_000], [conversions, 100_000 - conversions]]
    expected = scipy.stats.chi2_contingency(table, correction=False).pvalue
    assert two_sided(variant.p_beats_control) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, None, True, "0.5"])
def test_what_is_no_p_value_is_refused(value):
    with pytest.raises(stats.InvalidProbability):
        adjust([0.5, value])
    with pytest.raises(stats.InvalidProbability):
        two_sided(value)


@pytest.mark.parametrize("rate", [0, 1, 5, math.nan])
def test_a_rate_outside_zero_and_one_is_refused(rate):
    with pytest.raises(stats.InvalidProbability):
        adjust([0.5], rate=rate)
