"""PostgreSQL goes away and comes back: nothing is half done, nothing is lost, and nobody has to restart anything."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import OperationalError

from experiments import ledger
from experiments.journal import Durability, Journal, Record, list_journals
from experiments.models import VisitorRow
from lander.cli.edge import Cli
from lander.db import ingestion, make_engine, reading, transaction
from lander.errors import Unavailable
from lander.factory import create_studio
from lander.jobs import Worker
from lander.leads.models import Lead
from lander.policy.store import load_policy
from tests.databases import TEMPLATE, PostgreSql
from tests.experiments.builders import confirm, start, view
from tests.leads.builders import make_body
from tests.pages.publishing import make_settings

MAYA = "1" * 32


@pytest.fixture
def url(postgresql: PostgreSql) -> Iterator[str]:
    with postgresql.database(template=TEMPLATE) as url:
        yield url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = make_engine(url)
    with transaction(engine) as session:
        start(session)
    yield engine
    engine.dispose()


def count(engine: Engine, table: type) -> int:
    with reading(engine) as session:
        return session.execute(select(func.count()).select_from(table)).scalar_one()


def test_the_work_process_waits_and_then_brings_everything_home(
    postgresql: PostgreSql, url: str, engine: Engine, tmp_path: Path
) -> None:
    settings = make_settings(tmp_path)
    journal = Journal(settings.journal_dir)
    worker = Worker(settings, engine)
    with postgresql.away(url):
        event = Record("event", confirm(view(MAYA)).to_json())
        journal.append([event, Record("lead", make_body(1))], Durability.ACKNOWLEDGED)
        assert (worker.ingest(), worker.deploy()) == (0, 0)
        assert [len(file.read(10)) for file in list_journals(settings.journal_dir)] == [2]
    assert worker.ingest() == 2
    assert worker.deploy() == 1
    assert (count(engine, VisitorRow), count(engine, Lead)) == (1, 1)
    journal.close()


def test_a_policy_file_waits_for_a_database_that_was_away_at_the_start(
    postgresql: PostgreSql, url: str, engine: Engine, tmp_path: Path
) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('[isolation.allow]\nimg = ["https://img.example.net"]\n')
    worker = Worker(make_settings(tmp_path, LANDER_POLICY=str(file)), engine)
    with postgresql.away(url):
        assert worker.apply_policy() == 0
    assert worker.apply_policy() == 1
    with reading(engine) as session:
        assert load_policy(session).isolation.allow.img == ("https://img.example.net",)
    assert worker.apply_policy() == 0, "what IT applies from then on stays in force"


def test_what_it_interrupts_did_not_happen(postgresql: PostgreSql, url: str, engine: Engine) -> None:
    def interrupted() -> None:
        with ingestion(engine) as session:
            ledger.ingest(session, [view(MAYA)])
            with postgresql.away(url):
                pass

    with pytest.raises(OperationalError):
        interrupted()
    assert count(engine, VisitorRow) == 0


def test_a_connection_that_was_lost_costs_nobody_an_error(postgresql: PostgreSql, url: str, engine: Engine) -> None:
    assert count(engine, VisitorRow) == 0
    with postgresql.away(url):
        pass
    assert count(engine, VisitorRow) == 0


def test_the_studio_says_so_and_goes_on_by_itself(
    postgresql: PostgreSql, url: str, engine: Engine, tmp_path: Path
) -> None:
    studio = create_studio(make_settings(tmp_path), engine).test_client(use_cookies=False)

    def status() -> int:
        return studio.get("/", base_url="http://studio.localhost", headers={"Cookie": "studio=mayas"}).status_code

    with postgresql.away(url):
        assert status() == 503
    assert status() == 303


def test_the_command_line_says_why(postgresql: PostgreSql, url: str, tmp_path: Path) -> None:
    edge = Cli()
    edge.settings = make_settings(tmp_path, LANDER_DATABASE_URL=url)
    with postgresql.away(url), pytest.raises(Unavailable, match="is not currently accepting connections"):
        _ = edge.engine
