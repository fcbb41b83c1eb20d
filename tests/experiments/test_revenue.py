"""What leads turn out to be worth is recorded lead by lead, counted as of any moment, and judged per visitor."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete
from sqlmodel import Session, col, select

import stats
from experiments import receipts, results
from experiments.counts import VariantCounts
from experiments.errors import InvalidExperiment
from experiments.models import Receipt
from experiments.outcomes import RevenueReport
from experiments.revenue import judge_revenue
from lander.db import reading, transaction
from tests.experiments.builders import STARTED, after, crowd, start, take_in


@pytest.fixture
def engine(database: Engine) -> Engine:
    with transaction(database) as session:
        start(session, value_minor=5_000, currency="EUR")
    return database


def say(
    session: Session, reference: str, amount: int | None, *, variant: str = "b", day: float = 1, **of: object
) -> None:
    which = {"experiment_key": "spring-sale-1", "phase": 1, "simulated": False, **of}
    receipts.record(
        session,
        reference=reference,
        amount_minor=amount,
        variant=variant,
        now=after(days=day),
        **which,  # type: ignore[arg-type]
    )


def judge(engine: Engine, *, as_of: datetime | None = None) -> RevenueReport | None:
    with reading(engine) as session:
        return results.report(session, "spring-sale-1", as_of=as_of, now=after(days=30)).revenue


def test_the_report_says_what_every_variants_visitors_bring(engine: Engine) -> None:
    take_in(engine, crowd("a", served=400, conversions=20, days=8) + crowd("b", served=410, conversions=24, days=8))
    paid = {"a": [4_900, 4_900, 9_900, 2_500_000_000], "b": [4_900, 19_900, 29_900, 4_900, 5_900]}
    with transaction(engine) as session:
        for variant, amounts in paid.items():
            for number, amount in enumerate(amounts):
                say(session, f"{variant}{number}", amount, variant=variant)
    found = judge(engine)
    assert found is not None
    assert found.currency == "EUR"
    assert found.amounts == (
        ((4_900, 2), (9_900, 1), (2_500_000_000, 1)),
        ((4_900, 2), (5_900, 1), (19_900, 1), (29_900, 1)),
    )
    expected = stats.compare_revenue(
        [stats.RevenueSample.of(400, paid["a"]), stats.RevenueSample.of(410, paid["b"])], control=0
    )
    assert (found.cap_minor, found.disagrees) == (expected.cap, expected.disagrees)
    for told, held in zip(found.variants, expected.variants, strict=True):
        assert (told.receipts, told.total_minor) == (held.sample.paying, sum(paid[told.key]))
        assert (told.per_visitor.low, told.per_visitor.high) == (held.mean.low, held.mean.high)
        assert told.per_visitor.inner_low == held.mean_at(0.5).low
        assert (told.p_best, told.loss_minor) == (held.p_best, held.expected_loss)
    assert found.variants[0].lift is None
    assert found.variants[1].lift is not None
    assert found.variants[1].check == expected.checks[1].lift  # type: ignore[union-attr]


def test_a_report_without_receipts_has_no_revenue(engine: Engine) -> None:
    take_in(engine, crowd("a", served=10, conversions=2))
    assert judge(engine) is None
