"""Revenue per visitor, as compared. Oracles: bayesian-testing's published draws, and simulated shops. The posterior itself
is held to Bessel functions in test_hurdle."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stats
from stats import BinarySample, Histogram, RevenueSample, compare, compare_revenue
from tests.stats.oracles import load_reference

DRAWS = load_reference("bayesian_testing_mc.json")
LOG_NORMAL = [case for case in DRAWS["cases"] if case["model"] == "delta_lognormal"]
DAYS = load_reference("session_revenue_timeseries.json")["cases"]
CENTS = math.log(100)


def from_sums(n, paying, total, logs, squares):
    """A sample in cents from sums over logs of euros, as others publish them."""
    squares += 2 * CENTS * logs + paying * CENTS**2
    logs += paying * CENTS
    return RevenueSample(n, paying, round(total * 100), round(1e4 * logs), round(1e8 * squares))


def shop(seed, n, share, centre=8.5, deviation=1.0):
    generator = np.random.default_rng(seed)
    paying = generator.binomial(n, share)
    return RevenueSample.of(n, [int(x) for x in np.exp(generator.normal(centre, deviation, paying)).round() + 1])


def amounts_of(sample):
    """What was paid, to three digits."""
    return [value for value, visitors in sample.amounts.cells for _ in range(visitors)]


@pytest.mark.parametrize("day", DAYS, ids=lambda day: day["through"])
def test_each_day_of_the_session_data_agrees_with_the_published_chances(day):
    sums = [
        from_sums(v["sessions"], v["positives"], v["sum_revenue"], v["sum_log"], v["sum_log_sq"])
        for v in day["cumulative"].values()
    ]
    found = [variant.p_best for variant in compare_revenue(sums).variants]
    assert found == pytest.approx(list(day["expected_p_best_revenue_delta_lognormal_mc"].values()), abs=0.015)


def test_every_log_normal_row_of_bayesian_testing_is_used_or_cannot_be():
    # The others: nobody has paid (refused here), a single variant, none.
    assert [case["input"]["successes"] for case in LOG_NORMAL[2:]] == [[0, 0, 0, 0], [10], []]


@pytest.mark.parametrize("case", LOG_NORMAL[:2], ids=["three", "two equal"])
def test_it_agrees_with_the_draws_of_bayesian_testing(case):
    given, expected = case["input"], case["expected"]
    columns = (given["totals"], given["successes"], given["sum_logs"], given["sum_logs_2"])
    samples = [from_sums(n, k, 40.0 * k, logs, squares) for n, k, logs, squares in zip(*columns, strict=True)]
    variants = compare_revenue(samples, level=given["interval_alpha"]).variants
    for i, variant in enumerate(variants):
        p, (low, high) = expected["prob_being_best"][i], expected["credible_interval"][i]
        assert variant.p_best == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / given["sim_count"]) + 1e-4)
        assert variant.expected_loss / 100 == pytest.approx(expected["expected_loss"][i], rel=0.06, abs=1e-5)
        assert (variant.mean.low / 100, variant.mean.high / 100) == pytest.approx((low, high), abs=0.03 * (high - low))


AMOUNTS = st.lists(st.integers(1, 10**7), max_size=8)
PAID = st.lists(st.sampled_from([1900, 4900, 4900, 9900, 250_000]), max_size=40)
SAMPLES = st.tuples(st.integers(0, 10**6), st.one_of(AMOUNTS, PAID)).map(
    lambda made: RevenueSample.of(made[0] + len(made[1]), made[1])
)
SOMEBODY = RevenueSample.of(500, [4900, 9900, 14_900])


@given(st.lists(SAMPLES, min_size=1, max_size=3))
@settings(max_examples=30, deadline=None)
def test_probabilities_sum_to_one_and_losses_differ_by_the_means(few):
    variants = compare_revenue([SOMEBODY, *few]).variants
    assert sum(variant.p_best for variant in variants) == pytest.approx(1, abs=1e-8)
    size = sum(variant.mean.mean for variant in variants)
    for variant in variants[1:]:
        difference = variants[0].mean.mean - variant.mean.mean
        assert variant.expected_loss - variants[0].expected_loss == pytest.approx(difference, abs=1e-8 * size)
        assert variant.p_lift_above(0) == pytest.approx(variant.p_beats_control, abs=1e-8)
        assert variant.lift.low <= variant.lift.median <= variant.lift.high
        assert 0 < variant.mean.low <= variant.mean.median <= variant.mean.high < math.inf


@given(SAMPLES)
@settings(max_examples=25, deadline=None)
def test_swapping_two_variants_turns_the_lift_around(sample):
    a, b = compare_revenue([SOMEBODY, sample]).variants
    b_control, a_variant = compare_revenue([sample, SOMEBODY]).variants
    assert (a.p_best, b.p_best) == pytest.approx((a_variant.p_best, b_control.p_best), abs=1e-10)
    less, more = sorted([a_variant.lift.median, b.lift.median])
    assert less == pytest.approx(math.expm1(-math.log1p(more)), abs=1e-9)


@given(st.lists(SAMPLES, min_size=2, max_size=3), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_relabelling_the_variants_relabels_the_result(few, random):
    few = [SOMEBODY, *few]
    order = list(range(len(few)))
    random.shuffle(order)
    straight = compare_revenue(few)
    shuffled = compare_revenue([few[i] for i in order], control=order.index(0))
    for place, i in enumerate(order):
        assert shuffled.variants[place].p_best == pytest.approx(straight.variants[i].p_best, abs=1e-10)
        assert shuffled.variants[place].mean.median == pytest.approx(straight.variants[i].mean.median, rel=1e-9)
        assert shuffled.checks[place] == straight.checks[i]


@given(SAMPLES, st.sampled_from([100, 365]))
@settings(max_examples=25, deadline=None)
def test_another_currency_changes_money_and_nothing_else(sample, rate):
    before, after = (
        compare_revenue([RevenueSample.of(s.n, [v * k for v in amounts_of(s)]) for s in (SOMEBODY, sample)]).variants[1]
        for k in (1, rate)
    )
    assert after.p_best == pytest.approx(before.p_best, abs=1e-3)  # logs are rounded to 1e-4
    assert after.lift.median == pytest.approx(before.lift.median, rel=1e-3, abs=1e-3)
    assert after.expected_loss == pytest.approx(before.expected_loss * rate, rel=2e-2, abs=1e-6 * rate)


@given(SAMPLES, SAMPLES)
@settings(deadline=None)
def test_days_add_up_to_the_last_integer(first, second):
    both = first + second
    assert both == second + first
    assert both.total == first.total + second.total
    assert both.total_log2 == first.total_log2 + second.total_log2
    assert both.amounts == first.amounts + second.amounts


@given(st.integers(0, 40), st.integers(14_900, 10**6))
@settings(max_examples=30, deadline=None)
def test_one_more_who_pays_no_less_than_any_in_control_never_makes_a_variant_look_worse(paying, amount):
    before, after = (
        compare_revenue([SOMEBODY, RevenueSample.of(500, [amount] * k)]).variants[1] for k in (paying, paying + 1)
    )
    assert after.p_best >= before.p_best - 1e-7
    assert after.lift.median > before.lift.median


def test_equal_amounts_leave_the_question_to_the_share_that_pays():
    control = RevenueSample.of(20_000, [4900] * 900)
    sample = RevenueSample.of(20_000, [4900] * 1000)
    rate = compare([BinarySample(20_000, 900), BinarySample(20_000, 1000)]).variants[1]
    variant = compare_revenue([control, sample]).variants[1]
    assert variant.p_beats_control == pytest.approx(rate.p_beats_control, abs=1e-3)
    assert variant.lift.low == pytest.approx(rate.lift.low, abs=2e-4)
    assert variant.mean.median == pytest.approx(4900 * rate.rate.median, rel=1e-3)


def test_a_variant_nobody_paid_in_or_saw_borrows_the_amounts_of_all():
    result = compare_revenue([SOMEBODY, RevenueSample.of(500, []), RevenueSample.of(0, []), RevenueSample.of(9, [1])])
    _, unpaid, unseen, one = result.variants
    assert unpaid.mean.median < SOMEBODY.total / SOMEBODY.n
    assert unpaid.p_beats_control < 0.05
    assert unseen.mean.median > 100  # half of the visitors are believed to pay, as the prior of a share says
    assert one.mean.low < 1 < one.mean.high
    assert result.checks[1] is result.checks[2] is None
    assert all(math.isfinite(variant.expected_loss) for variant in result.variants)


def test_without_a_paying_visitor_in_control_the_mean_lift_is_infinite_and_the_interval_is_not():
    lift = compare_revenue([RevenueSample.of(100, []), SOMEBODY]).variants[1].lift
    assert lift.mean == math.inf
    assert -1 < lift.low < lift.median < lift.high < math.inf


def test_the_largest_amounts_and_the_largest_samples_have_an_answer():
    huge = RevenueSample.of(10**6, [10**12, 1, 10**12 - 1])
    many = RevenueSample(10**12, 10**8, 10**12, 85_170 * 10**8, 85_170**2 * 10**8 + 10**14)
    for sample in (huge, many):
        for variant in compare_revenue([sample, SOMEBODY]).variants:
            values = (variant.mean.low, variant.mean.high, variant.mean.mean, variant.expected_loss)
            assert all(math.isfinite(value) and value >= 0 for value in values)


def test_nobody_paying_anywhere_is_refused():
    nobody = RevenueSample.of(100, [])
    with pytest.raises(stats.NotEnoughData, match="somebody has paid"):
        compare_revenue([nobody, nobody])


def test_the_winsorised_mean_agrees_where_amounts_are_log_normal():
    result = compare_revenue([shop(1, 20_000, 0.05), shop(2, 20_000, 0.055)])
    assert not result.disagrees
    assert result.checks[1].agrees is True
    assert result.checks[0].lift is result.checks[0].agrees is None
    assert result.checks[1].lift.median == pytest.approx(result.variants[1].lift.median, abs=0.05)


def test_a_few_enormous_orders_make_the_two_disagree():
    control = RevenueSample.of(10_000, [4900] * 500)
    sample = RevenueSample.of(10_000, [4900] * 498 + [90_000_000] * 5)  # 99 % of all pay 4,900
    result = compare_revenue([control, sample])
    assert result.cap == 4900
    assert result.disagrees
    assert result.variants[1].lift.median > result.checks[1].lift.high


def test_without_a_histogram_there_is_no_cross_check():
    bare = RevenueSample(SOMEBODY.n, SOMEBODY.paying, SOMEBODY.total, SOMEBODY.total_log, SOMEBODY.total_log2)
    result = compare_revenue([SOMEBODY, bare])
    assert result.checks == (None, None)
    assert result.cap is None
    assert not result.disagrees


@pytest.mark.slow
def test_intervals_cover_the_true_lift_of_simulated_shops():
    truth = 0.06 / 0.05 - 1
    covered, runs = 0, 400
    for run in range(runs):
        lift = compare_revenue([shop(2 * run, 4000, 0.05), shop(2 * run + 1, 4000, 0.06)]).variants[1].lift
        covered += lift.low < truth < lift.high
    assert covered / runs == pytest.approx(0.95, abs=0.035)  # 3.2 standard errors


@pytest.mark.parametrize(
    "sums",
    [
        (10, 11, 100, 0, 0),
        (10, 0, 5, 0, 0),
        (10, 0, 0, 7, 49),
        (10, 2, 1, 0, 0),
        (10, 2, 9800, 169_940, 10**9),
        (10, 2, 98, 169_940, 2 * 84_970**2),
    ],
    ids=["more paying than visitors", "money of nobody", "logs of nobody", "less than a cent", "spread", "euros"],
)
def test_sums_that_no_amounts_have_are_refused(sums):
    with pytest.raises(stats.ImpossibleTotals):
        RevenueSample(*sums)


def test_a_histogram_of_other_visitors_is_refused():
    with pytest.raises(stats.ImpossibleTotals):
        RevenueSample(10, 1, 4900, 84_970, 84_970**2, amounts=Histogram.of([4900, 4900]))


@pytest.mark.parametrize("amount", [0, -5, 10**12 + 1, 49.0, True, None])
def test_an_amount_must_be_a_whole_number_of_cents(amount):
    with pytest.raises(stats.InvalidAmount):
        stats.log_units(amount)


@given(st.integers(1, 10**12))
def test_a_log_in_units_is_within_half_a_unit(amount):
    assert stats.log_units(amount) / 1e4 == pytest.approx(math.log(amount), abs=0.5001e-4)


def test_comparing_twice_gives_the_same_bits():
    samples = [SOMEBODY, shop(3, 2000, 0.05), RevenueSample.of(20, [500] * 20)]
    assert repr(compare_revenue(samples)) == repr(compare_revenue(samples))
