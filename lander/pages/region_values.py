"""Writing into regions: what may stand in each part, and a source with only the bytes of those parts changed.

Pure. A value that is what it was changes nothing, so reading every region and writing it back leaves the source byte for
byte; the edited source is read again, and a change that reaches beyond its region is refused.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from lander.artifact import RASTER_TYPES, extension
from lander.document import Document, Edits, escape_text
from lander.errors import InvalidInput
from lander.pages.addresses import Scope, find_file, resolve_address
from lander.pages.regions import Kind, Part, Place, Region, Regions, fold, keeps_space, read_regions
from lander.pages.rich_text import clean_fragment, list_losses, list_styles

PICTURES: Final = RASTER_TYPES | {"svg"}
LONGEST: Final[Mapping[str, int]] = {"html": 200_000, "text": 20_000, "href": 2_000, "src": 2_000, "alt": 1_000}
_LONGEST_OTHER: Final = 1_000
_CLICKABLE: Final = ("mailto", "tel", "sms")
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_BREAKS: Final = re.compile(r"\r\n?")
_HIDDEN: Final = re.compile("[\x00-\x20]+")

Values = Mapping[str, Mapping[str, str]]
"""Region name → part name → value."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """A value that cannot stand where it was typed."""

    region: str
    part: str
    message: str
    fix: str


class WrongValues(InvalidInput):
    """Some values cannot be written; `wrong` holds all of them."""

    code = "wrong-values"

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        self.wrong = tuple(wrong)
        super().__init__(f"{wrong[0].region}: {wrong[0].message}", fix=wrong[0].fix)


@dataclass(frozen=True, slots=True)
class Applied:
    """An edited source. `changed` are the names of the regions that are not what they were."""

    source: str
    changed: tuple[str, ...] = ()
    taken_out: tuple[str, ...] = field(default=())  # a sentence on what a rich region could not keep


def longest(part: str) -> int:
    """How many characters a part may have; `text-2` is a text too."""
    return LONGEST.get(part.partition("-")[0], _LONGEST_OTHER)


def list_pictures(files: Iterable[str]) -> list[str]:
    """The pictures among the files of a version."""
    return sorted(path for path in files if extension(path.partition("?")[0]) in PICTURES)


def plan_value(part: Part, typed: str, *, path: str, files: Mapping[str, str]) -> str:
    """The value as it will be read again, with white space as the part keeps it. Raises `InvalidInput`.

    What stands there already is always allowed. `path` and `files` are the version's: a picture is one of them.
    """
    value = _BREAKS.sub("\n", typed)
    if part.place is not Place.CONTENT and not (part.place is Place.TEXT and keeps_space(part.holder)):
        value = fold(value)
    if value == part.value or (part.place is Place.ATTRIBUTE and value == fold(part.value)):
        return part.value
    if len(value) > longest(part.name):
        raise InvalidInput(f"It has {len(value):,} characters; at most {longest(part.name):,} fit.", fix="Shorten it.")
    if _CONTROLS.search(value) or not _is_text(value):
        raise InvalidInput("It holds characters that are no text.", fix="Type it again, or paste it as plain text.")
    if part.place is Place.CONTENT:
        return clean_fragment(value, part.holder, styles=list_styles(part.value))
    if part.name == "href":
        return _check_link(value)
    if part.name == "src":
        return _check_picture(value, path=path, files=files)
    if not value.strip("\xa0") and part.place is Place.TEXT and part.value:
        raise InvalidInput("It would be empty, and nobody could edit it again.", fix="Write something here.")
    return value


def apply_values(source: str, values: Values, *, path: str = "", files: Mapping[str, str] | None = None) -> Applied:
    """The source with these parts changed and nothing else. Raises `WrongValues` with everything that cannot be.

    Regions and parts that are not there are a mistake of the caller: `KeyError`.
    """
    document = Document(source)
    regions = read_regions(document)
    edits, wrong = Edits(document), list[Wrong]()
    planned: dict[str, dict[str, str]] = {}
    taken_out: list[str] = []
    for name, typed in values.items():
        region = _load(regions, name)
        parts = {part.name: part for part in region.parts}
        for part_name, value in typed.items():
            part = parts[part_name]
            try:
                new = plan_value(part, value, path=path, files=files or {})
            except InvalidInput as error:
                wrong.append(Wrong(name, part_name, error.message, error.fix))
                continue
            if new != part.value:
                planned.setdefault(name, {})[part_name] = new
                _write(document, edits, part, new)
                taken_out += _say_losses(region, value, new)
    if wrong:
        raise WrongValues(wrong)
    if not planned:
        return Applied(source)
    edited = edits.text()
    _check_reach(regions, planned, edited)
    return Applied(edited, tuple(planned), tuple(taken_out))


def _write(document: Document, edits: Edits, part: Part, value: str) -> None:
    if part.place is Place.ATTRIBUTE:
        edits.set_attribute(part.holder, part.attribute, value)
        if part.name == "src":
            _drop_other_sizes(document, edits, part)
        return
    written = value if part.place is Place.CONTENT else escape_text(value).replace("\xa0", "&nbsp;")
    crlf = document.source.count("\r\n")
    if crlf * 2 > document.source.count("\n"):
        written = written.replace("\n", "\r\n")
    edits.replace(part.start, part.end, written)


def _drop_other_sizes(document: Document, edits: Edits, part: Part) -> None:
    """Other sizes and formats of the picture before would be shown in place of the new one."""
    for name in ("srcset", "sizes"):
        if part.holder.get(name) is not None:
            edits.remove_attribute(part.holder, name)
    if part.holder.parent is not None and part.holder.parent.name == "picture":
        for element in document.inside(part.holder.parent):
            if element.name == "source":
                edits.remove_element(element)


def _check_link(value: str) -> str:
    bare = _HIDDEN.sub("", value)  # as a browser reads a scheme
    resolved = resolve_address(bare, "index.html")
    scheme = bare.lower().partition(":")[0] if resolved.scope is not Scope.RELATIVE else ""
    if not bare:
        raise InvalidInput("The link leads nowhere.", fix="Write an address, like /contact or https://www.example.com.")
    if resolved.scope is Scope.EXTERNAL and scheme == "http":
        raise InvalidInput("The link leads to an unprotected address (http:).", fix="Write it with https://.")
    if resolved.scope is Scope.OTHER and scheme not in _CLICKABLE:
        raise InvalidInput(
            f"A link cannot lead to “{scheme}:”.", fix="Use https://, a path like /contact, mailto: or tel:."
        )
    if resolved.scope is Scope.INSIDE and not bare.startswith("#"):
        raise InvalidInput(
            "A link cannot lead into its own address.", fix="Use https://, a path like /contact, mailto: or tel:."
        )
    return value


def _check_picture(value: str, *, path: str, files: Mapping[str, str]) -> str:
    found = find_file(files, resolve_address(value, path))
    if found is None or extension(files[found]) not in PICTURES:
        raise InvalidInput(f"“{value}” is none of the page's pictures.", fix="Choose one, or upload it.")
    return value


def _say_losses(region: Region, typed: str, kept: str) -> list[str]:
    if region.kind is not Kind.RICH:
        return []
    lost = [item for item in list_losses(typed, kept) if " of " not in item]
    return [f"Taken out of {region.name}, because it cannot stand there: {', '.join(lost)}."] if lost else []


def _check_reach(before: Regions, planned: Values, edited: str) -> None:
    """Raises `WrongValues` where a region does not say what was written, or another one has changed with it."""
    expected = [
        (item.name, item.kind, item.values if item.name not in planned else {**item.values, **planned[item.name]})
        for item in before.found
    ]
    after = [(item.name, item.kind, item.values) for item in read_regions(Document(edited)).found]
    if after == expected:
        return
    here = [item[0] for item in expected if item[0] in planned and item not in after] or list(planned)
    raise WrongValues(
        [
            Wrong(name, part, "What you typed would change the page around it.", "Use simpler markup there.")
            for name in here[:1]
            for part in list(planned[name])[:1]
        ]
    )


def _load(regions: Regions, name: str) -> Region:
    region = regions.find(name)
    if region is None:
        raise KeyError(name)
    return region


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
