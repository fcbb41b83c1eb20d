"""The durable hand-over between a worker and the ledger: one SQLite file per process, on this node's own disk.

Workers only append; the ingester reads, and forgets a row only after the ledger's commit. What an `append` acknowledged
survives kill -9; a lead survives a power cut too. A worker never waits for the main database.
"""

import atexit
import fcntl
import logging
import os
import secrets
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

BATCH_EVERY_S: Final = 0.25
BATCH_ROWS: Final = 5_000
MOST_UNWRITTEN: Final = 50_000
"""Page views held in memory while the disk refuses them; further ones are dropped, and counted in `Journal.dropped`."""
_BUSY_S: Final = 5
_PATIENCE_S: Final = 15
_INSERT: Final = "INSERT INTO row (kind, body) VALUES "
_ROWS_AT_ONCE: Final = (
    100  # 0.6 µs a row, where one statement per row takes 1.4 and lets go of the interpreter each time
)
_SCHEMA: Final = (
    # AUTOINCREMENT: an id never comes back, so forgetting up to an id cannot take a row that was written later
    "CREATE TABLE row (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, body BLOB NOT NULL)",
    "CREATE TABLE pulse (beats INTEGER NOT NULL)",
    "INSERT INTO pulse VALUES (0)",
)

log = logging.getLogger(__name__)


class JournalUnavailable(Exception):
    """This node cannot keep anything now: its disk is full or away. Nothing was acknowledged."""

    code = "journal-unavailable"


class Durability(Enum):
    """When `append` returns."""

    BATCHED = "batched"  # at once; written at most 250 ms later
    ACKNOWLEDGED = "acknowledged"  # after the commit
    LEAD = "lead"  # after the commit, and the disk's word for it


class Record(NamedTuple):
    """One row: its kind ("event", "lead", "missing" or "look") and its body, JSON."""

    kind: str
    body: bytes


