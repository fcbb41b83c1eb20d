"""The headers that the security rules prescribe for each kind of answer, word for word, and how an answer departs from them.

Written out by hand; nothing is imported from `lander.headers`. Where an answer departs from the rules on purpose,
`DEPARTURES` says why.
"""

import base64
import hashlib
import html
import re
from collections.abc import Iterator
from typing import Final

from tests.fuzz.world import PREVIEW, STUDIO, Answer, World

DEPARTURES: Final = {
    "studio: Referrer-Policy is same-origin, not no-referrer": "under no-referrer a browser sends the studio's own "
    "forms with Origin: null, and the gate could not tell them from a sealed page's",
    "answers without a page: Cross-Origin-Resource-Policy is cross-origin": "a sealed page has an opaque origin; told "
    "same-origin, its browser blocks the beacon's answer and writes an error into every visitor's console",
    "studio: static files whose address names their content are public and immutable": "they hold nothing of anybody's, "
    "and every screen would load them again",
    "preview: Referrer-Policy is no-referrer": "the address of a preview is what opens it",
    "own pages (not found, thank you, a form to mend): sealed without scripts, no-store, no-referrer": "they are not "
    "published pages and need less",
}

EVERYWHERE: Final = {
    "X-Content-Type-Options": "nosniff",
    "Origin-Agent-Cluster": "?1",
    "X-Permitted-Cross-Domain-Policies": "none",
}
UNFRAMED: Final = {"X-Frame-Options": "DENY"}
SEAL: Final = "sandbox allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads"
PAGE_CSP: Final = (
    f"{SEAL}; default-src 'none'; script-src SCRIPTS; style-src 'self' 'unsafe-hashes' STYLES; img-src 'self' data:; "
    "font-src 'self' data:; media-src 'self'; connect-src 'self'; form-action 'self'; frame-src 'none'; "
    "worker-src 'none'; manifest-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors ANCESTORS; "
    "UPGRADE report-uri /_l/csp"
)
OWN_CSP: Final = (
    "sandbox allow-forms allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src STYLES; "
    "form-action 'self'; base-uri 'none'; frame-ancestors ANCESTORS"
)
STUDIO_CSP: Final = (
    "default-src 'none'; script-src 'nonce-NONCE' 'strict-dynamic'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; frame-src PREVIEW; worker-src 'none'; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types default"
)
EVERYTHING_OFF: Final = "everything off"
_SEALED: Final = {
    "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": EVERYTHING_OFF,
}

PAGE, ASSET, ANSWER, REDIRECT, OWN, SCREEN, STATIC, DRAFT, OWN_DRAFT = (
    *("page", "asset", "answer", "redirect", "own page", "screen", "static file", "draft", "own page beside drafts"),
)
RULES: Final[dict[str, dict[str, str]]] = {
    PAGE: {
        **UNFRAMED,
        **_SEALED,
        "Content-Security-Policy": PAGE_CSP,
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cache-Control": "private, no-store",
        "X-Robots-Tag": "noindex",
    },
    ASSET: {
        **UNFRAMED,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "public, max-age=31536000, immutable",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Access-Control-Allow-Origin": "*",
    },
    ANSWER: {
        **UNFRAMED,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "no-store",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Referrer-Policy": "no-referrer",
    },
    REDIRECT: {
        **UNFRAMED,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "max-age=3600",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Referrer-Policy": "no-referrer",
    },
    OWN: {
        **UNFRAMED,
        **_SEALED,
        "Content-Security-Policy": OWN_CSP,
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex",
    },
    DRAFT: {
        **_SEALED,
        "Content-Security-Policy": PAGE_CSP,
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex",
    },
    OWN_DRAFT: {
        **_SEALED,
        "Content-Security-Policy": OWN_CSP,
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex",
    },
    SCREEN: {
        **UNFRAMED,
        "Content-Security-Policy": STUDIO_CSP,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    },
}
RULES[STATIC] = {**RULES[SCREEN], "Cache-Control": "public, max-age=31536000, immutable"}

BESIDE: Final = frozenset(
    [
        *(
            "Content-Type",
            "Content-Length",
            "Content-Encoding",
            "Content-Disposition",
            "Content-Range",
            "Accept-Ranges",
        ),
        *("ETag", "Last-Modified", "Vary", "Date", "Location", "Set-Cookie", "Allow", "Retry-After", "HX-Redirect"),
    ]
)
"""What an answer may say about itself beyond its guard."""


def find_differences(world: World, kind: str, answer: Answer, body: str) -> Iterator[str]:
    """Where the headers are not those of this kind of answer; `body` is what the policy's hashes are of."""
    names = [name for name, _ in answer.headers]
    if len(names) != len({name.lower() for name in names}):
        yield f"a header twice: {names}"
    sent = {name: value for name, value in answer.headers if name not in BESIDE}
    expected = {**EVERYWHERE, **RULES[kind]}
    if world.scheme == "https":
        expected["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    expected["Content-Security-Policy"] = _fill_csp(world, kind, expected["Content-Security-Policy"], body)
    sent["Content-Security-Policy"] = _hide_nonce(sent.get("Content-Security-Policy", ""))
    if expected.get("Permissions-Policy") == EVERYTHING_OFF and _is_everything_off(sent.get("Permissions-Policy", "")):
        sent["Permissions-Policy"] = EVERYTHING_OFF
    for name in sorted({*sent, *expected}):
        if sent.get(name) != expected.get(name):
            yield f"{name} is {sent.get(name)!r}, not {expected.get(name)!r}"
    if kind in (DRAFT, OWN_DRAFT) and answer.get("Set-Cookie"):
        yield "a preview set a cookie"


def _fill_csp(world: World, kind: str, policy: str, body: str) -> str:
    """The policy with the hashes of what was really sent."""
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", body, re.DOTALL)
    blocks = re.findall(r"<style[^>]*>(.*?)</style>", body, re.DOTALL)
    attributes = [html.unescape(text) for text in re.findall(r'\sstyle="([^"]*)"', body)]
    words = {
        "SCRIPTS": _hashes(scripts),
        "STYLES": _hashes([*blocks, *attributes]),
        "ANCESTORS": world.origin(STUDIO) if kind in (DRAFT, OWN_DRAFT) else "'none'",
        "UPGRADE ": "upgrade-insecure-requests; " if world.scheme == "https" else "",
        "PREVIEW": world.origin(PREVIEW),
    }
    for word, value in words.items():
        policy = policy.replace(word, value)
    return policy


def _hashes(texts: list[str]) -> str:
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
    return " ".join(dict.fromkeys(f"'sha256-{digest}'" for digest in digests))


def _hide_nonce(policy: str) -> str:
    return re.sub(r"'nonce-[\w-]{22}'", "'nonce-NONCE'", policy)


def _is_everything_off(policy: str) -> bool:
    features = policy.split(", ")
    needed = {
        "camera",
        "microphone",
        "geolocation",
        "payment",
        "usb",
        "fullscreen",
        "display-capture",
        "browsing-topics",
    }
    return all(feature.endswith("=()") for feature in features) and needed <= {item[:-3] for item in features}
