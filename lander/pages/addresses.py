"""Addresses as pages and stylesheets write them: what they are for, and which file or host they lead to.

Resolving is what a browser would do if the page stood at its place in the archive. Nothing is fetched.
"""

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_IGNORED: Final = re.compile(r"[\t\n\r]")
_WEB: Final = frozenset(["http", "https"])
_INSIDE: Final = frozenset(["data", "blob", "about"])


class Kind(StrEnum):
    """What a reference loads; the words of the policy's `isolation.allow`, and `link` for where a click leads."""

    SCRIPT = "script"
    STYLE = "style"
    IMG = "img"
    FONT = "font"
    MEDIA = "media"
    CONNECT = "connect"
    FRAME = "frame"
    LINK = "link"


class Scope(StrEnum):
    """Where an address leads."""

    EXTERNAL = "external"  # another host
    RELATIVE = "relative"  # a file of the archive, or a path on the pages host
    INSIDE = "inside"  # this very document: #fragment, data:, empty
    OTHER = "other"  # mailto:, tel:, javascript: …


@dataclass(frozen=True, slots=True)
class Address:
    """A resolved address. `target` is the absolute address where external, the archive path where relative."""

    scope: Scope
    target: str = ""
    fragment: str = ""  # with its '#'
    rooted: bool = False  # written with a leading slash


def resolve_address(written: str, base: str) -> Address:
    """Where `written` leads from `base`, which is an archive path ('css/main.css') or an absolute address.

    Leading too high ('../../..') ends at the archive's top, as in a browser. Protocol-relative addresses are https.
    """
    text = _IGNORED.sub("", written).strip(" \x0c\x00")
    match = _SCHEME.match(text)
    scheme = match[1].lower() if match else ""
    if scheme in _WEB:
        return _external(text)
    if scheme:
        return Address(Scope.INSIDE if scheme in _INSIDE else Scope.OTHER, text)
    path, mark, fragment = text.partition("#")
    if not path:
        return Address(Scope.INSIDE, fragment=mark + fragment)
    path = path.replace("\\", "/")
    if path.startswith("//"):
        return _external(f"https:{path}{mark}{fragment}")
    if is_absolute(base):
        return _external(urljoin(_absolute(base), path) + mark + fragment)
    bare = unquote(path.partition("?")[0])
    folder = "" if bare.startswith("/") else posixpath.dirname(base)
    if not bare:
        return Address(Scope.RELATIVE, base, mark + fragment)  # '?lang=de': the same file
    target = posixpath.normpath(posixpath.join("/", folder, bare)).lstrip("/")
    if bare.endswith(("/", "/.", "/..")) or bare in (".", ".."):
        target = f"{target}/" if target else ""
    return Address(Scope.RELATIVE, target, mark + fragment, rooted=bare.startswith("/"))


def is_absolute(address: str) -> bool:
    """Whether it names a host of its own."""
    return address.startswith("//") or _SCHEME.match(address) is not None


def normalise_url(address: str) -> str:
    """An absolute address without scheme, fragment and default port, for telling whether two mean the same file."""
    try:
        parts = urlsplit(_absolute(address.strip()))
        port = parts.port
    except ValueError:
        return address
    host = (parts.hostname or "") + (f":{port}" if port not in (None, 80, 443) else "")
    return f"//{host}{parts.path or '/'}{'?' + parts.query if parts.query else ''}"


def find_file(files: Mapping[str, str] | Iterable[str], address: Address) -> str | None:
    """The key in `files` (archive paths and absolute addresses) that an address leads to.

    An address is found as it is written first, then without regard to http, https or a missing scheme. A path is found
    as it is written first, then without regard to case where only one file fits, as on the author's own computer.
    """
    if address.scope is Scope.EXTERNAL:
        if address.target in files:
            return address.target
        wanted = normalise_url(address.target)
        return next((key for key in files if is_absolute(key) and normalise_url(key) == wanted), None)
    if address.scope is not Scope.RELATIVE:
        return None
    if address.target in files:
        return address.target
    folded = address.target.casefold()
    alike = [key for key in files if key.casefold() == folded]
    return alike[0] if len(alike) == 1 else None


def _absolute(address: str) -> str:
    return f"https:{address}" if address.startswith("//") else address


def _external(address: str) -> Address:
    target, mark, fragment = address.partition("#")
    return Address(Scope.EXTERNAL, target, mark + fragment)
