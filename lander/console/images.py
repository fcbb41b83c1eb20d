"""The images of a variant: the list, another one in the place of one, a part of it, its alternative text.

What is shown of an image here is drawn anew by us: no byte of a file that somebody uploaded is served by the studio.
"""

from typing import Any, Final

from flask import Blueprint, Response, make_response, request
from sqlmodel import Session, col, select

from lander.access.gate import actor, caller, edge, studio, view
from lander.access.permissions import Permission
from lander.artifact import RASTER_TYPES, extension
from lander.console.context import FormError
from lander.console.image_context import CropScreen, ImageRow, ImagesScreen, RatioChoice
from lander.console.page_screen import variant_address
from lander.console.places import Place, load_place
from lander.console.screens import go, show
from lander.db import reading, transaction
from lander.errors import Conflict, InvalidInput, LanderError, NotFound
from lander.pages import pictures
from lander.pages.models import Asset, Version
from lander.pages.pages import load_variant
from lander.pages.pictures import Box, PageImage, find_image, fit_ratio, list_images
from lander.pages.versions import load_draft
from lander.policy.policy import MIB

blueprint = Blueprint("images", __name__)

_IMAGES: Final = "/pages/<path:slug>/<string(length=1):key>/images"
_UPLOAD_BYTES: Final = 101 * MIB  # what the policy can allow a file at most, and the form around it
_TO_CROP: Final = (1200, 900)
_RATIOS: Final = {
    "": "As drawn",
    "1:1": "Square",
    "4:3": "4 : 3",
    "3:2": "3 : 2",
    "16:9": "16 : 9",
    "1200:630": "Social card",
}
_WHOLE: Final = {"x": "0", "y": "0", "width": "100", "height": "100"}


@view(blueprint, _IMAGES, permission=Permission.PAGES_READ)
def show_images(slug: str, key: str) -> Response:
    with reading(studio().engine) as session:
        screen = _screen(session, load_place(session, slug), key)
    return show(screen)


@view(blueprint, _IMAGES, permission=Permission.PAGES_EDIT, methods=("POST",), body_bytes=_UPLOAD_BYTES)
def change_image(slug: str, key: str) -> Response:
    """Another image in the place of one, or its text."""
    number, base = (request.form.get(name, 0, type=int) for name in ("number", "base_version"))
    file = request.files.get("file")
    try:
        with transaction(studio().engine) as session:
            place = load_place(session, slug)
            who: dict[str, Any] = {"base": base, "actor": actor(), "now": edge().now}
            if "alt" in request.form:
                pictures.describe_image(session, place.page, key, number, request.form["alt"], **who)
            elif file is None or not file.filename:
                raise InvalidInput("There is no file yet.", fix="Choose an image.")
            else:
                pictures.replace_image(session, place.page, key, number, (file.filename, file.read()), **who)
            address = place.at(f"/{key}/images")
    except (Conflict, InvalidInput) as error:
        with reading(studio().engine) as session:
            screen = _screen(session, load_place(session, slug), key, number=number, error=error)
        return show(screen, status=error.status)
    return go(address, notice="saved")


@view(blueprint, f"{_IMAGES}/<int:number>/crop", permission=Permission.PAGES_EDIT)
def show_crop(slug: str, key: str, number: int) -> Response:
    with reading(studio().engine) as session:
        screen = _crop_screen(session, load_place(session, slug), key, number, typed=_WHOLE)
    return show(screen)


@view(blueprint, f"{_IMAGES}/<int:number>/crop", permission=Permission.PAGES_EDIT, methods=("POST",))
def crop(slug: str, key: str, number: int) -> Response:
    base = request.form.get("base_version", 0, type=int)
    try:
        with reading(studio().engine) as session:
            draft = load_draft(session, load_variant(session, load_place(session, slug).page, key))
            part = pictures.cut_part(session, draft, number, _read_box(session, find_image(draft, number)))
        with transaction(studio().engine) as session:
            place = load_place(session, slug)
            pictures.put_part(session, place.page, key, number, part, base=base, actor=actor(), now=edge().now)
            address = place.at(f"/{key}/images")
    except (Conflict, InvalidInput) as error:
        with reading(studio().engine) as session:
            typed = {**_WHOLE, **request.form.to_dict()}
            screen = _crop_screen(session, load_place(session, slug), key, number, typed=typed, error=error)
        return show(screen, status=error.status)
    return go(address, notice="saved")


