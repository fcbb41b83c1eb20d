"""Where the visitors of a broken split were lost: at which step, and on which device or in which browser.

It is asked once a split is known to be broken. A place is named only where nothing is lost outside of it, and a handful of
visitors elsewhere is not taken for that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import stats
from experiments.counts import Everybody, Segments, VariantCounts, add
from experiments.words import listing, name, share

_LOSS_BELOW: Final = 0.01  # p-value below which two shares of confirmed visitors are called different
_LOSS_IN_PLACE_BELOW: Final = 0.001  # many places are looked at
_REST_IS_FINE: Final = 0.05
_SHARE_OF_REST: Final = 0.1  # of all visitors: with fewer elsewhere, a loss is called general
_MIN_EXPECTED: Final = 5  # visitors, for the chi-square distribution to hold

SERVED: Final = "served"
CONFIRMED: Final = "confirmed"


@dataclass(frozen=True, slots=True)
class Autopsy:
    """What is known of a broken split.

    `step`: "served" where pages were handed out unevenly, "confirmed" where visitors were lost between served and
    confirmed, empty where no one step explains it. `dimension` and `levels`: outside of which nothing is lost; empty
    where the loss is general. `lost`: the variant that lost most, and the share of its visitors that confirmed; `kept`:
    the one that lost least. Both only where they were lost between served and confirmed.
    """

    step: str
    dimension: str = ""
    levels: tuple[str, ...] = ()
    lost: tuple[str, float] | None = None
    kept: tuple[str, float] | None = None

    def sentence(self) -> str:
        if self.step == SERVED:
            return "The split is wrong from the start: when pages are served."
        if self.lost is None or self.kept is None:
            return "The split was already leaning when pages were served; no one step loses them."
        where = f", on {self.dimension} {listing(self.levels)}" if self.levels else ""
        return (
            f"The loss happens between served and confirmed{where}: "
            f"{share(self.lost[1])} of {name(self.lost[0])}'s visitors confirmed, "
            f"{share(self.kept[1])} of {name(self.kept[0])}'s. "
            f"{name(self.lost[0])} may fail to load{' there' if where else ''}."
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "dimension": self.dimension,
            "levels": list(self.levels),
            "lost": None if self.lost is None else {"variant": self.lost[0], "confirmed_share": self.lost[1]},
            "kept": None if self.kept is None else {"variant": self.kept[0], "confirmed_share": self.kept[1]},
        }


def examine(counts: Everybody, segments: Segments) -> Autopsy | None:
    """Why the split is broken; None where it is not.

    Args:
        counts: of all visitors, one per variant.
        segments: the same visitors by device and browser, to say where they are lost.
    """
    if split(counts, SERVED).mismatch:
        return Autopsy(step=SERVED)
    if not split(counts, CONFIRMED).mismatch:
        return None
    if not _loses(counts, below=_LOSS_BELOW):
        return Autopsy(step="")
    worst = min(counts, key=lambda item: item.confirmed_share)
    best = max(counts, key=lambda item: item.confirmed_share)
    dimension, levels = _find_place(segments)
    return Autopsy(
        step=CONFIRMED,
        dimension=dimension,
        levels=levels,
        lost=(worst.key, worst.confirmed_share),
        kept=(best.key, best.confirmed_share),
    )


def split(counts: Everybody, step: str) -> stats.Srm:
    """Whether the visitors of a step, "served" or "confirmed", came in the proportions of the weights."""
    return stats.srm([getattr(item, step) for item in counts], [item.weight_bp for item in counts])


def _find_place(segments: Segments) -> tuple[str, tuple[str, ...]]:
    """The device or browser outside of which nothing is lost; nothing where the loss is general."""
    for dimension in ("device", "browser"):
        levels = {level: counts for (kind, level), counts in segments.items() if kind == dimension}
        lossy = sorted(level for level, counts in levels.items() if _loses(counts, below=_LOSS_IN_PLACE_BELOW))
        rest = [counts for level, counts in levels.items() if level not in lossy]
        if lossy and _says_something(rest, levels.values()) and not _loses(_pool(rest), below=_REST_IS_FINE):
            return dimension, tuple(lossy)
    return "", ()


def _says_something(rest: Sequence[Everybody], everything: Iterable[Everybody]) -> bool:
    """Whether enough visitors came elsewhere to say that all is well there: a handful shows no loss either."""
    elsewhere, everybody = (sum(item.served for counts in parts for item in counts) for parts in (rest, everything))
    return elsewhere >= _SHARE_OF_REST * everybody


def _loses(counts: Everybody, *, below: float) -> bool:
    """Whether some variants confirm a smaller share of their served visitors than others, beyond chance.

    Confirmed visitors are held against served ones as if those were weights, which understates the evidence a little.
    """
    served = [item.served for item in counts]
    if not any(served):
        return False
    found = stats.srm([item.confirmed for item in counts], served)
    enough = min(expected for expected in found.expected if expected or not any(found.expected)) >= _MIN_EXPECTED
    return enough and found.p_value is not None and found.p_value < below


def _pool(parts: Sequence[Everybody]) -> list[VariantCounts]:
    return add(parts[1:], to=parts[0])
