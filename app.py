"""One WSGI object for every plane, told apart by Host: `gunicorn app:app`.

Pages answer from this node's disk. The studio and the previews, with the database and everything they import, are built
when the first request for them comes, so a worker that serves pages alone stays light.
"""

import atexit
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from lander.config import Settings, check_pages_host, load_settings
from lander.serve.counts import Counts
from lander.serve.front import Front
from lander.serve.request import host_of
from lander.serve.snapshots import SnapshotWriter

Plane = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

if TYPE_CHECKING:
    app: Plane


def build(settings: Settings) -> "Lander":
    """The service under these settings, closed when the process ends.

    Raises `ConfigurationError` where pages share a host with another plane.
    """
    lander = Lander(settings)
    atexit.register(lander.close)
    return lander


class Lander:
    """The planes of one process, and what it counted of them."""

    def __init__(self, settings: Settings) -> None:
        self._front = Front(settings)
        for host in self._front.hosts:
            check_pages_host(settings, host)
        counts = self._front.counts
        self._planes: dict[str, Plane] = {
            settings.studio_host: _Late("studio", lambda: _build_studio(settings), counts),
            settings.preview_host: _Late("preview", lambda: _build_preview(settings), counts),
        }
        self._snapshots = SnapshotWriter(settings.workers_dir, self._front.look)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self._snapshots.start()
        plane = self._planes.get(host_of(environ.get("HTTP_HOST", "")), self._front)
        return plane(environ, start_response)

    def close(self) -> None:
        """Write what is still in memory: the journal's rows, then the last counts."""
        self._front.close()
        self._snapshots.close()


class _Late:
    """A plane that is built by its first request; its answers are counted under its name."""

    def __init__(self, name: str, make: Callable[[], Plane], counts: Counts) -> None:
        self._name = name
        self._make = make
        self._counts = counts
        self._plane: Plane | None = None
        self._making = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self._plane is None:
            with self._making:
                self._plane = self._plane or self._make()

        def start(status: str, *rest: Any) -> Any:
            self._counts.add_request(self._name, status[:3])
            return start_response(status, *rest)

        return self._plane(environ, start)


def _build_studio(settings: Settings) -> Plane:
    from lander import logs  # noqa: PLC0415  (late: see above)
    from lander.factory import create_studio  # noqa: PLC0415

    logs.configure_structlog()
    return create_studio(settings)


def _build_preview(settings: Settings) -> Plane:
    from lander.db import make_engine  # noqa: PLC0415  (late: see above)
    from lander.preview import create_preview  # noqa: PLC0415

    return create_preview(settings, make_engine(settings.database_url))


def __getattr__(name: str) -> Any:
    """`app`, made when a server asks for it: importing this module reads no settings and touches no disk."""
    if name == "app":
        globals()["app"] = build(load_settings())
        return globals()["app"]
    raise AttributeError(name)
