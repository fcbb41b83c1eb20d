"""The ratio of two independent rates, variant over control, and with it the lift.

P(variant <= control · k) is one integral over log-odds, taken over whichever rate gets *divided*: the other rate's
argument then stays below 1 and the integrand has no corner, for any k. Quantiles are found on that integral by
Newton's method inside a bracket; nothing is drawn, and no normal stands in for a posterior.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from stats.beta import Beta
from stats.curve import Curve
from stats.estimate import Estimate
from stats.invert import invert
from stats.panels import LOGISTIC_EDGES, Array, Panels

_NEGLIGIBLE = 1e-12  # of the mass, for one of some 40,000 nodes


@dataclass(frozen=True, slots=True, eq=False)
class Ratio:
    """variant / control, from the posterior of each."""

    variant: Curve
    control: Curve

    def p_above(self, log_ratio: float) -> float:
        """P(log(variant / control) > log_ratio)."""
        tail, _ = self._tail(log_ratio)
        return min(tail if log_ratio >= 0 else 1 - tail, 1.0)

    def lift(self, level: float) -> Estimate:
        """variant / control - 1, with the equal-tailed interval at `level`."""
        tail = (1 - level) / 2
        return Estimate(
            mean=self._mean() - 1,
            median=math.expm1(self._quantile(0.5)),
            low=math.expm1(self._quantile(tail)),
            high=math.expm1(self._quantile(tail, upper=True)),
        )

    def joint(self) -> tuple[Array, Array, Array]:
        """Control's rate and the variant's at the nodes of their joint posterior, and weights that sum to 1: shape (N,)."""
        control, control_weights = self.control.nodes()
        variant, variant_weights = self.variant.nodes()
        weights = np.multiply.outer(control_weights, variant_weights).ravel()
        kept = weights > _NEGLIGIBLE
        both = np.meshgrid(special.expit(control), special.expit(variant), indexing="ij")
        return both[0].ravel()[kept], both[1].ravel()[kept], weights[kept] / weights[kept].sum()

    def _mean(self) -> float:
        """E[variant] · E[1 / control], and the second is infinite unless control's posterior has a > 1."""
        top, bottom = self.variant.beta, self.control.beta
        if bottom.a <= 1:
            return math.inf
        return top.a / (top.a + top.b) * ((bottom.a + bottom.b - 1) / (bottom.a - 1))

    def _tail(self, log_ratio: float) -> tuple[float, float]:
        """The probability beyond `log_ratio`, on the side away from zero, and the density of the log ratio there.

        With s = |log_ratio| that is P(control <= variant · exp(-s)) from zero up, P(variant <= control · exp(-s)) below.
        """
        outer, inner = (self.variant, self.control) if log_ratio >= 0 else (self.control, self.variant)
        shift = abs(log_ratio)
        inner_edges = _moved(inner.edges, shift)
        if inner_edges.size == 0 or inner_edges[0] >= outer.edges[-1]:
            return 0.0, 0.0
        edges = [outer.edges, inner_edges, LOGISTIC_EDGES, LOGISTIC_EDGES + _ceiling(shift)]
        panels = Panels.between(edges, inner_edges[0], outer.edges[-1])
        log_rate = special.log_expit(panels.z) - shift  # of the inner, where it meets the outer at z
        rest = -np.expm1(log_rate)
        inner_density = inner.density(log_rate - np.log(rest)) / rest  # per unit of its log
        below, _ = panels.running(inner_density * special.expit(-panels.z))
        outer_density = outer.density(panels.z)
        return float(panels.integral(outer_density * below)), float(panels.integral(outer_density * inner_density))

    def _quantile(self, p: float, *, upper: bool = False) -> float:
        """The log ratio with probability `p` below it, or above."""
        return invert(
            self._tails,
            p,
            upper=upper,
            start=self._guess((-1 if upper else 1) * float(special.ndtri(p))),
            low=float(special.log_expit(self.variant.edges[0]) - special.log_expit(self.control.edges[-1])),
            high=float(special.log_expit(self.variant.edges[-1]) - special.log_expit(self.control.edges[0])),
        )

    def _tails(self, log_ratio: float) -> tuple[float, float, float]:
        tail, density = self._tail(log_ratio)
        return (1 - tail, tail, density) if log_ratio >= 0 else (tail, 1 - tail, density)

    def _guess(self, normal: float) -> float:
        """Where a normal quantile lies in a distribution with the log ratio's first three cumulants.

        Source: Cornish and Fisher, Moments and cumulants in the specification of distributions, 1938.
        """
        mean, variance, third = _log_cumulants(self.variant.beta)
        control_mean, control_variance, control_third = _log_cumulants(self.control.beta)
        scale = math.sqrt(variance + control_variance)
        skewness = (third - control_third) / scale**3
        return mean - control_mean + scale * (normal + (normal * normal - 1) * skewness / 6)


def _moved(z: Array, shift: float) -> Array:
    """The log-odds of exp(shift) times the rates at `z`, as far as they are rates."""
    log_rate = special.log_expit(z) + shift
    log_rate = log_rate[log_rate < 0]
    return log_rate - np.log(-np.expm1(log_rate))


def _ceiling(shift: float) -> float:
    """The log-odds beyond which the inner rate no longer grows, being held below exp(-shift)."""
    return -math.log(-math.expm1(-shift)) if shift > 0 else math.inf


def _log_cumulants(beta: Beta) -> tuple[float, float, float]:
    """Mean, variance and third cumulant of the log of a rate."""
    a, n = beta.a, beta.a + beta.b
    return (
        float(special.digamma(a) - special.digamma(n)),
        float(special.zeta(2, a) - special.zeta(2, n)),
        2 * float(special.zeta(3, n) - special.zeta(3, a)),
    )
