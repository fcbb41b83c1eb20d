"""The processes of an installation, found from the one the test started; ended by id, never by name."""

import os
import signal
from contextlib import suppress
from pathlib import Path

from tests.live import is_running
from tests.patience import wait_until


def children_of(pid: int) -> list[int]:
    """Ids of the direct children of a process."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError, ValueError):
                continue
            if parent == pid:
                found.append(int(entry.name))
    return sorted(found)


def command_of(pid: int) -> str:
    """A process's command line; empty where it has gone."""
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def master_of(supervisor: int) -> int:
    """The web server's master under a supervisor."""
    servers = ("-m gunicorn", "-m lander.granian_web")
    return next(pid for pid in children_of(supervisor) if any(name in command_of(pid) for name in servers))


def work_of(supervisor: int) -> int | None:
    """The work process under a supervisor; None while it is being started again."""
    return next((pid for pid in children_of(supervisor) if "work" in command_of(pid).split()), None)


def kill(pid: int | None) -> None:
    """kill -9; somebody who has gone already is fine."""
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def wait_until_gone(pids: list[int]) -> None:
    """Until none of them runs, as a service manager does before it starts a service again."""
    wait_until(lambda: not any(map(is_running, pids)), f"of {pids} some live on")
