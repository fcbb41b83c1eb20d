"""granian with the planes of `app.py`: `python -m lander.granian_web --host 127.0.0.1 --port 8000`, or `--socket PATH`.

The same WSGI object as under gunicorn, in workers that live as gunicorn's do: each loads it after it was started, ends
with the master, writes its journal out at its end, and is replaced when it dies, however often.
"""

import atexit
import ctypes
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, Final

import click
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.net import SocketSpec  # type: ignore[attr-defined]
from granian.server.mp import MPServer

from lander import logs

WORKERS: Final = 2
THREADS: Final = 4
"""Threads of Python per worker: one is as fast for pages, the others serve while one waits for a lead's commit."""
WAITING: Final = 256
"""Requests that a worker takes on at once; further ones wait in the backlog."""
BACKLOG: Final = 2_048
HEADER_TIMEOUT_MS: Final = 5_000
LARGEST_HEADER_BYTES: Final = 64 * 1024
GRACE_S: Final = 20
_RESPAWN_PAUSE_S: Final = 0.2
_PR_SET_PDEATHSIG: Final = 1

Plane = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Server(MPServer):
    """granian's server, where workers come and go as gunicorn's do.

    granian ends where a worker dies twice within seconds; this one starts another. And on a port, granian's workers each
    listen for themselves, so that nobody does while all of them are being started; here the master keeps the socket.
    """

    def _init_shared_socket(self) -> None:
        super()._init_shared_socket()  # type: ignore[no-untyped-call]
        if self._sso is None:
            held: Any = SocketSpec(self.bind_addr, self.bind_port, self.backlog).build()
            self._ssp, self._shd = None, held
            self._sso = socket.socket(fileno=held.get_fd())
            self._sso.set_inheritable(True)

    def _respawn_workers(self, workers: list[int], spawn_target: Any, target_loader: Any, delay: float = 0) -> None:
        time.sleep(_RESPAWN_PAUSE_S)
        super()._respawn_workers(workers, spawn_target, target_loader, delay)
        self.respawned_wrks.clear()


@click.command()
@click.option("--host", default="127.0.0.1")
@click.option("--port", default=8000, type=click.IntRange(1, 65_535))
@click.option("--socket", type=click.Path(path_type=Path), default=None, help="A unix socket instead of host and port.")
def main(host: str, port: int, socket: Path | None) -> None:
    """Serve until SIGTERM."""
    server = Server(
        "app:app",
        address=host,
        port=port,
        uds=socket,
        uds_permissions=0o660 if socket else None,
        interface=Interfaces.WSGI,
        workers=WORKERS,
        blocking_threads=THREADS,
        backpressure=WAITING,
        backlog=BACKLOG,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS, max_buffer_size=LARGEST_HEADER_BYTES),
        respawn_failed_workers=True,
        workers_kill_timeout=GRACE_S,
        log_level=LogLevels.error,
        log_dictconfig=logs.CONFIG,
    )
    server.serve(target_loader=lambda _target: _load(parent=server.pid))


def _load(*, parent: int | None) -> Plane:
    """The planes, in a worker that has just been started."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)  # the master's handler came along, and would swallow the order to end
    _end_with(parent)
    from app import app  # noqa: PLC0415  (here: the master stays light, and each worker opens its own journal)

    Finalize(None, atexit._run_exitfuncs, exitpriority=1)  # a child of multiprocessing runs them from Python 3.13 on
    for name in [name for name in os.environ if name.startswith(("LANDER_", "HTTP_"))]:
        del os.environ[name]  # granian gives every request the environment: secrets have no business there
    return _nameless(app)


def _end_with(parent: int | None) -> None:
    """Be told to end when the master dies, even by kill -9: another one could not have the port otherwise."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            sys.exit(1)


def _nameless(plane: Plane) -> Plane:
    """The plane with an empty Server header: granian writes its name where there is none, and has no setting for it."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("Server", "")], exc_info)

        return plane(environ, start)

    return serve


if __name__ == "__main__":
    main()
