"""What visitors see: releases and the catalog, in memory and in their documented form on disk.

A release is immutable and content-addressed: `releases/<id>/manifest.json` beside one `<variant>.html` each, whose bytes
the manifest cuts into segments with slots between them. `catalog.json` says which release answers at which address.
Everything here is read without a database and without Python objects in the files (`docs/developer/release.md`).
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lander.durable import put_file, sync_folder, write_file
from lander.redirection import Redirects, read_redirects

FORMAT: Final = 1  # of the catalog
RELEASE_FORMAT: Final = 2
_READ_FORMATS: Final = (1, 2)  # 1 knew no query and referrer slots; who reads 1 alone must not meet them
CATALOG_FILE: Final = "catalog.json"
RELEASES_DIR: Final = "releases"
REDIRECTS_DIR: Final = "redirects"
ASSETS_DIR: Final = "assets"


@dataclass(frozen=True, slots=True)
class TokenSlot:
    """Where the signed view token of each response goes."""


@dataclass(frozen=True, slots=True)
class TextSlot:
    """Dynamic text: `{{parameter|transform|default}}`; the value is always HTML-escaped."""

    parameter: str
    transform: str
    default: str


@dataclass(frozen=True, slots=True)
class QuerySlot:
    """What the visitor's address brought: the first value of a parameter, else the default; without one the raw query."""

    parameter: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True)
class ReferrerSlot:
    """The host of the page that led here."""


Segment = bytes | TokenSlot | TextSlot | QuerySlot | ReferrerSlot


@dataclass(frozen=True, slots=True)
class FormField:
    """One field as the published markup declared it; the server checks against this."""

    name: str
    kind: str  # email, name, company, phone, text, choice, hidden
    label: str
    required: bool = False
    max_length: int = 500
    options: tuple[str, ...] = ()  # of a select or radio group; empty: free
    step: str = ""  # the name of its step, where the form is filled in step by step


@dataclass(frozen=True, slots=True)
class Form:
    """A form that posts to us."""

    key: str  # f1, f2, … in source order
    fields: tuple[FormField, ...]
    thank_you: str  # a path on this host, or an https address the policy allows
    consent_text: str = ""  # the label of the consent box, kept with each lead
    message: str = ""  # what our own thank-you page says; empty: a plain thank-you


@dataclass(frozen=True, slots=True)
class PublishedVariant:
    """One variant's bytes, ready to send."""

    key: str
    segments: tuple[Segment, ...]
    headers: tuple[tuple[str, str], ...]
    forms: tuple[Form, ...] = ()


@dataclass(frozen=True, slots=True)
class Allocation:
    """The running phase of an experiment: who sees what. `ranges` are half-open bucket ranges of 0–9,999."""

    experiment_id: int
    experiment_key: str
    phase: int
    seed: str
    ranges: tuple[tuple[str, int, int], ...]  # (variant key, first bucket, one past the last)
    goal: str  # "form", or "click" with its selector below
    selector: str = ""
    window_s: int = 72 * 3600


@dataclass(frozen=True, slots=True)
class Release:
    """What one page answers with. `experiment` is None where no phase runs: everybody sees `control`."""

    id: str
    page_id: int
    host: str
    path: str
    control: str
    variants: Mapping[str, PublishedVariant]
    policy_version: int
    allocation: Allocation | None = None


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


def build_release(
    *,
    page_id: int,
    host: str,
    path: str,
    control: str,
    variants: tuple[PublishedVariant, ...],
    policy_version: int,
    allocation: Allocation | None,
) -> tuple[str, dict[str, bytes]]:
    """The id and the files of a release: `manifest.json` and one `<variant>.html` each.

    The id is the SHA-256 over every file, so equal content is the same release.
    """
    files: dict[str, bytes] = {}
    manifest: dict[str, Any] = {
        "format": RELEASE_FORMAT,
        "page": page_id,
        "host": host,
        "path": path,
        "control": control,
        "policy_version": policy_version,
        "allocation": _allocation_to_json(allocation),
        "variants": {},
    }
    for variant in variants:
        body, cuts = _cut(variant.segments)
        files[f"{variant.key}.html"] = body
        manifest["variants"][variant.key] = {
            "segments": cuts,
            "headers": [list(pair) for pair in variant.headers],
            "forms": [_form_to_json(form) for form in variant.forms],
        }
    files["manifest.json"] = json.dumps(manifest, ensure_ascii=False, sort_keys=True, indent=1).encode()
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode())
        digest.update(files[name])
    return digest.hexdigest(), files


