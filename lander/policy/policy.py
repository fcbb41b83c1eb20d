"""The policy: the rules IT sets once, as one frozen value with safe defaults. The file is read in `parse`."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from lander.policy.findings import Severity

MIB: Final = 1024 * 1024
SEALED: Final = "sealed"
FIELD_TYPES: Final = ("email", "name", "company", "phone", "text", "choice", "hidden")


@dataclass(frozen=True, slots=True)
class Allow:
    """Origins outside the page's own that a page may load from, by kind, as CSP sources (`https://host/path`)."""

    script: tuple[str, ...] = ()
    style: tuple[str, ...] = ()
    img: tuple[str, ...] = ()
    font: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    connect: tuple[str, ...] = ()
    frame: tuple[str, ...] = ()

    def permits(self, kind: str, address: str) -> bool:
        """Whether `address` may be loaded as `kind`; matches as a browser matches CSP sources, https only."""
        try:
            parts = urlsplit(f"https:{address}" if address.startswith("//") else address)
            if parts.scheme != "https" or not parts.hostname or parts.port not in (None, 443) or parts.username:
                return False
        except ValueError:  # an address that no browser loads either
            return False
        sources: tuple[str, ...] = getattr(self, kind, ())
        return any(_covers(source, parts.hostname, parts.path or "/") for source in sources)

    def names(self, host: str) -> bool:
        """Whether anything at all may be loaded from this host; a connection opened early then gives nothing away."""
        return any(urlsplit(source).hostname == host for item in fields(self) for source in getattr(self, item.name))


@dataclass(frozen=True, slots=True)
class Isolation:
    """The box that a page cannot leave."""

    level: str = SEALED
    frame_ancestors: tuple[str, ...] = ()  # https origins that may frame a page; empty: nobody
    allow: Allow = field(default_factory=Allow)


@dataclass(frozen=True, slots=True)
class Forms:
    """What a form may ask for, and where it may lead."""

    field_types: tuple[str, ...] = FIELD_TYPES
    thank_you_hosts: tuple[str, ...] = ()  # host names, without scheme


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """How much one upload may bring."""

    zip_bytes: int = 20 * MIB
    entries: int = 500
    unpacked_bytes: int = 100 * MIB
    ratio: int = 100
    file_bytes: int = 10 * MIB
    depth: int = 8
    image_pixels: int = 40_000_000


@dataclass(frozen=True, slots=True)
class Freeze:
    """A time in which nothing new goes live, from `starts_at` up to `ends_at`."""

    starts_at: datetime
    ends_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """When pages may change."""

    freezes: tuple[Freeze, ...] = ()

    def find_freeze(self, at: datetime) -> Freeze | None:
        """The freeze that this moment lies in, or None."""
        return next((freeze for freeze in self.freezes if freeze.starts_at <= at < freeze.ends_at), None)


@dataclass(frozen=True, slots=True)
class Egress:
    """Where Lander itself may send to."""

    webhook_hosts: tuple[str, ...] = ()  # host names, without scheme
    check_links: bool = False  # whether hosts that pages link to may be asked, because somebody wants to know


Level = Severity | None
"""How grave it is where a rule is broken; None where nobody looks."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a page must say, and how; every rule but the last three has its level."""

    title: Level = Severity.WARN
    description: Level = Severity.WARN
    canonical: Level = Severity.WARN
    language: Level = Severity.WARN
    viewport: Level = Severity.WARN
    alt_texts: Level = Severity.WARN
    labels: Level = Severity.WARN
    headings: Level = Severity.WARN
    link_texts: Level = Severity.WARN
    ids: Level = Severity.WARN
    dead_links: Level = Severity.WARN
    variants: Level = Severity.WARN
    consent: Level = Severity.WARN
    privacy_link: Level = Severity.WARN
    imprint: Level = None  # the law asks for it in some countries only
    forbidden: Level = Severity.WARN
    title_characters: int = 60
    description_characters: int = 160
    forbidden_words: tuple[str, ...] = ()


CONTENT_RULES: Final = tuple(
    item.name
    for item in fields(Content)
    if item.name not in ("title_characters", "description_characters", "forbidden_words")
)


@dataclass(frozen=True, slots=True)
class Budgets:
    """How much a page may make a visitor load: compressed, per variant, with everything that comes along."""

    weight: Level = Severity.WARN
    page_kb: int = 500
    requests: int = 30
    script_kb: int = 50


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything IT allows. `version` is 0 for the built-in defaults."""

    version: int = 0
    isolation: Isolation = field(default_factory=Isolation)
    forms: Forms = field(default_factory=Forms)
    uploads: UploadLimits = field(default_factory=UploadLimits)
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    egress: Egress = field(default_factory=Egress)
    content: Content = field(default_factory=Content)
    budgets: Budgets = field(default_factory=Budgets)


DEFAULTS: Final = Policy()


def _covers(source: str, host: str, path: str) -> bool:
    parts = urlsplit(source)
    if parts.hostname != host:
        return False
    if not parts.path:
        return True
    return path.startswith(parts.path) if parts.path.endswith("/") else path == parts.path
