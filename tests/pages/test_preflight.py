"""A release is asked as the world will ask it; a server that treats anybody specially is found out before it is live."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from sqlmodel import Session

from experiments.journal import Journal
from lander.catalog import SiteEntry
from lander.config import Settings
from lander.pages import publish
from lander.pages.deploy import materialise
from lander.pages.models import Page, Site, StoredRelease
from lander.pages.testing import start_experiment
from lander.policy.findings import Finding, Severity
from lander.policy.fine import list_fine
from lander.policy.policy import DEFAULTS
from lander.preflight import Visitor, ask_everything, check_split, look_ahead
from lander.published import PublishedVariant, read_release
from lander.serve.front import Front
from tests.pages.publishing import FORM, GOOD, MAYA, NOW, add_page, add_site, make_settings

SOURCE = FORM.replace("<h1>Spring sale", "<h1>Cars in {{city|titlecase|Vancouver}}").replace(
    "<title>Sale", "<title>Sale in {{city|uppercase|Vancouver}}"
)
ENTRY = SiteEntry(host="go.example.com", core_site="www.example.com", timezone="Europe/Berlin")
Serve = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def site(session: Session) -> Site:
    return add_site(session)


@pytest.fixture
def page(session: Session, settings: Settings, site: Site) -> Page:
    page = add_page(session, site, {"a": SOURCE, "b": SOURCE.replace("Cars", "Buggies")})
    publish.publish(session, settings, page, preflight=look_ahead, actor=MAYA, now=NOW)
    return page


def files_of(session: Session, page: Page) -> tuple[str, dict[str, bytes]]:
    stored = session.get_one(StoredRelease, page.release_id)
    return stored.id, {name: text.encode() for name, text in stored.files.items()}


def test_a_page_as_lander_publishes_it_passes_with_and_without_a_test(
    session: Session,
    settings: Settings,
    page: Page,
) -> None:
    assert look_ahead(settings, ENTRY, *files_of(session, page)) == []
    start_experiment(
        session, settings, page=page, variants={"a": 5000, "b": 5000}, goal="form", hypothesis="", actor=MAYA, now=NOW
    )
    assert look_ahead(settings, ENTRY, *files_of(session, page)) == []


def test_it_leaves_nothing_behind(session: Session, settings: Settings, page: Page) -> None:
    before = sorted(settings.data_dir.rglob("*"))
    look_ahead(settings, ENTRY, *files_of(session, page))
    assert sorted(settings.data_dir.rglob("*")) == before


@pytest.fixture
def variant(session: Session, settings: Settings, page: Page) -> PublishedVariant:
    materialise(session, settings.published_dir)
    return read_release(*files_of(session, page)).variants["a"]


@pytest.fixture
def front(settings: Settings, variant: PublishedVariant) -> Iterable[Front]:
    journal = Journal(settings.journal_dir)
    yield Front(settings, journal=journal)
    journal.close()


def agent_of(environ: dict[str, Any]) -> str:
    return str(environ["HTTP_USER_AGENT"])


When = Callable[[dict[str, Any]], bool]


def changed(front: Front, when: When, *, body: bytes = b"", status: str = "", **headers: str) -> Serve:
    """The front, but for some requests: with more in the body, another status, or a header more (empty: without it)."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        started: list[tuple[str, list[tuple[str, str]]]] = []
        sent = b"".join(front(environ, lambda line, pairs: started.append((line, pairs))))
        line, pairs = started[0]
        if when(environ):
            names = {name.replace("_", "-").lower() for name in headers}
            pairs = [pair for pair in pairs if pair[0].lower() not in names]
            pairs += [(name.replace("_", "-"), value) for name, value in headers.items() if value]
            line, sent = status or line, sent + body
        start_response(line, pairs)
        return [sent]

    return serve


def ask(application: Serve, variant: PublishedVariant) -> list[Finding]:
    return list(ask_everything(Visitor(application, "go.example.com", "/spring-sale"), variant))


def is_checker(environ: dict[str, Any]) -> bool:
    return "AdsBot" in agent_of(environ)


