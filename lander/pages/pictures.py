"""The images of a page: which there are, another one in the place of one, a part of it, and the text for who cannot see it.

Each change is a new version of the variant. The rest of its source stays as it is, byte for byte; files are only added,
so that every earlier version keeps its own.
"""

import io
import posixpath
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from PIL import Image, ImageOps
from sqlmodel import Session, select

from lander.access import audit
from lander.artifact import ASSET_PREFIX, RASTER_TYPES, extension
from lander.document import Document, Edits, Element
from lander.errors import Conflict, InvalidInput, NotFound
from lander.pages.addresses import find_file, resolve_address
from lander.pages.models import Asset, Page, Variant, Version
from lander.pages.pages import address_of, load_variant
from lander.pages.region_pictures import store_pictures
from lander.pages.region_values import WrongValues
from lander.pages.versions import load_draft, revise
from lander.policy.store import load_policy

LONGEST_ALT: Final = 1_000
THUMBNAIL: Final = (320, 240)
_SMALLEST: Final = 8  # pixels that are left of a side
_PERCENT: Final = 100.0
_SAVED: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "jpg": ("JPEG", {"quality": 90, "optimize": True}),
    "png": ("PNG", {"optimize": True}),
    "webp": ("WEBP", {"quality": 90}),
    "avif": ("AVIF", {"quality": 85, "speed": 8}),
}
"""How a cropped image is saved: as what it was."""


@dataclass(frozen=True, slots=True)
class PageImage:
    """An `<img>` of a version. `asset` is empty where it is no file of the page."""

    number: int  # among all of them, from 1
    line: int
    address: str  # as it is written
    asset: str
    alt: str | None  # None where the attribute is missing

    @property
    def name(self) -> str:
        return posixpath.basename(self.address.partition("?")[0].partition("#")[0])[:80] or "image"

    @property
    def can_be_cropped(self) -> bool:
        return extension(self.asset) in _SAVED


class Box(NamedTuple):
    """A part of an image, in per cent of its width and height."""

    x: float
    y: float
    width: float
    height: float


def list_images(version: Version) -> list[PageImage]:
    """In their order on the page; those that a snippet brings along are the snippet's."""
    document = Document(version.source)
    return [
        PageImage(number, element.line, address, _find_asset(version, address), element.get("alt"))
        for number, (element, address) in enumerate(_elements(document), 1)
    ]


def find_image(version: Version, number: int) -> PageImage:
    """The image of that number; raises `NotFound`."""
    image = next((item for item in list_images(version) if item.number == number), None)
    if image is None:
        raise NotFound("There is no such image on this page.", fix="The list of its images has every one.")
    return image


def read_size(content: bytes) -> tuple[int, int]:
    """Width and height as it is seen, in pixels. Its pixels are not decoded."""
    with _open(content) as image:
        width, height = image.size
        turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    return (height, width) if turned else (width, height)


def make_thumbnail(content: bytes, most: tuple[int, int] = THUMBNAIL) -> bytes:
    """A small WebP of a raster image: nothing of the file itself, only what is seen of it."""
    with _open(content) as image:
        image.draft("RGB", most)
        small = ImageOps.exif_transpose(image)
        small = small.convert("RGBA" if small.has_transparency_data else "RGB")
        small.thumbnail(most)
        return _save(small, "WEBP", quality=80)


def fit_ratio(box: Box, size: tuple[int, int], ratio: float) -> Box:
    """The part with its height to this ratio of its width; a narrower one where it would reach beyond the image."""
    per_cent = size[0] / size[1] / ratio  # of the height for each of the width
    height = min(box.width * per_cent, _PERCENT - box.y)
    return Box(box.x, box.y, height / per_cent, height)


