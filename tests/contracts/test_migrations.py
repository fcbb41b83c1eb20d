"""The schema's history leads to the tables of the code, and back to nothing."""

import json
from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlmodel import Session, SQLModel

from experiments import tallies
from lander import migrations
from lander.db import make_engine, transaction
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


_FILTERED_BEFORE = (
    "INSERT INTO experiment (id, key, page_id, timezone, hypothesis, control, goal, selector, window_s, state, created_at,"
    " created_by, shipped, reason) VALUES (1, 'sale-1', 1, 'UTC', '', 'a', 'form', '', 3600, 'RUNNING',"
    " '2026-11-01 00:00:00', 'Maya', '', '')",
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
