"""Ana reads a report, and it is the same whoever asks."""

import json
from datetime import date

import pytest
from sqlalchemy import Engine

import stats
from experiments import lifecycle, results
from experiments.errors import UnknownExperiment
from experiments.models import State
from experiments.verdict import Action
from lander.db import reading, transaction
from tests.databases import noted
from tests.experiments.builders import (
    DAY_MS,
    STARTED_MS,
    after,
    confirm,
    convert,
    crowd,
    refuse,
    start,
    take_in,
    view,
)

MAYA, ANA = "1" * 32, "2" * 32


def judge(engine: Engine, *, days: float = 14, phase: int | None = None, key: str = "spring-sale-1") -> results.Report:
    with reading(engine) as session:
        return results.report(session, key, phase=phase, now=after(days=days))


def test_its_json_has_the_agreed_keys_and_the_numbers_of_the_engine(engine: Engine) -> None:
    take_in(engine, crowd("a", served=300, confirmed=290, conversions=20, days=14))
    take_in(engine, crowd("b", served=310, confirmed=300, conversions=31, days=14))
    take_in(engine, [refuse(view(MAYA), "bot"), refuse(view(ANA), "bot"), refuse(view(ANA), "gpc")])
    answer = json.loads(json.dumps(judge(engine).as_json(), allow_nan=False))
    samples = [stats.BinarySample(290, 20), stats.BinarySample(300, 31)]
    inner = stats.compare(samples, level=0.5).variants[1]
    a, b = stats.compare(samples).variants
    assert b.lift is not None
    assert inner.lift is not None
    agreed = {"experiment": "spring-sale-1", "phase": 1, "goal": "form", "filtered": {"bot": 2, "gpc": 1}}
    assert answer["format"] == 1
    assert answer.items() >= agreed.items()
    for key, weights in (("served", [300, 310]), ("confirmed", [290, 300])):
        expected = {"p_value": stats.srm(weights, [1, 1]).p_value, "mismatch": False}
        assert answer["srm"][key].items() >= expected.items()
    control, other = answer["variants"]
    assert control.items() >= {"key": "a", "served": 300, "confirmed": 290, "conversions": 20, "lift": None}.items()
    assert control.items() >= {"p_best": a.p_best, "p_beats_control": None, "expected_loss": a.expected_loss}.items()
    assert other.items() >= {"key": "b", "served": 310, "confirmed": 300, "conversions": 31}.items()
    assert other.items() >= {"p_best": b.p_best, "p_beats_control": b.p_beats_control}.items()
    assert other["expected_loss"] == b.expected_loss
    for told, outside, inside in ((other["rate"], b.rate, inner.rate), (other["lift"], b.lift, inner.lift)):
        assert told == {
            "median": outside.median,
            "low": outside.low,
            "high": outside.high,
            "inner_low": inside.low,
            "inner_high": inside.high,
            "mean": outside.mean,
        }


def test_before_anybody_comes_it_claims_nothing(engine: Engine) -> None:
    report = judge(engine, days=0)
    assert report.verdict.action is Action.CONTINUE
    assert report.verdict.sentence == "Too early to say: nobody has seen this test yet."
    answer = report.as_json()
    assert all(step.items() >= {"p_value": None, "mismatch": False}.items() for step in answer["srm"].values())
    assert answer["filtered"] == {}
    assert [variant["p_best"] for variant in answer["variants"]] == pytest.approx([0.5, 0.5], abs=1e-9)
    assert [variant["rate"]["median"] for variant in answer["variants"]] == pytest.approx([0.5, 0.5])
    json.dumps(answer, allow_nan=False)


def test_with_visitors_on_one_side_only_it_still_answers(engine: Engine) -> None:
    take_in(engine, crowd("b", served=4, conversions=2))
    report = judge(engine, days=1)
    assert report.verdict.sentence.startswith("Too early to say: 2 of 100 conversions, 1 of 7 days.")
    assert [variant.served for variant in report.variants] == [0, 4]
    json.dumps(report.as_json(), allow_nan=False)


def test_the_control_need_not_be_the_first_variant(engine: Engine) -> None:
    with transaction(engine) as session:
        start(session, page_id=2, slug_key="winter", control="b")
    a, b = judge(engine, key="winter-1").variants
    assert (a.data.lift is None, a.data.p_beats_control is None) == (False, False)
    assert (b.data.lift, b.data.p_beats_control) == (None, None)


def test_leads_of_unconfirmed_visitors_stand_apart_and_never_in_the_rate(engine: Engine) -> None:
    take_in(engine, crowd("a", served=10, confirmed=2, conversions=5))
    variant = judge(engine).variants[0]
    assert (variant.served, variant.confirmed, variant.conversions, variant.unconfirmed_conversions) == (10, 2, 2, 3)
    assert variant.confirmed_share == 0.2


