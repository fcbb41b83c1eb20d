"""Makes this node's disk equal to what the database says is live: releases, their assets, and the catalog last.

Asking twice changes nothing, and a crash at any point leaves a disk that is served and that the next call completes:
assets are written before the release that names them, releases before the catalog that names them. What is no longer
live stays for an hour, for pages that are still open. To rebuild a node, delete its folder.
"""

import contextlib
import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlmodel import Session, col, select

from lander.artifact import asset_path, write_assets
from lander.pages.models import Asset, Page, Site, StoredRelease
from lander.published import CATALOG_FILE, RELEASES_DIR, SiteEntry, write_catalog, write_release

KEPT_S: Final = 3600


@dataclass(frozen=True, slots=True)
class _Live:
    sites: list[SiteEntry]
    routes: dict[tuple[str, str], str]  # (host, path) → release id


def materialise(session: Session, published_dir: Path) -> bool:
    """Write what is missing and say what is live; True where the disk changed. Cheap where nothing did."""
    live = _load_live(session)
    wanted = set(live.routes.values())
    present = _list_releases(published_dir)
    missing = sorted(wanted - present)
    for release_id in missing:
        _write(session, published_dir, release_id)
    retired = present - wanted
    if retired:
        _mark_retired(published_dir, retired)
    changed = write_catalog(published_dir, live.sites, live.routes)
    if retired:
        _sweep(session, published_dir, retired)
    return bool(missing) or changed


def _load_live(session: Session) -> _Live:
    sites = session.exec(select(Site.host, Site.core_site, Site.timezone).order_by(col(Site.host))).all()
    pages = session.exec(
        select(Site.host, Page.slug, Page.release_id)
        .join(Site, col(Site.id) == col(Page.site_id))
        .where(col(Page.release_id).is_not(None))
    ).all()
    return _Live(
        sites=[SiteEntry(host=host, core_site=core_site, timezone=timezone) for host, core_site, timezone in sites],
        routes={(host, f"/{slug}"): release_id for host, slug, release_id in pages if release_id is not None},
    )


def _list_releases(published_dir: Path) -> set[str]:
    try:
        return {item.name for item in (published_dir / RELEASES_DIR).iterdir() if not item.name.startswith(".")}
    except FileNotFoundError:
        return set()


def _write(session: Session, published_dir: Path, release_id: str) -> None:
    stored = session.get_one(StoredRelease, release_id)
    absent = [name for name in stored.assets if not asset_path(published_dir, name).exists()]
    for name in absent:  # one at a time: a release may bring a hundred megabytes
        asset = session.get_one(Asset, name)
        write_assets(published_dir, [asset])
        session.expunge(asset)
    write_release(published_dir, release_id, {name: text.encode() for name, text in stored.files.items()})


def _mark_retired(published_dir: Path, retired: set[str]) -> None:
    """Start the hour of those that the catalog on disk still names: their folder's time is when they went."""
    with contextlib.suppress(FileNotFoundError):
        routes = json.loads((published_dir / CATALOG_FILE).read_bytes())["routes"]
        for release_id in retired & {route[2] for route in routes}:
            os.utime(published_dir / RELEASES_DIR / release_id)


def _sweep(session: Session, published_dir: Path, retired: set[str]) -> None:
    """Remove releases that went an hour ago, and the assets that only they used."""
    releases = published_dir / RELEASES_DIR
    before = time.time() - KEPT_S  # the disk's own clock, as its files' times are
    gone = {name for name in retired if (releases / name).stat().st_mtime < before}
    if not gone:
        return
    for leftover in releases.glob(".*"):
        if leftover.stat().st_mtime < before:
            shutil.rmtree(leftover, ignore_errors=True)
    orphans = _assets_of(session, gone) - _assets_of(session, _list_releases(published_dir) - gone)
    for release_id in gone:
        half = releases / f".gone.{release_id}"  # a folder that is half removed must not look like a release
        (releases / release_id).rename(half)
        shutil.rmtree(half)
    for name in orphans:
        path = asset_path(published_dir, name)
        for file in (path, path.with_name(f"{name}.gz"), path.with_name(f"{name}.br")):
            file.unlink(missing_ok=True)


def _assets_of(session: Session, release_ids: set[str]) -> set[str]:
    lists = session.exec(select(StoredRelease.assets).where(col(StoredRelease.id).in_(release_ids)))
    return {name for names in lists for name in names}
