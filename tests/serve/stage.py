"""A pages plane on a temporary folder, with what happened there to look at afterwards."""

import html
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from werkzeug.test import Client, TestResponse

from experiments.allocation import ranges
from experiments.events import Event
from experiments.journal import Durability, Journal, JournalUnavailable, Record, list_journals
from lander import headers
from lander.catalog import Listing, SiteEntry, write_catalog, write_redirects_file
from lander.config import Settings, load_settings
from lander.published import (
    Allocation,
    Form,
    FormField,
    PublishedVariant,
    Segment,
    TokenSlot,
    build_release,
    write_release,
)
from lander.redirection import write_redirects
from lander.serve.front import Front
from lander.serve.token import TokenSigner, View

HOST = "go.example.com"
OTHER_HOST = "go.example.org"
SECRET = "a-secret-for-tests-only-0123456789-abcdefghij"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
TOKEN = re.compile(r'data-lander="([^"]*)"')

CONTACT = Form(
    key="f1",
    fields=(
        FormField("name", "name", "Your name", required=True, max_length=60),
        FormField("email", "email", "E-mail", required=True),
        FormField("phone", "phone", "Phone"),
        FormField("size", "choice", "Size", options=("S", "M", "L")),
        FormField("campaign", "hidden", "", max_length=20),
        FormField("consent", "choice", "You may write to me", required=True, options=("yes",)),
    ),
    thank_you="/spring-sale/thanks",
    consent_text="You may write to me",
)
FILLED = {
    "name": "Otto",
    "email": "Otto@Example.com",
    "phone": "+49 (30) 123-456",
    "size": "M",
    "campaign": "spring",
    "consent": "yes",
}


def variant(key: str, *extra: Segment, forms: Sequence[Form] = (CONTACT,)) -> PublishedVariant:
    """A page that says which variant it is and carries its token."""
    return PublishedVariant(
        key=key,
        segments=(
            f"<!doctype html><title>variant {key}</title>".encode(),
            *extra,
            b'<script data-lander="',
            TokenSlot(),
            b'"></script>',
        ),
        headers=headers.page_headers({"sandbox": headers.SANDBOX}, scheme="https", noindex=True),
        forms=tuple(forms),
    )


def allocation(
    weights: Mapping[str, int] | None = None, *, coverage_bp: int = 10_000, goal: str = "form", phase: int = 1
) -> Allocation:
    """A running phase, half and half where nothing else is said."""
    weights = weights or {"a": 5_000, "b": 5_000}
    owned = ranges(list(weights.values()), coverage_bp)
    return Allocation(
        experiment_id=7,
        experiment_key="spring-sale-1",
        phase=phase,
        seed=f"spring-sale-1:{phase}",
        ranges=tuple((key, low, high) for key, (low, high) in zip(weights, owned, strict=True)),
        goal=goal,
        selector=".buy" if goal == "click" else "",
    )


