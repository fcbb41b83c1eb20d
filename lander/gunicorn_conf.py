"""gunicorn's settings, wherever it runs: `gunicorn -c python:lander.gunicorn_conf app:app`."""

from typing import Any

from gunicorn import util
from gunicorn.http.body import Body
from gunicorn.http.errors import ParseException
from gunicorn.http.wsgi import Response

from lander import logs

worker_class = "gthread"
workers = 2
threads = 8
timeout = 30
graceful_timeout = 20
keepalive = 5
max_requests = 200_000  # a new worker takes 0.2 s of processor: at 20,000 requests that was 10 µs of each
max_requests_jitter = 20_000
limit_request_line = 8_190
limit_request_fields = 60
limit_request_field_size = 8_190
control_socket_disable = True
loglevel = "warning"
accesslog = None  # nginx has it
logconfig_dict = logs.CONFIG

_default_headers = Response.default_headers


def _without_server_name(response: Response) -> list[str]:
    return [header for header in _default_headers(response) if not header.startswith("Server:")]


# gunicorn has no setting for it, and no answer of ours tells what serves it
Response.default_headers = _without_server_name


class _Piece(bytearray):
    """Takes what is meant for a socket."""

    sendall = bytearray.extend


_write = Response.write


def _write_whole(response: Any, body: bytes) -> None:
    """The head leaves together with the first bytes of the body.

    gunicorn sends them one after the other. A worker killed in between costs a page view: nginx, which asks another
    worker for what it has not begun to receive, has received a head by then.
    """
    if response.headers_sent:
        _write(response, body)
        return
    connection, response.sock = response.sock, _Piece()
    try:
        _write(response, body)
    finally:
        piece, response.sock = response.sock, connection
    util.write(connection, bytes(piece))


Response.write = _write_whole


_read_reader = Body._read_reader


def _read_or_lose(body: Any, size: int) -> bytes:
    """Damaged chunks are to an application what a lost connection is; gunicorn has an error of its own for them."""
    try:
        read: bytes = _read_reader(body, size)
    except ParseException as error:
        raise OSError(f"the body cannot be read ({type(error).__name__})") from error
    return read


Body._read_reader = _read_or_lose
