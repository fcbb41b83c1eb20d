"""How long changes take from their first edit to live."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from lander.pages.leadtime import Change, Published, find_changes, list_changes, measure
from lander.pages.publish import publish
from lander.pages.rollback import rollback
from lander.pages.versions import save_source
from tests.pages.publishing import MAYA, PAGE, add_page, add_site, make_settings
from tests.pages.publishing import NOW as IMPORTED

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
A, B, FOOTER = ("variant", 1), ("variant", 2), ("snippet", 1)


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def went_live(minutes: float, *, page: int = 1, is_change: bool = True, by: str = "maya", **live: int) -> Published:
    owners = {"a": A, "b": B, "footer": FOOTER}
    return Published(page, after(minutes), by, is_change, {owners[key]: number for key, number in live.items()})


EDITS = {A: [(1, after(0)), (2, after(10)), (3, after(30)), (4, after(60))], B: [(1, after(20))], FOOTER: [(1, NOON)]}


def minutes(changes: list[Change]) -> list[float]:
    return [change.took / timedelta(minutes=1) for change in changes]


def test_a_change_begins_with_the_oldest_edit_that_nobody_had_seen() -> None:
    assert minutes(find_changes([went_live(5, a=1), went_live(40, a=3)], EDITS)) == [5, 30]


def test_the_first_edit_of_any_variant_begins_it() -> None:
    assert minutes(find_changes([went_live(5, a=1), went_live(40, a=3, b=1)], EDITS)) == [5, 30]
    assert minutes(find_changes([went_live(40, b=1), went_live(50, b=1, footer=1)], EDITS)) == [20, 50]


def test_pages_that_were_published_together_are_one_change() -> None:
    assert minutes(find_changes([went_live(40, a=3), went_live(40, page=2, b=1)], EDITS)) == [40]
    assert len(find_changes([went_live(40, a=3), went_live(40, page=2, by="otto", b=1)], EDITS)) == 2


def test_going_back_is_no_change_and_what_follows_counts_from_its_own_edit() -> None:
    acts = [went_live(5, a=1), went_live(40, a=3), went_live(50, is_change=False, a=1), went_live(70, a=4)]
    assert minutes(find_changes(acts, EDITS)) == [5, 30, 10]
    assert minutes(find_changes([*acts, went_live(80, a=3)], EDITS)) == [5, 30, 10]


def test_what_a_test_puts_live_is_no_change_and_not_new_afterwards() -> None:
    acts = [went_live(5, a=1), went_live(40, is_change=False, a=3), went_live(50, a=3)]
    assert minutes(find_changes(acts, EDITS)) == [5]


def of_minutes(*took: float, live: datetime = NOON) -> list[Change]:
    return [Change(live - timedelta(minutes=minutes), live) for minutes in took]


def test_the_ninetieth_percentile_is_a_time_that_occurred() -> None:
    found = measure(of_minutes(*range(1, 21)), days=30, now=NOON)
    assert (found.changes, found.median, found.p90) == (20, timedelta(minutes=10.5), timedelta(minutes=18))


@pytest.mark.parametrize(
    ("took", "sentence"),
    [
        ((), "Nothing went live in 30 days."),
        ((0.5,), "From the first edit to live: under a minute (1 change, 30 days)."),
        (
            (4, 4, 200),
            "From the first edit to live: 4 minutes in the middle, 3 hours at the longest (3 changes, 30 days).",
        ),
        (
            (4,) * 9 + (120, 4000),
            "From the first edit to live: 4 minutes in the middle, 2 hours or more for the slowest tenth "
            "(11 changes, 30 days).",
        ),
    ],
)
def test_it_is_said_in_one_sentence(took: tuple[float, ...], sentence: str) -> None:
    assert measure(of_minutes(*took), days=30, now=NOON).sentence == sentence


def test_only_what_went_live_within_those_days_counts() -> None:
    changes = [*of_minutes(1), *of_minutes(2, live=NOON - timedelta(days=31)), *of_minutes(3, live=after(1))]
    assert measure(changes, days=30, now=NOON).changes == 1
    assert measure(changes, days=90, now=NOON).changes == 2


def test_it_is_read_from_versions_and_publications(session: Session, tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    page = add_page(session, add_site(session), {"a": PAGE})

    def save(headline: str, *, hours: float) -> None:
        source, now = PAGE.replace("<h1>", f"<h1>{headline} "), IMPORTED + timedelta(hours=hours)
        save_source(session, page, "a", source, actor=MAYA, now=now, base_version=None)

    def go_live(*, hours: float) -> None:
        publish(session, settings, page, actor=MAYA, now=IMPORTED + timedelta(hours=hours))

    go_live(hours=1)
    first = page.release_id
    assert first is not None
    save("Second", hours=2)
    save("Third", hours=3)
    go_live(hours=5)
    rollback(session, settings, page, to=first, actor=MAYA, now=IMPORTED + timedelta(hours=6))
    save("Fourth", hours=8)
    go_live(hours=8.5)

    took = [change.took / timedelta(hours=1) for change in list_changes(session, since=IMPORTED)]
    assert took == [1, 3, 0.5]
    assert [
        change.took / timedelta(hours=1) for change in list_changes(session, since=IMPORTED + timedelta(hours=4))
    ] == [
        3,
        0.5,
    ]
    assert list_changes(session, since=IMPORTED + timedelta(days=1)) == []
