"""A date and a time of day as people type them, in a site's zone, as the one moment they mean.

Clocks change: an hour comes twice, another never. Each is decided here, and `note` says so in words.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from lander.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class LocalTime:
    """The moment, and what to say about it where clocks change that night."""

    at: datetime  # UTC
    note: str = ""


class WrongTime(InvalidInput):
    """`field` is the part of the form that cannot be read: date or time."""

    code = "wrong-time"

    def __init__(self, field: str, message: str, *, fix: str) -> None:
        super().__init__(message, fix=fix)
        self.field = field


def read_local_time(day: str, clock: str, zone: str) -> LocalTime:
    """`2026-11-30` and `14:05` in that zone.

    Of an hour that comes twice the first is meant; in an hour that is left out, the same time by the clock before it:

    >>> read_local_time("2026-10-25", "02:30", "Europe/Berlin").note
    '02:30 comes twice on 25 Oct 2026, because clocks go back; the first is meant (UTC+02:00).'
    >>> read_local_time("2026-03-29", "02:30", "Europe/Berlin").note
    '02:30 does not exist on 29 Mar 2026, because clocks go forward; 03:30 is meant (UTC+02:00).'
    """
    try:
        typed_day = date.fromisoformat(day.strip())
    except ValueError:
        raise WrongTime("date", f"“{day.strip()[:20]}” is not a date.", fix="Write it like 2026-11-30.") from None
    try:
        typed_clock = time.fromisoformat(clock.strip())
    except ValueError:
        raise WrongTime("time", f"“{clock.strip()[:20]}” is not a time of day.", fix="Write it like 14:05.") from None
    if typed_clock.tzinfo is not None:
        raise WrongTime("time", "The time names a zone of its own.", fix=f"Write it like 14:05; it is {zone} time.")
    first = datetime.combine(typed_day, typed_clock, ZoneInfo(zone))
    second = first.replace(fold=1)
    try:
        at = first.astimezone(UTC)
    except OverflowError:
        raise WrongTime("date", f"{typed_day} is beyond every calendar.", fix="Write it like 2026-11-30.") from None
    before, after = first.utcoffset(), second.utcoffset()
    assert before is not None
    assert after is not None
    if before == after:
        return LocalTime(at)
    meant = at.astimezone(ZoneInfo(zone))
    said, there = f"{first:%H:%M}", f"{meant:%H:%M} is meant (UTC{_offset(meant)})"
    on = f"on {first.day} {first:%b %Y}, because clocks go"
    if before > after:
        return LocalTime(at, f"{said} comes twice {on} back; the first is meant (UTC{_offset(meant)}).")
    return LocalTime(at, f"{said} does not exist {on} forward; {there}.")


def _offset(at: datetime) -> str:
    return at.isoformat()[-6:]
