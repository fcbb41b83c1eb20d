"""The links of a variant that lead elsewhere: the list, and looking at them because somebody asked.

What came of it travels in the address, signed, so it can be mailed to a colleague and nothing is kept.
"""

from collections import Counter
from typing import Any, Final

from flask import Blueprint, Response, request
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlmodel import Session

from experiments.words import listing, plural
from lander.access import audit
from lander.access.gate import actor, caller, edge, studio, view
from lander.access.permissions import Permission
from lander.console.context import FormError
from lander.console.links_context import LinkRow, LinksScreen
from lander.console.page_screen import variant_address
from lander.console.places import Place, load_place
from lander.console.screens import go, show
from lander.db import reading, transaction
from lander.document import InsertedLine
from lander.errors import Conflict, LanderError
from lander.integrations.egress import EgressRefused
from lander.integrations.exchange import Network
from lander.integrations.links import MOST, Looked, Tone, look_at_links
from lander.pages.links import OutsideLink, list_outside
from lander.pages.models import Version
from lander.pages.pages import load_variant
from lander.pages.versions import load_draft
from lander.policy.store import load_policy

blueprint = Blueprint("links", __name__)

_LINKS: Final = "/pages/<path:slug>/<string(length=1):key>/links"
_GOOD_FOR_S: Final = 7 * 24 * 3600
_WORDS: Final = {
    Tone.FINE: "Fine",
    Tone.MOVED: "Leads on",
    Tone.DEAD: "Dead",
    Tone.UNKNOWN: "Unknown",
}
_STATES: Final = {Tone.FINE: "live", Tone.MOVED: "", Tone.DEAD: "paused", Tone.UNKNOWN: ""}


@view(blueprint, _LINKS, permission=Permission.PAGES_READ)
def show_links(slug: str, key: str) -> Response:
    with reading(studio().engine) as session:
        screen = _screen(session, load_place(session, slug), key)
    return show(screen)


@view(blueprint, _LINKS, permission=Permission.PAGES_EDIT, methods=("POST",))
def check(slug: str, key: str) -> Response:
    """Other hosts are asked while no transaction is open: that may take seconds."""
    try:
        with reading(studio().engine) as session:
            place = load_place(session, slug)
            version, links = _load(session, place, key)
            if not load_policy(session).egress.check_links:
                raise EgressRefused("IT has not allowed to ask other hosts.", fix="IT can: check_links of [egress].")
        if not links:
            raise Conflict("No link leads to another host.", fix="There is nothing to look at.")
        addresses = [link.address for link in links[:MOST]]
        looked = look_at_links(addresses, is_development=studio().settings.is_development, network=Network())
        with transaction(studio().engine) as session:
            asked = {"variant": key, "links": len(addresses)}
            audit.record(
                session, now=edge().now, actor=actor(), action="page.check-links", subject=place.label, **asked
            )
    except LanderError as error:
        if error.status == 404:
            raise
        with reading(studio().engine) as session:
            wrong = FormError(error.message, "", error.fix)
            screen = _screen(session, load_place(session, slug), key, errors=[wrong])
        return show(screen, status=error.status)
    return go(place.at(f"/{key}/links", looked=_sign(version, looked)))


def _screen(session: Session, place: Place, key: str, *, errors: list[FormError] | None = None) -> LinksScreen:
    version, links = _load(session, place, key)
    looked = _read(version, request.args.get("looked", ""))
    results: list[Looked | None] = [*looked[: len(links)], *[None] * (len(links) - len(looked))]
    return LinksScreen(
        label=place.label,
        key=key,
        page_address=variant_address(session, place, key),
        address=place.at(f"/{key}/links"),
        version=version.number,
        rows=[_row(place, key, link, result) for link, result in zip(links, results, strict=True)],
        looked=_count(looked),
        is_allowed=load_policy(session).egress.check_links,
        may_check=caller().can(Permission.PAGES_EDIT),
        asked=min(len(links), MOST),
        errors=errors or [],
    )


def _load(session: Session, place: Place, key: str) -> tuple[Version, list[OutsideLink]]:
    version = load_draft(session, load_variant(session, place.page, key))
    return version, list(list_outside(session, place.site, version))


def _row(place: Place, key: str, link: OutsideLink, looked: Looked | None) -> LinkRow:
    return LinkRow(
        address=link.address,
        words=link.words,
        lines=[_line(place, key, line) for line in link.lines],
        tone=_STATES[looked.tone] if looked else "",
        tone_word=_WORDS[looked.tone] if looked else "",
        result=looked.words if looked else "",
    )


def _line(place: Place, key: str, line: int) -> tuple[str, str]:
    if isinstance(line, InsertedLine):  # it stands in a snippet
        return f"line {line.own} of {line.name}", f"/snippets/{line.name}{place.query}#line-{line.own}"
    return f"line {line}", f"{place.at(f'/{key}/source')}#line-{line}"


def _count(looked: list[Looked]) -> str:
    if not looked:
        return ""
    counts = Counter(item.tone for item in looked)
    said = [f"{counts[tone]} {word.lower()}" for tone, word in _WORDS.items() if counts[tone]]
    return f"{plural(len(looked), 'link')} looked at: {listing(said)}."


def _sign(version: Version, looked: list[Looked]) -> str:
    made = {"version": version.id, "looked": [[item.tone.value, item.words] for item in looked]}
    return str(_serializer().dumps(made))


def _read(version: Version, signed: str) -> list[Looked]:
    """What was found of this very version; nothing where the draft has changed since."""
    try:
        said: dict[str, Any] = _serializer().loads(signed, max_age=_GOOD_FOR_S) if signed else {}
    except BadData:
        return []
    if said.get("version") != version.id:
        return []
    return [Looked(Tone(tone), words) for tone, words in said["looked"]]


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(studio().settings.signing_keys, salt="lander.console.links")
