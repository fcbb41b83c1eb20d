"""The Content-Security-Policy of a page, as data: what the policy allows, and the hashes of what was published.

Scripts are allowed by hash alone (own files too, through their `integrity`), never by `'self'` or a nonce: what runs is
what was looked at when publishing.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from lander.headers import REPORT_PATH, SANDBOX, Directives
from lander.policy.policy import Policy

_NONE = ("'none'",)


def page_policy(
    policy: Policy,
    *,
    scheme: str,
    scripts: Iterable[str],
    styles: Iterable[str] = (),
    style_attributes: Iterable[str] = (),
    thank_you: Iterable[str] = (),
) -> Directives:
    """Directives of a sealed page. Hashes are CSP sources (`'sha256-…'`); `thank_you` are addresses after a form."""
    allow = policy.isolation.allow
    attributes = tuple(style_attributes)
    hashes = dict.fromkeys((*(("'unsafe-hashes'",) if attributes else ()), *styles, *attributes))
    directives: dict[str, tuple[str, ...]] = {
        "sandbox": SANDBOX,
        "default-src": _NONE,
        "script-src": (*dict.fromkeys(scripts), *allow.script) or _NONE,
        "style-src": ("'self'", *hashes, *allow.style),
        "img-src": ("'self'", "data:", *allow.img),
        "font-src": ("'self'", "data:", *allow.font),
        "media-src": ("'self'", *allow.media),
        "connect-src": ("'self'", *allow.connect),
        "form-action": ("'self'", *_origins(thank_you)),
        "frame-src": allow.frame or _NONE,
        "worker-src": _NONE,
        "manifest-src": _NONE,
        "object-src": _NONE,
        "base-uri": _NONE,
        "frame-ancestors": policy.isolation.frame_ancestors or _NONE,
    }
    if scheme == "https":
        directives["upgrade-insecure-requests"] = ()
    directives["report-uri"] = (REPORT_PATH,)
    return directives


def _origins(addresses: Iterable[str]) -> Iterable[str]:
    """`form-action` also governs the redirect after the POST, so a thank-you page elsewhere must be named."""
    found = {f"https://{urlsplit(address).netloc}": None for address in addresses if address.startswith("https://")}
    return tuple(found)
