"""`lander site`: pages hosts."""

import click

from lander.cli.edge import Answer, Cli, command
from lander.db import transaction
from lander.pages import sites


def register(cli: click.Group) -> None:
    group = click.Group("site", help="Pages hosts.")
    cli.add_command(group)

    @command(group, "add")
    @click.argument("host")
    @click.option("--core-site", required=True, metavar="HOST", help="The company's own site, e.g. www.example.com.")
    @click.option("--timezone", default="UTC", show_default=True, help="IANA name; the days of reports.")
    @click.option("--currency", default="EUR", show_default=True, help="ISO 4217 code.")
    def add(edge: Cli, host: str, core_site: str, timezone: str, currency: str) -> Answer:
        """Let pages be published on HOST."""
        with transaction(edge.engine) as session:
            site = sites.add_site(
                session,
                edge.settings,
                host=host,
                core_site=core_site,
                timezone=timezone,
                currency=currency,
                actor=edge.actor,
                now=edge.now,
            )
        data = {"host": site.host, "core_site": site.core_site, "timezone": site.timezone, "currency": site.currency}
        return Answer(data, [f"Pages can be published on {site.host} now (core site {site.core_site})."])
