"""Ana lays two lenses side by side: the data alone, and what to decide by."""

import json

import pytest
from sqlalchemy import Engine

import stats
from experiments import lifecycle, planning, results
from experiments.lenses import Belief
from experiments.verdict import Action
from lander.db import reading, transaction
from tests.experiments.builders import STARTED, after, crowd, start, take_in

KEY = "spring-sale-1"


@pytest.fixture
def engine(database: Engine) -> Engine:
    with transaction(database) as session:
        planning.fix_plan(session, start(session, lift=0.05, value_minor=4_500, currency="EUR"), now=STARTED)
    take_in(database, crowd("a", served=1_500, conversions=100, days=10))
    take_in(database, crowd("b", served=1_480, conversions=140, days=10))
    return database


def judge(engine: Engine, *, days: float = 10) -> results.Report:
    with reading(engine) as session:
        return results.report(session, KEY, now=after(days=days))


def samples() -> list[stats.BinarySample]:
    return [stats.BinarySample(1_500, 100), stats.BinarySample(1_480, 140)]


@pytest.mark.parametrize("lens", ["data", "decision"])
def test_each_lens_says_what_the_engine_says_under_its_prior(engine: Engine, lens: str) -> None:
    prior = stats.Beta(0.5, 0.5) if lens == "data" else stats.Exchangeable(0.07)
    expected = stats.compare(samples(), prior=prior).variants[1]
    shown: Belief = getattr(judge(engine).variants[1], lens)
    assert (shown.p_best, shown.p_beats_control) == (expected.p_best, expected.p_beats_control)
    assert expected.lift is not None
    assert shown.lift is not None
    assert (shown.lift.low, shown.lift.median, shown.lift.high) == (
        expected.lift.low, expected.lift.median, expected.lift.high,
    )  # fmt: skip
    assert shown.p_worthwhile == expected.p_lift_above(0.05)
    assert shown.p_equivalent == pytest.approx(expected.p_lift_above(-0.01) - expected.p_lift_above(0.01))
    assert shown.loss.absolute == expected.expected_loss
    assert shown.loss.relative == expected.relative_loss
    assert shown.loss.per_thousand == pytest.approx(1000 * expected.expected_loss)
    assert shown.loss.money_minor == pytest.approx(4_500_000 * expected.expected_loss)


def test_the_inner_range_lies_within_the_outer_one_and_around_the_middle(engine: Engine) -> None:
    for variant in judge(engine).variants:
        for belief in (variant.data, variant.decision):
            for quantity in filter(None, [belief.rate, belief.lift]):
                assert quantity.low < quantity.inner_low < quantity.median < quantity.inner_high < quantity.high


def test_the_decision_lens_draws_a_lift_toward_nothing(engine: Engine) -> None:
    variant = judge(engine).variants[1]
    assert variant.data.lift is not None
    assert variant.decision.lift is not None
    assert 0 < variant.decision.lift.median < variant.data.lift.median


def test_the_verdict_is_that_of_the_decision_lens(engine: Engine) -> None:
    report = judge(engine)
    b = report.variants[1]
    assert b.data.p_beats_control is not None
    assert b.decision.p_beats_control is not None
    assert b.data.p_beats_control > 0.99
    assert b.decision.p_beats_control < 0.975
    assert report.verdict.action is Action.CONTINUE
    assert report.verdict.days_left == (report.waiting.days_to_decision if report.waiting else None)
    assert "will decide it" in report.verdict.sentence


def test_the_anytime_line_has_the_spread_of_the_lens(engine: Engine) -> None:
    a, b = judge(engine).variants
    expected = stats.anytime(*samples(), tau=0.07 * 2**0.5)
    assert expected.lift is not None
    assert a.anytime is None
    assert b.anytime is not None
    assert (b.anytime.e_value, b.anytime.low, b.anytime.high) == (
        expected.e_value,
        expected.lift.low,
        expected.lift.high,
    )


