"""Editing a source, a variant's or a snippet's: what both screens say, and how much text they take."""

from collections.abc import Iterable
from typing import Final

from lander.console.context import FindingRow, FormError
from lander.errors import Conflict, LanderError
from lander.pages.models import SnippetVersion, Version
from lander.policy.policy import MIB

SOURCE_BYTES: Final = 12 * MIB


def mark_lines(findings: Iterable[FindingRow]) -> str:
    """The numbers of lines with findings, for the gutter beside the source."""
    return ",".join(sorted({str(row.line) for row in findings if row.line}))


def say_source_wrong(error: LanderError, current: Version | SnippetVersion) -> FormError:
    """Why the source was not saved; where somebody was faster, who, and what becomes of both texts."""
    if not isinstance(error, Conflict):
        return FormError(error.message, "source", error.fix)
    return FormError(
        f"{current.created_by} saved version {current.number} since you opened this. Yours is not saved yet.",
        "source",
        "Your text stands below and theirs is listed here. Saving again puts yours on top; theirs stays in the history.",
    )
