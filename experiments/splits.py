"""Did visitors come in the planned proportions in every segment too? A fault in one browser can hide in a sound whole.

So many segments are looked at that some would look broken by chance: their p-values are adjusted for that.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import stats
from experiments.autopsy import CONFIRMED, SERVED, split
from experiments.counts import Counted, Everybody

DIMENSIONS: Final = ("device", "browser", "source", "day")
MISMATCH_BELOW: Final = 0.001
_MIN_EXPECTED: Final = 5  # visitors per variant, for the chi-square distribution to hold


@dataclass(frozen=True, slots=True)
class SplitCheck:
    """The split among the visitors of one segment at one step; `p_adjusted` after Benjamini and Hochberg."""

    dimension: str
    level: str
    step: str  # served or confirmed
    counts: Everybody
    p_value: float
    p_adjusted: float

    @property
    def mismatch(self) -> bool:
        return self.p_adjusted < MISMATCH_BELOW

    def place(self) -> str:
        return f"{self.dimension} {self.level or '(none)'}"

    def as_json(self) -> dict[str, Any]:
        return {
            "dimension": self.dimension,
            "level": self.level,
            "step": self.step,
            "visitors": {item.key: getattr(item, self.step) for item in self.counts},
            "p_value": self.p_value,
            "p_adjusted": self.p_adjusted,
            "mismatch": self.mismatch,
        }


def check_splits(counted: Counted) -> tuple[SplitCheck, ...]:
    """The split at both steps in every segment that has visitors enough to tell, in the order of the dimensions."""
    found = list(_test(counted))
    adjusted = stats.adjust([p_value for *_, p_value in found]).p_values
    return tuple(SplitCheck(*item, p) for item, p in zip(found, adjusted, strict=True))


def _test(counted: Counted) -> Iterator[tuple[str, str, str, Everybody, float]]:
    for dimension in DIMENSIONS:
        for (_, level), counts in counted.of(dimension).items():
            for step in (SERVED, CONFIRMED):
                found = split(counts, step)
                expected = [mean for mean, item in zip(found.expected, counts, strict=True) if item.weight_bp]
                if found.p_value is not None and min(expected) >= _MIN_EXPECTED:
                    yield dimension, level, step, counts, found.p_value
