"""`lander serve` as a process: what dies is started again, what ends leaves nothing behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from experiments.journal import Durability, Journal, Record
from lander.config import DEVELOPMENT_SECRET
from lander.server import check_port
from lander.vault import Vault
from tests.faults.processes import master_of, work_of
from tests.leads import builders
from tests.live import ROOT, Lander, free_port, is_running
from tests.patience import PATIENCE_S, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@contextmanager
def supervised(lander: Lander) -> Iterator[subprocess.Popen[str]]:
    """`lander serve` that says it serves; its end is the test's business."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lander.cli", "serve", "--port", str(lander.port)],
        env=lander.environ,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert any(line.startswith("Serving on") for line in process.stderr), "it ended before it served"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE_S)


@pytest.fixture
def lander(tmp_path: Path) -> Lander:
    lander = Lander(tmp_path / "var", free_port())
    lander.ok("migrate")
    return lander


def children_of(pid: int) -> dict[str, int]:
    """Its children's ids, by what they are: web and work."""
    found = {"web": master_of(pid), "work": work_of(pid)}
    return {name: child for name, child in found.items() if child is not None}


def test_a_work_process_that_dies_is_started_again_and_finds_what_waited(
    lander: Lander, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builders, "VAULT", Vault([DEVELOPMENT_SECRET]))
    with supervised(lander) as process:
        before = children_of(process.pid)
        os.kill(before["work"], signal.SIGSTOP)
        journal = Journal(lander.data_dir / "journal")
        journal.append([Record("lead", builders.make_body(1))], Durability.LEAD)
        os.kill(before["work"], signal.SIGKILL)
        wait_until(lambda: children_of(process.pid).get("work") not in (None, before["work"]), "no new work process")
        wait_until(lambda: lander.ok("lead", "list"), "the lead did not come home")
        journal.close()
        children = children_of(process.pid)
        assert children["web"] == before["web"]

        process.send_signal(signal.SIGINT)  # as Ctrl+C does
        assert process.wait(timeout=PATIENCE_S) == 0
        assert not any(map(is_running, children.values()))
        assert process.stderr is not None
        assert "lander: The work process ended with status -9; starting it again." in process.stderr.read()


def test_a_supervisor_that_is_killed_outright_leaves_nothing_running(lander: Lander) -> None:
    with supervised(lander) as process:
        children = children_of(process.pid)
        assert set(children) == {"web", "work"}
        process.kill()
        process.wait(timeout=PATIENCE_S)
        wait_until(lambda: not any(map(is_running, children.values())), "orphans live on")
    check_port("127.0.0.1", lander.port)  # another one can have it


def test_a_web_server_that_dies_ends_the_service_with_a_reason(lander: Lander) -> None:
    with supervised(lander) as process:
        children = children_of(process.pid)
        os.kill(children["web"], signal.SIGKILL)
        assert process.wait(timeout=PATIENCE_S) == 1
        assert not is_running(children["work"])
        assert process.stderr is not None
        assert "lander: The web server ended with status -9." in process.stderr.read()
