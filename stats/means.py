"""Variants compared by a positive mean of any kind, each known by the curve of its posterior over the log.

The kinds (events, money, ratios) bring the curves and say what they mean; here they are only held against each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from stats.contest import contest
from stats.density import Density
from stats.domain import check_probability, find_whole
from stats.errors import InvalidPoints
from stats.estimate import Estimate
from stats.lift import OverControl
from stats.log_curve import LogCurve, LogRatio
from stats.panels import Panels

Sample = TypeVar("Sample")


@dataclass(frozen=True, slots=True)
class MeanVariant(OverControl, Generic[Sample]):
    """One variant's result.

    `mean`: what one visitor brings, in the unit of the comparison. `p_best`: P(this mean is the highest of all).
    `expected_loss`: E[highest mean] - E[this mean], in the same unit, what choosing this variant gives away on average;
    `relative_loss` is that divided by the mean of control's mean. `p_beats_control` and `lift` (variant / control - 1) are
    None for control.
    """

    sample: Sample
    mean: Estimate
    p_best: float
    p_beats_control: float | None
    expected_loss: float
    relative_loss: float
    lift: Estimate | None
    curve: LogCurve = field(repr=False, compare=False)
    ratio: LogRatio | None = field(repr=False, compare=False)

    def mean_at(self, level: float) -> Estimate:
        """The mean with an interval of another mass, strictly between 0 and 1.

        Raises:
            InvalidProbability.
        """
        return self.curve.estimate(check_probability("level", level))

    def density(self, points: int = 201) -> Density:
        """The mean's posterior for a plot, per unit of the mean, from its 0.01 % to its 99.99 % quantile.

        Raises:
            InvalidPoints: fewer than two, or not whole.
        """
        count = find_whole(points)
        if count is None or count < 2:
            raise InvalidPoints("a plot needs a whole number of points, two or more", points)
        ends = self.curve.estimate(1 - 2e-4)
        x = np.linspace(ends.low, ends.high, count)
        return Density(x=tuple(x.tolist()), y=tuple((self.curve.density(np.log(x)) / x).tolist()))


def compare_means(
    samples: Sequence[Sample], curves: Sequence[LogCurve], *, control: int, level: float
) -> tuple[MeanVariant[Sample], ...]:
    """The variants in the order of the samples, `curves` being their posteriors; two or more."""
    low = min(curve.edges[0] for curve in curves)
    high = max(curve.edges[-1] for curve in curves)
    panels = Panels.between([curve.edges for curve in curves], low, high)
    densities = np.stack([curve.density(panels.z) for curve in curves])
    p_best, losses, p_beats_control = contest(panels, densities, worth=np.exp(panels.z), control=control)
    variants = []
    for i, (sample, curve) in enumerate(zip(samples, curves, strict=True)):
        ratio = None if i == control else LogRatio(variant=curve, control=curves[control])
        variants.append(
            MeanVariant(
                sample=sample,
                mean=curve.estimate(level),
                p_best=p_best[i],
                p_beats_control=None if ratio is None else p_beats_control[i],
                expected_loss=losses[i],
                relative_loss=losses[i] / curves[control].mean,
                lift=None if ratio is None else ratio.lift(level),
                curve=curve,
                ratio=ratio,
            )
        )
    return tuple(variants)
