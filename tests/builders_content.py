"""Builders for content: zips, pictures, and a studio with one site on a database of its own."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image
from sqlalchemy import Engine
from sqlmodel import Session

from lander.config import Settings, load_settings
from lander.db import reading, transaction
from lander.pages import importing, pages, sites, versions
from lander.pages.models import Asset, Page, Site, Version
from lander.pages.report import ImportReport
from lander.policy.policy import DEFAULTS, Policy

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOST = "go.example.com"
SHARED_PAGES = Path(__file__).parents[1] / "../shared/pages"
PAGE = "<!doctype html><html lang=en><head><title>Sale</title></head><body><h1>Sale</h1></body></html>"


def make_settings() -> Settings:
    return load_settings({"LANDER_ENV": "development"})


def make_zip(files: Mapping[str, bytes | str], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def make_picture(kind: str = "PNG", size: tuple[int, int] = (4, 3)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "tomato").save(buffer, kind)
    return buffer.getvalue()


@dataclass
class Studio:
    """One site on a database of its own; every method is one transaction."""

    engine: Engine
    settings: Settings = field(default_factory=make_settings)

    def __post_init__(self) -> None:
        with transaction(self.engine) as session:
            sites.add_site(session, self.settings, host=HOST, core_site="www.example.com", actor="ivan", now=NOW)

    def upload(
        self,
        files: Mapping[str, bytes | str] | bytes,
        *,
        slug: str = "sale",
        key: str = "a",
        filename: str = "sale.zip",
        brought: Mapping[str, bytes] | None = None,
        enable_submit: bool = True,
        replace: bool = False,
        policy: Policy = DEFAULTS,
    ) -> ImportReport:
        with transaction(self.engine) as session:
            return importing.import_upload(
                session,
                site=self.site(session),
                slug=slug,
                variant_key=key,
                filename=filename,
                content=files if isinstance(files, bytes) else make_zip(files),
                brought=brought or {},
                enable_submit=enable_submit,
                replace=replace,
                actor="maya",
                now=NOW,
                policy=policy,
            )

    def site(self, session: Session) -> Site:
        return sites.load_site(session, HOST)

    def page(self, session: Session, slug: str = "sale") -> Page:
        return pages.load_page(session, self.site(session), slug)

    def draft(self, slug: str = "sale", key: str = "a") -> Version:
        with reading(self.engine) as session:
            return versions.load_draft(session, pages.load_variant(session, self.page(session, slug), key))

    def slugs(self) -> list[str]:
        with reading(self.engine) as session:
            return [page.slug for page in pages.list_pages(session)]

    def asset(self, name: str) -> Asset:
        with reading(self.engine) as session:
            return session.get_one(Asset, name)
