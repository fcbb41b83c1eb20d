"""What an old address is answered with: how it is matched, and what becomes of its parameters.

An address is found as it is written first, then without regard to upper case and a slash at the end. The raw query
string always survives. A leaf: the studio checks with what the public path serves with.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

FORMAT: Final = 1
GONE: Final = 410


class Destination(NamedTuple):
    """Where an old address leads: a path of this host or an https address, and how."""

    target: str  # empty where it is gone
    status: int  # 301, 302 or 410


@dataclass(frozen=True, slots=True)
class Redirects:
    """The old addresses of one host. `id` is the SHA-256 of the file they came from."""

    id: str = ""
    exact: Mapping[str, Destination] = field(default_factory=dict)
    folded: Mapping[str, Destination] = field(default_factory=dict)  # by `fold_path`

    def find(self, path: str) -> Destination | None:
        """The destination of a path as text; None where it is no old address."""
        return self.exact.get(path) or self.folded.get(fold_path(path))


def fold_path(path: str) -> str:
    """What all spellings of an address have in common.

    >>> fold_path("/Old/Page/"), fold_path("/")
    ('/old/page', '/')
    """
    return path.rstrip("/").lower() or "/"


def join_query(target: str, query: str) -> str:
    """The target with the visitor's raw query string behind its own, and its fragment last.

    >>> join_query("/sale?ad=1#form", "gclid=x")
    '/sale?ad=1&gclid=x#form'
    """
    if not query:
        return target
    address, mark, fragment = target.partition("#")
    return f"{address}{'&' if '?' in address else '?'}{query}{mark}{fragment}"


def make_redirects(rows: Iterable[tuple[str, str, int]], *, redirects_id: str = "") -> Redirects:
    """The redirects of one host from (path, target, status).

    Of several addresses that fold alike, the one that is written folded speaks for them, else the first by its letters.
    """
    exact = {path: Destination(target, status) for path, target, status in sorted(rows)}
    folded: dict[str, Destination] = {}
    for path, destination in exact.items():
        folded.setdefault(fold_path(path), destination)
    folded.update((path, exact[path]) for path in folded.keys() & exact.keys())
    return Redirects(redirects_id, exact, folded)


def write_redirects(rows: Iterable[tuple[str, str, int]]) -> tuple[str, bytes]:
    """The id and the content of the file that nodes serve redirects from; equal rows are the same file."""
    payload = {"format": FORMAT, "redirects": sorted(map(list, rows))}
    content = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    return hashlib.sha256(content).hexdigest(), content


def read_redirects(redirects_id: str, content: bytes) -> Redirects:
    """The redirects in a file; raises `ValueError` for another format."""
    payload = json.loads(content)
    if payload["format"] != FORMAT:
        raise ValueError(f"the redirects have format {payload['format']}; this Lander reads {FORMAT}")
    return make_redirects(payload["redirects"], redirects_id=redirects_id)
