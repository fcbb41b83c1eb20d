"""Requests that are no HTTP, or HTTP that two servers could read differently: refused by a real server, and the line cut.

An application never sees them; so they are sent to a running Lander, byte by byte.
"""

import re
import socket
from collections.abc import Iterator

import pytest

from tests.live import Lander, lander_at
from tests.patience import PATIENCE_S

HOST = b"Host: studio.localhost\r\n"
TRICKS = {
    "a length and chunks": b"POST /sign-in HTTP/1.1\r\n%bContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST /sign-in HTTP/1.1\r\n%bContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "a negative length": b"POST /sign-in HTTP/1.1\r\n%bContent-Length: -1\r\n\r\n",
    "a length with a sign": b"POST /sign-in HTTP/1.1\r\n%bContent-Length: +4\r\n\r\nabcd",
    "an unknown transfer coding": b"POST /sign-in HTTP/1.1\r\n%bTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a folded header": b"GET /sign-in HTTP/1.1\r\n%bX: a\r\n b\r\n\r\n",
    "a NUL in a header": b"GET /sign-in HTTP/1.1\r\n%bX: a\0b\r\n\r\n",
    "a space before the colon": b"GET /sign-in HTTP/1.1\r\n%bContent-Length : 4\r\n\r\nabcd",
    "a header without a name": b"GET /sign-in HTTP/1.1\r\n%b: a\r\n\r\n",
    "a hundred headers": b"GET /sign-in HTTP/1.1\r\n%b" + b"X: a\r\n" * 100 + b"\r\n",
    "a header of 10,000 bytes": b"GET /sign-in HTTP/1.1\r\n%bX: " + b"a" * 10_000 + b"\r\n\r\n",
    "an address of 10,000 bytes": b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\n%b\r\n",
    "no method": b"/sign-in HTTP/1.1\r\n%b\r\n",
    "another protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no protocol at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a client that speaks TLS\r\n\r\n",
}


@pytest.fixture(scope="module")
def lander(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lander]:
    with lander_at(tmp_path_factory.mktemp("wire") / "data") as lander:
        yield lander


def say(lander: Lander, message: bytes) -> bytes:
    """Everything that comes back until the line is cut."""
    with socket.create_connection(("127.0.0.1", lander.port), timeout=PATIENCE_S) as line:
        line.sendall(message)
        heard = b""
        while chunk := line.recv(65_536):
            heard += chunk
    return heard


@pytest.mark.parametrize("name", TRICKS)
def test_it_is_refused_and_nothing_behind_it_is_read(lander: Lander, name: str) -> None:
    behind = b"GET /sign-in HTTP/1.1\r\n%bConnection: close\r\n\r\n"
    heard = say(lander, (TRICKS[name] + behind).replace(b"%b", HOST))

    answers = re.findall(rb"HTTP/1\.\d (\d{3}) ", heard)
    assert len(answers) == 1, heard
    assert answers[0] == b"501" if "transfer coding" in name else answers[0].startswith(b"4")
    assert b"Sign in" not in heard
    assert b"Traceback" not in heard


def test_it_goes_on_answering(lander: Lander) -> None:
    heard = say(lander, b"GET /sign-in HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    assert heard.startswith(b"HTTP/1.1 200 ")
