"""Redirects as CSV: reading what spreadsheets and other systems write, and writing what comes back without a loss.

UTF-8 with or without a byte order mark, UTF-16 and Windows-1252; comma, semicolon or tab; with or without a header.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lander.errors import InvalidInput
from lander.pages.redirect_rules import Rule, write_path

LARGEST: Final = 20 * 1024 * 1024
MOST_ROWS: Final = 100_000
COLUMNS: Final = ("from", "to", "status", "note")
_NAMES: Final[Mapping[str, frozenset[str]]] = {
    "from": frozenset(
        ["from", "old", "source", "path", "old url", "old address", "redirect from", "source url", "von"]
    ),
    "to": frozenset(
        ["to", "new", "target", "destination", "new url", "new address", "redirect to", "target url", "nach"]
    ),
    "status": frozenset(["status", "code", "type", "status code", "http status", "redirect type"]),
    "note": frozenset(["note", "comment", "notes", "notiz"]),
}
_ADDRESS: Final = re.compile(r"/|https?://", re.IGNORECASE)
_LOOKED_AT: Final = 50
_SEPARATORS: Final = "\t;,"
_NAMED_SEPARATOR: Final = re.compile(r'"?sep=([^\w\s"/:]|\t)"?(?=[\r\n]|\Z)', re.IGNORECASE)
_LONGEST_CELL: Final = 10_000
# What makes a spreadsheet take a cell for a formula; an apostrophe in front of it is taken off again on the way back.
_RISKY: Final = re.compile(r"'*[\s\0\u200b-\u200d\u2060\ufeff]*[-=+@＝＋－＠\t\r]")


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it was written; `line` is where it begins, `wrong` says why it cannot be read."""

    line: int
    path: str = ""
    target: str = ""
    status: str = ""
    note: str = ""
    wrong: str = ""


def read_sheet(content: bytes) -> Iterator[Row]:
    """The rows of a CSV file, one by one. Raises `InvalidInput` where it is no such file."""
    separator, text = _cut_separator(_decode(content))
    separator = separator or _find_separator(text)
    rows = _parse(text, separator)
    first = next(rows, None)
    if first is None:
        raise InvalidInput("The file has no rows.", fix="Write one redirect a line: the old address, then the new one.")
    order: Sequence[str] = COLUMNS
    if _is_header(first[1]):
        order = _read_header(first[1])
    else:
        rows = _chain(first, rows)
    return _read_rows(rows, order)


def write_sheet(rules: Iterable[Rule]) -> str:
    """The table as CSV; `read_sheet` brings the same back. Cells that a spreadsheet would run are defused."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for rule in rules:
        writer.writerow(map(guard, (write_path(rule.path), rule.target, str(rule.status), rule.note)))
    return out.getvalue()


def guard(cell: str) -> str:
    """The cell behind an apostrophe where a spreadsheet might run it.

    >>> guard("=1+1"), guard("/old")
    ("'=1+1", '/old')
    """
    return f"'{cell}" if _RISKY.match(cell) else cell


def _unguard(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _RISKY.match(cell[1:]) else cell


def _decode(content: bytes) -> str:
    if len(content) > LARGEST:
        raise InvalidInput("The file is larger than 20 MiB.", fix="Split it.")
    if content.startswith(b"PK\x03\x04"):
        raise InvalidInput(
            "This is a workbook, not a CSV file.", fix="Save it as CSV in the spreadsheet, then upload that."
        )
    for text in _candidates(content):
        if "\0" not in text:
            return text
    raise InvalidInput("This is not a text file.", fix="Save it as CSV in UTF-8, then upload that.")


def _candidates(content: bytes) -> Iterator[str]:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    elif b"\0" in content[:200]:  # no text holds NUL, but every other byte of UTF-16 in Latin letters is one
        encodings = ["utf-16-le" if content[1:2] == b"\0" else "utf-16-be"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            yield content.decode(encoding)
        except UnicodeDecodeError:
            continue


def _cut_separator(text: str) -> tuple[str, str]:
    """What the first line says for Excel (`sep=;`), and the text with that line empty, so that lines keep their numbers."""
    named = _NAMED_SEPARATOR.match(text)
    return (named[1], text[named.end() :]) if named else ("", text)


def _find_separator(text: str) -> str:
    """The one by which most of the first rows become an address and what it leads to."""

    def count(separator: str) -> int:
        return sum(_resembles(cells) for _, cells in _parse("\n".join(lines), separator))

    lines = [line.rstrip("\r\n") for _, line in zip(range(_LOOKED_AT), io.StringIO(text), strict=False)]
    return max(reversed(_SEPARATORS), key=count)


def _resembles(cells: Sequence[str]) -> int:
    """How much these cells look like a redirect."""
    return 0 if len(cells) < 2 else 1 + sum(bool(_ADDRESS.match(cell.strip())) for cell in cells[:2])


def _parse(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each row that is not empty; a row that breaks the quoting ends it with an empty list."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield line, []
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def _chain(first: tuple[int, list[str]], rest: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    yield first
    yield from rest


def _is_header(cells: Sequence[str]) -> bool:
    """A header names at least one column, or holds no address where rows have them."""
    names = {_name(cell) for cell in cells}
    return not any(_ADDRESS.match(cell.strip()) for cell in cells) and (
        bool(names & (_NAMES["from"] | _NAMES["to"])) or len(cells) > 1
    )


def _read_header(cells: Sequence[str]) -> tuple[str, ...]:
    """What each column holds; a header in words of its own is taken in the usual order."""
    order = tuple(next((column for column, names in _NAMES.items() if _name(cell) in names), "") for cell in cells)
    if "from" not in order and "to" not in order:
        return COLUMNS
    missing = [name for name in ("from", "to") if name not in order]
    if missing or any(order.count(name) > 1 for name in COLUMNS):
        raise InvalidInput(
            f"The header has no column '{missing[0]}'." if missing else "The header names a column twice.",
            fix=f"Call the columns {', '.join(COLUMNS)}; status and note may be left out.",
        )
    return order


def _name(cell: str) -> str:
    return " ".join(cell.replace("_", " ").lower().split())


def _read_rows(rows: Iterator[tuple[int, list[str]]], order: Sequence[str]) -> Iterator[Row]:
    for number, (line, cells) in enumerate(rows):
        if number >= MOST_ROWS:
            raise InvalidInput(f"The file has more than {MOST_ROWS:,} rows.", fix="Split it.")
        if not cells:
            yield Row(line, wrong="A quotation mark is not closed, so the rest of the file cannot be read.")
            continue
        if any(cell.strip() for cell in cells[len(order) :]):
            yield Row(line, path=cells[0], wrong=f"It has {len(cells)} cells; there are {len(order)} columns.")
            continue
        if max(map(len, cells)) > _LONGEST_CELL:
            yield Row(line, path=cells[0][:80], wrong="A cell is far too long for an address.")
            continue
        named = {name: _unguard(cell) for name, cell in zip(order, cells, strict=False) if name}
        yield Row(line, *(named.get(name, "") for name in COLUMNS))
