"""Milliseconds per report, read from the database and computed, at 10³ and at 10⁷ visitors: the same, because a report
reads tallies and never visitors.

The thousand came through the ledger. For the ten million every tally of theirs is multiplied, in a database of its own;
the two are asked in turns. Prints one JSON line.
"""

import json
import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from statistics import median

from sqlalchemy import Engine
from sqlmodel import SQLModel

from experiments import ledger, lifecycle, results
from experiments.events import Event, Kind, Reason
from lander.db import make_engine, reading, transaction

ROUNDS = int(os.environ.get("ROUNDS", "40"))
VISITORS, TIMES = 1_000, 10_000
AT_MOST_MS = 50
DAYS = 14
STARTED = datetime(2026, 11, 2, 9, tzinfo=UTC)
NOW = STARTED + timedelta(days=DAYS)
SHARES = ("a", "b", "c")
DEVICES, BROWSERS = ("phone", "desktop", "tablet"), ("chrome", "safari", "firefox", "edge")
SOURCES = ("paid", "email", "direct", "social")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        few, many = (make_engine(f"sqlite:///{folder}/{name}.db") for name in ("few", "many"))
        for engine in (few, many):
            fill(engine)
        with transaction(many) as session:
            for table, columns in _COUNTED.items():
                changes = ", ".join(f"{column} = {column} * {TIMES}" for column in columns)
                session.connection().exec_driver_sql(f"UPDATE {table} SET {changes}")
        for engine in (few, many):
            ask(engine)
        times = [(ask(few), ask(many)) for _ in range(ROUNDS)]
        cells = count_cells(few)
    few_ms, many_ms = (median(side) for side in zip(*times, strict=True))
    line = {
        "bench": "report",
        "variants": len(SHARES),
        "tallies": cells,
        "visitors": [VISITORS, VISITORS * TIMES],
        "ms": [round(few_ms, 2), round(many_ms, 2)],
        "ratio": round(many_ms / few_ms, 2),
        "at_most_ms": AT_MOST_MS,
        "load_average": round(os.getloadavg()[0], 1),
    }
    print(json.dumps(line), flush=True)


_COUNTED = {
    "tally": (
        "served", "confirmed", "conversions", "unconfirmed_conversions", "multiply_exposed", "simulated",
    ),
    "filteredtally": ("visitors",),
}  # fmt: skip


def fill(engine: Engine) -> None:
    """A phase of two weeks and a thousand visitors."""
    SQLModel.metadata.create_all(engine)
    with transaction(engine) as session:
        lifecycle.start(
            session,
            page_id=1,
            slug_key="bench",
            timezone="Europe/Berlin",
            control="a",
            weights={"a": 3_334, "b": 3_333, "c": 3_333},
            coverage_bp=10_000,
            goal="form",
            actor="bench",
            now=STARTED,
        )
        ledger.ingest(session, [event for number in range(VISITORS) for event in visit(number)])


def visit(number: int) -> list[Event]:
    """What one visitor does; every tenth is a bot, every twelfth of the others converts."""
    at_ms = round((STARTED + timedelta(minutes=number * DAYS * 1_440 / VISITORS)).timestamp() * 1000)
    served = Event(
        kind=Kind.SERVED,
        experiment_id=1,
        phase=1,
        variant=SHARES[number % 3],
        visitor=f"{number:032x}",
        exposed_at_ms=at_ms,
        at_ms=at_ms,
        device=DEVICES[number // 3 % 3],
        browser=BROWSERS[number // 9 % 4],
        source=SOURCES[number // 36 % 4],
        returning=number % 7 == 0,
    )
    if number % 10 == 9:
        return [served._replace(kind=Kind.FILTERED, reason=Reason.BOT)]
    events = [served, served._replace(kind=Kind.CONFIRMED, at_ms=at_ms + 900)]
    if number % 12 == 0:
        events.append(served._replace(kind=Kind.CONVERSION, goal="form", at_ms=at_ms + 40_000))
    return events


def ask(engine: Engine) -> float:
    """Milliseconds for one report, JSON included."""
    started = time.perf_counter()
    with reading(engine) as session:
        body = json.dumps(results.report(session, "bench-1", now=NOW).as_json())
    took_ms = 1000 * (time.perf_counter() - started)
    assert '"a"' in body
    return took_ms


def count_cells(engine: Engine) -> int:
    with reading(engine) as session:
        cells: int = session.connection().exec_driver_sql("SELECT count(*) FROM tally").scalar_one()
        return cells


if __name__ == "__main__":
    main()
