"""Redirects: the table, the form, a CSV in and out. Everything works as plain forms."""

import base64
import binascii
import zlib
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, request
from sqlmodel import Session

from experiments.words import plural
from lander.access.gate import actor, edge, studio, view
from lander.access.permissions import Permission
from lander.console.context import FormError
from lander.console.places import load_site
from lander.console.redirect_context import RedirectImportScreen, TypedRedirect
from lander.console.redirect_screens import import_rows, plan_box, query_of, redirect_screen, redirects_screen
from lander.console.screens import go, show, tell_done
from lander.db import reading, transaction
from lander.errors import InvalidInput, LanderError
from lander.pages import redirects
from lander.pages.models import Site
from lander.pages.redirect_import import ImportPlan, ImportRefused, apply_import, plan_import
from lander.pages.redirect_rules import InvalidRedirect, read_path, read_rule, write_path
from lander.pages.redirect_sheet import LARGEST, write_sheet
from lander.pages.redirect_undo import list_imports, undo_import

blueprint = Blueprint("redirects", __name__)

_UPLOAD_BYTES = LARGEST + 64 * 1024
_APPLY_BYTES = 12 * 1024 * 1024


@view(blueprint, "/redirects", permission=Permission.REDIRECTS_READ)
def list_redirects() -> Response:
    with reading(studio().engine) as session:
        screen = redirects_screen(session, load_site(session))
    return show(screen)


@view(blueprint, "/redirects/edit", permission=Permission.REDIRECTS_EDIT)
def show_edit() -> Response:
    path = request.args.get("path", "")
    with reading(studio().engine) as session:
        site = load_site(session)
        found = redirects.find_redirect(session, site, path)
        typed = TypedRedirect(write_path(path), request.args.get("to", ""))
        if found is not None:
            typed = TypedRedirect(write_path(found.path), found.target, str(found.status), found.note)
        screen = redirect_screen(session, site, typed, is_change=found is not None)
    return show(screen)


@view(blueprint, "/redirects/edit", permission=Permission.REDIRECTS_EDIT, methods=("POST",))
def save() -> Response:
    typed = TypedRedirect(*(request.form.get(name, "") for name in ("from", "to", "status", "note")))
    try:
        with transaction(studio().engine) as session:
            site = load_site(session)
            rule = read_rule(site.host, path=typed.path, target=typed.target, status=typed.status, note=typed.note)
            redirects.put_redirect(session, site, rule, actor=actor(), now=edge().now)
            address = f"/redirects{query_of(session, site)}"
    except InvalidRedirect as error:
        errors = [FormError(item.sentence, item.field, item.fix) for item in error.problems]
        return _show_edit_again(typed, errors, error.status)
    except LanderError as error:
        if error.status == 404:
            raise
        return _show_edit_again(typed, [FormError(error.message, "", error.fix)], error.status)
    return go(address, notice="redirect-saved")


@view(blueprint, "/redirects/remove", permission=Permission.REDIRECTS_EDIT, methods=("POST",))
def remove() -> Response:
    with transaction(studio().engine) as session:
        site = load_site(session)
        rule = redirects.remove_redirect(session, site, request.form.get("path", ""), actor=actor(), now=edge().now)
        query = query_of(session, site)
    undo = {"removed": rule.path, "to": rule.target, "status": str(rule.status), "note": rule.note}
    return go(f"/redirects{query}{'&' if query else '?'}{urlencode(undo)}")


@view(blueprint, "/redirects/mend", permission=Permission.REDIRECTS_EDIT, methods=("POST",))
def mend() -> Response:
    paths = None if "all" in request.form else request.form.getlist("path")
    try:
        with transaction(studio().engine) as session:
            site = load_site(session)
            number = redirects.mend(session, site, request.form.get("rule", ""), paths, actor=actor(), now=edge().now)
            address = f"/redirects{query_of(session, site)}"
    except LanderError as error:
        if error.status == 404:
            raise
        with reading(studio().engine) as session:
            screen = redirects_screen(session, load_site(session), [FormError(error.message, "findings", error.fix)])
        return show(screen, status=error.status)
    return go(tell_done(address, [f"{plural(number, 'redirect')} mended. Visitors follow within two seconds."]))


@view(blueprint, "/redirects/export", permission=Permission.REDIRECTS_READ)
def export() -> Response:
    with reading(studio().engine) as session:
        site = load_site(session)
        text = write_sheet(redirects.rule_of(item) for item in redirects.list_redirects(session, site))
    response = make_response(text.encode())
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="redirects-{site.host}.csv"'
    return response


@view(blueprint, "/redirects/import", permission=Permission.REDIRECTS_EDIT)
def show_import() -> Response:
    with reading(studio().engine) as session:
        screen = _import_screen(session, load_site(session))
    return show(screen)


