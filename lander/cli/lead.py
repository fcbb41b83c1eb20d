"""`lander lead`: what visitors sent."""

from typing import Final

import click
from sqlmodel import Session

from lander.cli.edge import Answer, Cli, command
from lander.db import reading, transaction
from lander.leads import export as exporting
from lander.leads import leads
from lander.pages import sites
from lander.vault import Vault

_NEWEST: Final = 50


def register(cli: click.Group) -> None:
    group = click.Group("lead", help="What visitors sent.")
    cli.add_command(group)
    site = click.option("--site", metavar="HOST", help="Only this pages host.")

    @command(group, "list")
    @site
    @click.option("--limit", type=click.IntRange(1, 10_000), help=f"How many; {_NEWEST} if left out.")
    def list_(edge: Cli, site: str | None, limit: int | None) -> Answer:
        """List leads, newest first, their fields opened."""
        with reading(edge.engine) as session:
            host = _load_host(session, site)
            found = leads.list_leads(session, Vault(edge.settings.secret_keys), host=host, limit=limit or _NEWEST)
            total = leads.count_leads(session, host=host)
        lines = [
            f"{lead.received_at:%Y-%m-%d %H:%M} UTC  {lead.host}{lead.path} ({lead.variant})  "
            + ", ".join(f"{name}: {value}" for name, value in lead.fields.items())
            + (f"  [{', '.join(lead.flags)}]" if lead.flags else "")
            for lead in found
        ]
        note = ""
        if limit is None and total > len(found):
            note = f"These are the newest {len(found)} of {total:,} leads; --limit lists more, lander lead export all."
        return Answer([lead.as_json() for lead in found], lines or ["No leads yet."], note=note)

    @command(group, "export")
    @site
    def export(edge: Cli, site: str | None) -> Answer:
        """Print all leads as CSV; cells that a spreadsheet would run as formulas are defused."""
        with transaction(edge.engine) as session:
            host = _load_host(session, site)
            text = exporting.export_csv(
                session, Vault(edge.settings.secret_keys), host=host, actor=edge.actor, now=edge.now
            )
        return Answer({"csv": text}, [text.rstrip("\n")])


def _load_host(session: Session, site: str | None) -> str | None:
    """A site that is misspelt must not look like one without leads."""
    return sites.load_site(session, site).host if site else None
