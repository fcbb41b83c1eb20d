"""The work process: brings journals home to the ledger, and published releases to this node's disk.

One loop, two steps; each step is one transaction and can be repeated. Nothing here answers a request.
"""

import threading
import time
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import Engine

from experiments import journal, ledger
from experiments.events import Event
from lander.config import Settings
from lander.db import transaction
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
    unreadable: int = 0
    deployments: int = 0


class Worker:
    """Steps that the loop repeats; tests call them one by one."""

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

    def deploy(self) -> bool:
        """Bring this node's disk to what the database says is live; True where something changed."""
        with transaction(self._engine) as session:
            changed = deploy.materialise(session, self._settings.published_dir)
        self.progress.deployments += changed
        return changed

    def run(self, stop: threading.Event) -> None:
        """Repeat both steps until `stop` is set; a failing step is logged and tried again, the other goes on."""
        next_deploy = 0.0
        while not stop.is_set():
            moved = self._attempt("ingest", self.ingest)
            if time.monotonic() >= next_deploy:
                self._attempt("deploy", self.deploy)
                next_deploy = time.monotonic() + _DEPLOY_EVERY_S
            if not moved:
                stop.wait(_IDLE_S)
        self._attempt("ingest", self.ingest)

    def _attempt(self, step: str, verb: object) -> int:
        try:
            assert callable(verb)
            return int(verb())
        except Exception:  # the loop outlives a database that is away
            log.exception("step failed, trying again", step=step)
            return 0

    def _store(self, session: object, rows: list[tuple[int, str, bytes]]) -> None:
        raise NotImplementedError
