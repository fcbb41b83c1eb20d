"""A node's metrics: what its workers counted, what waits, what came home; and nothing of any visitor."""

import json
import os
import re
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from werkzeug.test import Client

import app
from experiments.events import Reason
from experiments.journal import Durability, Journal, Record
from lander.integrations.outbox import Counts
from lander.jobs import Progress
from lander.metrics import NodeMetrics, metrics_served
from lander.serve.snapshots import DEAD_AFTER_S, Snapshot, SnapshotWriter, list_snapshots
from lander.unreadable import put_aside
from tests.live import free_port
from tests.patience import PATIENCE_S
from tests.serve.stage import CHROME, HOST, settings_for, staged

Samples = dict[tuple[str, tuple[str, ...]], float]


def ask(node: NodeMetrics) -> Samples:
    registry = CollectorRegistry()
    registry.register(node)
    return parse(generate_latest(registry).decode())


def parse(text: str) -> Samples:
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def write(folder: Path, name: str, snapshot: Snapshot, *, age_s: float = 0) -> Path:
    """A worker's file as it left it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_bytes(snapshot.to_json())
    then = time.time() - age_s
    os.utime(path, (then, then))
    return path


def counted(pages: int, **more: object) -> Snapshot:
    return Snapshot(requests=Counter({("page", "200"): pages}), **more)  # type: ignore[arg-type]


def test_workers_are_added_up(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    write(settings.workers_dir, "10-a", counted(3, rows_written=3, catalog_at_s=50.0))
    write(settings.workers_dir, "11-b", counted(4, rows_written=5, rescued=Counter({"RuntimeError": 1, "KeyError": 2})))
    samples = ask(NodeMetrics(settings, Progress()))
    assert samples["lander_requests_total", ("page", "200")] == 7
    assert samples["lander_rescued_total", ()] == 3
    assert samples["lander_journal_rows_written_total", ()] == 8
    assert samples["lander_workers", ()] == 2
    assert samples["lander_worker_catalog_timestamp_seconds", ("10-a",)] == 50.0


@pytest.mark.parametrize(
    ("snapshot", "age_s"), [(counted(5, ended=True), 0), (counted(5), DEAD_AFTER_S + 1)], ids=["ended", "killed"]
)
def test_what_a_worker_counted_before_it_ended_stays_counted(tmp_path: Path, snapshot: Snapshot, age_s: float) -> None:
    settings = settings_for(tmp_path)
    left = write(settings.workers_dir, "10-a", snapshot, age_s=age_s)
    node = NodeMetrics(settings, Progress())
    node.tidy()
    assert not left.exists()
    write(settings.workers_dir, "11-b", counted(2))
    for _ in range(2):
        samples = ask(node)
        assert samples["lander_requests_total", ("page", "200")] == 7
        assert samples["lander_workers", ()] == 1


def test_a_damaged_file_is_left_out(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    write(settings.workers_dir, "10-a", counted(3))
    for name, content in {"b": b"", "c": b"{}", "d": b"[]", "e": b'{"format": 2}', "f": b"\xff"}.items():
        (settings.workers_dir / f"{name}.json").write_bytes(content)
    assert ask(NodeMetrics(settings, Progress()))["lander_requests_total", ("page", "200")] == 3


def test_depth_and_age_of_the_journals_are_told(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    journal = Journal(settings.journal_dir)
    came_ms = round((time.time() - 100) * 1000)
    journal.append([Record("event", json.dumps({"at_ms": came_ms + n}).encode()) for n in range(3)], Durability.LEAD)
    try:
        samples = ask(NodeMetrics(settings, Progress()))
    finally:
        journal.close()
    assert samples["lander_journal_rows", ()] == 3
    assert 100 <= samples["lander_journal_oldest_seconds", ()] < 130
    assert samples["lander_journal_unreadable_files", ()] == 0


def test_a_damaged_journal_is_told_and_hides_no_other(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    journal = Journal(settings.journal_dir)
    journal.append([Record("event", b"{}")], Durability.ACKNOWLEDGED)
    (settings.journal_dir / "1-a.db").write_bytes(b"no database" * 100)
    try:
        samples = ask(NodeMetrics(settings, Progress()))
    finally:
        journal.close()
    assert samples["lander_journal_unreadable_files", ()] == 1
    assert samples["lander_journal_rows", ()] == 1


def test_rows_that_were_put_aside_are_told(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    assert ask(NodeMetrics(settings, Progress()))["lander_journal_unreadable_rows", ()] == 0
    settings.journal_dir.mkdir(parents=True)
    put_aside(settings.unreadable_dir, Record("lead", b"{}"))
    assert ask(NodeMetrics(settings, Progress()))["lander_journal_unreadable_rows", ()] == 1


def test_what_came_home_is_told(tmp_path: Path) -> None:
    progress = Progress(events=9, leads=2, dropped=Counter({"unknown-phase": 1}), filtered=Counter({"bot": 4}))
    samples = ask(NodeMetrics(settings_for(tmp_path), progress))
    assert samples["lander_ingested_total", ("event",)] == 9
    assert samples["lander_ingested_total", ("lead",)] == 2
    assert samples["lander_events_dropped_total", ("unknown-phase",)] == 1
    assert samples["lander_events_filtered_total", ("bot",)] == 4


def test_every_reason_is_told_from_the_start_so_that_its_first_event_is_a_rise(tmp_path: Path) -> None:
    samples = ask(NodeMetrics(settings_for(tmp_path), Progress(dropped=Counter({"made-up-later": 1}))))
    filtered = {labels[0] for name, labels in samples if name == "lander_events_filtered_total"}
    dropped = {labels[0] for name, labels in samples if name == "lander_events_dropped_total"}
    assert {"bot", "gpc", "phase-closed"} < filtered == set(Reason)
    assert {"unknown-phase", "unknown-experiment", "made-up-later"} < dropped
    assert samples["lander_events_filtered_total", ("bot",)] == samples["lander_rescued_total", ()] == 0


def test_the_operations_page_names_every_metric_and_no_other(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    settings.published_dir.mkdir(parents=True)
    (settings.published_dir / "catalog.json").write_text("{}")
    registry = CollectorRegistry()
    registry.register(NodeMetrics(settings, Progress()))
    told = {f"{family.name}_total" if family.type == "counter" else family.name for family in registry.collect()}
    page = (Path(__file__).parents[1] / "docs/it/operations.md").read_text(encoding="utf-8")
    assert set(re.findall(r"lander_[a-z_]+", page)) == told


def test_it_tells_how_the_outbox_stands_once_the_sender_has_looked(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    assert not [name for name, _ in ask(NodeMetrics(settings, Progress())) if "deliver" in name]
    oldest_at = datetime.now(UTC) - timedelta(minutes=5)
    samples = ask(NodeMetrics(settings, Progress(), lambda: Counts(waiting=3, dead=2, oldest_at=oldest_at)))
    assert samples["lander_deliveries_waiting", ()] == 3
    assert samples["lander_deliveries_dead", ()] == 2
    assert samples["lander_delivery_oldest_seconds", ()] == pytest.approx(300, abs=30)
    samples = ask(NodeMetrics(settings, Progress(), lambda: Counts(waiting=0, dead=0, oldest_at=None)))
    assert samples["lander_delivery_oldest_seconds", ()] == 0


def test_a_process_tells_what_it_answered(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        stage.publish()
        lander = app.build(stage.settings)
        client = Client(lander, use_cookies=False)
        for path in ("/spring-sale?email=otto@example.com", "/nothing", "/healthz", f"/_l/a/{'0' * 64}.png", "/_l/b"):
            client.get(path, base_url=f"https://{HOST}", headers={"User-Agent": CHROME})
        lander.close()
        (file,) = list_snapshots(stage.settings.workers_dir)
        assert file.snapshot.requests == {
            ("page", "200"): 1,
            ("page", "404"): 1,
            ("health", "200"): 1,
            ("asset", "404"): 1,
            ("beacon", "405"): 1,
        }
        assert file.is_dead
        assert file.snapshot.catalog_at_s == pytest.approx(time.time(), abs=30)
        assert "otto" not in file.path.read_text()


def test_a_process_that_answers_nothing_leaves_no_file(tmp_path: Path) -> None:
    SnapshotWriter(tmp_path, Snapshot).close()
    assert not list(tmp_path.iterdir())


def test_metrics_are_told_on_loopback_and_a_taken_port_stops_nothing(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    port = free_port()
    with (
        metrics_served(settings, Progress(events=7), host="127.0.0.1", port=port),
        metrics_served(settings, Progress(), host="127.0.0.1", port=port),
        urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S) as answer,
    ):
        samples = parse(answer.read().decode())
    assert samples["lander_ingested_total", ("event",)] == 7
