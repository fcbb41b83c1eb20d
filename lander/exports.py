"""An experiment's numbers as a file: the report, its tallies, its events, its receipts; for studio, API and command line alike.

Tables are written row by row and nobody holds one whole. A CSV is one that no spreadsheet runs; it begins with no byte order
mark, since it is for tools, which would take that for a part of the first column's name.
"""

import csv
import hmac
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from importlib.util import find_spec
from typing import Any, Final

from sqlalchemy import Engine
from sqlmodel import Session

from experiments import export, lifecycle, results
from experiments.errors import UnknownExperiment
from experiments.export import EventRow, ReceiptRow, TallyRow
from experiments.models import Experiment
from experiments.open_segments import OPEN_DIMENSIONS
from experiments.report import Report
from lander import parquet
from lander.access import audit
from lander.config import Settings
from lander.db import reading
from lander.errors import InvalidInput, Unavailable
from lander.leads.export import guard

Row = TallyRow | EventRow | ReceiptRow


class What(StrEnum):
    """What to take along."""

    REPORT = "report"
    TALLIES = "tallies"
    EVENTS = "events"
    RECEIPTS = "receipts"


class Format(StrEnum):
    """How it is written; a report is JSON, and the events as JSON are one object a line."""

    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


MIMETYPES: Final = {
    "json": "application/json",
    "jsonl": "application/jsonl",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}
MOST_GROUPED: Final = 300_000  # visitors: grouping them takes 15 µs each, and a proxy waits for half a minute
_PIECE_BYTES: Final = 64 * 1024
_ROWS: Final = {What.TALLIES: TallyRow, What.EVENTS: EventRow, What.RECEIPTS: ReceiptRow}


@dataclass(frozen=True, slots=True)
class Asked:
    """A file that can be made. `phase`: the one that it is of; None is the newest for a report, and all for a table."""

    what: What
    format: Format
    phase: int | None = None

    @property
    def suffix(self) -> str:
        return "jsonl" if (self.what, self.format) == (What.EVENTS, Format.JSON) else self.format.value

    @property
    def mimetype(self) -> str:
        return MIMETYPES[self.suffix]

    def filename(self, key: str, now: datetime) -> str:
        phase = "" if self.phase is None else f"-phase-{self.phase}"
        return f"{key}{phase}-{self.what.value}-{now:%Y-%m-%d}.{self.suffix}"


def ask(what: str, file_format: str, phase: int | None = None) -> Asked:
    """Raises `InvalidInput` where there is no such file, `Unavailable` where a part to write it with is not installed."""
    if what not in list(What) or file_format not in list(Format):
        raise InvalidInput(
            f"There is no export of '{what[:40]}' as '{file_format[:40]}'.",
            fix=f"It is one of {', '.join(What)}, as one of {', '.join(Format)}.",
        )
    asked = Asked(What(what), Format(file_format), phase)
    if asked.what is What.REPORT and asked.format is not Format.JSON:
        raise InvalidInput(
            f"A report is no table, so it is not written as {asked.format.value}.",
            fix="Take it as JSON, or take the tallies.",
        )
    if asked.format is Format.PARQUET and find_spec("pyarrow") is None:
        raise Unavailable("Parquet files need pyarrow, which is not installed.", fix="pip install 'lander[parquet]'")
    return asked


def record_export(session: Session, key: str, asked: Asked, *, actor: str, now: datetime) -> None:
    """Write down that somebody takes an experiment's numbers along; raises `UnknownExperiment`, also for a phase."""
    experiment = lifecycle.load(session, key)
    if asked.phase not in (None, *(phase.number for phase in lifecycle.list_phases(session, experiment))):
        raise UnknownExperiment(f"Experiment {key} has no phase {asked.phase}.", fix="Phases count from 1.")
    words: dict[str, Any] = {"what": asked.what.value, "format": asked.format.value}
    words |= {} if asked.phase is None else {"phase": asked.phase}
    audit.record(session, now=now, actor=actor, action="report.export", subject=experiment.key, **words)


def stream(engine: Engine, settings: Settings, key: str, asked: Asked, *, now: datetime) -> Iterator[bytes]:
    """The file, piece by piece, of one look at the database: whoever asked for it may be gone when the first piece goes out."""
    with reading(engine) as session:
        yield from _write(session, settings, key, asked, now=now)


def _write(session: Session, settings: Settings, key: str, asked: Asked, *, now: datetime) -> Iterator[bytes]:
    experiment = lifecycle.load(session, key)
    if asked.what is What.REPORT:
        report = _judge(session, experiment, asked, now)
        told = report.as_json() | report.details_as_json()
        yield json.dumps(told, ensure_ascii=False, allow_nan=False, indent=1).encode() + b"\n"
        return
    rows: Iterator[Row]
    if asked.what is What.TALLIES:
        rows = export.iterate_tallies(session, experiment, phase=asked.phase)
    elif asked.what is What.RECEIPTS:
        rows = export.iterate_receipts(session, experiment, phase=asked.phase)
    else:
        secret = _secret_of(settings, experiment.key)
        rows = export.iterate_events(session, experiment, secret=secret, phase=asked.phase)
    columns = _ROWS[asked.what].__annotations__
    if asked.format is Format.PARQUET:
        yield from parquet.write(columns, rows)
    elif asked.format is Format.CSV:
        yield from _gather(_write_csv(list(columns), rows))
    elif asked.what is What.EVENTS:
        yield from _gather(_write_object(row) + b"\n" for row in rows)
    else:
        yield from _gather(_write_list(rows))


def _judge(session: Session, experiment: Experiment, asked: Asked, now: datetime) -> Report:
    """By campaign and keyword, too, where that does not take longer than anybody waits for the first byte."""
    report = results.report(session, experiment, phase=asked.phase, now=now)
    if sum(item.served for line in report.phase_lines for item in line.variants) > MOST_GROUPED:
        return report
    return results.report(session, experiment, phase=asked.phase, dimensions=OPEN_DIMENSIONS, now=now)


def _secret_of(settings: Settings, key: str) -> bytes:
    """What hides the visitors of one experiment; whoever has the files of two cannot tell who was in both."""
    return hmac.digest(settings.secret_keys[0].encode(), f"lander.exports.visitor:{key}".encode(), "sha256")


def _gather(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Rows put together to pieces that are worth sending."""
    gathered = bytearray()
    for piece in pieces:
        gathered += piece
        if len(gathered) >= _PIECE_BYTES:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)


def _write_csv(columns: list[str], rows: Iterator[Row]) -> Iterator[bytes]:
    out = io.StringIO()
    # text in quotes: where the list separator is a semicolon, an unquoted one would start a new cell inside
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        yield out.getvalue().encode()
        out.seek(0)
        out.truncate()
    yield out.getvalue().encode()  # the head, where there was no row


def _cell(value: Any) -> int | str:
    plain = _plain(value)
    if isinstance(plain, bool):
        return "true" if plain else "false"
    return guard(plain) if isinstance(plain, str) else plain


def _write_list(rows: Iterator[Row]) -> Iterator[bytes]:
    before = b"[\n"
    for row in rows:
        yield before + _write_object(row)
        before = b",\n"
    yield b"\n]\n" if before == b",\n" else b"[]\n"


def _write_object(row: Row) -> bytes:
    return json.dumps({name: _plain(value) for name, value in row._asdict().items()}, ensure_ascii=False).encode()


def _plain(value: Any) -> Any:
    """Days and moments as ISO 8601, the latter in UTC and said so."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return value.isoformat() if isinstance(value, date) else value
