"""What a lead is worth counts for its variant from that moment on, until it changes; spam counts for nothing."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, update
from sqlmodel import Session, col, select

from experiments import lifecycle
from experiments.models import Receipt
from experiments.receipts import Amounts, count_receipts
from lander.db import reading, transaction
from lander.leads import erasing, stages
from lander.leads.models import Erasure, Lead, LeadEntry, Stage
from lander.leads.sink import store_leads
from lander.leads.worth import name_receipt
from tests.experiments.builders import start
from tests.leads.builders import NOON, NOON_MS, VAULT, make_body


@pytest.fixture
def engine(database: Engine) -> Engine:
    with transaction(database) as session:
        start(session)
    return database


def name(number: int) -> str:
    return f"{number:032x}"


def send(session: Session, number: int, *, now: datetime = NOON, **changes: object) -> None:
    store_leads(session, [make_body(number, **changes)], now=now)


def value(session: Session, number: int, amount: int | None, *, now: datetime = NOON) -> None:
    stages.change_value(session, session.get_one(Lead, name(number)), amount, actor="Maya", now=now)


def move(session: Session, number: int, *, spam: bool, now: datetime = NOON) -> None:
    stages.move_leads(session, [name(number)], spam=spam, actor="Maya", now=now)


def count(session: Session, *, at: datetime | None = None) -> Amounts:
    return count_receipts(session, lifecycle.load(session, "spring-sale-1"), 1, at=at)


def test_a_value_counts_for_the_leads_variant_from_that_moment_on(engine: Engine) -> None:
    with transaction(engine) as session:
        send(session, 1)
        send(session, 2, variant="a")
        value(session, 1, 4_900, now=NOON + timedelta(days=9))
        value(session, 2, 9_900, now=NOON + timedelta(days=10))
        value(session, 1, 5_900, now=NOON + timedelta(days=11))
    with reading(engine) as session:
        assert count(session) == {"a": [(9_900, 1)], "b": [(5_900, 1)]}
        told = [count(session, at=NOON + timedelta(days=day)) for day in (8, 9, 10, 11)]
    assert told == [
        {},
        {"b": [(4_900, 1)]},
        {"a": [(9_900, 1)], "b": [(4_900, 1)]},
        {"a": [(9_900, 1)], "b": [(5_900, 1)]},
    ]


def test_a_lead_in_the_spam_folder_counts_for_nothing_until_it_comes_out(engine: Engine) -> None:
    with transaction(engine) as session:
        send(session, 1)
        value(session, 1, 4_900)
        move(session, 1, spam=True, now=NOON + timedelta(hours=1))
        assert count(session) == {}
        value(session, 1, 5_900, now=NOON + timedelta(hours=2))
        assert count(session) == {}, "valued inside the folder"
        move(session, 1, spam=False, now=NOON + timedelta(hours=3))
        assert count(session) == {"b": [(5_900, 1)]}


def test_a_lost_lead_counts_for_nothing_unless_it_is_won_after_all(engine: Engine) -> None:
    with transaction(engine) as session:
        send(session, 1)
        value(session, 1, 4_900)
        for hours, stage, counted in ((1, "lost", {}), (2, "won", {"b": [(4_900, 1)]})):
            stages.change_stage(session, [name(1)], stage, actor="Maya", now=NOON + timedelta(hours=hours))
            assert count(session) == counted


def test_a_flag_that_comes_later_takes_the_value_back(engine: Engine) -> None:
    with transaction(engine) as session:
        send(session, 1, view="v")
        value(session, 1, 4_900)
    with transaction(engine) as session:  # of the same page view, and it was sent before
        send(session, 2, view="v", received_at_ms=NOON_MS - 1, now=NOON + timedelta(hours=1))
        assert session.get_one(Lead, name(1)).spam
        assert count(session) == {}
        assert count(session, at=NOON) == {"b": [(4_900, 1)]}


def test_a_flag_that_came_while_the_lead_was_looked_at_is_not_overlooked(engine: Engine) -> None:
    with transaction(engine) as session:
        send(session, 1)
        value(session, 1, 4_900)
    with transaction(engine) as session:
        lead = session.get_one(Lead, name(1))  # as the studio reads it, before it waits for its turn
        session.execute(update(Lead).values(spam=True), execution_options={"synchronize_session": False})
        stages.change_stage(session, [lead.id], Stage.WON, actor="Maya", now=NOON)
        assert count(session) == {}


def test_an_erased_lead_leaves_its_amount_and_nothing_that_names_it(engine: Engine) -> None:
    with transaction(engine) as session:
        send(session, 1)
        value(session, 1, 4_900)
        erasing.erase_person(session, VAULT, "otto1@example.com", actor="Ivan", now=NOON + timedelta(days=1))
        assert count(session) == {"b": [(4_900, 1)]}
        (receipt,) = session.exec(select(Receipt)).all()
    assert name(1) not in str(receipt.model_dump())


@pytest.mark.parametrize(
    "elsewhere", [{"experiment_key": "", "phase": 0}, {"experiment_key": "autumn-1"}, {"phase": 2}, {"variant": "c"}]
)
def test_a_lead_of_no_test_can_be_valued_and_is_nothing_to_any(engine: Engine, elsewhere: dict[str, object]) -> None:
    with transaction(engine) as session:
        send(session, 1, **elsewhere)
        value(session, 1, 4_900)
        assert session.get_one(Lead, name(1)).value_minor == 4_900
        assert session.exec(select(Receipt)).all() == []


Act = tuple[str, int, int | None, int]
acts = st.lists(
    st.tuples(
        st.sampled_from(["value", "value", "value", "send", "spam", "not-spam", "erase", "won", "lost"]),
        st.integers(1, 2),
        st.sampled_from([4_900, 9_900, 2_147_483_647, None, 0]),
        st.integers(0, 2),  # minutes since the act before
    ),
    min_size=2,
    max_size=16,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=acts)
@example(drawn=[("value", 1, 4_900, 1), ("send", 1, None, 1), ("value", 1, 9_900, 1), ("not-spam", 1, None, 1)])
def test_whatever_is_done_in_any_order_the_receipts_are_those_of_the_leads(engine: Engine, drawn: list[Act]) -> None:
    with transaction(engine) as session:
        for table in (Receipt, LeadEntry, Erasure, Lead):
            session.execute(delete(table))
        kept: dict[str, int] = {}  # of erased leads
        then: dict[datetime, Amounts] = {}
        for number in (1, 2):
            send(session, number, variant="ab"[number % 2], view=f"v{number}")
        now = NOON
        for step, (act, number, amount, minutes) in enumerate(drawn):
            now += timedelta(minutes=minutes)
            lead = session.get(Lead, name(number))
            if act == "send":  # an earlier lead of the same page view: the one that is here becomes a suspect
                send(session, 100 + step, view=f"v{number}", received_at_ms=NOON_MS - 1 - step, now=now)
            elif lead is None:
                continue
            elif act == "value":
                value(session, number, amount, now=now)
            elif act == "erase":
                if lead.value_minor and not lead.spam and lead.stage != Stage.LOST:
                    kept[name_receipt(lead.id)] = lead.value_minor
                erasing.erase_lead(session, lead.id, actor="Ivan", now=now)
            elif act in ("won", "lost"):
                stages.change_stage(session, [lead.id], act, actor="Maya", now=now)
            else:
                move(session, number, spam=act == "spam", now=now)
            assert list_held(session) == {**kept, **list_valued(session)}
            then[now] = count(session)
        assert {moment: count(session, at=moment) for moment in then} == then


def list_held(session: Session) -> dict[str, int]:
    held = select(Receipt).where(col(Receipt.until).is_(None))
    return {receipt.reference: receipt.amount_minor for receipt in session.exec(held)}


def list_valued(session: Session) -> dict[str, int]:
    """The same from the leads as they are."""
    leads = session.exec(select(Lead).execution_options(populate_existing=True))
    counting = [lead for lead in leads if lead.value_minor and not lead.spam and lead.stage != Stage.LOST]
    return {name_receipt(lead.id): lead.value_minor or 0 for lead in counting}
