"""`lander report`: what a page's newest test says, its numbers as files, and whether a saved report is right."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click

from experiments import results
from experiments.open_segments import OPEN_DIMENSIONS
from lander.cli import report_files
from lander.cli.edge import Answer, Cli, command
from lander.cli.group import SHOW, ShowingGroup
from lander.cli.newest import load_newest
from lander.cli.report_words import say_report
from lander.db import reading
from lander.errors import InvalidInput
from lander.pages import pages, sites


def register(cli: click.Group) -> None:
    group = ShowingGroup("report", help="Judge a page's newest test, and take its numbers along.")
    cli.add_command(group)

    @command(group, SHOW)
    @click.option("--site", required=True, metavar="HOST")
    @click.option("--slug", required=True)
    @click.option("--phase", type=click.IntRange(min=1), help="The latest where left out.")
    @click.option("--as-of", metavar="TIME", help="As it stood then, in the site's time if no zone is named.")
    @click.option(
        "--by",
        multiple=True,
        type=click.Choice(OPEN_DIMENSIONS),
        help="Group visitors by this, too; it reads every visitor.",
    )
    @click.option("--since-yesterday", is_flag=True, help="Say what has changed since last midnight, too.")
    def report(
        edge: Cli,
        *,
        site: str,
        slug: str,
        phase: int | None,
        as_of: str | None,
        by: tuple[str, ...],
        since_yesterday: bool,
    ) -> Answer:
        """Judge the page's newest test: the verdict, health, and every variant through both lenses."""
        with reading(edge.engine) as session:
            page = pages.load_page(session, sites.load_site(session, site), slug)
            newest = load_newest(session, page)
            moment = _read_moment(as_of, newest.timezone)
            dimensions = list(dict.fromkeys(by))
            judged = results.report(session, newest, phase=phase, as_of=moment, dimensions=dimensions, now=edge.now)
            changes = results.changes(session, judged) if since_yesterday else None
        return Answer(judged.as_json(), say_report(judged, changes))

    report_files.register(group)


def _read_moment(text: str | None, timezone: str) -> datetime | None:
    """A moment as people write one; without a zone it is the site's time."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"--as-of '{text}' is no moment.", fix="Write --as-of 2026-11-02T18:00.") from None
    zoned = moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(timezone))
    return zoned.astimezone(UTC)
