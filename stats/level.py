"""The level m that exchangeable variants share, what the data says of it, and of the variants through it.

θ_i ~ N(m, τ²) on log-odds, m ~ logit of Beta(0.5, 0.5). Given m the variants are independent, so whatever is asked of
all of them is asked given m and averaged over m's posterior. What is asked of one or two goes without m: the others
speak through it.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stats.concave import DEPTH, PEAK, PEAK_WEIGHTS, climb, edges_around, nodes_over
from stats.likelihood import Likelihood
from stats.message import Message, log_prior, slope_and_bend_of_prior
from stats.panels import Array, Panels
from stats.smooth import Smooth

_MODE_LIMIT = 60.0  # log-odds: with 1e12 visitors and no conversion the mode of m is at -28
_STEPS = np.array([4, 10, 24, 64, 160])
_OFFSETS = np.concatenate([-_STEPS[::-1], [0], _STEPS])  # in widths of the peak of m, or in log-odds where it is wide
_FINE = 0.6  # given m, who is best can turn over about half the width of m: where one variant alone is known
_MARGIN = 9.0  # in τ: how far beyond its level a variant can lie without data of its own


@dataclass(frozen=True, eq=False)
class Level:
    """`likelihood` of K variants, and the τ they spread by around the level."""

    likelihood: Likelihood
    tau: float

    @cached_property
    def peaks(self) -> Array:
        """About the likeliest log-odds of each variant, shape (K, 1)."""
        return self.likelihood.peaks(self._peak[0], tau=self.tau)[0]

    @property
    def posterior(self) -> tuple[Array, Array]:
        """Nodes of m, and weights that sum to 1."""
        return self._solved[:2]

    @property
    def log_evidence(self) -> float:
        """The log probability of the data under this τ, but for a constant that does not hang on τ."""
        return self._solved[2]

    @cached_property
    def _solved(self) -> tuple[Array, Array, float]:
        together = Smooth.through(self._edges, self._log_likelihoods.sum(axis=0, keepdims=True))

        def log_density(m: Array) -> Array:
            return log_prior(m) + together.at(m)

        peak, width = self._peak
        nodes, weights = nodes_over(log_density, peak, _FINE * width)
        heights = log_density(nodes)
        top = heights.max()
        weights = weights * np.exp(heights - top)
        return nodes[0], weights[0] / weights.sum(), float(top + np.log(weights.sum()))

    def messages(self, silent: Sequence[Collection[int]], *, spread: float) -> Message:
        """What all variants but the `silent` ones say of a normal that is `spread` around the level: one for each set."""
        variants = range(len(self.likelihood.n))
        rest = [[i for i in variants if i not in those] for those in silent]
        values = np.stack([self._log_likelihoods[those].sum(axis=0) for those in rest])
        return Message(Smooth.through(self._edges, values), spread)

    @cached_property
    def _peak(self) -> tuple[Array, Array]:
        """About where the posterior of m has its peak, and about its width; shape (1,)."""
        likelihood, precision = self.likelihood, self.tau**-2

        def slope_and_bend(m: Array) -> tuple[Array, Array]:
            z, _ = likelihood.peaks(m, tau=self.tau)
            _, information = likelihood.slope_and_bend(z)
            slope, bend = slope_and_bend_of_prior(m)
            pulled = information * precision / (information + precision)
            return slope + precision * (z - m).sum(axis=0), bend + pulled.sum(axis=0)

        n, conversions = likelihood.n.sum(), likelihood.conversions.sum()
        start = np.array([math.log(conversions + 0.5) - math.log(n - conversions + 0.5)])
        limit = np.array([_MODE_LIMIT])
        return climb(slope_and_bend, start, low=-limit, high=limit)

    @cached_property
    def _edges(self) -> Array:
        """Panel edges that hold the posterior of m and a margin, between which the log-likelihoods of m are smooth."""
        peak, width = self._peak
        edges = peak + np.minimum(width, 1) * _OFFSETS
        z, _ = self.likelihood.peaks(edges, tau=self.tau)
        heights = log_prior(edges) + (self.likelihood.log(z) - ((z - edges) / self.tau) ** 2 / 2).sum(axis=0)
        alive = np.flatnonzero(heights > heights.max() - DEPTH)
        edges = edges[max(alive[0] - 1, 0) : alive[-1] + 2]
        margin = _MARGIN * self.tau
        return np.concatenate([edges[:1] - margin, edges, edges[-1:] + margin])

    @cached_property
    def _log_likelihoods(self) -> Array:
        """Of m, for each variant, at the nodes of the panels between the edges: shape (K, P, 20)."""
        m = Panels.cut(self._edges).z
        given = Given(self.likelihood, self.tau, m)
        area = given.width * (np.exp(given.log_height(given.width[..., None] * PEAK)) @ PEAK_WEIGHTS)
        at_peak = given.top - ((given.peak - m) / self.tau) ** 2 / 2
        log_likelihoods: Array = at_peak + np.log(area / self.tau)
        return log_likelihoods


class Given:
    """Each variant's posterior given m, for many m: where its peak is, panels around it, and its height.

    `peak`, `width`: of each peak, shape (K, *m.shape). `top`: the log-likelihood there.
    """

    def __init__(self, likelihood: Likelihood, tau: float, m: Array) -> None:
        self._likelihood, self._precision, self._far = likelihood, tau**-2, tau * math.sqrt(2 * DEPTH)
        self._m = m
        self.peak, self.width = likelihood.peaks(m, tau=tau)
        self.top = likelihood.log(self.peak)

    def edges(self) -> Array:
        """Of panels around each peak, as distances from it, shape (K, *m.shape, E)."""
        return edges_around(self.log_height, self.width, far=self._far)

    def log_height(self, away: Array) -> Array:
        """At distances from the peaks, relative to the height there; `away` has further axes after those of `peak`."""
        axes = (1,) * (away.ndim - self.peak.ndim)
        peak, top, pull = (values.reshape(values.shape + axes) for values in (self.peak, self.top, self.peak - self._m))
        gained: Array = self._likelihood.log(peak + away) - top
        return gained - self._precision * away * (pull + away / 2)
