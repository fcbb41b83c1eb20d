"""What the screens about showing a variant to others show: links for people outside, the QA link, a visit judged."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from lander.console.context import FormError


@dataclass(frozen=True, slots=True)
class ShareRow:
    """A link that works."""

    id: str
    whom: str
    by: str
    at: datetime
    until: datetime
    values: str  # of dynamic text, in words
    address: str


@dataclass(frozen=True, slots=True)
class ValueField:
    """A parameter that the draft shows the value of."""

    parameter: str
    default: str
    typed: str


@dataclass(frozen=True, slots=True)
class ShareScreen:
    """Who else sees this variant."""

    template: ClassVar[str] = "variants/share.html"
    label: str
    key: str
    name: str
    page_address: str
    address: str
    revoke_address: str
    visit_address: str
    timezone: str
    rows: list[ShareRow]
    fields: list[ValueField]
    whom: str
    days: str
    qa_address: str  # empty where `why_no_qa` says why
    qa_until: datetime
    why_no_qa: str
    may_edit: bool
    errors: list[FormError]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several, as typed."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class VisitScreen:
    """Whether a visit would count, said by the code that serves it."""

    template: ClassVar[str] = "variants/visit.html"
    label: str
    page_address: str
    address: str
    site: str  # empty where there is only one
    url: str
    devices: list[Choice]
    flags: list[Choice]
    tone: str  # ship: it counts; continue: it does not
    verdict: str
    sentences: list[str]
