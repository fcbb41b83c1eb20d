"""What each worker process of a node counted, as small files that the work process reads: no port, no shared memory.

A living worker writes its file again every two seconds, and once more when it ends. One that was killed leaves its last.
"""

import contextlib
import json
import os
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

EVERY_S: Final = 2.0
DEAD_AFTER_S: Final = 10.0
_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One worker's counts since it started, and what it serves now."""

    requests: Counter[tuple[str, str]] = field(default_factory=Counter)  # by class and status
    rescued: Counter[str] = field(default_factory=Counter)  # by problem
    rows_written: int = 0  # into its journal
    views_dropped: int = 0  # page views that its disk refused for too long
    catalog_at_s: float = 0.0  # when the catalog that it serves was written
    ended: bool = False

    def to_json(self) -> bytes:
        entry = {name: getattr(self, name) for name in self.__slots__}
        entry["requests"] = [[kind, status, count] for (kind, status), count in self.requests.items()]
        return json.dumps({**entry, "format": _FORMAT}).encode()

    @classmethod
    def from_json(cls, body: bytes) -> "Snapshot":
        """Read what `to_json` wrote; raises `ValueError` where it is something else."""
        try:
            entry = json.loads(body)
            if entry.pop("format") != _FORMAT:
                raise ValueError("another version wrote this")
            requests = Counter({(kind, status): count for kind, status, count in entry.pop("requests")})
            return cls(**{**entry, "requests": requests, "rescued": Counter(entry["rescued"])})
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"this is not a worker's snapshot: {error}") from error


@dataclass(frozen=True, slots=True)
class SnapshotFile:
    """A worker's file as the work process sees it."""

    path: Path
    snapshot: Snapshot
    age_s: float

    @property
    def worker(self) -> str:
        """Its process id, and a word that tells it from another of the same id."""
        return self.path.stem

    @property
    def is_dead(self) -> bool:
        return self.snapshot.ended or self.age_s > DEAD_AFTER_S


class SnapshotWriter:
    """Writes this process's file from its first request on; `look` says what stands in it."""

    def __init__(self, folder: Path, look: Callable[[], Snapshot]) -> None:
        self._path = folder / f"{os.getpid()}-{secrets.token_hex(4)}.json"
        self._look = look
        self._starting = threading.Lock()
        self._ending = threading.Event()
        self._started = False

    def start(self) -> None:
        """Begin, unless that was done: a process that only checks its settings never does."""
        if self._started:
            return
        with self._starting:
            if not self._started:
                self._started = True
                threading.Thread(target=self._run, name="snapshots", daemon=True).start()

    def close(self) -> None:
        """The last word of this process."""
        if self._started and not self._ending.is_set():
            self._ending.set()
            self._write(ended=True)

    def _run(self) -> None:
        while not self._ending.wait(EVERY_S):
            self._write(ended=False)

    def _write(self, *, ended: bool) -> None:
        entry = self._look()
        unfinished = self._path.with_suffix(".new")
        with contextlib.suppress(OSError):  # a full disk takes no counts; leads come first
            self._path.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_bytes(replace(entry, ended=ended).to_json())
            unfinished.replace(self._path)


def list_snapshots(folder: Path) -> Iterator[SnapshotFile]:
    """Every worker's file on this node; what cannot be read is left out."""
    now_s = time.time()
    for path in sorted(folder.glob("*.json")):
        with contextlib.suppress(OSError, ValueError):
            yield SnapshotFile(path, Snapshot.from_json(path.read_bytes()), now_s - path.stat().st_mtime)
