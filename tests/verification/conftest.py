"""Reports as they are exported: of real experiments whose events went through the ledger."""

import json
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from experiments import lifecycle, looks, planning, receipts, results
from experiments.events import Event, Kind
from experiments.goals import Goal, GoalKind, Role
from experiments.models import Experiment, Occasion, Purpose
from lander.db import make_engine, reading, transaction
from tests.experiments.builders import DAY_MS, after, convert, crowd, refuse, start, take_in, view

Report = dict[str, Any]
Case = Callable[[Engine], Report]
Make = Callable[[Case], Report]


@pytest.fixture
def engine(tmp_path: Path, sqlite_template: Path) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'lander.db')}")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def report_of(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Make:
    """A case's report, made once for all tests that change their own copy of it."""

    @cache
    def make(case: Case) -> str:
        file = shutil.copy(sqlite_template, tmp_path_factory.mktemp(case.__name__) / "lander.db")
        engine = make_engine(f"sqlite:///{file}")
        try:
            return json.dumps(case(engine))
        finally:
            engine.dispose()

    return lambda case: dict(json.loads(make(case)))


def begin(engine: Engine, *, is_planned: bool = False, **changes: Any) -> None:
    with transaction(engine) as session:
        experiment = start(session, **changes)
        if is_planned:
            planning.fix_plan(session, experiment, now=after(days=0))


def judge(engine: Engine, *, days: float = 14, is_detailed: bool = False, **asked: Any) -> Report:
    """The report's JSON, once written and read again; with what an export adds to it where it is detailed."""
    with reading(engine) as session:
        report = results.report(session, "spring-sale-1", now=after(days=days), **asked)
    told = report.as_json() | (report.details_as_json() if is_detailed else {})
    return dict(json.loads(json.dumps(told, allow_nan=False)))


def end(engine: Engine, *, days: float, ship: str | None) -> None:
    with transaction(engine) as session:
        experiment = lifecycle.load(session, "spring-sale-1")
        lifecycle.stop(session, experiment, ship=ship, reason="Enough.", actor="Maya", now=after(days=days))


def look(engine: Engine, *, days: float, occasion: Occasion = Occasion.OPENED, by: str = "ana") -> None:
    """Somebody reads the report, and it is remembered."""
    with transaction(engine) as session:
        report = results.report(session, "spring-sale-1", now=after(days=days))
        looks.store(session, [looks.take(report, by=by, occasion=occasion)])


def reach(goal: str, variant: str, *, visitors: int, **changes: Any) -> list[Event]:
    """Some of a crowd of 14 days reach a further goal, too."""
    served = [event for event in crowd(variant, days=14, **changes) if event.kind is Kind.SERVED]
    return [convert(event, goal=goal) for event in served[:visitors]]


def pay(engine: Engine, variant: str, amounts: list[int], *, phase: int = 1) -> None:
    with transaction(engine) as session:
        for number, amount in enumerate(amounts):
            receipts.record(
                session,
                experiment_key="spring-sale-1",
                phase=phase,
                variant=variant,
                reference=f"{phase} {variant} {number}",
                amount_minor=amount,
                simulated=False,
                now=after(days=3),
            )


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
        event._replace(phase=2, **_later(event, days=11))
        for event in crowd("a", served=600, conversions=50, days=8, source="ad")
        + crowd("b", served=1_400, conversions=150, days=8, source="ad")
    ]
    take_in(engine, later)
    return judge(engine, days=20)


FURTHER = (
    Goal(GoalKind.CLICK, selector="a.phone"),
    Goal(GoalKind.SCROLL, threshold=75),
    Goal(GoalKind.TIME, threshold=30, role=Role.GUARDRAIL, margin=0.05),
    Goal(GoalKind.CLICK, selector="a.complain", role=Role.GUARDRAIL, margin=0.1, fewer_is_better=True),
)


def further_goals_are_counted(engine: Engine) -> Report:
    """B wins what decides; of the further goals it wins one, and harms nothing."""
    begin(engine, is_planned=True, goals=FURTHER, value_minor=5_000, currency="EUR")
    for key, leads, phone, scrolled, stayed, complained in (
        ("a", 300, 90, 900, 1_500, 40),
        ("b", 520, 160, 930, 1_560, 30),
    ):
        who = {"served": 2_400, "conversions": leads}
        take_in(engine, crowd(key, days=14, **who))
        for goal, visitors in (("click-2", phone), ("scroll-3", scrolled), ("time-4", stayed), ("click-5", complained)):
            take_in(engine, reach(goal, key, visitors=visitors, **who))
    return judge(engine)


