"""`lander page`: import, copy, publish, and take back."""

from pathlib import Path
from typing import Any

import click
from sqlmodel import Session

from lander import preview as previewing
from lander.cli.edge import Answer, Cli, command
from lander.cli.gate import register_gate
from lander.cli.table import table
from lander.db import reading, transaction
from lander.errors import Conflict, InvalidInput
from lander.pages import importing, moving, pages, publish, sites, versions
from lander.pages.models import Page, Site, StoredRelease
from lander.pages.rollback import rollback as rollback_page
from lander.policy import store
from lander.preflight import look_ahead
from lander.serve.qa import QaLinks

_SITE = click.option("--site", required=True, metavar="HOST", help="The pages host.")
_SLUG = click.option("--slug", required=True, help="The page's address on the host.")
_VARIANT = click.option("--variant", default="a", show_default=True, help="Which variant.")
_DURING_TEST = click.option(
    "--during-test",
    type=click.Choice(["annotate", "new-phase"]),
    help="While a test runs: the same change in every variant (annotate), or start the count anew (new-phase).",
)


def register(cli: click.Group) -> None:
    group = click.Group("page", help="Landing pages.")
    cli.add_command(group)
    _register_import(group)
    _register_look(group)
    _register_publish(group)
    _register_move(group)
    register_gate(group)


def _register_import(group: click.Group) -> None:
    @command(group, "import")
    @_SITE
    @_SLUG
    @_VARIANT
    @click.option("--asset", "assets", multiple=True, metavar="URL=FILE", help="Bring an external file inside.")
    @click.option(
        "--enable-submit/--keep-submit", default=True, show_default=True, help="Enable disabled submit buttons."
    )
    @click.option("--replace", is_flag=True, help="Make it the next version of a variant that is there.")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    def import_(
        edge: Cli,
        *,
        site: str,
        slug: str,
        variant: str,
        assets: tuple[str, ...],
        enable_submit: bool,
        replace: bool,
        file: Path,
    ) -> Answer:
        """Import FILE (.zip or .html) as a variant's draft. Visitors see nothing of it before it is published."""
        with transaction(edge.engine) as session:
            report = importing.import_upload(
                session,
                site=sites.load_site(session, site),
                slug=slug,
                variant_key=variant,
                filename=file.name,
                content=file.read_bytes(),
                brought=_read_assets(assets),
                enable_submit=enable_submit,
                replace=replace,
                actor=edge.actor,
                now=edge.now,
                policy=store.load_policy(session),
            )
        return Answer(report.as_json(), report.sentences())

    @command(group, "copy-variant")
    @_SITE
    @_SLUG
    @click.option("--from", "source", default="a", show_default=True, help="The variant to copy.")
    @click.option("--to", "target", help="The new variant's letter; the next free one if left out.")
    def copy_variant(edge: Cli, site: str, slug: str, source: str, target: str | None) -> Answer:
        """Make a new variant with the same content."""
        with transaction(edge.engine) as session:
            page = _load(session, site, slug)[1]
            made = versions.copy_variant(session, page, source=source, target=target, actor=edge.actor, now=edge.now)
        return Answer({"variant": made.key}, [f"Variant {made.key} is a copy of {source} now."])


def _register_look(group: click.Group) -> None:
    @command(group, "list")
    @click.option("--site", metavar="HOST", help="Only this pages host.")
    def list_(edge: Cli, site: str | None) -> Answer:
        """List pages with their state."""
        rows: list[dict[str, Any]] = []
        with reading(edge.engine) as session:
            for owner in [sites.load_site(session, site)] if site else sites.list_sites(session):
                for page in pages.list_pages(session, owner):
                    keys = [variant.key for variant in pages.list_variants(session, page)]
                    rows.append(
                        {
                            "address": pages.page_address(owner, page),
                            "live": page.release_id is not None,
                            "variants": keys,
                            "release": page.release_id,
                        }
                    )
        cells = [[row["address"], "live" if row["live"] else "draft", ", ".join(row["variants"])] for row in rows]
        lines = table(["page", "state", "variants"], cells)
        return Answer(rows, lines if rows else ["No pages yet. Import one with: lander page import"])

    @command(group, "preview")
    @_SITE
    @_SLUG
    @_VARIANT
    @click.option("--minutes", default=10, show_default=True, type=click.IntRange(1, 14 * 24 * 60))
    @click.option("--port", default=8000, show_default=True, help="Where Lander is served; for development.")
    def preview(edge: Cli, *, site: str, slug: str, variant: str, minutes: int, port: int) -> Answer:
        """Print a signed link to a variant's draft; it expires by itself and counts nothing."""
        with reading(edge.engine) as session:
            page = _load(session, site, slug)[1]
            pages.load_variant(session, page, variant)
        assert page.id is not None
        path = previewing.sign_preview(edge.settings, page.id, variant, ttl_s=minutes * 60)
        place = f":{port}" if edge.settings.is_development else ""
        address = f"{edge.settings.scheme}://{edge.settings.preview_host}{place}{path}"
        return Answer({"url": address, "minutes": minutes}, [address])

    @command(group, "qa-link")
    @_SITE
    @_SLUG
    @_VARIANT
    @click.option("--minutes", default=14 * 24 * 60, show_default=True, type=click.IntRange(1, 14 * 24 * 60))
    @click.option("--port", default=8000, show_default=True, help="Where Lander is served; for development.")
    def qa_link(edge: Cli, *, site: str, slug: str, variant: str, minutes: int, port: int) -> Answer:
        """Print a link that shows a variant on the live page; it counts nothing, and its leads are marked as tests."""
        with reading(edge.engine) as session:
            owner, page = _load(session, site, slug)
            live = session.get(StoredRelease, page.release_id) if page.release_id else None
        if live is None or variant not in live.versions:
            raise Conflict(f"Variant {variant} of {site}/{slug} is not live.", fix="Publish it first.")
        assert page.id is not None
        now_s = round(edge.now.timestamp())
        signed = QaLinks(edge.settings.signing_keys).sign(page.id, variant, now_s=now_s, ttl_s=minutes * 60)
        place = f":{port}" if edge.settings.is_development else ""
        address = f"{edge.settings.scheme}://{owner.host}{place}/{page.slug}?{signed}"
        return Answer({"url": address, "minutes": minutes}, [address])


