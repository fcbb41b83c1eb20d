"""What of a report an address asks for: lens, phase, day, grouping. Every state of a report has an address to mail."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import request
from sqlmodel import Session

from experiments import lifecycle, results
from experiments.open_segments import OPEN_DIMENSIONS
from experiments.report import Report
from lander.access.gate import edge
from lander.console.report_lens import Lens
from lander.errors import InvalidInput

_LONGEST_NUMBER: Final = 9
_LONGEST_SAID: Final = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """A state of the report of one experiment."""

    key: str
    lens: Lens = Lens.DECISION
    phase: int | None = None
    as_of: date | None = None
    by: str = ""  # campaign or keyword, as further segments

    def at(self, tail: str = "", **changes: Any) -> str:
        """The address of this state, or of one that differs in the lens, the phase, the day or the grouping."""
        query = replace(self, **changes).parameters
        return f"/experiments/{self.key}/report{tail}" + (f"?{urlencode(query)}" if query else "")

    @property
    def parameters(self) -> dict[str, str]:
        """What of it an address says, which is nothing where it is as ever."""
        said = {
            "lens": "" if self.lens is Lens.DECISION else self.lens.value,
            "phase": "" if self.phase is None else str(self.phase),
            "as_of": "" if self.as_of is None else self.as_of.isoformat(),
            "by": self.by,
        }
        return {name: value for name, value in said.items() if value}


def read_asked(key: str) -> Asked:
    """What this request asks for; raises `InvalidInput` where it makes no sense."""
    return Asked(key=key, lens=_read_lens(), phase=read_phase(), as_of=_read_day(), by=_read_grouping())


def load_report(session: Session, asked: Asked) -> Report:
    """The report in that state; a day is shown as it stood when it ended in the site's zone."""
    experiment = lifecycle.load(session, asked.key)
    as_of = None if asked.as_of is None else _end_of(asked.as_of, experiment.timezone)
    dimensions = (asked.by,) if asked.by else ()
    return results.report(session, experiment, phase=asked.phase, as_of=as_of, dimensions=dimensions, now=edge().now)


def read_phase() -> int | None:
    """The number of a phase, None for the newest."""
    wanted = request.values.get("phase", "")
    if not wanted:
        return None
    if not (wanted.isdecimal() and len(wanted) <= _LONGEST_NUMBER):
        raise InvalidInput(
            f"'{wanted[:_LONGEST_NUMBER]}' is not the number of a phase.", fix="Phases are counted from 1."
        )
    return int(wanted)


def is_latest(report: Report) -> bool:
    """Whether it shows how an open experiment stands now."""
    return not report.is_past and report.ended_at is None


def _end_of(day: date, timezone: str) -> datetime | None:
    """The midnight after it; None for the last day there is, which has not come."""
    if day == date.max:
        return None
    return datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(timezone)).astimezone(UTC)


def _read_lens() -> Lens:
    wanted = request.args.get("lens", Lens.DECISION.value)
    try:
        return Lens(wanted)
    except ValueError:
        raise InvalidInput(
            f"'{wanted[:_LONGEST_SAID]}' is no way to look at a report.", fix="There are decision, data and anytime."
        ) from None


def _read_day() -> date | None:
    wanted = request.args.get("as_of", "")
    if not wanted:
        return None
    try:
        return date.fromisoformat(wanted)
    except ValueError:
        raise InvalidInput(f"'{wanted[:_LONGEST_SAID]}' is not a day.", fix="Write it like 2026-11-22.") from None


def _read_grouping() -> str:
    wanted = request.args.get("by", "")
    if wanted and wanted not in OPEN_DIMENSIONS:
        raise InvalidInput(
            f"Visitors cannot be grouped by '{wanted[:_LONGEST_SAID]}'.", fix="There are campaign and keyword."
        )
    return wanted
