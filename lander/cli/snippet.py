"""`lander snippet`: shared blocks of HTML that pages name."""

from pathlib import Path
from typing import Any

import click

from lander.cli.edge import Answer, Cli, command
from lander.cli.table import table
from lander.db import reading, transaction
from lander.errors import InvalidInput
from lander.pages import expand, sites, snippets

_SITE = click.option("--site", required=True, metavar="HOST", help="The pages host.")
_NAME = click.argument("name")
_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


def register(cli: click.Group) -> None:
    group = click.Group("snippet", help="Shared blocks of HTML, used on many pages.")
    cli.add_command(group)
    _register_look(group)
    _register_change(group)


def _register_look(group: click.Group) -> None:
    @command(group, "list")
    @_SITE
    def list_(edge: Cli, site: str) -> Answer:
        """List the snippets of a site, and where each is used."""
        with reading(edge.engine) as session:
            owner = sites.load_site(session, site)
            uses = snippets.list_uses(session, owner)
            rows: list[dict[str, Any]] = [
                {
                    "name": item.name,
                    "version": snippets.load_snippet_draft(session, item).number,
                    "pages": [use.page.slug for use in uses.get(item.name, [])],
                    "behind": [page.slug for page in snippets.list_behind(uses.get(item.name, []), item.version_id)],
                }
                for item in snippets.list_snippets(session, owner)
            ]
        cells = [[row["name"], str(row["version"]), str(len(row["pages"])), str(len(row["behind"]))] for row in rows]
        lines = table(["snippet", "version", "pages", "to publish"], cells, numbers=["version", "pages", "to publish"])
        return Answer(rows, lines if rows else ["No snippets yet. Make one with: lander snippet add"])

    @command(group, "show")
    @_SITE
    @_NAME
    def show(edge: Cli, site: str, name: str) -> Answer:
        """Print the newest version of a snippet."""
        with reading(edge.engine) as session:
            owner = sites.load_site(session, site)
            version = snippets.load_snippet_draft(session, snippets.load_snippet(session, owner, name))
            uses = snippets.list_uses(session, owner).get(name, [])
        data = {
            "name": name,
            "version": version.number,
            "source": version.source,
            "pages": [{"page": use.page.slug, "variants": list(use.variants)} for use in uses],
        }
        return Answer(data, [version.source])


def _register_change(group: click.Group) -> None:
    @command(group, "add")
    @_SITE
    @_NAME
    @_FILE
    def add(edge: Cli, site: str, name: str, file: Path) -> Answer:
        """Make a new snippet from the HTML in FILE."""
        source = _read(file)
        with transaction(edge.engine) as session:
            owner = sites.load_site(session, site)
            snippets.add_snippet(session, owner, name, source, actor=edge.actor, now=edge.now)
        mark = expand.mark(name)
        return Answer({"name": name, "version": 1, "mark": mark}, [f"Write {mark} where a page is to show it."])

    @command(group, "edit")
    @_SITE
    @_NAME
    @_FILE
    @click.option("--base-version", type=int, help="Refuse if somebody has saved a newer version than this one.")
    def edit(edge: Cli, *, site: str, name: str, file: Path, base_version: int | None) -> Answer:
        """Make the HTML in FILE the next version of a snippet. Visitors see it once pages are published again."""
        source = _read(file)
        with transaction(edge.engine) as session:
            owner = sites.load_site(session, site)
            version = snippets.save_snippet(
                session, owner, name, source, base_version=base_version, actor=edge.actor, now=edge.now
            )
            behind = snippets.list_behind(snippets.list_uses(session, owner).get(name, []), version.id)
        slugs = [page.slug for page in behind]
        said = [f"The snippet {name} is at version {version.number}."]
        if slugs:
            said.append(f"Visitors see it once these are published again: {', '.join(slugs)}.")
        return Answer({"name": name, "version": version.number, "behind": slugs}, said)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(f"{file.name} is not UTF-8 text.", fix="Save it as UTF-8 and try again.") from None
