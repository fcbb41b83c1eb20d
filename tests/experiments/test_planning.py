"""Before a test starts, Maya is told how long it will take."""

import pytest
from sqlalchemy import Engine

import stats
from experiments import lifecycle, planning
from experiments.models import Experiment
from lander.db import reading, transaction
from tests.experiments.builders import DAY_MS, STARTED_MS, after, confirm, convert, crowd, start, take_in, view


def test_without_a_rate_it_says_that_it_assumed_one() -> None:
    need = planning.visitors_needed()
    assert need.is_assumed
    assert need.sentence() == (
        "To find a lift of +10 % on a rate of 5.0 % (assumed) takes about 31,231 visitors per variant, 62,462 in all."
    )
    assert need.as_json() == {
        "rate": 0.05,
        "rate_assumed": True,
        "lift": 0.10,
        "power": 0.80,
        "alpha": 0.05,
        "variants": 2,
        "visitors_per_day": None,
        "visitors_per_variant": 31_231,
        "visitors": 62_462,
        "days": None,
        "outlook": None,
    }
    assert need.outlook_sentence() == ""


def test_with_a_rate_and_traffic_it_says_the_days() -> None:
    need = planning.visitors_needed(0.04, 0.20, variants=3, visitors_per_day=1_000)
    assert need.plan == stats.plan(0.04, 0.20, variants=3, visitors_per_day=1_000)
    assert "on a rate of 4.0 % (measured on this page)" in need.sentence()
    assert need.sentence().endswith("about 31 days at the present traffic.")


def test_a_rate_that_cannot_be_is_refused() -> None:
    with pytest.raises(stats.InvalidProbability):
        planning.visitors_needed(0.0)


def test_the_rate_of_a_page_is_what_its_control_has_shown(database: Engine) -> None:
    with transaction(database) as session:
        start(session)
    with reading(database) as session:
        assert planning.find_rate(session, page_id=1, goal="form") is None
    take_in(database, crowd("a", served=220, confirmed=200, conversions=12) + crowd("b", served=200, conversions=40))
    with transaction(database) as session:
        lifecycle.stop(
            session, lifecycle.load(session, "spring-sale-1"), reason="Done.", actor="Maya", now=after(days=9)
        )
        start(session)
    take_in(database, crowd("a", served=100, conversions=9, experiment_id=2))
    with reading(database) as session:
        assert planning.find_rate(session, page_id=1, goal="form") == pytest.approx((12 + 9) / 300)
        assert planning.find_rate(session, page_id=1, goal="click", selector="a.cta") is None
        assert planning.find_rate(session, page_id=2, goal="form") is None


@pytest.mark.parametrize(("served", "conversions"), [(99, 9), (200, 0), (200, 200)])
def test_too_little_to_know_a_rate_is_no_rate(database: Engine, served: int, conversions: int) -> None:
    with transaction(database) as session:
        start(session)
    take_in(database, crowd("a", served=served, conversions=conversions))
    with reading(database) as session:
        assert planning.find_rate(session, page_id=1, goal="form") is None


def test_traffic_is_that_of_whole_days_in_the_last_four_weeks(database: Engine) -> None:
    with transaction(database) as session:
        start(session)
    take_in(database, [event for key in "ab" for event in crowd(key, served=200, confirmed=150, days=10)])
    with reading(database) as session:

        def find(coverage_bp: int = 10_000, **passed: float) -> float | None:
            return planning.find_traffic(session, page_id=1, coverage_bp=coverage_bp, now=after(**passed))

        assert find(days=10) == 30  # the first and the last of ten days left out
        assert find(2_500, days=10) == 7.5
        assert find(100, days=10) is None  # less than a visitor a day
        assert find(days=36) is None  # the only recent days are the last two
        assert planning.find_traffic(session, page_id=2, coverage_bp=10_000, now=after(days=10)) is None


def test_traffic_is_known_though_nobody_has_seen_the_newest_phase(database: Engine) -> None:
    with transaction(database) as session:
        experiment = start(session)
    take_in(database, crowd("a", served=100, days=10))
    with transaction(database) as session:
        lifecycle.new_phase(session, session.get_one(Experiment, experiment.id), coverage_bp=5_000, now=after(days=9))
    with reading(database) as session:
        assert planning.find_traffic(session, page_id=1, coverage_bp=10_000, now=after(days=10)) == 10


def test_traffic_under_little_coverage_says_what_all_visitors_would_be(database: Engine) -> None:
    with transaction(database) as session:
        start(session, coverage_bp=1_000)
    take_in(database, crowd("a", served=100, days=10))
    with reading(database) as session:
        assert planning.find_traffic(session, page_id=1, coverage_bp=10_000, now=after(days=10)) == 100


def test_a_plan_rests_on_the_rate_and_the_traffic_of_the_page(database: Engine) -> None:
    with transaction(database) as session:
        start(session, goal="click", selector="a.cta")
    seen = [view(f"{number:032x}", at_ms=STARTED_MS + number % 10 * DAY_MS) for number in range(1_000)]
    clicked = [convert(item, goal="click") for item in seen[:200]]
    take_in(database, [*map(confirm, seen), *clicked])
    with reading(database) as session:

        def plan(selector: str) -> planning.Need:
            return planning.plan_experiment(
                session, page_id=1, goal="click", selector=selector, coverage_bp=5_000, now=after(days=10)
            )

        measured, assumed = plan("a.cta"), plan("a.other")
    assert (measured.plan.rate, measured.is_assumed) == (0.2, False)
    assert measured.plan.days == -(-measured.plan.visitors // 50)
    assert (assumed.plan.rate, assumed.is_assumed) == (planning.ASSUMED_RATE, True)