def _register_publish(group: click.Group) -> None:
    @command(group, "publish")
    @_SITE
    @_SLUG
    @click.option("--strip-external", is_flag=True, help="Take out what loads from hosts that are not allowed.")
    @_DURING_TEST
    def publish_(edge: Cli, site: str, slug: str, strip_external: bool, during_test: str | None) -> Answer:
        """Publish the drafts of all variants. Refusals are all named at once, and change nothing."""
        with transaction(edge.engine) as session:
            page = _load(session, site, slug)[1]
            published = publish.publish(
                session,
                edge.settings,
                page,
                strip_external=strip_external,
                during_test=during_test,
                preflight=look_ahead,
                actor=edge.actor,
                now=edge.now,
            )
        return Answer(published.as_json(), published.sentences())

    @command(group, "rollback")
    @_SITE
    @_SLUG
    @click.option("--to", "release_id", help="A release's id; the one before if left out.")
    @_DURING_TEST
    def rollback(edge: Cli, site: str, slug: str, release_id: str | None, during_test: str | None) -> Answer:
        """Put an earlier release live again."""
        with transaction(edge.engine) as session:
            page = _load(session, site, slug)[1]
            published = rollback_page(
                session,
                edge.settings,
                page,
                to=release_id,
                during_test=during_test,
                preflight=look_ahead,
                actor=edge.actor,
                now=edge.now,
            )
        return Answer(published.as_json(), published.sentences())

    @command(group, "withdraw")
    @_SITE
    @_SLUG
    def withdraw(edge: Cli, site: str, slug: str) -> Answer:
        """Take a page away from visitors; its drafts and history stay."""
        with transaction(edge.engine) as session:
            owner, page = _load(session, site, slug)
            publish.withdraw(session, page, actor=edge.actor, now=edge.now)
        address = pages.page_address(owner, page)
        return Answer({"address": address, "live": False}, [f"{address} is not live any more."])


def _register_move(group: click.Group) -> None:
    @command(group, "rename")
    @_SITE
    @_SLUG
    @click.option("--to", "target", required=True, metavar="SLUG", help="The new address on the host.")
    def rename(edge: Cli, site: str, slug: str, target: str) -> Answer:
        """Give a page another address; the old one leads there (301), and a running test goes on."""
        with transaction(edge.engine) as session:
            page = _load(session, site, slug)[1]
            moved = moving.rename_page(
                session, edge.settings, page, target, preflight=look_ahead, actor=edge.actor, now=edge.now
            )
        return Answer(moved.as_json(), moved.sentences())

    @command(group, "retire")
    @_SITE
    @_SLUG
    @click.option("--to", "target", default="", metavar="ADDRESS", help="Where its visitors go, for good (301).")
    @click.option("--for-now", default="", metavar="ADDRESS", help="Where its visitors go for now (302).")
    @click.option("--gone", is_flag=True, help="They are told that it is gone (410).")
    @click.option("--undo", is_flag=True, help="Put the page back, and take the redirect away.")
    def retire(edge: Cli, *, site: str, slug: str, target: str, for_now: str, gone: bool, undo: bool) -> Answer:
        """Take a page away and say where its visitors go."""
        if sum(map(bool, (target, for_now, gone, undo))) != 1:
            raise InvalidInput(
                "Where do its visitors go?", fix="Give one of --to ADDRESS, --for-now ADDRESS, --gone; or --undo."
            )
        with transaction(edge.engine) as session:
            page = _load(session, site, slug)[1]
            if undo:
                published = moving.restore_page(
                    session, edge.settings, page, preflight=look_ahead, actor=edge.actor, now=edge.now
                )
                return Answer(published.as_json(), published.sentences())
            status = 301 if target else 302 if for_now else 410
            moved = moving.retire_page(
                session, page, status=status, target=target or for_now, actor=edge.actor, now=edge.now
            )
        return Answer(moved.as_json(), moved.sentences())


def _load(session: Session, host: str, slug: str) -> tuple[Site, Page]:
    site = sites.load_site(session, host)
    return site, pages.load_page(session, site, slug)


def _read_assets(assets: tuple[str, ...]) -> dict[str, bytes]:
    brought: dict[str, bytes] = {}
    for entry in assets:
        url, found, name = entry.rpartition("=")
        path = Path(name)
        if not found or not path.is_file():
            raise InvalidInput(
                f"--asset '{entry}' names no file.", fix="Write --asset https://host/file.js=local-file.js."
            )
        brought[url] = path.read_bytes()
    return brought