def test_who_saw_both_variants_is_in_no_rate(engine: Engine) -> None:
    take_in(engine, [*crowd("a", served=5), view(MAYA), view(MAYA, variant="b", at_ms=STARTED_MS + DAY_MS)])
    a, b = judge(engine).variants
    assert (a.served, a.multiply_exposed, b.served, b.multiply_exposed) == (5, 1, 0, 0)
    assert any("1 visitor (17 %) saw more than one variant" in item.sentence for item in judge(engine).health)


def test_before_anybody_comes_to_a_later_phase_it_says_which(engine: Engine) -> None:
    with transaction(engine) as session:
        lifecycle.new_phase(session, lifecycle.load(session, "spring-sale-1"), coverage_bp=5_000, now=after(days=2))
    report = judge(engine, days=3)
    assert report.verdict.sentence == "Too early to say: nobody has seen phase 2 of this test yet."
    assert report.health[0].sentence == "Nobody has seen phase 2 of this test yet."


def test_each_phase_has_its_own_report(engine: Engine) -> None:
    take_in(engine, crowd("a", served=5))
    with transaction(engine) as session:
        experiment = lifecycle.load(session, "spring-sale-1")
        lifecycle.annotate(session, experiment, text="New picture in both.", actor="Maya", now=after(days=1))
        lifecycle.new_phase(session, experiment, weights={"a": 2_000, "b": 8_000}, now=after(days=2))
    take_in(engine, [view(MAYA, phase=2, variant="b", at_ms=STARTED_MS + 2 * DAY_MS)])
    latest, first = judge(engine), judge(engine, phase=1)
    assert (latest.phase, latest.phases, [item.served for item in latest.variants]) == (2, (1, 2), [0, 1])
    assert [item.weight_bp for item in latest.variants] == [2_000, 8_000]
    assert (first.phase, [item.served for item in first.variants], first.ended_at) == (1, [5, 0], after(days=2))
    assert [note.text for note in first.annotations] == ["New picture in both."]
    assert latest.annotations == ()
    with pytest.raises(UnknownExperiment, match="no phase 3"):
        judge(engine, phase=3)
    with pytest.raises(UnknownExperiment, match="no experiment autumn-1"):
        judge(engine, key="autumn-1")


def test_only_the_experiments_own_goal_is_in_the_rate(engine: Engine) -> None:
    take_in(engine, [*crowd("a", served=5), confirm(view(MAYA)), convert(view(MAYA), goal="click")])
    assert judge(engine).variants[0].conversions == 0


def test_days_without_visitors_do_not_count_as_days_of_the_test(engine: Engine) -> None:
    take_in(engine, crowd("a", served=30, conversions=30, days=3))
    assert judge(engine, days=2.9).days == 2
    assert judge(engine, days=14).days == 3


def test_days_and_segments_add_up_to_the_totals(engine: Engine) -> None:
    take_in(engine, crowd("a", served=50, confirmed=40, conversions=7, days=5))
    take_in(engine, crowd("a", served=20, confirmed=9, conversions=1, days=2, device="desktop"))
    report = judge(engine)
    variant = report.variants[0]
    total = (variant.served, variant.confirmed, variant.conversions)
    assert total == (70, 49, 8)
    for dimension in ("device", "browser", "source", "returning"):
        mine = [item for item in report.segments if (item.dimension, item.variant) == (dimension, "a")]
        assert tuple(sum(getattr(item, n) for item in mine) for n in ("served", "confirmed", "conversions")) == total
    assert [item.served for item in report.by_day if item.variant == "a"] == [20, 20, 10, 10, 10]
    assert report.by_day[0].day == date(2026, 11, 2)


def test_it_says_what_was_simulated(engine: Engine) -> None:
    take_in(engine, crowd("a", served=4, simulated=True))
    assert judge(engine).simulated == 4
    assert "All 4 visitors are simulated." in [item.sentence for item in judge(engine).health]
    take_in(engine, crowd("b", served=6))
    assert "4 of 10 visitors are simulated." in [item.sentence for item in judge(engine).health]


def test_it_carries_how_the_experiment_ended(engine: Engine) -> None:
    with transaction(engine) as session:
        experiment = lifecycle.load(session, "spring-sale-1")
        lifecycle.stop(session, experiment, ship="b", reason="The offer ended.", actor="Maya", now=after(days=3))
    report = judge(engine)
    assert (report.state, report.shipped, report.reason) == (State.ENDED, "b", "The offer ended.")
    assert report.verdict.sentence == "It ended too early to say: nobody has seen this test."


def test_reading_it_twice_gives_the_same_bits(engine: Engine) -> None:
    take_in(engine, crowd("a", served=300, conversions=20, days=8))
    assert judge(engine) == judge(engine)


def test_it_costs_the_number_of_tallies_and_not_of_visitors(engine: Engine) -> None:
    take_in(engine, [*crowd("a", served=28, days=28), *crowd("b", served=28, days=28)])
    with noted(engine) as few:
        judge(engine, days=30)
    take_in(engine, [*crowd("a", served=500, conversions=40, days=28), *crowd("b", served=500, days=28)])
    with noted(engine) as asked:
        judge(engine, days=30)
    assert asked == few != []
    assert not [statement for statement in asked if "FROM visitor" in statement]
