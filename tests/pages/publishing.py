"""Builders for tests of publishing: a database, a site, and small pages written by hand."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import Session

from lander.catalog import SiteEntry
from lander.config import Settings, load_settings
from lander.pages import pages, versions
from lander.pages.assets import prepare_file, store_files
from lander.pages.models import Page, Site, Version
from lander.policy.findings import Finding, Severity
from lander.policy.policy import DEFAULTS
from lander.published import QuerySlot, ReferrerSlot, TextSlot, TokenSlot

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
MAYA = "maya"
PAGE = '<!doctype html>\n<html lang="en"><head><title>Sale</title></head>\n<body><h1>Spring sale</h1></body></html>\n'
FORM = (
    '<!doctype html>\n<html lang="en"><head><title>Sale</title></head>\n<body><h1>Spring sale</h1>\n'
    '<form><input name="email" type="email" required><button>Go</button></form>\n</body></html>\n'
)
GOOD = (
    '<!doctype html>\n<html lang="en"><head><title>Sale</title><meta name="viewport" content="width=device-width">'
    '<meta name="description" content="Everything must go."></head>\n'
    '<body><h1>Spring sale</h1><a href="https://www.example.com/privacy">Privacy</a></body></html>\n'
)
"""A page that the gate has nothing to say about."""


def make_settings(tmp_path: Path, **environ: str) -> Settings:
    return load_settings({"LANDER_ENV": "development", "LANDER_DATA_DIR": str(tmp_path), **environ})


def add_site(session: Session, host: str = "go.example.com") -> Site:
    site = Site(host=host, core_site="www.example.com", timezone="Europe/Berlin", currency="EUR", created_at=NOW)
    session.add(site)
    session.flush()
    return site


def add_page(
    session: Session,
    site: Site,
    sources: Mapping[str, str],
    *,
    slug: str = "spring-sale",
    files: Mapping[str, bytes] | None = None,
    links: Mapping[str, str] | None = None,
    thank_you: str = "",
) -> Page:
    """A page with one version per variant; `files` are archive paths and contents."""
    page = pages.add_page(session, site, slug, actor=MAYA, now=NOW)
    page.thank_you = thank_you
    names = add_files(session, files or {})
    for key, source in sources.items():
        pages.add_variant(session, page, key, now=NOW)
        save(session, page, key, source, files=names, links=links)
    return page


def save(
    session: Session,
    page: Page,
    key: str,
    source: str,
    *,
    files: Mapping[str, str] | None = None,
    links: Mapping[str, str] | None = None,
) -> Version:
    """The next version of a variant; files and links stay as they were where none are given."""
    variant = pages.load_variant(session, page, key)
    before = session.get(Version, variant.version_id) if variant.version_id else None
    return versions.add_version(
        session,
        variant,
        source=source,
        path="index.html",
        files=dict(files if files is not None else before.files if before else {}),
        links=dict(links if links is not None else before.links if before else {}),
        enable_submit=False,
        actor=MAYA,
        now=NOW,
    )


def add_files(session: Session, files: Mapping[str, bytes]) -> dict[str, str]:
    prepared = [prepare_file(path, content, DEFAULTS.uploads) for path, content in files.items()]
    return store_files(session, prepared, now=NOW).names


def object_to_everything(
    _settings: Settings, _site: SiteEntry, _release_id: str, _files: Mapping[str, bytes]
) -> list[Finding]:
    """A pre-flight that no release passes."""
    return [Finding(Severity.REFUSE, "preflight.page", "The page answers 500.", "Tell IT.")]


def refusals(findings: Iterable[Finding]) -> list[Finding]:
    """What stands in the way, without what is merely pointed out."""
    return [finding for finding in findings if finding.severity is Severity.REFUSE]


def text_of(segments: tuple[object, ...]) -> str:
    """What a visitor gets, with its slots made visible."""
    shown = []
    for segment in segments:
        if isinstance(segment, bytes):
            shown.append(segment.decode())
        elif isinstance(segment, TokenSlot):
            shown.append("[TOKEN]")
        elif isinstance(segment, QuerySlot):
            shown.append(f"[QUERY {segment.parameter}|{segment.default}]")
        elif isinstance(segment, ReferrerSlot):
            shown.append("[REFERRER]")
        else:
            assert isinstance(segment, TextSlot)
            shown.append(f"[{segment.parameter}|{segment.transform}|{segment.default}]")
    return "".join(shown)
