"""Showing a variant to others: links for people outside, which can be taken back, and a link that forces it live."""

from datetime import timedelta

from flask import Blueprint, Response, request
from sqlmodel import Session

from lander.access.gate import actor, caller, edge, origin_of, studio, view
from lander.access.permissions import Permission
from lander.console.context import FormError
from lander.console.page_screen import variant_address
from lander.console.places import Place, load_place
from lander.console.screens import go, show
from lander.console.share_context import ShareRow, ShareScreen, ValueField
from lander.db import reading, transaction
from lander.document import Document, Edits
from lander.errors import InvalidInput
from lander.pages.dynamic_text import place_slots
from lander.pages.models import ShareLink, StoredRelease
from lander.pages.pages import load_variant
from lander.pages.sharing import list_shares, load_share, revoke_share, share
from lander.pages.versions import load_draft
from lander.preview import sign_share
from lander.published import TextSlot
from lander.serve.qa import LONGEST_S, QaLinks

blueprint = Blueprint("sharing", __name__)

_SHARE = "/pages/<path:slug>/<string(length=1):key>/share"
_PREFIX = "value-"


@view(blueprint, _SHARE, permission=Permission.PAGES_READ)
def show_shares(slug: str, key: str) -> Response:
    with reading(studio().engine) as session:
        screen = _screen(session, load_place(session, slug), key)
    return show(screen)


@view(blueprint, _SHARE, permission=Permission.PAGES_EDIT, methods=("POST",))
def add(slug: str, key: str) -> Response:
    try:
        with transaction(studio().engine) as session:
            place = load_place(session, slug)
            share(
                session,
                place.page,
                key,
                values=_read_values(),
                note=request.form.get("whom", ""),
                lasts=timedelta(days=request.form.get("days", default=0, type=int)),
                actor=actor(),
                now=edge().now,
            )
    except (InvalidInput, OverflowError) as error:
        if not isinstance(error, InvalidInput):
            error = InvalidInput("A link lasts 14 days at most.", fix="Choose a number of days from 1 to 14.")
        field = "days" if "14 days" in error.message else "whom" if "whom" in error.message else ""
        with reading(studio().engine) as session:
            wrong = FormError(error.message, field, error.fix)
            screen = _screen(session, load_place(session, slug), key, errors=[wrong])
        return show(screen, status=error.status)
    return go(place.at(f"/{key}/share"), notice="shared")


@view(blueprint, f"{_SHARE}/revoke", permission=Permission.PAGES_EDIT, methods=("POST",))
def revoke(slug: str, key: str) -> Response:
    with transaction(studio().engine) as session:
        place = load_place(session, slug)
        link = load_share(session, place.page, request.form.get("link", ""))
        revoke_share(session, link, actor=actor(), now=edge().now)
    return go(place.at(f"/{key}/share"), notice="revoked")


def _read_values() -> dict[str, str]:
    return {field.removeprefix(_PREFIX): text for field, text in request.form.items() if field.startswith(_PREFIX)}


def _screen(session: Session, place: Place, key: str, *, errors: list[FormError] | None = None) -> ShareScreen:
    variant = load_variant(session, place.page, key)
    draft = load_draft(session, variant)
    typed = _read_values()
    qa_address, why_no_qa = _make_qa_link(session, place, key)
    return ShareScreen(
        label=place.label,
        key=key,
        name=variant.name,
        page_address=variant_address(session, place, key),
        address=place.at(f"/{key}/share"),
        revoke_address=place.at(f"/{key}/share/revoke"),
        visit_address=place.at(f"/{key}/visit"),
        timezone=place.site.timezone,
        rows=[_row(link) for link in list_shares(session, place.page, now=edge().now) if link.variant == key],
        fields=[
            ValueField(parameter, default, typed.get(parameter, ""))
            for parameter, default in _find_parameters(draft.source).items()
        ],
        whom=request.form.get("whom", ""),
        days=request.form.get("days", "7"),
        qa_address=qa_address,
        qa_until=edge().now + timedelta(seconds=LONGEST_S),
        why_no_qa=why_no_qa,
        may_edit=caller().can(Permission.PAGES_EDIT),
        errors=errors or [],
    )


def _row(link: ShareLink) -> ShareRow:
    settings = studio().settings
    return ShareRow(
        id=link.id,
        whom=link.note,
        by=link.created_by,
        at=link.created_at,
        until=link.expires_at,
        values=", ".join(f"{name}: {value}" for name, value in link.values.items()),
        address=f"{origin_of(settings.preview_host)}{sign_share(settings, link)}",
    )


def _find_parameters(source: str) -> dict[str, str]:
    """The parameters whose values this page shows, with what it shows without them."""
    document = Document(source)
    edits = Edits(document)
    place_slots(document, edits)
    found: dict[str, str] = {}
    for part in edits.apply():
        if isinstance(part, TextSlot):
            found.setdefault(part.parameter, part.default)
    return found


def _make_qa_link(session: Session, place: Place, key: str) -> tuple[str, str]:
    """The address, or why there is none."""
    live = session.get(StoredRelease, place.page.release_id) if place.page.release_id else None
    if live is None:
        return "", "The page is not live. Publish it, and the link to this variant stands here."
    if key not in live.versions:
        return "", f"Variant {key.upper()} is not live. Publish it, and its link stands here."
    signed = QaLinks(studio().settings.signing_keys).sign(
        place.page_id, key, now_s=round(edge().now.timestamp()), ttl_s=LONGEST_S
    )
    return f"{place.public_address}?{signed}", ""
