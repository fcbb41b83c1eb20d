"""Unpacking what somebody uploads, into memory and within limits.

Nothing is extracted to disk and nothing that a zip says about itself is believed: bytes are counted as they come out.
Whatever looks like an attempt to get out of the box refuses the whole upload; what is merely useless is left out and
named.
"""

import contextlib
import io
import re
import stat
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from typing import Final

import webencodings  # type: ignore[import-untyped]

from lander.artifact import ARCHIVES, MEDIA_TYPES, PROGRAMS, extension, sniff
from lander.errors import InvalidInput
from lander.policy.policy import MIB, UploadLimits

HTML_TYPES: Final = frozenset(["html", "htm"])
_IGNORED_NAMES: Final = frozenset([".ds_store", "thumbs.db", "desktop.ini"])
_IGNORED_FOLDER: Final = "__MACOSX"
_ENTRY_SIGNATURE: Final = b"PK\x01\x02"
_LOCAL_HEADER_BYTES: Final = 30
_CHUNK_BYTES: Final = 64 * 1024
_RATIO_FREE_BYTES: Final = 256 * 1024  # below this even a file of one repeated byte is harmless
_LONGEST_PATH: Final = 255
_UTF8_FLAG: Final = 0x800
_ENCRYPTED_FLAGS: Final = 0x1 | 0x40 | 0x2000
_META_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]+)", re.IGNORECASE)
_PRESCAN_BYTES: Final = 1024
_HOW_TO_ZIP: Final = "Zip the folder of the page again, as a plain zip file."


@dataclass(frozen=True, slots=True)
class Upload:
    """What came out: files by path, and what was left out, with the reason."""

    files: dict[str, bytes]
    left_out: tuple[tuple[str, str], ...]


def read_upload(filename: str, content: bytes, limits: UploadLimits) -> Upload:
    """The files of an upload, which is one HTML file or a zip; raises `InvalidInput` and keeps nothing otherwise."""
    ext = extension(filename)
    if len(content) > limits.zip_bytes:
        raise InvalidInput(
            f"'{filename}' has {_mib(len(content))}; at most {_mib(limits.zip_bytes)} are allowed.",
            fix="Make images and videos smaller, or leave out what the page does not use.",
        )
    if not content:
        raise InvalidInput(f"'{filename}' is empty.", fix="Upload the page's HTML file, or a zip of its folder.")
    if ext in HTML_TYPES:
        if len(content) > limits.file_bytes:
            raise _too_large(filename, limits)
        return Upload({_single_name(filename): content}, ())
    if sniff(content) != "zip":
        raise InvalidInput(
            f"'{filename}' is neither an HTML file nor a zip.",
            fix="Upload the page's HTML file, or a zip of its folder.",
        )
    return _read_zip(content, limits)


def decode_html(path: str, content: bytes) -> tuple[str, str]:
    """The text of an HTML file and the encoding it was in: byte order mark, then its own meta, then UTF-8, then Windows.

    Raises `InvalidInput` where it is not text in the encoding it states.
    """
    encoding, stated = _find_encoding(content)
    try:
        text = encoding.codec_info.decode(content, "strict")[0]
    except UnicodeDecodeError as error:
        if stated:
            line = content.count(b"\n", 0, error.start) + 1
            raise InvalidInput(
                f"'{path}' says it is {encoding.name}, but line {line} is not.",
                fix="Save it as UTF-8 and upload it again.",
            ) from None
        encoding = webencodings.lookup("windows-1252")
        text = content.decode("cp1252", "replace")
    if "\0" in text:
        raise InvalidInput(f"'{path}' is not a text file.", fix="Upload the HTML file as its author saved it.")
    return text.removeprefix("\ufeff"), encoding.name


def _find_encoding(content: bytes) -> tuple[webencodings.Encoding, bool]:
    for mark, label in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16le"), (b"\xfe\xff", "utf-16be")):
        if content.startswith(mark):
            return webencodings.lookup(label), True
    match = _META_CHARSET.search(content[:_PRESCAN_BYTES])
    encoding = webencodings.lookup(match[1].decode("ascii")) if match else None
    if encoding is None:
        return webencodings.lookup("utf-8"), False
    if encoding.name.startswith("utf-16"):  # it was read as ASCII to get here, so it is not
        encoding = webencodings.lookup("utf-8")
    return encoding, True


def _read_zip(content: bytes, limits: UploadLimits) -> Upload:
    if content.count(_ENTRY_SIGNATURE) > limits.entries * 2:  # before zipfile spends seconds on a directory of millions
        raise _too_many(limits)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if not entries:
                raise InvalidInput("The zip is empty.", fix=_HOW_TO_ZIP)
            if len(entries) > limits.entries:
                raise _too_many(limits)
            _check_layout(content, entries, archive.start_dir)
            named = _check_entries(entries, limits)
            files = _unpack(archive, named, limits)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError, RuntimeError) as error:
        raise InvalidInput(f"The zip is damaged: {error}.", fix=_HOW_TO_ZIP) from None
    return _sort_out(_unwrap(files))


