"""Can the numbers of an experiment be believed, and are there enough of them? Gates, in the order they are read.

A finding that stops withholds the verdict; one that waits says what is missing; a note is for knowing. No probability
of winning is looked at here, so a result that pleases gets no easier gate.

There is no gate for conversions before the exposure: the ledger takes a conversion as made at its exposure at the earliest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import Final

import stats
from experiments import autopsy
from experiments.counts import Counted, Everybody, VariantCounts
from experiments.events import Reason
from experiments.splits import SplitCheck
from experiments.words import chance, listing, name, plural, share, what_is_seen

RULE: Final = stats.Rule()
MAX_MULTIPLY_EXPOSED: Final = 0.01
_ENOUGH_TO_MISS: Final = 20  # visitors after whom not one is no accident
_WHOLE_BP: Final = 10_000


class Severity(StrEnum):
    """What a finding does to the verdict."""

    STOP = "stop"  # the result cannot be read
    WAIT = "wait"  # it is too early
    NOTE = "note"


class Gate(StrEnum):
    """What was looked at, in this order."""

    EXPOSURE = "exposure"
    LEAK = "leak"
    SRM_SERVED = "srm-served"
    SRM_CONFIRMED = "srm-confirmed"
    SRM_SEGMENT = "srm-segment"
    MULTIPLY_EXPOSED = "multiply-exposed"
    BOTS = "bots"
    CONFIGURATION = "configuration"
    SIMULATED = "simulated"
    DAYS = "days"
    CONVERSIONS = "conversions"
    SURPRISE = "surprise"


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
class Conduct:
    """How the phase was run: its number, the share of visitors taking part, whether its buckets are those of its weights, and how
    often something was published to every variant meanwhile.
    """

    phase: int = 1
    coverage_bp: int = _WHOLE_BP
    is_allocation_intact: bool = True
    changes: int = 0


def check(
    counted: Counted, *, days: int, splits: Sequence[SplitCheck] = (), conduct: Conduct | None = None
) -> list[HealthFinding]:
    """Every finding, in the order of the gates.

    Args:
        counted: what was counted of a phase of two variants or more.
        days: full days of counting.
        splits: the split in each segment, from `splits.check_splits`.
        conduct: how the phase was run; None where everybody took part and nothing was changed.
    """
    counts, conduct = counted.totals, conduct or Conduct()
    return [
        *_check_exposure(counts, conduct),
        *_check_leak(counts),
        *_check_split(counted),
        *_check_splits(counted, splits),
        *_check_multiply_exposed(counts),
        *_check_bots(counted, conduct),
        *_check_conduct(conduct),
        *_check_simulated(counts),
        *_check_days(days),
        *_check_conversions(counts),
    ]


def days_missing(counts: Everybody, *, days: int, elapsed_days: float) -> int | None:
    """Days until the last two gates can open, at the rate so far; None where that rate says nothing yet."""
    total = sum(item.conversions for item in counts)
    lacking = [(total, RULE.min_conversions), *((item.conversions, RULE.min_conversions_each) for item in counts)]
    if elapsed_days < 1 or any(not have and need for have, need in lacking):
        return None
    waits = [ceil((need - have) / (have / elapsed_days)) for have, need in lacking if have < need]
    return max([0, RULE.min_days - days, *waits])


def _check_exposure(counts: Everybody, conduct: Conduct) -> Iterator[HealthFinding]:
    served, confirmed = sum(item.served for item in counts), sum(item.confirmed for item in counts)
    if not served:
        yield HealthFinding(
            Severity.WAIT,
            Gate.EXPOSURE,
            f"Nobody has seen {what_is_seen(conduct.phase)} yet.",
            fix="Send visitors to the page's address.",
        )
    elif not confirmed and served >= _ENOUGH_TO_MISS:
        yield HealthFinding(
            Severity.STOP,
            Gate.EXPOSURE,
            f"{plural(served, 'visitor')} were served and not one of their pages reported back, in any variant.",
            fix="Open the page and look whether its beacon is blocked, by the network or by a script of the page.",
        )
    unseen = [name(item.key) for item in counts if not item.served and _expected(item, counts) >= _ENOUGH_TO_MISS]
    if unseen:
        yield HealthFinding(
            Severity.STOP,
            Gate.EXPOSURE,
            f"Nobody was ever served {listing(unseen)}; {plural(served, 'visitor')} saw the others.",
            fix="Open the page's address a few times in private windows, and look whether a node serves an old release.",
        )


def _expected(item: VariantCounts, counts: Everybody) -> float:
    return sum(other.served for other in counts) * item.weight_bp / (sum(other.weight_bp for other in counts) or 1)


def _check_leak(counts: Everybody) -> Iterator[HealthFinding]:
    leaked = [item for item in counts if item.served and not item.weight_bp]
    if leaked:
        each = listing([f"{plural(item.served, 'visitor')} saw {name(item.key)}" for item in leaked])
        yield HealthFinding(
            Severity.STOP,
            Gate.LEAK,
            f"{each}, which has no share of the visitors.",
            fix="Look for links that lead to one variant, and for a node that serves an older release.",
        )


def _check_split(counted: Counted) -> Iterator[HealthFinding]:
    counts = counted.totals
    found = autopsy.examine(counts, counted.segments)
    if found is None or any(item.served and not item.weight_bp for item in counts):
        return
    at_served = found.step == autopsy.SERVED
    step = autopsy.SERVED if at_served else autopsy.CONFIRMED
    yield HealthFinding(
        Severity.STOP,
        Gate.SRM_SERVED if at_served else Gate.SRM_CONFIRMED,
        f"{_compare_numbers(counts, step)}, which chance explains {chance(autopsy.split(counts, step).p_value or 0)} "
        f"under the planned {_planned(counts)}. {found.sentence()}",
        fix="Look for a cache in front of the pages, and for links that lead to one variant only."
        if at_served
        else "Open the variants there and look whether they load, and whether a script stops the page.",
    )


def _check_splits(counted: Counted, splits: Sequence[SplitCheck]) -> Iterator[HealthFinding]:
    """The worst segment only, and none where the whole is broken: that has been said."""
    broken = [item for item in splits if item.mismatch]
    if not broken or any(autopsy.split(counted.totals, step).mismatch for step in (autopsy.SERVED, autopsy.CONFIRMED)):
        return
    worst = min(broken, key=lambda item: item.p_adjusted)
    others = sorted({item.place() for item in broken} - {worst.place()})
    yield HealthFinding(
        Severity.STOP,
        Gate.SRM_SEGMENT,
        f"{worst.place().capitalize()}: {_compare_numbers(worst.counts, worst.step)}, which chance explains "
        f"{chance(worst.p_adjusted)} under the planned {_planned(worst.counts)}, however many segments are looked at."
        + (f" The same holds on {listing(others[:3])}{' and elsewhere' if len(others) > 3 else ''}." if others else ""),
        fix="Open the variants there and look whether they load. The whole looks sound only because others make up for it.",
    )


def _check_multiply_exposed(counts: Everybody) -> Iterator[HealthFinding]:
    excluded = sum(item.multiply_exposed for item in counts)
    everybody = excluded + sum(item.served for item in counts)
    if excluded > MAX_MULTIPLY_EXPOSED * everybody:
        yield HealthFinding(
            Severity.NOTE,
            Gate.MULTIPLY_EXPOSED,
            f"{plural(excluded, 'visitor')} ({share(excluded / everybody)}) saw more than one variant and are left out.",
            fix="Look whether several addresses or nodes show the page with different secrets.",
        )


def _check_bots(counted: Counted, conduct: Conduct) -> Iterator[HealthFinding]:
    """Where only a share of visitors takes part, bots outside of it are shown control, and say nothing."""
    shown = counted.filtered.get(Reason.BOT.value, {})
    bots = [shown.get(item.key, 0) for item in counted.totals]
    if conduct.coverage_bp < _WHOLE_BP or not any(item.weight_bp for item in counted.totals):
        return
    found = stats.srm(bots, [item.weight_bp for item in counted.totals])
    if found.mismatch:
        each = listing([f"{name(item.key)} {number:,}" for item, number in zip(counted.totals, bots, strict=True)])
        yield HealthFinding(
            Severity.STOP,
            Gate.BOTS,
            f"Bots do not fall on the variants alike: {each}, which chance explains {chance(found.p_value or 0)}. "
            "Those that are not recognised may lean the same way.",
            fix="Look who sends them: one programme from many addresses, or a tool that opens one variant.",
        )


def _check_conduct(conduct: Conduct) -> Iterator[HealthFinding]:
    if not conduct.is_allocation_intact:
        yield HealthFinding(
            Severity.STOP,
            Gate.CONFIGURATION,
            "The shares of the variants were changed inside this phase: its buckets are not those of its weights.",
            fix="Start a new phase; this one mixes two splits.",
        )
    if conduct.changes:
        yield HealthFinding(
            Severity.NOTE,
            Gate.CONFIGURATION,
            f"The page was changed {'once' if conduct.changes == 1 else f'{conduct.changes} times'} while this ran, "
            "in every variant alike.",
        )


def _check_simulated(counts: Everybody) -> Iterator[HealthFinding]:
    simulated = sum(item.simulated for item in counts)
    everybody = sum(item.served + item.multiply_exposed for item in counts)
    if simulated:
        which = f"All {everybody:,}" if simulated == everybody else f"{simulated:,} of {everybody:,}"
        yield HealthFinding(Severity.NOTE, Gate.SIMULATED, f"{which} visitors are simulated.")


def _check_days(days: int) -> Iterator[HealthFinding]:
    if days < RULE.min_days:
        yield HealthFinding(Severity.WAIT, Gate.DAYS, f"{days} of {RULE.min_days} days; weekdays and weekends differ.")


def _check_conversions(counts: Everybody) -> Iterator[HealthFinding]:
    total = sum(item.conversions for item in counts)
    few = [item for item in counts if item.conversions < RULE.min_conversions_each]
    if total < RULE.min_conversions:
        yield HealthFinding(Severity.WAIT, Gate.CONVERSIONS, f"{total} of {RULE.min_conversions} conversions.")
    elif few:
        each = listing([f"{name(item.key)} has {item.conversions} of {RULE.min_conversions_each}" for item in few])
        yield HealthFinding(Severity.WAIT, Gate.CONVERSIONS, f"{each} conversions.")


def _compare_numbers(counts: Everybody, step: str) -> str:
    numbers = [f"{name(item.key)} {'got ' if i == 0 else ''}{getattr(item, step):,}" for i, item in enumerate(counts)]
    numbers[0] += f" {step} visitors"
    return listing(numbers)


def _planned(counts: Everybody) -> str:
    return ":".join(f"{item.weight_bp / 100:g}" for item in counts)
