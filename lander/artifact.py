"""Files that pages use: what type they are, what they are called, how they lie on disk.

A file's name is the hash of its content, so it never changes and may be cached for ever. Its type comes from a fixed
table, and content that contradicts its file name is refused. Nothing here looks into a page or a database.
"""

import gzip
import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import parse_qs, urlencode

import brotli

from lander.durable import put_file, sync_folder
from lander.errors import InvalidInput

ASSET_PREFIX: Final = "/_l/a/"
ASSETS_DIR: Final = "assets"

MEDIA_TYPES: Final[Mapping[str, str]] = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "json": "application/json",
    "webmanifest": "application/manifest+json",
    "txt": "text/plain; charset=utf-8",
    "map": "application/json",
    "vtt": "text/vtt; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "ico": "image/x-icon",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "ttf": "font/ttf",
    "otf": "font/otf",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "mp3": "audio/mpeg",
    "pdf": "application/pdf",
}
TEXT_TYPES: Final = frozenset(["css", "js", "mjs", "json", "webmanifest", "txt", "map", "vtt"])
DOWNLOAD_TYPES: Final = frozenset(["pdf"])  # kept, not shown: a sealed response could not show them
RASTER_TYPES: Final = frozenset(["png", "jpg", "jpeg", "gif", "webp", "avif", "ico"])
_COMPRESSIBLE: Final = TEXT_TYPES | {"svg", "ico", "ttf", "otf"}
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._()-]{0,99}")
_SAME: Final = {"jpeg": "jpg"}
_MAGIC: Final = (
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"\xff\xd8\xff", "jpg"),
    (0, b"GIF87a", "gif"),
    (0, b"GIF89a", "gif"),
    (8, b"WEBP", "webp"),
    (0, b"\x00\x00\x01\x00", "ico"),
    (0, b"wOFF", "woff"),
    (0, b"wOF2", "woff2"),
    (0, b"\x00\x01\x00\x00", "ttf"),
    (0, b"true", "ttf"),
    (0, b"OTTO", "otf"),
    (0, b"\x1a\x45\xdf\xa3", "webm"),
    (0, b"ID3", "mp3"),
    (0, b"%PDF-", "pdf"),
    (0, b"PK\x03\x04", "zip"),
    (0, b"PK\x05\x06", "zip"),
    (0, b"\x1f\x8b", "gz"),
    (0, b"Rar!\x1a\x07", "rar"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"MZ", "exe"),
    (0, b"\x7fELF", "elf"),
)
ARCHIVES: Final = frozenset(["zip", "gz", "rar", "7z"])
PROGRAMS: Final = frozenset(["exe", "elf"])
_AVIF_BRANDS: Final = (b"avif", b"avis")
_NOT_VIDEO_BRANDS: Final = (b"heic", b"heix", b"mif1", b"msf1", b"hevc", b"crx ")
_SMALLEST_GAIN: Final = 0.95  # a compressed form that saves less is not worth its bytes on disk


class AssetFile(Protocol):
    """What is written: an asset with its precompressed forms."""

    name: str
    body: bytes
    gzip: bytes | None
    brotli: bytes | None


def extension(path: str) -> str:
    """The extension of a file name in lower case, without its dot."""
    name = path.rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name.lstrip(".") else ""


def sniff(content: bytes) -> str | None:
    """The type that a file's first bytes state, as an extension; None for text and everything unknown."""
    for offset, magic, found in _MAGIC:
        if content.startswith(magic, offset) and (found != "webp" or content.startswith(b"RIFF")):
            return found
    if content[4:8] == b"ftyp":
        brand = content[8:12]
        return "avif" if brand in _AVIF_BRANDS else None if brand in _NOT_VIDEO_BRANDS else "mp4"
    if len(content) > 1 and content[0] == 0xFF and content[1] & 0xE6 == 0xE2:  # MPEG audio, layer III, no ID3 tag
        return "mp3"
    start = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return (
        "svg"
        if start.startswith((b"<?xml", b"<svg", b"<!--", b"<!doctype svg")) and b"<svg" in content.lower()
        else None
    )


