"""The posterior of revenue per visitor: the share that pays times the mean of what the paying pay, as a curve over logs.

Amounts are taken for log-normal. The mean of a log-normal is exp(μ + σ²/2), and under the usual priors on σ² it has no
expectation at all, nor has any loss; the prior used here falls off fast enough that both exist for every sample.

Source: Fabrizi and Trivisano, Bayesian estimation of log-normal means with finite quadratic expected loss, Bayesian
Analysis 7, 2012.
"""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import special

from stats.beta import Beta
from stats.curve import Curve
from stats.log_curve import LogCurve, enclose
from stats.panels import LOGISTIC_EDGES, Array, Panels
from stats.samples import LOG_UNITS, RevenueSample
from stats.table import Table, log_integral

# σ² ~ inverse Gaussian, density ∝ σ²^(-3/2) exp(-(DELTA2 / σ² + GAMMA2 σ²) / 2): its mean is 0.5, and GAMMA2 > 2 is
# what makes the mean amount's expectation exist however few have paid. It weighs as much as a single paying visitor.
DELTA2, GAMMA2 = 1.0, 4.0
CENTRE_WEIGHT = 1.0  # paying visitors that the centre of all amounts counts for, in μ ~ N(centre, σ² / 1)
_DEEP = 60.0  # as `log_curve` encloses, and a little more: tails of amounts are long
_SCALES_DEEP = 150.0  # σ² is enclosed further out, as large ones make most of a far tail

# The mean amount is integrated over while its panels, as wide as its deviation, resolve the share's density: where that
# is not much narrower, and is smooth up to a share of 1.
_WIDEST, _SMOOTH = 3.0, 64.0
_LEAST = 1e-300


@dataclass(frozen=True, slots=True)
class Amounts:
    """What is believed of one variant's log amounts: μ | σ² ~ N(centre, σ² / weight), and σ² generalised inverse
    Gaussian, its log's density ∝ exp(order · v - (delta2 e^-v + GAMMA2 e^v) / 2)."""

    centre: float
    weight: float
    order: float
    delta2: float

    @classmethod
    def of(cls, sample: RevenueSample, centre: float) -> "Amounts":
        """The posterior after `sample`, of which `centre` is the prior's centre of log amounts."""
        paying = sample.paying
        weight = CENTRE_WEIGHT + paying
        if paying == 0:
            return cls(centre, weight, order=-0.5, delta2=DELTA2)
        own = sample.total_log / paying / LOG_UNITS
        spread = (paying * sample.total_log2 - sample.total_log**2) / paying / LOG_UNITS**2
        return cls(
            centre=centre + (own - centre) * paying / weight,
            weight=weight,
            order=-(1 + paying) / 2,
            delta2=DELTA2 + spread + (own - centre) ** 2 * CENTRE_WEIGHT * paying / weight,
        )


def hurdle_curve(share: Beta, amounts: Amounts) -> LogCurve:
    """The curve of share · exp(μ + σ²/2)."""
    curve, log_means = Curve.of(share), _LogMeans.of(amounts)
    deviation = math.sqrt(float(special.zeta(2, share.a) - special.zeta(2, share.a + share.b)))
    resolved = log_means.deviation < _WIDEST * deviation and share.b > _SMOOTH
    pieces = 1 + int(2 * deviation / log_means.deviation)
    table = log_means.table()
    log_height = partial(_over_means, curve, table) if resolved else partial(_over_shares, curve, table, pieces)
    mean = float(special.digamma(share.a) - special.digamma(share.a + share.b)) + log_means.mean
    edges = enclose(log_height, peak=mean, width=math.hypot(deviation, log_means.deviation), depth=_DEEP, tilt=1)
    total = share.a + share.b
    return LogCurve.of(
        Table.of(log_height, edges),
        edges,
        mean=share.a / total * log_means.expectation(1),
        inverse_mean=(total - 1) / (share.a - 1) * log_means.expectation(-1) if share.a > 1 else math.inf,
    )


