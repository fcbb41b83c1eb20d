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
    redirects_id: str = ""  # sha256 of its redirects as nodes serve them; empty where there are none
    created_at: datetime = Field(sa_type=UtcDateTime)


class Page(SQLModel, table=True):
    """A URL: host and slug. `release_id` is what visitors see; None before the first publish and after a withdrawal."""

    __table_args__ = (UniqueConstraint("site_id", "slug"),)

    id: int | None = Field(default=None, primary_key=True)
    site_id: int = Field(foreign_key="site.id", index=True)
    slug: str
    kind: str = "imported"
    thank_you: str = ""  # path or https address after a form; empty: our own plain page
    thank_you_message: str = ""  # what that plain page says; empty: a plain thank-you
    noindex: bool = True
    meta: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    # what search engines and social networks are told: canonical, hreflang, json_ld, social
    release_id: str | None = Field(default=None, foreign_key="release.id")
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str


class Variant(SQLModel, table=True):
    """One of a page's contents: a, b, c… `version_id` is its draft."""

    __table_args__ = (UniqueConstraint("page_id", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    page_id: int = Field(foreign_key="page.id", index=True)
    key: str
    name: str = ""  # as marketers call it; empty: its letter alone
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


class Rendition(SQLModel, table=True):
    """An image asset in another width or format, made once."""

    original: str = Field(primary_key=True, foreign_key="asset.name")
    width: int = Field(primary_key=True)
    format: str = Field(primary_key=True)  # avif, webp, or the original's own
    name: str = Field(foreign_key="asset.name")
    height: int


class StoredRelease(SQLModel, table=True):
    """A release (`lander.published`), kept for every node to materialise and for rollback."""

    __tablename__ = "release"

    id: str = Field(primary_key=True)  # sha256 of its files
    page_id: int = Field(index=True)
    versions: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))  # key → version id
    snippets: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    # name → snippet version id
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


class Snippet(SQLModel, table=True):
    """A shared block of HTML that pages name; `version_id` is its draft."""

    __table_args__ = (UniqueConstraint("site_id", "name"),)

    id: int | None = Field(default=None, primary_key=True)
    site_id: int = Field(foreign_key="site.id", index=True)
    name: str
    version_id: int | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)


class SnippetVersion(SQLModel, table=True):
    """An immutable revision of a snippet."""

    __table_args__ = (UniqueConstraint("snippet_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    snippet_id: int = Field(foreign_key="snippet.id", index=True)
    number: int
    source: str
    note: str = ""
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str


class BulkEdit(SQLModel, table=True):
    """One operation applied to many variants and snippets at once, and what it takes to undo it."""

    id: int | None = Field(default=None, primary_key=True)
    site_id: int = Field(foreign_key="site.id", index=True)
    operation: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    changes: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    # one per variant or snippet: what it was before and after
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)
    created_by: str
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    undone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    undone_by: str = ""


class ShareLink(SQLModel, table=True):
    """A preview for somebody outside: signed, expiring, and good for nothing once it is revoked."""

    id: str = Field(primary_key=True)
    page_id: int = Field(foreign_key="page.id", index=True)
    variant: str
    values: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))  # dynamic text
    note: str = ""  # for whom
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str
    expires_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Schedule(SQLModel, table=True):
    """Something that is to happen to a page at a time; the work process does it, and writes down what came of it."""

    id: int | None = Field(default=None, primary_key=True)
    page_id: int = Field(foreign_key="page.id", index=True)
    action: str  # publish, withdraw, start or stop
    options: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    state: str = "waiting"  # waiting, done, failed, cancelled
    outcome: str = ""  # in words, where it is done or failed
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Redirect(SQLModel, table=True):
    """An old address of a site and where it leads; `target` is empty for 410, which leads nowhere.

    Whoever changes one settles the site's `redirects_id` with it; nodes look at that alone.
    """

    __table_args__ = (UniqueConstraint("site_id", "path"),)

    id: int | None = Field(default=None, primary_key=True)
    site_id: int = Field(foreign_key="site.id", index=True)
    path: str  # with its leading slash
    target: str  # a path of this site, or an https address
    status: int  # 301, 302 or 410
    note: str = ""
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str


class MissingPath(SQLModel, table=True):
    """An address that visitors asked for in vain: the 404 log, one row an address."""

    site_id: int = Field(primary_key=True, foreign_key="site.id")
    path: str = Field(primary_key=True)
    hits: int = 0
    referrer: str = ""  # host of the last page that linked here
    ignored: bool = False  # somebody looked at it and wants nothing done
    first_at: datetime = Field(sa_type=UtcDateTime)
    last_at: datetime = Field(sa_type=UtcDateTime, index=True)
