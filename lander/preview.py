"""The preview plane: drafts behind signed links that expire by themselves.

A draft looks and is sealed exactly as it would be published; only the studio may frame it. There are no cookies, and
nothing is counted or kept: a form sent here leads to a page that says so.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from flask import Flask, Response, request
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlmodel import Session, select
from werkzeug.exceptions import HTTPException

from lander.artifact import download_name
from lander.config import Settings
from lander.db import is_away, reading
from lander.document import escape_text
from lander.edge import read_edge
from lander.errors import InvalidInput, LanderError, NotFound
from lander.form_names import FORM_PATH
from lander.headers import Headers, answer_headers, asset_headers, own_page_headers, preview_headers
from lander.pages.compile import PREVIEW_TOKEN, Compiled, Surroundings, compile_variant
from lander.pages.editable import Mode, open_for_editing
from lander.pages.history import load_version
from lander.pages.image_places import Pictures
from lander.pages.models import Asset, Page, ShareLink, Version
from lander.pages.pages import list_variants, load_variant
from lander.pages.release import load_files
from lander.pages.versions import load_draft
from lander.policy.store import load_policy
from lander.serve.fill import fill, prepare

TTL_S: Final = 600
LONGEST_TTL_S: Final = 14 * 24 * 3600
_SALT: Final = "lander.preview"
_EDITING_SALT: Final = "lander.preview.editing"
_SHARE_SALT: Final = "lander.preview.share"
_STYLE: Final = "body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem}"
_WORDS: Final = {
    404: ("This address shows no preview.", "Open the page in the studio and make a link there."),
    405: ("This address does not take that kind of request.", "Open the link again."),
    500: ("This does not work right now. It is our mistake, not yours.", "Try again in a minute."),
}


class LinkExpired(LanderError):
    """The link was good once."""

    code = "preview-expired"
    status = 410


class LinkRefused(LanderError):
    """Nobody here signed this link."""

    code = "preview-refused"
    status = 403


@dataclass(frozen=True, slots=True)
class Link:
    """What a preview link shows: a variant's draft, or its version of that number."""

    page_id: int
    variant: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class EditingLink:
    """A version opened for editing in the studio, which hears from it on a channel of this one load."""

    page_id: int
    variant: str
    version_id: int
    mode: Mode
    channel: str


def sign_preview(
    settings: Settings, page_id: int, variant_key: str, *, ttl_s: int = TTL_S, version: int | None = None
) -> str:
    """The path of a link to a variant's draft, or to one of its versions, that works for `ttl_s` seconds, 14 days at most."""
    if not 1 <= ttl_s <= LONGEST_TTL_S:
        raise InvalidInput(f"A preview link cannot last {ttl_s} seconds.", fix="It lasts between a second and 14 days.")
    shown = [] if version is None else [version]
    return f"/p/{_serializer(settings).dumps([page_id, variant_key, ttl_s, *shown])}/"


def read_link(settings: Settings, signed: str, *, now: datetime) -> Link:
    """What a link shows; raises `LinkRefused` or `LinkExpired`."""
    (page_id, variant, ttl_s, *version), signed_at = _load_signed(settings, signed, _SALT)
    _check_age(signed_at, ttl_s, now)
    return Link(page_id, variant, *version)


def sign_share(settings: Settings, share: ShareLink) -> str:
    """The path of a link for somebody outside; its row says how long it works."""
    return f"/s/{_serializer(settings, _SHARE_SALT).dumps(share.id)}/"


def read_share(session: Session, settings: Settings, signed: str, *, now: datetime) -> ShareLink:
    """What a link for somebody outside shows; raises `LinkRefused` or `LinkExpired`, also where it was taken back."""
    share_id, _ = _load_signed(settings, signed, _SHARE_SALT)
    share = session.get(ShareLink, share_id)
    if share is None or share.revoked_at is not None or share.expires_at <= now:
        raise LinkExpired("This link does not work any more.", fix="Ask who sent it for a new one.")
    return share


def sign_editing(settings: Settings, link: EditingLink) -> str:
    """The path of an editing preview; it works for ten minutes, and the studio asks for another one after that."""
    parts = [link.page_id, link.variant, link.version_id, link.mode.value, link.channel]
    return f"/e/{_serializer(settings, _EDITING_SALT).dumps(parts)}/"


