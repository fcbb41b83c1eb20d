"""`lander variant`: what the contents of a page are called, were, and how they differ."""

from collections.abc import Callable
from typing import Any, TypeVar

import click
from sqlmodel import Session

from lander.cli.edge import Answer, Cli, command
from lander.cli.table import table
from lander.db import reading, transaction
from lander.pages import history, pages, sites, versions
from lander.pages.differences import compare_versions
from lander.pages.models import Page, StoredRelease

_Command = TypeVar("_Command", bound=Callable[..., Answer])


def register(cli: click.Group) -> None:
    group = click.Group("variant", help="Variants of a page, and their versions.")
    cli.add_command(group)
    _register_look(group)
    _register_change(group)


def on_page(function: _Command) -> _Command:
    """The options that say which page is meant."""
    for option in (
        click.option("--slug", required=True, help="The page's address on the host."),
        click.option("--site", required=True, metavar="HOST", help="The pages host."),
    ):
        function = option(function)
    return function


def load_page(session: Session, host: str, slug: str) -> Page:
    """The page that the options name."""
    return pages.load_page(session, sites.load_site(session, host), slug)


def _register_look(group: click.Group) -> None:
    @command(group, "list")
    @on_page
    def list_(edge: Cli, site: str, slug: str) -> Answer:
        """List a page's variants with their names and drafts."""
        with reading(edge.engine) as session:
            page = load_page(session, site, slug)
            live = session.get(StoredRelease, page.release_id) if page.release_id else None
            data: list[dict[str, Any]] = []
            for variant in pages.list_variants(session, page):
                draft = versions.load_draft(session, variant)
                is_live = live is not None and live.versions.get(variant.key) == draft.id
                data.append(
                    {"variant": variant.key, "name": variant.name, "draft": draft.number, "draft_is_live": is_live}
                )
        rows = [
            [row["variant"], row["name"], str(row["draft"]), "live" if row["draft_is_live"] else "draft"]
            for row in data
        ]
        return Answer(data, table(["variant", "name", "version", "state"], rows))

    @command(group, "history")
    @on_page
    @click.argument("variant")
    def show_history(edge: Cli, site: str, slug: str, variant: str) -> Answer:
        """List the versions of VARIANT, newest first."""
        with reading(edge.engine) as session:
            found = versions.list_versions(
                session, pages.load_variant(session, load_page(session, site, slug), variant)
            )
        data = [
            {"version": item.number, "at": item.created_at.isoformat(), "by": item.created_by, "note": item.note}
            for item in found
        ]
        rows = [
            [str(item.number), f"{item.created_at:%Y-%m-%d %H:%M} UTC", item.created_by, item.note] for item in found
        ]
        return Answer(data, table(["version", "saved", "by", "note"], rows, numbers=["version"]))

    @command(group, "compare")
    @on_page
    @click.argument("variant")
    @click.option("--from", "before", type=int, help="A version's number; the one before the draft if left out.")
    @click.option("--to", "after", type=int, help="A version's number; the draft if left out.")
    @click.option("--with", "other", metavar="VARIANT", help="Take --to from this variant.")
    def compare(
        edge: Cli,
        *,
        site: str,
        slug: str,
        variant: str,
        before: int | None,
        after: int | None,
        other: str | None,
    ) -> Answer:
        """Say what reads differently between two versions of VARIANT, and list the source's lines that differ."""
        with reading(edge.engine) as session:
            page = load_page(session, site, slug)
            one, two = pages.load_variant(session, page, variant), pages.load_variant(session, page, other or variant)
            new = history.load_version(session, two, after or versions.load_draft(session, two).number)
            default = versions.load_draft(session, one).number if other else max(1, new.number - 1)
            old = history.load_version(session, one, before or default)
            difference = compare_versions(old, new)
        data = {
            "from": {"variant": variant, "version": old.number},
            "to": {"variant": other or variant, "version": new.number},
            "changes": [change.as_json() for change in difference.changes],
            "notes": list(difference.notes),
            "lines": [line for _, line in difference.lines],
        }
        said = [*map(str, difference.changes), *difference.notes]
        source = [line for _, line in difference.lines]
        return Answer(data, [*(said or ["Nothing reads differently."]), *(["", *source] if source else [])])


def _register_change(group: click.Group) -> None:
    @command(group, "rename")
    @on_page
    @click.argument("variant")
    @click.argument("name")
    def rename(edge: Cli, *, site: str, slug: str, variant: str, name: str) -> Answer:
        """Call VARIANT by NAME beside its letter; an empty NAME leaves the letter alone."""
        with transaction(edge.engine) as session:
            page = load_page(session, site, slug)
            named = pages.rename_variant(session, page, variant, name, actor=edge.actor, now=edge.now).name
        said = f"Variant {variant} is called {named} now." if named else f"Variant {variant} has no name now."
        return Answer({"variant": variant, "name": named}, [said])

    @command(group, "restore")
    @on_page
    @click.argument("variant")
    @click.argument("version", type=int)
    def restore(edge: Cli, *, site: str, slug: str, variant: str, version: int) -> Answer:
        """Make VERSION of VARIANT its next draft; no version goes away."""
        with transaction(edge.engine) as session:
            page = load_page(session, site, slug)
            draft = history.restore_version(session, page, variant, version, actor=edge.actor, now=edge.now).number
        return Answer(
            {"variant": variant, "restored": version, "draft": draft},
            [f"The draft of variant {variant} is version {draft}, with the content of version {version}."],
        )
