"""The door of the studio and its API: who is there, whether the request came from our own screens, what it may do.

Every request passes `open_gate` before any view runs, so a view cannot forget. Every route declares its permission;
an application with one that does not is refused when it is built.
"""

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import quote

from flask import Blueprint, Flask, Response, abort, current_app, g, redirect, request
from sqlalchemy import Engine
from werkzeug.exceptions import ClientDisconnected

from experiments.journal import Journal
from lander.access import signin
from lander.access.models import User
from lander.access.permissions import Permission, can, require
from lander.config import Settings
from lander.db import reading, transaction
from lander.edge import Edge, read_edge
from lander.errors import ConfigurationError, Forbidden, InvalidInput, LanderError, SignInRequired
from lander.headers import studio_headers
from lander.redirection import join_query

CSRF_FIELD: Final = "_csrf"
CSRF_HEADER: Final = "X-CSRF-Token"
HEALTH_PATHS: Final = ("/healthz", "/readyz")  # asked by a container that knows no host name
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_SMALL_BODY: Final = 256 * 1024
_LARGEST_FIELD: Final = 12 * 1024 * 1024  # of text; files go to disk
_MOST_IGNORED: Final = 32 * 1024 * 1024  # of a body that is refused; nginx lets no more than 25 MiB through
_BLOCK: Final = 64 * 1024
_LONGEST_SAID: Final = 20
_DECLARED: Final = "lander_permission"

View = TypeVar("View", bound=Callable[..., Any])


class WrongHost(LanderError):
    """The request names a host that is not the studio's."""

    code = "wrong-host"
    status = 421


class LengthMissing(LanderError):
    """A body came that does not say how long it is."""

    code = "length-missing"
    status = 411


@dataclass(frozen=True, slots=True)
class Studio:
    """What views reach through the application: its settings, its database, and its journal for what a GET tells."""

    settings: Settings
    engine: Engine
    journal: Journal = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "journal", Journal(self.settings.journal_dir))


@dataclass(frozen=True, slots=True)
class Declared:
    """What a route asks of a request."""

    permission: Permission
    body_bytes: int = _SMALL_BODY


@dataclass(frozen=True, slots=True)
class Caller:
    """A signed-in user and the session they come with."""

    user: User
    cookie: str

    def can(self, permission: Permission) -> bool:
        return can(self.user.role, permission)


def needs(permission: Permission, *, body_bytes: int = _SMALL_BODY) -> Callable[[View], View]:
    """Declare what a view needs; `body_bytes` is the largest request body it reads."""

    def declare(view: View) -> View:
        setattr(view, _DECLARED, Declared(permission, body_bytes))
        return view

    return declare


def view(
    blueprint: Blueprint,
    rule: str,
    *,
    permission: Permission,
    methods: tuple[str, ...] = ("GET",),
    body_bytes: int = _SMALL_BODY,
) -> Callable[[View], View]:
    """Route and permission in one line, so that neither is written without the other."""

    def declare(function: View) -> View:
        blueprint.add_url_rule(
            rule, view_func=needs(permission, body_bytes=body_bytes)(function), methods=list(methods)
        )
        return function

    return declare


def install_gate(app: Flask, studio: Studio) -> None:
    """Put the gate in front of every view of `app`, and the studio's headers on every answer."""
    app.extensions["lander"] = studio
    app.before_request(open_gate)
    app.after_request(_add_headers)
    app.after_request(_take_the_rest)


def check_routes(app: Flask) -> None:
    """Raises `ConfigurationError` naming each route that declares no permission."""
    open_routes = [
        f"{rule.rule} ({rule.endpoint})"
        for rule in app.url_map.iter_rules()
        if not isinstance(getattr(app.view_functions[rule.endpoint], _DECLARED, None), Declared)
    ]
    if open_routes:
        raise ConfigurationError(
            f"These routes declare no permission: {', '.join(sorted(open_routes))}.",
            fix="Declare one, PUBLIC included.",
        )


def open_gate() -> None:
    """Time and address, service workers, host, body size, session, origin, permission: each may refuse, in this order."""
    g.edge = read_edge(request.environ, studio().settings)
    if "Service-Worker" in request.headers:
        raise Forbidden("There are no service workers here.")
    declared = _find_declared()
    if request.path not in HEALTH_PATHS:
        _check_host()
    request.max_content_length = declared.body_bytes if declared else _SMALL_BODY
    request.max_form_memory_size = min(request.max_content_length, _LARGEST_FIELD)
    cookie = _read_cookie()
    g.caller = _find_caller(cookie) if declared is None or declared.permission is not Permission.PUBLIC else None
    if declared is None:
        return
    if request.method not in _SAFE_METHODS:
        check_origin()
        _check_length()
    if declared.permission is Permission.PUBLIC:
        return
    if g.caller is None:
        raise SignInRequired(
            "You were signed out." if cookie else "You are not signed in.", fix="Sign in, and you come back here."
        )
    require(g.caller.user.role, declared.permission)  # before the token, because finding that reads the body
    if request.method not in _SAFE_METHODS:
        _check_csrf(g.caller)


def studio() -> Studio:
    """The studio that this request is for."""
    found: Studio = current_app.extensions["lander"]
    return found


def edge() -> Edge:
    """When and from where this request came."""
    found: Edge = g.edge
    return found


def caller() -> Caller:
    """Who is signed in; the gate has let nobody else through."""
    found: Caller = g.caller
    return found