def read_editing_link(settings: Settings, signed: str, *, now: datetime) -> EditingLink:
    """What is opened for editing; raises `LinkRefused` or `LinkExpired`."""
    (page_id, variant, version_id, mode, channel), signed_at = _load_signed(settings, signed, _EDITING_SALT)
    _check_age(signed_at, TTL_S, now)
    return EditingLink(page_id=page_id, variant=variant, version_id=version_id, mode=Mode(mode), channel=channel)


def create_preview(settings: Settings, engine: Engine) -> Flask:
    """The application of the preview host."""
    app = Flask("lander.preview", static_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.url_map.strict_slashes = app.url_map.merge_slashes = False  # no answer that is not made here

    @app.get("/p/<signed>/")
    def show(signed: str) -> Response:
        return _show(settings, engine, signed, slug=None)

    @app.get("/p/<signed>/<path:slug>")
    def show_sibling(signed: str, slug: str) -> Response:
        return _show(settings, engine, signed, slug=slug)

    @app.get("/s/<signed>/")
    def show_shared(signed: str) -> Response:
        return _show_shared(settings, engine, signed, slug=None)

    @app.get("/s/<signed>/<path:slug>")
    def show_shared_sibling(signed: str, slug: str) -> Response:
        return _show_shared(settings, engine, signed, slug=slug)

    @app.get("/e/<signed>/")
    def show_for_editing(signed: str) -> Response:
        return _show_for_editing(settings, engine, signed)

    @app.get("/_l/a/<name>")
    def show_asset(name: str) -> Response:
        with reading(engine) as session:
            found = session.exec(select(Asset.body, Asset.media_type).where(Asset.name == name)).first()
        if found is None:
            raise NotFound("There is no such file.", fix="Upload it with the page.")
        download_as = download_name(name, request.query_string.decode("latin-1"))
        return _answer(found[0], asset_headers(found[1], scheme=settings.scheme, download_as=download_as))

    @app.post(FORM_PATH)
    def refuse_form() -> Response:
        return _say(settings, 200, "This is a preview: nothing was sent.", "Go back to see the page again.")

    @app.post("/_l/b")
    @app.post("/_l/csp")
    def ignore() -> Response:
        return _answer(b"", answer_headers(scheme=settings.scheme), status=204)

    @app.before_request
    def refuse_service_worker() -> Response | None:
        if request.headers.get("Service-Worker"):
            return _answer(b"", answer_headers(scheme=settings.scheme), status=403)
        return None

    @app.errorhandler(LanderError)
    def on_refusal(error: LanderError) -> Response:
        return _say(settings, error.status, error.message, error.fix)

    @app.errorhandler(DBAPIError)
    @app.errorhandler(NoConnection)
    def on_database(error: DBAPIError | NoConnection) -> Response:
        if isinstance(error, DBAPIError) and not is_away(error):
            raise error
        return _say(settings, 503, "The database does not answer.", "Published pages go on; try again in a minute.")

    @app.errorhandler(HTTPException)
    def on_http(error: HTTPException) -> Response:
        message, fix = _WORDS.get(error.code or 500, _WORDS[500])
        return _say(settings, error.code or 500, message, fix)

    return app


def _show(settings: Settings, engine: Engine, signed: str, *, slug: str | None) -> Response:
    link = read_link(settings, signed, now=read_edge(request.environ, settings).now)
    with reading(engine) as session:
        compiled = _compile(session, settings, link, root=f"/p/{signed}", slug=slug)
    return _answer_draft(settings, compiled, request.query_string.decode("ascii", "replace"))


def _show_shared(settings: Settings, engine: Engine, signed: str, *, slug: str | None) -> Response:
    with reading(engine) as session:
        share = read_share(session, settings, signed, now=read_edge(request.environ, settings).now)
        compiled = _compile(session, settings, Link(share.page_id, share.variant), root=f"/s/{signed}", slug=slug)
    return _answer_draft(settings, compiled, urlencode(share.values))


def _answer_draft(settings: Settings, compiled: Compiled, query: str) -> Response:
    body = fill(prepare(compiled.variant), PREVIEW_TOKEN.encode(), query, "")
    return _answer(
        body,
        preview_headers(compiled.directives, scheme=settings.scheme, studio_origin=_studio_origin(settings)),
    )


def _show_for_editing(settings: Settings, engine: Engine, signed: str) -> Response:
    link = read_editing_link(settings, signed, now=read_edge(request.environ, settings).now)
    studio_origin = _studio_origin(settings)
    with reading(engine) as session:
        page, version = session.get(Page, link.page_id), session.get(Version, link.version_id)
        if page is None or version is None:
            raise NotFound("The page of this preview is gone.", fix="See the pages that are left in the studio.")
        source = open_for_editing(version.source, link.mode, channel=link.channel, studio_origin=studio_origin)
        opened = Version(**{**version.model_dump(), "source": source})  # never stored
        around = _surroundings(session, settings, page, root=f"/e/{signed}")
        # what is edited comes back from the browser, and has to come back as its author wrote it
        files = replace(load_files(session, [version]), pictures=Pictures())
        compiled = compile_variant(link.variant, opened, around, files)
    return _answer_draft(settings, compiled, "")


def _compile(session: Session, settings: Settings, link: Link, *, root: str, slug: str | None) -> Compiled:
    page = session.get(Page, link.page_id)
    if page is None:
        raise NotFound("The page of this preview is gone.", fix="See the pages that are left in the studio.")
    key, version = _choose_draft(session, page, link.variant)
    if link.version is not None:
        version = load_version(session, load_variant(session, page, key), link.version)
    if slug is not None and slug != page.slug:
        page = _load_sibling(session, page, version, slug)
        key, version = _choose_draft(session, page, link.variant, else_first=True)
    around = _surroundings(session, settings, page, root=root)
    return compile_variant(key, version, around, load_files(session, [version]))


def _surroundings(session: Session, settings: Settings, page: Page, *, root: str) -> Surroundings:
    return Surroundings(
        slug=page.slug,
        policy=load_policy(session),
        scheme=settings.scheme,
        thank_you=page.thank_you,
        preview_root=root,
    )


def _load_sibling(session: Session, page: Page, version: Version, slug: str) -> Page:
    """A link shows its page and what came in the same upload, never the rest of the site."""
    if slug in {*version.links.values(), page.thank_you.strip("/")}:
        found = session.exec(select(Page).where(Page.site_id == page.site_id, Page.slug == slug)).first()
        if found is not None:
            return found
    raise NotFound("This link does not show that page.", fix="Open it in the studio and make a link of its own.")


def _choose_draft(session: Session, page: Page, key: str, *, else_first: bool = False) -> tuple[str, Version]:
    variants = {variant.key: variant for variant in list_variants(session, page)}
    chosen = variants.get(key) or (next(iter(variants.values()), None) if else_first else None)
    if chosen is None:
        raise NotFound("The variant of this preview is gone.", fix="Choose another one in the studio.")
    return chosen.key, load_draft(session, chosen)


def _studio_origin(settings: Settings) -> str:
    """The studio is reached on the port that the preview is reached on."""
    port = request.host.partition(":")[2]
    return f"{settings.scheme}://{settings.studio_host}{f':{port}' if port.isdecimal() else ''}"


def _say(settings: Settings, status: int, message: str, fix: str) -> Response:
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Preview</title><style>{_STYLE}</style>'
        f"<h1>{escape_text(message)}</h1><p>{escape_text(fix)}</p></html>"
    )
    headers = own_page_headers(scheme=settings.scheme, style=_STYLE, framed_by=_studio_origin(settings))
    return _answer(text.encode(), headers, status=status)


def _answer(body: bytes, headers: Headers, *, status: int = 200) -> Response:
    response = Response(body, status=status)
    response.headers.clear()
    for name, value in headers:
        response.headers[name] = value
    response.headers["Content-Length"] = str(len(body))
    return response


def _load_signed(settings: Settings, signed: str, salt: str) -> tuple[list[Any], datetime]:
    try:
        parts, signed_at = _serializer(settings, salt).loads(signed, return_timestamp=True)
    except BadData:
        raise LinkRefused(
            "This is not a preview link of ours.", fix="Copy the whole link, or make a new one in the studio."
        ) from None
    return parts, signed_at


def _check_age(signed_at: datetime, ttl_s: int, now: datetime) -> None:
    if (now - signed_at).total_seconds() > ttl_s:
        raise LinkExpired("This preview link has expired.", fix="Open the page in the studio and make a new one.")


def _serializer(settings: Settings, salt: str = _SALT) -> URLSafeTimedSerializer:
    keys: list[Any] = list(settings.signing_keys)
    return URLSafeTimedSerializer(keys, salt=salt)
