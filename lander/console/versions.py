"""The history of a variant: looking at its versions, comparing any two, restoring one, undoing the last save."""

from flask import Blueprint, Response, request
from sqlmodel import Session

from experiments.words import plural
from lander.access.gate import actor, caller, edge, studio, view
from lander.access.permissions import Permission
from lander.console.page_screen import preview_address, variant_address
from lander.console.places import Place, load_place
from lander.console.screens import go, show
from lander.console.version_context import ChangeRow, CompareScreen, HistoryScreen, OtherVariant, Side, VersionRow
from lander.db import reading, transaction
from lander.errors import InvalidInput
from lander.pages.differences import Difference, compare_versions
from lander.pages.history import load_version, restore_version, undo_save
from lander.pages.models import StoredRelease, Variant, Version
from lander.pages.pages import list_variants, load_variant
from lander.pages.versions import list_versions, load_draft

blueprint = Blueprint("versions", __name__)

_VARIANT = "/pages/<path:slug>/<string(length=1):key>"
_MOST_CHANGES = 200


@view(blueprint, f"{_VARIANT}/history", permission=Permission.PAGES_READ)
def show_history(slug: str, key: str) -> Response:
    with reading(studio().engine) as session:
        screen = _history_screen(session, load_place(session, slug), key)
    return show(screen)


@view(blueprint, f"{_VARIANT}/compare", permission=Permission.PAGES_READ)
def compare(slug: str, key: str) -> Response:
    """`from` is a version of this variant, `to` one of it or of the variant that `with` names."""
    with reading(studio().engine) as session:
        place = load_place(session, slug)
        screen = _compare_screen(session, place, key, request.args.get("with") or key)
    return show(screen)


@view(blueprint, f"{_VARIANT}/restore", permission=Permission.PAGES_EDIT, methods=("POST",))
def restore(slug: str, key: str) -> Response:
    with transaction(studio().engine) as session:
        place = load_place(session, slug)
        restore_version(session, place.page, key, _read_number(), actor=actor(), now=edge().now)
        address = variant_address(session, place, key)
    return go(address, notice="version-restored")


@view(blueprint, f"{_VARIANT}/undo", permission=Permission.PAGES_EDIT, methods=("POST",))
def undo(slug: str, key: str) -> Response:
    with transaction(studio().engine) as session:
        place = load_place(session, slug)
        undo_save(session, place.page, key, _read_number(), actor=actor(), now=edge().now)
        address = variant_address(session, place, key)
    return go(address, notice="undone")


def _read_number() -> int:
    number = request.form.get("version", type=int)
    if number is None:
        raise InvalidInput("The form does not say which version is meant.", fix="Go back and use the button again.")
    return number


def _history_screen(session: Session, place: Place, key: str) -> HistoryScreen:
    variant = load_variant(session, place.page, key)
    versions = list_versions(session, variant)
    live = session.get(StoredRelease, place.page.release_id) if place.page.release_id else None
    live_id = live.versions.get(key) if live is not None else None
    draft = load_draft(session, variant)
    from_number = next((item.number for item in versions if item.id == live_id and item.id != draft.id), None)
    return HistoryScreen(
        label=place.label,
        key=key,
        name=variant.name,
        page_address=variant_address(session, place, key),
        base=f"/pages/{place.page.slug}/{key}",
        query=place.query,
        site=place.site.host if place.several else "",
        timezone=place.site.timezone,
        rows=[
            VersionRow(
                number=item.number,
                at=item.created_at,
                by=item.created_by,
                note=item.note,
                is_draft=item.id == draft.id,
                is_live=item.id == live_id,
                preview_address=preview_address(place, key, version=item.number),
                is_from=item.number == (from_number or draft.number - 1),
                is_to=item.id == draft.id,
            )
            for item in versions
        ],
        others=[
            OtherVariant(other.key, other.name, place.at(f"/{key}/compare", **{"with": other.key}))
            for other in list_variants(session, place.page)
            if other.key != key
        ],
        may_edit=caller().can(Permission.PAGES_EDIT),
    )


def _compare_screen(session: Session, place: Place, key: str, other_key: str) -> CompareScreen:
    one, other = load_variant(session, place.page, key), load_variant(session, place.page, other_key)
    after = _choose(session, other, "to", load_draft(session, other).number)
    default = load_draft(session, one).number if one.id != other.id else max(1, after.number - 1)
    before = _choose(session, one, "from", default)
    difference = compare_versions(before, after)
    swapped = {"from": str(after.number), "to": str(before.number), **({"with": key} if key != other_key else {})}
    return CompareScreen(
        label=place.label,
        key=key,
        page_address=variant_address(session, place, key),
        history_address=place.at(f"/{key}/history"),
        swap_address=place.at(f"/{other_key}/compare", **swapped),
        timezone=place.site.timezone,
        before=_side(session, place, one, before),
        after=_side(session, place, other, after),
        summary=_summarise(difference, before, after),
        changes=[ChangeRow(item.what, item.line, list(item.words)) for item in difference.changes[:_MOST_CHANGES]],
        notes=list(difference.notes),
        lines=list(difference.lines),
    )


def _choose(session: Session, variant: Variant, argument: str, otherwise: int) -> Version:
    written = request.args.get(argument, "")
    if written and not (written.isascii() and written.isdigit() and len(written) < 9):
        raise InvalidInput(f"“{written[:20]}” is not the number of a version.", fix="Choose two in the history.")
    return load_version(session, variant, int(written) if written else otherwise)


def _side(session: Session, place: Place, variant: Variant, version: Version) -> Side:
    may_restore = version.id != load_draft(session, variant).id and caller().can(Permission.PAGES_EDIT)
    return Side(
        key=variant.key,
        name=variant.name,
        number=version.number,
        at=version.created_at,
        by=version.created_by,
        note=version.note,
        preview_address=preview_address(place, variant.key, version=version.number),
        restore_address=f"/pages/{place.page.slug}/{variant.key}/restore{place.query}" if may_restore else "",
    )


def _summarise(difference: Difference, before: Version, after: Version) -> str:
    if before.id == after.id:
        return "This is the same version twice."
    if difference.is_none:
        return "They are the same, byte for byte."
    count = len(difference.changes)
    if not count:
        return "Nothing reads differently." if not difference.notes else "No text differs."
    more = f" The first {_MOST_CHANGES} are listed." if count > _MOST_CHANGES else ""
    return f"{plural(count, 'thing')} {'reads' if count == 1 else 'read'} differently.{more}"
