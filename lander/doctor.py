"""`lander doctor`: looks at everything a node stands on and says, check by check, what is well and how to mend the rest."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from experiments import journal
from lander import migrations
from lander.config import Settings, check_pages_host
from lander.db import make_engine, reading
from lander.errors import LanderError
from lander.pages import sites
from lander.policy import store
from lander.published import load_catalog

_DEEP_JOURNAL: Final = 1_000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    ok: bool
    sentence: str

    def as_json(self) -> dict[str, Any]:
        return {"check": self.name, "ok": self.ok, "sentence": self.sentence}


def examine(settings: Settings) -> list[Check]:
    """Every check, in the order in which one would mend them."""
    engine = make_engine(settings.database_url)
    steps: list[tuple[str, Callable[[], str]]] = [
        ("settings", lambda: f"{settings.env.value}, studio on {settings.studio_host}."),
        ("data folder", lambda: _look_at_folder(settings)),
        ("database", lambda: _look_at_database(engine)),
        ("hosts", lambda: _look_at_hosts(settings, engine)),
        ("policy", lambda: _look_at_policy(engine)),
        ("journal", lambda: _look_at_journal(settings)),
        ("releases", lambda: _look_at_releases(settings)),
    ]
    checks = []
    for name, step in steps:
        try:
            checks.append(Check(name, ok=True, sentence=step()))
        except (LanderError, SQLAlchemyError, OSError, ValueError, KeyError) as error:
            checks.append(Check(name, ok=False, sentence=str(error).partition("\n")[0]))
    return checks


def _look_at_folder(settings: Settings) -> str:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    probe = settings.data_dir / f".doctor.{os.getpid()}"
    probe.write_bytes(b"ok")
    probe.unlink()
    system = os.statvfs(settings.data_dir)
    free_mib = system.f_bavail * system.f_frsize // 2**20
    if free_mib < 200:
        raise OSError(f"only {free_mib} MiB are free in the data folder: make room, leads are written there first")
    return f"writable, {free_mib:,} MiB free."


def _look_at_database(engine: Engine) -> str:
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    if not migrations.is_current(engine):
        raise LanderError("the schema is not this version's.", fix="Run: lander migrate")
    return f"{engine.url.get_backend_name()} answers, schema {migrations.current_revision(engine)}."


def _look_at_hosts(settings: Settings, engine: Engine) -> str:
    with reading(engine) as session:
        found = sites.list_sites(session)
    for site in found:
        check_pages_host(settings, site.host)
    if not found:
        return "no site yet; add one with: lander site add go.example.com --core-site www.example.com"
    return f"pages on {', '.join(site.host for site in found)}."


def _look_at_policy(engine: Engine) -> str:
    with reading(engine) as session:
        policy = store.load_policy(session)
    return f"version {policy.version} is in force." if policy.version else "the safe defaults are in force."


def _look_at_journal(settings: Settings) -> str:
    waiting = sum(len(file.read(_DEEP_JOURNAL)) for file in journal.list_journals(settings.journal_dir))
    if waiting >= _DEEP_JOURNAL:
        raise LanderError(f"{waiting} or more events wait for the ledger.", fix="Is `lander work` running?")
    return f"{waiting} events wait for the ledger."


def _look_at_releases(settings: Settings) -> str:
    catalog = load_catalog(settings.published_dir)
    return f"{len(catalog.routes)} pages on {len(catalog.sites)} hosts can be served without the database."
