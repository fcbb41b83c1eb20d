"""Whether links that lead elsewhere lead somewhere: asked when somebody wants to know, never by itself.

Each host is asked with HEAD, and with GET where that is not answered well. Nothing is sent but the address.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final
from urllib.parse import SplitResult

from werkzeug.urls import iri_to_uri

from lander.integrations.egress import (
    PATIENCE_S,
    EgressRefused,
    Target,
    find_own_target,
    find_target,
    read_url,
)
from lander.integrations.exchange import Answer, Network, NoAnswer, ask

MOST: Final = 50
LONGEST_S: Final = 20.0  # for all of them
_AT_ONCE: Final = 8
_HEADERS: Final = {"User-Agent": "Lander link check", "Accept": "*/*"}
_SHY: Final = (401, 403, 405, 406, 429, 451, 999)  # what many say to programs alone
_LONGEST_WORDS: Final = 120


class Tone(StrEnum):
    """What an answer means to somebody who clicks."""

    FINE = "fine"
    MOVED = "moved"  # it leads on
    DEAD = "dead"
    UNKNOWN = "unknown"  # somebody has to look


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of looking at a link, in words."""

    tone: Tone
    words: str


def look_at_links(urls: Sequence[str], *, is_development: bool, network: Network) -> list[Looked]:
    """One result for each of at most `MOST` addresses, within `LONGEST_S`; never raises for what a host does."""
    look = partial(_look, deadline=time.monotonic() + LONGEST_S, is_development=is_development, network=network)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="links") as pool:
        return list(pool.map(look, urls[:MOST]))


def _look(url: str, *, deadline: float, is_development: bool, network: Network) -> Looked:
    parts = _read(url)
    if parts is None:
        return Looked(Tone.UNKNOWN, "Not asked: this is no address that a program can ask.")
    own = find_own_target(parts, is_development=is_development)
    if own is None and (reason := _why_not(parts)):
        return Looked(Tone.UNKNOWN, f"Not asked: {reason}.")
    if deadline - time.monotonic() < 1:
        return Looked(Tone.UNKNOWN, "Not asked: the others took too long. Ask again.")
    try:
        target = own or find_target(parts, network.resolve, min(PATIENCE_S, deadline - time.monotonic()))
        answer = _ask(target, "HEAD", network, deadline)
        if answer.status >= 400:  # some answer HEAD with anything
            answer = _ask(target, "GET", network, deadline)
    except EgressRefused as refusal:
        return Looked(Tone.DEAD, refusal.message[:_LONGEST_WORDS])
    except NoAnswer as problem:
        return Looked(Tone.DEAD, str(problem)[:_LONGEST_WORDS])
    return _judge(answer)


def _read(url: str) -> SplitResult | None:
    """The parts of an address, written as a browser sends it; None where it is none."""
    try:
        return read_url(iri_to_uri(url))
    except ValueError:
        return None


def _why_not(parts: SplitResult) -> str:
    if parts.scheme != "https":
        return "only https is asked, and this address begins with http://"
    if parts.username is not None or parts.password is not None:
        return "it holds a user name or a password"
    return "" if parts.port in (None, 443) else f"only port 443 is asked, and it names port {parts.port}"


def _ask(target: Target, method: str, network: Network, deadline: float) -> Answer:
    return ask(target, method, _HEADERS, network, min(deadline, time.monotonic() + PATIENCE_S))


def _judge(answer: Answer) -> Looked:
    status = answer.status
    if 200 <= status < 300:
        return Looked(Tone.FINE, f"Answers with {status}.")
    if 300 <= status < 400:
        where = f" to {answer.location}" if answer.location else ""
        return Looked(Tone.MOVED, f"Leads on ({status}){where}"[:_LONGEST_WORDS])
    if status in _SHY:
        return Looked(Tone.UNKNOWN, f"Answers with {status}, as many do to programs. Open it yourself.")
    return Looked(Tone.DEAD, f"Answers with {status}.")
