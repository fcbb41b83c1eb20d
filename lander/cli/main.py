"""The tree of commands. Each noun has its file; heavy imports stay inside the commands that need them."""

import click

from lander import __version__
from lander.cli import experiment, lead, page, policy, run, site, tallies, traffic, user


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="lander")
def cli() -> None:
    """Landing pages and A/B tests on a sealed subdomain of their own."""


for noun in (run, site, user, page, experiment, lead, tallies, policy, traffic):
    noun.register(cli)


def main() -> None:
    """Entry point of the console script."""
    cli()


if __name__ == "__main__":
    main()
