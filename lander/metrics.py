"""A node's metrics for Prometheus, told by its work process on a private address: what all its workers counted together,
what waits in the journals, what reached the ledger.

No label ever holds anything of a visitor: classes, statuses, reasons and names of errors are closed sets.
"""

import json
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from experiments.events import Reason
from experiments.journal import JournalFile, list_journals
from experiments.ledger import Drop
from lander.catalog import CATALOG_FILE
from lander.config import Settings
from lander.integrations.outbox import Counts
from lander.jobs import Progress
from lander.serve.snapshots import Snapshot, SnapshotFile, list_snapshots
from lander.unreadable import list_aside

FindOutbox = Callable[[], Counts | None]
_TIDY_EVERY_S: Final = 10.0

log = structlog.get_logger()


@contextmanager
def metrics_served(
    settings: Settings, progress: Progress, *, find_outbox: FindOutbox = lambda: None, host: str, port: int
) -> Iterator[None]:
    """Tell the metrics until the block ends. A port that is taken is logged: the work goes on without."""
    node = NodeMetrics(settings, progress, find_outbox)
    registry = CollectorRegistry()
    registry.register(node)
    stop = threading.Event()
    threading.Thread(target=_tidy, args=(node, stop), name="metrics", daemon=True).start()
    try:
        server, _ = start_http_server(port, addr=host, registry=registry)
    except OSError as error:
        log.warning("metrics are not served", host=host, port=port, problem=error.strerror)
        server = None
    try:
        yield
    finally:
        stop.set()
        if server is not None:
            server.shutdown()
            server.server_close()


class NodeMetrics(Collector):
    """Looks at the node when it is asked, and keeps what workers counted that have ended."""

    def __init__(self, settings: Settings, progress: Progress, find_outbox: FindOutbox = lambda: None) -> None:
        self._settings = settings
        self._progress = progress
        self._find_outbox = find_outbox
        self._ended = Snapshot()
        self._looking = threading.Lock()

    def collect(self) -> Iterator[Metric]:
        """Every metric, as Prometheus asks for them."""
        with self._looking:
            living = self._list_living()
            total = _sum([self._ended, *(file.snapshot for file in living)])
        yield from _tell_requests(total)
        yield from _tell_workers(living)
        yield from _tell_journals(list_journals(self._settings.journal_dir), total)
        yield GaugeMetricFamily(
            "lander_journal_unreadable_rows",
            "Rows put aside because this version cannot read them",
            len(list_aside(self._settings.unreadable_dir)),
        )
        yield from _tell_progress(self._progress)
        yield from _tell_outbox(self._find_outbox())
        with suppress(FileNotFoundError):
            written_at_s = (self._settings.published_dir / CATALOG_FILE).stat().st_mtime
            yield GaugeMetricFamily(
                "lander_catalog_timestamp_seconds", "When this node's catalog was written", written_at_s
            )

    def tidy(self) -> None:
        """Add up the workers that have ended, and take their files away."""
        with self._looking:
            self._list_living()

    def _list_living(self) -> list[SnapshotFile]:
        living = []
        for file in list_snapshots(self._settings.workers_dir):
            if not file.is_dead:
                living.append(file)
                continue
            with suppress(FileNotFoundError):
                file.path.unlink()
                self._ended = _sum([self._ended, file.snapshot])
        return living


def _tidy(node: NodeMetrics, stop: threading.Event) -> None:
    while not stop.wait(_TIDY_EVERY_S):
        with suppress(OSError):
            node.tidy()


def _sum(snapshots: list[Snapshot]) -> Snapshot:
    requests: Counter[tuple[str, str]] = Counter()
    rescued: Counter[str] = Counter()
    for snapshot in snapshots:
        requests.update(snapshot.requests)
        rescued.update(snapshot.rescued)
    return Snapshot(
        requests=requests,
        rescued=rescued,
        rows_written=sum(snapshot.rows_written for snapshot in snapshots),
        views_dropped=sum(snapshot.views_dropped for snapshot in snapshots),
    )


