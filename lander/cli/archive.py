"""`lander experiment archive`, `calibration` and `aa-tests`: what was tested before, and whether it came true."""

import click

from experiments import aa, archive, calibration
from experiments.archive import Lift, Outcome
from experiments.words import lift_range, name, plural
from lander.cli.edge import Answer, Cli, command
from lander.cli.table import table
from lander.db import reading
from lander.pages import pages, sites


def register(group: click.Group) -> None:
    @command(group, "archive")
    @click.option("--site", metavar="HOST", help="Of this site's pages only.")
    @click.option("--slug", help="Of this page only.")
    @click.option("--search", default="", metavar="WORDS", help="In key, hypothesis and reason.")
    @click.option("--outcome", type=click.Choice([item.value for item in Outcome]))
    def list_archive(edge: Cli, *, site: str | None, slug: str | None, search: str, outcome: str | None) -> Answer:
        """List the tests that have ended, with what was decided and why."""
        with reading(edge.engine) as session:
            wanted = None if site is None else pages.list_pages(session, sites.load_site(session, site))
            page_ids = None if wanted is None else [item.id or 0 for item in wanted if slug in (None, item.slug)]
            found = archive.list_ended(
                session, words=search, page_ids=page_ids, outcome=None if outcome is None else Outcome(outcome)
            )
        rows = [
            [
                item.experiment,
                f"{item.ended_at:%Y-%m-%d}",
                f"{name(item.shipped)} {item.outcome.value}",
                _say(item.claimed),
                item.reason,
            ]
            for item in found
        ]
        headings = ["experiment", "ended", "outcome", "lift claimed, 95 %", "reason"]
        return Answer([item.as_json() for item in found], table(headings, rows) if rows else ["Nothing has ended yet."])

    @command(group, "calibration")
    def calibrate(edge: Cli) -> Answer:
        """Hold the lifts that were claimed against those that came: later phases, and tests that repeat one."""
        with reading(edge.engine) as session:
            found = calibration.calibrate(session, now=edge.now)
        if found.win_rate is None:
            return Answer(found.as_json(), ["Nothing has ended yet."])
        rate = found.win_rate
        lines = [
            f"{plural(found.wins, 'win')} of {plural(found.tests, 'ended test')}: "
            f"{100 * rate.low:.0f} to {100 * rate.high:.0f} % of tests like these find a winner."
        ]
        if found.claims:
            rows = [
                [item.experiment, item.variant, _say(item.claimed), _say(item.realised), item.where]
                for item in found.claims
            ]
            lines += table(["experiment", "variant", "claimed, 95 %", "realised, 95 %", "where"], rows)
        if found.slope is not None:
            lines.append(f"Realised against claimed: {found.slope:.2f}; 1 is neither too bold nor too timid.")
        return Answer(found.as_json(), lines)

    @command(group, "aa-tests")
    def list_aa(edge: Cli) -> Answer:
        """List every A/A test with its p-value; where all is well, they are spread evenly."""
        with reading(edge.engine) as session:
            found = aa.list_aa(session, now=edge.now)
        rows = [
            [
                item.experiment,
                item.state.value,
                f"{item.visitors:,}",
                f"{item.conversions:,}",
                "–" if item.p_value is None else f"{item.p_value:.3f}",
                "–" if item.split_p_value is None else f"{item.split_p_value:.3f}",
            ]
            for item in found.tests
        ]
        numbers = ["visitors", "conversions", "p", "p of the split"]
        lines = table(["experiment", "state", *numbers], rows, numbers=numbers) if rows else []
        return Answer(found.as_json(), [*lines, found.sentence()])


def _say(lift: Lift | None) -> str:
    return "–" if lift is None else lift_range(lift.low, lift.high).replace(" and ", " to ")
