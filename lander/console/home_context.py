"""What the first screen shows."""

from dataclasses import dataclass
from typing import ClassVar

from lander.console.calendar_context import CalendarEntry
from lander.console.experiment_context import ExperimentRow
from lander.console.page_context import PageRow


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that waits for somebody."""

    sentence: str
    detail: str
    address: str
    action: str
    grave: bool = False


@dataclass(frozen=True, slots=True)
class HomeScreen:
    """What needs you, then what is live and running."""

    template: ClassVar[str] = "home/show.html"
    needs: list[Need]
    running: list[ExperimentRow]
    live: list[PageRow]
    lead_times: list[str]
    coming: list[CalendarEntry]
    has_pages: bool
    may_edit: bool
