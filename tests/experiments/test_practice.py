"""A plan is fixed and sealed when a test starts, and the report says where practice left it."""

import hashlib
import json
from typing import Any

import pytest
from sqlalchemy import Engine, update
from sqlmodel import Session

from experiments import lifecycle, looks, planning, results
from experiments.errors import ExperimentConflict, InvalidExperiment
from experiments.goals import Goal, GoalKind, Role
from experiments.models import Experiment, Occasion
from experiments.practice import Departure, PlanReport, hash_plan
from lander.db import reading, transaction
from tests.experiments.builders import STARTED, after, crowd, start, take_in


@pytest.fixture
def engine(database: Engine) -> Engine:
    begin(database)
    return database


def begin(engine: Engine, **changes: Any) -> dict[str, Any]:
    with transaction(engine) as session:
        return planning.fix_plan(session, start(session, **changes), now=STARTED)


def judge(engine: Engine, *, days: float = 14, key: str = "spring-sale-1") -> results.Report:
    with reading(engine) as session:
        return results.report(session, key, now=after(days=days))


def plan_of(report: results.Report) -> PlanReport:
    assert report.plan is not None
    return report.plan


def departures(engine: Engine, *, days: float = 14) -> dict[str, Departure]:
    return {item.kind: item for item in plan_of(judge(engine, days=days)).departures}


def change(engine: Engine, **values: Any) -> None:
    with transaction(engine) as session:
        session.execute(update(Experiment).values(**values))


def load(session: Session) -> Experiment:
    return lifecycle.load(session, "spring-sale-1")


def test_the_plan_holds_what_was_decided_what_it_rests_on_and_what_follows(database: Engine) -> None:
    plan = begin(database, lift=0.2, value_minor=4_500, currency="EUR")
    assert (
        plan.items()
        >= {
            "experiment": "spring-sale-1",
            "hypothesis": "A shorter headline brings more leads.",
            "goal": "form",
            "control": "a",
            "weights": {"a": 5_000, "b": 5_000},
            "lift": 0.2,
            "value_minor": 4_500,
            "currency": "EUR",
            "rate": 0.05,
            "rate_assumed": True,
            "visitors_per_variant": 8_155,
            "days": None,
            "outlook": None,
            "fixed_at": STARTED.isoformat(),
        }.items()
    )
    assert (plan["prior"]["tau"], plan["prior"]["source"], plan["rule"]["min_days"]) == (0.07, "default", 7)


def test_its_hash_can_be_computed_by_anybody(engine: Engine) -> None:
    told = judge(engine).as_json()["plan"]
    canonical = json.dumps(told["plan"], sort_keys=True, separators=(",", ":"))
    assert told["hash"] == hashlib.sha256(canonical.encode()).hexdigest()
    assert told["is_intact"]
    assert told["departures"] == []


def test_the_hash_survives_the_way_through_the_database(engine: Engine) -> None:
    with reading(engine) as session:
        stored = load(session)
        assert hash_plan(stored.plan) == stored.plan_hash


def test_a_plan_that_was_changed_afterwards_is_noticed_and_nothing_is_held_against_it(engine: Engine) -> None:
    with reading(engine) as session:
        plan = load(session).plan
    change(engine, plan={**plan, "lift": 0.01})
    report = plan_of(judge(engine))
    assert not report.is_intact
    assert [item.kind for item in report.departures] == ["plan-changed"]
    change(engine, plan={})
    assert [item.kind for item in plan_of(judge(engine)).departures] == ["plan-changed"]


def test_a_plan_is_fixed_once(engine: Engine) -> None:
    with (
        transaction(engine) as session,
        pytest.raises(ExperimentConflict, match="The plan of experiment spring-sale-1"),
    ):
        planning.fix_plan(session, load(session), now=after(days=3))


def test_a_test_without_a_plan_is_judged_without_one(database: Engine) -> None:
    with transaction(database) as session:
        start(session)
    report = judge(database)
    assert report.plan is None
    assert report.parameters.min_lift == 0.1


def test_open_plans_are_fixed_by_whoever_comes_by(database: Engine) -> None:
    with transaction(database) as session:
        start(session)
        assert planning.fix_open_plans(session, now=STARTED) == 1
        assert planning.fix_open_plans(session, now=STARTED) == 0
    assert plan_of(judge(database)).is_intact


@pytest.mark.parametrize(
    ("wish", "words"),
    [({"lift": 0.0}, "is 0 %"), ({"value_minor": 0}, "is worth 0"), ({"value_minor": 10**13}, r"up to 10\^12")],
)
def test_a_lift_or_a_value_of_nothing_is_refused(database: Engine, wish: dict[str, Any], words: str) -> None:
    with transaction(database) as session, pytest.raises(InvalidExperiment, match=words):
        start(session, **wish)


def test_where_nearly_everybody_converts_the_plan_has_no_visitors_and_the_report_still_answers(
    database: Engine,
) -> None:
    with transaction(database) as session:
        start(session)
    take_in(database, crowd("a", served=200, conversions=198, days=9) + crowd("b", served=200, conversions=197, days=9))
    with transaction(database) as session:
        lifecycle.stop(session, load(session), reason="Done.", actor="Maya", now=after(days=9))
    assert begin(database, lift=0.5)["visitors"] is None
    with transaction(database) as session:
        second = lifecycle.load(session, "spring-sale-2")
        lifecycle.stop(session, second, reason="Done.", actor="Maya", now=after(days=12))
    assert plan_of(judge(database, key="spring-sale-2")).departures == ()


