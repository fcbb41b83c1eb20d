"""Running Lander on one machine: a web server for the planes and one `work` process beside it, under a small supervisor.

The supervisor starts both, restarts the work process when it dies, and ends both by their ids. A signal to it ends them
in order; should it be killed outright, the system tells them (on Linux) and they end by themselves.
"""

import contextlib
import ctypes
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from types import TracebackType
from typing import Final, Self

from lander.errors import Conflict, Unavailable

METRICS_PORT: Final = 9464
_TICK_S: Final = 0.2
_RESTART_AFTER_S: Final = 1.0
_PATIENCE_S: Final = 25
_PR_SET_PDEATHSIG: Final = 1


def check_port(host: str, port: int) -> None:
    """Raise `Conflict` where something listens already, before anything else is started."""
    with socket.socket(_family(host), socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Conflict(
                f"Port {port} on {host} cannot be used ({error.strerror}).",
                fix=f"Another program may be using it. Choose another one, for example {_another(port)}.",
            ) from None


class WebServer(StrEnum):
    """What runs the WSGI object; the limits of each stand in the module that its command names."""

    GUNICORN = "gunicorn"
    GRANIAN = "granian"


def web_command(server: WebServer, host: str, port: int) -> list[str]:
    """The command line of the web server."""
    if server is WebServer.GRANIAN:
        return [sys.executable, "-m", "lander.granian_web", f"--host={host}", f"--port={port}"]
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return [sys.executable, "-m", "gunicorn", "--config=python:lander.gunicorn_conf", f"--bind={bind}", "app:app"]


def work_command(metrics_port: int) -> list[str]:
    """The command line of the work process."""
    return [sys.executable, "-m", "lander.cli", "work", f"--metrics-port={metrics_port}"]


class Supervisor:
    """Keeps the web server and the work process running inside its `with` block, and ends both at its end.

    SIGTERM and Ctrl+C both arrive in the block as `KeyboardInterrupt`.
    """

    def __init__(
        self, host: str, port: int, *, server: WebServer = WebServer.GUNICORN, metrics_port: int = METRICS_PORT
    ) -> None:
        self._host = host
        self._port = port
        self._server = server
        self._metrics_port = metrics_port
        self._web: subprocess.Popen[bytes] | None = None
        self._work: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start both; raises `Conflict` for a taken port, `Unavailable` where the web server does not answer."""
        check_port(self._host, self._port)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        try:
            self._work = _start(work_command(self._metrics_port))
            self._web = web = _start(web_command(self._server, self._host, self._port))
            if not _wait_until_served(self._host, self._port, alive=lambda: web.poll() is None):
                raise Unavailable("The web server did not start.", fix="Its reason stands above.")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def run(self) -> int:
        """Watch over both until a signal comes or the web server ends; its exit status, 0 after a signal."""
        with contextlib.suppress(KeyboardInterrupt):
            while self._web is not None and self._web.poll() is None:
                if self._work is not None and self._work.poll() is not None:
                    _say(f"The work process ended with status {self._work.returncode}; starting it again.")
                    time.sleep(_RESTART_AFTER_S)
                    self._work = _start(work_command(self._metrics_port))
                time.sleep(_TICK_S)
        return self.stop()

    def stop(self) -> int:
        """End the web server first, then the work process, so that what was acknowledged is brought home."""
        status = _end(self._web)
        _end(self._work)
        return status


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """A child in a process group of its own: Ctrl+C reaches the supervisor alone, which ends its children in order."""
    return subprocess.Popen(command, process_group=0, preexec_fn=_end_with_parent)  # noqa: PLW1509  (no threads yet)


def _end_with_parent() -> None:
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _end(process: subprocess.Popen[bytes] | None) -> int:
    if process is None:
        return 0
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return 0 if process.returncode in (0, -signal.SIGTERM) else process.returncode


def _wait_until_served(host: str, port: int, *, alive: Callable[[], bool]) -> bool:
    """Whether something accepts connections before patience ends; gives up early when `alive` says no."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline and alive():
        with socket.socket(_family(host), socket.SOCK_STREAM) as probe:
            probe.settimeout(1)
            if probe.connect_ex((host, port)) == 0:
                return True
        time.sleep(0.05)
    return False


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _another(port: int) -> str:
    return f"--port {port + 1 if port < 65_535 else port - 1}"


def _say(sentence: str) -> None:
    print(f"lander: {sentence}", file=sys.stderr, flush=True)


_libc: Final = ctypes.CDLL(None) if sys.platform == "linux" else None  # looked up here: a fork must not import
