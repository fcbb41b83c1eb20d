"""Variants compared by a positive mean of any kind, each known by the curve of its posterior over the log.

The kinds (events, money, ratios) bring the curves and say what they mean; here they are only held against each other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from stats.contest import contest
from stats.domain import find_finite
from stats.errors import ControlHasNoLift, InvalidLift
from stats.estimate import Estimate
from stats.log_curve import LogCurve, LogRatio
from stats.panels import Panels

Sample = TypeVar("Sample")


@dataclass(frozen=True, slots=True)
class MeanVariant(Generic[Sample]):
    """One variant's result.

    `mean`: what one visitor brings, in the unit of the comparison. `p_best`: P(this mean is the highest of all).
    `expected_loss`: E[highest mean] - E[this mean], in the same unit, what choosing this variant gives away on average.
    `p_beats_control` and `lift` (variant / control - 1) are None for control.
    """

    sample: Sample
    mean: Estimate
    p_best: float
    p_beats_control: float | None
    expected_loss: float
    lift: Estimate | None
    ratio: LogRatio | None = field(repr=False, compare=False)

    def p_lift_above(self, r: float) -> float:
        """P(variant / control - 1 > r), for any finite r; it is 1 for -1 and less.

        Raises:
            ControlHasNoLift: this variant is control.
            InvalidLift: r is not a finite number.
        """
        if self.ratio is None:
            raise ControlHasNoLift("control has no lift over itself", self.sample)
        lift = find_finite(r)
        if lift is None:
            raise InvalidLift("a lift must be a finite number", r)
        return self.ratio.p_above(math.log1p(lift)) if lift > -1 else 1.0


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
                lift=None if ratio is None else ratio.lift(level),
                ratio=ratio,
            )
        )
    return tuple(variants)
