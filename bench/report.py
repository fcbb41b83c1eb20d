"""Milliseconds per report, read from the database and computed, at 10³ and at 10⁷ visitors: the same, because a report
reads tallies and never visitors. Three variants, and four goals beside the one that decides; what these take of it is
measured too, and the same report once more, for which nothing new has to be compared.

The thousand came through the ledger. For the ten million every tally of theirs is multiplied, in a database of its own;
the two are asked in turns, and a visitor comes before each turn. Prints one JSON line.
"""

import json
import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from statistics import median

from sqlalchemy import Engine
from sqlmodel import SQLModel

import stats
from experiments import ledger, lifecycle, results
from experiments.counting import count
from experiments.events import Event, Kind, Reason
from experiments.goal_judging import judge_goals
from experiments.goals import Goal, GoalKind, Role
from experiments.lifecycle import further_goals
from experiments.prior import DEFAULT_PRIOR
from experiments.report import Parameters
from lander.db import make_engine, make_file, reading, transaction

ROUNDS = int(os.environ.get("ROUNDS", "40"))
VISITORS, TIMES = 1_000, 10_000
AT_MOST_MS = 50
DAYS = 14
STARTED = datetime(2026, 11, 2, 9, tzinfo=UTC)
NOW = STARTED + timedelta(days=DAYS)
SHARES = ("a", "b", "c")
DEVICES, BROWSERS = ("phone", "desktop", "tablet"), ("chrome", "safari", "firefox", "edge")
SOURCES = ("paid", "email", "direct", "social")
GOALS = (
    Goal(GoalKind.CLICK, selector="a.phone", role=Role.GUARDRAIL, margin=0.05),
    Goal(GoalKind.CLICK, selector="a.map"),
    Goal(GoalKind.SCROLL, threshold=75),
    Goal(GoalKind.TIME, threshold=30, role=Role.GUARDRAIL, margin=0.1),
)
PARAMETERS = Parameters(stats.Beta(0.5, 0.5), DEFAULT_PRIOR, min_lift=0.1, value_minor=None, currency="")
REACHED = {"form": 12, "click-2": 20, "click-3": 30, "scroll-4": 2, "time-5": 3}  # by every so manieth visitor


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        few, many = (make_engine(f"sqlite:///{folder}/{name}.db") for name in ("few", "many"))
        for engine in (few, many):
            fill(engine)
        with transaction(many) as session:
            for table, columns in _COUNTED.items():
                changes = ", ".join(f"{column} = {column} * {TIMES}" for column in columns)
                session.connection().exec_driver_sql(f"UPDATE {table} SET {changes}")
        rounds = [[measure(engine, number) for engine in (few, many)] for number in range(ROUNDS + 1)][1:]
        cells = count_cells(few)
    (few_ms, few_goals_ms, few_again_ms), (many_ms, many_goals_ms, many_again_ms) = (
        [median(times) for times in zip(*side, strict=True)] for side in zip(*rounds, strict=True)
    )
    line = {
        "bench": "report",
        "variants": len(SHARES),
        "tallies": cells,
        "visitors": [VISITORS, VISITORS * TIMES],
        "ms": [round(few_ms, 2), round(many_ms, 2)],
        "goals": len(GOALS),
        "goals_ms": [round(few_goals_ms, 2), round(many_goals_ms, 2)],
        "again_ms": [round(few_again_ms, 2), round(many_again_ms, 2)],
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
    make_file(engine)
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
            goals=GOALS,
            actor="bench",
            now=STARTED,
        )
        ledger.ingest(session, [event for number in range(VISITORS) for event in visit(number)])


def measure(engine: Engine, number: int) -> tuple[float, float, float]:
    """Milliseconds for a report and for its further goals, each after one more visitor, and for the report again."""
    come(engine, VISITORS + 20 * number)
    goals_ms = judge(engine)
    come(engine, VISITORS + 20 * number + 10)
    return ask(engine), goals_ms, ask(engine)


def come(engine: Engine, number: int) -> None:
    with transaction(engine) as session:
        ledger.ingest(session, visit(number))


def visit(number: int) -> list[Event]:
    """What one visitor does; every tenth is a bot, some of the others reach a goal."""
    at_ms = round((STARTED + timedelta(minutes=number % VISITORS * DAYS * 1_440 / VISITORS)).timestamp() * 1000)
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
    for goal, every in REACHED.items():
        if number // 3 % every == 0:  # in each of the three variants
            events.append(served._replace(kind=Kind.CONVERSION, goal=goal, at_ms=at_ms + 40_000))
    return events


def ask(engine: Engine) -> float:
    """Milliseconds for one report, JSON included."""
    started = time.perf_counter()
    with reading(engine) as session:
        body = json.dumps(results.report(session, "bench-1", now=NOW).as_json())
    took_ms = 1000 * (time.perf_counter() - started)
    assert '"a"' in body
    return took_ms


def judge(engine: Engine) -> float:
    """Milliseconds to compute the further goals alone, both lenses of each."""
    with reading(engine) as session:
        experiment = lifecycle.load(session, "bench-1")
        counted = count(session, experiment, lifecycle.current_phase(session, experiment))
        started = time.perf_counter()
        judged = judge_goals(further_goals(experiment), counted.goals, control=0, parameters=PARAMETERS)
    took_ms = 1000 * (time.perf_counter() - started)
    assert len(judged) == len(GOALS)
    return took_ms


def count_cells(engine: Engine) -> int:
    with reading(engine) as session:
        cells: int = session.connection().exec_driver_sql("SELECT count(*) FROM tally").scalar_one()
        return cells


if __name__ == "__main__":
    main()
