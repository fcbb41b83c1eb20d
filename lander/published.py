"""What visitors see of a page: its release, in memory and in its documented form on disk.

A release is immutable and content-addressed: `releases/<id>/manifest.json` beside one `<variant>.html` each, whose bytes
the manifest cuts into segments with slots between them. It is read without a database and without Python objects in the
files (`docs/developer/release.md`); `lander.catalog` says which one answers at which address.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lander.durable import sync_folder, write_file

RELEASE_FORMAT: Final = 3
# 1 knew no query and referrer slots, 2 no further goals; an older reader must not meet them
_READ_FORMATS: Final = (1, 2, 3)
RELEASES_DIR: Final = "releases"


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
    goals: tuple[tuple[str, str, str], ...] = ()  # further ones: key, kind, and what is clicked or passed

    @property
    def every_goal(self) -> tuple[tuple[str, str, str], ...]:
        """All of them in the same three parts, the one that decides first."""
        return ((self.goal, self.goal, self.selector), *self.goals)

    @property
    def clicked(self) -> tuple[str, ...]:
        """The selectors of all click goals."""
        return tuple(target for _, kind, target in self.every_goal if kind == "click")


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
        "goals": [list(entry) for entry in allocation.goals],
    }


def _allocation_from_json(entry: dict[str, Any] | None) -> Allocation | None:
    if entry is None:
        return None
    ranges = tuple((key, low, high) for key, low, high in entry["ranges"])
    goals = tuple((key, kind, target) for key, kind, target in entry.get("goals", ()))
    return Allocation(**{**entry, "ranges": ranges, "goals": goals})


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
