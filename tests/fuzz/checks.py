"""What every answer must be, whatever was asked. A breach is a sentence."""

import re
from collections.abc import Iterator
from typing import Final

from tests.fuzz.mutations import MARKUP
from tests.fuzz.world import PREVIEW, SECRET, Answer, Request, World

TELLTALES: Final = (b"Traceback (most recent call last)", b"site-packages", b'File "/', b"sqlalchemy", SECRET.encode())
_STATUS: Final = re.compile(r"[1-5]\d\d [ -~]+")
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\t -~\x80-\xff]*")
_HOP_BY_HOP: Final = {"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "proxy-authenticate"}
_NO_BODY: Final = (204, 304)


def find_breaches(world: World, request: Request, answer: Answer) -> Iterator[str]:
    """Every rule that this answer breaks."""
    if not _STATUS.fullmatch(answer.status):
        yield f"the status line is {answer.status!r}"
        return
    if answer.code >= 500:
        yield f"it answered {answer.status}"
    yield from _check_headers(answer)
    yield from _check_guards(world, answer)
    yield from _check_body(request, answer)


def _check_headers(answer: Answer) -> Iterator[str]:
    seen = set()
    for name, value in answer.headers:
        if type(name) is not str or type(value) is not str:
            yield f"the header {name!r} is no text"
        elif not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            yield f"the header {name!r}: {value!r} cannot be sent"
        elif name.lower() in _HOP_BY_HOP:
            yield f"the header {name} is the server's to send"
        if name.lower() in seen and name.lower() != "set-cookie":
            yield f"the header {name} is there twice"
        seen.add(name.lower())


def _check_guards(world: World, answer: Answer) -> Iterator[str]:
    expected = {
        "X-Content-Type-Options": "nosniff",
        "Origin-Agent-Cluster": "?1",
        "X-Permitted-Cross-Domain-Policies": "none",
        "Strict-Transport-Security": "max-age=63072000; includeSubDomains" if world.scheme == "https" else "",
    }
    for name, value in expected.items():
        if answer.get(name) != value:
            yield f"{name} is {answer.get(name)!r}"
    policy = answer.get("Content-Security-Policy")
    if not policy:
        yield "there is no Content-Security-Policy"
    if answer.get("X-Frame-Options") != "DENY" and "frame-ancestors http" not in policy:
        yield "anybody may frame it"
    for name in ("Server", "X-Powered-By"):
        if answer.get(name):
            yield f"{name} says what serves it"


def _check_body(request: Request, answer: Answer) -> Iterator[str]:
    if (request.method == "HEAD" or answer.code in _NO_BODY) and answer.body:
        yield "a body came where none may"
    length = answer.get("Content-Length")
    if length and request.method != "HEAD" and answer.code not in _NO_BODY and length != str(len(answer.body)):
        yield f"Content-Length is {length}, and {len(answer.body)} bytes came"
    for telltale in TELLTALES:
        if telltale in answer.body:
            yield f"the body tells {telltale!r}"
    if answer.get("Content-Type").startswith("text/html") and not request.host.startswith(PREVIEW):
        for markup in MARKUP:  # a preview shows what Maya wrote, in its box
            if markup.encode() in answer.body:
                yield f"the body holds {markup!r} as markup"
