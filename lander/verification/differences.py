"""Two reports laid on each other: the saved one, and what was recomputed of it. It computes nothing itself."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

from lander.errors import LanderError

# Both lenses are computed to 1e-8. A processor with other vector instructions rounds the last digits of a quadrature
# otherwise, and those of an e-value, a logarithm undone, grow with it.
ABSOLUTE: Final = 1e-8
RELATIVE: Final = 1e-6
MISSING: Final = "missing"


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that is saved otherwise than it comes out. `tolerance` is 0 for what is no measure: counts, words."""

    path: str
    saved: Any
    recomputed: Any
    tolerance: float

    def sentence(self) -> str:
        within = f" (tolerance {self.tolerance:.2g})" if self.tolerance else ""
        return f"{self.path}: saved {_say(self.saved)}, recomputed {_say(self.recomputed)}{within}"

    def as_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "saved": self.saved,
            "recomputed": self.recomputed,
            "tolerance": self.tolerance,
        }


class Differs(LanderError):
    """A saved report is not the one that its counts and parameters make."""

    code = "report-differs"


@dataclass(frozen=True, slots=True)
class Verification:
    """How many figures were compared, those that differ, and the parts of the file that nothing was compared in."""

    compared: int
    differences: tuple[Difference, ...]
    untouched: tuple[str, ...]

    def lines(self) -> list[str]:
        """One for each difference; where there is none, how much was looked at."""
        if self.differences:
            return [item.sentence() for item in self.differences]
        taken = f" Taken as they are: {', '.join(self.untouched)}." if self.untouched else ""
        return [f"All {self.compared:,} figures come out as they were saved.{taken}"]

    def failure(self) -> "Differs | None":
        """Why it is not the report that its counts and parameters make."""
        if not self.differences:
            return None
        fix = "It was changed after it was saved, or another version of Lander computed it."
        return Differs(f"{len(self.differences):,} of {self.compared:,} figures come out otherwise.", fix=fix)

    def as_json(self) -> dict[str, Any]:
        return {
            "compared": self.compared,
            "differences": [item.as_json() for item in self.differences],
            "untouched": list(self.untouched),
        }


def compare(saved: Mapping[str, Any], recomputed: Mapping[str, Any]) -> Verification:
    """Hold every recomputed figure against the one at the same place of the file."""
    found = list(_walk("", saved, recomputed))
    return Verification(
        compared=len(found),
        differences=tuple(item for item in found if not _is_same(item)),
        untouched=tuple(sorted(set(saved) - set(recomputed) - {"format"})),
    )


def _walk(path: str, saved: Any, recomputed: Any) -> Iterator[Difference]:
    """Every pair, whether it differs or not. What a newer version added stands beside them; a counter counts 0 of the rest."""
    if isinstance(recomputed, Mapping) and isinstance(saved, Mapping):
        for key in dict.fromkeys([*recomputed, *(saved if isinstance(recomputed, Counter) else ())]):
            yield from _walk(f"{path}.{key}" if path else key, saved.get(key, MISSING), recomputed[key])
    elif isinstance(recomputed, list) and isinstance(saved, list):
        for position, (mine, value) in enumerate(zip_longest(saved, recomputed, fillvalue=MISSING)):
            yield from _walk(f"{path}[{position}]", mine, value)
    else:
        yield Difference(path, saved, recomputed, _tolerance(recomputed))


def _tolerance(value: Any) -> float:
    return max(ABSOLUTE, RELATIVE * abs(value)) if isinstance(value, float) else 0.0


def _is_same(item: Difference) -> bool:
    if item.saved is MISSING or item.recomputed is MISSING:  # and not the word, which may stand in a file
        return False
    if isinstance(item.recomputed, float) and isinstance(item.saved, int | float) and not isinstance(item.saved, bool):
        return abs(item.saved - item.recomputed) <= item.tolerance
    # True == 1 in Python, and not in JSON
    return bool(item.saved == item.recomputed) and isinstance(item.saved, bool) == isinstance(item.recomputed, bool)


def _say(value: Any) -> str:
    if value is None:
        return "nothing"
    return f"{value:.10g}" if isinstance(value, float) else str(value)