def read_release(release_id: str, files: Mapping[str, bytes]) -> Release:
    """A release from its files, on disk or in the database."""
    manifest = json.loads(files["manifest.json"])
    if manifest["format"] not in _READ_FORMATS:
        known = " and ".join(map(str, _READ_FORMATS))
        raise ValueError(f"release {release_id} has format {manifest['format']}; this Lander reads {known}")
    variants = {
        key: PublishedVariant(
            key=key,
            segments=_paste(files[f"{key}.html"], entry["segments"]),
            headers=tuple((name, value) for name, value in entry["headers"]),
            forms=tuple(_form_from_json(form) for form in entry["forms"]),
        )
        for key, entry in manifest["variants"].items()
    }
    return Release(
        id=release_id,
        page_id=manifest["page"],
        host=manifest["host"],
        path=manifest["path"],
        control=manifest["control"],
        variants=variants,
        policy_version=manifest["policy_version"],
        allocation=_allocation_from_json(manifest["allocation"]),
    )


def write_release(published_dir: Path, release_id: str, files: Mapping[str, bytes]) -> None:
    """Put a release on disk; whole or not at all."""
    target = published_dir / RELEASES_DIR / release_id
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = target.with_name(f".{release_id}.{os.getpid()}")
    staging.mkdir(exist_ok=True)
    for name, content in files.items():
        write_file(staging / name, content)
    sync_folder(staging)  # the names of the files too, or a power cut could leave a release without them
    try:
        staging.rename(target)
    except OSError:
        if not target.exists():
            raise
    sync_folder(target.parent)


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


def _cut(segments: tuple[Segment, ...]) -> tuple[bytes, list[list[Any]]]:
    body = bytearray()
    cuts: list[list[Any]] = []
    for segment in segments:
        if isinstance(segment, bytes):
            cuts.append(["bytes", len(body), len(body) + len(segment)])
            body += segment
        elif isinstance(segment, TokenSlot):
            cuts.append(["token"])
        elif isinstance(segment, QuerySlot):
            cuts.append(["query", segment.parameter, segment.default])
        elif isinstance(segment, ReferrerSlot):
            cuts.append(["referrer"])
        else:
            cuts.append(["text", segment.parameter, segment.transform, segment.default])
    return bytes(body), cuts


def _paste(body: bytes, cuts: list[list[Any]]) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    for kind, *rest in cuts:
        if kind == "bytes":
            segments.append(body[rest[0] : rest[1]])
        elif kind == "token":
            segments.append(TokenSlot())
        elif kind == "query":
            segments.append(QuerySlot(*rest))
        elif kind == "referrer":
            segments.append(ReferrerSlot())
        else:
            segments.append(TextSlot(*rest))
    return tuple(segments)


def _allocation_to_json(allocation: Allocation | None) -> dict[str, Any] | None:
    if allocation is None:
        return None
    return {
        "experiment_id": allocation.experiment_id,
        "experiment_key": allocation.experiment_key,
        "phase": allocation.phase,
        "seed": allocation.seed,
        "ranges": [list(entry) for entry in allocation.ranges],
        "goal": allocation.goal,
        "selector": allocation.selector,
        "window_s": allocation.window_s,
    }


def _allocation_from_json(entry: dict[str, Any] | None) -> Allocation | None:
    if entry is None:
        return None
    return Allocation(**{**entry, "ranges": tuple((key, low, high) for key, low, high in entry["ranges"])})


def _form_to_json(form: Form) -> dict[str, Any]:
    fields = [
        {
            "name": item.name,
            "kind": item.kind,
            "label": item.label,
            "required": item.required,
            "max_length": item.max_length,
            "options": list(item.options),
            "step": item.step,
        }
        for item in form.fields
    ]
    return {
        "key": form.key,
        "thank_you": form.thank_you,
        "consent_text": form.consent_text,
        "message": form.message,
        "fields": fields,
    }


def _form_from_json(entry: dict[str, Any]) -> Form:
    fields = tuple(FormField(**{**item, "options": tuple(item["options"])}) for item in entry["fields"])
    return Form(
        key=entry["key"],
        thank_you=entry["thank_you"],
        consent_text=entry["consent_text"],
        message=entry.get("message", ""),
        fields=fields,
    )
