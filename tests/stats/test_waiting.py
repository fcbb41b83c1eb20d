"""What more visitors would be worth.

Oracles: every possible future of two variants enumerated with scipy's beta-binomial, seeded futures of three variants and
of the decision prior, and `compare` and `decide` on the visitors that are forecast.
"""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

import stats
from stats import BinarySample, Exchangeable, Gates, compare, decide, value_of_waiting


def samples(*counts):
    return [BinarySample(n, conversions) for n, conversions in counts]


def exact_gain(pair, visitors):
    """Over all futures of `visitors` more for each of two variants with independent Beta posteriors."""
    means, chances = [], []
    for sample, more in zip(pair, visitors, strict=True):
        a, b = sample.conversions + 0.5, sample.n - sample.conversions + 0.5
        hits = np.arange(more + 1)
        means.append((a + hits) / (a + b + more))
        chances.append(scipy.stats.betabinom(more, a, b).pmf(hits))
    below = np.searchsorted(means[1], means[0], side="right")
    reached = np.concatenate([[0], np.cumsum(chances[1])])[below]
    rest = (chances[1] * means[1]).sum() - np.concatenate([[0], np.cumsum(chances[1] * means[1])])[below]
    now = [(sample.conversions + 0.5) / (sample.n + 1) for sample in pair]
    return (chances[0] * (means[0] * reached + rest)).sum() - max(now)


ALIKE = [
    ((9000, 450), (9000, 490)),
    ((9000, 450), (9000, 450)),
    ((2000, 100), (2000, 140)),
    ((500, 25), (500, 45)),
    ((200, 10), (200, 12)),
    ((9000, 4500), (9000, 4600)),
    ((50_000, 150), (50_000, 170)),
]


