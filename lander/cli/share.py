"""`lander share`: links to drafts for people outside, which can be taken back."""

from datetime import timedelta
from typing import Any

import click

from lander.cli.edge import Answer, Cli, command
from lander.cli.table import table
from lander.cli.variant import load_page, on_page
from lander.config import Settings
from lander.db import reading, transaction
from lander.errors import InvalidInput
from lander.pages import sharing
from lander.pages.models import ShareLink
from lander.preview import sign_share

_PORT = click.option("--port", default=8000, show_default=True, help="Where Lander is served; for development.")


def register(cli: click.Group) -> None:
    group = click.Group("share", help="Links to drafts for people outside.")
    cli.add_command(group)

    @command(group, "add")
    @on_page
    @click.option("--variant", default="a", show_default=True, help="Which variant.")
    @click.option("--for", "whom", required=True, metavar="WHOM", help="For whom: the list is told apart by it.")
    @click.option("--days", default=7, show_default=True, type=click.IntRange(1, 14), help="How long it works.")
    @click.option("--value", "values", multiple=True, metavar="NAME=TEXT", help="What dynamic text shows.")
    @_PORT
    def add(
        edge: Cli, *, site: str, slug: str, variant: str, whom: str, days: int, values: tuple[str, ...], port: int
    ) -> Answer:
        """Make a link that shows a variant's draft to whoever has it, without signing in; nothing is counted."""
        with transaction(edge.engine) as session:
            link = sharing.share(
                session,
                load_page(session, site, slug),
                variant,
                values=_read_values(values),
                note=whom,
                lasts=timedelta(days=days),
                actor=edge.actor,
                now=edge.now,
            )
        data = _describe(edge.settings, link, port)
        return Answer(data, [data["url"]])

    @command(group, "list")
    @on_page
    @_PORT
    def list_(edge: Cli, site: str, slug: str, port: int) -> Answer:
        """List the links to a page's drafts that still work."""
        with reading(edge.engine) as session:
            found = sharing.list_shares(session, load_page(session, site, slug), now=edge.now)
        data = [_describe(edge.settings, link, port) for link in found]
        rows = [[row["link"], row["variant"], row["for"], row["by"], row["until"]] for row in data]
        return Answer(data, table(["link", "variant", "for", "by", "until"], rows) if rows else ["Nobody has a link."])

    @command(group, "revoke")
    @on_page
    @click.argument("link")
    def revoke(edge: Cli, site: str, slug: str, link: str) -> Answer:
        """Take back LINK, as `lander share list` names it."""
        with transaction(edge.engine) as session:
            found = sharing.load_share(session, load_page(session, site, slug), link)
            sharing.revoke_share(session, found, actor=edge.actor, now=edge.now)
        return Answer({"link": link, "revoked": True}, [f"The link for {found.note} shows nothing any more."])


def _read_values(written: tuple[str, ...]) -> dict[str, str]:
    values = {}
    for entry in written:
        name, found, text = entry.partition("=")
        if not found or not name:
            raise InvalidInput(f"--value '{entry}' names no value.", fix="Write --value city=Vancouver.")
        values[name] = text
    return values


def _describe(settings: Settings, link: ShareLink, port: int) -> dict[str, Any]:
    place = f":{port}" if settings.is_development else ""
    return {
        "link": link.id,
        "variant": link.variant,
        "for": link.note,
        "by": link.created_by,
        "until": link.expires_at.isoformat(timespec="minutes"),
        "values": link.values,
        "url": f"{settings.scheme}://{settings.preview_host}{place}{sign_share(settings, link)}",
    }
