"""From a context to a response: what every screen shares, and how a screen or one of its parts is sent.

A template sees the fields of its context dataclass, `layout`, and the filters of `format`: nothing else. A form that
was refused is the same screen again, with its errors on top and what was typed still in place.
"""

import dataclasses
import hashlib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol
from urllib.parse import urlencode

from flask import Flask, Response, make_response, redirect, render_template, request
from itsdangerous import BadData, URLSafeTimedSerializer
from jinja2 import StrictUndefined
from werkzeug.urls import iri_to_uri

from experiments.words import listing, plural
from lander.access.gate import CSRF_FIELD, Caller, edge, find_caller, nonce, studio
from lander.access.models import Role
from lander.access.permissions import Permission
from lander.access.signin import csrf_token
from lander.console.format import ago, moment, stamp

ROOT: Final = Path(__file__).resolve().parents[2]
TEMPLATES: Final = ROOT / "templates"
STATIC: Final = ROOT / "static"

# word, address, the letter that leads there after g, and who sees it: a new part of the studio is one more row
_NAVIGATION: Final = (
    ("Home", "/", "h", Permission.SIGNED_IN),
    ("Pages", "/pages", "p", Permission.PAGES_READ),
    ("Experiments", "/experiments", "e", Permission.EXPERIMENTS_READ),
    ("Leads", "/leads", "l", Permission.LEADS_READ),
    ("Leads", "/leads/erase", "l", Permission.LEADS_ERASE),  # for those who may not read them
    ("Redirects", "/redirects", "d", Permission.REDIRECTS_READ),
    ("Policy", "/policy", "r", Permission.POLICY_READ),
    ("Audit", "/audit", "a", Permission.AUDIT_READ),
)
_MOST_TOLD, _LONGEST_TOLD, _TOLD_FOR_S = 12, 240, 600
_ROLES: Final = {Role.MARKETER: "Marketing", Role.ANALYST: "Analysis", Role.IT: "IT"}

NOTICES: Final = {
    "imported": "Imported. Visitors see nothing of it until you publish.",
    "saved": "Saved as a new draft. Visitors see it after the next publish.",
    "replaced": "Replaced. Visitors see it after the next publish; the version before is kept.",
    "copied": "Copied. The new variant starts with the same content.",
    "brought": "Brought inside. The page now loads its own copy.",
    "named": "Saved. The name stands beside the letter here, in experiments and in reports.",
    "unnamed": "Saved. Only its letter stands for the variant now, here, in experiments and in reports.",
    "version-restored": "Restored as a new draft. Visitors see it after the next publish.",
    "shared": "Made. Copy the link below; it can be taken back at any time.",
    "revoked": "Taken back. The link shows nothing any more.",
    "scheduled": "Scheduled. Home says so where it cannot be done.",
    "cancelled": "Cancelled. It will not happen.",
    "put-aside": "Put aside.",
    "undone": "Undone: the draft is again what it was before.",
    "meta-saved": "Saved. Search engines and social networks see it after the next publish.",
    "unchanged": "Nothing to do: visitors see exactly this already.",
    "published": "Published. Visitors see it within two seconds.",
    "rolled-back": "Rolled back. Visitors see the earlier release within two seconds.",
    "withdrawn": "Withdrawn. The address answers “not found”; drafts and history are kept.",
    "renamed": "Renamed. Visitors see it at its new address within two seconds.",
    "retired": "Retired. Its visitors are sent on; drafts and history are kept.",
    "restored": "Put back. Visitors see the page as it was within two seconds.",
    "redirect-saved": "Saved. Visitors are led there within two seconds.",
    "ignored": "Put aside. It is not listed any more.",
    "listed-again": "Listed again.",
    "started": "Started. From now on visitors are split between the variants.",
    "paused": "Paused. Everybody sees control, and nobody is counted.",
    "resumed": "Resumed. Visitors are split and counted again.",
    "stopped": "Stopped. The result below is final.",
    "webhook-added": "Added. It is told from now on; the receiver needs the secret, and a test shows whether it arrives.",
    "webhook-off": "Turned off. Nothing more is sent there.",
    "webhook-on": "Turned on. What waited goes out now.",
    "webhook-removed": "Removed, with all that was to be sent there.",
    "secret-replaced": "Replaced. For a day messages are signed with both secrets, so that nothing is lost on the way.",
    "events-changed": "Saved. It is told of these from now on.",
    "recipient-added": "Added. The next lead is mailed.",
    "recipient-waits": "Added. Nothing is mailed before IT has named the mail server.",
    "recipient-removed": "Removed. No more mails go there.",
    "replayed": "Sent again: the tries begin anew.",
    "snippet-saved": "Saved. Pages that are live show it once they are published again.",
    "signed-out": "You are signed out.",
    "not-carried-out": "You were signed out before, so what you sent was not carried out. Sign in, and send it again.",
}
"""What a screen says after something was done: the address names the sentence, so it needs no cookie and no store."""


