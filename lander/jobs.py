"""The work process: brings journals home to the ledger, published releases to this node's disk, and deliveries out; and
does what is scheduled.

One loop; each journal, schedule, the policy file and the releases are steps of their own, so that one that fails holds up
none of the others. Every step can be repeated. A row that this version cannot read is put aside and tried again now and then:
another version may read it. Nothing here answers a request.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import Engine

from experiments import journal, ledger, looks, planning, results
from experiments.events import Event
from experiments.journal import JournalFile, Record
from experiments.models import Occasion
from experiments.seen import Seen
from lander import erasure, unreadable
from lander.config import Settings
from lander.db import ingestion, reading, transaction
from lander.integrations.announce import Announcer
from lander.integrations.outbox import Counts
from lander.integrations.sender import Sender
from lander.leads import sink
from lander.leads.sink import StoredLeads
from lander.pages import deploy, drawing, missing, schedules
from lander.policy import store
from lander.preflight import look_ahead

_BATCH: Final = 2000
_IDLE_S: Final = 0.1
_DEPLOY_EVERY_S: Final = 0.5
_RETRY_EVERY_S: Final = 600
_SEND_EVERY_S: Final = 0.5
_DRAW_EVERY_S: Final = 20
_LOOK_EVERY_S: Final = 60

log = structlog.get_logger()


@dataclass(slots=True)
class Progress:
    """What the work process has done since it started."""

    events: int = 0
    leads: int = 0
    deployments: int = 0
    dropped: Counter[str] = field(default_factory=Counter)  # events, by reason
    filtered: Counter[str] = field(default_factory=Counter)  # events kept and not counted, by reason

    def add(self, other: "Progress") -> None:
        for item in fields(self):
            setattr(self, item.name, getattr(self, item.name) + getattr(other, item.name))

    def as_json(self) -> dict[str, Any]:
        return {
            "events": self.events,
            "leads": self.leads,
            "deployments": self.deployments,
            "dropped": dict(self.dropped),
            "filtered": dict(self.filtered),
        }


class Worker:
    """The steps that the loop repeats; tests call them one by one."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._settings = settings
        self._engine = engine
        self._policy_file = settings.policy_file  # None once it is in force
        self._failing: dict[str, str] = {}  # step → the kind of error it had last
        self._announcer = Announcer(settings)
        self._sender = Sender(settings, engine)
        self.progress = Progress()

    @property
    def outbox(self) -> Counts | None:
        """How the outbox stood when the sender last looked; None before."""
        return self._sender.counts

    def ingest(self) -> int:
        """Move what the journals hold into the ledger; how many rows came. A journal that cannot be moved waits."""
        return sum(
            self._attempt(file.path.name, partial(self._bring_home, file))
            for file in journal.list_journals(self._settings.journal_dir)
        )

    def retry_unreadable(self) -> int:
        """Take in what was put aside, as far as this version can read it; how many rows came."""
        return sum(
            self._attempt(path.name, partial(self._bring_back, path))
            for path in unreadable.list_aside(self._settings.unreadable_dir)
        )

    def deploy(self) -> int:
        """Bring this node's disk to what the database says is live; 1 where something changed."""
        return self._attempt("deploy", self._materialise)

    def do_schedules(self) -> int:
        """Carry out what is due; how many came to an end. One that breaks down holds up no other."""
        due: list[int] = []
        self._attempt("schedules", partial(self._find_due, due))
        return sum(self._attempt(f"schedule {number}", partial(self._carry_out, number)) for number in due)

    def look_at_tests(self) -> int:
        """Keep what every running experiment says today, and what each ended one said in the end; how many looks."""
        due: list[str] = []
        self._attempt("looks", partial(self._find_looks_due, due))
        return sum(self._attempt(f"look at {key}", partial(self._look_at, key)) for key in due)

    def apply_policy(self) -> int:
        """Put the file that LANDER_POLICY names in force, once; it waits for a database that was away at the start."""
        return self._attempt("policy", self._apply_policy) if self._policy_file is not None else 0

    def erase_again(self) -> int:
        """Erase whoever was erased before a backup was taken back; how many leads went."""
        return self._attempt("erasures", self._erase_again)

    def draw(self) -> int:
        """Draw a few of the images that were left over; how many."""
        return self._attempt("images", self._draw)

    def deliver(self) -> int:
        """Send what is due in the outbox; how many attempts began."""
        return self._attempt("outbox", lambda: self._sender.step(datetime.now(UTC)))

    def run(self, stop: threading.Event) -> None:
        """Repeat all of them until `stop` is set, then look at the journals once more.

        Sending and drawing have threads of their own, so that no receiver and no image holds up what comes in.
        """
        sending = threading.Thread(target=self._keep_delivering, args=(stop,), name="sender", daemon=True)
        drawer = threading.Thread(target=self._keep_drawing, args=(stop,), name="drawer", daemon=True)
        sending.start()
        drawer.start()
        next_deploy = next_retry = next_look = 0.0
        while not stop.is_set():
            moved = self.ingest()
            if time.monotonic() >= next_deploy:
                self.apply_policy()
                self.do_schedules()
                self.deploy()
                next_deploy = time.monotonic() + _DEPLOY_EVERY_S
            if time.monotonic() >= next_look:
                self.look_at_tests()
                next_look = time.monotonic() + _LOOK_EVERY_S
            if time.monotonic() >= next_retry:
                self.retry_unreadable()
                self.erase_again()
                next_retry = time.monotonic() + _RETRY_EVERY_S
            if not moved:
                stop.wait(_IDLE_S)
        self.ingest()
        sending.join()
        drawer.join()

    def _keep_delivering(self, stop: threading.Event) -> None:
        while not stop.is_set():
            if not self.deliver():
                self._sender.rest(_SEND_EVERY_S)
        self._attempt("outbox", self._sender.finish)

    def _keep_drawing(self, stop: threading.Event) -> None:
        while not stop.is_set():
            if not self.draw():
                stop.wait(_DRAW_EVERY_S)

    def _attempt(self, name: str, step: Callable[[], int]) -> int:
        """What the step came to; 0 where it failed. That is logged when it begins and ends, not ten times a second."""
        try:
            done = step()
        except Exception as error:  # one of three broad ones in Lander: a database that is away must not end the loop
            kind = type(error).__name__
            if self._failing.get(name) != kind:
                log.exception("step fails, will be tried again", step=name)
            self._failing[name] = kind
            return 0
        if self._failing.pop(name, None):
            log.info("step works again", step=name)
        return done

    def _bring_home(self, file: JournalFile) -> int:
        """Rows leave a journal only after the ledger's commit."""
        moved = 0
        while rows := file.read(_BATCH):
            done, left = self._store([Record(kind, body) for _, kind, body in rows])
            for record, wrong in left:
                aside = unreadable.put_aside(self._settings.unreadable_dir, record)
                log.error("a row cannot be read and is put aside", kind=record.kind, wrong=wrong, file=aside.name)
            file.forget(rows[-1][0])
            moved += len(rows)
            self.progress.add(done)
        file.remove_if_dead_and_empty()
        return moved

    def _bring_back(self, aside: Path) -> int:
        """Take in a row that was put aside, if this version can read it."""
        done, left = self._store([unreadable.load_aside(aside)])
        if left:
            return 0
        aside.unlink()
        self.progress.add(done)
        log.info("a row that was put aside can be read", file=aside.name)
        return 1

    def _store(self, rows: Sequence[Record]) -> tuple[Progress, list[tuple[Record, str]]]:
        """Take the rows in, in one transaction; those that cannot be read come back with what is wrong in them."""
        events: list[Event] = []
        leads: list[bytes] = []
        missed: list[bytes] = []
        looked: list[Seen] = []
        left: list[tuple[Record, str]] = []
        done = Progress()
        for row in rows:
            if row.kind == "lead":
                leads.append(row.body)
            elif row.kind == "missing":
                missed.append(row.body)
            elif row.kind == "look":
                try:
                    looked.append(Seen.from_journal(row.body))
                except ValueError:
                    left.append((row, "look"))
            elif row.kind == "event":
                try:
                    events.append(Event.from_json(row.body))
                except ValueError:
                    left.append((row, "event"))
            else:
                left.append((row, "kind"))
        with ingestion(self._engine) as session:
            taken = ledger.ingest(session, events)
            kept = sink.store_leads(session, leads, now=datetime.now(UTC)) if leads else StoredLeads()
            self._announcer.announce_leads(session, kept.ids, now=datetime.now(UTC))
            self._announcer.announce_conversions(session, events, now=datetime.now(UTC))
            looks.store(session, looked)
            if missed and (unread := missing.store_missing(session, missed)):
                log.error("rows of the 404 log cannot be read and are dropped", rows=unread)
        done.events, done.leads = taken.events, kept.stored + kept.known
        done.dropped.update(taken.dropped)
        done.filtered.update(event.reason for event in events if event.reason)
        return done, left + [(Record("lead", lead.body), lead.wrong) for lead in kept.unreadable]

    def _erase_again(self) -> int:
        gone = erasure.replay(self._engine, self._settings, actor="the work process", now=datetime.now(UTC))
        if gone.leads:
            log.warning("leads of people who were erased had come back, and are erased again", leads=gone.leads)
        if gone.unopened:
            log.warning("leads cannot be opened, and may be of people who were erased", leads=gone.unopened)
        return gone.leads

    def _apply_policy(self) -> int:
        assert self._policy_file is not None
        with transaction(self._engine) as session:
            store.apply_policy(
                session, store.read_file(self._policy_file), actor="the work process", now=datetime.now(UTC)
            )
        self._policy_file = None
        return 1

    def _draw(self) -> int:
        now = datetime.now(UTC)
        return drawing.draw_images(self._engine, drawing.list_left_over(self._engine, now=now), now=now)

    def _find_due(self, due: list[int]) -> int:
        with reading(self._engine) as session:
            due += schedules.list_due(session, now=datetime.now(UTC))
        return len(due)

    def _carry_out(self, number: int) -> int:
        with transaction(self._engine) as session:
            now = datetime.now(UTC)
            done = schedules.carry_out(session, self._settings, number, preflight=look_ahead, now=now)
            planning.fix_open_plans(session, now=now)
        if done is not None:
            log.info("a schedule has ended", schedule=number, action=done.action, state=done.state)
        return int(done is not None)

    def _find_looks_due(self, due: list[str]) -> int:
        with reading(self._engine) as session:
            due += looks.list_due(session, now=datetime.now(UTC))
        return len(due)

    def _look_at(self, key: str) -> int:
        with reading(self._engine) as session:
            report = results.report(session, key, now=datetime.now(UTC))
        seen = looks.take(report, by=looks.WORK_PROCESS, occasion=Occasion.DAILY)
        with transaction(self._engine) as session:
            return looks.store(session, [seen])

    def _materialise(self) -> int:
        with reading(self._engine) as session:
            changed = deploy.materialise(session, self._settings.published_dir)
        self.progress.deployments += changed
        return int(changed)
