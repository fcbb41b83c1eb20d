"""What leads turn out to be worth is recorded lead by lead, counted as of any moment, and judged per visitor."""

import json
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete
from sqlmodel import Session, col, select

import stats
from experiments import lifecycle, receipts, results, revenue
from experiments.counts import VariantCounts
from experiments.errors import InvalidExperiment
from experiments.models import Receipt
from experiments.outcomes import RevenueReport
from experiments.revenue import judge_revenue
from lander.db import reading, transaction
from tests.experiments.builders import after, crowd, start, take_in


@pytest.fixture
def engine(database: Engine) -> Engine:
    with transaction(database) as session:
        start(session, value_minor=5_000, currency="EUR")
    return database


def say(session: Session, reference: str, amount: int | None, *, variant: str = "b", day: float = 1, **of: Any) -> None:
    which = {"experiment_key": "spring-sale-1", "phase": 1, "simulated": False, **of}
    receipts.record(session, reference=reference, amount_minor=amount, variant=variant, now=after(days=day), **which)


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


def test_money_comes_in_after_the_test_has_ended_and_a_past_moment_does_not_know_it(engine: Engine) -> None:
    take_in(engine, crowd("a", served=50, conversions=9, days=8) + crowd("b", served=50, conversions=9, days=8))
    with transaction(engine) as session:
        say(session, "early", 4_900, day=3)
        lifecycle.stop(
            session, lifecycle.load(session, "spring-sale-1"), reason="Enough.", actor="Maya", now=after(days=9)
        )
        say(session, "late", 9_900, variant="a", day=20)
        say(session, "early", None, day=21)
    told = {day: judge(engine, as_of=after(days=day)) for day in (2, 3, 20)}
    assert told[2] is None
    assert [found and found.amounts for found in (told[3], told[20], judge(engine))] == [
        ((), ((4_900, 1),)),
        (((9_900, 1),), ((4_900, 1),)),
        (((9_900, 1),), ()),
    ]


def test_each_phase_has_its_own_money(engine: Engine) -> None:
    take_in(engine, crowd("a", served=50) + crowd("b", served=50))
    with transaction(engine) as session:
        lifecycle.new_phase(session, lifecycle.load(session, "spring-sale-1"), now=after(days=5))
        say(session, "first", 4_900, day=6)
    assert judge(engine) is None
    with reading(engine) as session:
        first = results.report(session, "spring-sale-1", phase=1, now=after(days=9)).revenue
    assert first is not None
    assert first.variants[1].total_minor == 4_900


def test_simulated_money_is_in_the_report_as_simulated_visitors_are(engine: Engine) -> None:
    take_in(engine, crowd("a", served=50) + crowd("b", served=50))
    with transaction(engine) as session:
        say(session, "one", 4_900, simulated=True)
        assert session.exec(select(Receipt)).one().simulated
    found = judge(engine)
    assert found is not None
    assert found.variants[1].receipts == 1


A, B = VariantCounts("a", 5_000, confirmed=100), VariantCounts("b", 5_000, confirmed=100)


@pytest.mark.parametrize("amounts", [{}, {"a": []}, {"c": [(4_900, 3)]}, {"a": [(4_900, 60), (9_900, 41)]}])
def test_no_receipt_or_more_of_them_than_visitors_say_nothing_per_visitor(amounts: receipts.Amounts) -> None:
    assert judge_revenue([A, B], amounts, control=0, currency="EUR") is None


def test_every_visitor_may_have_paid() -> None:
    found = judge_revenue([A, B], {"a": [(4_900, 100)]}, control=0, currency="EUR")
    assert found is not None
    assert found.variants[0].receipts == 100


@pytest.mark.parametrize("paid", ["a", "b"])
def test_where_only_one_variant_was_paid_for_the_other_is_believed_to_bring_little(paid: str) -> None:
    found = judge_revenue([A, B], {paid: [(4_900, 7), (1_000_000_000_000, 1)]}, control=0, currency="EUR")
    assert found is not None
    better, worse = sorted(found.variants, key=lambda item: item.key != paid)
    assert better.p_best > 0.99 > worse.p_best
    assert (worse.receipts, worse.total_minor) == (0, 0)
    assert 0 < worse.per_visitor.median < better.per_visitor.median
    lift = found.variants[1].lift
    assert lift is not None
    assert (lift.mean is None) == (paid == "b"), "nobody paid in control, so a lift has no expectation"
    json.dumps(found.as_json(), allow_nan=False)


def test_a_variant_without_visitors_is_believed_to_be_like_any() -> None:
    nobody = VariantCounts("b", 5_000)
    found = judge_revenue([A, nobody], {"a": [(4_900, 7)]}, control=0, currency="EUR")
    assert found is not None
    assert found.variants[1].check is None
    json.dumps(found.as_json(), allow_nan=False)


def test_the_same_facts_give_the_same_bits() -> None:
    amounts = {"a": [(4_900, 7), (5_900, 2)], "b": [(4_900, 9)]}
    first = judge_revenue([A, B], amounts, control=0, currency="EUR")
    revenue._compare.cache_clear()
    assert judge_revenue([A, B], amounts, control=0, currency="EUR") == first


def test_money_decides_nothing(engine: Engine) -> None:
    take_in(engine, crowd("a", served=400, conversions=20, days=8) + crowd("b", served=410, conversions=24, days=8))
    with reading(engine) as session:
        before = results.report(session, "spring-sale-1", now=after(days=30))
    with transaction(engine) as session:
        for number in range(20):
            say(session, str(number), 90_000)
    with reading(engine) as session:
        then = results.report(session, "spring-sale-1", now=after(days=30))
    assert then.revenue is not None
    assert then.revenue.variants[1].p_best > 0.99
    assert (then.verdict, then.variants, then.health) == (before.verdict, before.variants, before.health)


@pytest.mark.parametrize("amount", [-1, 10**12 + 1])
def test_an_amount_that_cannot_be_counted_is_refused(engine: Engine, amount: int) -> None:
    with transaction(engine) as session, pytest.raises(InvalidExperiment, match="0 to 10"):
        say(session, "one", amount)


Saying = tuple[int, int | None, int]
sayings: st.SearchStrategy[list[Saying]] = st.lists(
    st.tuples(st.integers(1, 2), st.sampled_from([4_900, 9_900, 10**12, None, 0]), st.integers(0, 6)), max_size=14
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=sayings)
def test_one_holds_at_a_time_the_last_one_now_whatever_the_clocks_say(engine: Engine, said: list[Saying]) -> None:
    last: dict[str, int] = {}
    with transaction(engine) as session:
        session.execute(delete(Receipt))
        for number, amount, hour in said:  # hours in any order, as of nodes whose clocks differ
            say(session, str(number), amount, day=hour / 24)
            last[str(number)] = amount or 0
        rows = session.exec(select(Receipt).order_by(col(Receipt.reference), col(Receipt.at))).all()
    assert {row.reference: row.amount_minor for row in rows if row.until is None} == {
        reference: amount for reference, amount in last.items() if amount
    }
    for row, following in pairwise(rows):
        if row.reference == following.reference:
            assert row.until is not None
            assert row.at < row.until <= following.at
