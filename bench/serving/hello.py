"""The least that a WSGI application can do."""

from collections.abc import Callable, Iterable
from typing import Any


def hello(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "6")])
    return (b"hello\n",)
