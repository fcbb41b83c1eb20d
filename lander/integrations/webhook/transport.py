"""One attempt to send a webhook: to exactly the addresses that were checked, no redirect followed, five seconds in all.

What the receiver answers is read to its end or to a limit and thrown away; only its status counts.
"""

import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection, HTTPException
from io import BufferedReader, RawIOBase
from typing import TYPE_CHECKING, Final

from lander.integrations.outcome import Fate, Outcome
from lander.integrations.webhook.address import EgressRefused, Resolve, Target, check_target, look_up
from lander.integrations.webhook.message import Message
from lander.policy.policy import Policy

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PATIENCE_S: Final = 5.0
LARGEST_ANSWER: Final = 1024 * 1024
_PART: Final = 16 * 1024

Connect = Callable[[tuple[str, int], float], socket.socket]


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


@dataclass(frozen=True, slots=True)
class Network:
    """The way out: names to addresses, addresses to sockets, and whose certificates are believed."""

    resolve: Resolve = look_up
    connect: Connect = socket.create_connection
    trust: Callable[[], ssl.SSLContext] = field(default=_trust)


def send(url: str, message: Message, *, policy: Policy, is_development: bool, network: Network) -> Outcome:
    """Make one attempt; never raises for anything that the receiver or the network does."""
    deadline = time.monotonic() + PATIENCE_S
    try:
        target = check_target(
            url, policy=policy, is_development=is_development, resolve=network.resolve, patience_s=PATIENCE_S
        )
    except EgressRefused as refusal:
        return Outcome(Fate.AGAIN, str(refusal))
    try:
        return _judge(_post(target, message, network, deadline))
    except TimeoutError:
        return Outcome(Fate.AGAIN, f"No answer within {PATIENCE_S:.0f} seconds.")
    except ssl.SSLCertVerificationError as error:
        return Outcome(Fate.AGAIN, f"The certificate of {target.host} is not valid: {error.verify_message}.")
    except ssl.SSLError as error:
        return Outcome(Fate.AGAIN, f"No safe connection to {target.host}: {error.reason or 'TLS failed'}.")
    except OSError as error:
        return Outcome(Fate.AGAIN, f"{target.host} cannot be reached: {error.strerror or error}.")
    except HTTPException:
        return Outcome(Fate.AGAIN, f"What {target.host} answered is not HTTP.")


def _judge(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome(Fate.DELIVERED, f"Accepted with {status}.", status)
    if status == 410:
        return Outcome(Fate.GONE, "It answered 410: nothing more is wanted there.", status)
    if 300 <= status < 400:
        words = f"It answered {status}, a redirect, and redirects are not followed. Enter the address it leads to."
        return Outcome(Fate.AGAIN, words, status)
    return Outcome(Fate.AGAIN, f"It answered {status}.", status)


def _post(target: Target, message: Message, network: Network, deadline: float) -> int:
    host = target.host if target.is_tls else f"{target.host}:{target.port}"
    headers = {"Host": host, "Connection": "close", **message.headers}
    with _reach(target, network, deadline) as reached:
        connection = HTTPConnection(target.host, target.port)
        connection.sock = _Hurried(reached, deadline)
        connection.request("POST", target.path, message.body, headers)
        response = connection.getresponse()
        with suppress(OSError, HTTPException):  # its status has come, and that is what counts
            response.read(LARGEST_ANSWER)
        return response.status


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
