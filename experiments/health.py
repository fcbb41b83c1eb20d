"""Can the numbers of an experiment be believed, and are there enough of them? Gates, in the order they are read.

A finding that stops withholds the verdict; one that waits says what is missing; a note is for knowing. No probability
of winning is looked at here, so a result that pleases gets no easier gate.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import Final

import stats
from experiments.words import chance, listing, name, plural, share

MIN_DAYS: Final = 7
MIN_CONVERSIONS: Final = 100
MIN_CONVERSIONS_EACH: Final = 25
MAX_MULTIPLY_EXPOSED: Final = 0.01
_ENOUGH_TO_MISS: Final = 20  # served visitors after whom not one confirmation is no accident
_LOSS_BELOW: Final = 0.01  # p-value below which two shares of confirmed visitors are called different
_LOSS_IN_PLACE_BELOW: Final = 0.001  # many places are looked at
_REST_IS_FINE: Final = 0.05
_SHARE_OF_REST: Final = 0.1  # of all visitors: with fewer elsewhere, a loss is called general
_MIN_EXPECTED: Final = 5  # visitors, for the chi-square distribution to hold


class Severity(StrEnum):
    """What a finding does to the verdict."""

    STOP = "stop"  # the result cannot be read
    WAIT = "wait"  # it is too early
    NOTE = "note"


class Gate(StrEnum):
    """What was looked at."""

    EXPOSURE = "exposure"
    SRM_SERVED = "srm-served"
    SRM_CONFIRMED = "srm-confirmed"
    MULTIPLY_EXPOSED = "multiply-exposed"
    SIMULATED = "simulated"
    DAYS = "days"
    CONVERSIONS = "conversions"


@dataclass(frozen=True, slots=True)
class HealthFinding:
    """Something that is not fine: one sentence, and what to do where something can be done."""

    severity: Severity
    gate: Gate
    sentence: str
    fix: str = ""

    def as_json(self) -> dict[str, str]:
        return {"severity": self.severity.value, "gate": self.gate.value, "sentence": self.sentence, "fix": self.fix}


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


Segments = Mapping[tuple[str, str], Sequence[VariantCounts]]  # (dimension, level) → counts, variants in the same order


def check(counts: Sequence[VariantCounts], segments: Segments, *, days: int) -> list[HealthFinding]:
    """Every finding, gravest first.

    Args:
        counts: one per variant of the phase, two or more.
        segments: the same counts per device and browser, to say where visitors are lost.
        days: full days of counting.
    """
    return [
        *_check_exposure(counts),
        *_check_split(counts, segments),
        *_check_multiply_exposed(counts),
        *_check_simulated(counts),
        *_check_days(days),
        *_check_conversions(counts),
    ]


def srm_served(counts: Sequence[VariantCounts]) -> stats.Srm:
    """Whether served visitors came in the proportions of the weights."""
    return stats.srm([item.served for item in counts], [item.weight_bp for item in counts])


def srm_confirmed(counts: Sequence[VariantCounts]) -> stats.Srm:
    """Whether confirmed visitors came in the proportions of the weights."""
    return stats.srm([item.confirmed for item in counts], [item.weight_bp for item in counts])


def days_missing(counts: Sequence[VariantCounts], *, days: int, elapsed_days: float) -> int | None:
    """Days until the last two gates can open, at the rate so far; None where that rate says nothing yet."""
    total = sum(item.conversions for item in counts)
    lacking = [(total, MIN_CONVERSIONS), *((item.conversions, MIN_CONVERSIONS_EACH) for item in counts)]
    if elapsed_days < 1 or any(not have and need for have, need in lacking):
        return None
    waits = [ceil((need - have) / (have / elapsed_days)) for have, need in lacking if have < need]
    return max([0, MIN_DAYS - days, *waits])


def _check_exposure(counts: Sequence[VariantCounts]) -> Iterator[HealthFinding]:
    served, confirmed = sum(item.served for item in counts), sum(item.confirmed for item in counts)
    if not served:
        yield HealthFinding(
            Severity.WAIT, Gate.EXPOSURE, "Nobody has seen this test yet.", fix="Send visitors to the page's address."
        )
    elif not confirmed and served >= _ENOUGH_TO_MISS:
        yield HealthFinding(
            Severity.STOP,
            Gate.EXPOSURE,
            f"{plural(served, 'visitor')} were served and not one of their pages reported back, in any variant.",
            fix="Open the page and look whether its beacon is blocked, by the network or by a script of the page.",
        )


def _check_split(counts: Sequence[VariantCounts], segments: Segments) -> Iterator[HealthFinding]:
    served, confirmed = srm_served(counts), srm_confirmed(counts)
    if served.mismatch:
        yield HealthFinding(
            Severity.STOP,
            Gate.SRM_SERVED,
            f"{_compare_numbers(counts, 'served')}, which chance explains {chance(served.p_value or 0)} "
            f"under the planned {_planned(counts)}. The split is wrong from the start: when pages are served.",
            fix="Look for a cache in front of the pages, and for links that lead to one variant only.",
        )
    elif confirmed.mismatch:
        yield HealthFinding(
            Severity.STOP,
            Gate.SRM_CONFIRMED,
            f"{_compare_numbers(counts, 'confirmed')}, which chance explains {chance(confirmed.p_value or 0)} "
            f"under the planned {_planned(counts)}. {_name_loss(counts, segments)}",
            fix="Open the variants there and look whether they load, and whether a script stops the page.",
        )


def _name_loss(counts: Sequence[VariantCounts], segments: Segments) -> str:
    if not _loses(counts, below=_LOSS_BELOW):
        return "The split was already leaning when pages were served; no one step loses them."
    worst = min(counts, key=lambda item: item.confirmed_share)
    best = max(counts, key=lambda item: item.confirmed_share)
    where = _find_place(segments)
    return (
        f"The loss happens between served and confirmed{where}: "
        f"{share(worst.confirmed_share)} of {name(worst.key)}'s visitors confirmed, "
        f"{share(best.confirmed_share)} of {name(best.key)}'s. "
        f"{name(worst.key)} may fail to load{' there' if where else ''}."
    )


def _find_place(segments: Segments) -> str:
    """The device or browser outside of which nothing is lost; nothing where the loss is general."""
    for dimension in ("device", "browser"):
        levels = {level: counts for (kind, level), counts in segments.items() if kind == dimension}
        lossy = sorted(level for level, counts in levels.items() if _loses(counts, below=_LOSS_IN_PLACE_BELOW))
        rest = [counts for level, counts in levels.items() if level not in lossy]
        if lossy and _says_something(rest, levels.values()) and not _loses(_pool(rest), below=_REST_IS_FINE):
            return f", on {dimension} {listing(lossy)}"
    return ""


def _says_something(rest: Sequence[Sequence[VariantCounts]], everything: Iterable[Sequence[VariantCounts]]) -> bool:
    """Whether enough visitors came elsewhere to say that all is well there: a handful shows no loss either."""
    elsewhere, everybody = (sum(item.served for counts in parts for item in counts) for parts in (rest, everything))
    return elsewhere >= _SHARE_OF_REST * everybody


def _loses(counts: Sequence[VariantCounts], *, below: float) -> bool:
    """Whether some variants confirm a smaller share of their served visitors than others, beyond chance.

    Confirmed visitors are held against served ones as if those were weights, which understates the evidence a little.
    """
    served = [item.served for item in counts]
    if not any(served):
        return False
    found = stats.srm([item.confirmed for item in counts], served)
    enough = min(expected for expected in found.expected if expected or not any(found.expected)) >= _MIN_EXPECTED
    return enough and found.p_value is not None and found.p_value < below


def _pool(parts: Sequence[Sequence[VariantCounts]]) -> list[VariantCounts]:
    return [
        VariantCounts(
            key=same[0].key,
            weight_bp=same[0].weight_bp,
            served=sum(item.served for item in same),
            confirmed=sum(item.confirmed for item in same),
        )
        for same in zip(*parts, strict=True)
    ]


def _check_multiply_exposed(counts: Sequence[VariantCounts]) -> Iterator[HealthFinding]:
    excluded = sum(item.multiply_exposed for item in counts)
    everybody = excluded + sum(item.served for item in counts)
    if excluded > MAX_MULTIPLY_EXPOSED * everybody:
        yield HealthFinding(
            Severity.NOTE,
            Gate.MULTIPLY_EXPOSED,
            f"{plural(excluded, 'visitor')} ({share(excluded / everybody)}) saw more than one variant and are left out.",
            fix="Look whether several addresses or nodes show the page with different secrets.",
        )


def _check_simulated(counts: Sequence[VariantCounts]) -> Iterator[HealthFinding]:
    simulated = sum(item.simulated for item in counts)
    everybody = sum(item.served + item.multiply_exposed for item in counts)
    if simulated:
        which = f"All {everybody:,}" if simulated == everybody else f"{simulated:,} of {everybody:,}"
        yield HealthFinding(Severity.NOTE, Gate.SIMULATED, f"{which} visitors are simulated.")


def _check_days(days: int) -> Iterator[HealthFinding]:
    if days < MIN_DAYS:
        yield HealthFinding(Severity.WAIT, Gate.DAYS, f"{days} of {MIN_DAYS} days; weekdays and weekends differ.")


def _check_conversions(counts: Sequence[VariantCounts]) -> Iterator[HealthFinding]:
    total = sum(item.conversions for item in counts)
    few = [item for item in counts if item.conversions < MIN_CONVERSIONS_EACH]
    if total < MIN_CONVERSIONS:
        yield HealthFinding(Severity.WAIT, Gate.CONVERSIONS, f"{total} of {MIN_CONVERSIONS} conversions.")
    elif few:
        each = listing([f"{name(item.key)} has {item.conversions} of {MIN_CONVERSIONS_EACH}" for item in few])
        yield HealthFinding(Severity.WAIT, Gate.CONVERSIONS, f"{each} conversions.")


def _compare_numbers(counts: Sequence[VariantCounts], step: str) -> str:
    numbers = [f"{name(item.key)} {'got ' if i == 0 else ''}{getattr(item, step):,}" for i, item in enumerate(counts)]
    numbers[0] += f" {step} visitors"
    return listing(numbers)


def _planned(counts: Sequence[VariantCounts]) -> str:
    return ":".join(f"{item.weight_bp / 100:g}" for item in counts)
