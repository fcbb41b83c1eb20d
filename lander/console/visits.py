"""“Would this visit count?”: a visit made up on a form, judged by the very code that serves visitors. Nothing is kept."""

from typing import Any, Final
from urllib.parse import urlsplit

from flask import Blueprint, Response, request
from sqlmodel import Session

from experiments.events import Kind, Reason
from experiments.words import listing, name
from lander.access.gate import edge, studio, view
from lander.access.permissions import Permission
from lander.console.page_screen import variant_address
from lander.console.places import Place, load_place
from lander.console.screens import show
from lander.console.share_context import Choice, VisitScreen
from lander.db import reading
from lander.pages.models import StoredRelease
from lander.pages.pages import find_page, load_variant
from lander.published import read_release
from lander.serve.catalog import Route, make_route
from lander.serve.exposure import Exposer
from lander.serve.front import LONGEST_QUERY
from lander.serve.qa import QaLinks
from lander.serve.visitor import OPTED_OUT, VisitorCookie

blueprint = Blueprint("visits", __name__)

_LONGEST_URL: Final = 10_000
_CHROME: Final = "(KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
_DEVICES: Final = {
    "desktop": ("A computer", f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 {_CHROME}"),
    "phone": (
        "A phone",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 "
        "Mobile/15E148 Safari/604.1",
    ),
    "tablet": ("A tablet", f"Mozilla/5.0 (Linux; Android 14; SM-X210) AppleWebKit/537.36 {_CHROME}"),
    "bot": ("A search engine’s bot", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
    "ads": ("The ad checker", "AdsBot-Google (+http://www.google.com/adsbot.html)"),
}
_FLAGS: Final = {
    "prefetch": ("The browser loads it ahead, before anybody clicked", {"HTTP_SEC_PURPOSE": "prefetch"}),
    "opt-out": ("The visitor has opted out here", {"HTTP_COOKIE": f"NAME={OPTED_OUT}"}),
    "gpc": ("The browser sends Global Privacy Control", {"HTTP_SEC_GPC": "1"}),
}
_SOURCES: Final = {
    "direct": "with no source: nothing in the address or before it says where from",
    "paid": "from a paid click",
    "email": "from an e-mail",
    "social": "from a social network",
    "search": "from a search engine",
    "internal": "from a page of this host",
    "referral": "from another site",
}
_WHY_NOT: Final = {
    Reason.BOT: "this is a bot. It sees the page as everybody does, and is never counted.",
    Reason.PREFETCH: "the page is loaded ahead. It counts when somebody really opens it.",
    Reason.GPC: "the browser asks not to be tracked. The visitor sees control and is not counted.",
    Reason.OPT_OUT: "the visitor has opted out. They see control and are not counted.",
    Reason.OUTSIDE: "the test takes only a share of visitors, and this one is not among them. Another one may be.",
}


@view(blueprint, "/pages/<path:slug>/<string(length=1):key>/visit", permission=Permission.PAGES_READ)
def show_visit(slug: str, key: str) -> Response:
    with reading(studio().engine) as session:
        screen = _screen(session, load_place(session, slug), key)
    return show(screen)


def _screen(session: Session, place: Place, key: str) -> VisitScreen:
    load_variant(session, place.page, key)
    url = request.args.get("url", "").strip()[:_LONGEST_URL] or place.public_address
    device = request.args.get("device", "desktop")
    device = device if device in _DEVICES else "desktop"
    flags = {flag for flag in _FLAGS if flag in request.args.getlist("flag")}
    counts, verdict, sentences = _judge(session, place, url, device, flags)
    return VisitScreen(
        label=place.label,
        page_address=variant_address(session, place, key),
        address=f"/pages/{place.page.slug}/{key}/visit",
        site=place.site.host if place.several else "",
        url=url,
        devices=[Choice(value, label, value == device) for value, (label, _) in _DEVICES.items()],
        flags=[Choice(value, label, value in flags) for value, (label, _) in _FLAGS.items()],
        tone="ship" if counts else "continue",
        verdict=verdict,
        sentences=sentences,
    )


def _judge(session: Session, place: Place, url: str, device: str, flags: set[str]) -> tuple[bool, str, list[str]]:
    """Whether it counts, the verdict, and what else is to be said."""
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host = (parts.hostname or "").lower()
    except ValueError:
        return False, "No: this is not an address.", ["Copy it from the browser, or from the ad."]
    if host != place.site.host:
        return False, f"No: {host or 'this'} is not {place.site.host}.", ["Only pages published here are counted."]
    route = _find_route(session, place, parts.path.strip("/"))
    if route is None:
        return False, f"No: there is no live page at {host}{parts.path}.", ["Publish it first, or check the address."]
    if len(parts.query) > LONGEST_QUERY:
        return False, "No: the address is too long, and is refused.", []
    if (forced := QaLinks(studio().settings.signing_keys).find(parts.query, route, edge())) is not None:
        return False, f"No: this is a QA link. It shows {name(forced.variant)}, and counts nothing.", []
    return _judge_exposure(route, parts.query, device, flags)


def _judge_exposure(route: Route, query: str, device: str, flags: set[str]) -> tuple[bool, str, list[str]]:
    settings = studio().settings
    cookie = VisitorCookie(settings)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "QUERY_STRING": query.encode("ascii", "replace").decode(),
        "HTTP_USER_AGENT": _DEVICES[device][1],
    }
    for flag in flags:
        environ |= {header: value.replace("NAME", cookie.name) for header, value in _FLAGS[flag][1].items()}
    exposure = Exposer(settings, cookie).expose(environ, route, edge())
    view, event = exposure.view, exposure.event
    shown = name(view.variant)
    allocation = route.release.allocation
    if event is None or allocation is None:
        seen = "The visitor sees " + shown + ", and a form that they send becomes a lead all the same."
        return False, "No: no test is running on this page, so there is nothing to count.", [seen]
    if event.kind is not Kind.SERVED:
        why = _WHY_NOT.get(Reason(event.reason), "it is left out.")
        return False, f"No: {why}", [f"They see {shown}. The report lists them among what was filtered."]
    chance = (
        f"A new visitor comes into {listing([name(key) for key in route.keys])} by chance; this one came into {shown}. "
        "Who comes back stays in theirs."
    )
    when = f"It counts for {allocation.experiment_key} once the page has really been in front of them."
    return True, f"Yes, as variant {shown}, {_SOURCES[view.source]}.", [chance, when]


def _find_route(session: Session, place: Place, slug: str) -> Route | None:
    page = find_page(session, place.site, slug)
    live = session.get(StoredRelease, page.release_id) if page is not None and page.release_id else None
    if live is None:
        return None
    return make_route(read_release(live.id, {file: text.encode() for file, text in live.files.items()}))
