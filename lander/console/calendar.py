"""The calendar: a month of a site, by the clocks of its zone."""

import calendar
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request

from lander.access.gate import edge, studio, view
from lander.access.permissions import Permission
from lander.console.agenda import list_entries
from lander.console.calendar_context import CalendarDay, CalendarEntry, CalendarScreen
from lander.console.places import find_site, site_options
from lander.console.screens import show
from lander.db import reading

blueprint = Blueprint("calendar", __name__)

_DAY: Final = timedelta(days=1)
_YEARS: Final = range(2000, 2200)


@view(blueprint, "/calendar", permission=Permission.PAGES_READ)
def show_calendar() -> Response:
    now = edge().now
    with reading(studio().engine) as session:
        site = find_site(session)
        zone = ZoneInfo(site.timezone if site else "UTC")
        today = now.astimezone(zone).date()
        month = _read_month(today)
        weeks = calendar.Calendar().monthdatescalendar(month.year, month.month)
        first, last = (datetime.combine(day, time(), zone) for day in (weeks[0][0], weeks[-1][-1] + _DAY))
        found = list_entries(session, [site] if site else [], first=first, last=last, now=now)
        sites = site_options(session, site)
    by_day: dict[date, list[CalendarEntry]] = defaultdict(list)
    for entry in found:
        by_day[entry.at.astimezone(zone).date()].append(entry)
    shown = [[_make_day(day, by_day[day], month, today) for day in week] for week in weeks]
    host = {"site": site.host} if site and sites else {}
    return show(
        CalendarScreen(
            month=f"{month:%B %Y}",
            timezone=str(zone),
            sites=sites,
            weekdays=list(calendar.day_name),
            weeks=shown,
            is_empty=not any(day.entries for week in shown for day in week if day.is_in_month),
            before_address=_address(month - _DAY, host),
            after_address=_address(month + timedelta(days=31), host),
            now_address="" if month == today.replace(day=1) else _address(today, host),
        )
    )


def _read_month(today: date) -> date:
    """The first day of the month that the address names, or of this one."""
    try:
        month = date.fromisoformat(f"{request.args.get('month', '')}-01")
    except ValueError:
        month = today
    return (month if month.year in _YEARS else today).replace(day=1)


def _make_day(day: date, entries: list[CalendarEntry], month: date, today: date) -> CalendarDay:
    return CalendarDay(
        date=day.isoformat(),
        number=day.day,
        name=f"{day:%A}, {day.day} {day:%B}",
        is_in_month=day.month == month.month,
        is_today=day == today,
        entries=entries,
    )


def _address(month: date, host: dict[str, str]) -> str:
    return f"/calendar?{urlencode({**host, 'month': f'{month:%Y-%m}'})}"
