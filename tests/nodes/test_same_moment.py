"""Two nodes do the same at the same moment: the second waits for the first and sees what it did."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import AbstractContextManager
from copy import copy
from random import Random
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlmodel import Session

from experiments import ledger, lifecycle, tallies
from experiments.errors import ExperimentConflict
from experiments.models import Receipt, Tally, VisitorRow
from lander import migrations
from lander.access.models import SignInAttempt
from lander.access.signin import PER_NAME_AND_NETWORK, TooManyAttempts, admit_attempt
from lander.access.users import add_user
from lander.db import ingestion, make_engine, reading, transaction
from lander.errors import Conflict
from lander.leads import stages
from lander.leads.models import Lead
from lander.leads.sink import store_leads
from lander.pages import publish, testing, versions
from lander.pages.models import Asset, Publication
from tests.builders_content import PAGE, Studio
from tests.databases import TEMPLATE, PostgreSql
from tests.experiments.builders import after, confirm, convert, crowd, start, view
from tests.leads.builders import NOON, NOON_MS, make_body
from tests.nodes.conftest import Nodes
from tests.pages.publishing import FORM, MAYA, NOW

LOOK_S = 0.3  # how long the second node has for doing wrong what it should wait for
Context = Callable[[Engine], AbstractContextManager[Session]]


def meet(nodes: Nodes, verb: Callable[[Session], Any], *, within: Context = transaction) -> tuple[Any, Future[Any]]:
    """`verb` on both nodes: the other one begins while the first is done and has not committed."""

    begun = Event()

    def do() -> Any:
        with nodes.other.connect():  # so that what is measured below is waiting and not connecting
            begun.set()
        with within(nodes.other) as session:
            return verb(session)

    with ThreadPoolExecutor(1) as other_node:
        with within(nodes.one) as session:
            first = verb(session)
            second = other_node.submit(do)
            begun.wait()
            assert not wait_for([second], timeout=LOOK_S).done, "the other node did not wait"
        return first, second


def count(nodes: Nodes, table: type) -> int:
    with reading(nodes.one) as session:
        return session.execute(select(func.count()).select_from(table)).scalar_one()


def test_of_two_that_publish_a_page_the_second_finds_it_live(nodes: Nodes) -> None:
    studio = Studio(nodes.one)
    studio.upload({"index.html": PAGE})

    def publish_it(session: Session) -> publish.Published:
        return publish.publish(session, studio.settings, studio.page(session), actor=MAYA, now=NOW)

    first, second = meet(nodes, publish_it)
    assert not first.unchanged
    assert second.result().unchanged
    assert count(nodes, Publication) == 1


def test_two_imports_bring_the_same_new_file_once(nodes: Nodes) -> None:
    here = Studio(nodes.one)
    there = copy(here)
    there.engine = nodes.other
    with ThreadPoolExecutor(2) as both:
        done = [
            both.submit(studio.upload, {"index.html": PAGE, "a.css": "a{}", "b.css": "b{}"}, slug=slug)
            for studio, slug in ((here, "spring"), (there, "summer"))
        ]
    assert [len(future.result().files) for future in done] == [2, 2]
    assert here.slugs() == ["spring", "summer"]
    assert count(nodes, Asset) == 2


def test_of_two_that_start_a_test_on_a_page_one_does(nodes: Nodes) -> None:
    studio = Studio(nodes.one)
    studio.upload({"index.html": FORM})
    with transaction(nodes.one) as session:
        versions.copy_variant(session, studio.page(session), actor=MAYA, now=NOW)
        publish.publish(session, studio.settings, studio.page(session), actor=MAYA, now=NOW)

    def start_it(session: Session) -> str:
        plan: dict[str, Any] = {"variants": {"a": 5_000, "b": 5_000}, "goal": "form", "actor": MAYA, "now": NOW}
        return testing.start_experiment(session, studio.settings, page=studio.page(session), **plan).key

    first, second = meet(nodes, start_it)
    assert first == "sale-1"
    with pytest.raises(ExperimentConflict, match="one at a time"):
        second.result()


def test_a_test_that_ends_cannot_be_paused_at_that_moment(nodes: Nodes) -> None:
    with transaction(nodes.one) as session:
        start(session)

    def end_it(session: Session) -> None:
        test = lifecycle.load(session, "spring-sale-1")
        lifecycle.stop(session, test, reason="Enough.", actor=MAYA, now=after(days=1))
        session.flush()

    _, second = meet(nodes, end_it)
    with pytest.raises(ExperimentConflict, match="already ended"):
        second.result()


def test_guessing_on_two_nodes_is_throttled_as_on_one(nodes: Nodes) -> None:
    def guess(session: Session) -> None:
        admit_attempt(session, name="maya", network="203.0.113.0/24", now=NOW)
        session.flush()

    for _ in range(PER_NAME_AND_NETWORK - 1):
        with transaction(nodes.one) as session:
            guess(session)
    _, second = meet(nodes, guess)
    with pytest.raises(TooManyAttempts):
        second.result()
    assert count(nodes, SignInAttempt) == PER_NAME_AND_NETWORK


def test_a_name_taken_at_that_moment_is_refused_in_words(nodes: Nodes) -> None:
    def add(session: Session) -> None:
        add_user(session, name="maya", role="marketer", password="a-long-enough-password", actor="ivan", now=NOW)

    _, second = meet(nodes, add)
    with pytest.raises(Conflict, match="There is a user 'maya' already"):
        second.result()


def test_leads_of_one_view_that_two_nodes_bring_are_flagged(nodes: Nodes) -> None:
    bodies = iter([make_body(1, view="v"), make_body(2, view="v", received_at_ms=NOON_MS + 1)])
    meet(nodes, lambda session: store_leads(session, [next(bodies)], now=NOON), within=ingestion)[1].result()
    with reading(nodes.one) as session:
        flags = {int(lead.id, 16): lead.flags for lead in session.execute(select(Lead)).scalars()}
    assert flags == {1: [], 2: ["repeated-token"]}


def test_a_lead_that_is_valued_while_another_node_flags_it_counts_for_nothing(nodes: Nodes) -> None:
    with transaction(nodes.one) as session:
        start(session)
        store_leads(session, [make_body(1, view="v")], now=NOON)
    lead_id, earlier = f"{1:032x}", make_body(2, view="v", received_at_ms=NOON_MS - 1)

    def flag_or_value(session: Session) -> object:
        if session.get_bind() is nodes.one:
            return store_leads(session, [earlier], now=NOON)
        return stages.change_value(session, session.get_one(Lead, lead_id), 4_900, actor=MAYA, now=NOON)

    assert meet(nodes, flag_or_value, within=ingestion)[1].result() is True
    with reading(nodes.one) as session:
        lead = session.get_one(Lead, lead_id)
        assert (lead.spam, lead.value_minor) == (True, 4_900)
        assert session.execute(select(Receipt)).scalars().all() == []


def test_events_that_two_nodes_bring_are_counted_once(nodes: Nodes) -> None:
    with transaction(nodes.one) as session:
        start(session)
    seen = view("1" * 32)
    meet(nodes, lambda session: ledger.ingest(session, [confirm(seen), convert(seen)]), within=ingestion)[1].result()
    with reading(nodes.one) as session:
        totals = select(Tally.goal, Tally.confirmed, Tally.conversions).where(Tally.dimension == "all")  # type: ignore[arg-type]
        assert sorted(map(tuple, session.execute(totals))) == [("", 1, 0), ("form", 0, 1)]


def test_two_nodes_that_bring_a_crowd_at_once_lose_and_double_nothing(nodes: Nodes) -> None:
    """The same events and leads on both nodes, in other orders and batches."""
    with transaction(nodes.one) as session:
        start(session)
        start(session, page_id=2, slug_key="winter")
    events = [event for key in (1, 2) for event in crowd("a", served=400, conversions=60, experiment_id=key)]
    leads = [make_body(n, view=f"v{n % 40}", network="office", received_at_ms=NOON_MS + n * 1_000) for n in range(120)]

    def bring(engine: Engine, seed: int) -> None:
        chance = Random(seed)
        mine, forms = chance.sample(events, len(events)), chance.sample(leads, len(leads))
        for at in range(0, len(mine), 100):
            with ingestion(engine) as session:
                ledger.ingest(session, mine[at : at + 100])
                store_leads(session, forms[at // 8 : at // 8 + 30], now=NOON)

    with ThreadPoolExecutor(2) as both:
        done = [both.submit(bring, nodes.one, 1), both.submit(bring, nodes.other, 2)]
    for future in done:
        future.result()
    assert count(nodes, VisitorRow) == 800
    assert count(nodes, Lead) == 120
    with transaction(nodes.one) as session:
        assert tallies.rebuild(session) == 0
        whole = session.execute(select(func.sum(Tally.confirmed)).where(Tally.dimension == "all")).scalar_one()  # type: ignore[arg-type]
        assert whole == 800
        repeated = [lead.id for lead in session.execute(select(Lead)).scalars() if "repeated-token" in lead.flags]
    assert sorted(int(key, 16) for key in repeated) == list(range(40, 120))


def test_on_postgresql_events_come_in_while_somebody_imports(postgresql: PostgreSql) -> None:
    """SQLite has one writer; there the journals wait a little longer."""
    with postgresql.database(template=TEMPLATE) as url:
        one, other = make_engine(url), make_engine(url)
        with transaction(one) as session:
            start(session)
        with transaction(one), ingestion(other) as beside:
            assert ledger.ingest(beside, [view("1" * 32)]).visitors == 1
        one.dispose()
        other.dispose()


def test_who_reads_sees_one_moment(nodes: Nodes) -> None:
    with transaction(nodes.one) as session:
        start(session)
    with reading(nodes.other) as session:
        before = session.execute(select(func.count()).select_from(VisitorRow)).scalar_one()
        with ingestion(nodes.one) as writer:
            ledger.ingest(writer, [view("1" * 32)])
        after_it = session.execute(select(func.count()).select_from(VisitorRow)).scalar_one()
    assert (before, after_it, count(nodes, VisitorRow)) == (0, 0, 1)


def test_two_nodes_that_migrate_at_once_both_end_at_this_schema(postgresql: PostgreSql) -> None:
    with postgresql.database() as url:
        engines = [make_engine(url), make_engine(url)]
        with ThreadPoolExecutor(2) as both:
            done = [both.submit(migrations.upgrade, engine) for engine in engines]
        for future in done:
            future.result()
        for engine in engines:
            assert migrations.is_current(engine)
            engine.dispose()