def test_the_forecast_is_for_everybody_who_comes_in_a_month(engine: Engine) -> None:
    a, b = judge(engine).variants
    assert a.forecast is None
    assert b.forecast is not None
    assert b.forecast.visitors_per_month == 8_940  # 2,980 in ten days
    expected = stats.compare(samples(), prior=stats.Exchangeable(0.07)).variants[1].forecast(8_940)
    assert b.forecast.per_month is not None
    assert b.forecast.money_minor is not None
    assert (b.forecast.per_month.low, b.forecast.per_month.high) == (expected.low, expected.high)
    assert b.forecast.money_minor.median == pytest.approx(4_500 * expected.median)


def test_a_day_that_is_not_over_brings_its_part_of_the_month(engine: Engine) -> None:
    b = judge(engine, days=9.5).variants[1]
    assert b.forecast is not None
    assert b.forecast.visitors_per_month == round(30 * 2_980 / 9.5)


def test_with_a_share_of_the_visitors_the_forecast_is_still_for_all(database: Engine) -> None:
    with transaction(database) as session:
        start(session, coverage_bp=2_000)
    take_in(database, crowd("a", served=150, conversions=10, days=10) + crowd("b", served=150, conversions=12, days=10))
    forecast = judge(database).variants[1].forecast
    assert forecast is not None
    assert forecast.visitors_per_month == 4_500
    assert forecast.money_minor is None


def test_before_anybody_came_nothing_is_forecast_and_nothing_waited_for(database: Engine) -> None:
    with transaction(database) as session:
        start(session)
    report = judge(database)
    assert report.waiting is None
    forecast = report.variants[1].forecast
    assert forecast is not None
    assert (forecast.visitors_per_month, forecast.per_month) == (None, None)
    json.dumps(report.as_json(), allow_nan=False)


def test_an_ended_test_waits_for_nothing(engine: Engine) -> None:
    with transaction(engine) as session:
        lifecycle.stop(session, lifecycle.load(session, KEY), reason="Done.", actor="Maya", now=after(days=10))
    report = judge(engine, days=11)
    assert (report.waiting, report.verdict.days_left) == (None, None)


def test_with_three_variants_it_advises_where_the_next_visitors_teach_most(database: Engine) -> None:
    with transaction(database) as session:
        start(session, weights={"a": 3_334, "b": 3_333, "c": 3_333})
    for key, conversions in (("a", 60), ("b", 100), ("c", 104)):
        take_in(database, crowd(key, served=1_200, conversions=conversions, days=10))
    early, later = judge(database, days=6), judge(database)
    assert {variant.advised_share for variant in early.variants} == {None}
    a, b, c = (variant.advised_share or 0 for variant in later.variants)
    assert a + b + c == pytest.approx(1)
    assert 1 / 30 <= a < 0.1 < b < c
    assert {variant.advised_share for variant in judge_two(database).variants} == {None}


def judge_two(engine: Engine) -> results.Report:
    """The same visitors in a test of two variants."""
    with transaction(engine) as session:
        experiment = start(session, page_id=2, slug_key="winter")
    take_in(engine, crowd("a", served=90, conversions=9, days=10, experiment_id=2))
    with reading(engine) as session:
        return results.report(session, experiment, now=after(days=10))


def test_the_trend_ends_where_the_report_stands(engine: Engine) -> None:
    report = judge(engine)
    trend = report.trend()
    assert len(trend) == 2 * 10
    for point, variant in zip(trend[-2:], report.variants, strict=True):
        assert (point.variant, point.confirmed, point.conversions) == (
            variant.key, variant.confirmed, variant.conversions,
        )  # fmt: skip
        for lens in ("data", "decision"):
            standing, belief = getattr(point, lens), getattr(variant, lens)
            assert (standing.p_best, standing.expected_loss) == (belief.p_best, belief.loss.absolute)
    assert [point.confirmed for point in trend if point.variant == "a"] == [150 * day for day in range(1, 11)]