def check_type(path: str, content: bytes) -> str:
    """The extension under which a file is stored; `InvalidInput` where its content is of another type than its name says."""
    stated, found = extension(path), sniff(content)
    if stated not in MEDIA_TYPES:
        raise InvalidInput(
            f"'{path}' is of a type that pages do not use.", fix=f"Types are {', '.join(sorted(MEDIA_TYPES))}."
        )
    if not content:
        raise InvalidInput(f"'{path}' is empty.", fix="Leave it out, or upload the whole file.")
    stated = _SAME.get(stated, stated)
    if stated in TEXT_TYPES:
        if found is not None and found not in TEXT_TYPES | {"svg", "ttf", "mp3"}:
            raise InvalidInput(
                f"'{path}' is not text but {_called(found)}.", fix="Give it its true name, or leave it out."
            )
        if b"\0" in content:
            raise InvalidInput(f"'{path}' is not text.", fix="Upload the file as its author saved it.")
        return stated
    if stated != found:
        actual = _called(found) if found else "something else"
        raise InvalidInput(
            f"'{path}' is called .{stated} but holds {actual}.", fix="Export it again in the type that its name says."
        )
    return stated


def asset_name(content: bytes, ext: str) -> str:
    """`<sha256>.<ext>`: the same content is the same file."""
    return f"{hashlib.sha256(content).hexdigest()}.{ext}"


def link_address(name: str, path: str) -> str:
    """What a link to an asset says: a download carries the file name that it had in its archive along."""
    if extension(name) not in DOWNLOAD_TYPES:
        return f"{ASSET_PREFIX}{name}"
    return f"{ASSET_PREFIX}{name}?{urlencode({'name': path.rpartition('/')[2]})}"


def download_name(name: str, query: str) -> str:
    """What a browser shall call the file it keeps; empty for an asset that it shows."""
    if extension(name) not in DOWNLOAD_TYPES:
        return ""
    asked = parse_qs(query[:400]).get("name", [""])[0]
    return (
        asked if _FILE_NAME.fullmatch(asked) and extension(asked) == extension(name) else f"document.{extension(name)}"
    )


def media_type(name: str) -> str:
    """The Content-Type of an asset, from the fixed table."""
    return MEDIA_TYPES[extension(name)]


def compress(content: bytes, ext: str) -> tuple[bytes | None, bytes | None]:
    """The gzip and the Brotli form of a file, each None where it would hardly be smaller."""
    if ext not in _COMPRESSIBLE:
        return None, None
    limit = len(content) * _SMALLEST_GAIN
    zipped = gzip.compress(content, compresslevel=9, mtime=0)
    mode = brotli.MODE_TEXT if ext in TEXT_TYPES else brotli.MODE_GENERIC
    brotlied: bytes = brotli.compress(content, mode=mode, quality=11)
    return zipped if len(zipped) < limit else None, brotlied if len(brotlied) < limit else None


def asset_path(published_dir: Path, name: str) -> Path:
    """Where an asset lies on disk; its `.gz` and `.br` lie beside it."""
    return published_dir / ASSETS_DIR / name[:2] / name


def write_assets(published_dir: Path, assets: Iterable[AssetFile]) -> None:
    """Put assets on disk; the plain form comes last, so that a file that is there has all its forms."""
    folders: set[Path] = set()
    for asset in assets:
        target = asset_path(published_dir, asset.name)
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        for suffix, content in ((".gz", asset.gzip), (".br", asset.brotli), ("", asset.body)):
            if content is not None:
                put_file(target.with_name(asset.name + suffix), content)
        folders.add(target.parent)
    for folder in folders:
        sync_folder(folder)


def _called(found: str) -> str:
    if found in ARCHIVES:
        return "an archive"
    if found in PROGRAMS:
        return "a program"
    return f"a .{found} file"
