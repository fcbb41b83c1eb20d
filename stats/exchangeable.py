"""Variants that are taken for alike until the data says otherwise: the prior of the decision lens, and what follows.

Each variant's log-odds are drawn around one level that all share, so every estimate is drawn toward the others by as
much as its own data leaves open. That is what pays for looking at many variants: the best of twenty looks less good
than it would alone.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from stats.contest import standings
from stats.domain import check_tau
from stats.level import Given, Level
from stats.panels import LOGISTIC_EDGES, Array, Panels

MIN_TAU, MAX_TAU = 1e-4, 2.0
_EVEN = 2.5  # widths of the narrowest peak


@dataclass(frozen=True, slots=True)
class Exchangeable:
    """θ_i ~ N(m, τ²) on log-odds, and the level m is the log-odds of a rate that is Beta(0.5, 0.5).

    Args:
        tau: standard deviation of a variant's log-odds, from 0.0001 to 2. A lift then has τ·√2: the default of 0.07
            says that two thirds of all lifts lie within 10 %.

    Raises:
        InvalidTau: outside its domain, or not a number.

    Source: Gelman et al., Bayesian Data Analysis, 3rd ed. 2013, section 5.4; Gelman, Hill, Yajima, Why we (usually)
    don't have to worry about multiple comparisons, 2012.
    """

    tau: float = 0.07

    def __post_init__(self) -> None:
        object.__setattr__(self, "tau", check_tau(self.tau, MIN_TAU, MAX_TAU))


def standings_given_level(level: Level) -> tuple[list[float], list[float]]:
    """P(best) and expected loss of each variant, found given m and averaged over m."""
    nodes, weights = level.posterior
    given = Given(level.likelihood, level.tau, nodes)
    panels = Panels.cut(_shared_edges(given))
    densities = np.exp(given.log_height(panels.z - given.peak[..., None, None]))
    densities /= panels.integral(densities)[..., None, None]
    worth = special.expit(panels.z) * special.expit(-panels.z)
    p_best, losses = standings(panels, densities, worth=worth)
    return np.minimum(p_best @ weights, 1).tolist(), (losses @ weights).tolist()


def _shared_edges(given: Given) -> Array:
    """Panel edges for all variants given each m, shape (M, E): even ones, fit for the narrowest, where these are fewer
    than the edges of all variants together; so twenty alike cost little more than two.
    """
    edges = given.peak[..., None] + given.edges()
    low, high = edges.min(axis=(0, 2))[:, None], edges.max(axis=(0, 2))[:, None]
    narrowest = np.minimum(given.width.min(axis=0), 0.5)[:, None]
    even = math.ceil(float(((high - low) / (_EVEN * narrowest)).max())) + 1
    if even < edges.shape[0] * edges.shape[2]:
        evenly: Array = low + (high - low) * np.linspace(0, 1, even)
        return evenly
    logistic = [edge for edge in LOGISTIC_EDGES if low.min() < edge < high.max()]
    together = np.moveaxis(edges, 0, 1).reshape(len(low), -1)
    return np.sort(np.concatenate([together, np.clip(logistic, low, high)], axis=1), axis=1)
