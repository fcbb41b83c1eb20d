"""The decision lens learns from the tests that have ended, and never from itself."""

import pytest
from sqlalchemy import Engine

import stats
from experiments import lifecycle, planning, results
from experiments.models import Purpose, Tally
from experiments.prior import DEFAULT_PRIOR, find_prior
from lander.db import reading, transaction
from tests.experiments.builders import STARTED, after, start


def run_tests(engine: Engine, number: int, *, purpose: Purpose = Purpose.TEST) -> None:
    """Tests whose b differs by a different amount each, ended a day apart."""
    with transaction(engine) as session:
        for position in range(number):
            experiment = start(session, page_id=100 + position, slug_key="past", purpose=purpose)
            assert experiment.id is not None
            for variant, conversions in (("a", 250), ("b", 230 + 8 * position)):
                cells = (
                    {"goal": "", "served": 5_000, "confirmed": 5_000},
                    {"goal": "form", "conversions": conversions},
                )
                for cell in cells:
                    session.add(
                        Tally(
                            experiment_id=experiment.id,
                            phase=1,
                            variant=variant,
                            day=STARTED.date(),
                            dimension="all",
                            level="",
                            **cell,
                        )
                    )
            lifecycle.stop(session, experiment, reason="Done.", actor="Maya", now=after(days=position + 1))


def test_with_fewer_than_fifteen_it_is_the_default(database: Engine) -> None:
    run_tests(database, 14)
    with reading(database) as session:
        assert find_prior(session, before=after(days=99)) == DEFAULT_PRIOR


def test_from_fifteen_on_it_is_learned_and_says_how_sure(database: Engine) -> None:
    run_tests(database, 15)
    with reading(database) as session:
        found = find_prior(session, before=after(days=99))
    history = [[stats.BinarySample(5_000, 250), stats.BinarySample(5_000, 230 + 8 * i)] for i in range(15)]
    assert found.tau == stats.learn_prior(history).prior.tau
    assert found.experiments == 15
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.tau < found.high


def test_what_ended_later_teaches_nothing(database: Engine) -> None:
    run_tests(database, 16)
    with reading(database) as session:
        assert find_prior(session, before=after(days=14)) == DEFAULT_PRIOR
        assert find_prior(session, before=after(days=15)).experiments == 15


def test_variants_that_are_alike_on_purpose_teach_nothing(database: Engine) -> None:
    run_tests(database, 20, purpose=Purpose.AA)
    with reading(database) as session:
        assert find_prior(session, before=after(days=99)) == DEFAULT_PRIOR


@pytest.mark.parametrize("ended", [14, 15])
def test_a_test_keeps_the_prior_it_started_with(database: Engine, ended: int) -> None:
    run_tests(database, ended)
    with transaction(database) as session:
        experiment = start(session, now=after(days=30))
        fixed = planning.fix_plan(session, experiment, now=after(days=30))["prior"]
    with reading(database) as session:
        prior = results.report(session, experiment, now=after(days=31)).parameters.prior
    assert prior.as_json() == fixed
    assert fixed["source"] == ("learned" if ended == 15 else "default")
