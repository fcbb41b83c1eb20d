"""Makes this node's disk equal to what the database says is live: releases, their assets, redirects, the catalog last.

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
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from lander.artifact import asset_path, write_assets
from lander.catalog import CATALOG_FILE, REDIRECTS_DIR, Listing, SiteEntry, write_catalog, write_redirects_file
from lander.pages.models import Asset, Page, Redirect, Site, StoredRelease
from lander.published import RELEASES_DIR, write_release
from lander.redirection import write_redirects

KEPT_S: Final = 3600


@dataclass(frozen=True, slots=True)
class _Live:
    sites: list[SiteEntry]
    routes: dict[tuple[str, str], str]  # (host, path) → release id
    redirects: dict[str, str]  # host → id of its redirects
    listings: dict[str, list[Listing]]  # host → what its sitemap names


def materialise(session: Session, published_dir: Path) -> bool:
    """Write what is missing and say what is live; True where the disk changed. Cheap where nothing did."""
    live = _load_live(session)
    wanted = set(live.routes.values())
    present = _list_releases(published_dir)
    missing = sorted(wanted - present)
    for release_id in missing:
        _write(session, published_dir, release_id)
    live.redirects.update(_bring_redirects(session, published_dir, live.redirects))
    retired = present - wanted
    if retired:
        _mark_retired(published_dir, retired)
    changed = write_catalog(published_dir, live.sites, live.routes, redirects=live.redirects, listings=live.listings)
    if retired:
        _sweep(session, published_dir, retired)
    _sweep_redirects(published_dir, set(live.redirects.values()))
    return bool(missing) or changed


def _load_live(session: Session) -> _Live:
    sites = session.exec(
        select(Site.host, Site.core_site, Site.timezone, Site.redirects_id).order_by(col(Site.host))
    ).all()
    pages = session.execute(
        select_columns(
            col(Site.host),
            col(Page.slug),
            col(Page.release_id),
            col(Page.noindex),
            col(Page.meta),
            col(StoredRelease.created_at),
        )
        .join(Site, col(Site.id) == col(Page.site_id))
        .join(StoredRelease, col(StoredRelease.id) == col(Page.release_id))
        .order_by(col(Site.host), col(Page.slug))
    ).all()
    listings: dict[str, list[Listing]] = {}
    for host, slug, _, noindex, meta, changed_at in pages:
        if not noindex and _speaks_for_itself(host, slug, meta):
            listings.setdefault(host, []).append(Listing(f"/{slug}", _w3c(changed_at)))
    return _Live(
        sites=[SiteEntry(host=host, core_site=core_site, timezone=timezone) for host, core_site, timezone, _ in sites],
        routes={(host, f"/{slug}"): release_id for host, slug, release_id, *_ in pages},
        redirects={host: redirects_id for host, _, _, redirects_id in sites if redirects_id},
        listings=listings,
    )


def _speaks_for_itself(host: str, slug: str, meta: dict[str, Any]) -> bool:
    """Whether the page is its own canonical address; a sitemap that names others is not believed."""
    canonical = str(meta.get("canonical") or "")
    return canonical in ("", f"/{slug}", f"https://{host}/{slug}")


def _w3c(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _bring_redirects(session: Session, published_dir: Path, wanted: dict[str, str]) -> dict[str, str]:
    """Write the redirects that this disk lacks; the ids they have by now."""
    brought = {}
    for host, redirects_id in wanted.items():
        file = published_dir / REDIRECTS_DIR / f"{redirects_id}.json"
        if file.exists():
            _keep_young(file)
            continue
        rows = session.execute(
            select_columns(col(Redirect.path), col(Redirect.target), col(Redirect.status))
            .join(Site, col(Site.id) == col(Redirect.site_id))
            .where(col(Site.host) == host)
        )
        brought[host], content = write_redirects((path, target, status) for path, target, status in rows)
        write_redirects_file(published_dir, brought[host], content)
    return brought


def _keep_young(file: Path) -> None:
    """A file that is served is never older than half of `KEPT_S`, so whoever still reads it when it goes has time."""
    if file.stat().st_mtime < time.time() - KEPT_S / 2:
        os.utime(file)


def _sweep_redirects(published_dir: Path, wanted: set[str]) -> None:
    """Remove files that have not been served for a while."""
    before = time.time() - KEPT_S
    for file in (published_dir / REDIRECTS_DIR).glob("*.json"):
        if file.stem not in wanted and file.stat().st_mtime < before:
            file.unlink(missing_ok=True)


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
    with contextlib.suppress(FileNotFoundError, ValueError):  # a damaged catalog is about to be written anew
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
