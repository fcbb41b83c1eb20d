"""`lander doctor`: looks at everything a node stands on and says, check by check, what is well and how to mend the rest."""

import errno
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from experiments import journal
from experiments.words import plural
from lander import migrations
from lander.catalog import CATALOG_FILE, Catalog, load_catalog
from lander.config import Settings, check_pages_host
from lander.db import is_damaged, make_engine, name_engine, reading
from lander.errors import ConfigurationError, LanderError, Unavailable
from lander.leads import leads
from lander.pages import sites
from lander.pages.models import Page
from lander.policy import store
from lander.serve.snapshots import list_snapshots
from lander.unreadable import list_aside
from lander.vault import Vault

_DEEP_JOURNAL: Final = 1_000
_LEAST_FREE_MIB: Final = 200
_LATE_S: Final = 5
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_MAKE_ROOM: Final = "Make room: leads are written there first."


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    ok: bool
    sentence: str

    def as_json(self) -> dict[str, Any]:
        return {"check": self.name, "ok": self.ok, "sentence": self.sentence}


def examine(settings: Settings) -> list[Check]:
    """Every check, in the order in which one would mend them; what needs the database is left out while it is not well."""
    checks = [
        _check("settings", lambda: _look_at_settings(settings)),
        _check("data folder", lambda: check_folder(settings)),
        _check("journal", lambda: _look_at_journal(settings)),
        _check("releases", lambda: _look_at_releases(settings)),
        _check("workers", lambda: _look_at_workers(settings)),
        _check("database", lambda: _look_at_database(settings, make_engine(settings.database_url))),
    ]
    if checks[-1].ok:
        engine = make_engine(settings.database_url)
        checks += [
            _check("hosts", lambda: check_hosts(settings, engine)),
            _check("policy", lambda: _look_at_policy(engine)),
            _check("published", lambda: _look_at_published(settings, engine)),
            _check("leads", lambda: _look_at_leads(settings, engine)),
        ]
    return checks


def check_folder(settings: Settings) -> str:
    """Say how much room the data folder has.

    Raises `ConfigurationError` where it cannot be written, `Unavailable` where it is full or nearly so.
    """
    folder = settings.data_dir
    probe = folder / f".doctor.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            probe.write_bytes(b"ok")
        finally:
            probe.unlink(missing_ok=True)
        free_mib = shutil.disk_usage(folder).free // 2**20
    except OSError as error:
        if error.errno in _FULL:
            raise Unavailable(f"The data folder {folder} is full: {error.strerror}.", fix=_MAKE_ROOM) from None
        raise ConfigurationError(
            f"The data folder {folder} cannot be written: {error.strerror}.",
            fix="Set LANDER_DATA_DIR to a folder that this user may write.",
        ) from None
    if free_mib < _LEAST_FREE_MIB:
        raise Unavailable(f"Only {free_mib} MiB are free in the data folder {folder}.", fix=_MAKE_ROOM)
    return f"writable, {free_mib:,} MiB free."


def check_hosts(settings: Settings, engine: Engine) -> str:
    """Say where pages are served; raises `ConfigurationError` where that is the host of another plane."""
    with reading(engine) as session:
        found = sites.list_sites(session)
    for site in found:
        check_pages_host(settings, site.host)
    if not found:
        return "no site yet; add one with: lander site add go.example.com --core-site www.example.com"
    return f"pages on {', '.join(site.host for site in found)}."


def _check(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, ok=True, sentence=look())
    except DBAPIError as error:
        reason = str(error.orig).partition("\n")[0].rstrip(".")
        fix = " Restore its backup." if is_damaged(error) else ""
        meanwhile = "Published pages go on without it; leads wait in the journal."
        return Check(name, ok=False, sentence=f"{reason}. {meanwhile}{fix}")
    except (LanderError, OSError, ValueError, KeyError) as error:
        return Check(name, ok=False, sentence=str(error).partition("\n")[0])


def _look_at_settings(settings: Settings) -> str:
    if settings.policy_file is not None:
        store.read_file(settings.policy_file)
    return f"{settings.env.value}, studio on {settings.studio_host}."


def _look_at_database(settings: Settings, engine: Engine) -> str:
    migrations.check_schema(engine, settings.published_dir)
    return f"{name_engine(engine)} answers, schema {migrations.current_revision(engine)}."


def _look_at_policy(engine: Engine) -> str:
    with reading(engine) as session:
        policy = store.load_policy(session)
    return f"version {policy.version} is in force." if policy.version else "the safe defaults are in force."


def _look_at_journal(settings: Settings) -> str:
    waiting = 0
    for file in journal.list_journals(settings.journal_dir):
        try:
            waiting += file.count()
        except sqlite3.Error as error:
            raise LanderError(
                f"{file.path} cannot be read: {error}.",
                fix="The other journals are not held up; restore it from a backup, or move it away.",
            ) from None
    aside = len(list_aside(settings.unreadable_dir))
    if aside:
        raise LanderError(
            f"{plural(aside, 'row')} in {settings.unreadable_dir} cannot be read by this version; they may be leads.",
            fix="Bring every node to the newest version: `lander work` tries them again every ten minutes.",
        )
    if waiting >= _DEEP_JOURNAL:
        raise LanderError(
            f"{waiting:,} rows wait for the ledger.", fix="Does `lander work` run? Its log says why they stay."
        )
    return f"waiting for the ledger: {plural(waiting, 'row')}."


def _look_at_releases(settings: Settings) -> str:
    catalog = _load_catalog(settings)
    pages, hosts = plural(len(catalog.routes), "page"), plural(len(catalog.sites), "host")
    return f"{pages} on {hosts} can be served without the database."


def _load_catalog(settings: Settings) -> Catalog:
    try:
        return load_catalog(settings.published_dir)
    except (OSError, ValueError, KeyError) as error:
        raise LanderError(
            f"{settings.published_dir / CATALOG_FILE}, or a release that it names, cannot be read: {error}.",
            fix="`lander work` writes the catalog anew; a release that is damaged it brings again once you move it away.",
        ) from None


def _look_at_workers(settings: Settings) -> str:
    living = [file for file in list_snapshots(settings.workers_dir) if not file.is_dead]
    if not living:
        return "none has answered anything lately."
    written_at_s = (settings.published_dir / CATALOG_FILE).stat().st_mtime_ns / 1e9
    due_at_s = written_at_s + _LATE_S
    behind = [
        file.worker
        for file in living
        if file.snapshot.catalog_at_s < written_at_s and time.time() - file.age_s > due_at_s
    ]
    if behind:
        raise LanderError(
            f"{' and '.join(behind)} serve older releases than this node's disk holds.", fix="Their log says why."
        )
    return f"{plural(len(living), 'worker')}, on this node's releases."


def _look_at_published(settings: Settings, engine: Engine) -> str:
    with reading(engine) as session:
        live = set(session.exec(select(Page.release_id).where(col(Page.release_id).is_not(None))))
    here = {release.id for release in _load_catalog(settings).routes.values()}
    if live - here:
        raise LanderError(
            f"{plural(len(live - here), 'live page')} did not come to this node's disk.", fix="Does `lander work` run?"
        )
    return "every live page is on this node's disk."


def _look_at_leads(settings: Settings, engine: Engine) -> str:
    with reading(engine) as session:
        unopened = leads.count_unopened(session, Vault(settings.secret_keys))
        every = leads.count_leads(session)
    if unopened:
        raise LanderError(
            f"{leads.say_unopened(unopened)}.", fix="Put the secret that sealed them back on LANDER_SECRET_KEYS."
        )
    return f"{plural(every, 'lead')}, and these secrets open every one."
