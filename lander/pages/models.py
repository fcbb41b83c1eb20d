"""Tables of marketing's content: sites, pages, variants, their immutable versions, assets and releases."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from lander.db import UtcDateTime


class Site(SQLModel, table=True):
    """A pages host with its core site, time zone and currency."""

    id: int | None = Field(default=None, primary_key=True)
    host: str = Field(unique=True)
    core_site: str
    timezone: str
    currency: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class Page(SQLModel, table=True):
    """A URL: host and slug. `release_id` is what visitors see; None before the first publish and after a withdrawal."""

    __table_args__ = (UniqueConstraint("site_id", "slug"),)

    id: int | None = Field(default=None, primary_key=True)
    site_id: int = Field(foreign_key="site.id", index=True)
    slug: str
    kind: str = "imported"
    thank_you: str = ""  # path or https address after a form; empty: our own plain page
    noindex: bool = True
    release_id: str | None = Field(default=None, foreign_key="release.id")
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str


class Variant(SQLModel, table=True):
    """One of a page's contents: a, b, c… `version_id` is its draft."""

    __table_args__ = (UniqueConstraint("page_id", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    page_id: int = Field(foreign_key="page.id", index=True)
    key: str
    version_id: int | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)


class Version(SQLModel, table=True):
    """An immutable revision of a variant: the HTML as it came, and where its references lead."""

    __table_args__ = (UniqueConstraint("variant_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    variant_id: int = Field(foreign_key="variant.id", index=True)
    number: int
    source: str
    path: str  # of the HTML file inside its archive, e.g. index.html; relative references start there
    files: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    # archive path or absolute address → asset name (<sha256>.<ext>)
    links: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    # archive path of a sibling HTML file → slug of the page it became
    enable_submit: bool = False  # take `disabled` off submit buttons when publishing
    note: str = ""
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str


class Asset(SQLModel, table=True):
    """A file by the hash of its content, with its precompressed forms where they are smaller."""

    name: str = Field(primary_key=True)  # <sha256>.<ext>
    media_type: str
    size_bytes: int
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    gzip: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    brotli: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    css_references: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    # of a stylesheet: {"external": [addresses], "assets": [names]} that it refers to
    created_at: datetime = Field(sa_type=UtcDateTime)


class StoredRelease(SQLModel, table=True):
    """A release (`lander.published`), kept for every node to materialise and for rollback."""

    __tablename__ = "release"

    id: str = Field(primary_key=True)  # sha256 of its files
    page_id: int = Field(index=True)
    versions: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))  # key → version id
    assets: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    files: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))  # name → UTF-8 text
    strip_external: bool = False
    policy_version: int
    created_at: datetime = Field(sa_type=UtcDateTime)


class Publication(SQLModel, table=True):
    """One act of putting a release live (or taking the page away): the page's history."""

    id: int | None = Field(default=None, primary_key=True)
    page_id: int = Field(foreign_key="page.id", index=True)
    release_id: str | None = Field(default=None, foreign_key="release.id")
    reason: str  # publish, rollback, withdraw, experiment start, …
    during_test: str = ""  # annotate, new-phase or empty
    at: datetime = Field(sa_type=UtcDateTime)
    by: str
