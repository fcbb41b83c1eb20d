"""From an upload's files to assets: checked, cleaned, led to each other, precompressed, stored once.

A stylesheet's own references become asset addresses, so its name depends on the files it uses: they come first.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from graphlib import CycleError, TopologicalSorter
from typing import Final

from sqlmodel import Session

from lander.artifact import (
    ASSET_PREFIX,
    MEDIA_TYPES,
    RASTER_TYPES,
    TEXT_TYPES,
    check_type,
    extension,
    sniff,
)
from lander.errors import InvalidInput
from lander.pages.addresses import Address, Kind, find_file, resolve_address
from lander.pages.drawing import draw_afterwards
from lander.pages.images import check_raster, clean_svg
from lander.pages.models import Asset
from lander.pages.storage import store_asset
from lander.pages.stylesheets import Settled, find_css_references, settle_css
from lander.policy.policy import MIB, UploadLimits

_CHARSET: Final = re.compile(rb'@charset "([A-Za-z0-9_:.-]{1,40})";')
_BY_KIND: Final = {Kind.STYLE: "css", Kind.SCRIPT: "js"}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A checked file under its key: the path in its archive, or the absolute address it was brought for."""

    key: str
    ext: str
    content: bytes
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class Stored:
    """What came of files: assets by key, and what their stylesheets still load from elsewhere."""

    names: dict[str, str] = field(default_factory=dict)  # key → asset name
    assets: dict[str, Asset] = field(default_factory=dict)  # asset name → asset
    warnings: list[str] = field(default_factory=list)


def prepare_file(key: str, content: bytes, limits: UploadLimits, *, path: str = "") -> Prepared:
    """Check one file against its type and the limits; `path` is its file name where the key is no path."""
    path = path or key
    if len(content) > limits.file_bytes:
        raise InvalidInput(
            f"'{path}' has more than {limits.file_bytes // MIB} MiB.", fix="Make it smaller and try again."
        )
    ext = check_type(path, content)
    if ext in RASTER_TYPES:
        check_raster(path, ext, content, most_pixels=limits.image_pixels)
    if ext == "svg":
        cleaned, removed = clean_svg(path, content)
        return Prepared(key, ext, cleaned, tuple(removed))
    if ext == "css":
        return Prepared(key, ext, _decode_css(content).encode())
    if ext in ("js", "mjs") and not _is_utf8(content):
        return Prepared(key, ext, content, (f"'{path}' is not UTF-8; its special characters may come out wrong.",))
    return Prepared(key, ext, content)


def name_brought(url: str, filename: str, content: bytes, kind: Kind | None) -> str:
    """A file name with an extension for a file brought in place of an address: its own, the address's, or what it is."""
    found = sniff(content)
    for candidate in (filename, url.partition("?")[0].partition("#")[0].rstrip("/")):
        ext = extension(candidate)
        if ext in TEXT_TYPES or (ext in MEDIA_TYPES and found not in MEDIA_TYPES):
            return candidate
    ext = found or (_BY_KIND.get(kind, "") if kind is not None else "")
    if ext not in MEDIA_TYPES:
        raise InvalidInput(
            f"It cannot be told what type of file '{filename or url}' is.", fix="Give its name an extension, like .css."
        )
    return f"{filename or url}.{ext}"


def store_files(session: Session, prepared: Iterable[Prepared], *, now: datetime) -> Stored:
    """Make assets of files, stylesheets led to the others; a file that is there already is not stored again.

    Images among them are drawn smaller when the session is over, so that publishing finds what it offers.
    """
    stored = Stored()
    sheets: dict[str, Prepared] = {}
    for file in prepared:
        stored.warnings += file.warnings
        if file.ext == "css":
            sheets[file.key] = file
        else:
            _store(session, stored, file.key, file.ext, file.content, now=now)
    everything = [*stored.names, *sheets]
    for key in _in_order(sheets, everything):
        text = sheets[key].content.decode()

        def name_of(address: Address) -> str | None:
            found = find_file(everything, address)
            return None if found is None else stored.names[found]

        settled = settle_css(text, base=key, prefix=ASSET_PREFIX, name_of=name_of)
        stored.warnings += [
            f"{key}, line {line}, refers to {address}, which is not among the files."
            for address, line in settled.missing
        ]
        _store(session, stored, key, "css", settled.text.encode(), now=now, css=settled)
    draw_afterwards(session, stored.assets, now=now)
    return stored


def resettle(session: Session, files: Mapping[str, str], *, now: datetime) -> dict[str, str]:
    """The files of a version with its stylesheets led to what has come inside since; keys stay, names may change."""
    names = dict(files)
    replaced: dict[str, str] = {}

    def name_of(address: Address) -> str | None:
        found = find_file(names, address)
        return None if found is None else names[found]

    for _ in range(len(names) + 1):  # a stylesheet's new name changes those that import it, at most so many times
        before = dict(names)
        for key, name in sorted(before.items()):
            asset = session.get(Asset, name) if extension(name) == "css" else None
            if asset is None:
                continue
            text = asset.body.decode()
            for old, new in replaced.items():
                text = text.replace(ASSET_PREFIX + old, ASSET_PREFIX + new)
            settled = settle_css(text, base=key, prefix=ASSET_PREFIX, name_of=name_of)
            if settled.text.encode() != asset.body:
                stored = Stored()
                _store(session, stored, key, "css", settled.text.encode(), now=now, css=settled)
                replaced[name] = names[key] = stored.names[key]
        if names == before:
            return names
    raise InvalidInput("Stylesheets import each other in a circle.", fix="Take one of the @imports out.")


def _store(
    session: Session, stored: Stored, key: str, ext: str, content: bytes, *, now: datetime, css: Settled | None = None
) -> None:
    asset = store_asset(session, ext, content, now=now, css=css)
    stored.names[key] = asset.name
    stored.assets[asset.name] = asset


def _in_order(sheets: Mapping[str, Prepared], everything: list[str]) -> list[str]:
    """Stylesheets, imported ones before those that import them."""
    graph: dict[str, list[str]] = {}
    for key, file in sheets.items():
        targets = (
            find_file(everything, resolve_address(reference.address, key))
            for reference in find_css_references(file.content.decode())
        )
        graph[key] = [target for target in targets if target is not None and target in sheets]
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = " → ".join(error.args[1])
        raise InvalidInput(
            f"Stylesheets import each other in a circle: {circle}.", fix="Take one of the @imports out."
        ) from None


def _decode_css(content: bytes) -> str:
    """The text, in the encoding it names where it is not UTF-8."""
    if _is_utf8(content):
        return content.decode("utf-8-sig")
    match = _CHARSET.match(content)
    try:
        return content.decode(match[1].decode("ascii") if match else "cp1252")
    except (LookupError, UnicodeDecodeError):
        return content.decode("cp1252", "replace")


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
