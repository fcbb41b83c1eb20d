"""How far apart variants usually are on this installation, learned from experiments that have ended.

The decision lens draws variants together by as much as its τ says. Until there is experience τ is a default; then the
experiments themselves tell it, each by how likely its counts are under every τ, whatever its own level of conversion.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stats.domain import check_probability
from stats.errors import NotEnoughData
from stats.estimate import Estimate
from stats.exchangeable import Exchangeable
from stats.invert import invert_interval
from stats.level import Level
from stats.likelihood import Likelihood
from stats.panels import Array, Panels
from stats.samples import BinarySample
from stats.smooth import Distributions, Smooth

MIN_EXPERIMENTS = 15
MIN_DEVIATION, MAX_DEVIATION = 0.03, 0.5  # of a lift: nobody's lifts are all smaller, nobody's are usually larger
_PANELS = 40  # a thousand experiments pin the log of τ to 0.02, and this cuts it in pieces of 0.07


@dataclass(frozen=True, slots=True)
class LearnedPrior:
    """`prior`: for `compare`. `deviation`: standard deviation of a lift, τ·√2, with its uncertainty: `prior` has its
    median. `experiments`: how many it was learned from.
    """

    prior: Exchangeable
    deviation: Estimate
    experiments: int


def learn_prior(experiments: Sequence[Sequence[BinarySample]], *, level: float = 0.95) -> LearnedPrior:
    """The τ of `Exchangeable` from experiments that have ended.

    Args:
        experiments: of each the samples of its variants, control included, in any order.
        level: mass of the interval, strictly between 0 and 1.

    Returns:
        A `LearnedPrior`. Before these experiments every order of magnitude of a lift's standard deviation between
        0.03 and 0.5 is as likely as any other, and none beyond; so the result stays within. It takes about 10 ms for
        each experiment.

    Raises:
        NotEnoughData: fewer than 15 experiments of which at least two variants had a visitor; the others teach
            nothing and are not counted.
        InvalidProbability.

    Edge cases:
        Experiments too small to tell anything leave the deviation near the middle of its range, 0.12, with an interval
        that says so. Fifty large ones of lifts that are all nothing bring it down to 0.03.

    Source: Maritz and Lwin, Empirical Bayes Methods, 2nd ed. 1989, for learning a prior by marginal likelihood; Azevedo
    et al., A/B testing with fat tails, Journal of Political Economy 128, 2020, for doing so over an experimenter's own
    history.

    >>> history = [[BinarySample(5000, 250), BinarySample(5000, 230 + 8 * i)] for i in range(15)]
    >>> learned = learn_prior(history)
    >>> round(learned.prior.tau, 3), round(learned.deviation.low, 2), round(learned.deviation.high, 2)
    (0.119, 0.1, 0.27)
    """
    level = check_probability("level", level)
    told = [samples for samples in experiments if sum(sample.n > 0 for sample in samples) >= 2]
    if len(told) < MIN_EXPERIMENTS:
        raise NotEnoughData(f"a prior is learned from {MIN_EXPERIMENTS} experiments or more", len(told))
    ends = np.log([MIN_DEVIATION, MAX_DEVIATION])
    log_deviations = Panels.cut(ends)
    evidence = sum(_log_evidence(samples, np.exp(log_deviations.z[0]) / math.sqrt(2)) for samples in told)
    smooth = Smooth.through(ends, np.asarray(evidence)[None, None])
    return LearnedPrior(*_summarise(smooth, level), experiments=len(told))


def _log_evidence(samples: Sequence[BinarySample], taus: Array) -> Array:
    """The log probability of these samples under each τ, but for a constant."""
    likelihood = Likelihood.of(samples)
    return np.array([Level(likelihood, float(tau)).log_evidence for tau in taus])


def _summarise(log_evidence: Smooth, level: float) -> tuple[Exchangeable, Estimate]:
    edges = np.linspace(log_evidence.edges[0], log_evidence.edges[-1], _PANELS + 1)
    panels = Panels.cut(edges)
    heights = log_evidence.at(panels.z[None])[0]
    density = np.exp(heights - heights.max())
    density /= panels.integral(density)
    distribution = Distributions.of(edges[None], density[None])
    mean = float(panels.integral(density * panels.z))
    variance, third = (float(panels.integral(density * (panels.z - mean) ** power)) for power in (2, 3))

    def tails(x: Array) -> tuple[Array, Array, Array]:
        below, above, density = distribution.at(x[None])
        return below[0], above[0], density[0]

    low, high = float(edges[0]), float(edges[-1])
    interval = invert_interval(tails, level, moments=(mean, variance, third), low=low, high=high)
    low, median, high = (math.exp(end) for end in interval)
    mean_deviation = float(panels.integral(density * np.exp(panels.z)))
    return Exchangeable(median / math.sqrt(2)), Estimate(mean=mean_deviation, median=median, low=low, high=high)