@view(blueprint, f"{_IMAGES}/<int:number>/thumbnail", permission=Permission.PAGES_READ)
def show_thumbnail(slug: str, key: str, number: int) -> Response:
    """Drawn anew, small; `large` is what a part is chosen on."""
    with reading(studio().engine) as session:
        place = load_place(session, slug)
        image = find_image(load_draft(session, load_variant(session, place.page, key)), number)
        if extension(image.asset) not in RASTER_TYPES:
            raise NotFound("There is no picture of this image.")
        content = session.get_one(Asset, image.asset).body
    most = _TO_CROP if "large" in request.args else pictures.THUMBNAIL
    response = make_response(pictures.make_thumbnail(content, most))
    response.mimetype = "image/webp"
    return response


def _screen(
    session: Session, place: Place, key: str, *, number: int = 0, error: LanderError | None = None
) -> ImagesScreen:
    draft = load_draft(session, load_variant(session, place.page, key))
    images = list_images(draft)
    facts = _load_facts(session, images)
    field = f"image-{number}" if any(image.number == number for image in images) else ""
    return ImagesScreen(
        label=place.label,
        page_address=variant_address(session, place, key),
        address=place.at(f"/{key}/images"),
        key=key,
        version=draft.number,
        rows=[_row(place, draft, key, image, facts.get(image.asset, "")) for image in images],
        may_edit=caller().can(Permission.PAGES_EDIT),
        errors=[FormError(error.message, field, error.fix)] if error is not None else [],
    )


def _row(place: Place, draft: Version, key: str, image: PageImage, facts: str) -> ImageRow:
    address = f"/{key}/images/{image.number}"
    has_thumbnail = extension(image.asset) in RASTER_TYPES
    return ImageRow(
        number=image.number,
        name=image.name if not image.address.startswith("data:") else "inside the page",
        line=image.line,
        line_address=f"{place.at(f'/{key}/source')}#line-{image.line}",
        thumbnail=place.at(f"{address}/thumbnail", v=str(draft.number)) if has_thumbnail else "",
        facts=facts or _say_where(image),
        alt=image.alt or "",
        has_alt=image.alt is not None,
        crop_address=place.at(f"{address}/crop") if image.can_be_cropped else "",
    )


def _say_where(image: PageImage) -> str:
    if not image.address:
        return "no address"
    return "written into the page" if image.address.startswith("data:") else "not among the page's own files"


def _load_facts(session: Session, images: list[PageImage]) -> dict[str, str]:
    """Asset name → its size in words."""
    names = {image.asset for image in images if image.asset}
    query = select(Asset.name, Asset.size_bytes, Asset.body).where(col(Asset.name).in_(names))
    return {name: _say_size(name, size, body) for name, size, body in session.exec(query)}


def _say_size(name: str, size_bytes: int, body: bytes) -> str:
    weight = f"{max(1, round(size_bytes / 1000)):,} kB"
    if extension(name) not in RASTER_TYPES:
        return weight
    width, height = pictures.read_size(body)
    return f"{width:,} × {height:,} pixels, {weight}"


def _read_box(session: Session, image: PageImage) -> Box:
    typed = {name: request.form.get(name, "").strip().replace(",", ".") for name in _WHOLE}
    try:
        box = Box(**{name: float(value) for name, value in typed.items()})
    except ValueError:
        raise InvalidInput("The part is not given in numbers.", fix="Type per cents from 0 to 100.") from None
    ratio = request.form.get("ratio", "")
    if (
        not ratio
        or ratio not in _RATIOS
        or not image.can_be_cropped
        or not 0 < box.width <= 100
        or not 0 <= box.y < 100
    ):
        return box
    wide, high = (int(side) for side in ratio.split(":"))
    return fit_ratio(box, pictures.read_size(session.get_one(Asset, image.asset).body), wide / high)


def _crop_screen(
    session: Session, place: Place, key: str, number: int, *, typed: dict[str, str], error: LanderError | None = None
) -> CropScreen:
    draft = load_draft(session, load_variant(session, place.page, key))
    image = find_image(draft, number)
    if not image.can_be_cropped:
        raise NotFound(f"{image.name} cannot be cropped here.", fix="Upload a JPEG, PNG, WebP or AVIF in its place.")
    address = f"/{key}/images/{number}"
    return CropScreen(
        label=place.label,
        images_address=place.at(f"/{key}/images"),
        address=place.at(f"{address}/crop"),
        name=image.name,
        facts=_load_facts(session, [image])[image.asset],
        picture=place.at(f"{address}/thumbnail", large="1", v=str(draft.number)),
        version=draft.number,
        x=typed["x"],
        y=typed["y"],
        width=typed["width"],
        height=typed["height"],
        ratios=[RatioChoice(value, label, value == typed.get("ratio", "")) for value, label in _RATIOS.items()],
        errors=[FormError(error.message, "x", error.fix)] if error is not None else [],
    )