class Journal:
    """This process's journal. The first append opens it, so after a fork each child has a file of its own."""

    dropped: int
    written: int
    _batch_due_at: float | None
    _file: "_OwnFile | None"

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.dropped = 0
        self.written = 0
        self._start_over()
        _journals.add(self)

    def append(self, records: Sequence[Record], durability: Durability = Durability.BATCHED) -> None:
        """Keep the records, all or none; raises `JournalUnavailable` where that cannot be acknowledged."""
        if durability is Durability.BATCHED:
            with self._changed:
                self._hold(records)
                self._plan_batch()
            return
        write = _Write(records, durability)
        with self._changed:
            self._writes.append(write)
            self._wake()
        if not write.done.wait(_PATIENCE_S):
            raise JournalUnavailable(f"the journal in {self._directory} did not answer within {_PATIENCE_S} s")
        if write.error is not None:
            raise JournalUnavailable(f"the journal in {self._directory} cannot be written: {write.error}")

    def check(self) -> None:
        """Write a mark that leaves no row; raises `JournalUnavailable` where appending would."""
        self.append((), Durability.ACKNOWLEDGED)

    def close(self) -> None:
        """Write what is still in memory and let go of the file; a later append opens a new one."""
        with self._changed:
            thread = self._thread
            self._closing = thread is not None
            self._changed.notify()
        if thread is not None:
            thread.join(_PATIENCE_S)

    def _start_over(self) -> None:
        self._changed = threading.Condition()
        self._writes: list[_Write] = []
        self._batch: list[Record] = []
        self._batch_due_at = None
        self._closing = False
        self._failing = False
        self._thread: threading.Thread | None = None
        self._file = None

    def _leave_to_parent(self) -> None:
        """In a forked child: what the parent holds is the parent's to write, with a connection that must not be used."""
        if self._file is not None:
            self._file.leave_to_parent()
        self._start_over()

    def _hold(self, records: Sequence[Record]) -> None:
        room = max(0, MOST_UNWRITTEN - len(self._batch))
        self._batch.extend(records[:room])
        self.dropped += max(0, len(records) - room)

    def _plan_batch(self) -> None:
        if self._batch_due_at is None:
            self._batch_due_at = time.monotonic() + BATCH_EVERY_S
            self._wake()
        elif len(self._batch) >= BATCH_ROWS and self._batch_due_at and not self._failing:
            self._batch_due_at = 0.0
            self._wake()

    def _wake(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
            self._thread.start()
        else:
            self._changed.notify()

    def _run(self) -> None:
        """The writer: waiting callers at once and together, page views when they are due."""
        while True:
            with self._changed:
                while not (self._writes or self._closing or self._batch_wait_s() == 0):
                    self._changed.wait(self._batch_wait_s())
                if self._closing and not self._writes and not self._batch:
                    self._closing = False
                    self._thread = None
                    with _writing:
                        self._let_go()
                    return
                writes, self._writes = self._writes, []
                batch: list[Record] = []
                if self._closing or self._batch_wait_s() == 0:
                    batch, self._batch, self._batch_due_at = self._batch, [], None
            if writes:
                self._write_for(writes)
            if batch:
                self._write_batch(batch)

    def _batch_wait_s(self) -> float | None:
        return None if self._batch_due_at is None else max(0.0, self._batch_due_at - time.monotonic())

    def _write_for(self, writes: "list[_Write]") -> None:
        """One commit for everybody who waits: whoever comes during it shares the next one."""
        lead = any(write.durability is Durability.LEAD for write in writes)
        records = [record for write in writes for record in write.records]
        error: Exception | None = None
        try:
            self._write(records, synchronous="FULL" if lead else "NORMAL")
        except (sqlite3.Error, OSError) as problem:
            error = problem
        for write in writes:
            write.error = error
            write.done.set()

    def _write_batch(self, batch: list[Record]) -> None:
        try:
            self._write(batch, synchronous="NORMAL")
        except (sqlite3.Error, OSError):
            with self._changed:
                newer, self._batch = self._batch, []
                if self._closing:
                    self.dropped += len(batch)
                else:
                    self._hold(batch)
                    self._batch_due_at = time.monotonic() + BATCH_EVERY_S
                self._hold(newer)

    def _write(self, records: Sequence[Record], *, synchronous: str) -> None:
        with _writing:
            self._write_to_file(records, synchronous=synchronous)

    def _write_to_file(self, records: Sequence[Record], *, synchronous: str) -> None:
        if self._file is not None and not self._file.path.exists():
            self._let_go()  # somebody took the folder away: writing on would acknowledge into a file nobody finds
        try:
            self._file = self._file or _OwnFile(self._directory)
            self._file.write(records, synchronous=synchronous)
            self.written += len(records)
        except (sqlite3.Error, OSError) as problem:
            if not self._failing:
                log.error("the journal in %s cannot be written: %s", self._directory, problem)
            self._failing = True
            if not isinstance(problem, sqlite3.OperationalError):
                self._let_go()  # damaged, or away: the next write starts another file
            raise
        if self._failing:
            log.warning("the journal in %s can be written again", self._directory)
        self._failing = False

    def _let_go(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


@dataclass(frozen=True, slots=True)
class JournalFile:
    """A worker's journal as the ingester sees it."""

    path: Path

    def read(self, limit: int) -> list[tuple[int, str, bytes]]:
        """The oldest rows: id, kind, body."""
        with self._opened() as connection:
            if connection is None:
                return []
            rows = connection.execute("SELECT id, kind, body FROM row ORDER BY id LIMIT ?", (limit,))
            return [(number, kind, bytes(body)) for number, kind, body in rows]

    def count(self) -> int:
        """How many rows wait: ids are given in order and forgotten from the oldest on, so two of them say it."""
        with self._opened() as connection:
            if connection is None:
                return 0
            first, last = connection.execute("SELECT min(id), max(id) FROM row").fetchone()
            return last - first + 1 if last is not None else 0

    def forget(self, up_to_id: int) -> None:
        """Drop every row up to this one; only after the ledger's commit."""
        with self._opened() as connection:
            if connection is not None:
                connection.execute("DELETE FROM row WHERE id <= ?", (up_to_id,))

    def remove_if_dead_and_empty(self) -> bool:
        """Take the file away where its worker has gone and nothing is left in it; True where that was done."""
        lock = self.path.with_suffix(".lock")
        with lock.open("a") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            if self.read(1):
                return False
            for suffix in (".db", ".db-wal", ".db-shm", ".lock"):
                self.path.with_suffix(suffix).unlink(missing_ok=True)
        return True

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection | None]:
        """A connection; None where the file is gone, or its worker has not got as far as making the table."""
        try:
            connection = _connect(self.path, mode="rw")
        except sqlite3.OperationalError:
            if self.path.exists():
                raise
            yield None
            return
        with closing(connection):
            made = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'row'").fetchone()[0]
            yield connection if made else None


def list_journals(directory: Path) -> list[JournalFile]:
    """Every journal on this node, of living and of dead workers."""
    return [JournalFile(path) for path in sorted(directory.glob("*.db"))]


class _Write:
    """Records that somebody waits for."""

    __slots__ = ("done", "durability", "error", "records")

    def __init__(self, records: Sequence[Record], durability: Durability) -> None:
        self.records = records
        self.durability = durability
        self.done = threading.Event()
        self.error: Exception | None = None


class _OwnFile:
    """The file that this process writes. Its lock is held before it appears, so nobody takes it for a dead one's."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.path = directory / f"{os.getpid()}-{secrets.token_hex(4)}.db"
        self._lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            self._connection = _connect(self.path, mode="rwc")
            self._make_tables()
            _sync_directory(directory)
        except BaseException:
            os.close(self._lock)
            raise

    def write(self, records: Sequence[Record], *, synchronous: str) -> None:
        """Commit the records together; without any, only prove that committing works."""
        self._connection.execute(f"PRAGMA synchronous={synchronous}")
        with self._transaction():
            if records:
                for start in range(0, len(records), _ROWS_AT_ONCE):
                    rows = records[start : start + _ROWS_AT_ONCE]
                    self._connection.execute(
                        _INSERT + ", ".join(["(?, ?)"] * len(rows)), list(chain.from_iterable(rows))
                    )
            else:
                self._connection.execute("UPDATE pulse SET beats = beats + 1")

    def close(self) -> None:
        """Let go; the ingester takes what is left."""
        self._connection.close()
        os.close(self._lock)

    def leave_to_parent(self) -> None:
        """In a forked child: give up the copy of the lock, and never touch or close the connection."""
        os.close(self._lock)
        _inherited.append(self._connection)

    def _make_tables(self) -> None:
        try:
            self._connection.execute("PRAGMA journal_mode=WAL")
            with self._transaction():
                for statement in _SCHEMA:
                    self._connection.execute(statement)
        except BaseException:
            self._connection.close()
            raise

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # a full disk has rolled back already
                self._connection.execute("ROLLBACK")
            raise


def _connect(path: Path, *, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=_BUSY_S,
        isolation_level=None,
        check_same_thread=False,
    )


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_journals: "weakref.WeakSet[Journal]" = weakref.WeakSet()
_writing: Final = threading.Lock()
"""Held while SQLite is at work: a fork in the middle of it would hand the child SQLite's own locks, held for ever."""
_inherited: list[sqlite3.Connection] = []


def _leave_journals_to_parent() -> None:
    for journal in list(_journals):
        journal._leave_to_parent()
    _writing.release()


def _close_journals() -> None:
    for journal in list(_journals):
        journal.close()


os.register_at_fork(before=_writing.acquire, after_in_parent=_writing.release, after_in_child=_leave_journals_to_parent)
atexit.register(_close_journals)
