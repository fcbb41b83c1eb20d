"""Where the visitors of a broken split were lost: at which step, of which variant, on which device or in which browser."""

from collections.abc import Sequence
from typing import Any, Final

import stats
from lander.verification.saved import Cell, Counts, Saved

STEPS: Final = ("served", "confirmed")
_PLACES: Final = ("device", "browser")
_LOSS_BELOW: Final = 0.01
_LOSS_IN_PLACE_BELOW: Final = 0.001
_REST_IS_FINE: Final = 0.05
_SHARE_OF_REST: Final = 0.1
_MIN_EXPECTED: Final = 5

Tree = dict[str, Any]


def split(counts: Sequence[Counts], step: str) -> stats.Srm:
    return stats.srm([getattr(item, step) for item in counts], [item.weight_bp for item in counts])


def recompute_autopsy(saved: Saved) -> Tree | None:
    counts = saved.counts
    nowhere: Tree = {"dimension": "", "levels": [], "lost": None, "kept": None}
    if split(counts, "served").mismatch:
        return {"step": "served", **nowhere}
    if not split(counts, "confirmed").mismatch:
        return None
    if not _loses(counts, below=_LOSS_BELOW):
        return {"step": "", **nowhere}
    dimension, levels = _find_place(saved.segments)
    worst, best = min(counts, key=_confirmed_share), max(counts, key=_confirmed_share)
    return {
        "step": "confirmed",
        "dimension": dimension,
        "levels": levels,
        "lost": {"variant": worst.key, "confirmed_share": _confirmed_share(worst)},
        "kept": {"variant": best.key, "confirmed_share": _confirmed_share(best)},
    }


def by_level(cells: Sequence[Cell], dimension: str) -> dict[str, list[Counts]]:
    """The variants' counts in each level of a dimension, in the order of the file."""
    levels: dict[str, list[Counts]] = {}
    for cell in cells:
        if cell.dimension == dimension:
            levels.setdefault(cell.level, []).append(cell.counts)
    return levels


def _find_place(cells: Sequence[Cell]) -> tuple[str, list[str]]:
    """The dimension and levels outside of which nothing is lost; nothing where the loss is general."""
    for dimension in _PLACES:
        levels = by_level(cells, dimension)
        lossy = sorted(level for level, counts in levels.items() if _loses(counts, below=_LOSS_IN_PLACE_BELOW))
        rest = _pool([item for level, counts in levels.items() if level not in lossy for item in counts])
        everybody = sum(item.served for counts in levels.values() for item in counts)
        tells = sum(item.served for item in rest) >= _SHARE_OF_REST * everybody
        if lossy and tells and not _loses(rest, below=_REST_IS_FINE):
            return dimension, lossy
    return "", []


def _loses(counts: Sequence[Counts], *, below: float) -> bool:
    """Whether some variants confirm a smaller share of their served visitors than others, beyond chance."""
    served = [item.served for item in counts]
    if not any(served):
        return False
    found = stats.srm([item.confirmed for item in counts], served)
    enough = min((mean for mean in found.expected if mean), default=0) >= _MIN_EXPECTED
    return enough and found.p_value is not None and found.p_value < below


def _pool(counts: Sequence[Counts]) -> list[Counts]:
    """Served and confirmed visitors of each variant together."""
    keys = dict.fromkeys(item.key for item in counts)
    return [
        Counts(
            key,
            weight_bp=0,
            served=sum(item.served for item in counts if item.key == key),
            confirmed=sum(item.confirmed for item in counts if item.key == key),
            conversions=0,
        )
        for key in keys
    ]


def _confirmed_share(item: Counts) -> float:
    return item.confirmed / item.served if item.served else 0.0
