"""`lander report export` and `lander report verify`: the numbers of a test as files, and whether a saved report is right."""

from collections.abc import Iterable
from pathlib import Path

import click

from lander.cli.edge import Answer, Cli, command
from lander.cli.newest import load_newest
from lander.db import transaction
from lander.pages import pages, sites


def register(group: click.Group) -> None:
    @command(group, "export")
    @click.option("--site", required=True, metavar="HOST")
    @click.option("--slug", required=True)
    @click.option(
        "--what",
        type=click.Choice(["report", "tallies", "events", "receipts"]),
        default="report",
        help="report if left out.",
    )
    @click.option("--format", "file_format", type=click.Choice(["json", "csv", "parquet"]), default="json")
    @click.option("--phase", type=click.IntRange(min=1), help="The latest of a report, all of the rest if left out.")
    @click.option("--output", required=True, type=click.Path(path_type=Path), metavar="FILE")
    def export(
        edge: Cli, *, site: str, slug: str, what: str, file_format: str, phase: int | None, output: Path
    ) -> Answer:
        """Write the page's newest test into FILE: its report, its tallies, what each visitor did without who they are, or
        how many leads were worth what.
        """
        from lander import exports

        asked = exports.ask(what, file_format, phase)
        with transaction(edge.engine) as session:
            page = pages.load_page(session, sites.load_site(session, site), slug)
            key = load_newest(session, page).key
            exports.record_export(session, key, asked, actor=edge.actor, now=edge.now)
        written = _save(output, exports.stream(edge.engine, edge.settings, key, asked, now=edge.now))
        told = {
            "experiment": key,
            "what": what,
            "format": file_format,
            "phase": phase,
            "file": str(output),
            "bytes": written,
        }
        of = key if phase is None else f"phase {phase} of {key}"
        return Answer(told, [f"{output}: the {what} of {of}, {written:,} bytes."])

    @command(group, "verify")
    @click.argument("file", type=click.Path(path_type=Path))
    def verify(edge: Cli, file: Path) -> Answer:  # noqa: ARG001
        """Recompute a saved report, and name every figure that differs: status 1, and 2 where FILE holds no report."""
        from lander.verification import verify as recompute

        found = recompute(file)
        return Answer(found.as_json(), found.lines(), failure=found.failure())


def _save(file: Path, pieces: Iterable[bytes]) -> int:
    """Put them into a file, whole or not at all; a device or a pipe gets them as they come. How many bytes it was."""
    if file.exists() and not file.is_file():
        with file.open("wb") as opened:
            return sum(opened.write(piece) for piece in pieces)
    part = file.with_name(f".{file.name}.part")
    try:
        with part.open("wb") as opened:
            written = sum(opened.write(piece) for piece in pieces)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return written
