"""Running Lander on one machine: gunicorn for the planes and one `work` process beside it, under a small supervisor.

The supervisor starts both, restarts the work process when it dies, passes signals on, and ends both by their ids.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Final

from lander.errors import Conflict

_TICK_S: Final = 0.2
_PATIENCE_S: Final = 25


def check_port(host: str, port: int) -> None:
    """Raise `Conflict` where something listens already, before anything else is started."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Conflict(
                f"Port {port} on {host} cannot be used ({error.strerror}).",
                fix=f"Another program may be using it. Choose another one, for example --port {port + 1}.",
            ) from None


def gunicorn_command(host: str, port: int) -> list[str]:
    """The command line of the web server; its limits stand in `gunicorn_conf.py`."""
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return [sys.executable, "-m", "gunicorn", "--config=python:lander.gunicorn_conf", f"--bind={bind}", "app:app"]


def work_command() -> list[str]:
    """The command line of the work process."""
    return [sys.executable, "-m", "lander.cli", "work"]


def wait_until_served(host: str, port: int, *, alive: Callable[[], bool], patience_s: float = _PATIENCE_S) -> bool:
    """Whether something accepts connections within `patience_s`; gives up early when `alive` says no."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline and alive():
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.settimeout(1)
            if probe.connect_ex((host, port)) == 0:
                return True
        time.sleep(0.05)
    return False


class Supervisor:
    """Keeps the web server and the work process running until told to stop."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._web: subprocess.Popen[bytes] | None = None
        self._work: subprocess.Popen[bytes] | None = None
        self._stopping = False

    def start(self) -> bool:
        """Start both; True once the web server answers."""
        check_port(self._host, self._port)
        self._work = subprocess.Popen(work_command())
        web = subprocess.Popen(gunicorn_command(self._host, self._port))
        self._web = web
        return wait_until_served(self._host, self._port, alive=lambda: web.poll() is None)

    def run(self) -> int:
        """Watch over both until a signal or until the web server ends; returns its exit status."""
        assert self._web is not None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        while not self._stopping and self._web.poll() is None:
            if self._work is not None and self._work.poll() is not None and not self._stopping:
                time.sleep(1)
                self._work = subprocess.Popen(work_command())
            time.sleep(_TICK_S)
        return self.stop()

    def stop(self) -> int:
        """End the web server first, then the work process, so that what was acknowledged is brought home."""
        self._stopping = True
        status = _end(self._web)
        _end(self._work)
        return status

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True


def _end(process: subprocess.Popen[bytes] | None) -> int:
    if process is None:
        return 0
    if process.poll() is None:
        os.kill(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return 0 if process.returncode in (0, -signal.SIGTERM) else process.returncode
