"""One mutation of a request at a time: what attackers, broken proxies and old browsers make of something valid.

Header values hold no CR, LF or NUL, because every server refuses those before an application sees them.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Final

from tests.fuzz.world import OTHER_PAGES, PAGES, PREVIEW, STUDIO, Request

MARKUP: Final = ('<script>alert("lander-fuzz")</script>', '"><img src=x onerror=lander-fuzz>')
"""Never to be found again as markup in a page of ours."""

TEXTS: Final = (
    *MARKUP,
    *(
        "",
        " ",
        "\0",
        "a\0b",
        "\r\nSet-Cookie: planted=1",
        "\u202e\ufeff",
        "𝒳" * 50,
        "é" * 90,
        "\ud7ff",
        "%",
        "%zz",
        "%00",
    ),
    *("0", "-1", "1e309", "NaN", "٣", "²", "9" * 40, "0x10", "1.5", "1_000", str(2**63), str(-(2**63) - 1)),
    *("../../../etc/passwd", "..\\..", "//evil.example/", "https://evil.example/", "javascript:alert(1)", "/\\evil"),
    *("' OR 1=1 --", "{{7*7}}", "{% raise %}", "=cmd|' /C calc'!A0", "null", "true", "[]", "{}", "a" * 5_000),
)
VALUES: Final = (
    *(text.translate({0: None, 10: None, 13: None}) for text in TEXTS if text.isascii()),
    *("\x01\x7f", "\xff\xfe", "é;ü=ß", "a;b=c;d", ",,,,", ";;;;=", "=", '"', "\t", "null", "x" * 20_000),
)
NAMES: Final = (
    *("city", "site", "variant", "phase", "as_of", "by", "lens", "before"),
    *("notice", "told", "next", "page", "lift", "name", "gclid"),
)
METHODS: Final = (
    *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "X-Y"),
)
HOSTS: Final = (
    *(PAGES, OTHER_PAGES, STUDIO, PREVIEW, "", ".", "elsewhere.example", f"{PAGES}.", f"{PAGES}:8000", f"{PAGES}:x"),
    *(
        f"{STUDIO}:8000",
        f"{STUDIO}:",
        f"{STUDIO}.",
        f"{STUDIO}:²",
        f"{STUDIO}:0",
        f"{STUDIO}:99999999999",
        STUDIO.upper(),
    ),
    *(
        f"{PREVIEW}:²",
        f"{PREVIEW}:8000",
        f"{PREVIEW}:; x",
        f"evil@{STUDIO}",
        f"{STUDIO},{STUDIO}",
        "[::1]",
        "[",
        "é.localhost",
    ),
    *(f"{STUDIO}:8000;script-src *", "127.0.0.1:8000", "x" * 600, f"{PAGES}\t", f" {PAGES}"),
)
HEADERS: Final = (
    *(
        "Accept",
        "Accept-Encoding",
        "Accept-Language",
        "Authorization",
        "Cache-Control",
        "Connection",
        "Content-Encoding",
    ),
    *("Content-Type", "Cookie", "Expect", "Forwarded", "HX-Request", "HX-Target", "HX-Current-URL", "If-Match"),
    *(
        "If-Modified-Since",
        "If-None-Match",
        "If-Range",
        "If-Unmodified-Since",
        "Lander-Simulation",
        "Origin",
        "Purpose",
    ),
    *("Range", "Referer", "Sec-Fetch-Site", "Sec-GPC", "Sec-Purpose", "Service-Worker", "Transfer-Encoding", "Upgrade"),
    *(
        "User-Agent",
        "X-CSRF-Token",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-HTTP-Method-Override",
    ),
    *("X-Moz", "X-Original-URL", "X-Real-IP", "X-Rewrite-URL", "X-Script-Name", "X-Unknown"),
)
PATHS: Final = (
    *(
        "/",
        "//",
        "/.",
        "/..",
        "*",
        "",
        "/_l",
        "/_l/",
        "/_l/a/",
        "/_l/a/..",
        "/_l/f/",
        "/_l/b/x",
        "/_L/F",
        "/p/",
        "/p/x/",
    ),
    *(
        "/wp-login.php",
        "/.env",
        "/.git/config",
        "/pages/",
        "/pages//",
        "/pages/../policy",
        "/pages/a/b/c/source",
        "/api",
    ),
    *(
        "/api/v1/experiments/",
        "/experiments//report",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/",
        "//go/x",
    ),
    *("http://go.localhost/spring-sale", "/spring-sale\0", "/spring-sale\r\nX: y", "/\xff\xfe", "/" + "a" * 9_000),
)
TYPES: Final = (
    *("", "text/html", "application/json", "multipart/form-data", "multipart/form-data; boundary=", "x", ";;;", "é/ü"),
    *("application/x-www-form-urlencoded; charset=utf-16", "multipart/form-data; boundary=" + "b" * 300, "text/plain"),
    *("multipart/mixed; boundary=lander-fuzz-boundary", 'multipart/form-data; boundary="lander-fuzz-boundary'),
)
JSON_VALUES: Final = (
    *(None, True, 0, -1, 10_001, 2**63, 10**400, 0.5, 1e308, float("nan"), float("inf"), "\ud800", ["\ud800"]),
    *([], {}, [None], [[]], [{}] * 101, {"a": None}, {"\0": 1}, {"a": 1e308, "b": -1e308}, {"a": 10_000, "𝒳": 0}),
)
LENGTHS: Final = ("0", "1", "-1", "abc", "99999999", "9" * 30, "1e3", "", " 5", "+5", "²")
ADDRESSES: Final = ("", "::1", "2001:db8::1", "fe80::1%eth0", "unix:", "999.1.1.1", "203.0.113.9, 10.0.0.1", "x" * 300)

Mutation = Callable[[Request, Random], Request]


def other_method(request: Request, rng: Random) -> Request:
    return replace(request, method=rng.choice(METHODS))


def other_host(request: Request, rng: Random) -> Request:
    return replace(request, host=rng.choice(HOSTS))


def other_path(request: Request, rng: Random) -> Request:
    return replace(request, path=rng.choice(PATHS))


def bent_path(request: Request, rng: Random) -> Request:
    """The path with something put in, taken out or doubled; as the server decoded it, one character for each byte."""
    path, at = request.path, rng.randrange(len(request.path) + 1)
    put_in = rng.choice(["/", "//", "..", "\0", "\xff", "é", "%", ";", "?", " ", "\r\n", "a" * 300, path])
    put_in = rng.choice([put_in, rng.choice(TEXTS).encode().decode("latin-1")])
    capitals = path.encode("latin-1").upper().decode("latin-1")  # ASCII's alone: Ÿ is no byte
    return replace(request, path=rng.choice([path[:at] + put_in + path[at:], path[:at], path + "/", capitals]))


def other_query(request: Request, rng: Random) -> Request:
    """One value of the query exchanged, or one added that some other address knows."""
    value = rng.choice(TEXTS).encode()
    written = rng.choice([_quote(value), _quote(value), value.decode("latin-1").replace(" ", "+")])
    pairs = request.query.split("&") if request.query else []
    if not pairs or rng.random() < 0.3:
        pairs.insert(rng.randrange(len(pairs) + 1), f"{rng.choice(NAMES)}={written}")
    else:
        at = rng.randrange(len(pairs))
        pairs[at] = f"{pairs[at].partition('=')[0]}={written}"
    query = "&".join(pairs)
    return replace(request, query=rng.choice([*([query] * 8), "&" * 300, "x" * 9_000, "=&;=%", "a=" * 2_000]))


def other_header(request: Request, rng: Random) -> Request:
    name = rng.choice(HEADERS)
    return replace(request, headers={**request.headers, name: rng.choice(VALUES)})


def spoiled_header(request: Request, rng: Random) -> Request:
    """One of its own headers dropped, cut, doubled or with a byte exchanged."""
    if not request.headers:
        return other_header(request, rng)
    name = rng.choice(sorted(request.headers))
    value = request.headers[name]
    kept = {other: text for other, text in request.headers.items() if other != name}
    at = rng.randrange(len(value) + 1)
    spoiled = [
        value[:at],
        value[:at] + rng.choice("\x01;=,.\xff") + value[at + 1 :],
        f"{value}; {value}",
        value.swapcase(),
    ]
    return replace(request, headers=rng.choice([kept, *({**kept, name: text} for text in spoiled)]))


def other_type(request: Request, rng: Random) -> Request:
    return replace(request, headers={**request.headers, "Content-Type": rng.choice(TYPES)})


def other_length(request: Request, rng: Random) -> Request:
    return replace(request, length=rng.choice(LENGTHS), body=request.body * rng.choice([1, 1, 1, 400]))


def spoiled_body(request: Request, rng: Random) -> Request:
    """Bytes cut off, exchanged, doubled, or a body where there was none."""
    body = bytearray(request.body or b"a=b&c=%ff")
    at = rng.randrange(len(body))
    changed = bytes(body[:at]) + bytes([rng.randrange(256)]) + bytes(body[at + 1 :])
    bodies = [bytes(body[:at]), changed, changed, bytes(body * 2), b"", b"\0" * 50, b'{"csp-report":' * 2_000]
    return replace(request, body=rng.choice([*bodies, *([b"x" * 300_000] if rng.random() < 0.02 else [])]))


def other_field(request: Request, rng: Random) -> Request:
    """One value of a form or of an object exchanged, or a field too many."""
    if request.body.startswith(b"{") and request.headers.get("Content-Type") == "application/json":
        return replace(request, body=_exchange_in_json(request.body, rng))
    if b"&" not in request.body and b"=" not in request.body:
        return spoiled_body(request, rng)
    value = rng.choice(TEXTS).encode()
    if b"form-data" in request.body and b"\r\n\r\n" in request.body:
        parts = request.body.split(b"\r\n\r\n")
        at = rng.randrange(1, len(parts))
        parts[at] = value + b"\r\n" + parts[at].partition(b"\r\n")[2]
        return replace(request, body=b"\r\n\r\n".join(parts))
    pairs = request.body.split(b"&")
    at = rng.randrange(len(pairs))
    name = pairs[at].partition(b"=")[0]
    written = rng.choice([_quote(value).encode(), value])
    pairs[at : at + rng.randrange(2)] = rng.choice([[b"%b=%b" % (name, written)], [], [b"%b=1" % written] * 3])
    return replace(request, body=b"&".join(pairs + [b"extra=1"] * rng.choice([0, 0, 0, 1, 300])))


def other_sender(request: Request, rng: Random) -> Request:
    return replace(request, address=rng.choice(ADDRESSES), protocol=rng.choice(["HTTP/1.0", "HTTP/1.1", "HTTP/2"]))


MUTATIONS: Final[tuple[Mutation, ...]] = (
    *(other_method, other_host, other_path, bent_path, other_query, other_query, other_header, other_header),
    *(spoiled_header, spoiled_header, other_type, other_length, spoiled_body, other_field, other_field, other_sender),
)


def mutate(request: Request, rng: Random) -> Request:
    """The request with one thing changed."""
    return rng.choice(MUTATIONS)(request, rng)


def _exchange_in_json(body: bytes, rng: Random) -> bytes:
    """One value of an object, or of an object within it, exchanged, taken out or put in; what is no JSON stays."""
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError):
        return body
    inner = [entry for part in whole.values() for entry in (part if isinstance(part, list) else [part])]
    chosen = rng.choice([whole, whole, *(entry for entry in inner if isinstance(entry, dict))])
    name = rng.choice([*chosen, "extra"])
    if rng.random() < 0.1:
        chosen.pop(name, None)
    else:
        chosen[name] = rng.choice([rng.choice(TEXTS), rng.choice(JSON_VALUES)])
    return json.dumps(whole).encode()


def _quote(value: bytes) -> str:
    return "".join(chr(byte) if chr(byte).isalnum() and byte < 128 else f"%{byte:02X}" for byte in value)
