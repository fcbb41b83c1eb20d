"""The catalog: what a node serves at which address, in memory and in its documented form on disk.

`catalog.json` names the release of each address, the redirects of each host, and what its sitemap lists. It is written
and read whole, without a database (`docs/developer/release.md`).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lander.durable import put_file, sync_folder
from lander.published import RELEASES_DIR, Release, read_release
from lander.redirection import Redirects, read_redirects

FORMAT: Final = 1
CATALOG_FILE: Final = "catalog.json"
REDIRECTS_DIR: Final = "redirects"


@dataclass(frozen=True, slots=True)
class SiteEntry:
    """A pages host."""

    host: str
    core_site: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A page that search engines are told of, and since when it is as it is (W3C date and time)."""

    path: str
    changed: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything a worker serves; swapped whole."""

    sites: Mapping[str, SiteEntry]
    routes: Mapping[tuple[str, str], Release]  # (host, path)
    pages: Mapping[int, Release] = field(default_factory=dict)  # by page id, for beacon and form
    redirects: Mapping[str, Redirects] = field(default_factory=dict)  # by host
    listings: Mapping[str, tuple[Listing, ...]] = field(default_factory=dict)  # by host: what its sitemap names
    stamp: str = ""


def write_redirects_file(published_dir: Path, redirects_id: str, content: bytes) -> None:
    """Put the redirects of one host on disk, under the id that the catalog will name."""
    folder = published_dir / REDIRECTS_DIR
    folder.mkdir(parents=True, exist_ok=True)
    put_file(folder / f"{redirects_id}.json", content)
    sync_folder(folder)


def write_catalog(
    published_dir: Path,
    sites: list[SiteEntry],
    routes: Mapping[tuple[str, str], str],
    *,
    redirects: Mapping[str, str] | None = None,
    listings: Mapping[str, Sequence[Listing]] | None = None,
) -> bool:
    """Say what answers where; True where that changed.

    `routes` are (host, path) → release id, `redirects` host → id of its file, `listings` host → what its sitemap names.
    """
    payload = {
        "format": FORMAT,
        "sites": [{"host": site.host, "core_site": site.core_site, "timezone": site.timezone} for site in sites],
        "routes": [[host, path, release] for (host, path), release in sorted(routes.items())],
        "redirects": [[host, redirects_id] for host, redirects_id in sorted((redirects or {}).items())],
        "sitemap": [
            [host, item.path, item.changed] for host, items in sorted((listings or {}).items()) for item in items
        ],
    }
    content = json.dumps(payload, indent=1, sort_keys=True).encode()
    target = published_dir / CATALOG_FILE
    if target.exists() and target.read_bytes() == content:
        return False
    published_dir.mkdir(parents=True, exist_ok=True)
    put_file(target, content)
    sync_folder(published_dir)
    return True


def load_catalog(published_dir: Path, previous: Catalog | None = None) -> Catalog:
    """The catalog on disk; what `previous` holds already is not read again. Empty where nothing is published.

    Raises `ValueError` for another format: the next Lander's catalog is not an empty one of ours.
    """
    target = published_dir / CATALOG_FILE
    if not target.exists():
        return Catalog(sites={}, routes={})
    content = target.read_bytes()
    payload = json.loads(content)
    if payload["format"] != FORMAT:
        raise ValueError(f"the catalog has format {payload['format']}; this Lander reads {FORMAT}")
    known = {release.id: release for release in previous.routes.values()} if previous else {}
    routes: dict[tuple[str, str], Release] = {}
    for host, path, release_id in payload["routes"]:
        if release_id not in known:
            folder = published_dir / RELEASES_DIR / release_id
            known[release_id] = read_release(release_id, {item.name: item.read_bytes() for item in folder.iterdir()})
        routes[host, path] = known[release_id]
    return Catalog(
        sites={entry["host"]: SiteEntry(**entry) for entry in payload["sites"]},
        routes=routes,
        pages={release.page_id: release for release in routes.values()},
        redirects=_load_redirects(published_dir, payload.get("redirects", ()), previous),
        listings=_read_listings(payload.get("sitemap", ())),
        stamp=hashlib.sha256(content).hexdigest(),
    )


def list_hosts(published_dir: Path) -> list[str]:
    """The hosts that the catalog on disk names, without reading what they serve; raises `ValueError` for a damaged one."""
    target = published_dir / CATALOG_FILE
    return [entry["host"] for entry in json.loads(target.read_bytes())["sites"]] if target.exists() else []


def _load_redirects(
    published_dir: Path, named: Sequence[tuple[str, str]], previous: Catalog | None
) -> dict[str, Redirects]:
    known = {item.id: item for item in previous.redirects.values()} if previous else {}
    for _, redirects_id in named:
        if redirects_id not in known:
            content = (published_dir / REDIRECTS_DIR / f"{redirects_id}.json").read_bytes()
            known[redirects_id] = read_redirects(redirects_id, content)
    return {host: known[redirects_id] for host, redirects_id in named}


def _read_listings(named: Sequence[tuple[str, str, str]]) -> dict[str, tuple[Listing, ...]]:
    listings: dict[str, list[Listing]] = {}
    for host, path, changed in named:
        listings.setdefault(host, []).append(Listing(path, changed))
    return {host: tuple(items) for host, items in listings.items()}
