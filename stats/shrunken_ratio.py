"""The ratio of two rates among exchangeable ones, variant over control, and with it the lift.

The two are dependent, so one integral over the other will not do. Their log-odds are seen as a middle `a` and a gap
`d`: control is at a - (1-w) d and the variant at a + w d. Along a few middles the distribution of the gap is known
everywhere; a lift is one gap for each middle, in closed form, so that any probability of a lift costs a few look-ups.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from stats.concave import DEPTH, climb, edges_around, nodes_over
from stats.estimate import Estimate
from stats.invert import invert
from stats.level import Level
from stats.likelihood import Likelihood
from stats.panels import Array, Panels
from stats.smooth import Distributions, Smooth

_SKEWED = 0.9  # correlation of middle and gap beyond which the middle is moved onto the surer rate


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """The joint posterior of the two. `weight` is w: 1/2, or 1 or 0 where control or the variant is by far the surer."""

    control: Likelihood
    variant: Likelihood
    message: Smooth  # what the other variants say of the mean of the two
    tau: float
    weight: float

    def rates(self, a: Array, d: Array) -> tuple[Array, Array]:
        """The log-odds of control and of the variant."""
        return a - (1 - self.weight) * d, a + self.weight * d

    def log_density(self, a: Array, d: Array) -> Array:
        control, variant = self.rates(a, d)
        middle = self.message.at(a + (self.weight - 0.5) * d)
        log_density: Array = self.control.log(control) + self.variant.log(variant) + middle
        return log_density - (d / self.tau) ** 2 / 4

    def slopes(self, a: Array, d: Array) -> tuple[Array, Array]:
        """The derivatives of the log density by the middle and by the gap."""
        control, variant = self.rates(a, d)
        slope, _ = self.message.slope_and_bend(a + (self.weight - 0.5) * d)
        of_control, of_variant = self.control.score(control), self.variant.score(variant)
        by_gap = self.weight * of_variant - (1 - self.weight) * of_control + (self.weight - 0.5) * slope
        return of_control + of_variant + slope, by_gap - d / self.tau**2 / 2

    def bends(self, a: Array, d: Array) -> tuple[Array, Array, Array]:
        """The second derivatives, their sign turned: by the middle, by both, by the gap."""
        control, variant = self.rates(a, d)
        _, curvature = self.message.slope_and_bend(a + (self.weight - 0.5) * d)
        of_control, of_variant, of_both = (
            self.control.information(control),
            self.variant.information(variant),
            np.maximum(-curvature, 0),
        )
        w, v = self.weight, 1 - self.weight
        by_gap = w * w * of_variant + v * v * of_control + (w - 0.5) ** 2 * of_both + 1 / self.tau**2 / 2
        return of_control + of_variant + of_both, w * of_variant - v * of_control + (w - 0.5) * of_both, by_gap

    def gaps(self, a: Array) -> tuple[Array, Array]:
        """For each middle the likeliest gap, and the width of its peak."""
        limit = np.full_like(a, 400.0)
        return climb(lambda d: (self.slopes(a, d)[1], self.bends(a, d)[2]), np.zeros_like(a), low=-limit, high=limit)

    def peak(self, low: float, high: float) -> tuple[float, float, float]:
        """The likeliest middle between `low` and `high`, the width of the middle there, and its correlation with the gap."""

        def slope_and_bend(a: Array) -> tuple[Array, Array]:
            d, _ = self.gaps(a)
            by_middle, by_both, by_gap = self.bends(a, d)
            return self.slopes(a, d)[0], np.maximum(by_middle - by_both**2 / by_gap, 1e-9)

        ends = np.array([[low], [high]])
        a, width = climb(slope_and_bend, ends.mean(axis=0), low=ends[0], high=ends[1])
        by_middle, by_both, by_gap = self.bends(a, self.gaps(a)[0])
        return float(a[0]), float(width[0]), float((by_both / np.sqrt(by_middle * by_gap))[0])


@dataclass(frozen=True, slots=True, eq=False)
class ShrunkenRatio:
    """`middles` of shape (A,) with `weights` that sum to 1; the gap's distribution for each."""

    pair: Pair
    middles: Array
    weights: Array
    gaps: Distributions
    mean_lift: float
    log_mean: float  # mean, standard deviation and skewness of log(variant / control), and where it ends
    log_deviation: float
    log_skewness: float
    log_ends: tuple[float, float]

    @classmethod
    def of(cls, level: Level, variant: int, *, control: int) -> "ShrunkenRatio":
        """Of two variants of `level`, by their positions."""
        message = level.message([control, variant], spread=level.tau * math.sqrt(0.5))
        pair = Pair(level.likelihood.one(control), level.likelihood.one(variant), message, level.tau, weight=0.5)
        peak, width, correlation = pair.peak(*level.reach)
        if abs(correlation) > _SKEWED:
            pair = Pair(pair.control, pair.variant, message, level.tau, weight=1.0 if correlation < 0 else 0.0)
            peak, width, _ = pair.peak(*level.reach)
        middles, weights = nodes_over(lambda a: Slices(pair, a).log_mass, peak=peak, width=width)
        slices = Slices(pair, middles)

        def average(values: Array) -> float:
            return float(slices.panels.integral(slices.density * values) @ weights)

        below, above = pair.rates(middles[:, None, None], slices.gaps)
        log_ratio = special.log_expit(above) - special.log_expit(below)
        mean = average(log_ratio)
        deviation = math.sqrt(average((log_ratio - mean) ** 2))
        return cls(
            pair=pair,
            middles=middles,
            weights=weights,
            gaps=Distributions.of(slices.edges, slices.density),
            mean_lift=average(np.expm1(log_ratio)),
            log_mean=mean,
            log_deviation=deviation,
            log_skewness=average((log_ratio - mean) ** 3) / deviation**3,
            log_ends=(float(log_ratio.min()), float(log_ratio.max())),
        )

    def p_above(self, log_ratio: float) -> float:
        """P(log(variant / control) > log_ratio)."""
        return min(self._tails(log_ratio)[1], 1.0)

    def lift(self, level: float) -> Estimate:
        """variant / control - 1, with the equal-tailed interval at `level`."""
        tail = (1 - level) / 2
        return Estimate(
            mean=self.mean_lift,
            median=math.expm1(self._quantile(0.5)),
            low=math.expm1(self._quantile(tail)),
            high=math.expm1(self._quantile(tail, upper=True)),
        )

    def _tails(self, log_ratio: float) -> tuple[float, float, float]:
        """P(below), P(above) and the density of the log ratio."""
        gaps = self._gaps_at(log_ratio)
        control, variant = self.pair.rates(self.middles, np.clip(gaps, -400, 400))
        grows = self.pair.weight * special.expit(-variant) + (1 - self.pair.weight) * special.expit(-control)
        below, above, density = (values[:, 0] for values in self.gaps.at(gaps[:, None]))
        per_log_ratio = np.divide(density, grows, out=np.zeros_like(grows), where=density > 0)
        return float(below @ self.weights), float(above @ self.weights), float(per_log_ratio @ self.weights)

    def _gaps_at(self, log_ratio: float) -> Array:
        """For each middle the gap that makes this ratio, infinite where the surer rate would have to exceed 1 for it."""
        a = self.middles
        if self.pair.weight == 0.5:
            return log_ratio + 2 * np.arcsinh(math.sinh(log_ratio / 2) * np.exp(a))
        toward = 1 if self.pair.weight == 1 else -1
        log_rate = special.log_expit(a) + toward * log_ratio
        rest = -np.expm1(np.minimum(log_rate, 0))
        gaps = np.full_like(a, np.inf)
        np.log(rest, out=gaps, where=rest > 0)
        return toward * np.where(rest > 0, log_rate - gaps - a, np.inf)

    def _quantile(self, p: float, *, upper: bool = False) -> float:
        normal = (-1 if upper else 1) * float(special.ndtri(p))
        start = self.log_mean + self.log_deviation * (normal + (normal * normal - 1) * self.log_skewness / 6)
        low, high = self.log_ends
        return invert(self._tails, p, upper=upper, start=start, low=low, high=high)


class Slices:
    """The density of the gap along given middles: `gaps`, its panels' nodes, shape (A, P, 20), `density` there, each
    slice of area 1, `edges` of the panels, and `log_mass`, the log density of the middles themselves but for a constant.
    """

    def __init__(self, pair: Pair, middles: Array) -> None:
        peak, width = pair.gaps(middles)
        top = pair.log_density(middles, peak)

        def log_height(away: Array) -> Array:
            a, d, height = (values.reshape(values.shape + (1,) * (away.ndim - 1)) for values in (middles, peak, top))
            return pair.log_density(a, d + away) - height

        edges = edges_around(log_height, width, far=2 * pair.tau * math.sqrt(DEPTH))
        self.panels = Panels.cut(edges)
        self.edges = peak[:, None] + edges
        self.gaps = peak[:, None, None] + self.panels.z
        density = np.exp(log_height(self.panels.z))
        area = self.panels.integral(density)
        self.density = density / area[:, None, None]
        self.log_mass = top + np.log(area)
