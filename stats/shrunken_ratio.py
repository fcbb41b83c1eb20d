"""The ratio of two rates among exchangeable ones, variant over control, and with it the lift.

The two are dependent, so one integral over the other will not do. Their log-odds are seen as a middle and a gap
(`stats.pairs`). Along a few middles the distribution of the gap is known everywhere; a lift is one gap for each middle,
in closed form, so that any probability of a lift costs a few look-ups.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from stats.concave import nodes_over
from stats.estimate import Estimate
from stats.invert import invert_interval
from stats.level import Level
from stats.pairs import LIMIT, Pairs, Slices, odds_of
from stats.panels import Array, Panels
from stats.smooth import Distributions

_APART = (
    0.22  # where rates are near 1 the gap of a lift grows like exp(middle), and its probability turns over within 1
)
_SKEWED = 0.97  # correlation of middle and gap beyond which the middle is moved onto the surer rate


@dataclass(frozen=True, slots=True, eq=False)
class ShrunkenRatio:
    """`middles` of shape (A,) with `weights` that sum to 1, and the gap's distribution for each.

    `weight`: where the middle lies. `moments`, `ends`: of log(variant / control), the mean, the variance and the third
    central moment, and between which values it lies. `mean_lift`: of variant / control - 1.
    """

    weight: float
    middles: Array
    weights: Array
    gaps: Distributions
    moments: tuple[float, float, float]
    ends: tuple[float, float]
    mean_lift: float

    @classmethod
    def of_all(cls, level: Level, *, control: int) -> list["ShrunkenRatio | None"]:
        """Of each variant over `control`, and None in the place of control."""
        others = [i for i in range(len(level.peaks)) if i != control]
        even = Pairs.of(level, others, control=control)
        _, _, correlation = even.peaks
        skewed = np.abs(correlation) > _SKEWED
        ratios: list[ShrunkenRatio | None] = [None] * len(level.peaks)
        for rows, weight in ((~skewed, 0.5), (skewed & (correlation < 0), 1.0), (skewed & (correlation > 0), 0.0)):
            taken = [i for i, wanted in zip(others, rows, strict=True) if wanted]
            if taken:
                fits = taken == others and weight == even.weight
                pairs = even if fits else Pairs.of(level, taken, control=control, weight=weight)
                for i, ratio in zip(taken, cls._of_each(pairs), strict=True):
                    ratios[i] = ratio
        return ratios

    @classmethod
    def _of_each(cls, pairs: Pairs) -> list["ShrunkenRatio"]:
        # The width at a given gap, not that of all middles: it is what the gap's distribution moves along a middle with.
        peak, width, _ = pairs.peaks
        middles, spacings = nodes_over(pairs.log_mass, peak, width, apart=_APART)
        slices = Slices(pairs, middles)
        weights = spacings * np.exp(slices.log_mass - slices.log_mass.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)

        def average(values: Array) -> Array:
            mean: Array = (slices.panels.integral(slices.density * values) * weights).sum(axis=1)
            return mean

        # The higher rate over the lower is 1 + (e^|d| - 1) (1 - the higher), which loses no digit on either side.
        control, variant = pairs.rates(middles[..., None, None], slices.gaps)
        more = np.expm1(np.abs(slices.gaps)) * special.expit(-np.maximum(control, variant))
        log_ratio = np.copysign(np.log1p(more), slices.gaps)
        lift = np.where(slices.gaps > 0, more, -more / (1 + more))
        mean, mean_lift = average(log_ratio), average(lift)
        away = log_ratio - mean[:, None, None, None]
        variance, third = average(away * away), average(away * away * away)
        return [
            cls(
                weight=pairs.weight,
                middles=middles[row],
                weights=weights[row],
                gaps=Distributions.of(slices.edges[row], slices.density[row]),
                moments=(float(mean[row]), float(variance[row]), float(third[row])),
                ends=(float(log_ratio[row].min()), float(log_ratio[row].max())),
                mean_lift=float(mean_lift[row]),
            )
            for row in range(len(middles))
        ]

    def p_above(self, log_ratio: float) -> float:
        """P(log(variant / control) > log_ratio)."""
        return min(float(self._tails(np.array([log_ratio]))[1][0]), 1.0)

    def lift(self, level: float) -> Estimate:
        """variant / control - 1, with the equal-tailed interval at `level`."""
        low, high = self.ends
        low, median, high = invert_interval(self._tails, level, moments=self.moments, low=low, high=high)
        return Estimate(mean=self.mean_lift, median=math.expm1(median), low=math.expm1(low), high=math.expm1(high))

    def joint(self) -> tuple[Array, Array, Array]:
        """Control's rate and the variant's at the nodes of their joint posterior, and weights that sum to 1: shape (N,)."""
        panels = Panels.cut(self.gaps.edges)
        weights = self.gaps.density * panels.weights * self.weights[:, None, None]
        control, variant = odds_of(self.middles[:, None, None], panels.z, self.weight)
        return special.expit(control).ravel(), special.expit(variant).ravel(), weights.ravel()

    def _tails(self, log_ratio: Array) -> tuple[Array, Array, Array]:
        """P(below), P(above) and the density of the log ratio, for N of them."""
        middles = self.middles[:, None]
        gaps = gaps_of(log_ratio, middles, self.weight)
        control, variant = odds_of(middles, gaps, self.weight)
        grows = self.weight * special.expit(-variant) + (1 - self.weight) * special.expit(-control)
        below, above, density = self.gaps.at(gaps)
        per_log_ratio = np.divide(density, grows, out=np.zeros_like(grows), where=density > 0)
        return self.weights @ below, self.weights @ above, self.weights @ per_log_ratio


def gaps_of(log_ratio: Array, middle: Array, weight: float) -> Array:
    """The gap that makes this ratio at this middle; as far as can be where the surer rate would have to exceed 1 for it."""
    if weight == 0.5:
        gaps: Array = log_ratio + 2 * np.arcsinh(np.sinh(log_ratio / 2) * np.exp(middle))
        return gaps
    toward = 1 if weight == 1 else -1
    log_rate = special.log_expit(middle) + toward * log_ratio
    rest = -np.expm1(np.minimum(log_rate, 0))
    log_rest = np.log(rest, out=np.full_like(rest, -np.inf), where=rest > 0)
    return toward * np.minimum(log_rate - log_rest - middle, LIMIT)
