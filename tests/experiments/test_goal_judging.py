"""Further goals in a report: each with both lenses, the secondary ones adjusted together, guardrails asked for harm."""

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

import stats
from experiments import lifecycle, results
from experiments.counting import count, count_as_of
from experiments.events import Event
from experiments.goals import Goal, GoalKind, Role
from experiments.outcomes import GoalReport, GoalVariant
from experiments.report import Report
from lander.db import reading, transaction
from tests.databases import noted
from tests.experiments.builders import HOUR_MS, STARTED_MS, after, confirm, convert, start, take_in, view

PHONE = Goal(GoalKind.CLICK, selector="a.phone", role=Role.GUARDRAIL, margin=0.05)
READ = Goal(GoalKind.SCROLL, threshold=75)
STAYED = Goal(GoalKind.TIME, threshold=30)
COMPLAINED = Goal(GoalKind.CLICK, selector="a.complain", role=Role.GUARDRAIL, margin=0.1, fewer_is_better=True)


def crowd(variant: str, visitors: int, *, confirmed: int | None = None, **reached: int) -> Iterator[Event]:
    """Visitors of one variant over nine days; the first of them confirm, and the first reach each goal, `click_2` for click-2."""
    for number in range(visitors):
        seen = view(f"{variant}{number:031x}", variant=variant, at_ms=STARTED_MS + (number % 9 * 24 + 1) * HOUR_MS)
        yield seen
        if number < (visitors if confirmed is None else confirmed):
            yield confirm(seen)
        for goal, often in reached.items():
            if number < often:
                yield convert(seen, goal=goal.replace("_", "-"))


def run(engine: Engine, *crowds: Iterator[Event], goals: tuple[Goal, ...], **changes: object) -> Report:
    with transaction(engine) as session:
        start(session, goals=goals, **changes)
    take_in(engine, [event for events in crowds for event in events])
    return read(engine)


def read(engine: Engine, **asked: object) -> Report:
    with reading(engine) as session:
        return results.report(session, "spring-sale-1", now=after(days=9, hours=2), **asked)  # type: ignore[arg-type]


def pick(report: Report, goal: str, variant: str) -> GoalVariant:
    found: GoalReport = next(item for item in report.goals if item.goal.key == goal)
    return next(item for item in found.variants if item.key == variant)


def test_each_goal_is_counted_among_the_confirmed_visitors_of_each_variant(database: Engine) -> None:
    report = run(
        database,
        crowd("a", 500, confirmed=450, form=30, click_2=60, scroll_3=200),
        crowd("b", 520, confirmed=470, form=31, click_2=480),
        goals=(PHONE, READ),
    )
    assert [item.goal.key for item in report.goals] == ["click-2", "scroll-3"]
    counted = {
        (item.goal.key, variant.key): (variant.conversions, variant.unconfirmed_conversions)
        for item in report.goals
        for variant in item.variants
    }
    assert counted == {
        ("click-2", "a"): (60, 0),
        ("click-2", "b"): (470, 10),
        ("scroll-3", "a"): (200, 0),
        ("scroll-3", "b"): (0, 0),
    }
    assert [item.conversions for item in report.variants] == [30, 31]


def test_both_lenses_say_of_it_what_they_say_of_a_goal_that_decides(database: Engine) -> None:
    report = run(database, crowd("a", 900, form=40, click_2=90), crowd("b", 900, form=45, click_2=120), goals=(PHONE,))
    samples = [stats.BinarySample(900, 90), stats.BinarySample(900, 120)]
    found = pick(report, "click-2", "b")
    for belief, prior in ((found.data, stats.Beta(0.5, 0.5)), (found.decision, stats.Exchangeable(0.07))):
        expected = stats.compare(samples, prior=prior).variants[1]
        assert expected.lift is not None
        assert belief.lift is not None
        assert (belief.p_beats_control, belief.lift.low) == (expected.p_beats_control, expected.lift.low)
    assert pick(report, "click-2", "a").decision.lift is None


def test_secondary_goals_are_adjusted_as_one_family_and_guardrails_are_none_of_it(database: Engine) -> None:
    report = run(
        database,
        crowd("a", 1_500, form=40, click_2=90, scroll_3=500, time_4=300),
        crowd("b", 1_500, form=45, click_2=60, scroll_3=560, time_4=310),
        goals=(PHONE, READ, STAYED),
    )
    read_on, stayed = pick(report, "scroll-3", "b"), pick(report, "time-4", "b")
    chances = [item.data.p_beats_control for item in (read_on, stayed)]
    expected = stats.adjust([stats.two_sided(p) for p in chances if p is not None])
    assert [read_on.p_adjusted, stayed.p_adjusted] == list(expected.p_values)
    assert [read_on.is_discovery, stayed.is_discovery] == [True, False]
    assert expected.p_values[0] == 2 * stats.two_sided(chances[0] or 0.0), "the smaller one of two counts twice"
    for item in (pick(report, "click-2", "b"), pick(report, "scroll-3", "a")):
        assert item.p_adjusted is None
        assert item.is_discovery is None
    assert read_on.guardrail is None