def a_guardrail_is_harmed(engine: Engine) -> Report:
    """B brings more leads, and complaints in numbers that no margin allows."""
    begin(engine, is_planned=True, goals=FURTHER[3:])
    for key, leads, complained in (("a", 300, 40), ("b", 520, 200)):
        who = {"served": 2_400, "conversions": leads}
        take_in(engine, crowd(key, days=14, **who) + reach("click-2", key, visitors=complained, **who))
    return judge(engine)


def equal_pages_harm(engine: Engine) -> Report:
    """The same content, and yet only one of both gets complaints."""
    begin(engine, purpose=Purpose.AA, goals=FURTHER[3:])
    for key, complained in (("a", 40), ("b", 200)):
        who = {"served": 2_400, "conversions": 300}
        take_in(engine, crowd(key, days=14, **who) + reach("click-2", key, visitors=complained, **who))
    return judge(engine)


def the_best_of_three_harms(engine: Engine) -> Report:
    """What is left cannot win while it is there, however long one waits."""
    begin(engine, weights={"a": 4_000, "b": 3_000, "c": 3_000}, goals=FURTHER[3:])
    for key, served, leads, complained in (("a", 2_400, 240, 40), ("b", 1_800, 330, 200), ("c", 1_800, 200, 30)):
        who = {"served": served, "conversions": leads}
        take_in(engine, crowd(key, days=14, **who) + reach("click-2", key, visitors=complained, **who))
    return judge(engine)


def money_came_in(engine: Engine) -> Report:
    begin(engine, is_planned=True, currency="EUR")
    take_in(engine, crowd("a", served=2_400, conversions=300, days=14))
    take_in(engine, crowd("b", served=2_400, conversions=330, days=14))
    pay(engine, "a", [4_900] * 40 + [9_900] * 15 + [125_000])
    pay(engine, "b", [4_900] * 38 + [9_900] * 30 + [19_950] * 4)
    return judge(engine)


def only_the_variant_was_paid_for(engine: Engine) -> Report:
    begin(engine)
    take_in(engine, crowd("a", served=300, conversions=30, days=8) + crowd("b", served=300, conversions=33, days=8))
    pay(engine, "b", [4_900, 4_900, 7_500])
    return judge(engine, days=8.5)


def it_was_looked_at_and_ended_too_early(engine: Engine) -> Report:
    begin(engine, is_planned=True, lift=0.2)
    take_in(engine, crowd("a", served=300, conversions=60, days=5) + crowd("b", served=310, conversions=31, days=5))
    look(engine, days=1.5)
    look(engine, days=4.5, by="maya")
    look(engine, days=5.5, occasion=Occasion.DECISION, by="maya")
    end(engine, days=5.5, ship="b")
    return judge(engine, days=30)


def it_runs_slower_and_longer_than_planned(engine: Engine) -> Report:
    """An earlier test of the page had shown a rate and a traffic that this one does not have."""
    begin(engine, slug_key="winter-sale")
    for key in "ab":
        take_in(engine, crowd(key, served=6_000, conversions=600, days=10))
    with transaction(engine) as session:
        winter = lifecycle.load(session, "winter-sale-1")
        lifecycle.stop(session, winter, ship=None, reason="Spring.", actor="Maya", now=after(days=11))
        planning.fix_plan(session, start(session, lift=0.5, now=after(days=11)), now=after(days=11))
    for key, converted in (("a", 90), ("b", 80)):
        came = crowd(key, served=400, conversions=converted, days=8, experiment_id=2)
        take_in(engine, [event._replace(**_later(event, days=11)) for event in came])
    return judge(engine, days=20)


def _later(event: Event, *, days: int) -> dict[str, int]:
    return {name: getattr(event, name) + days * DAY_MS for name in ("exposed_at_ms", "at_ms")}


def it_is_exported(engine: Engine) -> Report:
    """With its trend, the lift in each segment, and what visitors came by."""
    begin(engine, is_planned=True)
    for key, converted in (("a", 60), ("b", 90)):
        for campaign, device in (("spring", "phone"), ("summer", "desktop"), ("", "phone")):
            came = {"device": device, "campaign": campaign, "keyword": campaign[:3]}
            take_in(engine, crowd(key, served=500, conversions=converted, days=8, **came))
    return judge(engine, days=9, dimensions=("campaign", "keyword"), is_detailed=True)


CASES: tuple[Case, ...] = (
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
    further_goals_are_counted,
    a_guardrail_is_harmed,
    equal_pages_harm,
    the_best_of_three_harms,
    money_came_in,
    only_the_variant_was_paid_for,
    it_was_looked_at_and_ended_too_early,
    it_runs_slower_and_longer_than_planned,
    it_is_exported,
)
