"""What the screen "Search and social" shows, already in words."""

from dataclasses import dataclass
from typing import ClassVar

from lander.console.context import FormError


@dataclass(frozen=True, slots=True)
class TypedMeta:
    """What stands in the form: what was saved, or what was typed and refused."""

    index: bool
    canonical: str
    languages: list[tuple[str, str]]  # with two empty rows at the end
    json_ld: str
    title: str
    description: str
    image: str
    image_alt: str


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """A tag of the page's own HTML that speaks of the same."""

    key: str
    name: str
    value: str
    line: int
    line_address: str
    is_replaced: bool


@dataclass(frozen=True, slots=True)
class TextRow:
    """Title and description of a variant, which stand in its HTML."""

    key: str
    title: str
    title_length: int
    description: str
    description_length: int
    source_address: str


@dataclass(frozen=True, slots=True)
class PictureChoice:
    """A picture of the page that the card can show."""

    asset: str
    name: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class MetaScreen:
    """What search engines and social networks are told of a page."""

    template: ClassVar[str] = "meta/edit.html"
    label: str
    page_address: str
    address: str
    own_address: str
    base: str  # what was saved when the form was opened
    typed: TypedMeta
    pictures: list[PictureChoice]
    texts: list[TextRow]
    most_title: int
    most_description: int
    result_address: str
    result_title: str
    result_description: str
    card_host: str
    card_title: str
    card_description: str
    card_image: str  # a small copy, as data
    imported: list[ImportedRow]
    errors: list[FormError]
