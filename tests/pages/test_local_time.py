"""A date and a time as Maya types them are one moment, also in the nights when clocks change."""

from datetime import UTC, datetime

import pytest

from lander.pages.local_time import WrongTime, read_local_time

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("day", "clock", "zone", "at"),
    [
        ("2026-11-30", "14:05", BERLIN, datetime(2026, 11, 30, 13, 5, tzinfo=UTC)),
        (" 2026-07-01 ", "00:00:30", BERLIN, datetime(2026, 6, 30, 22, 0, 30, tzinfo=UTC)),
        ("2026-10-25", "01:59", BERLIN, datetime(2026, 10, 24, 23, 59, tzinfo=UTC)),
        ("2026-10-25", "03:00", BERLIN, datetime(2026, 10, 25, 2, 0, tzinfo=UTC)),
        ("2026-03-29", "03:00", BERLIN, datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        ("2026-11-30", "14:05", "UTC", datetime(2026, 11, 30, 14, 5, tzinfo=UTC)),
        ("2026-11-30", "14:05", "Asia/Kathmandu", datetime(2026, 11, 30, 8, 20, tzinfo=UTC)),
    ],
)
def test_it_is_read_in_the_sites_zone(day: str, clock: str, zone: str, at: datetime) -> None:
    read = read_local_time(day, clock, zone)
    assert (read.at, read.note) == (at, "")
    assert read.at.tzinfo is UTC


@pytest.mark.parametrize(
    ("day", "clock", "zone", "at", "said"),
    [
        (
            *("2026-10-25", "02:30", BERLIN, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
            "02:30 comes twice on 25 Oct 2026, because clocks go back; the first is meant (UTC+02:00).",
        ),
        (
            *("2026-03-29", "02:00", BERLIN, datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
            "02:00 does not exist on 29 Mar 2026, because clocks go forward; 03:00 is meant (UTC+02:00).",
        ),
        (
            *("2026-04-05", "01:45", "Australia/Lord_Howe", datetime(2026, 4, 4, 14, 45, tzinfo=UTC)),
            "01:45 comes twice on 5 Apr 2026, because clocks go back; the first is meant (UTC+11:00).",
        ),
        (
            *("2011-12-30", "12:00", "Pacific/Apia", datetime(2011, 12, 30, 22, 0, tzinfo=UTC)),
            "12:00 does not exist on 30 Dec 2011, because clocks go forward; 12:00 is meant (UTC+14:00).",
        ),
    ],
)
def test_an_hour_that_comes_twice_or_never_is_decided_and_named(
    day: str, clock: str, zone: str, at: datetime, said: str
) -> None:
    read = read_local_time(day, clock, zone)
    assert (read.at, read.note) == (at, said)


@pytest.mark.parametrize(
    ("day", "clock", "field", "said"),
    [
        ("", "14:05", "date", "“” is not a date. Write it like 2026-11-30."),
        ("30.11.2026", "14:05", "date", "“30.11.2026” is not a date"),
        ("2026-02-29", "14:05", "date", "is not a date"),
        ("2026-11-30", "", "time", "“” is not a time of day. Write it like 14:05."),
        ("2026-11-30", "2 pm", "time", "“2 pm” is not a time"),
        ("2026-11-30", "24:00", "time", "is not a time"),
        ("2026-11-30", "14:05+01:00", "time", "names a zone of its own"),
        ("0001-01-01", "00:00", "date", "beyond every calendar"),
        ("x" * 5_000, "14:05", "date", "is not a date"),
    ],
)
def test_what_is_no_time_is_refused_at_its_field(day: str, clock: str, field: str, said: str) -> None:
    with pytest.raises(WrongTime) as refused:
        read_local_time(day, clock, BERLIN)
    assert refused.value.field == field
    assert said in str(refused.value)
    assert len(str(refused.value)) < 200
