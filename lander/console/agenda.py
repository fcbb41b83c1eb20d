"""Everything that has a date, between two moments: schedules, freezes, and when running tests can be decided.

When a test can be decided is reckoned from its visitors so far; it is a forecast, and its words say so.
"""

from collections.abc import Iterator, Sequence
from datetime import MAXYEAR, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from experiments import lifecycle, results
from experiments.models import Experiment, State
from lander.console.calendar_context import CalendarEntry
from lander.console.format import moment
from lander.console.places import place_of
from lander.console.schedules import say_what
from lander.pages import schedules
from lander.pages.models import Page, Schedule, Site
from lander.policy.store import load_policy

_MOST: Final = 500
_DAY: Final = timedelta(days=1)


def list_entries(
    session: Session, sites: Sequence[Site], *, first: datetime, last: datetime, now: datetime
) -> list[CalendarEntry]:
    """What happens on these sites from `first` up to `last`, in its order. A freeze stands at each day that it covers."""
    entries = [
        *_schedules(session, sites, first, last),
        *_tests(session, sites, first, last, now),
        *_freezes(session, sites, first, last),
    ]
    return sorted(entries, key=lambda entry: (entry.at, entry.sentence))


def _schedules(session: Session, sites: Sequence[Site], first: datetime, last: datetime) -> Iterator[CalendarEntry]:
    query = (
        select(Schedule)
        .join(Page, col(Page.id) == col(Schedule.page_id))
        .where(col(Page.site_id).in_([site.id for site in sites]))
        .where(col(Schedule.at) >= first, col(Schedule.at) < last)
        .where(col(Schedule.state) != schedules.State.CANCELLED.value)
        .order_by(col(Schedule.at), col(Schedule.id))
        .limit(_MOST)
    )
    for schedule in session.exec(query):
        place = place_of(session, schedule.page_id)
        has_failed = schedule.state == schedules.State.FAILED
        said = say_what(schedule)
        yield CalendarEntry(
            at=schedule.at,
            when=moment(schedule.at, place.site.timezone),
            clock=_clock(schedule.at, place.site.timezone),
            sentence=f"{said}: could not be done" if has_failed else said,
            about=place.label,
            address="/schedules" if has_failed else place.at(),
            kind="failed" if has_failed else "schedule",
        )


def _tests(
    session: Session, sites: Sequence[Site], first: datetime, last: datetime, now: datetime
) -> Iterator[CalendarEntry]:
    ids = {site.id for site in sites}
    for experiment in lifecycle.list_experiments(session):
        if experiment.state is not State.RUNNING:
            continue
        place = place_of(session, experiment.page_id)
        at = _foresee_end(session, experiment, now=now) if place.site.id in ids else None
        if at is not None and first <= at < last:
            yield CalendarEntry(
                at=at,
                when=_say_day(at, place.site.timezone),
                clock="",
                sentence=f"{experiment.key} has enough to be read, at this rate",
                about=place.label,
                address=f"/experiments/{experiment.key}/report",
                kind="test",
            )


def _foresee_end(session: Session, experiment: Experiment, *, now: datetime) -> datetime | None:
    """When there will be enough to be read at the rate so far; None where there is, or where that rate says nothing."""
    days_left = results.report(session, experiment, now=now).verdict.days_left
    return now + days_left * _DAY if days_left else None


def _freezes(session: Session, sites: Sequence[Site], first: datetime, last: datetime) -> Iterator[CalendarEntry]:
    """By the days of the first site; the policy holds for all of them."""
    zone = ZoneInfo(sites[0].timezone) if sites else None
    for freeze in load_policy(session).lifecycle.freezes if zone else ():
        at = max(freeze.starts_at, first)
        while at < min(freeze.ends_at, last):
            begins = at == freeze.starts_at
            yield CalendarEntry(
                at=at,
                when=moment(at, sites[0].timezone),
                clock=_clock(at, sites[0].timezone) if begins else "",
                sentence=f"Nothing new goes live until {_say_end(freeze.ends_at, sites[0].timezone)}",
                about=freeze.reason,
                address="/policy",
                kind="freeze",
            )
            at = datetime.combine(at.astimezone(zone).date() + _DAY, datetime.min.time(), zone)


def _clock(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%H:%M}"


def _say_day(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%b %Y} ({zone})"


def _say_end(at: datetime, zone: str) -> str:
    if at.year == MAXYEAR:  # how a freeze without an end is written; not every zone has that moment
        return "further notice"
    local = at.astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%b %Y, %H:%M}"
