"""Where Lander itself may go: to public addresses, never into a network from inside, whatever for.

Names move, so they are looked up before every request, and whoever asks connects to the very addresses found here. In
development plain http may go to this machine alone.
"""

import ipaddress
import queue
import re
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from lander.errors import LanderError

PATIENCE_S: Final = 5.0
LONGEST_URL: Final = 2000
_PLAIN: Final = re.compile(r"[!-\[\]-~]+")  # visible ASCII without the backslash, which browsers take for a slash
_GLOBAL_IPV6: Final = ipaddress.ip_network("2000::/3")
# parts of the public space that lead elsewhere, or that `is_global` of older Pythons lets through
_NOT_PUBLIC: Final = tuple(
    map(
        ipaddress.ip_network,
        ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20"),
    )
)

Resolve = Callable[[str, float], Sequence[str]]
"""The addresses of a host name, within so many seconds; raises `OSError`."""


class EgressRefused(LanderError):
    """Nothing is sent there: what is in the way, and who may change it."""

    code = "egress-refused"
    status = 422


@dataclass(frozen=True, slots=True)
class Target:
    """An address that may be asked, and where exactly its host is now."""

    url: str
    host: str
    port: int
    path: str  # with the query
    is_tls: bool
    addresses: tuple[str, ...]


def look_up(host: str, patience_s: float) -> list[str]:
    """All addresses of a name. The system's own look-up knows no patience, so it runs beside."""
    found: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            found.put(list(dict.fromkeys(str(answer[4][0]) for answer in answers)))
        except OSError as error:
            found.put(error)
        except UnicodeError:
            found.put(OSError("it is no host name"))

    threading.Thread(target=ask, name="look-up", daemon=True).start()
    try:
        answer = found.get(timeout=patience_s)
    except queue.Empty:
        raise TimeoutError("no name server answered in time") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def read_url(url: str) -> SplitResult | None:
    """The parts of a web address that can be asked as it is written; None for anything else."""
    with suppress(ValueError):
        parts = urlsplit(url)
        readable = _PLAIN.fullmatch(url) and len(url) <= LONGEST_URL and parts.port != 0
        if readable and parts.hostname and not parts.fragment and parts.scheme in ("http", "https"):
            return parts
    return None


def find_own_target(parts: SplitResult, *, is_development: bool) -> Target | None:
    """The target on this very machine, which development alone may ask over plain http."""
    host = (parts.hostname or "").lower()
    if not is_development or parts.scheme != "http" or not _is_this_machine(host):
        return None
    own = "::1" if host == "::1" else "127.0.0.1"
    return Target(parts.geturl(), host, parts.port or 80, _path_of(parts), is_tls=False, addresses=(own,))


def find_target(parts: SplitResult, resolve: Resolve, patience_s: float = PATIENCE_S) -> Target:
    """The target on the public internet; raises `EgressRefused`. Scheme, port and host are the caller's to judge."""
    host = (parts.hostname or "").lower()
    addresses = _find_public(host, resolve, patience_s)
    return Target(parts.geturl(), host, 443, _path_of(parts), is_tls=True, addresses=addresses)


def is_public(address: str) -> bool:
    """Whether this is one address of the public internet.

    Addresses that carry another one inside (mapped, translated, tunnelled) are not: what they lead to is unknown.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if not ip.is_global or ip.is_multicast or ip.is_reserved:
        return False
    if any(ip in network for network in _NOT_PUBLIC if network.version == ip.version):
        return False
    return ip.version == 4 or ip in _GLOBAL_IPV6


def _path_of(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _find_public(host: str, resolve: Resolve, patience_s: float) -> tuple[str, ...]:
    try:
        addresses = tuple(resolve(host, patience_s))
    except OSError as error:
        raise EgressRefused(
            f"{host} cannot be found: {error.strerror or error}.", fix="Check its spelling, or try again later."
        ) from None
    for address in addresses:
        if not is_public(address):
            raise EgressRefused(
                f"{host} leads to {address}, which is not an address of the public internet.",
                fix="Lander never reaches into a network from inside, and nobody can allow it. "
                f"Whoever runs {host} must give it public addresses only.",
            )
    if not addresses:
        raise EgressRefused(f"{host} has no address.", fix="Check its spelling, or try again later.")
    return addresses


def _is_this_machine(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1") or host.endswith(".localhost")
