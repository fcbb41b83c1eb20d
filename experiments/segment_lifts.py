"""The lift in each segment, drawn toward the whole: most of what differs between segments is chance.

Segments are those of the first exposure, the day among them. Each dimension and variant is a family of its own, and p-values
are adjusted within it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import stats

_KEPT: Final = 512

Samples = Mapping[str, Sequence[stats.BinarySample]]  # level → one per variant


@dataclass(frozen=True, slots=True)
class SegmentLift:
    """A variant against control in one level of a dimension.

    `lift`, `low`, `high` (95 %) and `p_beats_control` are drawn toward the whole; `p_value` is the segment's own, None where it
    has too little to tell, and `p_adjusted` it after Benjamini and Hochberg. `discovery`: it differs from nothing, beyond what
    the number of segments explains.
    """

    level: str
    control_confirmed: int
    control_conversions: int
    confirmed: int
    conversions: int
    lift: float
    low: float
    high: float
    p_beats_control: float
    p_value: float | None
    p_adjusted: float | None
    discovery: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "level": self.level,
            "control_confirmed": self.control_confirmed,
            "control_conversions": self.control_conversions,
            "confirmed": self.confirmed,
            "conversions": self.conversions,
            "lift": self.lift,
            "low": self.low,
            "high": self.high,
            "p_beats_control": self.p_beats_control,
            "p_value": self.p_value,
            "p_adjusted": self.p_adjusted,
            "discovery": self.discovery,
        }


@dataclass(frozen=True, slots=True)
class SegmentLifts:
    """A variant in every level of one dimension.

    `heterogeneity`: P(lifts at least this uneven | all levels have the same), None where fewer than two tell anything.
    """

    dimension: str
    variant: str
    heterogeneity: float | None
    levels: tuple[SegmentLift, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "dimension": self.dimension,
            "variant": self.variant,
            "heterogeneity": self.heterogeneity,
            "levels": [item.as_json() for item in self.levels],
        }


def compare(dimension: str, samples: Samples, *, keys: Sequence[str], control: int) -> tuple[SegmentLifts, ...]:
    """Every variant but control in the levels of one dimension.

    Args:
        dimension: device, browser, source, returning, day, campaign or keyword.
        samples: of each level, in the order in which they are to be shown, one sample per variant.
        keys: of the variants.
        control: position of the one that the others are compared with.
    """
    challengers = [position for position in range(len(keys)) if position != control]
    return tuple(
        _compare(dimension, tuple((level, of[control], of[position]) for level, of in samples.items()), keys[position])
        for position in challengers
        if samples
    )


@lru_cache(maxsize=_KEPT)
def _compare(
    dimension: str, segments: tuple[tuple[str, stats.BinarySample, stats.BinarySample], ...], variant: str
) -> SegmentLifts:
    found = stats.compare_segments({level: (control, sample) for level, control, sample in segments})
    return SegmentLifts(
        dimension=dimension,
        variant=variant,
        heterogeneity=found.heterogeneity,
        levels=tuple(
            SegmentLift(
                level=item.name,
                control_confirmed=item.control.n,
                control_conversions=item.control.conversions,
                confirmed=item.variant.n,
                conversions=item.variant.conversions,
                lift=item.lift.median,
                low=item.lift.low,
                high=item.lift.high,
                p_beats_control=item.p_beats_control,
                p_value=item.p_value,
                p_adjusted=item.adjusted,
                discovery=item.discovery,
            )
            for item in found.segments
        ),
    )
