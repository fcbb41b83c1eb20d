"""One change on 200 pages of two variants: plan, apply, publish and undo, on SQLite, as one JSON line a step."""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from lander import migrations
from lander.config import load_settings
from lander.db import make_engine, reading, transaction
from lander.pages import bulk, pages, publish, sites, versions
from lander.pages.bulk_plan import plan_bulk
from lander.pages.bulk_scope import Scope
from lander.pages.edits import Kind, Operation
from lander.preflight import look_ahead

PAGES = 200
LIMITS_S = {"plan": 2, "apply": 3, "publish": 15, "undo": 15}
EXAMPLES = Path(__file__).parents[1] / "examples" / "trail-buggies"
NOW = datetime.now(UTC)
T = TypeVar("T")
OPERATION = Operation(Kind.REPLACE, "bumpers", "buggies")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings({"LANDER_ENV": "development", "LANDER_DATA_DIR": folder})
        engine = make_engine(settings.database_url)
        migrations.upgrade(engine)
        with transaction(engine) as session:
            site = sites.add_site(session, settings, host="go.localhost", core_site="www.localhost", actor="x", now=NOW)
            for number in range(PAGES):
                page = pages.add_page(session, site, f"sale-{number:03}", actor="x", now=NOW)
                for key in ("a", "b"):
                    text = (EXAMPLES / key / "index.html").read_text(encoding="utf-8")
                    _add(session, page, key, text.replace("buggies", "bumpers").replace("Buggies", "Bumpers"))
                publish.publish(session, settings, page, actor="x", now=NOW)
        with reading(engine) as session:
            plan = _time("plan", lambda: plan_bulk(session, settings, site, OPERATION, Scope()))
        told: dict[str, Any] = {"actor": "x", "now": NOW}

        def apply() -> int:
            with transaction(engine) as session:
                made = bulk.apply_bulk(
                    session, settings, site, OPERATION, Scope(), fingerprint=plan.fingerprint, **told
                )
                return made.id or 0

        number = _time("apply", apply)

        def put_live() -> None:
            with transaction(engine) as session:
                made = bulk.load_bulk(session, number)
                bulk.publish_bulk(session, settings, made, choices={}, preflight=look_ahead, **told)

        def undo() -> None:
            with transaction(engine) as session:
                bulk.undo_bulk(session, settings, bulk.load_bulk(session, number), preflight=look_ahead, **told)

        _time("publish", put_live)
        _time("undo", undo)
        engine.dispose()


def _add(session: Any, page: Any, key: str, source: str) -> None:
    variant = pages.add_variant(session, page, key, now=NOW)
    versions.add_version(
        session, variant, source=source, path="index.html", files={}, links={}, enable_submit=True, actor="x", now=NOW
    )


def _time(step: str, work: Callable[[], T]) -> T:
    wall, processor = time.perf_counter(), time.process_time()
    done = work()
    line = {
        "bench": f"bulk {step}",
        "pages": PAGES,
        "seconds": round(time.perf_counter() - wall, 2),
        "processor_s": round(time.process_time() - processor, 2),
        "limit_s": LIMITS_S[step],
    }
    sys.stdout.write(f"{json.dumps(line)}\n")
    return done


if __name__ == "__main__":
    main()
