"""What was counted of one phase, as values: everybody, day by day, segment by segment, and who was left out.

Each visitor stands on the day and in the segments of the first exposure. Where the numbers come from is not known here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final


@dataclass(frozen=True, slots=True)
class VariantCounts:
    """Distinct visitors of one variant, each counted where they were first exposed."""

    key: str
    weight_bp: int
    served: int = 0
    confirmed: int = 0
    conversions: int = 0
    unconfirmed_conversions: int = 0
    multiply_exposed: int = 0
    simulated: int = 0

    @property
    def confirmed_share(self) -> float:
        return self.confirmed / self.served if self.served else 0.0

    def plus(self, numbers: Mapping[str, int]) -> "VariantCounts":
        return replace(self, **{name: getattr(self, name) + number for name, number in numbers.items()})


NUMBERS: Final = ("served", "confirmed", "conversions", "unconfirmed_conversions", "multiply_exposed", "simulated")
Everybody = Sequence[VariantCounts]  # one per variant, in the order of the phase
Segments = Mapping[tuple[str, str], Everybody]  # (dimension, level)


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of a phase. `by_day` and each dimension of `segments` add up to `totals`, and hold only what anybody
    was counted in. `filtered` counts distinct visitors by reason and the variant they were shown.
    """

    totals: Everybody
    by_day: Mapping[date, Everybody] = field(default_factory=dict)
    segments: Segments = field(default_factory=dict)
    filtered: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    goals: Mapping[str, Everybody] = field(default_factory=dict)

    def of(self, *dimensions: str) -> Segments:
        """The segments of some dimensions; the day is one of them."""
        days = {("day", day.isoformat()): counts for day, counts in self.by_day.items()} if "day" in dimensions else {}
        return {**{key: counts for key, counts in self.segments.items() if key[0] in dimensions}, **days}


def with_conversions_of(reached: Everybody, totals: Everybody) -> Everybody:
    """The totals, with the conversions of another goal in the place of their own."""
    return [
        replace(item, conversions=other.conversions, unconfirmed_conversions=other.unconfirmed_conversions)
        for item, other in zip(totals, reached, strict=True)
    ]


def add(groups: Iterable[Everybody], *, to: Everybody) -> list[VariantCounts]:
    """Groups summed up, variant by variant, onto one more."""
    total = list(to)
    for group in groups:
        total = [
            mine.plus({name: getattr(item, name) for name in NUMBERS}) for mine, item in zip(total, group, strict=True)
        ]
    return total
