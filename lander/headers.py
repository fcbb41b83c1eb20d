"""Every security header of every plane, in one place, and the one serializer of a Content-Security-Policy.

A policy is data (directive → sources) until the last moment. The lists here are complete: whoever answers a request
takes the list for what it sends and adds only cookies, lengths and locations. A leaf, so that the public path can use
it.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

Headers = tuple[tuple[str, str], ...]
Directives = Mapping[str, Sequence[str]]

HTML: Final = ("Content-Type", "text/html; charset=utf-8")
NO_STORE: Final = ("Cache-Control", "no-store")
NOINDEX: Final = ("X-Robots-Tag", "noindex")

SANDBOX: Final = ("allow-scripts", "allow-forms", "allow-popups", "allow-popups-to-escape-sandbox", "allow-downloads")
"""Without `allow-same-origin`: the page gets an opaque origin of its own."""

REPORT_PATH: Final = "/_l/csp"

# Features that current browsers know; a name one of them does not know is a warning in every visitor's console.
_FEATURES: Final = (
    "accelerometer",
    "autoplay",
    "browsing-topics",
    "camera",
    "clipboard-read",
    "clipboard-write",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "gamepad",
    "geolocation",
    "gyroscope",
    "hid",
    "idle-detection",
    "keyboard-map",
    "local-fonts",
    "magnetometer",
    "microphone",
    "midi",
    "otp-credentials",
    "payment",
    "picture-in-picture",
    "publickey-credentials-create",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "storage-access",
    "sync-xhr",
    "usb",
    "window-management",
    "xr-spatial-tracking",
)
PERMISSIONS_POLICY: Final = ("Permissions-Policy", ", ".join(f"{feature}=()" for feature in _FEATURES))


def serialize_csp(directives: Directives) -> str:
    """The header's value; a source that could end its directive or the header is a defect of the caller."""
    parts = []
    for directive, sources in directives.items():
        for text in (directive, *sources):
            if not text or any(character in text for character in ";,\r\n\t ") or not text.isascii():
                raise ValueError(f"{text!r} cannot stand in the Content-Security-Policy directive {directive!r}")
        parts.append(" ".join((directive, *sources)))
    return "; ".join(parts)


def hash_source(text: str | bytes) -> str:
    """The source expression that allows exactly this script or style: `'sha256-…'`."""
    return f"'{integrity(text)}'"


def integrity(text: str | bytes) -> str:
    """The value of an `integrity` attribute: `sha256-…`."""
    content = text.encode() if isinstance(text, str) else text
    return f"sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode('ascii')}"


def common_headers(scheme: str, *, framed: bool = False) -> Headers:
    """What every response carries, errors included; `framed` where `frame-ancestors` names a host."""
    headers = [
        ("X-Content-Type-Options", "nosniff"),
        ("Origin-Agent-Cluster", "?1"),
        ("X-Permitted-Cross-Domain-Policies", "none"),
    ]
    if not framed:
        headers.append(("X-Frame-Options", "DENY"))
    if scheme == "https":
        headers.append(("Strict-Transport-Security", "max-age=63072000; includeSubDomains"))
    return tuple(headers)


def page_headers(directives: Directives, *, scheme: str, noindex: bool) -> Headers:
    """A published page. `directives` come from `lander.policy.csp.page_policy`."""
    framed = tuple(directives.get("frame-ancestors", ("'none'",))) != ("'none'",)
    return (
        HTML,
        ("Content-Security-Policy", serialize_csp(directives)),
        ("Referrer-Policy", "strict-origin-when-cross-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin-allow-popups"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        PERMISSIONS_POLICY,
        ("Cache-Control", "private, no-store"),
        *((NOINDEX,) if noindex else ()),
        *common_headers(scheme, framed=framed),
    )


def asset_headers(media_type: str, *, scheme: str, download_as: str = "") -> Headers:
    """A file under `/_l/a/`: named by its hash, so cached for ever; open to the opaque origin of a sealed page."""
    return (
        ("Content-Type", media_type),
        *((("Content-Disposition", f'attachment; filename="{download_as}"'),) if download_as else ()),
        ("Cache-Control", "public, max-age=31536000, immutable"),
        ("Cross-Origin-Resource-Policy", "cross-origin"),
        ("Access-Control-Allow-Origin", "*"),
        ("Content-Security-Policy", "default-src 'none'; sandbox"),
        *common_headers(scheme),
    )


def answer_headers(*, scheme: str, max_age_s: int = 0) -> Headers:
    """Answers without a page: redirect, beacon, icon, health. No CORS headers, not stored unless `max_age_s` says so.

    Nothing is in them to protect, and a sealed page has an opaque origin: told "same-origin", its browser would block
    the beacon's answer and write an error into every visitor's console.
    """
    return (
        ("Cache-Control", f"max-age={max_age_s}") if max_age_s else NO_STORE,
        ("Content-Security-Policy", "default-src 'none'; sandbox"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "cross-origin"),
        *common_headers(scheme),
    )


def own_page_headers(*, scheme: str, style: str = "", framed_by: str = "", redirects_to: Sequence[str] = ()) -> Headers:
    """A page of our own on the pages or preview host (not found, thank you, refused form): sealed and without scripts.

    `style` is the text of its one `<style>` element; its form may post to us again, and `redirects_to` names the origins
    of thank-you pages elsewhere, since a browser holds the redirect after a POST to `form-action` too. `framed_by` is
    the studio's origin where the page stands in for a preview.
    """
    directives = {
        "sandbox": ("allow-forms", "allow-popups", "allow-popups-to-escape-sandbox"),
        "default-src": ("'none'",),
        "style-src": (hash_source(style),) if style else ("'none'",),
        "form-action": ("'self'", *redirects_to),
        "base-uri": ("'none'",),
        "frame-ancestors": (framed_by or "'none'",),
    }
    return (
        HTML,
        NO_STORE,
        NOINDEX,
        ("Content-Security-Policy", serialize_csp(directives)),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin-allow-popups"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        PERMISSIONS_POLICY,
        *common_headers(scheme, framed=bool(framed_by)),
    )


def preview_headers(directives: Directives, *, scheme: str, studio_origin: str) -> Headers:
    """A draft: sealed like a published page, but only the studio may frame it and nobody may keep or index it."""
    return (
        HTML,
        NO_STORE,
        NOINDEX,
        ("Content-Security-Policy", serialize_csp({**directives, "frame-ancestors": (studio_origin,)})),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin-allow-popups"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        PERMISSIONS_POLICY,
        *common_headers(scheme, framed=True),
    )


def studio_headers(*, scheme: str, nonce: str, preview_origin: str) -> Headers:
    """A screen of the studio. `nonce` is fresh for each response; previews are the only thing it may frame."""
    directives = {
        "default-src": ("'none'",),
        "script-src": (f"'nonce-{nonce}'", "'strict-dynamic'"),
        "style-src": ("'self'",),
        "img-src": ("'self'", "data:"),
        "font-src": ("'self'",),
        "connect-src": ("'self'",),
        "form-action": ("'self'",),
        "frame-src": (preview_origin,),
        "worker-src": ("'none'",),
        "object-src": ("'none'",),
        "base-uri": ("'none'",),
        "frame-ancestors": ("'none'",),
        "require-trusted-types-for": ("'script'",),
        "trusted-types": ("default",),
    }
    return (
        ("Content-Security-Policy", serialize_csp(directives)),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        # not no-referrer: under it a browser sends `Origin: null` with our own forms, and the gate could not know them
        ("Referrer-Policy", "same-origin"),
        NO_STORE,
        *common_headers(scheme),
    )