@pytest.mark.parametrize("counts", ALIKE, ids=str)
@pytest.mark.parametrize("visitors_per_day", [200, 2_000])
def test_the_gain_is_that_of_all_futures(counts, visitors_per_day):
    pair = samples(*counts)
    found = value_of_waiting(compare(pair), visitors_per_day=visitors_per_day)
    exact = exact_gain(pair, [visitors_per_day * 7 // 2] * 2)
    assert found.gain == pytest.approx(exact, abs=0.02 * found.loss_now)


@pytest.mark.parametrize("visitors_per_day", [200, 2_000])
def test_the_gain_is_that_of_all_futures_where_one_variant_is_nine_times_as_large(visitors_per_day):
    pair = samples((9000, 450), (1000, 52))
    found = value_of_waiting(compare(pair), visitors_per_day=visitors_per_day)
    exact = exact_gain(pair, [visitors_per_day * 7 * 9 // 10, visitors_per_day * 7 // 10])
    assert found.gain == pytest.approx(exact, abs=0.05 * found.loss_now)


def test_the_gain_of_three_variants_is_that_of_drawn_futures():
    three = samples((3000, 150), (3000, 160), (3000, 170))
    a = np.array([s.conversions + 0.5 for s in three])
    b = np.array([s.n - s.conversions + 0.5 for s in three])
    random = np.random.default_rng(9)
    hits = random.binomial(3000, random.beta(a, b, (400_000, 3)))
    exact = ((a + hits) / (a + b + 3000)).max(axis=1).mean() - (a / (a + b)).max()
    found = value_of_waiting(compare(three), visitors_per_day=9_000, days=1)
    assert found.gain == pytest.approx(exact, abs=0.02 * found.loss_now)


def test_under_the_decision_prior_the_gain_is_that_of_futures_compared_again():
    tau, pair, more = 0.07, samples((6000, 300), (6000, 320)), 10_500
    random = np.random.default_rng(10)
    level = random.uniform(-3.3, -2.6, 1_000_000)
    log_odds = level[:, None] + random.normal(0, tau, (len(level), 2))
    rates = 1 / (1 + np.exp(-log_odds))
    hits, misses = np.array([s.conversions for s in pair]), np.array([s.n - s.conversions for s in pair])
    log_likelihood = (hits * np.log(rates) + misses * np.log1p(-rates)).sum(axis=1)
    weight = np.exp(log_likelihood - log_likelihood.max())
    drawn = rates[random.choice(len(weight), 150, p=weight / weight.sum())]
    futures = random.binomial(more, drawn)
    now = compare(pair, prior=Exchangeable(tau=tau))
    found = value_of_waiting(now, visitors_per_day=2 * more, days=1)
    after = []
    for future in futures.tolist():
        seen = [BinarySample(s.n + more, s.conversions + x) for s, x in zip(pair, future, strict=True)]
        after.append(min(v.expected_loss for v in compare(seen, prior=Exchangeable(tau=tau)).variants))
    error = np.std(after) / len(after) ** 0.5
    assert found.loss_now == min(v.expected_loss for v in now.variants)
    assert found.loss_after == pytest.approx(np.mean(after), abs=4 * error + 0.02 * found.loss_now)
    assert error < 0.1 * found.loss_now


@pytest.mark.parametrize(
    ("counts", "action"),
    [
        (((4000, 200), (4000, 232)), "ship"),
        (((4000, 232), (4000, 200)), "keep"),
        (((4000, 200), (4000, 226), (4000, 204)), "ship"),
        (((400_000, 40_000), (400_000, 40_060)), "equivalent"),
    ],
    ids=str,
)
def test_if_the_lift_stays_the_decision_comes_on_the_day_it_says(counts, action):
    first, per_day = samples(*counts), sum(n for n, _ in counts) / 8
    days = value_of_waiting(compare(first), visitors_per_day=per_day).days_to_decision

    def action_after(wait):
        grown = [BinarySample(round(s.n * (8 + wait) / 8), round(s.conversions * (8 + wait) / 8)) for s in first]
        gates = Gates(open=True, days=7, conversions=tuple(s.conversions for s in grown))
        return decide(compare(grown), gates).action.value

    assert days > 0
    slack = max(1, round(0.1 * (days + 8)))
    assert action_after(days + slack) == action
    assert action_after(max(0, days - slack)) != action


def test_what_is_decided_takes_no_more_days():
    assert value_of_waiting(compare(samples((10**5, 5000), (10**5, 6000))), visitors_per_day=10).days_to_decision == 0


def test_a_page_with_few_visitors_takes_longer_than_a_year():
    assert value_of_waiting(compare(samples((900, 45), (900, 48))), visitors_per_day=5).days_to_decision is None


SIZES = st.one_of(st.integers(0, 50), st.integers(0, 10**5), st.integers(0, 10**9))


@st.composite
def any_samples(draw):
    n = draw(SIZES)
    return BinarySample(n, draw(st.one_of(st.integers(0, n), st.integers(0, min(n, 20)), st.just(n))))


@given(st.lists(any_samples(), min_size=2, max_size=4), st.sampled_from([1.0, 500.0, 1e6]))
@settings(max_examples=100, deadline=None)
def test_waiting_never_costs_information_and_longer_waiting_brings_more(few, visitors_per_day):
    judged = compare(few)
    week, month = (value_of_waiting(judged, visitors_per_day=visitors_per_day, days=days) for days in (7, 28))
    slack = 1e-5 * week.loss_now
    assert 0 <= week.gain <= month.gain + slack <= week.loss_now + 2 * slack
    assert week.loss_after == week.loss_now - week.gain
    assert week.days_to_decision == month.days_to_decision


@pytest.mark.parametrize("visitors_per_day", [0, 0.5, float("inf"), True, None])
def test_traffic_must_be_a_number_of_one_or_more(visitors_per_day):
    with pytest.raises(stats.InvalidTraffic) as caught:
        value_of_waiting(compare(samples((10, 1), (10, 2))), visitors_per_day=visitors_per_day)
    assert caught.value.value is visitors_per_day


@pytest.mark.parametrize("days", [0, 366, 1.5, True])
def test_days_must_be_whole_and_at_most_a_year(days):
    with pytest.raises(stats.InvalidCount):
        value_of_waiting(compare(samples((10, 1), (10, 2))), visitors_per_day=10, days=days)