@view(blueprint, "/redirects/import", permission=Permission.REDIRECTS_EDIT, methods=("POST",), body_bytes=_UPLOAD_BYTES)
def plan() -> Response:
    """What the file would do; nothing changes."""
    try:
        name, content = _read_file()
        sheet = _pack(content)
        with reading(studio().engine) as session:
            site = load_site(session)
            planned = plan_import(session, site, content)
            screen = _import_screen(session, site, planned, name=name, sheet=sheet)
    except InvalidInput as error:
        with reading(studio().engine) as session:
            wrong = FormError(error.message, "file", error.fix)
            return show(_import_screen(session, load_site(session), errors=[wrong]), status=error.status)
    return show(screen)


@view(blueprint, "/redirects/apply", permission=Permission.REDIRECTS_EDIT, methods=("POST",), body_bytes=_APPLY_BYTES)
def apply() -> Response:
    """Take in the file that was planned, as the table is now: what was right then may have been overtaken."""
    sheet, name = request.form.get("sheet", ""), request.form.get("name", "")[:200]
    try:
        content = _unpack(sheet)
        with transaction(studio().engine) as session:
            site = load_site(session)
            done = apply_import(
                session, site, content, only_good="only_good" in request.form, actor=actor(), now=edge().now
            )
            query = query_of(session, site)
            number = list_imports(session, site)[0].number if done.rules else 0
    except LanderError as error:
        if error.status == 404:
            raise
        with reading(studio().engine) as session:
            wrong = FormError(error.message, "wrong" if isinstance(error, ImportRefused) else "file", error.fix)
            planned = error.plan if isinstance(error, ImportRefused) else None
            screen = _import_screen(session, load_site(session), planned, name=name, sheet=sheet, errors=[wrong])
        return show(screen, status=error.status)
    said = [f"{plural(len(done.new), 'redirect')} added, {plural(len(done.changed), 'redirect')} changed."]
    if done.wrong:
        said.append(f"{plural(done.wrong_rows, 'row')} left out.")
    imported = f"{'&' if query else '?'}{urlencode({'imported': number})}" if number else ""
    return go(tell_done(f"/redirects{query}{imported}", said))


@view(blueprint, "/redirects/undo-import", permission=Permission.REDIRECTS_EDIT, methods=("POST",))
def undo() -> Response:
    """Take an import back, all of it or nothing."""
    try:
        with transaction(studio().engine) as session:
            site = load_site(session)
            number = request.form.get("number", 0, type=int)
            done = undo_import(session, site, number, actor=actor(), now=edge().now)
            address = f"/redirects{query_of(session, site)}"
    except LanderError as error:
        if error.status == 404:
            raise
        with reading(studio().engine) as session:
            screen = _import_screen(session, load_site(session), errors=[FormError(error.message, "", error.fix)])
        return show(screen, status=error.status)
    said = f"Undone: {plural(done.removed, 'redirect')} removed, {plural(done.restored, 'redirect')} as before."
    return go(tell_done(address, [said]))


def _show_edit_again(typed: TypedRedirect, errors: list[FormError], status: int) -> Response:
    with reading(studio().engine) as session:
        site = load_site(session)
        try:
            is_change = redirects.find_redirect(session, site, read_path(typed.path, site.host)) is not None
        except InvalidInput:
            is_change = False
        return show(redirect_screen(session, site, typed, is_change=is_change, errors=errors), status=status)


def _import_screen(
    session: Session,
    site: Site,
    plan: ImportPlan | None = None,
    *,
    name: str = "",
    sheet: str = "",
    errors: list[FormError] | None = None,
) -> RedirectImportScreen:
    return RedirectImportScreen(
        site=site.host,
        query=query_of(session, site),
        timezone=site.timezone,
        plan=plan_box(plan, name=name, sheet=sheet) if plan is not None else None,
        earlier=import_rows(session, site),
        errors=errors or [],
    )


def _read_file() -> tuple[str, bytes]:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise InvalidInput("No file came with the form.", fix="Choose a CSV file and send it again.")
    return file.filename[:200], file.stream.read(LARGEST + 1)


def _pack(content: bytes) -> str:
    """The file as text that a form can carry from the plan to the button."""
    packed = base64.b64encode(zlib.compress(content)).decode("ascii")
    if len(packed) > _APPLY_BYTES * 3 // 4:  # a form writes some of its characters as three
        raise InvalidInput("The file is too large for the studio.", fix="Use: lander redirect import")
    return packed


def _unpack(sheet: str) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(base64.b64decode(sheet, validate=True), LARGEST + 1)
    except (binascii.Error, ValueError, zlib.error):
        content = b""
    if not content or not unpacking.eof:
        raise InvalidInput("The plan did not come back whole, and nothing was changed.", fix="Upload the file again.")
    return content
