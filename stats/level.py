"""The level m that exchangeable variants share, what the data says of it, and of the variants through it.

θ_i ~ N(m, τ²) on log-odds, m ~ logit of Beta(0.5, 0.5). Given m the variants are independent, so whatever is asked of
all of them is asked given m and averaged over m's posterior. What is asked of one or two goes without m: the others
speak through it, as a message.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special

from stats.concave import DEPTH, climb, edges_around, nodes_over
from stats.likelihood import Likelihood
from stats.panels import Array, Panels
from stats.smooth import Smooth

_MODE_LIMIT = 60.0  # log-odds: with 1e12 visitors and no conversion the mode of m is at -28
_STEPS = np.array([2, 5, 10, 20, 40, 64])
_OFFSETS = np.concatenate([-_STEPS[::-1], [0], _STEPS])  # in widths of the peak of m
_MARGIN = 9.0  # in τ: how far beyond its level a variant can lie without data of its own

# nodes and weights for the average over a normal times something log-concave, in widths of the product's peak
_PLACES = 0.45 * np.arange(-18, 19)
_SPREAD = np.sinh(0.3 * _PLACES) / 0.3
_LOG_WEIGHTS = np.log(0.45 * np.cosh(0.3 * _PLACES) / math.sqrt(2 * math.pi))


@dataclass(frozen=True)
class Level:
    """`likelihood` of K variants, and the τ they spread by around the level."""

    likelihood: Likelihood
    tau: float

    @cached_property
    def _peak(self) -> tuple[float, float]:
        """About where the posterior of m has its peak, and about its width."""
        likelihood, precision = self.likelihood, self.tau**-2

        def slope_and_bend(m: Array) -> tuple[Array, Array]:
            z, _ = likelihood.peaks(m, tau=self.tau)
            information = likelihood.information(z)
            slope, bend = _prior_slope_and_bend(m)
            pulled = information * precision / (information + precision)
            return slope + precision * (z - m).sum(axis=0), bend + pulled.sum(axis=0)

        n, conversions = likelihood.n.sum(), likelihood.conversions.sum()
        start = np.array([math.log(conversions + 0.5) - math.log(n - conversions + 0.5)])
        limit = np.array([_MODE_LIMIT])
        peak, width = climb(slope_and_bend, start, low=-limit, high=limit)
        return float(peak[0]), float(width[0])

    @cached_property
    def edges(self) -> Array:
        """Panel edges that hold the posterior of m and a margin, between which the log-likelihoods of m are smooth."""
        peak, width = self._peak
        edges = peak + width * _OFFSETS
        z, _ = self.likelihood.peaks(edges, tau=self.tau)
        heights = _log_prior(edges) + (self.likelihood.log(z) - ((z - edges) / self.tau) ** 2 / 2).sum(axis=0)
        alive = np.flatnonzero(heights > heights.max() - DEPTH)
        edges = edges[max(alive[0] - 1, 0) : alive[-1] + 2]
        margin = _MARGIN * self.tau * np.array([0.5, 1])
        return np.concatenate([edges[0] - margin[::-1], edges, edges[-1] + margin])

    @cached_property
    def reach(self) -> tuple[float, float]:
        """Log-odds between which every variant's posterior lies."""
        ends = self.edges[[0, -1]]
        z, _ = self.likelihood.peaks(ends, tau=self.tau)
        margin = _MARGIN * self.tau
        return min(float(z[:, 0].min()), ends[0]) - margin, max(float(z[:, 1].max()), ends[1]) + margin

    @cached_property
    def _log_likelihoods(self) -> Array:
        """Of m, for each variant, at the nodes of the panels between `edges`: shape (K, P, 20)."""
        m = Panels.cut(self.edges).z
        given = Given(self.likelihood, self.tau, m)
        area = given.panels.integral(np.exp(given.log_height(given.panels.z)))
        at_peak = self.likelihood.log(given.peak) - ((given.peak - m) / self.tau) ** 2 / 2
        log_likelihoods: Array = at_peak + np.log(area / self.tau)
        return log_likelihoods

    @cached_property
    def posterior(self) -> tuple[Array, Array]:
        """Nodes of m, and weights that sum to 1."""
        together = Smooth.through(self.edges, self._log_likelihoods.sum(axis=0))
        peak, width = self._peak
        return nodes_over(lambda m: _log_prior(m) + together.at(m), peak=peak, width=width)

    def message(self, silent: Collection[int], *, spread: float) -> Smooth:
        """log ∫ N(z; m, spread²) p(m) Π L_j(m) dm over z, j running over all variants but the `silent` ones."""
        speaking = [j for j in range(len(self.likelihood.n)) if j not in silent]
        others = Smooth.through(self.edges, self._log_likelihoods[speaking].sum(axis=0))
        low, high = self.reach
        edges = np.unique(np.concatenate([[low], self.edges, [high]]))
        z, precision = Panels.cut(edges).z, spread**-2

        def slope_and_bend(m: Array) -> tuple[Array, Array]:
            slope, bend = _prior_slope_and_bend(m)
            others_slope, others_curvature = others.slope_and_bend(m)
            bend = np.maximum(bend - others_curvature, 0) + precision
            return slope + others_slope - precision * (m - z), bend

        limit = np.full_like(z, 2 * (high - low))
        peak, width = climb(slope_and_bend, z, low=z - limit, high=z + limit)
        m = peak[..., None] + width[..., None] * _SPREAD
        heights = _log_prior(m) + others.at(m) - precision * (m - z[..., None]) ** 2 / 2
        return Smooth.through(edges, np.log(width / spread) + special.logsumexp(heights + _LOG_WEIGHTS, axis=-1))


class Given:
    """Each variant's posterior given m, for many m: where its peak is, panels around it, and its height.

    `peak`: shape (K, *m.shape). `panels`: of distances from the peak. `edges`: of these panels.
    """

    def __init__(self, likelihood: Likelihood, tau: float, m: Array) -> None:
        self._likelihood, self._precision = likelihood, tau**-2
        self._m = m
        self.peak, width = likelihood.peaks(m, tau=tau)
        self._top = likelihood.log(self.peak)
        self.edges = edges_around(self._log_height, width, far=tau * math.sqrt(2 * DEPTH))
        self.panels = Panels.cut(self.edges)

    def log_height(self, away: Array) -> Array:
        """At distances from the peaks, relative to the height there; `away` has further axes after those of `peak`."""
        peak, pull = (_widen(values, away) for values in (self.peak, self.peak - self._m))
        gained: Array = self._likelihood.log(peak + away) - _widen(self._top, away)
        return gained - self._precision * away * (pull + away / 2)

    _log_height = log_height


def _widen(values: Array, like: Array) -> Array:
    return values.reshape(values.shape + (1,) * (like.ndim - values.ndim))


def _log_prior(m: Array) -> Array:
    """Of the log-odds of a rate that is Beta(0.5, 0.5), but for a constant."""
    log_prior: Array = (special.log_expit(m) + special.log_expit(-m)) / 2
    return log_prior


def _prior_slope_and_bend(m: Array) -> tuple[Array, Array]:
    p = special.expit(m)
    return 0.5 - p, p * special.expit(-m)
