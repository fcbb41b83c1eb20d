"""What the calendar shows, and the few lines of it that stand on the first screen."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from lander.console.context import SiteOption


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """Something with a date. `clock` is its time of day; empty where only the day is known."""

    at: datetime
    when: str  # in words, with the zone
    clock: str
    sentence: str
    about: str  # a page, or whatever else it is about
    address: str
    kind: str  # schedule, failed, freeze or test


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One day of the month that is shown, or of the weeks that it begins and ends in."""

    date: str
    number: int
    name: str
    is_in_month: bool
    is_today: bool
    entries: list[CalendarEntry]


@dataclass(frozen=True, slots=True)
class CalendarScreen:
    """A month: what is scheduled, when nothing may change, when tests can be decided."""

    template: ClassVar[str] = "calendar/show.html"
    month: str
    timezone: str
    sites: list[SiteOption]
    weekdays: list[str]
    weeks: list[list[CalendarDay]]
    is_empty: bool
    before_address: str
    after_address: str
    now_address: str