class Context(Protocol):
    """A screen's data: a frozen dataclass that names its template."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    template: ClassVar[str]


@dataclasses.dataclass(frozen=True, slots=True)
class NavigationItem:
    """One word of the navigation."""

    label: str
    address: str
    letter: str
    is_current: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """What every screen shows around its own content."""

    user: str
    role: str
    navigation: list[NavigationItem]
    csrf_field: str
    csrf: str
    nonce: str
    notice: str
    done: list[str]
    told: list[str]
    now: datetime


def install_screens(app: Flask) -> None:
    """Templates that fail on whatever they do not know, and the filters they may use."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters |= {item.__name__: item for item in (plural, listing, moment, stamp, ago)}
    app.jinja_env.globals = {"static": static_address}
    app.context_processor(lambda: {"layout": make_layout()})


def show(context: Context, *, status: int = 200) -> Response:
    """The whole screen."""
    return _respond(context.template, context, status)


def show_part(context: Context, part: str, *, status: int = 200) -> Response:
    """The partial that the screen includes, alone: for htmx, at the same address."""
    return _respond(part, context, status)


def go(address: str, *, notice: str = "") -> Response:
    """Done: see the result there (303, so that reloading repeats nothing; htmx is told to load the whole screen)."""
    if notice:
        assert notice in NOTICES
        address += ("&" if "?" in address else "?") + urlencode({"notice": notice})
    if not wants_part():
        return make_response(redirect(address, code=303))
    response = make_response("")
    response.headers["HX-Redirect"] = iri_to_uri(address)  # a header holds no letters beyond Latin-1
    return response


def wants_part() -> bool:
    """Whether htmx asks for a part of the screen."""
    return request.headers.get("HX-Request") == "true"


def make_layout() -> Layout:
    """The surroundings of this request's screen."""
    caller = find_caller()
    navigation = []
    if caller is not None:
        navigation = [
            NavigationItem(label, address, letter, is_current=_is_current(address))
            for label, (address, letter) in _parts_for(caller).items()
        ]
    return Layout(
        user=caller.user.name if caller else "",
        role=_ROLES[caller.user.role] if caller else "",
        navigation=navigation,
        csrf_field=CSRF_FIELD,
        csrf=csrf_token(caller.cookie) if caller else "",
        nonce=nonce(),
        notice=NOTICES.get(request.args.get("notice", ""), ""),
        done=_read_told(request.args.get("done", "")),
        told=_read_told(request.args.get("told", "")),
        now=edge().now,
    )


def _parts_for(caller: Caller) -> dict[str, tuple[str, str]]:
    """Address and letter of each part that somebody may see; of two rows with the same word the first one they may."""
    parts: dict[str, tuple[str, str]] = {}
    for label, address, letter, permission in _NAVIGATION:
        if caller.can(permission):
            parts.setdefault(label, (address, letter))
    return parts


def tell(address: str, sentences: list[str]) -> str:
    """The address of a screen that says these sentences once, as what is to be known besides; signed, so that nobody else
    puts words in our mouth.
    """
    return _say(address, "told", sentences)


def tell_done(address: str, sentences: list[str]) -> str:
    """The same for what was done, where a notice knows no numbers and names."""
    return _say(address, "done", sentences)


def _say(address: str, parameter: str, sentences: list[str]) -> str:
    if not sentences:
        return address
    kept = sentences[:_MOST_TOLD]
    if len(sentences) > _MOST_TOLD:
        kept.append(f"And {len(sentences) - _MOST_TOLD} more of the kind.")
    signed = str(_serializer().dumps([sentence[:_LONGEST_TOLD] for sentence in kept]))
    return f"{address}{'&' if '?' in address else '?'}{urlencode({parameter: signed})}"


def _read_told(signed: str) -> list[str]:
    try:
        return list(_serializer().loads(signed, max_age=_TOLD_FOR_S)) if signed else []
    except BadData:
        return []


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(studio().settings.signing_keys, salt="lander.console.told")


@cache
def static_address(name: str) -> str:
    """A static file's address, which changes with its content so that it can be cached for ever."""
    file = STATIC / name
    stamp = hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file.is_file() else "missing"
    return f"/static/{name}?v={stamp}"


def _respond(template: str, context: Context, status: int) -> Response:
    fields = {field.name: getattr(context, field.name) for field in dataclasses.fields(context)}
    return make_response(render_template(template, **fields), status)


def _is_current(address: str) -> bool:
    return request.path == address or (address != "/" and request.path.startswith(f"{address}/"))
