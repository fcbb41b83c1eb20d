"""What was acknowledged survives kill -9 of workers, of the work process and of the master, and a database that is away.

Each test prints sent, acknowledged, stored, lost and doubled. `--soak` runs the minute that is promised, without it a few
seconds.
"""

import random
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.processes import children_of, kill, master_of, work_of
from tests.faults.traffic import Balance, Traffic, settle
from tests.live import Lander, served

HOST = "go.localhost"
PAGE = """<!doctype html><html lang="en"><head><title>Offer</title></head><body><h1>Offer</h1>
<form><label>E-mail <input type="email" name="email" required></label><button>Send</button></form></body></html>"""


@pytest.fixture
def seconds(request: pytest.FixtureRequest) -> float:
    return 60 if request.config.getoption("--soak") else 6


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation whose page has a running experiment, at rest."""
    folder = tmp_path_factory.mktemp("prepared")
    page = folder / "page.html"
    page.write_text(PAGE)
    with served(folder, install=True) as lander:
        lander.ok("site", "add", HOST, "--core-site", "www.localhost")
        lander.ok("page", "import", "--site", HOST, "--slug", "offer", str(page))
        lander.ok("page", "copy-variant", "--site", HOST, "--slug", "offer")
        lander.ok("page", "publish", "--site", HOST, "--slug", "offer")
        lander.ok(
            "experiment", "start", "--site", HOST, "--slug", "offer", "--variants", "a,b", "--goal", "form",
            "--hypothesis", "Nothing is lost.",
        )  # fmt: skip
        lander.wait_for(HOST, "/offer")
        time.sleep(1)
    return folder


@pytest.fixture
def folder(prepared: Path, tmp_path: Path) -> Path:
    return shutil.copytree(prepared, tmp_path / "data")


@contextmanager
def _under_test(folder: Path) -> Iterator[Lander]:
    with served(folder) as lander:
        lander.wait_for(HOST, "/offer")
        yield lander


def _check(lander: Lander, traffic: Traffic, seconds: float, what: str) -> None:
    balances = settle(lander, traffic.seen)
    for balance in balances:
        print(f"{what}, {seconds:.0f} s: {balance}; answers {dict(traffic.seen.statuses)}")
    assert [(balance.lost, balance.doubled) for balance in balances] == [(0, 0), (0, 0)], balances
    assert all(balance.acknowledged > 0.5 * balance.sent > 0 for balance in balances)
    assert max(traffic.seen.statuses) < 500 or set(traffic.seen.statuses) <= {200, 204, 303, 503}
    assert lander.ok("tallies", "rebuild") == {"differing": 0}


def _every_second(action: Callable[[], None], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(1)
        action()


def test_workers_killed_every_second_lose_nothing(folder: Path, seconds: float) -> None:
    chance = random.Random(1)
    with _under_test(folder) as lander:
        master = master_of(lander.pid)

        def kill_a_worker() -> None:
            workers = children_of(master)
            if workers:
                kill(chance.choice(workers))

        with Traffic(lander, HOST, "/offer", leads_per_s=50, views_per_s=200) as traffic:
            _every_second(kill_a_worker, seconds)
        _check(lander, traffic, seconds, "workers killed every second")


def test_the_work_process_killed_every_second_loses_and_doubles_nothing(folder: Path, seconds: float) -> None:
    with (
        _under_test(folder) as lander,
        Traffic(lander, HOST, "/offer", leads_per_s=50, views_per_s=200) as traffic,
    ):
        _every_second(lambda: kill(work_of(lander.pid)), seconds)
    with served(folder) as lander:
        _check(lander, traffic, seconds, "work process killed every second")


def test_the_master_killed_under_load_loses_nothing(folder: Path, seconds: float) -> None:
    with (
        _under_test(folder) as lander,
        Traffic(lander, HOST, "/offer", leads_per_s=50, views_per_s=200) as traffic,
    ):
        time.sleep(seconds / 2)
        kill(master_of(lander.pid))
        time.sleep(1)
    with served(folder) as lander:
        _check(lander, traffic, seconds, "master killed")


def test_a_database_that_is_held_up_holds_nobody_up(folder: Path, seconds: float) -> None:
    """Somebody else keeps the database's lock: visitors and leads go on, and all comes home afterwards."""
    with _under_test(folder) as lander:
        with Traffic(lander, HOST, "/offer", leads_per_s=50, views_per_s=200) as traffic, _held_up(folder):
            time.sleep(seconds)
        assert set(traffic.seen.statuses) == {200, 204, 303}
        _check(lander, traffic, seconds, "database held up")


def test_pages_and_leads_go_on_after_a_cold_start_without_the_database(folder: Path, seconds: float) -> None:
    away = folder.parent / f"{folder.name}-away"
    away.mkdir()
    for file in folder.glob("lander.db*"):
        shutil.move(file, away / file.name)
    (folder / "lander.db").mkdir()  # an address that cannot be opened, as on a machine that is down
    with served(folder) as lander:
        with Traffic(lander, HOST, "/offer", leads_per_s=50, views_per_s=200) as traffic:
            time.sleep(seconds / 2)
        assert set(traffic.seen.statuses) == {200, 204, 303}
        (folder / "lander.db").rmdir()
        for file in away.iterdir():
            shutil.move(file, folder / file.name)
        _check(lander, traffic, seconds / 2, "cold start without the database")


@contextmanager
def _held_up(folder: Path) -> Iterator[None]:
    holder = sqlite3.connect(folder / "lander.db", isolation_level=None, timeout=30, check_same_thread=False)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        holder.execute("ROLLBACK")
        holder.close()


def test_the_balance_finds_what_is_lost_and_what_is_doubled(folder: Path) -> None:
    """The instrument itself can fail: an acknowledged lead that is nowhere is reported."""
    with _under_test(folder) as lander:
        with Traffic(lander, HOST, "/offer", leads_per_s=20, views_per_s=20, threads=2) as traffic:
            threading.Event().wait(1.5)
        traffic.seen.leads.add("nobody@example.com")
        leads = settle(lander, traffic.seen, patience_s=3)[0]
        assert isinstance(leads, Balance)
        assert leads.lost == 1