def find_caller() -> Caller | None:
    """Who is signed in, also on screens for everybody and on error pages."""
    found: Caller | None = g.get("caller")
    return found


def is_api() -> bool:
    """Whether a script asks, which has no screen to go back to."""
    return request.path.startswith("/api/")


def refuse_repeats() -> None:
    """Before a view whose address says each thing once: of two values one would win, and nobody be told."""
    for name, values in request.args.lists():
        if len(values) > 1:
            raise InvalidInput(f"The address says '{name[:_LONGEST_SAID]}' {len(values)} times.", fix="Say it once.")


def actor() -> str:
    """The name for the audit trail."""
    return caller().user.name


def nonce() -> str:
    """The one nonce of this response."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    found: str = g.nonce
    return found


def cookie_name(settings: Settings) -> str:
    """`__Host-studio`; WebKit sends nothing Secure back to http://*.localhost, so development goes without."""
    return "studio" if settings.is_development else "__Host-studio"


def set_cookie(response: Response, value: str) -> None:
    """Give the browser its session, until it is closed; an empty value takes it away."""
    settings = studio().settings
    options: dict[str, Any] = {"secure": not settings.is_development, "httponly": True, "samesite": "Lax", "path": "/"}
    if value:
        response.set_cookie(cookie_name(settings), value, **options)
    else:
        response.delete_cookie(cookie_name(settings), **options)


def read_cookie() -> str:
    """The session cookie's value, or empty."""
    return request.cookies.get(cookie_name(studio().settings), "")


def origin_of(host: str) -> str:
    """The origin of one of our other hosts, on the port that this request came to."""
    _, colon, port = request.host.partition(":")
    return f"{studio().settings.scheme}://{host}{colon}{port}"


def check_origin() -> None:
    """Raises `Forbidden` unless the request was sent by a screen of the studio itself.

    The pages host is the same site, so a SameSite cookie proves nothing; a browser's Origin header does.
    """
    if request.headers.get("Origin") != origin_of(studio().settings.studio_host):
        raise Forbidden("This request did not come from the studio.", fix="Open the studio and do it there.")
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise Forbidden("This request did not come from the studio.", fix="Open the studio and do it there.")


def _check_length() -> None:
    """A form that is cut off at the limit would look whole, and what is saved be cut off too."""
    if "Transfer-Encoding" in request.headers:
        raise LengthMissing(
            "The request does not say how long its body is.", fix="Send it with Content-Length, not in chunks."
        )


def _find_declared() -> Declared | None:
    function = current_app.view_functions.get(request.endpoint or "")
    found: Declared | None = getattr(function, _DECLARED, None)
    return found


def _check_host() -> None:
    host, wanted = request.host.partition(":")[0].lower(), studio().settings.studio_host
    if host == f"{wanted}." and request.method in _SAFE_METHODS:  # the same name, but to a browser another origin
        same = f"{origin_of(wanted)}{quote(request.path)}"
        abort(redirect(join_query(same, request.query_string.decode("latin-1")), code=308))
    if host != wanted:
        raise WrongHost(
            f"The studio does not answer at '{host}'.", fix="Check the address and the proxy's Host header."
        )


def _read_cookie() -> str:
    name = cookie_name(studio().settings)
    header = request.headers.get("Cookie", "")
    if sum(part.partition("=")[0].strip() == name for part in header.split(";")) > 1:
        raise InvalidInput(
            "The browser sent two sign-in cookies, and only one can be ours.",
            fix="Delete the cookies of this address and sign in again.",
        )
    return read_cookie()


def _find_caller(cookie: str) -> Caller | None:
    if not cookie:
        return None
    now = edge().now
    with reading(studio().engine) as session:
        found = signin.find_session(session, cookie, now=now)
    if found is None:
        return None
    user, sign_in = found
    if signin.needs_touch(sign_in, now=now):
        with transaction(studio().engine) as session:
            signin.touch_session(session, cookie, now=now)
    return Caller(user=user, cookie=cookie)


def _check_csrf(caller: Caller) -> None:
    token = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD, "")
    if signin.is_csrf_token(token, caller.cookie):
        return
    if is_api():
        raise Forbidden(
            f"{CSRF_HEADER} is not the token of this session.",
            fix=f"It is the value of the field {CSRF_FIELD}, on every screen of the studio.",
        )
    raise Forbidden(
        "This form is older than your sign-in, so it was not carried out.",
        fix="Go back, load the screen again, and repeat it.",
    )


def _take_the_rest(response: Response) -> Response:
    """Read what nobody has read of the body: a proxy that is still sending it would find us gone, and say 503."""
    request.max_content_length = None
    left = _MOST_IGNORED
    # a body that ends by itself is read as it is: a form read before has bounded the stream, which says 413 again
    body = request.environ["wsgi.input"] if request.environ.get("wsgi.input_terminated") else request.stream
    with suppress(ClientDisconnected, OSError, ValueError):  # whatever a server says of a body that breaks off
        while left > 0 and (block := body.read(_BLOCK)):
            left -= len(block)
    return response


def _add_headers(response: Response) -> Response:
    settings = studio().settings
    kept = response.headers.get("Cache-Control") if response.cache_control.immutable else None
    for name, value in studio_headers(
        scheme=settings.scheme, nonce=nonce(), preview_origin=origin_of(settings.preview_host)
    ):
        response.headers[name] = value
    if kept is not None:
        response.headers["Cache-Control"] = kept
    return response