def test_the_plan_rests_on_what_the_page_did_before(database: Engine) -> None:
    with transaction(database) as session:
        start(session)
    take_in(database, crowd("a", served=2_000, conversions=160, days=10) + crowd("b", served=2_000, days=10))
    with transaction(database) as session:
        lifecycle.stop(session, load(session), reason="Done.", actor="Maya", now=after(days=10))
        plan = planning.fix_plan(session, start(session, now=after(days=11)), now=after(days=11))
    assert (plan["rate"], plan["rate_assumed"], plan["visitors_per_day"]) == (0.08, False, 400.0)
    assert 0 <= plan["outlook"]["planned"]["wrong"] < plan["outlook"]["planned"]["decided"] <= 1


def test_stopping_early_is_said(engine: Engine) -> None:
    take_in(engine, crowd("a", served=50, conversions=4, days=3) + crowd("b", served=50, conversions=4, days=3))
    with transaction(engine) as session:
        lifecycle.stop(session, load(session), reason="Impatience.", actor="Maya", now=after(days=3))
    assert departures(engine)["stopped-early"].sentence == (
        "It was planned for 62,462 visitors, and ended after 100 visitors and 3 days."
    )


def test_a_new_phase_and_other_weights_are_said(engine: Engine) -> None:
    with transaction(engine) as session:
        lifecycle.new_phase(session, load(session), weights={"a": 2_000, "b": 8_000}, now=after(days=2))
    found = departures(engine)
    assert found["phases"].sentence == "It was planned as one phase; phase 2 began on 4 November 2026."
    assert found["split"].sentence == (
        "Planned were A 50 % : B 50 % of all visitors; now it is A 20 % : B 80 % of all visitors."
    )


def test_another_goal_than_the_planned_one_is_said(engine: Engine) -> None:
    change(engine, goal="click", selector="a.cta")
    found = departures(engine)
    assert found["goal"].sentence == "The goal was planned as form and is click."
    assert found["selector"].sentence == "The selector was planned as none and is a.cta."


def test_the_further_goals_are_planned_and_sealed_and_others_than_these_are_said(database: Engine) -> None:
    phone = Goal(GoalKind.CLICK, selector="a.phone", role=Role.GUARDRAIL, margin=0.05)
    plan = begin(database, goals=[phone, Goal(GoalKind.SCROLL, threshold=75)])
    assert [(item["key"], item["role"], item["margin"]) for item in plan["goals"]] == [
        ("click-2", "guardrail", 0.05),
        ("scroll-3", "secondary", 0.0),
    ]
    assert plan_of(judge(database)).is_intact
    assert departures(database) == {}
    change(database, goals=plan["goals"][:1])
    assert departures(database)["goals"].sentence == (
        "The further goals were planned as clicks on a.phone (guardrail, up to 5 % worse) and 75 % of the page seen "
        "(secondary) and are clicks on a.phone (guardrail, up to 5 % worse)."
    )


def test_a_plan_from_before_further_goals_is_held_against_what_was_done(engine: Engine) -> None:
    with reading(engine) as session:
        plan = {key: value for key, value in load(session).plan.items() if key != "goals"}
    change(engine, plan=plan, plan_hash=hash_plan(plan))
    assert plan_of(judge(engine)).is_intact
    assert departures(engine) == {}


def test_a_rate_that_is_not_the_planned_one_is_said(engine: Engine) -> None:
    take_in(engine, crowd("a", served=900, conversions=9, days=9) + crowd("b", served=900, conversions=9, days=9))
    assert departures(engine)["rate"].sentence.endswith("the plan reckoned with 5 %.")


def test_fewer_visitors_than_planned_are_said(database: Engine) -> None:
    with transaction(database) as session:
        start(session)
    take_in(database, crowd("a", served=2_000, conversions=100, days=10) + crowd("b", served=2_000, days=10))
    with transaction(database) as session:
        lifecycle.stop(session, load(session), reason="Done.", actor="Maya", now=after(days=10))
        planning.fix_plan(session, start(session), now=after(days=10))
    some = crowd("a", served=400, conversions=20, days=10, experiment_id=2)
    take_in(database, some + crowd("b", served=400, conversions=20, days=10, experiment_id=2))
    plan = plan_of(judge(database, key="spring-sale-2"))
    assert {item.kind: item.sentence for item in plan.departures}["slower"] == (
        "About 80 visitors came a day; planned were 400."
    )


def test_looking_before_the_planned_days_are_over_is_said_with_names(engine: Engine) -> None:
    with transaction(engine) as session:
        for days, by, occasion in ((1, "the work process", "daily"), (2, "Maya", "opened"), (9, "Ana", "opened")):
            seen = results.report(session, load(session), now=after(days=days))
            looks.store(session, [looks.take(seen, by=by, occasion=Occasion(occasion))])
    assert departures(engine)["looked-early"].sentence.startswith("Maya looked on 1 day before the planned 7 days")


def test_a_decision_against_the_verdict_is_said(engine: Engine) -> None:
    with transaction(engine) as session:
        seen = results.report(session, load(session), now=after(days=3))
        looks.store(session, [looks.take(seen, by="Maya", occasion=Occasion.DECISION)])
        lifecycle.stop(session, load(session), ship="b", reason="I like it.", actor="Maya", now=after(days=3))
    assert departures(engine)["decision"].sentence == (
        "B stays, though the verdict of the moment was: Too early to say: nobody has seen this test yet."
    )
