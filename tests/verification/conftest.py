"""Reports as they are exported: of real experiments whose events went through the ledger."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from experiments import lifecycle, planning, results
from experiments.models import Experiment, Purpose
from lander.db import make_engine, reading, transaction
from tests.experiments.builders import after, crowd, refuse, start, take_in, view

Report = dict[str, Any]


@pytest.fixture
def engine(tmp_path: Path, sqlite_template: Path) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'lander.db')}")
    yield engine
    engine.dispose()


def begin(engine: Engine, *, is_planned: bool = False, **changes: Any) -> None:
    with transaction(engine) as session:
        experiment = start(session, **changes)
        if is_planned:
            planning.fix_plan(session, experiment, now=after(days=0))


def judge(engine: Engine, *, days: float = 14, **asked: Any) -> Report:
    """The report's JSON, once written and read again."""
    with reading(engine) as session:
        report = results.report(session, "spring-sale-1", now=after(days=days), **asked)
    return dict(json.loads(json.dumps(report.as_json(), allow_nan=False)))


def end(engine: Engine, *, days: float, ship: str | None) -> None:
    with transaction(engine) as session:
        experiment = lifecycle.load(session, "spring-sale-1")
        lifecycle.stop(session, experiment, ship=ship, reason="Enough.", actor="Maya", now=after(days=days))


def nobody_came(engine: Engine) -> Report:
    begin(engine)
    return judge(engine, days=0.1)


def nobody_converted(engine: Engine) -> Report:
    begin(engine)
    take_in(engine, crowd("a", served=40, days=3) + crowd("b", served=41, days=3))
    return judge(engine, days=3)


def it_is_early(engine: Engine) -> Report:
    begin(engine, is_planned=True, value_minor=12_50, currency="EUR", lift=0.2)
    take_in(engine, crowd("a", served=300, conversions=20, days=5) + crowd("b", served=310, conversions=31, days=5))
    return judge(engine, days=5.5)


def b_ships(engine: Engine) -> Report:
    begin(engine, is_planned=True, value_minor=5_000, currency="EUR")
    take_in(engine, crowd("a", served=2_400, conversions=300, days=14))
    take_in(engine, crowd("b", served=2_380, confirmed=2_370, conversions=520, days=14))
    take_in(engine, [refuse(view("5" * 32), "bot"), refuse(view("6" * 32), "gpc")])
    return judge(engine)


def c_is_dropped(engine: Engine) -> Report:
    begin(engine, weights={"a": 5_000, "b": 2_500, "c": 2_500})
    take_in(engine, crowd("a", served=2_000, conversions=300, days=9))
    take_in(engine, crowd("b", served=1_000, conversions=155, days=9))
    take_in(engine, crowd("c", served=1_010, conversions=40, days=9))
    return judge(engine, days=9.5)


def it_has_ended(engine: Engine) -> Report:
    b_ships(engine)
    end(engine, days=15, ship="b")
    return judge(engine, days=40)


def the_split_is_broken_on_phones(engine: Engine) -> Report:
    begin(engine)
    take_in(engine, crowd("a", served=800, conversions=80, days=8))
    take_in(engine, crowd("b", served=800, confirmed=500, conversions=60, days=8))
    for variant in "ab":
        take_in(engine, crowd(variant, served=700, conversions=70, days=8, device="desktop", browser="firefox"))
    return judge(engine, days=8.5)


def the_split_is_broken_from_the_start(engine: Engine) -> Report:
    begin(engine)
    take_in(engine, crowd("a", served=900, conversions=80, days=8) + crowd("b", served=600, conversions=60, days=8))
    return judge(engine, days=8.5)


def one_segment_is_broken(engine: Engine) -> Report:
    begin(engine)
    for variant, phones, desktops in (("a", 800, 600), ("b", 600, 800)):
        take_in(engine, crowd(variant, served=phones, conversions=90, days=8))
        take_in(engine, crowd(variant, served=desktops, conversions=90, days=8, device="desktop"))
    return judge(engine, days=8.5)


def bots_lean(engine: Engine) -> Report:
    begin(engine)
    take_in(engine, crowd("a", served=300, conversions=60, days=8) + crowd("b", served=300, conversions=66, days=8))
    take_in(engine, [refuse(view(f"{number:032x}", variant="a"), "bot") for number in range(200)])
    return judge(engine, days=8.5)


def some_saw_both(engine: Engine) -> Report:
    begin(engine, coverage_bp=5_000)
    take_in(engine, crowd("a", served=300, conversions=60, days=8) + crowd("b", served=300, conversions=66, days=8))
    take_in(engine, [view(f"{number:032x}", variant=variant) for number in range(20) for variant in "ab"])
    return judge(engine, days=8.5)


def equal_pages_differ(engine: Engine) -> Report:
    begin(engine, purpose=Purpose.AA)
    take_in(
        engine, crowd("a", served=2_000, conversions=200, days=9) + crowd("b", served=2_000, conversions=400, days=9)
    )
    return judge(engine, days=9.5)


def it_is_in_its_second_phase(engine: Engine) -> Report:
    begin(engine, is_planned=True)
    take_in(engine, crowd("a", served=400, conversions=40, days=8) + crowd("b", served=410, conversions=41, days=8))
    with transaction(engine) as session:
        experiment: Experiment = lifecycle.load(session, "spring-sale-1")
        weights = {"a": 3_000, "b": 7_000}
        lifecycle.new_phase(session, experiment, weights=weights, now=after(days=10))
    later = [
        event._replace(
            phase=2, exposed_at_ms=event.exposed_at_ms + 11 * 86_400_000, at_ms=event.at_ms + 11 * 86_400_000
        )
        for event in crowd("a", served=600, conversions=50, days=8, source="ad")
        + crowd("b", served=1_400, conversions=150, days=8, source="ad")
    ]
    take_in(engine, later)
    return judge(engine, days=20)


CASES: tuple[Callable[[Engine], Report], ...] = (
    nobody_came,
    nobody_converted,
    it_is_early,
    b_ships,
    c_is_dropped,
    it_has_ended,
    the_split_is_broken_on_phones,
    the_split_is_broken_from_the_start,
    one_segment_is_broken,
    bots_lean,
    some_saw_both,
    equal_pages_differ,
    it_is_in_its_second_phase,
)
