"""Requests as Maya, Ana or a visitor would send them, for somebody with worse intentions to change."""

import io
import struct
import zipfile
from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

from lander.access.signin import csrf_token
from lander.serve.token import TokenSigner, View, new_view_id
from lander.serve.visitor import new_id
from tests.fuzz.grammar import BOUNDARY, FORM, multipart
from tests.fuzz.world import CHROME, INDEX, PAGES, STUDIO, Request, World, make_zip

MIB: Final = 1024 * 1024


def upload(content: bytes, **fields: str) -> Callable[[World], Request]:
    """Maya's upload of a new page."""

    def send(world: World) -> Request:
        headers = {**world.as_person("maya"), "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        sent = {"_csrf": csrf_token(world.cookies["maya"]), "slug": "autumn", **fields}
        return Request("POST", STUDIO, "/pages/new", headers=headers, body=multipart(sent, file=content))

    return send


def post(
    path: str, *, who: str = "maya", headers: dict[str, str] | None = None, **fields: str
) -> Callable[[World], Request]:
    """A form of the studio."""

    def send(world: World) -> Request:
        sent = {"_csrf": csrf_token(world.cookies[who]), **fields}
        around = {**world.as_person(who), "Content-Type": FORM, **(headers or {})}
        return Request("POST", STUDIO, path, headers=around, body=urlencode(sent).encode())

    return send


def look(path: str, query: str = "", **headers: str) -> Callable[[World], Request]:
    """Ana opens an address."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda world: Request("GET", STUDIO, path, query, {**world.as_person("ana"), **named})


def lead(
    *, token: str = "", headers: dict[str, str] | None = None, host: str = PAGES, **fields: str
) -> Callable[[World], Request]:
    """A form of the page, filled in; its token is good unless another one is given."""

    def send(world: World) -> Request:
        sent = {"_lander": token or good_token(world), "_form": "f1", "email": "otto@example.com", "consent": "yes"}
        around = {"User-Agent": CHROME, "Origin": "null", "Content-Type": FORM, **(headers or {})}
        return Request("POST", host, "/_l/f", headers=around, body=urlencode({**sent, **fields}).encode())

    return send


def beacon(token: str, *, host: str = PAGES, what: str = "k=view", **headers: str) -> Callable[[World], Request]:
    around = {"User-Agent": CHROME, "Origin": "null", **headers}
    return lambda world: Request(
        "POST", host, "/_l/b", headers=dict(around), body=f"t={token or good_token(world)}&{what}".encode()
    )


def good_token(world: World) -> str:
    """Of a view of the sale; minted, because a page view would be written down."""
    view = View(1, "a", new_id(), new_view_id(), 1_700_000_000_000, "desktop", "chrome", "direct")
    return TokenSigner(world.settings.signing_keys).mint(view).decode()


def zip_with(name: str, content: bytes = b"a{}", *, mode: int = 0) -> bytes:
    """A page beside one entry of exactly this name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.html", INDEX)
        entry = zipfile.ZipInfo("entry")
        entry.filename, entry.external_attr = name, mode << 16
        archive.writestr(entry, content)
    return buffer.getvalue()


def lying_zip() -> bytes:
    """Says that its file has ten bytes; it has two million."""
    whole = make_zip({"index.html": INDEX, "a.txt": b"ab" * MIB})
    return whole.replace(struct.pack("<I", 2 * MIB), struct.pack("<I", 10))


def twice(path: str, *, method: str = "GET") -> Callable[[World], Request]:
    """The sign-in cookie as somebody on the same site would plant another one beside it."""

    def send(world: World) -> Request:
        request = post(path)(world) if method == "POST" else look(path)(world)
        request.headers["Cookie"] = f"{world.session_cookie}=planted; {request.headers['Cookie']}"
        return request

    return send