def crop(name: str, content: bytes, box: Box) -> bytes:
    """That part of an image, as the same kind of file; turned as it is seen. Raises `InvalidInput`."""
    if not (0 <= box.x < _PERCENT and 0 <= box.y < _PERCENT and box.width > 0 and box.height > 0):
        raise InvalidInput("That part lies outside the image.", fix="Choose numbers from 0 to 100.")
    kind, options = _SAVED[extension(name)]
    with _open(content) as image:
        if getattr(image, "n_frames", 1) > 1:
            raise InvalidInput("An animated image cannot be cropped here.", fix="Crop it where it was made.")
        seen = ImageOps.exif_transpose(image)
        right, lower = min(box.x + box.width, _PERCENT), min(box.y + box.height, _PERCENT)
        corners = (box.x * seen.width, box.y * seen.height, right * seen.width, lower * seen.height)
        left, top, end, bottom = (round(corner / _PERCENT) for corner in corners)
        if end - left < _SMALLEST or bottom - top < _SMALLEST:
            raise InvalidInput("Next to nothing would be left of the image.", fix="Choose a larger part.")
        part = seen.crop((left, top, end, bottom))
        if profile := image.info.get("icc_profile"):
            options = {**options, "icc_profile": profile}
        return _save(part, kind, **options)


def replace_image(
    session: Session,
    page: Page,
    key: str,
    number: int,
    file: tuple[str, bytes],
    *,
    base: int,
    actor: str,
    now: datetime,
) -> Version:
    """Another image in the place of one; `file` is its name and content. Raises `InvalidInput` for what is none."""
    variant, draft = _load_draft(session, page, key, base)
    image = find_image(draft, number)
    return _put(session, page, (variant, draft), image, file, note=f"image {image.name} replaced", actor=actor, now=now)


def cut_part(session: Session, version: Version, number: int, box: Box) -> bytes:
    """What is left of an image. It may take seconds, so it is done before anything is held up by writing."""
    image = find_image(version, number)
    if not image.can_be_cropped:
        raise InvalidInput(
            f"{image.name} cannot be cropped here.", fix="Upload a JPEG, PNG, WebP or AVIF in its place."
        )
    return crop(image.asset, session.get_one(Asset, image.asset).body, box)


def put_part(
    session: Session, page: Page, key: str, number: int, part: bytes, *, base: int, actor: str, now: datetime
) -> Version:
    """The part of an image, cut from the version `base`, in its place."""
    variant, draft = _load_draft(session, page, key, base)
    image = find_image(draft, number)
    stem = image.name.rpartition(".")[0] or image.name
    file = (f"{stem.removesuffix('-cropped')}-cropped.{extension(image.asset)}", part)
    note = f"image {image.name} cropped"
    return _put(session, page, (variant, draft), image, file, note=note, actor=actor, now=now)


def describe_image(
    session: Session, page: Page, key: str, number: int, alt: str, *, base: int, actor: str, now: datetime
) -> Version:
    """The alternative text; empty says that the image only decorates. The same again is the version it was."""
    variant, draft = _load_draft(session, page, key, base)
    image = find_image(draft, number)
    alt = " ".join(alt.split())
    if len(alt) > LONGEST_ALT:
        raise InvalidInput(
            f"The alternative text has {len(alt):,} characters.",
            fix=f"Say what the image shows in a sentence or two, of {LONGEST_ALT:,} at most.",
        )
    if not alt.isprintable():
        raise InvalidInput("The alternative text holds characters that are no text.", fix="Type it anew.")
    if alt == image.alt:
        return draft
    document = Document(draft.source)
    edits = Edits(document)
    edits.set_attribute(_element(document, number), "alt", alt)
    version = revise(
        session, variant, draft, source=edits.text(), note=f"image {image.name} described", actor=actor, now=now
    )
    _record(session, page, variant, draft, version, actor=actor, now=now)
    return version


