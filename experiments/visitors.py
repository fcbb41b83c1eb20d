"""What is known of one visitor in one experiment, and what that makes them count as.

The state is a semilattice: minima, unions and a flag. Merging is therefore commutative, associative and idempotent, so
neither the order nor the repetition nor the batching of events can change it. Nothing here touches a database.

    {"phases": {"1": {"a": {"first": [exposed_at_ms, device, browser, source, returning],
                            "came": [exposed_at_ms, campaign, keyword],
                            "confirmed": exposed_at_ms, "goals": {"form": at_ms}}}},
     "filtered": {"1": {"bot": [at_ms, "a"]}}, "simulated": true}

Campaign and keyword come with the page view alone, not with its token, so they are known of the first exposure only where
its own event came in.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from experiments.events import Event, Kind

VisitorState = dict[str, Any]

NONE: Final = "(none)"  # the address named none
UNKNOWN: Final = "(unknown)"  # the first page view itself is not known, only what it led to

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_QUARTER_MS: Final = 15 * 60 * 1000  # every zone's midnight falls on a quarter of an hour


class Standing(NamedTuple):
    """What a visitor counts as: their phase, variant, day and segments are those of their first exposure."""

    phase: int
    variant: str
    day: date
    device: str
    browser: str
    source: str
    returning: bool
    confirmed: bool
    goals: tuple[str, ...]  # reached within the window
    multiply_exposed: bool
    simulated: bool


class Refusal(NamedTuple):
    """A reason why a visitor was filtered, on the day it first held, and the variant they were shown then."""

    phase: int
    variant: str
    reason: str
    day: date


def merge(state: VisitorState, event: Event) -> bool:
    """Take `event` into `state`, in place; True where that taught us anything.

    A confirmed exposure or a conversion implies that its page view was served, because the token in it says so.
    """
    phase = str(event.phase)
    if event.kind is Kind.FILTERED:
        reasons = state.setdefault("filtered", {}).setdefault(phase, {})
        return _lower(reasons, event.reason, [event.at_ms, event.variant])
    entry = state.setdefault("phases", {}).setdefault(phase, {}).setdefault(event.variant, {})
    view = [event.exposed_at_ms, event.device, event.browser, event.source, event.returning]
    changed = _lower(entry, "first", view)
    if event.kind is Kind.SERVED:
        changed |= _lower(entry, "came", [event.exposed_at_ms, event.campaign, event.keyword])
    elif event.kind is Kind.CONFIRMED:
        changed |= _lower(entry, "confirmed", event.exposed_at_ms)
    elif event.kind is Kind.CONVERSION:
        # clocks of two nodes may differ by a moment: nobody converts before they have seen the page
        changed |= _lower(entry.setdefault("goals", {}), event.goal, max(event.at_ms, event.exposed_at_ms))
    if event.simulated and not state.get("simulated"):
        state["simulated"] = changed = True
    return changed


def find_standing(state: VisitorState, *, window_s: int, timezone: str) -> Standing | None:
    """What the visitor counts as; None for somebody who was only ever filtered.

    The phase is that of the first exposure, and only conversions made on its own pages count in it. A later phase may
    have shown another variant, so nothing seen there is counted anywhere.
    """
    phases: dict[str, dict[str, Any]] = state.get("phases", {})
    if not phases:
        return None
    exposed_at, phase, variant = min(
        (entry["first"][0], int(number), key) for number, variants in phases.items() for key, entry in variants.items()
    )
    variants = phases[str(phase)]
    entry = variants[variant]
    _, device, browser, source, returning = entry["first"]
    latest = exposed_at + window_s * 1000
    return Standing(
        phase=phase,
        variant=variant,
        day=day_of(exposed_at, timezone),
        device=device,
        browser=browser,
        source=source,
        returning=returning,
        confirmed=entry.get("confirmed") == exposed_at,
        goals=tuple(sorted(goal for goal, at in entry.get("goals", {}).items() if at <= latest)),
        multiply_exposed=len(variants) > 1,
        simulated=state.get("simulated", False),
    )


def find_came(state: VisitorState, standing: Standing) -> tuple[str, str]:
    """Campaign and keyword of the first exposure, as levels.

    Args:
        standing: that of `state`.

    Returns:
        `NONE` in the place of one that the address did not name; `UNKNOWN` for both where the event of the first exposure
        never came in, or came in before this was written down.
    """
    entry = state["phases"][str(standing.phase)][standing.variant]
    at_ms, campaign, keyword = entry.get("came", (None, "", ""))
    return (campaign or NONE, keyword or NONE) if at_ms == entry["first"][0] else (UNKNOWN, UNKNOWN)


def cut(state: VisitorState, *, at_ms: int) -> VisitorState:
    """What the state would be if nothing had happened after a moment.

    Every time in it is the earliest of its kind, so what is later than the moment had not happened yet, and what is not
    had. Whether a visitor was simulated has no time and stays.
    """
    phases: dict[str, dict[str, Any]] = {}
    for phase, variants in state.get("phases", {}).items():
        seen = {key: _cut_entry(entry, at_ms) for key, entry in variants.items() if entry["first"][0] <= at_ms}
        if seen:
            phases[phase] = seen
    filtered = {
        phase: {reason: first for reason, first in reasons.items() if first[0] <= at_ms}
        for phase, reasons in state.get("filtered", {}).items()
    }
    return {**state, "phases": phases, "filtered": filtered}


def list_refusals(state: VisitorState, *, timezone: str) -> Iterator[Refusal]:
    """Why the visitor was filtered: each reason once per phase."""
    for phase, reasons in state.get("filtered", {}).items():
        for reason, (at_ms, variant) in reasons.items():
            yield Refusal(int(phase), variant, reason, day_of(at_ms, timezone))


def day_of(at_ms: int, timezone: str) -> date:
    """The calendar day of a moment in a time zone."""
    return _day_of_quarter(at_ms // _QUARTER_MS, timezone)


@lru_cache(maxsize=16_384)
def _day_of_quarter(quarter: int, timezone: str) -> date:
    return (_EPOCH + timedelta(milliseconds=quarter * _QUARTER_MS)).astimezone(ZoneInfo(timezone)).date()


def _cut_entry(entry: dict[str, Any], at_ms: int) -> dict[str, Any]:
    kept = {"first": entry["first"], "goals": {goal: at for goal, at in entry.get("goals", {}).items() if at <= at_ms}}
    if "came" in entry and entry["came"][0] <= at_ms:
        kept["came"] = entry["came"]
    if "confirmed" in entry and entry["confirmed"] <= at_ms:
        kept["confirmed"] = entry["confirmed"]
    return kept


def _lower(place: dict[str, Any], key: str, value: Any) -> bool:
    if key in place and place[key] <= value:
        return False
    place[key] = value
    return True
