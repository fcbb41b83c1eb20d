"""Ana finds what was tested before, and whether it came true."""

from typing import Any

import pytest
from sqlalchemy import Engine

import stats
from experiments import aa, archive, calibration, lifecycle, looks, results
from experiments.archive import Ended, Outcome
from experiments.errors import InvalidExperiment, UnknownExperiment
from experiments.models import Occasion, Purpose
from lander.db import reading, transaction
from tests.experiments.builders import after, crowd, start, take_in


def run(
    engine: Engine, number: int, *, a: int = 100, b: int = 150, ship: str | None = None, look: bool = True, **plan: Any
) -> None:
    """Experiment `number`, ended after ten days, on 1,500 visitors a variant."""
    with transaction(engine) as session:
        start(session, **plan)
    for key, conversions in (("a", a), ("b", b)):
        take_in(engine, crowd(key, served=1_500, conversions=conversions, days=10, experiment_id=number))
    with transaction(engine) as session:
        experiment = lifecycle.list_experiments(session)[0]
        now = after(days=10 + number)
        if look:
            report = results.report(session, experiment, now=now)
            looks.store(session, [looks.take(report, by="Ana", occasion=Occasion.DECISION)])
        lifecycle.stop(session, experiment, ship=ship, reason=f"Reason {number}.", actor="Ana", now=now)


def find(engine: Engine, **wanted: Any) -> list[Ended]:
    with reading(engine) as session:
        return archive.list_ended(session, **wanted)


def test_the_archive_tells_what_was_decided_and_what_was_claimed(database: Engine) -> None:
    run(database, 1, ship="b")
    (ended,) = find(database)
    claimed = (
        stats.compare([stats.BinarySample(1_500, 100), stats.BinarySample(1_500, 150)], prior=stats.Exchangeable(0.07))
        .variants[1]
        .lift
    )
    assert claimed is not None
    assert (ended.experiment, ended.outcome, ended.shipped, ended.reason) == (
        "spring-sale-1", Outcome.SHIPPED, "b", "Reason 1.",
    )  # fmt: skip
    assert ended.visitors == 3_000
    assert ended.claimed == archive.Lift(claimed.median, claimed.low, claimed.high)
    assert ended.verdict.startswith("B is very likely better") or ended.verdict.startswith("No clear winner")


def test_where_control_stayed_nothing_is_claimed(database: Engine) -> None:
    run(database, 1)
    (ended,) = find(database)
    assert (ended.outcome, ended.shipped, ended.claimed) == (Outcome.KEPT, "a", None)


def test_a_running_test_is_not_in_the_archive(database: Engine) -> None:
    with transaction(database) as session:
        start(session)
    assert find(database) == []


def test_a_test_that_nobody_looked_at_in_the_end_is_judged_now(database: Engine) -> None:
    run(database, 1, ship="b")
    run(database, 2, ship="b", look=False, page_id=2, slug_key="winter")
    late, early = find(database)
    assert (late.visitors, late.claimed) == (early.visitors, early.claimed)


def test_it_is_searched_by_words_page_and_outcome(database: Engine) -> None:
    run(database, 1, ship="b", hypothesis="A shorter headline.")
    run(database, 2, page_id=2, slug_key="winter", hypothesis="A warmer picture.")
    assert [item.experiment for item in find(database)] == ["winter-1", "spring-sale-1"]
    for wanted, found in (
        ({"words": "HEADLINE shorter"}, ["spring-sale-1"]),
        ({"words": "winter"}, ["winter-1"]),
        ({"words": "reason 2"}, ["winter-1"]),
        ({"words": "headline warmer"}, []),
        ({"page_ids": [1]}, ["spring-sale-1"]),
        ({"page_ids": []}, []),
        ({"outcome": Outcome.KEPT}, ["winter-1"]),
    ):
        assert [item.experiment for item in find(database, **wanted)] == found, wanted  # type: ignore[arg-type]


def test_the_win_rate_and_what_wins_add_up_to_page_by_page(database: Engine) -> None:
    run(database, 1, ship="b")
    run(database, 2, ship="b")
    run(database, 3, page_id=2, slug_key="winter")
    run(database, 4, ship="b", page_id=3, slug_key="aa", purpose=Purpose.AA)
    claims = [item.claimed for item in find(database) if item.page_id == 1]
    with reading(database) as session:
        found = calibration.calibrate(session, now=after(days=40))
    assert (found.tests, found.wins) == (3, 2)
    assert found.win_rate is not None
    assert found.win_rate.low < 2 / 3 < found.win_rate.high
    spring, winter = found.pages
    assert (spring.tests, spring.wins, winter.tests, winter.wins, winter.effect) == (2, 2, 1, 0, None)
    assert spring.effect is not None
    assert claims[0] is not None
    assert spring.effect.median == pytest.approx((1 + claims[0].median) ** 2 - 1)
    assert spring.effect.low < spring.effect.median < spring.effect.high
    assert (found.claims, found.slope) == ((), None)


