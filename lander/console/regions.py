"""Regions: choosing what can be edited, and editing it beside the preview. What the preview says is text for a form.

Everything works as plain forms; the script in `static/regions.js` only joins the preview and the fields.
"""

from collections.abc import Iterator

from flask import Blueprint, Response, jsonify, request
from sqlmodel import Session

from lander.access.gate import actor, edge, studio, view
from lander.access.permissions import Permission
from lander.console.context import FormError
from lander.console.page_screen import variant_address
from lander.console.places import Place, load_place
from lander.console.region_screens import (
    Chosen,
    Typed,
    address_of,
    edit_screen,
    identify,
    make_link,
    tagging_screen,
)
from lander.console.screens import go, show, tell
from lander.db import reading, transaction
from lander.document import Document
from lander.errors import Conflict, InvalidInput, LanderError, NotFound
from lander.pages.editable import Mode
from lander.pages.models import Version
from lander.pages.pages import load_variant
from lander.pages.region_edits import RegionsClash, is_built_alike, save_regions, tag_regions, untag_region
from lander.pages.region_pictures import Pictures
from lander.pages.region_values import Values, WrongValues
from lander.pages.regions import Region, read_regions
from lander.pages.tagging import Tag
from lander.pages.versions import find_version, load_draft
from lander.policy.policy import MIB
from lander.policy.store import load_policy

blueprint = Blueprint("regions", __name__)

_VARIANT = "/pages/<path:slug>/<string(length=1):key>"
_EDIT_BYTES = 64 * MIB  # texts and some pictures; the policy's own limits are checked as they are read


@view(blueprint, f"{_VARIANT}/edit", permission=Permission.PAGES_EDIT)
def show_edit(slug: str, key: str) -> Response:
    with reading(studio().engine) as session:
        place = load_place(session, slug)
        screen = edit_screen(session, place, key, load_draft(session, load_variant(session, place.page, key)))
    return show(screen)


@view(blueprint, f"{_VARIANT}/edit", permission=Permission.PAGES_EDIT, methods=("POST",), body_bytes=_EDIT_BYTES)
def save(slug: str, key: str) -> Response:
    try:
        with transaction(studio().engine) as session:
            place = load_place(session, slug)
            regions = _regions_typed_into(session, place, key)
            saved = save_regions(
                session,
                place.page,
                key,
                _read_values(regions),
                base_version=_read_number(request.form.get("base_version")),
                pictures=_read_pictures(session, regions),
                in_every_variant="in_every_variant" in request.form,
                actor=actor(),
                now=edge().now,
            )
            address = variant_address(session, place, key)
    except (Conflict, InvalidInput) as error:
        return _show_edit_again(slug, key, error)
    if not saved.is_new:
        return go(tell(address, [*saved.sentences, "Nothing was changed, so there is no new version."]))
    return go(tell(address, list(saved.sentences)), notice="saved")


@view(blueprint, f"{_VARIANT}/edit/preview", permission=Permission.PAGES_EDIT)
def renew_preview(slug: str, key: str) -> Response:
    """Another link to the same version, for a preview that expired or went elsewhere."""
    mode = request.args.get("mode", "")
    with reading(studio().engine) as session:
        place = load_place(session, slug)
        variant = load_variant(session, place.page, key)
        version = find_version(session, variant, _read_number(request.args.get("version")))
        if version is None or mode not in list(Mode):
            raise NotFound("There is no such preview.", fix="Open the editor again.")
        link = make_link(place, key, version, Mode(mode))
    return jsonify(address=address_of(link), channel=link.channel)


@view(blueprint, f"{_VARIANT}/regions", permission=Permission.PAGES_EDIT)
def show_regions(slug: str, key: str) -> Response:
    with reading(studio().engine) as session:
        place = load_place(session, slug)
        screen = tagging_screen(session, place, key, load_draft(session, load_variant(session, place.page, key)))
    return show(screen)


@view(blueprint, f"{_VARIANT}/regions", permission=Permission.PAGES_EDIT, methods=("POST",))
def change_regions(slug: str, key: str) -> Response:
    """Mark what was chosen, or take one mark off."""
    name = request.form.get("untag")
    tags: list[Tag] = []
    try:
        tags = list(_read_tags()) if name is None else []
        with transaction(studio().engine) as session:
            place = load_place(session, slug)
            if name is not None:
                saved = untag_region(session, place.page, key, name, actor=actor(), now=edge().now)
                address = place.at(f"/{key}/regions")
            else:
                base = _read_number(request.form.get("base_version"))
                saved = tag_regions(session, place.page, key, tags, base_version=base, actor=actor(), now=edge().now)
                address = place.at(f"/{key}/edit")
    except (Conflict, InvalidInput) as error:
        return _show_regions_again(slug, key, error, tags)
    return go(tell(address, list(saved.sentences)))


