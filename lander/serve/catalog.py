"""Which address answers with what: the published catalog in memory, swapped whole when the disk's changes.

The file is looked at four times a second at most. A catalog that cannot be loaded is logged, and the old one serves on.
"""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lander.catalog import CATALOG_FILE, Catalog, load_catalog
from lander.published import Release
from lander.serve.fill import Template, prepare

CHECK_EVERY_S: Final = 0.25
_LATE_S: Final = 1.0  # after a quiet time visitors wait for the one who looks, rather than see what was true before it

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Route:
    """A release, made ready to serve."""

    release: Release
    templates: Mapping[str, Template]
    keys: tuple[str, ...]  # of the running phase's variants, in the order of their ranges
    ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Routes:
    """Everything a worker serves."""

    catalog: Catalog
    by_address: Mapping[tuple[str, str], Route] = field(default_factory=dict)


class CatalogHolder:
    """Holds the current routes of this process."""

    def __init__(self, published_dir: Path) -> None:
        self._dir = published_dir
        self._file = published_dir / CATALOG_FILE
        self._routes = Routes(Catalog(sites={}, routes={}))
        self._seen: tuple[int, int, int] | None = None
        self._reported = ""
        self._check_at = 0.0
        self._loading = threading.Lock()
        self.current()

    @property
    def written_at_s(self) -> float:
        """When the catalog that is served was written, seconds since 1970; 0 where none is."""
        return self._seen[1] / 1e9 if self._seen else 0.0

    def current(self) -> Routes:
        """The routes to serve with, a moment behind the disk at most."""
        late_s = time.monotonic() - self._check_at
        if late_s >= 0 and self._loading.acquire(blocking=late_s > _LATE_S):
            try:
                if time.monotonic() >= self._check_at:
                    self._refresh()
                    self._check_at = time.monotonic() + CHECK_EVERY_S
            finally:
                self._loading.release()
        return self._routes

    def _refresh(self) -> None:
        try:
            status = self._file.stat()
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
            if seen != self._seen:
                self._routes = _make_ready(load_catalog(self._dir, self._routes.catalog), self._routes)
                self._seen, self._reported = seen, ""
        except FileNotFoundError as error:
            if self._seen is None and not self._file.exists():
                return  # nothing has been published yet
            self._report(error)
        except (OSError, ValueError, KeyError, TypeError) as error:
            self._report(error)

    def _report(self, error: Exception) -> None:
        if repr(error) != self._reported:  # once, though it is tried again four times a second
            log.error("the catalog in %s cannot be loaded, the one before serves on: %r", self._dir, error)
        self._reported = repr(error)


def _make_ready(catalog: Catalog, before: Routes) -> Routes:
    ready = {route.release.id: route for route in before.by_address.values()}
    return Routes(
        catalog, {address: ready.get(release.id) or make_route(release) for address, release in catalog.routes.items()}
    )


def make_route(release: Release) -> Route:
    """A release with its slots found and its ranges checked; raises `ValueError` where it allots visitors to nothing."""
    ranges = release.allocation.ranges if release.allocation else ()
    unknown = {release.control, *(key for key, _, _ in ranges)} - set(release.variants)
    if unknown:
        raise ValueError(f"release {release.id} allots visitors to {sorted(unknown)}, which it does not hold")
    return Route(
        release=release,
        templates={key: prepare(variant) for key, variant in release.variants.items()},
        keys=tuple(key for key, _, _ in ranges),
        ranges=tuple((low, high) for _, low, high in ranges),
    )