def test_before_anything_has_ended_there_is_nothing_to_calibrate(database: Engine) -> None:
    with reading(database) as session:
        found = calibration.calibrate(session, now=after(days=1))
    assert (found.tests, found.win_rate, found.slope, found.pages) == (0, None, None, ())


def test_a_phase_claims_what_the_next_one_shows(database: Engine) -> None:
    with transaction(database) as session:
        start(session)
    take_in(
        database, crowd("a", served=1_500, conversions=100, days=10) + crowd("b", served=1_500, conversions=150, days=9)
    )
    with transaction(database) as session:
        lifecycle.new_phase(session, lifecycle.load(session, "spring-sale-1"), now=after(days=10))
    later = {"phase": 2, "device": "desktop"}
    take_in(database, crowd("a", served=900, conversions=60, **later) + crowd("b", served=900, conversions=66, **later))
    with reading(database) as session:
        found = calibration.calibrate(session, now=after(days=40))
        first = results.report(session, "spring-sale-1", phase=1, now=after(days=40)).variants[1].decision.lift
    (claim,) = found.claims
    assert first is not None
    assert (claim.variant, claim.where, claim.claimed.median) == ("b", "phase 2", first.median)
    realised = stats.compare([stats.BinarySample(900, 60), stats.BinarySample(900, 66)]).variants[1].lift
    assert realised is not None
    assert claim.realised == archive.Lift(realised.median, realised.low, realised.high)
    assert found.slope == pytest.approx(realised.median / first.median)


def test_a_test_that_repeats_another_with_the_old_content_shows_what_the_winner_is_worth(database: Engine) -> None:
    run(database, 1, ship="b")
    run(database, 2, a=150, b=125, repeats="spring-sale-1")  # a is the winner's content by now, b the old one
    with reading(database) as session:
        (claim,) = calibration.calibrate(session, now=after(days=40)).claims
    assert (claim.experiment, claim.variant, claim.where) == ("spring-sale-1", "b", "spring-sale-2")
    assert claim.realised.low < 150 / 125 - 1 < claim.realised.high
    assert claim.realised.median == pytest.approx(150 / 125 - 1, abs=0.01)


def test_only_a_test_with_a_winner_on_the_same_page_can_be_repeated(database: Engine) -> None:
    run(database, 1)
    with transaction(database) as session, pytest.raises(InvalidExperiment, match="cannot be repeated here"):
        start(session, repeats="spring-sale-1")
    with transaction(database) as session, pytest.raises(UnknownExperiment):
        start(session, repeats="autumn-1")


def test_aa_tests_are_listed_with_p_values_that_chance_alone_explains(database: Engine) -> None:
    run(database, 1, a=100, b=104, purpose=Purpose.AA)
    run(database, 2, a=100, b=160, purpose=Purpose.AA)
    run(database, 3, a=10, b=12, purpose=Purpose.AA)
    run(database, 4)
    with reading(database) as session:
        found = aa.list_aa(session, now=after(days=40))
    assert [item.experiment for item in found.tests] == ["spring-sale-3", "spring-sale-2", "spring-sale-1"]
    few, odd, even = (item.p_value for item in found.tests)
    assert few is None
    assert odd is not None
    assert even is not None
    assert odd < 0.001
    # the two-sided z-test of 100 and 104 in 1,500
    assert even == pytest.approx(0.772, abs=0.01)
    assert (found.judged, found.low, round(found.chance_of_as_many, 4)) == (2, 1, 0.0975)
    assert found.sentence() == "1 of 2 A/A tests differ at the 5 % level, which is what chance alone gives."


def test_many_low_p_values_are_an_alarm(database: Engine) -> None:
    for number in range(1, 4):
        run(database, number, a=100, b=160, purpose=Purpose.AA)
    with reading(database) as session:
        found = aa.list_aa(session, now=after(days=40))
    assert found.sentence() == (
        "3 of 3 A/A tests differ at the 5 % level, which chance explains once in 8,000. Something counts unequally."
    )


def test_an_aa_test_that_differs_holds_back_everything_else(database: Engine) -> None:
    run(database, 1, a=100, b=200, purpose=Purpose.AA, look=False)
    with reading(database) as session:
        verdict = results.report(session, "spring-sale-1", now=after(days=12)).verdict
    assert (verdict.action.value, verdict.reason) == ("hold", "aa-differs")
    assert verdict.sentence.startswith("A and B are the same content, and yet B seems better (")


def test_an_aa_test_without_a_difference_is_as_it_should_be(database: Engine) -> None:
    run(database, 1, a=100, b=103, purpose=Purpose.AA, look=False)
    with reading(database) as session:
        verdict = results.report(session, "spring-sale-1", now=after(days=12)).verdict
    assert verdict.action.value in ("continue", "equivalent")
    assert verdict.sentence.startswith("As it should be: A and B are the same content, and nothing tells them apart.")
