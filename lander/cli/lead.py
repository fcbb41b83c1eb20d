"""`lander lead`: what visitors sent."""

from dataclasses import asdict
from typing import Final

import click
from sqlmodel import Session

from lander import erasure
from lander.cli.edge import Answer, Cli, command
from lander.db import reading, transaction
from lander.errors import InvalidInput
from lander.leads import export as exporting
from lander.leads import leads
from lander.leads.leads import Which
from lander.leads.models import Stage
from lander.pages import sites
from lander.vault import Vault

_NEWEST: Final = 50


def register(cli: click.Group) -> None:
    group = click.Group("lead", help="What visitors sent.")
    cli.add_command(group)
    site = click.option("--site", metavar="HOST", help="Only this pages host.")
    stage = click.option("--stage", type=click.Choice([stage.value for stage in Stage]), help="Only this stage.")
    spam = click.option(
        "--spam/--no-spam", default=None, help="Only the spam folder, or all but that; both if left out."
    )

    @command(group, "list")
    @site
    @stage
    @spam
    @click.option("--limit", type=click.IntRange(1, 10_000), help=f"How many; {_NEWEST} if left out.")
    def list_(edge: Cli, site: str | None, stage: str | None, spam: bool | None, limit: int | None) -> Answer:
        """List leads, newest first, their fields opened."""
        with reading(edge.engine) as session:
            which = _read_which(session, site, stage, spam=spam)
            found = leads.list_leads(session, Vault(edge.settings.secret_keys), which, limit=limit or _NEWEST)
            total = leads.count_leads(session, which)
            unopened = _note_unopened(session, edge, which)
        lines = [
            f"{lead.received_at:%Y-%m-%d %H:%M} UTC  {lead.host}{lead.path} ({lead.variant})  "
            + ", ".join(f"{name}: {value}" for name, value in lead.fields.items())
            + (f"  [{', '.join(lead.flags)}]" if lead.flags else "")
            for lead in found
        ]
        short = ""
        if limit is None and total > len(found):
            short = f"These are the newest {len(found)} of {total:,} leads; --limit lists more, lander lead export all."
        return Answer(
            [lead.as_json() for lead in found], lines or ["No leads yet."], note=f"{short} {unopened}".strip()
        )

    @command(group, "export")
    @site
    @stage
    @spam
    @click.option("--bom", is_flag=True, help="Begin with the mark by which Excel knows UTF-8.")
    def export(edge: Cli, site: str | None, stage: str | None, spam: bool | None, bom: bool) -> Answer:
        """Print leads as CSV; cells that a spreadsheet would run as formulas are defused."""
        with transaction(edge.engine) as session:
            which = _read_which(session, site, stage, spam=spam)
            text = exporting.export_csv(
                session,
                Vault(edge.settings.secret_keys),
                which,
                currencies={site.host: site.currency for site in sites.list_sites(session)},
                bom=bom,
                actor=edge.actor,
                now=edge.now,
            )
            unopened = _note_unopened(session, edge, which)
        return Answer({"csv": text}, [text.rstrip("\n")], note=unopened)

    @command(group, "erase")
    @click.argument("email", required=False, default="")
    @click.option(
        "--lead", "lead_id", default="", metavar="ID", help="One lead alone: of somebody who left no address."
    )
    @click.option("--replay", is_flag=True, help="Erase everybody again who was erased before, say after a restore.")
    def erase(edge: Cli, email: str, lead_id: str, replay: bool) -> Answer:
        """Erase everything that somebody sent, by their e-mail address."""
        if sum(map(bool, (email, lead_id, replay))) != 1:
            raise InvalidInput("Whom?", fix="Name one e-mail address or --lead ID, or say --replay after a restore.")
        if replay:
            again = erasure.replay(edge.engine, edge.settings, actor=edge.actor, now=edge.now, thoroughly=True)
            none = "None of the leads that can be opened had" if again.unopened else "Nobody's leads had"
            line = f"Erased again: {again.leads:,}." if again.leads else f"{none} come back."
            return Answer({"leads": again.leads, "unopened": again.unopened}, [line], again.doubt)
        with transaction(edge.engine) as session:
            if lead_id:
                gone = erasure.erase_lead(session, lead_id, actor=edge.actor, now=edge.now)
            else:
                gone = erasure.erase_person(session, edge.settings, email, actor=edge.actor, now=edge.now)
        erasure.write_list(edge.engine, edge.settings)
        return Answer(asdict(gone), [gone.sentence], gone.doubt)


def _note_unopened(session: Session, edge: Cli, which: Which) -> str:
    """About all that are meant, also where the list is short: an older secret sealed the older ones."""
    unopened = leads.count_unopened(session, Vault(edge.settings.secret_keys), which)
    if not unopened:
        return ""
    return f"{leads.say_unopened(unopened)}: put the secret that sealed them back on LANDER_SECRET_KEYS."


def _read_which(session: Session, site: str | None, stage: str | None, *, spam: bool | None) -> Which:
    """A site that is misspelt must not look like one without leads."""
    host = sites.load_site(session, site).host if site else None
    return Which(host=host, stage=Stage(stage) if stage else None, spam=spam)
