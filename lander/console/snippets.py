"""Snippets: the list, one with its source, saving, restoring, and publishing the pages that show it."""

import secrets

from flask import Blueprint, Response, request
from sqlmodel import Session

from lander.access.gate import actor, caller, edge, studio, view
from lander.access.permissions import Permission
from lander.console import progress
from lander.console.bulk_context import TestRow
from lander.console.bulk_rows import refusal_rows, say_wrong, test_field
from lander.console.context import FormError
from lander.console.findings import plain_row
from lander.console.places import Place, has_several, load_site, site_options
from lander.console.screens import go, show
from lander.console.snippet_context import SnippetRow, SnippetScreen, SnippetsScreen, SnippetVersionRow, UseRow
from lander.console.source import SOURCE_BYTES, mark_lines, say_source_wrong
from lander.db import reading, transaction
from lander.errors import Conflict, InvalidInput, LanderError
from lander.pages import snippets
from lander.pages.differences import compare_lines
from lander.pages.expand import mark
from lander.pages.models import Site, SnippetVersion
from lander.pages.snippet_release import check_snippet, propose_for_snippet, publish_snippet
from lander.pages.together import RefusedTogether
from lander.preflight import look_ahead

blueprint = Blueprint("snippets", __name__)


@view(blueprint, "/snippets", permission=Permission.PAGES_READ)
def list_snippets() -> Response:
    with reading(studio().engine) as session:
        screen = _index(session, load_site(session))
    return show(screen)


@view(blueprint, "/snippets", permission=Permission.PAGES_EDIT, methods=("POST",), body_bytes=SOURCE_BYTES)
def create() -> Response:
    name, source = request.form.get("name", "").strip(), request.form.get("source", "").replace("\r\n", "\n")
    try:
        with transaction(studio().engine) as session:
            site = load_site(session)
            snippets.add_snippet(session, site, name, source, actor=actor(), now=edge().now)
            address = _address(session, site, name)
    except (Conflict, InvalidInput) as error:
        with reading(studio().engine) as session:
            screen = _index(session, load_site(session), error)
        return show(screen, status=error.status)
    return go(address, notice="snippet-saved")


@view(blueprint, "/snippets/<name>", permission=Permission.PAGES_READ)
def show_snippet(name: str) -> Response:
    with reading(studio().engine) as session:
        screen = _screen(session, load_site(session), name)
    return show(screen)


@view(blueprint, "/snippets/<name>", permission=Permission.PAGES_EDIT, methods=("POST",), body_bytes=SOURCE_BYTES)
def save(name: str) -> Response:
    typed, base = request.form.get("source", "").replace("\r\n", "\n"), request.form.get("base_version", type=int)
    try:
        with transaction(studio().engine) as session:
            site = load_site(session)
            if base is None:
                raise InvalidInput("The form does not say which version it started from.", fix="Open the editor again.")
            snippets.save_snippet(session, site, name, typed, base_version=base, actor=actor(), now=edge().now)
            address = _address(session, site, name)
    except (Conflict, InvalidInput) as error:
        return _show_again(name, error, typed=typed, base=base)
    return go(address, notice="snippet-saved")


@view(blueprint, "/snippets/<name>/restore", permission=Permission.PAGES_EDIT, methods=("POST",))
def restore(name: str) -> Response:
    with transaction(studio().engine) as session:
        site = load_site(session)
        number = request.form.get("version", 0, type=int)
        snippets.restore_snippet(session, site, name, number, actor=actor(), now=edge().now)
        address = _address(session, site, name)
    return go(address, notice="snippet-saved")


@view(blueprint, "/snippets/<name>/publish", permission=Permission.PAGES_PUBLISH, methods=("POST",))
def publish(name: str) -> Response:
    folder = studio().settings.data_dir / "progress"
    try:
        with progress.told_in(folder, request.form.get("token", "")) as say, transaction(studio().engine) as session:
            site = load_site(session)
            publish_snippet(
                session,
                studio().settings,
                site,
                name,
                choices=_read_choices(),
                actor=actor(),
                now=edge().now,
                preflight=look_ahead,
                tell=say,
            )
            address = _address(session, site, name)
    except (Conflict, InvalidInput, RefusedTogether) as error:
        return _show_again(name, error)
    return go(address, notice="published")


