"""What the screen for taking an experiment along shows."""

from dataclasses import dataclass
from typing import ClassVar

from lander.console.context import FormError
from lander.console.report_context import Choice


@dataclass(frozen=True, slots=True)
class FileChoice:
    """A format of a file: the word on its button, and what the form sends."""

    word: str
    value: str


@dataclass(frozen=True, slots=True)
class ExportRow:
    """A file that can be taken along, and in which formats."""

    what: str
    title: str
    says: str
    formats: list[FileChoice]


@dataclass(frozen=True, slots=True)
class ExportScreen:
    """The files of an experiment."""

    template: ClassVar[str] = "exports/show.html"
    key: str
    address: str
    report_address: str
    phase: str  # empty for all
    phases: list[Choice]
    rows: list[ExportRow]
    errors: list[FormError]
