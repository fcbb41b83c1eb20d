"""One request to a host outside and its answer: to exactly the addresses that were checked, with one deadline for all of it.

No redirect is followed, and what is answered is read to a limit and thrown away.
"""

import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection, HTTPException
from io import BufferedReader, RawIOBase
from typing import TYPE_CHECKING, Final

from lander.integrations.egress import PATIENCE_S, Resolve, Target, look_up

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LARGEST_ANSWER: Final = 1024 * 1024
_PART: Final = 16 * 1024

Connect = Callable[[tuple[str, int], float], socket.socket]


class NoAnswer(Exception):
    """What came, if anything did, is no answer; in words."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host said."""

    status: int
    location: str = ""  # where it sends on, as it wrote it


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


@dataclass(frozen=True, slots=True)
class Network:
    """The way out: names to addresses, addresses to sockets, and whose certificates are believed."""

    resolve: Resolve = look_up
    connect: Connect = socket.create_connection
    trust: Callable[[], ssl.SSLContext] = field(default=_trust)


def ask(
    target: Target, method: str, headers: Mapping[str, str], network: Network, deadline: float, *, body: bytes = b""
) -> Answer:
    """One request to the checked addresses; raises `NoAnswer` for anything that the other side or the network does."""
    try:
        return _ask(target, method, headers, network, deadline, body=body)
    except TimeoutError:
        raise NoAnswer(f"No answer within {PATIENCE_S:.0f} seconds.") from None
    except ssl.SSLCertVerificationError as error:
        raise NoAnswer(f"The certificate of {target.host} is not valid: {error.verify_message}.") from None
    except ssl.SSLError as error:
        raise NoAnswer(f"No safe connection to {target.host}: {error.reason or 'TLS failed'}.") from None
    except OSError as error:
        raise NoAnswer(f"{target.host} cannot be reached: {error.strerror or error}.") from None
    except HTTPException:
        raise NoAnswer(f"What {target.host} answered is not HTTP.") from None


def _ask(
    target: Target, method: str, headers: Mapping[str, str], network: Network, deadline: float, *, body: bytes
) -> Answer:
    host = target.host if target.is_tls else f"{target.host}:{target.port}"
    with _reach(target, network, deadline) as reached:
        connection = HTTPConnection(target.host, target.port)
        connection.sock = _Hurried(reached, deadline)
        connection.request(method, target.path, body or None, {"Host": host, "Connection": "close", **headers})
        response = connection.getresponse()
        if body:  # who was sent something is heard out; its status has come all the same, and that is what counts
            with suppress(OSError, HTTPException):
                response.read(LARGEST_ANSWER)
        return Answer(response.status, response.getheader("Location") or "")


def _reach(target: Target, network: Network, deadline: float) -> socket.socket:
    """A connection to the checked addresses, under the name that was asked for."""
    plain = _connect(target, network, deadline)
    if not target.is_tls:
        return plain
    try:
        plain.settimeout(_left(deadline))
        return network.trust().wrap_socket(plain, server_hostname=target.host)
    except BaseException:
        plain.close()
        raise


def _connect(target: Target, network: Network, deadline: float) -> socket.socket:
    """The first of the addresses that takes a connection; each gets its share of the time."""
    *others, last = target.addresses
    for number, address in enumerate(others):
        with suppress(OSError):
            return network.connect((address, target.port), _left(deadline) / (len(target.addresses) - number))
    return network.connect((last, target.port), _left(deadline))


class _Hurried:
    """A socket as `http.client` uses one, with one deadline for all that it does."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        for start in range(0, len(data), _PART):
            self._sock.settimeout(_left(self._deadline))
            self._sock.sendall(data[start : start + _PART])

    def makefile(self, _mode: str) -> BufferedReader:
        return BufferedReader(_Answer(self._sock, self._deadline))

    def close(self) -> None:
        """Whoever opened the socket closes it; `http.client` would do so before the answer is read."""


class _Answer(RawIOBase):
    """What comes back, until the deadline or the limit."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        if self._read > LARGEST_ANSWER:
            raise OSError(f"it answers more than {LARGEST_ANSWER // 1024**2} MiB")
        self._sock.settimeout(_left(self._deadline))
        count = self._sock.recv_into(buffer)
        self._read += count
        return count


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
