"""A variant's content: copying and naming it, uploading another one, bringing what it loads inside, editing its source."""

from flask import Blueprint, Response, request
from sqlmodel import Session

from lander.access.gate import actor, caller, edge, studio, view
from lander.access.permissions import Permission
from lander.console.context import FormError
from lander.console.findings import finding_rows
from lander.console.page_context import SourceScreen
from lander.console.page_screen import page_screen, variant_address
from lander.console.pages import UPLOAD_BYTES, left_unsaid, read_file, take_in
from lander.console.places import Place, load_place
from lander.console.publish_box import Typed
from lander.console.screens import go, show, tell
from lander.console.source import SOURCE_BYTES, mark_lines, say_source_wrong
from lander.db import reading, transaction
from lander.errors import Conflict, InvalidInput, LanderError
from lander.pages import pages, versions
from lander.pages.differences import compare_lines
from lander.pages.importing import bring_inside
from lander.pages.models import Version
from lander.pages.publish import check_drafts
from lander.policy.store import load_policy

blueprint = Blueprint("variants", __name__)


@view(blueprint, "/pages/<path:slug>/copy", permission=Permission.PAGES_EDIT, methods=("POST",))
def copy(slug: str) -> Response:
    with transaction(studio().engine) as session:
        place = load_place(session, slug)
        source = request.form.get("source", "a")
        made = versions.copy_variant(session, place.page, source=source, actor=actor(), now=edge().now)
        address = variant_address(session, place, made.key)
    return go(address, notice="copied")


@view(blueprint, "/pages/<path:slug>/<string(length=1):key>/name", permission=Permission.PAGES_EDIT, methods=("POST",))
def rename(slug: str, key: str) -> Response:
    try:
        with transaction(studio().engine) as session:
            place = load_place(session, slug)
            name = request.form.get("name", "")
            renamed = pages.rename_variant(session, place.page, key, name, actor=actor(), now=edge().now)
            notice = "named" if renamed.name else "unnamed"
            address = variant_address(session, place, key)
    except LanderError as error:
        return _show_page_again(slug, error, key=key, field="name")
    return go(address, notice=notice)


@view(
    blueprint, "/pages/<path:slug>/upload", permission=Permission.PAGES_EDIT, methods=("POST",), body_bytes=UPLOAD_BYTES
)
def upload(slug: str) -> Response:
    """Another file, as a new variant of the page or in place of a variant's draft."""
    replaced = request.form.get("replace", "")
    try:
        with transaction(studio().engine) as session:
            place = load_place(session, slug)
            if replaced:
                pages.load_variant(session, place.page, replaced)  # or there is none
            key = replaced or pages.choose_free_key(session, place.page)
            report = take_in(session, place.site, slug=slug, key=key, replace=bool(replaced))
            address = variant_address(session, place, key)
    except LanderError as error:
        return _show_page_again(slug, error, key=request.form.get("variant", ""), field="file")
    return go(tell(address, left_unsaid(report)), notice="replaced" if replaced else "imported")


@view(
    blueprint,
    "/pages/<path:slug>/<string(length=1):key>/bring",
    permission=Permission.PAGES_EDIT,
    methods=("POST",),
    body_bytes=UPLOAD_BYTES,
)
def bring(slug: str, key: str) -> Response:
    """A file of ours in place of an external address."""
    try:
        with transaction(studio().engine) as session:
            place = load_place(session, slug)
            filename, content = read_file(load_policy(session).uploads.file_bytes)
            url = request.form.get("url", "")
            bring_inside(session, place.page, key, url, filename, content, actor=actor(), now=edge().now)
            address = variant_address(session, place, key)
    except LanderError as error:
        return _show_page_again(slug, error, key=key, field="externals")
    return go(address, notice="brought")


@view(blueprint, "/pages/<path:slug>/<string(length=1):key>/source", permission=Permission.PAGES_READ)
def show_source(slug: str, key: str) -> Response:
    with reading(studio().engine) as session:
        place = load_place(session, slug)
        screen = _source_screen(session, place, key)
    return show(screen)


@view(
    blueprint,
    "/pages/<path:slug>/<string(length=1):key>/source",
    permission=Permission.PAGES_EDIT,
    methods=("POST",),
    body_bytes=SOURCE_BYTES,
)
def save_source(slug: str, key: str) -> Response:
    typed, base = request.form.get("source", ""), request.form.get("base_version", type=int)
    try:
        with transaction(studio().engine) as session:
            place = load_place(session, slug)
            source = _as_it_was_written(session, place, key, typed, base)
            if base is None:
                raise InvalidInput("The form does not say which version it started from.", fix="Open the editor again.")
            versions.save_source(session, place.page, key, source, actor=actor(), now=edge().now, base_version=base)
            address = variant_address(session, place, key)
    except (Conflict, InvalidInput) as error:
        with reading(studio().engine) as session:
            screen = _source_screen(session, load_place(session, slug), key, typed=typed, base=base, error=error)
        return show(screen, status=error.status)
    return go(address, notice="saved")


def _show_page_again(slug: str, error: LanderError, *, key: str = "", field: str) -> Response:
    if error.status == 404:
        raise error
    with reading(studio().engine) as session:
        place = load_place(session, slug)
        key = key or pages.list_variants(session, place.page)[0].key
        typed = Typed(errors=(FormError(error.message, field, error.fix),))
        screen = page_screen(session, place, key, typed)
    return show(screen, status=error.status)


def _as_it_was_written(session: Session, place: Place, key: str, typed: str, base: int | None) -> str:
    """A browser sends every line end as CR LF; what the version used is put back, so that unchanged lines stay so."""
    plain = typed.replace("\r\n", "\n")
    before = _find_version(session, place, key, base)
    if before is None:
        return plain
    crlf = before.source.count("\r\n")
    return plain.replace("\n", "\r\n") if crlf * 2 > before.source.count("\n") else plain


def _find_version(session: Session, place: Place, key: str, number: int | None) -> Version | None:
    variant = pages.load_variant(session, place.page, key)
    return versions.find_version(session, variant, number)


def _source_screen(
    session: Session,
    place: Place,
    key: str,
    *,
    typed: str | None = None,
    base: int | None = None,
    error: LanderError | None = None,
) -> SourceScreen:
    current = versions.load_draft(session, pages.load_variant(session, place.page, key))
    before = _find_version(session, place, key, base) if isinstance(error, Conflict) else None
    findings = finding_rows(
        [item for item in check_drafts(session, studio().settings, place.page) if item.where == f"variant {key}"], place
    )
    return SourceScreen(
        label=place.label,
        address=place.at(f"/{key}/source"),
        page_address=variant_address(session, place, key),
        key=key,
        version=current.number,
        base_version=current.number,
        saved_at=current.created_at,
        saved_by=current.created_by,
        source=current.source if typed is None else typed,
        marked=mark_lines(findings),
        findings=findings,
        their_changes=list(compare_lines(before.source, current.source)) if before else [],
        may_edit=caller().can(Permission.PAGES_EDIT),
        errors=[say_source_wrong(error, current)] if error else [],
    )
