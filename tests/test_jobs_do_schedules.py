"""The work process does what is scheduled, node beside node, after restarts, and whatever breaks down beside it."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from lander.catalog import load_catalog
from lander.config import Settings
from lander.db import reading, transaction
from lander.jobs import Worker
from lander.pages import publish, schedules
from lander.pages.models import Page, Schedule
from lander.pages.schedules import Plan, Publishing, State, Withdrawing, add_schedule
from tests.pages.publishing import FORM, MAYA, add_page, add_site, make_settings
from tests.patience import PATIENCE_S, wait_until


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def page(database: Engine) -> Page:
    with transaction(database) as session:
        return add_page(session, add_site(session), {"a": FORM})


@pytest.fixture
def plan(database: Engine, page: Page) -> Callable[..., int]:
    """Schedules something for a moment that passed so long ago; it was thought of an hour before."""

    def make(what: Plan, **passed: float) -> int:
        at = datetime.now(UTC) - timedelta(**passed)
        with transaction(database) as session:
            found = session.get_one(Page, page.id)
            number = add_schedule(session, found, what, at=at, actor=MAYA, now=at - timedelta(hours=1)).id
        assert number is not None
        return number

    return make


def states(database: Engine) -> Iterator[tuple[str, str]]:
    with reading(database) as session:
        for item in schedules.list_schedules(session, *State):
            yield item.action, item.state


def test_what_is_due_is_done_in_its_order_and_reaches_visitors(
    database: Engine, settings: Settings, plan: Callable[..., int]
) -> None:
    plan(Withdrawing(), seconds=1)
    plan(Publishing(), seconds=2)
    worker = Worker(settings, database)
    with capture_logs() as said:
        assert worker.do_schedules() == 2
        assert worker.do_schedules() == 0
    assert list(states(database)) == [("publish", "done"), ("withdraw", "done")]
    assert [entry["state"] for entry in said] == ["done", "done"]
    plan(Publishing(), seconds=1)
    worker.do_schedules()
    worker.deploy()
    assert list(load_catalog(settings.published_dir).routes) == [("go.example.com", "/spring-sale")]


def test_what_is_not_due_waits(database: Engine, settings: Settings, plan: Callable[..., int]) -> None:
    plan(Publishing(), hours=-1)
    assert Worker(settings, database).do_schedules() == 0
    assert list(states(database)) == [("publish", "waiting")]


def test_the_loop_does_it_without_being_asked(database: Engine, settings: Settings, plan: Callable[..., int]) -> None:
    plan(Publishing(), seconds=-0.5)
    stop = threading.Event()
    running = threading.Thread(target=Worker(settings, database).run, args=(stop,))
    running.start()
    wait_until(lambda: load_catalog_or_nothing(settings), "it is not done")
    stop.set()
    running.join(timeout=PATIENCE_S)
    assert load_catalog_or_nothing(settings) == [("go.example.com", "/spring-sale")]


def load_catalog_or_nothing(settings: Settings) -> list[tuple[str, str]]:
    try:
        return list(load_catalog(settings.published_dir).routes)
    except FileNotFoundError:
        return []


def test_two_nodes_do_it_once(database: Engine, tmp_path: Path, page: Page, plan: Callable[..., int]) -> None:
    for seconds in (1, 3, 5):
        plan(Publishing(), seconds=seconds)
        plan(Withdrawing(), seconds=seconds - 1)
    workers = [Worker(make_settings(tmp_path / str(node)), database) for node in range(2)]
    done: list[int] = []
    nodes = [threading.Thread(target=lambda worker=worker: done.append(worker.do_schedules())) for worker in workers]
    for node in nodes:
        node.start()
    for node in nodes:
        node.join()
    assert sum(done) == 6
    with reading(database) as session:
        acts = [item.reason for item in publish.list_publications(session, session.get_one(Page, page.id))]
    assert acts == ["withdraw", "publish"] * 3


def test_one_that_breaks_down_is_tried_again_and_holds_up_no_other(
    database: Engine, settings: Settings, plan: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = plan(Publishing(), seconds=2)
    plan(Withdrawing(), seconds=1)

    def break_down(*args: object, **kwargs: object) -> None:
        raise OperationalError("the connection has gone", None, Exception())

    worker = Worker(settings, database)
    with capture_logs() as said:
        with monkeypatch.context() as patched:
            patched.setattr(publish, "publish", break_down)
            assert worker.do_schedules() == 1
        assert list(states(database)) == [("publish", "waiting"), ("withdraw", "failed")]
        assert worker.do_schedules() == 1
    assert list(states(database)) == [("publish", "done"), ("withdraw", "failed")]
    assert [entry["event"] for entry in said if entry.get("step") == f"schedule {broken}"] == [
        "step fails, will be tried again",
        "step works again",
    ]


def test_a_database_that_is_away_is_waited_for(
    database: Engine, settings: Settings, plan: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(Publishing(), minutes=30)
    worker = Worker(settings, database)

    def is_away(*_: object) -> None:
        raise OperationalError("the connection has gone", None, Exception())

    with capture_logs(), monkeypatch.context() as patched:
        patched.setattr("lander.jobs.reading", is_away)
        assert worker.do_schedules() == 0
    restarted = Worker(settings, database)
    assert restarted.do_schedules() == 1
    with reading(database) as session:
        (done,) = schedules.list_schedules(session, State.DONE)
    assert done.outcome.endswith("It was done 30 minutes late, because nothing ran when it was due.")


def test_after_a_day_it_is_not_done_any_more(database: Engine, settings: Settings, plan: Callable[..., int]) -> None:
    number = plan(Publishing(), days=2)
    assert Worker(settings, database).do_schedules() == 1
    with reading(database) as session:
        missed = session.get_one(Schedule, number)
    assert (missed.state, missed.outcome) == (
        "failed",
        "It is 2 days late, because nothing ran when it was due. If it is still wanted, do it by hand.",
    )