def _tell_requests(total: Snapshot) -> Iterator[Metric]:
    requests = CounterMetricFamily("lander_requests", "Answers by class and status", labels=["class", "status"])
    for (kind, status), count in sorted(total.requests.items()):
        requests.add_metric([kind, status], count)
    yield requests
    # without a label, so that it is there from the start and its first rise can be seen: the log has the kind
    yield CounterMetricFamily(
        "lander_rescued",
        "Requests that something broke and that were answered all the same",
        total.rescued.total(),
    )


def _tell_workers(living: list[SnapshotFile]) -> Iterator[Metric]:
    yield GaugeMetricFamily("lander_workers", "Worker processes that live and have answered something", len(living))
    catalog = GaugeMetricFamily(
        "lander_worker_catalog_timestamp_seconds",
        "When the catalog that a worker serves was written",
        labels=["worker"],
    )
    for file in living:
        catalog.add_metric([file.worker], file.snapshot.catalog_at_s)
    yield catalog


def _tell_journals(journals: list[JournalFile], total: Snapshot) -> Iterator[Metric]:
    waiting, oldest_s, unreadable = 0, 0.0, 0
    for journal in journals:
        try:
            waiting += journal.count()
            oldest_s = max(oldest_s, _find_age_s(journal))
        except sqlite3.Error:
            unreadable += 1
    yield GaugeMetricFamily("lander_journal_rows", "Rows that wait for the ledger", waiting)
    yield GaugeMetricFamily("lander_journal_oldest_seconds", "Age of the oldest row that waits", oldest_s)
    yield GaugeMetricFamily("lander_journal_files", "Journals on this node", len(journals))
    yield GaugeMetricFamily("lander_journal_unreadable_files", "Journals that cannot be read", unreadable)
    yield CounterMetricFamily("lander_journal_rows_written", "Rows committed to journals", total.rows_written)
    yield CounterMetricFamily(
        "lander_journal_views_dropped",
        "Page views given up because the disk refused them for too long",
        total.views_dropped,
    )


def _tell_progress(progress: Progress) -> Iterator[Metric]:
    ingested = CounterMetricFamily("lander_ingested", "Rows that the ledger took in", labels=["kind"])
    ingested.add_metric(["event"], progress.events)
    ingested.add_metric(["lead"], progress.leads)
    yield ingested
    yield _count("lander_events_filtered", "Events kept and not counted", Reason, progress.filtered)
    yield _count("lander_events_dropped", "Events that could not be kept", Drop, progress.dropped)
    yield CounterMetricFamily(
        "lander_deployments", "Times that this node's disk was brought up to date", progress.deployments
    )


def _tell_outbox(counts: Counts | None) -> Iterator[Metric]:
    """The same on every node, because they share the outbox; no value before the sender has looked."""
    waiting, dead, oldest_s = (None, None, None) if counts is None else (counts.waiting, counts.dead, _age_s(counts))
    yield GaugeMetricFamily("lander_deliveries_waiting", "Webhooks and mails that have not arrived yet", waiting)
    yield GaugeMetricFamily("lander_deliveries_dead", "Webhooks and mails that were given up", dead)
    yield GaugeMetricFamily("lander_delivery_oldest_seconds", "Age of the oldest that has not arrived yet", oldest_s)


def _age_s(counts: Counts) -> float:
    return max(0.0, time.time() - counts.oldest_at.timestamp()) if counts.oldest_at else 0.0


def _count(name: str, meaning: str, reasons: Iterable[str], counts: Counter[str]) -> Metric:
    """By reason, those that have not occurred yet among them: Prometheus sees no rise in what was not there before."""
    family = CounterMetricFamily(name, meaning, labels=["reason"])
    for reason in sorted({str(reason) for reason in reasons} | counts.keys()):
        family.add_metric([reason], counts[reason])
    return family


def _find_age_s(journal: JournalFile) -> float:
    """How long ago the oldest row came: events and leads both say when, in ms."""
    for _, _, body in journal.read(1):
        with suppress(ValueError, TypeError, AttributeError):
            entry = json.loads(body)
            came_ms = entry.get("received_at_ms") or entry.get("at_ms") or 0
            return max(0.0, time.time() - came_ms / 1000) if came_ms else 0.0
    return 0.0
