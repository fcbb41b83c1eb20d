"""Peeking is no secret: who saw which verdict, and when."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from experiments import lifecycle, looks, results
from experiments.models import Occasion
from experiments.seen import Seen
from lander.db import reading, transaction
from tests.experiments.builders import after, crowd, start, take_in

KEY = "spring-sale-1"


@pytest.fixture
def engine(database: Engine) -> Engine:
    with transaction(database) as session:
        start(session)
    take_in(database, crowd("a", served=90, conversions=9, days=9) + crowd("b", served=90, conversions=12, days=9))
    return database


def look(engine: Engine, *, days: float, by: str = "Ana", occasion: Occasion = Occasion.OPENED) -> int:
    with transaction(engine) as session:
        report = results.report(session, KEY, now=after(days=days))
        return looks.store(session, [looks.take(report, by=by, occasion=occasion)])


def list_all(engine: Engine, *, until: float = 99, phase: int = 1) -> list[Seen]:
    with reading(engine) as session:
        return looks.list_looks(session, lifecycle.load(session, KEY), phase, until=after(days=until))


def test_a_look_keeps_the_verdict_and_the_numbers_of_the_moment(engine: Engine) -> None:
    look(engine, days=10)
    with reading(engine) as session:
        report = results.report(session, KEY, now=after(days=10))
    (seen,) = report.looks
    assert (seen.by, seen.at, seen.sentence, seen.days) == ("Ana", after(days=10), report.verdict.sentence, report.days)
    a, b = seen.variants
    assert (b.served, b.conversions, b.p_best) == (90, 12, report.variants[1].decision.p_best)
    assert a.lift is None
    assert b.lift_low is not None
    assert b.lift is not None
    assert b.lift_low < b.lift


def test_a_day_a_person_and_an_occasion_make_one_look(engine: Engine) -> None:
    assert [look(engine, days=10), look(engine, days=10.2)] == [1, 0]
    assert look(engine, days=10.2, by="Maya") == 1
    assert look(engine, days=10.2, occasion=Occasion.DECISION) == 1
    assert look(engine, days=11) == 1
    assert [(item.by, item.occasion.value) for item in list_all(engine)] == [
        ("Ana", "opened"), ("Maya", "opened"), ("Ana", "decision"), ("Ana", "opened"),
    ]  # fmt: skip


def test_a_day_is_the_sites_own(engine: Engine) -> None:
    midnight = datetime(2026, 11, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    with transaction(engine) as session:
        for moment in (midnight - timedelta(seconds=1), midnight, midnight + timedelta(hours=23)):
            report = results.report(session, KEY, now=moment)
            looks.store(session, [looks.take(report, by="Ana", occasion=Occasion.OPENED)])
    assert [item.at for item in list_all(engine)] == [midnight - timedelta(seconds=1), midnight]


def test_a_report_of_the_past_has_the_looks_until_then(engine: Engine) -> None:
    for days in (10, 12):
        look(engine, days=days)
    with reading(engine) as session:
        past = results.report(session, KEY, as_of=after(days=11), now=after(days=20))
    assert [item.at for item in past.looks] == [after(days=10)]


def test_each_phase_has_its_own_looks(engine: Engine) -> None:
    look(engine, days=10)
    with transaction(engine) as session:
        lifecycle.new_phase(session, lifecycle.load(session, KEY), now=after(days=11))
    look(engine, days=12)
    assert [len(list_all(engine, phase=number)) for number in (1, 2)] == [1, 1]


def test_the_last_look_at_each_experiment_is_found(engine: Engine) -> None:
    look(engine, days=10)
    look(engine, days=11, by="Maya")
    with transaction(engine) as session:
        start(session, page_id=2, slug_key="winter")
        found = looks.find_last(session, lifecycle.list_experiments(session))
    assert {key: seen.by for key, seen in found.items()} == {KEY: "Maya"}


def test_it_crosses_the_journal_unchanged(engine: Engine) -> None:
    look(engine, days=10)
    (seen,) = list_all(engine)
    assert Seen.from_journal(seen.to_journal()) == seen


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"by": 1}', b'{"variants": [], "at": "yesterday", "occasion": "daily"}']
)
def test_what_is_no_look_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Seen.from_journal(body)


def test_a_look_at_an_experiment_that_is_not_there_is_forgotten(engine: Engine) -> None:
    look(engine, days=10)
    (seen,) = list_all(engine)
    with transaction(engine) as session:
        lost = Seen.from_journal(seen.to_journal().replace(b"spring-sale-1", b"autumn-1"))
        assert looks.store(session, [lost]) == 0


def test_since_last_night_it_says_what_came_and_how_the_odds_moved(engine: Engine) -> None:
    night = datetime(2026, 11, 12, 0, 0, 5, tzinfo=ZoneInfo("Europe/Berlin"))
    with transaction(engine) as session:
        report = results.report(session, KEY, now=night)
        looks.store(session, [looks.take(report, by=looks.WORK_PROCESS, occasion=Occasion.DAILY)])
    take_in(engine, crowd("a", served=70, conversions=2, device="desktop"))
    take_in(engine, crowd("b", served=70, conversions=20, device="desktop"))
    with reading(engine) as session:
        now = results.report(session, KEY, now=night + timedelta(hours=12))
        changes = results.changes(session, now)
    assert changes is not None
    assert changes.since == night
    assert [(item.key, item.confirmed, item.conversions) for item in changes.variants] == [("a", 70, 2), ("b", 70, 20)]
    assert changes.sentences[0] == "140 visitors more, and leads by variant: A +2 and B +20."
    assert changes.sentences[1].startswith("A's probability to be the best fell from ")
    assert changes.sentences[2].startswith("B's probability to be the best rose from ")


def test_without_a_look_of_last_night_it_is_computed_from_the_visitors(engine: Engine) -> None:
    with reading(engine) as session:
        now = results.report(session, KEY, now=after(days=4))
        changes = results.changes(session, now)
        then = results.report(session, KEY, as_of=looks.begin_of_day(now.as_of, "Europe/Berlin"), now=now.as_of)
    assert changes is not None
    assert changes.since == then.as_of
    assert [item.served + new.served for item, new in zip(then.variants, changes.variants, strict=True)] == [90, 90]
    assert sum(item.served for item in changes.variants) > 0


def test_where_nobody_came_since_it_says_so(engine: Engine) -> None:
    with reading(engine) as session:
        changes = results.changes(session, results.report(session, KEY, now=after(days=20)))
    assert changes is not None
    assert changes.sentences == ("Nobody new was counted.",)


def test_a_test_of_today_has_no_yesterday(engine: Engine) -> None:
    with reading(engine) as session:
        assert results.changes(session, results.report(session, KEY, now=after(hours=3))) is None
