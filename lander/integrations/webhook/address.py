"""Where a webhook may lead. Checked when an address is saved and again at every attempt, because names move.

Only https, only port 443, only hosts that IT put on the list, only where every address of the host is public. Whoever
sends connects to the very addresses found here, so that a name cannot lead elsewhere a moment later. In development
plain http may go to this machine alone.
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
from lander.policy.policy import Policy

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
    """An address that may be sent to, and where exactly its host is now."""

    url: str
    host: str
    port: int
    path: str  # with the query
    is_tls: bool
    addresses: tuple[str, ...]


def check_target(
    url: str, *, policy: Policy, is_development: bool, resolve: Resolve, patience_s: float = 5.0
) -> Target:
    """The target that an address leads to; raises `EgressRefused`."""
    parts = _read_url(url)
    host = (parts.hostname or "").lower()
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if is_development and parts.scheme == "http" and _is_this_machine(host):
        own = "::1" if host == "::1" else "127.0.0.1"
        return Target(url, host, parts.port or 80, path, is_tls=False, addresses=(own,))
    _check_scheme(parts, host)
    _check_host(host, policy.egress.webhook_hosts)
    return Target(url, host, 443, path, is_tls=True, addresses=_find_public(host, resolve, patience_s))


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


def _read_url(url: str) -> SplitResult:
    with suppress(ValueError):
        parts = urlsplit(url)
        readable = _PLAIN.fullmatch(url) and len(url) <= LONGEST_URL and parts.port != 0
        if readable and parts.hostname and not parts.fragment and parts.scheme in ("http", "https"):
            return parts
    raise EgressRefused(
        "This is not an address that a webhook can be sent to.",
        fix=f"Write it in full, like https://hooks.example.com/leads, in at most {LONGEST_URL} characters.",
    )


def _check_scheme(parts: SplitResult, host: str) -> None:
    if parts.scheme != "https":
        raise EgressRefused(
            "Webhooks are sent over https only, because leads travel in them, and this address begins with http://.",
            fix=f"Ask whoever runs {host} for its https address; nobody can allow plain http.",
        )
    if parts.username is not None or parts.password is not None:
        raise EgressRefused(
            "The address holds a user name or a password, which would be shown on screens.",
            fix="Take it out: the signature proves to the receiver who sends.",
        )
    if parts.port not in (None, 443):
        raise EgressRefused(
            f"Webhooks are sent to port 443 only, and this address names port {parts.port}.",
            fix=f"Ask whoever runs {host} to receive them there; nobody can allow another port.",
        )


def _check_host(host: str, allowed: Sequence[str]) -> None:
    if host not in allowed:
        known = f" Allowed so far: {', '.join(allowed)}." if allowed else ""
        raise EgressRefused(
            f"IT has not allowed webhooks to {host}.",
            fix=f"IT can: one line in the policy, webhook_hosts of [egress].{known}",
        )


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
                fix="Webhooks never reach into a network from inside, and nobody can allow it. "
                f"Whoever runs {host} must give it public addresses only.",
            )
    if not addresses:
        raise EgressRefused(f"{host} has no address.", fix="Check its spelling, or try again later.")
    return addresses


def _is_this_machine(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1") or host.endswith(".localhost")
