"""What the screens of snippets show: the list, and one snippet with its source and where it is used."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from lander.console.bulk_context import TestRow
from lander.console.context import FindingRow, FormError, SiteOption


@dataclass(frozen=True, slots=True)
class SnippetRow:
    """A snippet in one line."""

    name: str
    address: str
    version: int
    saved_at: datetime
    saved_by: str
    pages: int
    behind: int  # live pages that show an older version


@dataclass(frozen=True, slots=True)
class SnippetsScreen:
    """Every snippet of a site, and making one."""

    template: ClassVar[str] = "snippets/index.html"
    site: str
    sites: list[SiteOption]
    rows: list[SnippetRow]
    name: str
    source: str
    may_edit: bool
    errors: list[FormError]


@dataclass(frozen=True, slots=True)
class UseRow:
    """A page that uses a snippet."""

    label: str
    address: str
    variants: list[str]
    state: str
    state_word: str


@dataclass(frozen=True, slots=True)
class SnippetVersionRow:
    """A version of a snippet."""

    number: int
    at: datetime
    by: str
    note: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class SnippetScreen:
    """One snippet."""

    template: ClassVar[str] = "snippets/edit.html"
    name: str
    mark: str
    base: str
    query: str
    index_address: str
    timezone: str
    version: int
    base_version: int
    saved_at: datetime
    saved_by: str
    source: str
    marked: str
    findings: list[FindingRow]
    refusals: list[FindingRow]
    uses: list[UseRow]
    behind: list[str]
    tests: list[TestRow]
    history: list[SnippetVersionRow]
    their_changes: list[tuple[str, str]]
    token: str
    may_edit: bool
    may_publish: bool
    errors: list[FormError]
