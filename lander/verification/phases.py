"""The phases of a saved report, side by side.

They are numbered from 1, one begins where the one before it ends, and the judged one is the report itself.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import stats
from lander.verification.lens import describe_range
from lander.verification.saved import Counts, Saved

Tree = dict[str, Any]


def describe_phases(saved: Saved) -> Tree:
    """Numbers, times and variants of all phases, and the end of the judged one where another came after it."""
    numbers = list(range(1, len(saved.phase_lines) + 1))
    told: Tree = {"phases": numbers, "phase_lines": [_describe_line(number, saved) for number in numbers]}
    return told if saved.phase == numbers[-1] else {**told, "ended_at": _say(_find_end(saved.phase, saved))}


def _describe_line(number: int, saved: Saved) -> Tree:
    line, is_judged = saved.phase_lines[number - 1], number == saved.phase
    return {
        "number": number,
        "started_at": _say(saved.started_at if is_judged else line.started_at),
        "ended_at": _say(_find_end(number, saved)),
        "coverage_bp": saved.coverage_bp if is_judged else line.coverage_bp,
        "variants": _describe_variants(saved.counts if is_judged else line.counts, saved),
    }


def _find_end(number: int, saved: Saved) -> datetime | None:
    """Where the next phase begins, unless that was still to come; of the last one, what the report itself says."""
    if number < len(saved.phase_lines):
        began = saved.phase_lines[number].started_at
        return began if began <= saved.as_of else None
    return saved.ended_at if number == saved.phase else saved.phase_lines[-1].ended_at


def _describe_variants(counts: Sequence[Counts], saved: Saved) -> list[Tree]:
    keys = [item.key for item in counts]
    found = stats.compare(
        [item.sample for item in counts],
        control=keys.index(saved.counts[saved.control].key),
        prior=stats.Exchangeable(saved.parameters.tau),
        level=saved.parameters.level,
    )
    return [
        {
            "key": item.key,
            "weight_bp": item.weight_bp,
            "served": item.served,
            "confirmed": item.confirmed,
            "conversions": item.conversions,
            "p_best": judged.p_best,
            "lift": None
            if judged.lift is None
            else describe_range(judged.lift, judged.lift_at(saved.parameters.inner_level)),
        }
        for item, judged in zip(counts, found.variants, strict=True)
    ]


def _say(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