@dataclass
class Stage:
    """A front, its folder, and people who knock."""

    settings: Settings
    journal: Any = None
    published: dict[tuple[str, str], str] = field(default_factory=dict)
    redirects: list[tuple[str, str, int]] = field(default_factory=list)  # of HOST
    listings: list[Listing] = field(default_factory=list)  # what the sitemap of HOST names

    def __post_init__(self) -> None:
        self.journal = self.journal or HeardJournal(self.settings.journal_dir)
        self.front = Front(self.settings, journal=self.journal)
        self.tokens = TokenSigner(self.settings.signing_keys)

    def publish(
        self,
        path: str = "/spring-sale",
        *,
        variants: Sequence[PublishedVariant] = (),
        allocation: Allocation | None = None,
        host: str = HOST,
        page_id: int = 1,
        look: bool = True,
    ) -> None:
        """Put a page live, and let the front see it at once unless told otherwise."""
        release_id, files = build_release(
            page_id=page_id,
            host=host,
            path=path,
            control="a",
            variants=tuple(variants) or (variant("a"), variant("b")),
            policy_version=1,
            allocation=allocation,
        )
        write_release(self.settings.published_dir, release_id, files)
        self.published[host, path] = release_id
        self.write_catalog(look=look)

    def withdraw(self, path: str = "/spring-sale", *, host: str = HOST) -> None:
        del self.published[host, path]
        self.write_catalog()

    def write_catalog(self, *, look: bool = True, write_files: bool = True) -> None:
        sites = [SiteEntry(host, "www.example.com", "Europe/Berlin") for host in (HOST, OTHER_HOST)]
        redirects_id, content = write_redirects(self.redirects)
        if self.redirects and write_files:
            write_redirects_file(self.settings.published_dir, redirects_id, content)
        write_catalog(
            self.settings.published_dir,
            sites,
            self.published,
            redirects={HOST: redirects_id} if self.redirects else {},
            listings={HOST: self.listings} if self.listings else {},
        )
        if look:
            self.look_again()

    def look_again(self) -> None:
        """As if 250 ms had passed since the front looked at its disk."""
        self.front._catalog._check_at = 0.0
        assert self.front.hosts is not None

    def ask(
        self,
        path: str = "/spring-sale",
        *,
        method: str = "GET",
        host: str = HOST,
        agent: str = CHROME,
        address: str = "203.0.113.9",
        body: bytes | str = b"",
        headers: Mapping[str, str] | None = None,
    ) -> TestResponse:
        """One request as it comes from outside, without cookies unless given."""
        path, _, query = path.partition("?")
        return Client(self.front, use_cookies=False).open(
            path,
            query_string=query,
            method=method,
            base_url=f"{self.settings.scheme}://{host}",
            data=body,
            headers={"User-Agent": agent, **(headers or {})},
            environ_overrides={"REMOTE_ADDR": address},
        )

    def view(self, path: str = "/spring-sale", **request: Any) -> tuple[View, str]:
        """Load a page; its view as the token tells it, and the token."""
        found = TOKEN.search(self.ask(path, **request).text)
        assert found is not None
        return self.tokens.read(found[1]), found[1]

    def post_form(self, token: str, values: Mapping[str, Any], *, form: str = "f1", **request: Any) -> TestResponse:
        sent = {"_lander": token, "_form": form, "lander_website": "", **values}
        typed = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "null", **request.pop("headers", {})}
        return self.ask("/_l/f", method="POST", body=urlencode(sent, doseq=True), headers=typed, **request)

    def beacon(self, token: str, kind: str = "k=view", **request: Any) -> TestResponse:
        typed = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "null", **request.pop("headers", {})}
        return self.ask("/_l/b", method="POST", body=f"t={token}&{kind}", headers=typed, **request)

    def aged(self, view: View, seconds: float) -> str:
        """The token of the same view, served so long ago."""
        older = view._replace(issued_at_ms=view.issued_at_ms - round(seconds * 1000))
        return self.tokens.mint(older).decode()

    def rows(self) -> list[Record]:
        """Everything that is on disk in the journals, in the order in which it came."""
        self.journal.close()
        kept = Counter(
            Record(kind, body)
            for file in list_journals(self.settings.journal_dir)
            for _, kind, body in file.read(100_000)
        )
        heard: list[Record] = self.journal.heard
        assert kept == Counter(heard)
        return heard

    def events(self) -> list[Event]:
        return [Event.from_json(body) for kind, body in self.rows() if kind == "event"]

    def leads(self) -> list[dict[str, Any]]:
        return [json.loads(body) for kind, body in self.rows() if kind == "lead"]


class HeardJournal(Journal):
    """A journal that remembers the order in which it was told things; on disk page views come later."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.heard: list[Record] = []

    def append(self, records: Sequence[Record], durability: Durability = Durability.BATCHED) -> None:
        super().append(records, durability)
        self.heard += records


class NoJournal:
    """A journal whose disk is full."""

    def append(self, records: Sequence[Record], durability: Durability = Durability.BATCHED) -> None:
        if durability is not Durability.BATCHED:
            raise JournalUnavailable("the disk is full")

    def check(self) -> None:
        raise JournalUnavailable("the disk is full")

    def close(self) -> None:
        pass


def settings_for(folder: Path, *, env: str = "production", secrets: str = SECRET) -> Settings:
    return load_settings({"LANDER_ENV": env, "LANDER_DATA_DIR": str(folder), "LANDER_SECRET_KEYS": secrets})


@contextmanager
def staged(folder: Path, *, env: str = "production", journal: Any = None) -> Iterator[Stage]:
    stage = Stage(settings_for(folder, env=env), journal=journal)
    try:
        yield stage
    finally:
        stage.journal.close()


def cookie_of(response: TestResponse) -> str:
    """`name=value` of the cookie that a response sets; empty where it sets none."""
    return response.headers.get("Set-Cookie", "").partition(";")[0]


def text_of(response: TestResponse) -> str:
    """What a person reads on a page."""
    return " ".join(html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", response.text, flags=re.DOTALL)).split())
