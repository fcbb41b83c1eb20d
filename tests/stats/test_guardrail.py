"""Harm beyond a margin. Oracle: the interval of the lift, whose mass scipy.stats.betaprime and the comparisons' own tests
fix, lies on one side of the margin exactly where the status says so."""

import math
from itertools import pairwise

import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

import stats
from stats import BinarySample, CountSample, GuardrailStatus, Histogram, compare, compare_counts, non_inferior
from stats.guardrail import SURE

SAMPLES = st.integers(0, 10**6).flatmap(lambda n: st.builds(BinarySample, st.just(n), st.integers(0, n)))


def second(*counts):
    return compare([BinarySample(*count) for count in counts]).variants[1]


@pytest.mark.parametrize(
    ("conversions", "status"),
    [(1000, GuardrailStatus.FINE), (930, GuardrailStatus.UNSURE), (700, GuardrailStatus.HARM)],
)
def test_the_three_statuses_of_a_rate_that_should_be_high(conversions, status):
    assert non_inferior(second((20_000, 1000), (20_000, conversions)), margin=0.1).status is status


def test_the_chance_of_harm_is_the_tail_of_the_lift_below_the_margin():
    samples = [CountSample(1000, 2100, 6600), CountSample(900, 1800, 5500)]
    harm = non_inferior(compare_counts(samples).variants[1], margin=0.08).p_harm
    lift = scipy.stats.betaprime(1800.5, 2100.5, scale=1000.5 / 900.5)
    assert harm == pytest.approx(lift.cdf(0.92), abs=1e-9)


@pytest.mark.parametrize(("slower", "status"), [(0, "fine"), (180, "unsure"), (400, "harm")])
def test_waiting_longer_is_harm_where_lower_is_better(slower, status):
    loads = [Histogram.of(range(start, start + 2000)) for start in (500, 500 + slower)]
    variant = stats.compare_quantiles(loads).variants[1]
    found = non_inferior(variant, margin=0.1, lower_is_better=True)
    assert found.status == status
    assert found.p_harm == variant.p_lift_above(0.1)


@given(SAMPLES, SAMPLES, st.floats(0, 0.5))
@settings(max_examples=80, deadline=None)
def test_a_status_never_contradicts_the_interval_beside_it(control, sample, margin):
    variant = compare([control, sample]).variants[1]
    found = non_inferior(variant, margin=margin)
    near = abs(found.p_harm - SURE) < 1e-9 or abs(1 - found.p_harm - SURE) < 1e-9
    if not near:
        assert (found.status is GuardrailStatus.HARM) == (variant.lift.high < -margin)
        assert (found.status is GuardrailStatus.FINE) == (variant.lift.low > -margin)


@given(SAMPLES, SAMPLES)
@settings(max_examples=40, deadline=None)
def test_a_wider_margin_is_never_more_harmed(control, sample):
    variant = compare([control, sample]).variants[1]
    harms = [non_inferior(variant, margin=margin).p_harm for margin in (0, 0.01, 0.1, 0.5, 0.99)]
    assert all(wider <= narrower + 1e-9 for narrower, wider in pairwise(harms))


def test_without_data_nothing_is_said():
    assert non_inferior(second((0, 0), (0, 0)), margin=0.05).status is GuardrailStatus.UNSURE


@pytest.mark.parametrize("margin", [-0.01, 1, 5, math.nan, None, True])
def test_a_margin_outside_its_domain_is_refused(margin):
    with pytest.raises(stats.InvalidMargin) as caught:
        non_inferior(second((100, 5), (100, 6)), margin=margin)
    assert caught.value.value is margin or math.isnan(caught.value.value)


def test_control_is_no_guardrail_of_itself():
    with pytest.raises(stats.ControlHasNoLift):
        non_inferior(compare([BinarySample(10, 1), BinarySample(10, 2)]).variants[0], margin=0.1)
