"""What the screens of schedules show."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from lander.console.context import FormError


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """Something that is to happen, or has."""

    number: int
    what: str  # in words: Publish, Take away, Start a test, End spring-sale-1
    page: str
    page_address: str
    at: datetime
    timezone: str
    by: str
    state: str
    outcome: str
    may_cancel: bool


@dataclass(frozen=True, slots=True)
class SchedulesScreen:
    """What is to happen, what could not, and what has."""

    template: ClassVar[str] = "schedules/index.html"
    waiting: list[ScheduleRow]
    failed: list[ScheduleRow]
    ended: list[ScheduleRow]


@dataclass(frozen=True, slots=True)
class ActionTab:
    """One of the things that can be scheduled for a page."""

    label: str
    address: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Way:
    """One of several answers, as typed."""

    value: str
    label: str
    help: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class NewScheduleScreen:
    """When something is to happen to a page."""

    template: ClassVar[str] = "schedules/edit.html"
    page: str
    page_address: str
    site: str
    action: str
    sentence: str  # what will happen
    tabs: list[ActionTab]
    date: str
    time: str
    timezone: str
    freezes: list[str]
    during_test: list[Way]  # while a test runs: what publishing means to it
    offers_taking_out: bool
    strip_external: bool
    test: str  # the one that is to end
    ways_to_end: list[Way]
    reason: str
    plan_address: str  # where the start of a test is scheduled; empty where none can start
    waiting: list[ScheduleRow]
    errors: list[FormError]
