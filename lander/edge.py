"""Where time and the client's address enter: one function for every plane.

The address is the connection's own. Where that is a proxy which the settings name, it is the rightmost one in
`X-Forwarded-For` that is none: whatever stands left of it was written by somebody who is not trusted.

In development a signed `Lander-Simulation` header from loopback may carry both, so that demo and tests can send weeks
of honest traffic through the front door in a minute. Anywhere else the header is ignored.
"""

import ipaddress
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from itsdangerous import BadSignature, Signer

from lander.config import UNIX_PEER, Settings

SIMULATION_HEADER: Final = "Lander-Simulation"
_SALT: Final = "lander.simulation"
_FIELDS: Final = 2
_SAME_MACHINE: Final = "127.0.0.1"  # a unix socket's peer has no address
_LONGEST_CHAIN: Final = 512


class Edge(NamedTuple):  # every page view makes one: half the price of a frozen dataclass
    """When a request came, and from where."""

    now: datetime
    address: str
    simulated: bool = False

    @property
    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return round(self.now.timestamp() * 1000)

    @property
    def network(self) -> str:
        """The address cut to /24 or /48: the most of it that is ever written down."""
        return cut_address(self.address)


def read_edge(environ: Mapping[str, Any], settings: Settings) -> Edge:
    """Time and address of a WSGI request."""
    address = _find_address(environ, settings)
    header = environ.get("HTTP_LANDER_SIMULATION")
    if header and settings.is_development and _is_loopback(address):
        simulated = _read_simulation(str(header), settings)
        if simulated is not None:
            return simulated
    return Edge(now=datetime.now(UTC), address=address)


def sign_simulation(now: datetime, address: str, settings: Settings) -> str:
    """The header's value for a simulated visit; only a development process believes it."""
    return _signer(tuple(settings.signing_keys)).sign(f"{now.timestamp():.3f}|{address}").decode("ascii")


@lru_cache(maxsize=8192)
def cut_address(address: str) -> str:
    """/24 of an IPv4 address, /48 of an IPv6 address; '0.0.0.0/24' where it is no address (a unix socket)."""
    ip = _read_address(address)
    if ip is None:
        return "0.0.0.0/24"
    prefix = 24 if ip.version == 4 else 48
    return str(ipaddress.ip_network(f"{ip}/{prefix}", strict=False))


def _find_address(environ: Mapping[str, Any], settings: Settings) -> str:
    peer = str(environ.get("REMOTE_ADDR") or "")
    forwarded = environ.get("HTTP_X_FORWARDED_FOR")
    if forwarded and settings.proxies:
        return _find_client(peer, str(forwarded)[-_LONGEST_CHAIN:], settings.proxies)
    return peer or _SAME_MACHINE


@lru_cache(maxsize=8192)
def _find_client(peer: str, forwarded: str, proxies: tuple[str, ...]) -> str:
    """Who asked; the last proxy itself where it names nobody, or something that is no address."""
    client = peer
    rest = forwarded
    while rest and _is_proxy(client, proxies):
        rest, _, said = rest.rpartition(",")
        address = _read_address(said.strip())
        if address is None:
            break
        client = str(address)
    return client or _SAME_MACHINE


@lru_cache(maxsize=1024)
def _is_proxy(address: str, proxies: tuple[str, ...]) -> bool:
    if not address:
        return UNIX_PEER in proxies
    ip = _read_address(address)
    return ip is not None and any(ip in ipaddress.ip_network(network) for network in proxies if network != UNIX_PEER)


def _read_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, an IPv4 one that came in IPv6's clothes as itself; None where it is none."""
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip


def _read_simulation(header: str, settings: Settings) -> Edge | None:
    try:
        parts = _signer(tuple(settings.signing_keys)).unsign(header).decode("ascii").split("|")
        if len(parts) != _FIELDS:
            return None
        return Edge(now=datetime.fromtimestamp(float(parts[0]), UTC), address=parts[1], simulated=True)
    except (BadSignature, ValueError, OverflowError, OSError):
        return None


@lru_cache(maxsize=4)
def _signer(keys: tuple[str, ...]) -> Signer:
    return Signer(list(keys), salt=_SALT)


@lru_cache(maxsize=1024)
def _is_loopback(address: str) -> bool:
    ip = _read_address(address)
    return ip is not None and ip.is_loopback