def test_a_guardrail_is_asked_for_harm_in_the_decision_lens(database: Engine) -> None:
    report = run(
        database,
        crowd("a", 2_000, form=60, click_2=300, click_3=40),
        crowd("b", 2_000, form=60, click_2=180, click_3=120),
        goals=(PHONE, COMPLAINED),
    )
    _, lens = stats.compare(
        [stats.BinarySample(2_000, 300), stats.BinarySample(2_000, 180)], prior=stats.Exchangeable(0.07)
    ).variants
    fewer_calls, more_complaints = pick(report, "click-2", "b").guardrail, pick(report, "click-3", "b").guardrail
    assert fewer_calls == stats.non_inferior(lens, margin=0.05)
    assert fewer_calls is not None
    assert fewer_calls.status is stats.GuardrailStatus.HARM
    assert more_complaints is not None
    assert more_complaints.p_harm > 0.9, "more of what nobody wants is harm, though the lift is above zero"
    assert pick(report, "click-2", "a").guardrail is None


def test_before_anybody_comes_nothing_is_a_discovery_and_no_guardrail_is_sure(database: Engine) -> None:
    report = run(database, goals=(PHONE, READ))
    guardrail = pick(report, "click-2", "b").guardrail
    assert guardrail is not None
    assert guardrail.status is stats.GuardrailStatus.UNSURE
    assert pick(report, "scroll-3", "b").p_adjusted is None


def test_as_of_now_the_visitors_say_what_the_tallies_say(database: Engine) -> None:
    run(
        database,
        crowd("a", 300, confirmed=290, form=20, click_2=40, scroll_3=100),
        crowd("b", 300, confirmed=280, form=22, click_2=30, scroll_3=290),
        goals=(PHONE, READ),
    )
    early = read(database, as_of=after(days=4))
    assert 0 < pick(early, "scroll-3", "b").conversions < 280
    with reading(database) as session:
        experiment = lifecycle.load(session, "spring-sale-1")
        phases = lifecycle.list_phases(session, experiment)
        then = count_as_of(session, experiment, phases, at=after(days=9, hours=2))
        assert then == [count(session, experiment, phases[0])]


def test_an_earlier_phase_keeps_its_own_goals(database: Engine) -> None:
    run(database, crowd("a", 30, click_2=8), crowd("b", 30, click_2=5), goals=(PHONE,))
    with transaction(database) as session:
        lifecycle.new_phase(session, lifecycle.load(session, "spring-sale-1"), now=after(days=9))
    assert [pick(read(database, phase=phase), "click-2", "a").conversions for phase in (1, 2)] == [8, 0]


def test_without_further_goals_there_is_nothing_to_say_of_them(database: Engine) -> None:
    assert run(database, crowd("a", 20, form=3), crowd("b", 20, form=2), goals=()).goals == ()


def test_its_json_names_the_goal_and_what_is_believed_of_it(database: Engine) -> None:
    report = run(database, crowd("a", 90, click_2=9), crowd("b", 90, click_2=12), goals=(PHONE,))
    (goal,) = json.loads(json.dumps(report.as_json()))["goals"]
    assert (goal["key"], goal["role"], goal["margin"]) == ("click-2", "guardrail", 0.05)
    control, variant = goal["variants"]
    assert control["guardrail"] is None
    assert set(variant["guardrail"]) == {"p_harm", "margin", "status"}
    assert variant["conversions"] == 12
    assert set(variant["decision"]) <= set(variant)


def test_counting_them_takes_one_question_more_however_many_they_are(database: Engine) -> None:
    run(database, crowd("a", 30), crowd("b", 30), goals=(PHONE, READ, STAYED, COMPLAINED))
    with noted(database) as asked:
        read(database)
    with transaction(database) as session:
        lifecycle.load(session, "spring-sale-1").goals = []
    with noted(database) as asked_without:
        read(database)
    assert len(asked) == len(asked_without) + 1
    assert not [statement for statement in asked if "FROM visitor" in statement]


def test_where_nobody_can_be_compared_there_is_no_question(database: Engine) -> None:
    report = run(database, crowd("b", 300, scroll_2=300), goals=(READ,))
    found = pick(report, "scroll-2", "b")
    assert (found.conversions, found.p_adjusted, found.is_discovery) == (300, None, None)


def test_no_visitors_are_advised_to_where_a_guardrail_is_harmed(database: Engine) -> None:
    def run_three(clicks: int) -> Report:
        key = f"test{clicks}"
        with transaction(database) as session:
            start(session, page_id=clicks, slug_key=key, goals=(PHONE,), weights={"a": 3_334, "b": 3_333, "c": 3_333})
        for variant, reached in (("a", 400), ("b", 400), ("c", clicks)):
            events = crowd(variant, 900, form=50, click_2=reached)
            take_in(database, [event._replace(experiment_id=clicks_id(key)) for event in events])
        with reading(database) as session:
            return results.report(session, f"{key}-1", now=after(days=9, hours=2))

    def clicks_id(key: str) -> int:
        with reading(database) as session:
            return lifecycle.load(session, f"{key}-1").id or 0

    fine, harmed = run_three(390), run_three(200)
    assert sum(item.advised_share or 0 for item in fine.variants) == pytest.approx(1)
    assert harmed.verdict.dropped == ("c",)
    assert [item.advised_share for item in harmed.variants] == [None, None, None]