def _check_entries(entries: list[zipfile.ZipInfo], limits: UploadLimits) -> dict[str, zipfile.ZipInfo]:
    """Files by checked path; folders and what computers add by themselves are passed over."""
    named: dict[str, zipfile.ZipInfo] = {}
    seen: dict[str, str] = {}
    for entry in entries:
        path = _check_path(entry, limits)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise InvalidInput(
                f"'{path}' in the zip is a link or a device, not a file.", fix="Put the file itself into the zip."
            )
        if entry.flag_bits & _ENCRYPTED_FLAGS:
            raise InvalidInput("The zip is encrypted.", fix="Zip the folder again without a password.")
        if entry.is_dir() or path.endswith("/"):
            continue
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InvalidInput(f"'{path}' in the zip is compressed in an unusual way.", fix=_HOW_TO_ZIP)
        folded = path.casefold()
        if folded in seen:
            raise InvalidInput(
                f"The zip holds '{seen[folded]}' and '{path}', which are one file on many computers.",
                fix="Rename one of them.",
            )
        seen[folded] = path
        named[path] = entry
    return {path: entry for path, entry in named.items() if not _is_ignored(path)}


def _check_path(entry: zipfile.ZipInfo, limits: UploadLimits) -> str:
    name = entry.orig_filename
    if not entry.flag_bits & _UTF8_FLAG:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")  # macOS writes UTF-8 without saying so
    name = unicodedata.normalize("NFC", name).replace("\\", "/")
    shown = ascii(name)[1:-1][:80]
    if (
        not name
        or any(unicodedata.category(character) in ("Cc", "Cs") for character in name)
        or len(name) > _LONGEST_PATH
    ):
        raise InvalidInput(f"The zip holds a file with an impossible name ('{shown}').", fix="Rename it.")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", name) or not parts:
        raise InvalidInput(
            f"'{shown}' in the zip leads outside the page's folder.", fix="Zip the folder itself, with paths inside it."
        )
    if len(parts) > limits.depth + 1:
        raise InvalidInput(f"'{shown}' lies more than {limits.depth} folders deep.", fix="Use fewer folders.")
    return "/".join(parts) + ("/" if name.endswith("/") else "")


def _check_layout(content: bytes, entries: list[zipfile.ZipInfo], directory_start: int) -> None:
    """Refuse entries that share bytes: that is how a small zip claims to hold gigabytes."""
    ordered = sorted(entries, key=lambda entry: entry.header_offset)
    ends = [entry.header_offset for entry in ordered[1:]] + [directory_start]
    for entry, end in zip(ordered, ends, strict=True):
        header = content[entry.header_offset : entry.header_offset + _LOCAL_HEADER_BYTES]
        if len(header) < _LOCAL_HEADER_BYTES:
            raise zipfile.BadZipFile("it ends too early")
        names = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        if entry.header_offset + _LOCAL_HEADER_BYTES + names + entry.compress_size > end:
            raise InvalidInput("Files in the zip overlap, as in a zip bomb.", fix=_HOW_TO_ZIP)


def _unpack(archive: zipfile.ZipFile, named: dict[str, zipfile.ZipInfo], limits: UploadLimits) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    total = 0
    for path, entry in named.items():
        body = bytearray()
        with archive.open(entry) as handle:
            while chunk := handle.read(_CHUNK_BYTES):
                body += chunk
                total += len(chunk)
                if len(body) > limits.file_bytes:
                    raise _too_large(path, limits)
                if total > limits.unpacked_bytes:
                    raise InvalidInput(
                        f"The zip unpacks to more than {_mib(limits.unpacked_bytes)}.",
                        fix="Leave out what the page does not use.",
                    )
                if len(body) > max(_RATIO_FREE_BYTES, entry.compress_size * limits.ratio):
                    raise InvalidInput(
                        f"'{path}' unpacks to more than {limits.ratio} times its size, as in a zip bomb.",
                        fix="Leave it out, or ask IT to raise uploads.ratio.",
                    )
        files[path] = bytes(body)
    return files


def _unwrap(files: dict[str, bytes]) -> dict[str, bytes]:
    tops = {path.partition("/")[0] for path in files}
    if len(tops) == 1 and all("/" in path for path in files):
        return {path.partition("/")[2]: body for path, body in files.items()}
    return files


def _sort_out(files: dict[str, bytes]) -> Upload:
    kept: dict[str, bytes] = {}
    left_out: list[tuple[str, str]] = []
    for path, body in files.items():
        ext, found = extension(path), sniff(body)
        if found in ARCHIVES or ext in ARCHIVES:
            raise InvalidInput(
                f"'{path}' is an archive inside the zip.", fix="Unpack it first, and zip everything as one folder."
            )
        if found in PROGRAMS:
            raise InvalidInput(f"'{path}' is a program.", fix="Leave it out; pages cannot offer programs.")
        if ext not in MEDIA_TYPES and ext not in HTML_TYPES:
            left_out.append((path, "pages do not use files of this type"))
        elif ext == "map":
            left_out.append((path, "source maps are for developers"))
        elif not body:
            left_out.append((path, "it is empty"))
        else:
            kept[path] = body
    return Upload(kept, tuple(left_out))


def _is_ignored(path: str) -> bool:
    parts = path.split("/")
    return parts[0] == _IGNORED_FOLDER or parts[-1].lower() in _IGNORED_NAMES or parts[-1].startswith("._")


def _single_name(filename: str) -> str:
    name = filename.replace("\\", "/").rpartition("/")[2]
    return name if re.fullmatch(r"[\w .()-]{1,100}", name) else "index.html"


def _too_large(path: str, limits: UploadLimits) -> InvalidInput:
    return InvalidInput(
        f"'{path}' has more than {_mib(limits.file_bytes)}.", fix="Make it smaller; visitors wait for every byte of it."
    )


def _too_many(limits: UploadLimits) -> InvalidInput:
    return InvalidInput(
        f"The zip holds more than {limits.entries} files.",
        fix="Leave out what the page does not use (node_modules, sources).",
    )


def _mib(count: int) -> str:
    return f"{count / MIB:.0f} MiB" if count >= MIB else f"{count:,} bytes"