@pytest.mark.parametrize(
    ("when", "change", "said"),
    [
        (is_checker, {"body": b"<!-- hello, checker -->"}, "adsbot: sees another page than visitors"),
        (is_checker, {"status": "403 Forbidden"}, "adsbot: answered 403"),
        (is_checker, {"set_cookie": "lp=x"}, "adsbot: given a cookie"),
        (lambda environ: "gclid" in environ["QUERY_STRING"], {"status": "302 Found"}, "parameters: answers 302"),
        (lambda environ: len(environ["QUERY_STRING"]) > 2_000, {"status": "414 Long"}, "parameters: a long address"),
        (lambda environ: "lander=" in environ["QUERY_STRING"], {"location": "/"}, "parameters: a QA parameter"),
        (lambda environ: environ["REQUEST_METHOD"] == "HEAD", {"status": "405 No"}, "head: HEAD"),
        (lambda environ: environ["REQUEST_METHOD"] == "POST", {"status": "500 No"}, "form: answered 500"),
        (lambda environ: "iPhone" in agent_of(environ), {"body": b"phone"}, "page: Phones do not get"),
        (lambda environ: True, {"content_security_policy": ""}, "headers: Content-Security-Policy"),
        (lambda environ: True, {"status": "503 No"}, "page: answers 503"),
        (lambda environ: "city=" in environ["QUERY_STRING"], {"body": b"<b>L4nd3r"}, "parameters: bring HTML"),
    ],
)
def test_whoever_is_treated_specially_is_found_out(
    front: Front, variant: PublishedVariant, when: When, change: dict[str, Any], said: str
) -> None:
    assert ask(front, variant) == []
    rule, _, words = said.partition(": ")
    found = [item for item in ask(changed(front, when, **change), variant) if item.rule == f"preflight.{rule}"]
    assert found
    assert words in found[0].sentence
    assert found[0].severity is Severity.REFUSE


def test_a_parameter_that_gets_lost_is_found(front: Front, variant: PublishedVariant) -> None:
    def forgetful(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        kept = {} if "city" in parse_qs(environ["QUERY_STRING"]) else {"QUERY_STRING": environ["QUERY_STRING"]}
        return front({**environ, "QUERY_STRING": "", **kept}, start_response)

    assert [item.sentence for item in ask(forgetful, variant)] == [
        "The parameter city does not come through to the text it fills."
    ] * 2


def test_a_checker_that_sees_no_variant_at_the_pages_own_address_is_found(front: Front) -> None:
    visitor = Visitor(changed(front, is_checker, body=b"x"), "go.example.com", "/spring-sale")
    assert {item.rule for item in check_split(visitor, {b"what visitors see"})} == {"preflight.adsbot"}


def test_a_form_that_the_page_does_not_hold_is_found(
    session: Session,
    settings: Settings,
    page: Page,
) -> None:
    release_id, files = files_of(session, page)
    broken = {**files, "manifest.json": files["manifest.json"].replace(b'"f1"', b'"f9"')}
    found = look_ahead(settings, ENTRY, release_id, broken)
    assert {item.sentence for item in found} == {"The form f9 does not say which form it is."}
    assert {item.where for item in found} == {"variant a", "variant b"}


def test_a_disk_that_takes_nothing_is_named_and_keeps_nobody_from_publishing(
    session: Session, settings: Settings, site: Site
) -> None:
    def on_a_broken_disk(
        settings: Settings, site: SiteEntry, release_id: str, files: Mapping[str, bytes]
    ) -> list[Finding]:
        return look_ahead(settings, site, release_id, {**files, "no-such-folder/a.html": b""})

    page = add_page(session, site, {"a": GOOD}, slug="other")
    published = publish.publish(session, settings, page, preflight=on_a_broken_disk, actor=MAYA, now=NOW)
    assert [(item.rule, item.severity) for item in published.findings] == [("preflight.disk", Severity.WARN)]
    assert "No such file or directory" in published.findings[0].sentence
    fine = list_fine(published.findings, DEFAULTS)
    assert not any("ad checkers" in sentence or "taken in" in sentence for sentence in fine)
    assert "The page says its language." in fine


def test_what_it_finds_stands_in_the_way_of_publishing(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": GOOD}, slug="other")
    defect = Finding(Severity.REFUSE, "preflight.adsbot", "AdsBot-Google sees another page.", "Tell IT.")
    with pytest.raises(publish.Refused) as refused:
        publish.publish(session, settings, page, preflight=lambda *release: [defect], actor=MAYA, now=NOW)
    assert refused.value.findings == (defect,)
    assert page.release_id is None
