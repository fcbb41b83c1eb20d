"""The tree of commands. Each noun has its file; heavy imports stay inside the commands that need them."""

import sys
from collections.abc import Sequence

import click

from lander import __version__
from lander.cli import (
    bulk,
    delivery,
    edge,
    experiment,
    lead,
    page,
    policy,
    redirect,
    report,
    run,
    schedule,
    share,
    site,
    snippet,
    tallies,
    traffic,
    user,
    variant,
    webhook,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="lander")
def cli() -> None:
    """Landing pages and A/B tests on a sealed subdomain of their own."""


for noun in (
    run,
    site,
    user,
    page,
    variant,
    share,
    schedule,
    snippet,
    bulk,
    redirect,
    experiment,
    report,
    lead,
    webhook,
    delivery,
    tallies,
    policy,
    traffic,
):
    noun.register(cli)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the console script; ends the process with the command's status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        status = cli.main(arguments, prog_name="lander", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.ClickException as error:
        edge.fail_usage(error, as_json="--json" in arguments)
    except click.Abort:
        sys.exit("lander: Interrupted.")
    sys.exit(status)
