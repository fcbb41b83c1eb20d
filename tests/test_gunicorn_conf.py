"""gunicorn as `lander.gunicorn_conf` leaves it."""

from types import SimpleNamespace

import pytest
from gunicorn.config import Config
from gunicorn.http.wsgi import Response

from lander import gunicorn_conf  # noqa: F401  (changes Response)


class Wire:
    """A socket that remembers what was sent in each piece."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        self.pieces.append(data)


@pytest.fixture
def wire() -> Wire:
    return Wire()


def answer(wire: Wire, *headers: tuple[str, str], method: str = "GET") -> Response:
    request = SimpleNamespace(method=method, version=(1, 1), should_close=lambda: True)
    response = Response(request, wire, Config())
    response.start_response("200 OK", list(headers))
    return response


def test_head_and_body_leave_in_one_piece(wire: Wire) -> None:
    """A worker killed between the two would cost a page view: nginx asks another worker only before it has a head."""
    response = answer(wire, ("Content-Length", "5"))
    response.write(b"hello")
    response.close()
    [piece] = wire.pieces
    assert piece.startswith(b"HTTP/1.1 200 OK\r\n")
    assert piece.endswith(b"\r\n\r\nhello")


def test_what_follows_the_first_bytes_follows(wire: Wire) -> None:
    response = answer(wire, ("Content-Length", "10"))
    response.write(b"hello")
    response.write(b"world")
    response.close()
    assert [piece[-5:] for piece in wire.pieces] == [b"hello", b"world"]


def test_an_answer_without_a_length_comes_in_chunks(wire: Wire) -> None:
    response = answer(wire)
    response.write(b"hello")
    response.close()
    assert wire.pieces[0].endswith(b"\r\n\r\n5\r\nhello\r\n")
    assert wire.pieces[1:] == [b"0\r\n\r\n"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_answer_without_a_body_is_its_head(wire: Wire, method: str) -> None:
    answer(wire, ("Content-Length", "0"), method=method).close()
    [piece] = wire.pieces
    assert piece.endswith(b"\r\n\r\n")
    assert b"Server:" not in piece
