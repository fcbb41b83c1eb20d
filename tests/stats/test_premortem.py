"""How a plan will probably go.

Oracles: the closed form of `plan` where the rule looks once, `decide` on exact posteriors for the approximation, and
properties of the simulation.
"""

import os
import subprocess
import sys
import time

import numpy as np
import pytest

import stats
from stats import BinarySample, Exchangeable, Gates, Rule, compare, decide, plan, premortem
from stats.forecast import outcomes, shrunken

STANDARD_ERROR = 0.5 / 2_000**0.5


@pytest.mark.parametrize(("rate", "lift", "per_day"), [(0.05, 0.1, 2_000), (0.2, -0.1, 600), (0.02, 0.5, 900)])
def test_with_one_look_and_no_shrinkage_it_finds_the_lift_as_often_as_the_closed_form_says(rate, lift, per_day):
    planned = plan(rate, lift, visitors_per_day=per_day)
    once = Rule(min_days=planned.days, p_best=0.5, max_loss=0.999)
    found = premortem(planned, visitors_per_day=per_day, horizon_days=planned.days, prior=Exchangeable(2.0), rule=once)
    right = found.planned.shipped if lift > 0 else found.planned.kept
    assert right == pytest.approx(0.80, abs=4 * STANDARD_ERROR)
    for wrong in (found.no_effect.shipped, found.no_effect.kept):
        assert wrong == pytest.approx(0.025, abs=0.012)
    assert found.planned.days == found.no_effect.days == planned.days


def decision_of_normals(counts, n, rule):
    found = outcomes(*shrunken(np.array([counts]), n, tau=0.07), control=0, rule=rule)
    if found.ships[0] >= 0:
        return "ship", int(found.ships[0])
    return "keep" if found.keeps[0] else "equivalent" if found.equivalent[0] else "continue", None


def decision_of_posteriors(counts, n, rule):
    judged = compare([BinarySample(n, count) for count in counts], prior=Exchangeable())
    found = decide(judged, Gates(open=True, days=7, conversions=tuple(counts)), rule)
    action = "continue" if found.action.value == "drop" else found.action.value
    return action, found.variant if action == "ship" else None


@pytest.mark.parametrize("variants", [2, 3, 4])
def test_normal_posteriors_decide_as_the_exact_ones_do(variants):
    random = np.random.default_rng(variants)
    rule, same, actions = Rule(), [], set()
    while len(same) < 40:
        rate, n = random.uniform(0.01, 0.3), int(10 ** random.uniform(3, 6.5))
        counts = random.binomial(n, rate * np.exp(random.normal(0, random.choice([0.0, 0.1]), variants))).tolist()
        if min(counts) >= rule.min_conversions_each and sum(counts) >= rule.min_conversions:
            exact = decision_of_posteriors(counts, n, rule)
            same.append(decision_of_normals(counts, n, rule) == exact)
            actions.add(exact[0])
    assert sum(same) >= 39
    assert len(actions) >= 3


def test_the_same_question_has_the_same_answer_and_another_seed_another():
    asked = plan(0.05, 0.1)
    first = premortem(asked, visitors_per_day=1_000)
    assert premortem(asked, visitors_per_day=1_000) == first
    assert premortem(asked, visitors_per_day=1_000, seed=1) != first
    assert premortem(asked, visitors_per_day=1_000, seed=1).planned.decided == pytest.approx(
        first.planned.decided, abs=6 * STANDARD_ERROR
    )


def test_another_process_with_other_threads_draws_the_same_visitors():
    program = "from stats import plan, premortem; print(repr(premortem(plan(0.05, 0.1), visitors_per_day=1_000)))"
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "7"}
    printed = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == repr(premortem(plan(0.05, 0.1), visitors_per_day=1_000))


@pytest.mark.parametrize("variants", [2, 4])
def test_its_shares_add_up(variants):
    found = premortem(plan(0.05, 0.15, variants=variants), visitors_per_day=1_000 * variants)
    for outlook in (found.planned, found.no_effect):
        assert outlook.decided == pytest.approx(outlook.shipped + outlook.kept + outlook.equivalent)
        assert 0 <= outlook.wrong <= outlook.decided <= 1
        assert 7 <= outlook.days <= 28
    assert found.no_effect.wrong == pytest.approx(found.no_effect.shipped + found.no_effect.kept)


def test_more_traffic_a_larger_lift_and_a_longer_horizon_decide_more_often():
    asked = plan(0.05, 0.1)
    middle = premortem(asked, visitors_per_day=800).planned
    assert premortem(asked, visitors_per_day=1_600).planned.decided > middle.decided
    assert premortem(plan(0.05, 0.2), visitors_per_day=800).planned.decided > middle.decided
    assert premortem(asked, visitors_per_day=800, horizon_days=56).planned.decided > middle.decided
    assert premortem(asked, visitors_per_day=200).planned.decided < middle.decided


def test_a_page_with_too_few_visitors_never_finishes():
    found = premortem(plan(0.02, 0.1), visitors_per_day=20)
    assert (found.planned.decided, found.planned.days, found.planned.wrong) == (0, 28, 0)


def test_an_horizon_shorter_than_the_first_look_decides_nothing():
    assert premortem(plan(0.05, 0.5), visitors_per_day=50_000, horizon_days=6).planned.decided == 0


def test_a_huge_audience_finds_equal_variants_equal_and_a_lift_below_the_margin_too():
    found = premortem(plan(0.05, 0.003), visitors_per_day=2_000_000)
    assert found.no_effect.equivalent > 0.9
    assert found.planned.equivalent > 0.5
    assert found.planned.wrong < 0.01


def test_daily_looks_ship_an_equal_variant_less_often_than_flat_looks_would():
    asked = plan(0.05, 0.1)
    shrunken_calls = premortem(asked, visitors_per_day=1_000).no_effect.shipped
    flat = premortem(
        asked, visitors_per_day=1_000, prior=Exchangeable(2.0), rule=Rule(max_loss=0.999)
    ).no_effect.shipped
    assert shrunken_calls < 0.06
    assert flat > 1.3 * shrunken_calls


def test_a_lift_that_is_a_fall_keeps_control():
    found = premortem(plan(0.05, -0.2), visitors_per_day=3_000).planned
    assert found.kept > 0.9
    assert found.wrong < 0.01


@pytest.mark.parametrize("variants", [2, 4])
def test_it_is_fast_enough_for_a_screen(variants):
    asked = plan(0.05, 0.1, variants=variants)
    seconds = []
    for _ in range(3):
        begin = time.process_time()
        premortem(asked, visitors_per_day=1_000 * variants)
        seconds.append(time.process_time() - begin)
    assert min(seconds) < 1  # 0.13 s and 0.22 s where this was written


@pytest.mark.parametrize("visitors_per_day", [0, 0.5, float("nan"), 1e10, True, "1000"])
def test_traffic_must_be_a_number_from_one_to_a_billion(visitors_per_day):
    with pytest.raises(stats.InvalidTraffic) as caught:
        premortem(plan(0.05, 0.1), visitors_per_day=visitors_per_day)
    assert caught.value.value is visitors_per_day


@pytest.mark.parametrize("horizon_days", [0, 367, -1, 7.0, True])
def test_the_horizon_is_a_whole_number_of_days_up_to_a_year(horizon_days):
    with pytest.raises(stats.InvalidCount):
        premortem(plan(0.05, 0.1), visitors_per_day=100, horizon_days=horizon_days)
