"""Asks a release as the world will ask it, before anybody sees it: through the real front, on a disk that is thrown away.

Ad checkers, phones and desks, with the parameters that ads bring, a form sent in. What must hold for every page is
checked here once more on the bytes themselves, so that nobody's ads are disapproved and no parameter is lost.
"""

import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from experiments.journal import Durability, Journal, Record
from lander.catalog import SiteEntry, write_catalog
from lander.config import Settings
from lander.form_names import FORM_PATH, KEY_FIELD, TOKEN_FIELD
from lander.policy.findings import Finding, Severity
from lander.policy.fine import NOT_ASKED
from lander.published import PublishedVariant, TextSlot, build_release, read_release, write_release
from lander.serve.front import Front
from lander.text_slots import fill_text

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

PHONE: Final = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
    "Mobile/15E148 Safari/604.1"
)
DESK: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
CHECKERS: Final = {
    "AdsBot-Google": "AdsBot-Google (+http://www.google.com/adsbot.html)",
    "AdsBot-Google-Mobile": "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Mobile Safari/537.36 (compatible; AdsBot-Google-Mobile; +http://www.google.com/mobile/adsbot.html)",
}
CAMPAIGN: Final = "gclid=Cj0KCQ_a-B&utm_source=google&utm_medium=cpc&utm_campaign=spring&utm_term=cars%20near%20me"
_QUERIES: Final = {
    "campaign parameters": CAMPAIGN,
    "a long address": f"{CAMPAIGN}&utm_content={'x' * 2_000}",
    "a QA parameter": "lander=b",
}
# releases are synced to disk as they are written; in memory that costs nothing, elsewhere up to 0.15 s a page
_IN_MEMORY: Final = "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None  # noqa: S108
_PROBE: Final = "\"'><b>l4nd3r & co"
_RAW_PROBE: Final = "<b>l4nd3r"
_TOKEN: Final = re.compile(rb'data-lander="([A-Za-z0-9_.~-]*)"')
_FORM_ANSWERS: Final = (200, 303, 422)
_FIX: Final = "This is a defect of Lander and not of your page: tell IT, with this sentence."


