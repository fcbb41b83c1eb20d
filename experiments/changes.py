"""What changed since a moment: the report of then against the report of now, in numbers and sentences."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from experiments.seen import Seen, SeenVariant
from experiments.words import lift_range, listing, name, plural, probability

_WORTH_SAYING: Final = 0.02  # of a probability


@dataclass(frozen=True, slots=True)
class VariantChange:
    """How a variant moved; counts are those that came since."""

    key: str
    served: int
    confirmed: int
    conversions: int
    p_best_before: float
    p_best_now: float

    def as_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "served": self.served,
            "confirmed": self.confirmed,
            "conversions": self.conversions,
            "p_best_before": self.p_best_before,
            "p_best_now": self.p_best_now,
        }


@dataclass(frozen=True, slots=True)
class Changes:
    """Since when, from what to what, and said in sentences, the most important first."""

    since: datetime
    before: Seen
    now: Seen
    variants: tuple[VariantChange, ...]
    sentences: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "since": self.since.isoformat(),
            "before": {"action": self.before.action, "variant": self.before.variant, "sentence": self.before.sentence},
            "now": {"action": self.now.action, "variant": self.now.variant, "sentence": self.now.sentence},
            "variants": [item.as_json() for item in self.variants],
            "sentences": list(self.sentences),
        }


def compare(before: Seen, now: Seen, *, noun: str) -> Changes:
    """What happened between two looks at the same phase.

    Args:
        noun: what a conversion is called.
    """
    earlier = {item.key: item for item in before.variants}
    pairs = [(earlier[item.key], item) for item in now.variants if item.key in earlier]
    return Changes(
        since=before.at,
        before=before,
        now=now,
        variants=tuple(
            VariantChange(
                key=item.key,
                served=item.served - then.served,
                confirmed=item.confirmed - then.confirmed,
                conversions=item.conversions - then.conversions,
                p_best_before=then.p_best,
                p_best_now=item.p_best,
            )
            for then, item in pairs
        ),
        sentences=tuple(_say(before, now, pairs, noun)),
    )


def _say(before: Seen, now: Seen, pairs: list[tuple[SeenVariant, SeenVariant]], noun: str) -> Iterator[str]:
    if (before.action, before.variant) != (now.action, now.variant):
        yield f"The verdict is another one. It was: {before.sentence}"
    came = sum(item.confirmed - then.confirmed for then, item in pairs)
    made = [(item.key, item.conversions - then.conversions) for then, item in pairs]
    if not came and not any(number for _, number in made):
        yield "Nobody new was counted."
        return
    each = listing([f"{name(key)} {number:+,}" for key, number in made])
    yield f"{plural(came, 'visitor')} more, and {noun}s by variant: {each}."
    for then, item in pairs:
        if abs(item.p_best - then.p_best) >= _WORTH_SAYING:
            went = "rose" if item.p_best > then.p_best else "fell"
            yield (
                f"{name(item.key)}'s probability to be the best {went} from {probability(then.p_best)} "
                f"to {probability(item.p_best)}."
            )
    for then, item in pairs:
        if None not in (then.lift_low, item.lift_low) and _has_narrowed(then, item):
            assert item.lift_low is not None
            assert item.lift_high is not None
            yield f"The lift of {name(item.key)} is known better now: between {lift_range(item.lift_low, item.lift_high)}."


def _has_narrowed(then: SeenVariant, item: SeenVariant) -> bool:
    """By a tenth or more, which a reader would see."""
    widths = [(seen.lift_high or 0.0) - (seen.lift_low or 0.0) for seen in (then, item)]
    return widths[1] <= 0.9 * widths[0]
