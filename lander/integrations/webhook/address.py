"""Where a webhook may lead. Checked when an address is saved and again at every attempt, because names move.

Only https, only port 443, only hosts that IT put on the list, only where every address of the host is public.
"""

from collections.abc import Sequence
from urllib.parse import SplitResult

from lander.integrations.egress import (
    LONGEST_URL,
    PATIENCE_S,
    EgressRefused,
    Resolve,
    Target,
    find_own_target,
    find_target,
    read_url,
)
from lander.policy.policy import Policy


def check_target(
    url: str, *, policy: Policy, is_development: bool, resolve: Resolve, patience_s: float = PATIENCE_S
) -> Target:
    """The target that an address leads to; raises `EgressRefused`."""
    parts = read_url(url)
    if parts is None:
        raise EgressRefused(
            "This is not an address that a webhook can be sent to.",
            fix=f"Write it in full, like https://hooks.example.com/leads, in at most {LONGEST_URL} characters.",
        )
    if (own := find_own_target(parts, is_development=is_development)) is not None:
        return own
    host = (parts.hostname or "").lower()
    _check_scheme(parts, host)
    _check_host(host, policy.egress.webhook_hosts)
    return find_target(parts, resolve, patience_s)


def _check_scheme(parts: SplitResult, host: str) -> None:
    if parts.scheme != "https":
        raise EgressRefused(
            "Webhooks are sent over https only, because leads travel in them, and this address begins with http://.",
            fix=f"Ask whoever runs {host} for its https address; nobody can allow plain http.",
        )
    if parts.username is not None or parts.password is not None:
        raise EgressRefused(
            "The address holds a user name or a password, which would be shown on screens.",
            fix="Take it out: the signature proves to the receiver who sends.",
        )
    if parts.port not in (None, 443):
        raise EgressRefused(
            f"Webhooks are sent to port 443 only, and this address names port {parts.port}.",
            fix=f"Ask whoever runs {host} to receive them there; nobody can allow another port.",
        )


def _check_host(host: str, allowed: Sequence[str]) -> None:
    if host not in allowed:
        known = f" Allowed so far: {', '.join(allowed)}." if allowed else ""
        raise EgressRefused(
            f"IT has not allowed webhooks to {host}.",
            fix=f"IT can: one line in the policy, webhook_hosts of [egress].{known}",
        )