def _show_again(name: str, error: LanderError, *, typed: str | None = None, base: int | None = None) -> Response:
    with reading(studio().engine) as session:
        screen = _screen(session, load_site(session), name, typed=typed, base=base, error=error)
    return show(screen, status=error.status)


def _index(session: Session, site: Site, error: LanderError | None = None) -> SnippetsScreen:
    uses = snippets.list_uses(session, site)
    rows = []
    for snippet in snippets.list_snippets(session, site):
        version, mine = snippets.load_snippet_draft(session, snippet), uses.get(snippet.name, [])
        rows.append(
            SnippetRow(
                name=snippet.name,
                address=_address(session, site, snippet.name),
                version=version.number,
                saved_at=version.created_at,
                saved_by=version.created_by,
                pages=len(mine),
                behind=len(snippets.list_behind(mine, version.id)),
            )
        )
    return SnippetsScreen(
        site=site.host,
        sites=site_options(session, site),
        rows=rows,
        name=request.form.get("name", ""),
        source=request.form.get("source", ""),
        may_edit=caller().can(Permission.PAGES_EDIT),
        errors=say_wrong(error) if error is not None else [],
    )


def _screen(
    session: Session,
    site: Site,
    name: str,
    *,
    typed: str | None = None,
    base: int | None = None,
    error: LanderError | None = None,
) -> SnippetScreen:
    snippet = snippets.load_snippet(session, site, name)
    current, several = snippets.load_snippet_draft(session, snippet), has_several(session)
    uses = snippets.list_uses(session, site).get(name, [])
    behind = snippets.list_behind(uses, current.id)
    versions = snippets.list_snippet_versions(session, snippet)
    findings = [
        plain_row(finding, f"#line-{finding.line}" if finding.line else "")
        for finding in check_snippet(session, name, current)
    ]
    chosen, slugs = _read_choices(), {page.id: page.slug for page in behind}
    started, wrong = None, None if error is None else FormError(error.message, "", error.fix)
    if error is not None and typed is not None:
        wrong = say_source_wrong(error, current)
        started = snippets.find_snippet_version(session, snippet, base) if isinstance(error, Conflict) else None
    return SnippetScreen(
        name=name,
        mark=mark(name),
        base=f"/snippets/{name}",
        query=f"?site={site.host}" if several else "",
        index_address=f"/snippets?site={site.host}" if several else "/snippets",
        timezone=site.timezone,
        version=current.number,
        base_version=current.number,
        saved_at=current.created_at,
        saved_by=current.created_by,
        source=current.source if typed is None else typed,
        marked=mark_lines(findings),
        findings=findings,
        refusals=refusal_rows(site, error.by_page, several=several) if isinstance(error, RefusedTogether) else [],
        uses=[_use_row(Place(site, use.page, several), use, current) for use in uses],
        behind=[page.slug for page in behind],
        tests=[
            TestRow(
                key=test.key,
                address=f"/experiments/{test.key}",
                page=slugs[test.page_id],
                field=test_field(test.key),
                choice=chosen.get(test.key, proposal),
                reason="",
            )
            for test, proposal in propose_for_snippet(session, uses, behind)
        ],
        history=[
            SnippetVersionRow(item.number, item.created_at, item.created_by, item.note, item.id == current.id)
            for item in versions
        ],
        their_changes=list(compare_lines(started.source, current.source)) if started else [],
        token=secrets.token_urlsafe(16),
        may_edit=caller().can(Permission.PAGES_EDIT),
        may_publish=caller().can(Permission.PAGES_PUBLISH),
        errors=[wrong] if wrong is not None else [],
    )


def _use_row(place: Place, use: snippets.Use, current: SnippetVersion) -> UseRow:
    if use.live is None:
        state, word = "draft", "In drafts only" if place.page.release_id else "Draft"
    elif use.live == current.id:
        state, word = "live", "Live"
    else:
        state, word = "changed", "Live, with an older version"
    return UseRow(place.page.slug, place.at(), list(use.variants), state, word)


def _read_choices() -> dict[str, str]:
    prefix = test_field("")
    return {name.removeprefix(prefix): value for name, value in request.form.items() if name.startswith(prefix)}


def _address(session: Session, site: Site, name: str) -> str:
    return f"/snippets/{name}?site={site.host}" if has_several(session) else f"/snippets/{name}"
