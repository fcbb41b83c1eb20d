"""The work process: brings journals home to the ledger, and published releases to this node's disk.

One loop, two steps; each step is one transaction and can be repeated. Nothing here answers a request.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import structlog
from sqlalchemy import Engine
from sqlmodel import Session

from experiments import journal, ledger
from experiments.events import Event
from lander.config import Settings
from lander.db import reading, transaction
from lander.leads import sink
from lander.pages import deploy

_BATCH: Final = 2000
_IDLE_S: Final = 0.1
_DEPLOY_EVERY_S: Final = 0.5

log = structlog.get_logger()


@dataclass(slots=True)
class Progress:
    """What the work process has done since it started."""

    events: int = 0
    leads: int = 0
    deployments: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Worker:
    """The steps that the loop repeats; tests call them one by one."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._settings = settings
        self._engine = engine
        self.progress = Progress()

    def ingest(self) -> int:
        """Move what the journals hold into the ledger; rows leave a journal only after the ledger's commit."""
        moved = 0
        for file in journal.list_journals(self._settings.journal_dir):
            while rows := file.read(_BATCH):
                with transaction(self._engine) as session:
                    self._store(session, rows)
                file.forget(rows[-1][0])
                moved += len(rows)
            file.remove_if_dead_and_empty()
        return moved

    def deploy(self) -> int:
        """Bring this node's disk to what the database says is live; 1 where something changed."""
        with reading(self._engine) as session:
            changed = deploy.materialise(session, self._settings.published_dir)
        self.progress.deployments += changed
        return int(changed)

    def run(self, stop: threading.Event) -> None:
        """Repeat both steps until `stop` is set; a failing step is logged and tried again, the other goes on."""
        next_deploy = 0.0
        while not stop.is_set():
            moved = self._attempt(self.ingest)
            if time.monotonic() >= next_deploy:
                self._attempt(self.deploy)
                next_deploy = time.monotonic() + _DEPLOY_EVERY_S
            if not moved:
                stop.wait(_IDLE_S)
        self._attempt(self.ingest)

    def _attempt(self, step: Callable[[], int]) -> int:
        try:
            return step()
        except Exception:  # the loop outlives a database that is away and a disk that is full
            log.exception("step failed, trying again", step=step.__name__)
            time.sleep(_IDLE_S)
            return 0

    def _store(self, session: Session, rows: Sequence[tuple[int, str, bytes]]) -> None:
        events: list[Event] = []
        for _, kind, body in rows:
            if kind != "event":
                continue
            try:
                events.append(Event.from_json(body))
            except ValueError as error:
                self.progress.dropped["unreadable"] += 1
                log.error("an event in the journal cannot be read and is dropped", problem=str(error))
        report = ledger.ingest(session, events)
        leads = [body for _, kind, body in rows if kind == "lead"]
        if leads:
            sink.store_leads(session, leads)
        self.progress.events += report.events
        self.progress.leads += len(leads)
        self.progress.dropped.update(report.dropped)
