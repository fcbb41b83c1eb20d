"""What the screens of a page's images show."""

from dataclasses import dataclass
from typing import ClassVar

from lander.console.context import FormError


@dataclass(frozen=True, slots=True)
class ImageRow:
    """An image of a variant."""

    number: int
    name: str
    line: int
    line_address: str
    thumbnail: str  # empty where there is none to show
    facts: str  # its size in pixels and bytes, or where it comes from
    alt: str
    has_alt: bool
    crop_address: str  # empty where it cannot be cropped


@dataclass(frozen=True, slots=True)
class ImagesScreen:
    """Every image of a variant."""

    template: ClassVar[str] = "images/index.html"
    label: str
    page_address: str
    address: str
    key: str
    version: int
    rows: list[ImageRow]
    may_edit: bool
    errors: list[FormError]


@dataclass(frozen=True, slots=True)
class RatioChoice:
    """A shape that a part can have."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class CropScreen:
    """Choosing a part of an image. Numbers are as typed, in per cent."""

    template: ClassVar[str] = "images/edit.html"
    label: str
    images_address: str
    address: str
    name: str
    facts: str
    picture: str
    version: int
    x: str
    y: str
    width: str
    height: str
    ratios: list[RatioChoice]
    errors: list[FormError]