def _put(
    session: Session,
    page: Page,
    into: tuple[Variant, Version],
    image: PageImage,
    file: tuple[str, bytes],
    *,
    note: str,
    actor: str,
    now: datetime,
) -> Version:
    variant, draft = into
    try:
        added = store_pictures(session, {"image": file}, load_policy(session).uploads, taken=draft.files, now=now)
    except WrongValues as error:
        wrong = error.wrong[0]
        raise InvalidInput(wrong.message, fix=wrong.fix) from None
    path, asset = added["image"]
    document = Document(draft.source)
    edits = Edits(document)
    element = _element(document, image.number)
    edits.set_attribute(element, "src", _write_address(path, draft))
    _drop_other_sizes(document, edits, element)
    if extension(asset) in RASTER_TYPES:
        _keep_ratio(edits, element, read_size(session.get_one(Asset, asset).body))
    files = {**draft.files, path: asset}
    version = revise(session, variant, draft, source=edits.text(), files=files, note=note, actor=actor, now=now)
    _record(session, page, variant, draft, version, actor=actor, now=now)
    return version


def _load_draft(session: Session, page: Page, key: str, base: int) -> tuple[Variant, Version]:
    """The draft that somebody looked at, held until the transaction ends; raises `Conflict` where it is another by now."""
    variant = load_variant(session, page, key)
    # PostgreSQL holds a second editor here; SQLite has one writer anyway
    session.exec(select(Variant.id).where(Variant.id == variant.id).with_for_update()).one()
    session.refresh(variant)
    draft = load_draft(session, variant)
    if draft.number != base:
        raise Conflict(
            f"{draft.created_by} saved version {draft.number} of variant {key} while you looked at {base}.",
            fix="Below are its images as they are now. Do it again there.",
        )
    return variant, draft


def _elements(document: Document) -> Iterator[tuple[Element, str]]:
    """The images with their address as it is written."""
    for element in document.named("img"):
        yield element, (element.get("src") or "").strip()


def _element(document: Document, number: int) -> Element:
    return [element for element, _ in _elements(document)][number - 1]


def _find_asset(version: Version, address: str) -> str:
    if address.startswith(ASSET_PREFIX):
        name = address.removeprefix(ASSET_PREFIX).partition("#")[0].partition("?")[0]
        return name if name in version.files.values() else ""
    path = find_file(version.files, resolve_address(address, version.path)) if address else None
    return version.files[path] if path is not None else ""


def _write_address(path: str, version: Version) -> str:
    return quote(posixpath.relpath(path, posixpath.dirname(version.path) or "."))


def _drop_other_sizes(document: Document, edits: Edits, element: Element) -> None:
    """Other sizes and formats of the image before would be shown in place of the new one."""
    for name in ("srcset", "sizes"):
        edits.remove_attribute(element, name)
    if element.parent is not None and element.parent.name == "picture":
        for other in document.inside(element.parent):
            if other.name == "source":
                edits.remove_element(other)


def _keep_ratio(edits: Edits, element: Element, size: tuple[int, int]) -> None:
    """Where the tag says width and height, the height follows the new image, so that nothing is stretched."""
    width, height = ((element.get(name) or "").strip() for name in ("width", "height"))
    if height.isascii() and height.isdigit():
        wide = int(width) if width.isascii() and width.isdigit() and len(width) < 6 else size[0]
        edits.set_attribute(element, "height", str(max(1, round(wide * size[1] / size[0]))))


@contextmanager
def _open(content: bytes) -> Iterator[Image.Image]:
    """Opened, not decoded. What is stored was looked at when it came; a file that was not is refused in words."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the number of pixels was held against the policy when it came
            with Image.open(io.BytesIO(content)) as image:
                yield image
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        raise InvalidInput("This file does not open as an image.", fix="Upload another one in its place.") from None


def _save(image: Image.Image, kind: str, **options: Any) -> bytes:
    if kind == "JPEG" and image.mode not in ("RGB", "L", "CMYK"):
        image = image.convert("RGB")
    elif kind in ("WEBP", "AVIF") and image.mode not in ("RGB", "RGBA"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    output = io.BytesIO()
    image.save(output, kind, **options)
    return output.getvalue()


def _record(
    session: Session, page: Page, variant: Variant, before: Version, after: Version, *, actor: str, now: datetime
) -> None:
    audit.record(
        session,
        now=now,
        actor=actor,
        action="page.image",
        subject=address_of(session, page),
        variant=variant.key,
        before=before.number,
        after=after.number,
        note=after.note,
    )