def _over_means(share: Curve, log_mean: Table, u: Array) -> Array:
    """The log density at u, integrated over the log of the mean amount: cheap, as the share's density is a formula."""
    panels = Panels.between([log_mean.edges], log_mean.edges[0], log_mean.edges[-1])
    log_share = np.minimum(u[..., None, None] - panels.z, -_LEAST)
    rest = -np.expm1(log_share)
    with np.errstate(divide="ignore"):
        logs = np.log(share.density(log_share - np.log(rest)) / rest)
    return log_integral(panels, logs + log_mean(panels.z))


def _over_shares(share: Curve, log_mean: Table, pieces: int, u: Array) -> Array:
    """The same integrated over the share's log-odds, for a share that has a pole at 1, or is known far better.

    Each panel is cut into as many `pieces` as the density of the mean amount is narrower.
    """
    count = len(share.edges)
    finer = np.interp(np.arange(pieces * (count - 1) + 1) / pieces, np.arange(count), share.edges)
    panels = Panels.between([finer, LOGISTIC_EDGES], share.edges[0], share.edges[-1])
    logs = np.log(share.density(panels.z))
    return log_integral(panels, logs + log_mean(u[..., None, None] - special.log_expit(panels.z)))


@dataclass(frozen=True, slots=True, eq=False)
class _LogMeans:
    """The log of the mean amount, μ + σ²/2: a mixture of normals over σ², which has the density exp(log_density) per
    unit of its log, at the nodes of `panels`."""

    amounts: Amounts
    panels: Panels
    log_density: Array
    mean: float
    deviation: float

    @classmethod
    def of(cls, amounts: Amounts) -> "_LogMeans":
        order, delta2 = amounts.order, amounts.delta2
        peak = delta2 / (math.sqrt(order * order + delta2 * GAMMA2) - order)
        log_height = partial(_log_height, math.log(peak), delta2 / peak / 2, GAMMA2 * peak / 2)
        width = min(1 / math.sqrt(delta2 / peak / 2 + GAMMA2 * peak / 2), 1.0)
        edges = enclose(log_height, peak=math.log(peak), width=width, depth=_SCALES_DEEP)
        panels = Panels.between([edges], edges[0], edges[-1])
        heights = log_height(panels.z)
        heights = heights - log_integral(panels, heights)
        density, scales = np.exp(heights), np.exp(panels.z)
        scale = float(panels.integral(density * scales))
        variance = scale / amounts.weight + float(panels.integral(density * (scales - scale) ** 2)) / 4
        return cls(amounts, panels, heights, mean=amounts.centre + scale / 2, deviation=math.sqrt(variance))

    def table(self) -> Table:
        edges = enclose(self._at, peak=self.mean, width=self.deviation, depth=_DEEP, tilt=1)
        return Table.of(self._at, edges)

    def expectation(self, power: int) -> float:
        """E[exp(power · η)]: of the mean amount itself, or of one divided by it."""
        gain = (power + power * power / self.amounts.weight) / 2
        logs = self.log_density + gain * np.exp(self.panels.z)
        return math.exp(float(log_integral(self.panels, logs)) + power * self.amounts.centre)

    def _at(self, x: Array) -> Array:
        scales, weight = np.exp(self.panels.z), self.amounts.weight
        offset = x[..., None, None] - self.amounts.centre - scales / 2
        logs = self.log_density - 0.5 * (self.panels.z + offset * offset * (weight / scales))
        return log_integral(self.panels, logs) + 0.5 * math.log(weight / (2 * math.pi))


def _log_height(peak: float, heavy: float, light: float, v: Array) -> Array:
    """Of the log of a generalised inverse Gaussian, about its peak: two terms that never cancel."""
    d = v - peak
    return -heavy * (np.expm1(-d) + d) - light * (np.expm1(d) - d)
