"""Control and another variant among exchangeable ones, as a middle `a` of their log-odds and a gap `d` between them.

With a weight w control is at a - (1-w) d and the variant at a + w d. The middle is even, w = 1/2, unless one of the two
rates is by far the surer: then it is that rate, or else the gap would hang on it too steeply to be read off a few
middles. All of it is done for V variants against the same control.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stats.concave import DEPTH, climb, edges_around
from stats.level import Level
from stats.likelihood import Likelihood
from stats.message import Message
from stats.panels import Array, Panels

LIMIT = 400.0  # log-odds beyond anything that a float can tell from certainty


@dataclass(frozen=True, eq=False)
class Pairs:
    """`control` is one variant, `variants` are V; `message` is what the rest say of the mean of each pair's log-odds;
    `about`: the likeliest log-odds of control and of the variants, shape (V,); `weight`: w.
    """

    control: Likelihood
    variants: Likelihood
    message: Message
    tau: float
    about: tuple[Array, Array]
    weight: float = 0.5

    @classmethod
    def of(cls, level: Level, variants: Sequence[int], *, control: int, weight: float = 0.5) -> "Pairs":
        """`variants`, `control`: positions."""
        rows = np.array(variants)
        peaks = level.peaks[:, 0]
        return cls(
            control=level.likelihood.of_variants(control),
            variants=level.likelihood.of_variants(rows),
            message=level.messages([(control, i) for i in variants], spread=level.tau * math.sqrt(0.5)),
            tau=level.tau,
            about=(np.full(len(rows), peaks[control]), peaks[rows]),
            weight=weight,
        )

    def rates(self, a: Array, d: Array) -> tuple[Array, Array]:
        """The log-odds of control and of the variant."""
        return odds_of(a, d, self.weight)

    def log_density(self, a: Array, d: Array) -> Array:
        """But for what hangs on the middle alone, which `log_rest` has: a message is dear, a likelihood cheap."""
        control, variant = self.rates(a, d)
        log_density: Array = self.control.log(control) + self.variants.log(variant) - (d / self.tau) ** 2 / 4
        return log_density if self.weight == 0.5 else log_density + self.message.at(self._mean(a, d))

    def log_rest(self, a: Array) -> Array:
        """The rest of the log density: that of an even middle, which is the mean that the message is about."""
        return self.message.at(a) if self.weight == 0.5 else np.zeros_like(a)

    def log_mass(self, a: Array) -> Array:
        """Of the middles, about: by Laplace's approximation over the gap, shape (V, A)."""
        d, width = self.gaps(a)
        return self.log_density(a, d) + self.log_rest(a) + np.log(width)

    def gaps(self, a: Array) -> tuple[Array, Array]:
        """For each middle about the likeliest gap, and the width of its peak."""
        w, v, lever, precision = self.weight, 1 - self.weight, self.weight - 0.5, 0.5 / self.tau**2

        def slope_and_bend(d: Array) -> tuple[Array, Array]:
            control, variant = self.rates(a, d)
            of_control, bend_of_control = self.control.slope_and_bend(control)
            of_variant, bend_of_variant = self.variants.slope_and_bend(variant)
            slope = w * of_variant - v * of_control - precision * d
            bend = w * w * bend_of_variant + v * v * bend_of_control + precision
            if lever:
                of_mean, bend_of_mean = self.message.slope_and_bend(self._mean(a, d))
                slope, bend = slope + lever * of_mean, bend + lever * lever * bend_of_mean
            return slope, bend

        control, variant = self.about
        limit = np.full_like(a, LIMIT)
        start = np.zeros_like(a) + (variant - control).reshape((-1,) + (1,) * (a.ndim - 1))
        return climb(slope_and_bend, start, low=-limit, high=limit)

    @cached_property
    def peaks(self) -> tuple[Array, Array, Array]:
        """About the likeliest middle, the width of the middle at the likeliest gap, and their correlation: shape (V,)."""
        w, v, lever = self.weight, 1 - self.weight, self.weight - 0.5
        control, variant = self.about
        _, of_mean = self.message.slope_and_bend((control + variant) / 2)
        (_, of_control), (_, of_variant) = self.control.slope_and_bend(control), self.variants.slope_and_bend(variant)
        middle = of_control + of_variant + of_mean
        both = w * of_variant - v * of_control + lever * of_mean
        gap = w * w * of_variant + v * v * of_control + lever * lever * of_mean + 0.5 / self.tau**2
        return w * control + v * variant, 1 / np.sqrt(middle), both / np.sqrt(middle * gap)

    def _mean(self, a: Array, d: Array) -> Array:
        return a + (self.weight - 0.5) * d


class Slices:
    """The gap along given middles of shape (V, A): `gaps`, the nodes of its `panels`, shape (V, A, P, 20), and `density`
    there, each slice with an area of 1; `edges` between the panels; and `log_mass`, the log density of the middles.
    """

    def __init__(self, pairs: Pairs, middles: Array) -> None:
        peak, width = pairs.gaps(middles)
        top = pairs.log_density(middles, peak)

        def log_height(away: Array) -> Array:
            axes = (1,) * (away.ndim - peak.ndim)
            a, d, height = (values.reshape(values.shape + axes) for values in (middles, peak, top))
            return pairs.log_density(a, d + away) - height

        edges = edges_around(log_height, width, far=2 * pairs.tau * math.sqrt(DEPTH))
        self.panels = Panels.cut(edges)
        self.edges = peak[..., None] + edges
        self.gaps = peak[..., None, None] + self.panels.z
        density = np.exp(log_height(self.panels.z))
        area = self.panels.integral(density)
        self.density = density / area[..., None, None]
        self.log_mass = top + pairs.log_rest(middles) + np.log(area)


def odds_of(middle: Array, gap: Array, weight: float) -> tuple[Array, Array]:
    """The log-odds of control and of the variant."""
    return middle - (1 - weight) * gap, middle + weight * gap
