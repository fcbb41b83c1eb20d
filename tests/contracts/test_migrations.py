"""The schema's history leads to the tables of the code, and back to nothing."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlmodel import Session, SQLModel

from experiments import lifecycle, receipts, tallies
from lander import migrations
from lander.db import make_engine, transaction
from lander.leads import stages
from lander.leads.models import Lead
from tests.pages.publishing import GOOD, add_page, add_site


@pytest.fixture
def engine(empty_database_url: str) -> Iterator[Engine]:
    engine = make_engine(empty_database_url)
    yield engine
    engine.dispose()


def test_an_empty_database_becomes_the_tables_of_the_code(engine: Engine) -> None:
    assert not migrations.is_current(engine)
    migrations.upgrade(engine)
    assert migrations.is_current(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_it_goes_back_to_nothing_and_up_again(engine: Engine) -> None:
    migrations.upgrade(engine)
    tables = set(inspect(engine).get_table_names())
    migrations.downgrade(engine, "base")
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
    migrations.upgrade(engine)
    assert set(inspect(engine).get_table_names()) == tables


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    migrations.upgrade(engine)
    migrations.upgrade(engine)
    assert migrations.is_current(engine)


def test_who_was_filtered_before_variants_were_written_down_stays_counted(engine: Engine) -> None:
    migrations.upgrade(engine, "0002")
    with engine.begin() as connection:
        for statement in _FILTERED_BEFORE:
            connection.execute(text(statement))
    before = read_filtered(engine)
    migrations.upgrade(engine)
    with Session(engine) as session:
        assert tallies.rebuild(session) == 0
    migrations.downgrade(engine, "0002")
    assert read_filtered(engine) == before


def read_filtered(engine: Engine) -> tuple[object, ...]:
    with engine.connect() as connection:
        visitors = connection.execute(text("SELECT visitor, CAST(state AS TEXT) FROM visitor ORDER BY visitor")).all()
        counted = connection.execute(text("SELECT reason, visitors FROM filteredtally ORDER BY reason")).all()
    return [(visitor, json.loads(state)) for visitor, state in visitors], counted


def test_leads_that_were_valued_before_count_for_their_tests(engine: Engine) -> None:
    migrations.upgrade(engine, "0003")
    with engine.begin() as connection:
        for statement in _VALUED_BEFORE:
            connection.execute(text(statement))
    migrations.upgrade(engine)
    with Session(engine) as session:
        experiment = lifecycle.load(session, "sale-1")
        days = {day: datetime(2026, 11, day, 12, tzinfo=UTC) for day in (1, 2, 3, 4)}
        told = {day: receipts.count_receipts(session, experiment, 1, at=at) for day, at in days.items()}
        assert told == {
            1: {},
            2: {"b": [(700, 1)]},
            3: {"a": [(4_900, 1)], "b": [(700, 1)]},
            4: {"a": [(4_900, 1)], "b": [(700, 1), (9_900, 1)]},
        }
        valued = session.get_one(Lead, "valued")  # its receipt is found again
        stages.change_value(session, valued, 5_900, actor="Maya", now=datetime(2026, 11, 5, tzinfo=UTC))
        assert receipts.count_receipts(session, experiment, 1, at=None) == {
            "a": [(5_900, 1)],
            "b": [(700, 1), (9_900, 1)],
        }


def lead_before(
    name: str, *, variant: str, value: int | None, spam: bool = False, test: str = "sale-1", stage: str = "won"
) -> str:
    return (
        "INSERT INTO lead (id, page_id, host, path, view, network, form, variant, experiment_key, phase, sealed,"
        " email_index, consent_text, flags, simulated, received_at, campaign, touch, stage, value_minor, spam) VALUES"
        f" ('{name}', 1, 'go.example.com', '/', '', '', 'f1', '{variant}', '{test}', 1, '', '', '', '[]', {name == 'sent'},"
        f" '2026-11-02 09:00:00.000000', '{{}}', '', '{stage}', {'NULL' if value is None else value}, {spam})"
    )


def entry_before(lead: str, kind: str, day: int) -> str:
    return (
        'INSERT INTO leadentry (lead_id, at, "by", kind, details)'
        f" VALUES ('{lead}', '2026-11-0{day} 09:00:00.000000', 'Maya', '{kind}', '{{}}')"
    )


_EXPERIMENT_BEFORE = (
    "INSERT INTO experiment (id, key, page_id, timezone, hypothesis, control, goal, selector, window_s, state, created_at,"
    " created_by, shipped, reason) VALUES (1, 'sale-1', 1, 'UTC', '', 'a', 'form', '', 3600, 'RUNNING',"
    " '2026-11-01 00:00:00', 'Maya', '', '')"
)

_VALUED_BEFORE = (
    _EXPERIMENT_BEFORE,
    "INSERT INTO phase (id, experiment_id, number, weights, coverage_bp, ranges, started_at) VALUES (1, 1, 1,"
    """ '{"a": 5000, "b": 5000}', 10000, '[]', '2026-11-01 00:00:00')""",
    lead_before("valued", variant="a", value=4_900),
    *(entry_before("valued", "value", day) for day in (2, 3)),
    entry_before("valued", "stage", 4),
    lead_before("rescued", variant="b", value=9_900),
    *(entry_before("rescued", kind, day) for day, kind in enumerate(("value", "spam", "not-spam"), start=2)),
    lead_before("sent", variant="b", value=700),  # a value without an entry: when nobody wrote them down yet
    lead_before("spam", variant="b", value=100, spam=True),
    lead_before("lost", variant="b", value=100, stage="lost"),
    lead_before("nothing", variant="b", value=0),
    lead_before("unvalued", variant="b", value=None),
    lead_before("elsewhere", variant="b", value=100, test="winter-1"),
    lead_before("unknown", variant="c", value=100),
)

_FILTERED_BEFORE = (
    _EXPERIMENT_BEFORE,
    """INSERT INTO visitor VALUES (1, 'one', '{"filtered": {"1": {"bot": 1793613600000, "head": 1793613600000}}}'),"""
    """ (1, 'two', '{"filtered": {"1": {"bot": 1793613600000}}}'),"""
    """ (1, 'six', '{"simulated": true}')""",
    "INSERT INTO filteredtally VALUES (1, 1, 'bot', '2026-11-02', 2), (1, 1, 'head', '2026-11-02', 1)",
)


def test_it_goes_back_with_a_page_and_its_variants_in_it(engine: Engine) -> None:
    migrations.upgrade(engine)
    with transaction(engine) as session:
        add_page(session, add_site(session), {"a": GOOD, "b": GOOD})
    migrations.downgrade(engine, "0001")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT slug FROM page")).scalars().all() == ["spring-sale"]
