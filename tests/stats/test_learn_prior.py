"""How far apart variants usually are, learned from experiments that have ended."""

import math

import numpy as np
import pytest
import scipy.stats
from scipy import special

from stats import BinarySample, InvalidProbability, NotEnoughData, learn_prior
from stats.learn import MIN_EXPERIMENTS
from stats.level import Level
from stats.likelihood import Likelihood


def simulate(seed, *, experiments, deviation, visitors, variants=2):
    """Experiments whose lifts have this standard deviation, each on a page with a conversion rate of its own."""
    generator = np.random.default_rng(seed)
    levels = generator.normal(-3, 0.5, (experiments, 1))
    rates = special.expit(levels + generator.normal(0, deviation / math.sqrt(2), (experiments, variants)))
    counts = generator.binomial(visitors, rates)
    return [[BinarySample(visitors, int(count)) for count in row] for row in counts]


def dense_log_evidence(samples, tau, *, low=-12, high=12, nodes=4001):
    """By the trapezoidal rule on an even grid of levels and of distances from them, from scipy's normal and binomial."""
    m, step = np.linspace(low, high, nodes, retstep=True)
    shift, shift_step = np.linspace(-8, 8, 81, retstep=True)
    rates = special.expit(m[:, None] + tau * shift)
    given = 1.0
    for sample in samples:
        likelihood = scipy.stats.binom.pmf(sample.conversions, sample.n, rates)
        given = given * (likelihood * scipy.stats.norm.pdf(shift)).sum(axis=1) * shift_step
    prior = np.sqrt(special.expit(m) * special.expit(-m)) / math.pi
    return math.log((prior * given).sum() * step)


@pytest.mark.parametrize(
    "counts", [[(400, 20), (400, 31)], [(60, 0), (50, 3), (70, 2)], [(30, 30), (30, 22)], [(900, 90), (0, 0)]], ids=str
)
def test_the_evidence_for_one_tau_over_another_is_that_of_a_dense_grid(counts):
    samples = [BinarySample(*each) for each in counts]
    likelihood = Likelihood.of(samples)
    found = [Level(likelihood, tau).log_evidence for tau in (0.022, 0.07, 0.35)]
    expected = [dense_log_evidence(samples, tau) for tau in (0.022, 0.07, 0.35)]
    assert np.diff(found) == pytest.approx(np.diff(expected), abs=1e-7)


def test_the_posterior_is_the_product_of_the_evidence_of_every_experiment():
    history = simulate(5, experiments=15, deviation=0.1, visitors=3000)
    log_deviations = np.linspace(math.log(0.03), math.log(0.5), 41)
    around = [special.logit(sum(s.conversions for s in samples) / 6000) for samples in history]
    evidence = np.array(
        [
            sum(
                dense_log_evidence(samples, math.exp(x) / math.sqrt(2), low=m - 2, high=m + 2, nodes=301)
                for samples, m in zip(history, around, strict=True)
            )
            for x in log_deviations
        ]
    )
    density = np.exp(evidence - evidence.max())
    below = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    below /= below[-1]
    learned = learn_prior(history)
    for bound, p in ((learned.deviation.low, 0.025), (learned.deviation.median, 0.5), (learned.deviation.high, 0.975)):
        assert np.interp(math.log(bound), log_deviations, below) == pytest.approx(p, abs=2e-3)
    assert learned.prior.tau == pytest.approx(learned.deviation.median / math.sqrt(2), rel=1e-15)
    assert learned.experiments == 15


@pytest.mark.parametrize("deviation", [0.06, 0.2])
def test_many_experiments_tell_the_deviation_they_were_made_with(deviation):
    learned = learn_prior(simulate(11, experiments=60, deviation=deviation, visitors=50_000), level=0.99)
    assert learned.deviation.low < deviation < learned.deviation.high
    assert learned.deviation.median == pytest.approx(deviation, rel=0.25)


def test_more_experiments_make_it_surer():
    few = learn_prior(simulate(3, experiments=15, deviation=0.1, visitors=20_000)).deviation
    many = learn_prior(simulate(3, experiments=60, deviation=0.1, visitors=20_000)).deviation
    assert many.high / many.low < few.high / few.low


def test_lifts_that_are_all_nothing_bring_it_to_the_lower_limit_and_huge_ones_to_the_upper():
    nothing = learn_prior(simulate(1, experiments=15, deviation=0, visitors=10**6)).deviation
    huge = learn_prior(simulate(1, experiments=15, deviation=2, visitors=10**5)).deviation
    assert 0.03 <= nothing.low < nothing.median < 0.033
    assert 0.46 < huge.median < huge.high <= 0.5


def test_experiments_that_tell_nothing_leave_the_range_as_it_was():
    learned = learn_prior([[BinarySample(1, 0), BinarySample(1, 0)]] * MIN_EXPERIMENTS).deviation
    assert learned.median == pytest.approx(math.sqrt(0.03 * 0.5), rel=0.05)
    assert learned.low == pytest.approx(0.03 * (0.5 / 0.03) ** 0.025, rel=0.05)


def test_neither_the_order_of_variants_nor_of_experiments_matters():
    history = simulate(8, experiments=15, deviation=0.1, visitors=4000, variants=3)
    turned = [list(reversed(samples)) for samples in reversed(history)]
    assert learn_prior(turned).prior.tau == pytest.approx(learn_prior(history).prior.tau, rel=1e-9)


def test_fewer_than_fifteen_experiments_that_had_visitors_are_not_enough():
    history = simulate(2, experiments=MIN_EXPERIMENTS - 1, deviation=0.1, visitors=100)
    silent = [[BinarySample(50, 2), BinarySample(0, 0)]] * 5
    with pytest.raises(NotEnoughData, match="14"):
        learn_prior(history + silent)
    with pytest.raises(InvalidProbability):
        learn_prior(history * 2, level=1)
