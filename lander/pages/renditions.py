"""Draws a raster image smaller, as AVIF and as WebP, for screens that need no more.

Pure, and bounded by pixels and bytes alone, so that the same file gives the same drawings whenever it is drawn. They look
like their original: same colours, the way up that it is seen. What Pillow would draw in other colours than a browser
(CMYK, 16 bits in grey), what moves and what is too large is measured and left as it is.
"""

import io
import os
import struct
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from PIL import Image, ImageOps

DRAWN_TYPES: Final = frozenset(["jpg", "png", "webp", "gif", "avif"])  # those that are measured at least
FORMATS: Final = ("avif", "webp")  # the preferred one first
_WIDTHS: Final = (320, 640, 960, 1280, 1920)
_WIDEST: Final = 2560  # beyond it a screen sees no difference
_WORTH_IT: Final = 2_000  # bytes saved; naming a drawing in the page takes some 100
_MOST_PIXELS: Final = 40_000_000  # of an original
_MOST_BYTES: Final = 50_000_000
_MOST_DRAWN: Final = 12_000_000  # pixels of a drawing: three seconds as AVIF
_HIGHEST: Final = 16_383  # what WebP can say
_DRAWABLE: Final = frozenset(["JPEG", "PNG", "WEBP"])
_MODES: Final = frozenset(["1", "L", "LA", "P", "PA", "RGB", "RGBA"])
# measured on photos at 640 px: as near to the original as each other (42 dB), AVIF in three quarters of the bytes
_PHOTO: Final[Mapping[str, Mapping[str, Any]]] = {
    "avif": {"quality": 65, "speed": 7},
    "webp": {"quality": 82, "method": 3},
}
# of a PNG: edges and letters show every saving
_DRAWING: Final[Mapping[str, Mapping[str, Any]]] = {
    "avif": {"quality": 85, "speed": 7, "subsampling": "4:4:4"},
    "webp": {"quality": 92, "method": 3},
}
_ORIENTATION: Final = 0x0112
_ON_THEIR_SIDE: Final = (5, 6, 7, 8)
_DAMAGE: Final = (OSError, SyntaxError, ValueError, EOFError, KeyError, OverflowError, MemoryError, struct.error)


@dataclass(frozen=True, slots=True)
class Drawing:
    """An image in one width and format."""

    format: str
    width: int
    height: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Measured:
    """What an image measures as it is seen, and its drawings: of each format, each larger in bytes than the one before."""

    width: int
    height: int
    drawings: tuple[Drawing, ...] = ()


def draw_all(images: Mapping[str, bytes]) -> dict[str, Measured | None]:
    """Name → content, drawn side by side; None for what does not open."""
    # Pillow warns of large images, and lets go of the interpreter while it draws
    with warnings.catch_warnings(), ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        warnings.simplefilter("ignore")
        return dict(zip(images, pool.map(draw, images.values()), strict=True))


def measure(content: bytes) -> tuple[int, int] | None:
    """Width and height of an image as it is seen, None where it does not open. Its pixels are not decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content)) as image:
                return _size(image)
    except (*_DAMAGE, Image.DecompressionBombError):
        return None


def draw(content: bytes) -> Measured | None:
    """The drawings of an image that save bytes; none where its pixels are damaged, None where it does not open at all."""
    size = measure(content)
    if size is None:
        return None
    try:
        with Image.open(io.BytesIO(content)) as image:
            drawings = _draw(image, *size) if _can_be_drawn(image, content) else []
    except (*_DAMAGE, Image.DecompressionBombError):
        drawings = []
    return Measured(*size, _keep_savings(drawings, size[0], len(content)))


def _size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    return (height, width) if _orientation(image) in _ON_THEIR_SIDE else (width, height)


def _orientation(image: Image.Image) -> int:
    if image.format == "PNG" and "exif" not in image.info:
        return 1  # Pillow would decode all of it to look behind the pixels
    return int(image.getexif().get(_ORIENTATION, 1))


def _can_be_drawn(image: Image.Image, content: bytes) -> bool:
    return (
        image.format in _DRAWABLE
        and image.mode in _MODES
        and getattr(image, "n_frames", 1) == 1
        and image.width * image.height <= _MOST_PIXELS
        and len(content) <= _MOST_BYTES
    )


def _draw(image: Image.Image, width: int, height: int) -> list[Drawing]:
    widths = [item for item in _WIDTHS if item < width] + [min(width, _WIDEST)]
    sizes = [(item, max(1, round(height * item / width))) for item in widths]
    sizes = [size for size in sizes if size[0] * size[1] <= _MOST_DRAWN and size[1] <= _HIGHEST]
    if not sizes:
        return []
    options = _PHOTO if image.format == "JPEG" else _DRAWING
    profile = image.info.get("icc_profile", b"")
    kept = {"icc_profile": profile} if profile[16:20] == b"RGB " else {}
    orientation = _orientation(image)
    image.draft(None, sizes[-1][::-1] if orientation in _ON_THEIR_SIDE else sizes[-1])
    seen = ImageOps.exif_transpose(image) if orientation != 1 else image
    mode = "RGBA" if seen.has_transparency_data else "RGB"
    seen = seen if seen.mode == mode else seen.convert(mode)
    drawings = []
    for size in sizes:
        small = seen if seen.size == size else seen.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        for kind in FORMATS:
            if size[0] == width and image.format == kind.upper():
                continue  # that is the original
            output = io.BytesIO()
            small.save(output, kind.upper(), exif=b"", **options[kind], **kept)
            drawings.append(Drawing(kind, *size, output.getvalue()))
    return drawings


def _keep_savings(drawings: list[Drawing], width: int, original_bytes: int) -> tuple[Drawing, ...]:
    """Of each format those with clearly fewer bytes than every larger one and than the original.

    AVIF is kept as a whole or not at all: a browser that takes it looks at nothing else, so its widest has to be as wide
    as the image, and it has to save bytes where WebP is at its widest.
    """
    webp = _save_each(drawings, "webp", original_bytes)
    avif = _save_each(drawings, "avif", len(webp[-1].content) if webp and webp[-1].width >= width else original_bytes)
    if not avif or avif[-1].width < min(width, _WIDEST):
        avif = []
    return (*avif, *webp)


def _save_each(drawings: list[Drawing], kind: str, most: int) -> list[Drawing]:
    kept: list[Drawing] = []
    for drawing in reversed([item for item in drawings if item.format == kind]):
        if len(drawing.content) <= most - _WORTH_IT:
            kept.append(drawing)
            most = len(drawing.content)
    return kept[::-1]