@dataclass(frozen=True, slots=True)
class _Answer:
    """What somebody who asked was given."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def token(self) -> bytes:
        found = _TOKEN.search(self.body)
        return found[1] if found else b""

    @property
    def content(self) -> bytes:
        """The page without what differs from view to view."""
        return self.body.replace(self.token, b"") if self.token else self.body

    def header_names(self) -> set[str]:
        return {name.lower() for name, _ in self.headers}


class _Wastebasket(Journal):
    """A journal that forgets: nobody who asks here was there."""

    def append(self, records: Sequence[Record], durability: Durability = Durability.BATCHED) -> None:
        pass


def look_ahead(settings: Settings, site: SiteEntry, release_id: str, files: Mapping[str, bytes]) -> list[Finding]:
    """What would go wrong with a release once it is live. A disk that takes nothing keeps nobody from publishing."""
    try:
        return _look_ahead(settings, site, release_id, files)
    except OSError as error:
        sentence = f"The page could not be tried out before going live: {error.strerror or error}."
        return [Finding(Severity.WARN, NOT_ASKED, sentence, "Tell IT that this machine's disk takes no files.")]


def _look_ahead(settings: Settings, site: SiteEntry, release_id: str, files: Mapping[str, bytes]) -> list[Finding]:
    release = read_release(release_id, files)
    with tempfile.TemporaryDirectory(prefix="lander-preflight-", dir=_IN_MEMORY) as folder:
        there = replace(settings, data_dir=Path(folder), proxies=())
        routes = {(release.host, release.path): release_id}
        write_release(there.published_dir, release_id, files)
        paths = {release.control: release.path}
        for variant in release.variants.values():
            if release.allocation is not None or variant.key != release.control:
                # alone, at an address that no page can have: an upper-case letter
                paths[variant.key] = f"{release.path}/{variant.key.upper()}"
                alone = build_release(
                    page_id=release.page_id,
                    host=release.host,
                    path=paths[variant.key],
                    control=variant.key,
                    variants=(variant,),
                    policy_version=release.policy_version,
                    allocation=None,
                )
                write_release(there.published_dir, *alone)
                routes[release.host, paths[variant.key]] = alone[0]
        write_catalog(there.published_dir, [site], routes)
        front = Front(there, journal=_Wastebasket(there.journal_dir))
        found: list[Finding] = []
        shown: set[bytes] = set()
        for key, path in paths.items():
            visitor = Visitor(front, release.host, path)
            shown.add(visitor.ask(DESK).content)
            found += [replace(item, where=f"variant {key}") for item in ask_everything(visitor, release.variants[key])]
        whole = Visitor(front, release.host, release.path)
        found += check_split(whole, shown)
    return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Visitor:
    """Asks one address of a WSGI application."""

    application: Application
    host: str
    path: str

    def ask(self, agent: str, query: str = "", *, method: str = "GET") -> _Answer:
        return self._send(agent, self.path, query, method=method)

    def post(self, fields: Iterable[tuple[str, str]]) -> _Answer:
        return self._send(DESK, FORM_PATH, "", method="POST", body=urlencode(list(fields)).encode())

    def _send(self, agent: str, path: str, query: str, *, method: str, body: bytes = b"") -> _Answer:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": self.host,
            "HTTP_USER_AGENT": agent,
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.input": BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
        }
        if method == "POST":
            environ |= {"CONTENT_TYPE": "application/x-www-form-urlencoded", "HTTP_ORIGIN": "null"}
        started: list[tuple[str, list[tuple[str, str]]]] = []
        sent = b"".join(self.application(environ, lambda status, headers: started.append((status, headers))))
        status, headers = started[0]
        return _Answer(int(status[:3]), tuple(headers), sent)


def ask_everything(visitor: Visitor, variant: PublishedVariant) -> Iterator[Finding]:
    """What is wrong with one variant, for whoever is sent to it."""
    page = visitor.ask(DESK)
    if page.status != 200:
        yield _refuse("page", f"The page answers {page.status} instead of showing itself.")
        return
    for name, value in variant.headers:
        if (name, value) not in page.headers:
            yield _refuse("headers", f"The page comes without its header {name}.")
    phone, head = visitor.ask(PHONE), visitor.ask(DESK, method="HEAD")
    if phone.status != 200 or phone.content != page.content:
        yield _refuse("page", "Phones do not get the page that desks get.")
    if (head.status, head.body, head.header_names()) != (page.status, b"", page.header_names() - {"set-cookie"}):
        yield _refuse(
            "head", "Who asks for the headers alone (HEAD) is told something else than who asks for the page."
        )
    for name, agent in CHECKERS.items():
        yield from _check_checker(name, visitor.ask(agent, CAMPAIGN), visitor.ask(DESK, CAMPAIGN))
    for what, query in _QUERIES.items():
        answer = visitor.ask(PHONE, query)
        if answer.status != 200 or any(name.lower() == "location" for name, _ in answer.headers):
            yield _refuse("parameters", f"With {what} the page answers {answer.status} instead of showing itself.")
    yield from _check_dynamic_text(visitor, variant)
    yield from _check_forms(visitor, variant, page)


def _check_checker(name: str, checker: _Answer, visitor: _Answer) -> Iterator[Finding]:
    """An ad checker sees what visitors see, to the byte; an ad whose checker sees something else is disapproved."""
    if checker.status != 200:
        yield _refuse("adsbot", f"{name} is answered {checker.status}; ads that lead here would be disapproved.")
    elif checker.content != visitor.content:
        yield _refuse("adsbot", f"{name} sees another page than visitors; ads that lead here would be disapproved.")
    if "set-cookie" in checker.header_names():
        yield _refuse("adsbot", f"{name} is given a cookie, and would be counted as a visitor.")


def _check_dynamic_text(visitor: Visitor, variant: PublishedVariant) -> Iterator[Finding]:
    for slot in dict.fromkeys(item for item in variant.segments if isinstance(item, TextSlot)):
        answer = visitor.ask(PHONE, urlencode({slot.parameter: _PROBE}))
        if fill_text(_PROBE, slot.transform, slot.default).encode() not in answer.body:
            yield _refuse("parameters", f"The parameter {slot.parameter} does not come through to the text it fills.")
        if _RAW_PROBE.encode() in answer.body.lower():
            yield _refuse("parameters", f"The parameter {slot.parameter} can bring HTML into the page.")


def _check_forms(visitor: Visitor, variant: PublishedVariant, page: _Answer) -> Iterator[Finding]:
    """Each form is sent in without having been filled in: it must be read, and answered as forms are."""
    for form in variant.forms:
        if f'name="{KEY_FIELD}" value="{form.key}"'.encode() not in page.body:
            yield _refuse("form", f"The form {form.key} does not say which form it is.")
            continue
        answer = visitor.post([(TOKEN_FIELD, page.token.decode()), (KEY_FIELD, form.key)])
        if answer.status not in _FORM_ANSWERS:
            yield _refuse("form", f"The form {form.key} is answered {answer.status} when it is sent in.")


def check_split(visitor: Visitor, shown: set[bytes]) -> Iterator[Finding]:
    """At the page's own address an ad checker gets one of the variants, like everybody."""
    for name, agent in CHECKERS.items():
        answer = visitor.ask(agent)
        if answer.status != 200 or answer.content not in shown:
            yield _refuse(
                "adsbot", f"{name} sees a page that no visitor sees; ads that lead here would be disapproved."
            )


def _refuse(rule: str, sentence: str) -> Finding:
    return Finding(Severity.REFUSE, f"preflight.{rule}", sentence, _FIX)
