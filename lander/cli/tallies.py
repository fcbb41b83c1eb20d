"""`lander tallies`: the sums behind every report."""

import click

from experiments import tallies as verbs
from lander.access import audit
from lander.cli.edge import Answer, Cli, command
from lander.db import ingestion


def register(cli: click.Group) -> None:
    group = click.Group("tallies", help="The sums behind every report.")
    cli.add_command(group)

    @command(group, "rebuild")
    def rebuild(edge: Cli) -> Answer:
        """Recompute every tally from the ledger's visitor rows, and say how many differed."""
        with ingestion(edge.engine) as session:  # locks what it counts, and nobody else
            differing = verbs.rebuild(session)
            audit.record(
                session, now=edge.now, actor=edge.actor, action="tallies.rebuild", subject="all", differing=differing
            )
        verdict = "All tallies were right." if not differing else f"{differing} cells differed and are mended now."
        return Answer({"differing": differing}, [f"Rebuilt. {verdict}"])