def test_the_trend_tells_the_anytime_valid_line_of_every_day(engine: Engine) -> None:
    report = judge(engine)
    trend = report.trend()
    assert {(point.e_value, point.low, point.high) for point in trend if point.variant == "a"} == {(None, None, None)}
    line = report.variants[1].anytime
    assert line is not None
    assert (trend[-1].e_value, trend[-1].low, trend[-1].high) == (line.e_value, line.low, line.high)
    for control, point in zip(trend[::2], trend[1::2], strict=True):
        counted = [stats.BinarySample(item.confirmed, item.conversions) for item in (control, point)]
        expected = stats.anytime(*counted, tau=0.07 * 2**0.5)
        assert expected.lift is not None
        assert (point.e_value, point.low, point.high) == (expected.e_value, expected.lift.low, expected.lift.high)


def test_a_day_before_anybody_converted_has_no_evidence_and_no_range(database: Engine) -> None:
    with transaction(database) as session:
        start(session)
    take_in(database, crowd("a", served=90, conversions=0, days=1))
    take_in(database, crowd("b", served=90, conversions=0, days=1))
    control, variant = judge(database, days=1).trend()
    assert (variant.e_value, variant.low, variant.high) == (1.0, None, None)
    assert control.as_json()["e_value"] is None
    assert variant.as_json()["e_value"] == 1.0


def test_segments_are_drawn_toward_the_whole_and_add_up_to_it(database: Engine) -> None:
    with transaction(database) as session:
        start(session)
    for device, a, b in (("phone", 40, 70), ("desktop", 40, 41)):
        take_in(database, crowd("a", served=600, conversions=a, days=10, device=device))
        take_in(database, crowd("b", served=600, conversions=b, days=10, device=device))
    report = judge(database)
    dimensions = {item.dimension: item for item in report.segment_lifts()}
    assert list(dimensions) == ["device", "browser", "source", "returning", "day"]
    for found in dimensions.values():
        assert found.variant == "b"
        assert sum(item.confirmed for item in found.levels) == report.variants[1].confirmed
        assert sum(item.conversions for item in found.levels) == report.variants[1].conversions
        assert sum(item.control_conversions for item in found.levels) == report.variants[0].conversions
    desktop, phone = dimensions["device"].levels
    whole = report.variants[1].data.lift
    assert whole is not None
    assert 41 / 40 - 1 < desktop.lift < whole.median < phone.lift < 70 / 40 - 1
    assert phone.p_value is not None
    assert phone.p_adjusted is not None
    assert phone.p_value < phone.p_adjusted <= 2 * phone.p_value
    assert phone.discovery
    assert not desktop.discovery


def test_details_are_plain_data(engine: Engine) -> None:
    told = json.loads(json.dumps(judge(engine).details_as_json(), allow_nan=False))
    assert {item["variant"] for item in told["trend"]} == {"a", "b"}
    assert {item["dimension"] for item in told["segment_lifts"]} == {"device", "browser", "source", "returning", "day"}


def test_phases_stand_side_by_side(engine: Engine) -> None:
    with transaction(engine) as session:
        lifecycle.new_phase(session, lifecycle.load(session, KEY), now=after(days=10))
    take_in(engine, crowd("a", served=30, conversions=3, phase=2, device="tablet"))
    first, second = judge(engine, days=12).phase_lines
    assert (first.number, first.ended_at, [item.confirmed for item in first.variants]) == (
        1,
        after(days=10),
        [1_500, 1_480],
    )
    assert (second.number, second.ended_at, [item.confirmed for item in second.variants]) == (2, None, [30, 0])
    with reading(engine) as session:
        alone = results.report(session, KEY, phase=1, now=after(days=12))
    assert first.variants[1].p_best == alone.variants[1].decision.p_best
    assert first.variants[1].lift == alone.variants[1].decision.lift