def _regions_typed_into(session: Session, place: Place, key: str) -> tuple[Region, ...]:
    """The regions of the version that the form was made of: its controls are numbered by them."""
    variant = load_variant(session, place.page, key)
    base = find_version(session, variant, _read_number(request.form.get("base_version")))
    return () if base is None else read_regions(Document(base.source)).found


def _read_values(regions: tuple[Region, ...]) -> Values:
    typed: dict[str, dict[str, str]] = {}
    for number, region in enumerate(regions):
        for part in region.parts:
            value = request.form.get(identify(number, part.name))
            if value is not None:
                typed.setdefault(region.name, {})[part.name] = value.replace("\r\n", "\n")
    return typed


def _read_pictures(session: Session, regions: tuple[Region, ...]) -> Pictures:
    most_bytes = load_policy(session).uploads.file_bytes
    pictures = {}
    for number, region in enumerate(regions):
        file = request.files.get(identify(number, "file"))
        if file is not None and file.filename:
            pictures[region.name] = (file.filename, file.stream.read(most_bytes + 1))
    return pictures


def _without_uploads(values: Values, regions: tuple[Region, ...]) -> Values:
    """A picture that came with a refused form is not there to be chosen again."""
    uploaded = {
        region.name
        for number, region in enumerate(regions)
        if (file := request.files.get(identify(number, "file"))) is not None and file.filename
    }
    return {
        name: {part: value for part, value in parts.items() if part != "src" or name not in uploaded}
        for name, parts in values.items()
    }


def _read_tags() -> Iterator[Tag]:
    numbers = request.form.getlist("tag")
    if request.form.get("other"):
        numbers.append(request.form["other"])
    for written in numbers:
        field = "other" if written == request.form.get("other") else written
        number = _read_number(written)
        if number is None:
            raise InvalidInput("The form names an element that is none.", fix="Load this screen again.")
        yield Tag(
            number=number,
            kind=request.form.get(f"kind-{field}", ""),
            name=request.form.get(f"name-{field}", ""),
        )


def _read_number(written: str | None) -> int | None:
    """A number that a database holds, or None."""
    return int(written) if written and written.isascii() and written.isdigit() and len(written) < 9 else None


def _show_edit_again(slug: str, key: str, error: LanderError) -> Response:
    with reading(studio().engine) as session:
        place = load_place(session, slug)
        variant = load_variant(session, place.page, key)
        current = load_draft(session, variant)
        version = find_version(session, variant, _read_number(request.form.get("base_version"))) or current
        regions = read_regions(Document(version.source)).found
        values = _read_values(regions)
        clashes = error.clashes if isinstance(error, RegionsClash) else ()
        if isinstance(error, RegionsClash):  # what others saved stands in the fields that nobody here typed into
            version, values = current, error.changes
        values = _without_uploads(values, regions)
        screen = edit_screen(
            session,
            place,
            key,
            version,
            Typed(
                values=values,
                clashes=clashes,
                in_every_variant="in_every_variant" in request.form,
                errors=tuple(_say_errors(error, regions, version)),
            ),
        )
    return show(screen, status=error.status)


def _say_errors(error: LanderError, regions: tuple[Region, ...], version: Version) -> Iterator[FormError]:
    if isinstance(error, WrongValues):
        numbers = {region.name: number for number, region in enumerate(regions)}
        for item in error.wrong:
            yield FormError(f"{item.region}: {item.message}", identify(numbers[item.region], item.part), item.fix)
    elif isinstance(error, RegionsClash):
        numbers = {region.name: number for number, region in enumerate(read_regions(Document(version.source)).found)}
        first = next((clash for clash in error.clashes if clash.region in numbers), None)
        part = next(iter(first.mine)) if first is not None else ""
        yield FormError(error.message, identify(numbers[first.region], part) if first is not None else "", error.fix)
    else:
        yield FormError(error.message, "", error.fix)
    if any(file.filename for file in request.files.values()):
        yield FormError("A picture that you chose was not kept.", "", "Choose it again before you save.")


def _show_regions_again(slug: str, key: str, error: LanderError, tags: list[Tag]) -> Response:
    with reading(studio().engine) as session:
        place = load_place(session, slug)
        variant = load_variant(session, place.page, key)
        version = load_draft(session, variant)
        base = find_version(session, variant, _read_number(request.form.get("base_version")))
        means_the_same = base is not None and is_built_alike(base, version)
        screen = tagging_screen(
            session,
            place,
            key,
            version,
            Chosen(
                tags={tag.number: tag for tag in tags} if means_the_same else {},
                errors=(FormError(error.message, "", error.fix),),
            ),
        )
    return show(screen, status=error.status)
