"""What was acknowledged survives kill -9 of workers, of the work process and of the master, and a database that is away.

Each test prints a line: sent / acknowledged / stored of each kind, lost, doubled, and what visitors noticed. `--soak`
runs the minute that is promised, without it a few seconds.
"""

import random
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.deploy.proxy import needs_nginx
from tests.deploy.published import PRODUCTION, install
from tests.faults.balance import HEADING, KINDS, recount, settle, tell
from tests.faults.conftest import Stand
from tests.faults.database import own_postgresql
from tests.faults.processes import children_of, kill, master_of, wait_until_gone, work_of
from tests.faults.traffic import Seen, Traffic
from tests.live import Lander

ALL = ["gunicorn", "granian", "gunicorn behind nginx", "granian behind nginx"]
WELL = {200, 204, 303}
BROKEN = {0, 503}  # no answer, or nginx's word for it: the sender tries again
MASTER_LIVES_S = 10

pytestmark = pytest.mark.timeout(300)  # a minute of load, and what comes home after it


def on(*names: str) -> pytest.MarkDecorator:
    """Where a test runs."""
    places = [pytest.param(name, marks=needs_nginx if name.endswith("nginx") else ()) for name in names]
    return pytest.mark.parametrize("stand", places, indirect=True)


@pytest.fixture(scope="module", autouse=True)
def heading() -> None:
    print(HEADING)


@on(*ALL)
def test_workers_killed_every_second_lose_nothing(stand: Stand, seconds: float) -> None:
    chance = random.Random(1)
    with stand.up() as lander:
        master = master_of(lander.pid)
        with Traffic(stand.door) as traffic:
            _every_second(lambda: kill(chance.choice(children_of(master) or [None])), seconds)
        _check(lander, traffic.seen, stand, f"a worker killed every second, {seconds:.0f} s")
    if stand.has_nginx:
        assert traffic.seen.failed_views == 0, "nginx asks another worker"


@on("gunicorn", "granian behind nginx")
def test_the_work_process_killed_every_second_loses_and_doubles_nothing(stand: Stand, seconds: float) -> None:
    with stand.up() as lander, Traffic(stand.door) as traffic:
        _every_second(lambda: kill(work_of(lander.pid)), seconds)
    assert set(traffic.seen.statuses) == WELL, "visitors notice nothing"
    with stand.up() as lander:
        _check(lander, traffic.seen, stand, f"the work process killed every second, {seconds:.0f} s")


@on("gunicorn behind nginx", "granian behind nginx")
def test_the_master_killed_under_load_loses_nothing(stand: Stand, seconds: float) -> None:
    """Its service is started again each time, as systemd does; all the while visitors come."""
    with ExitStack() as service:
        lander = service.enter_context(stand.up())
        with Traffic(stand.door) as traffic:
            for _ in range(max(1, int(seconds / MASTER_LIVES_S))):
                time.sleep(min(seconds, MASTER_LIVES_S))
                master = master_of(lander.pid)
                workers = children_of(master)
                kill(master)
                wait_until_gone([*workers, lander.pid])
                service.close()
                lander = service.enter_context(stand.up())
        _check(lander, traffic.seen, stand, f"the master killed and started again, {seconds:.0f} s")


@on("gunicorn")
def test_a_database_that_is_held_up_holds_nobody_up(stand: Stand, seconds: float) -> None:
    """Somebody else keeps the database's lock: visitors and leads go on, and all comes home afterwards."""
    with stand.up() as lander:
        with Traffic(stand.door) as traffic, _held_up(stand.folder):
            time.sleep(seconds)
        assert set(traffic.seen.statuses) == WELL
        _check(lander, traffic.seen, stand, f"SQLite locked by somebody else, {seconds:.0f} s")


@on("gunicorn", "granian behind nginx")
def test_a_database_that_is_stopped_stops_nobody(stand: Stand, seconds: float) -> None:
    """A PostgreSQL that ends under load, stays away and comes back."""
    with own_postgresql() as database:
        address = {"LANDER_DATABASE_URL": database.url}
        shutil.rmtree(stand.folder)
        install(stand.folder, **PRODUCTION, **address)
        with stand.up(**address) as lander:
            with Traffic(stand.door) as traffic:
                time.sleep(1)
                database.stop()
                time.sleep(seconds)
                database.start()
            assert set(traffic.seen.statuses) == WELL
            _check(lander, traffic.seen, stand, f"PostgreSQL stopped, {seconds:.0f} s")


@on("gunicorn", "granian behind nginx")
def test_pages_and_leads_go_on_after_a_cold_start_without_the_database(stand: Stand, seconds: float) -> None:
    with ExitStack() as database:
        database.enter_context(_away(stand.folder))
        with stand.up() as lander:
            with Traffic(stand.door) as traffic:
                time.sleep(seconds)
            assert set(traffic.seen.statuses) == WELL
            database.close()
            _check(lander, traffic.seen, stand, f"started without the database, {seconds:.0f} s")


@on("gunicorn")
def test_the_balance_finds_what_is_lost_and_what_is_doubled(stand: Stand) -> None:
    """The instrument itself can fail: an acknowledged lead that is nowhere is reported, and so is one counted twice."""
    with stand.up() as lander:
        with Traffic(stand.door, visits_per_s=40) as traffic:
            threading.Event().wait(1.5)
        settle(lander, traffic.seen)
        for kind in KINDS:
            traffic.seen.acknowledged[kind].add("nobody")
        with sqlite3.connect(stand.folder / "lander.db") as connection:
            connection.execute("UPDATE tally SET confirmed = confirmed + 1, conversions = conversions + 1")
        connection.close()
        balances = settle(lander, traffic.seen, patience_s=0)
    assert [balances[kind].lost for kind in KINDS] == [1, 1, 1, 1]
    assert all(balances[kind].doubled > 0 for kind in KINDS[1:])


def _check(lander: Lander, seen: Seen, stand: Stand, what: str) -> None:
    balances = settle(lander, seen)
    print(tell(what, stand.name, balances, seen))
    assert all(balance.lost == balance.doubled == 0 for balance in balances.values()), balances
    assert all(balance.acknowledged > 0.5 * balance.sent > 0 for balance in balances.values()), balances
    assert set(seen.statuses) <= WELL | BROKEN
    assert recount(lander) == 0


def _every_second(action: Callable[[], None], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(1)
        action()


@contextmanager
def _held_up(folder: Path) -> Iterator[None]:
    holder = sqlite3.connect(folder / "lander.db", isolation_level=None, timeout=30, check_same_thread=False)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        holder.execute("ROLLBACK")
        holder.close()


@contextmanager
def _away(folder: Path) -> Iterator[None]:
    """The database is at an address that cannot be opened, as on a machine that is down."""
    elsewhere = folder.parent / "away"
    elsewhere.mkdir()
    for file in folder.glob("lander.db*"):
        shutil.move(file, elsewhere / file.name)
    (folder / "lander.db").mkdir()
    yield
    (folder / "lander.db").rmdir()
    for file in elsewhere.iterdir():
        shutil.move(file, folder / file.name)
