"""Pages: the list, taking one in, and the screen of one."""

import re

from flask import Blueprint, Response, request
from sqlmodel import Session

from lander.access.gate import actor, caller, edge, studio, view
from lander.access.permissions import Permission
from lander.console.context import FormError
from lander.console.page_context import NewPageScreen, PagesScreen
from lander.console.page_rows import fold_rows, list_places, page_rows, with_leads
from lander.console.page_screen import page_screen
from lander.console.places import Place, find_place, find_site, has_several, load_place, load_site, site_options
from lander.console.screens import go, show, show_part, tell, wants_part
from lander.db import reading, transaction
from lander.errors import Conflict, InvalidInput, LanderError, NotFound
from lander.pages import pages
from lander.pages.importing import import_upload
from lander.pages.models import Site
from lander.pages.report import ImportReport
from lander.policy.policy import MIB, UploadLimits
from lander.policy.store import load_policy

blueprint = Blueprint("pages", __name__)

UPLOAD_BYTES = 201 * MIB  # what the policy can allow at most; the policy in force is checked when it is read
_VARIANT = re.compile(r"(?P<slug>.+)/(?P<key>[a-z])")
_ACT = re.compile(
    r"(?P<slug>.+?)/(publish|rollback|withdraw|put-back|upload|copy|[a-z]/(bring|name|restore|undo|share/revoke))"
)


@view(blueprint, "/pages", permission=Permission.PAGES_READ)
def list_pages() -> Response:
    with reading(studio().engine) as session:
        site = find_site(session)
        places = list_places(session, [site] if site else [], several=has_several(session))
        rows = page_rows(session, places)
        if site and caller().can(Permission.LEADS_READ):
            rows = with_leads(session, rows, site, now=edge().now)
        screen = PagesScreen(
            site=site.host if site else "",
            sites=site_options(session, site),
            rows=fold_rows(row for _, row in rows),
            may_edit=caller().can(Permission.PAGES_EDIT),
        )
    return show(screen)


@view(blueprint, "/pages/new", permission=Permission.PAGES_EDIT)
def show_new() -> Response:
    with reading(studio().engine) as session:
        screen = _new_screen(session, load_site(session))
    return show(screen)


@view(blueprint, "/pages/new", permission=Permission.PAGES_EDIT, methods=("POST",), body_bytes=UPLOAD_BYTES)
def create() -> Response:
    try:
        with transaction(studio().engine) as session:
            site = load_site(session)
            report = take_in(session, site, slug=request.form.get("slug", "").strip(), key="a")
            address = Place(site, report.page, has_several(session)).at()
    except LanderError as error:
        with reading(studio().engine) as session:
            wrong = _say_wrong(session, error)
            screen = _new_screen(session, load_site(session), errors=[wrong])
        if wants_part():
            return show_part(screen, "pages/_upload.html", status=error.status)
        return show(screen, status=error.status)
    return go(tell(address, left_unsaid(report)), notice="imported")


@view(blueprint, "/pages/<path:slug>", permission=Permission.PAGES_READ)
def show_page(slug: str) -> Response:
    with reading(studio().engine) as session:
        act = _ACT.fullmatch(slug)
        if act and find_place(session, slug) is None:  # the address of a refused form, reloaded or mailed
            return go(load_place(session, act["slug"]).at())
        place, key = _load_page_and_variant(session, slug)
        screen = page_screen(session, place, key)
    return show(screen)


def take_in(session: Session, site: Site, *, slug: str, key: str, replace: bool = False) -> ImportReport:
    """Import the upload of this request as a variant, or as the next version of one."""
    policy = load_policy(session)
    filename, content = read_file(policy.uploads.zip_bytes)
    return import_upload(
        session,
        site=site,
        slug=slug,
        variant_key=key,
        filename=filename,
        content=content,
        brought={},
        enable_submit="enable_submit" in request.form,
        replace=replace,
        actor=actor(),
        now=edge().now,
        policy=policy,
    )


def read_file(most_bytes: int) -> tuple[str, bytes]:
    """Name and content of the uploaded file; no more of it is read than is allowed."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise InvalidInput("No file came with the form.", fix="Choose one and send it again.")
    content = file.stream.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise InvalidInput(
            f"The file is larger than {most_bytes // MIB} MiB, which is what your policy allows.",
            fix="Make its pictures smaller, or ask IT for a higher limit.",
        )
    return file.filename, content


def left_unsaid(report: ImportReport) -> list[str]:
    """What an import has to say that the page's own screen does not show afterwards."""
    return [*(f"Left out: {path} ({reason})." for path, reason in report.left_out), *report.warnings]


def _say_wrong(session: Session, error: LanderError) -> FormError:
    place = find_place(session, request.form.get("slug", "").strip())
    if isinstance(error, Conflict) and place is not None:
        fix = "Choose another one, or open that page: there you can replace a draft or add a variant."
        return FormError(f"There is a page at {place.label} already.", "slug", fix, place.at())
    return FormError(error.message, "slug" if "address" in error.message else "file", error.fix)


def _load_page_and_variant(session: Session, slug: str) -> tuple[Place, str]:
    """A page, or `<page>/<variant>` where no page is called that."""
    site = load_site(session)
    found = _VARIANT.fullmatch(slug)
    if found and pages.find_page(session, site, slug) is None:
        return load_place(session, found["slug"]), found["key"]
    place = load_place(session, slug)
    variants = pages.list_variants(session, place.page)
    if not variants:
        raise NotFound(f"{place.label} has no content yet.", fix="Upload it again.")
    return place, request.args.get("variant") or variants[0].key


def _new_screen(session: Session, site: Site, *, errors: list[FormError] | None = None) -> NewPageScreen:
    return NewPageScreen(
        site=site.host,
        sites=site_options(session, site),
        slug=request.form.get("slug", ""),
        limits=say_limits(load_policy(session).uploads),
        errors=errors or [],
    )


def say_limits(limits: UploadLimits) -> str:
    """What may be uploaded, in one line."""
    return (
        f"An .html file, or a .zip of up to {limits.zip_bytes // MIB} MiB with its pictures, styles and scripts. "
        "Every HTML file in it becomes a page."
    )
