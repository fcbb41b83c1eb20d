"""What the screens of ended experiments and of A/A tests show: one frozen dataclass per template, already in words."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from lander.console.context import FormError
from lander.console.experiment_context import EndedRow, PageChoice
from lander.console.report_context import Figure


@dataclass(frozen=True, slots=True)
class Option:
    """A choice in a filter."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ArchiveScreen:
    """Every experiment that has ended, searchable."""

    template: ClassVar[str] = "experiments/archive.html"
    words: str
    pages: list[Option]
    outcomes: list[Option]
    rows: list[EndedRow]
    is_asked: bool  # whether anything was searched for
    has_any: bool


@dataclass(frozen=True, slots=True)
class PageEffectRow:
    """What the tests of a page came to together."""

    page: str
    address: str
    tests: str
    wins: str
    effect: str


@dataclass(frozen=True, slots=True)
class CalibrationScreen:
    """Whether the claims of ended tests came true."""

    template: ClassVar[str] = "experiments/calibration.html"
    tests: int
    said: str
    facts: list[tuple[str, str]]
    figure: Figure | None
    pages: list[PageEffectRow]


@dataclass(frozen=True, slots=True)
class AaRow:
    """An A/A test."""

    key: str
    address: str
    page: str
    state: str
    started_at: datetime
    timezone: str
    visitors: str
    conversions: str
    p_value: str
    split_p_value: str


@dataclass(frozen=True, slots=True)
class AaScreen:
    """The A/A tests of the installation, and starting one."""

    template: ClassVar[str] = "experiments/aa.html"
    said: str
    rows: list[AaRow]
    figure: Figure | None
    pages: list[PageChoice]
    goal: str
    selector: str
    may_run: bool
    errors: list[FormError]
