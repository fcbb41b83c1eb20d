"""Building the two screens about regions. Looking only; what was typed and refused is put back where it was typed."""

import posixpath
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import quote, unquote

from sqlmodel import Session

from experiments.words import listing
from lander.access.gate import origin_of, studio
from lander.artifact import ASSET_PREFIX
from lander.console.context import FindingRow, FormError
from lander.console.findings import finding_rows
from lander.console.page_screen import variant_address
from lander.console.places import Place
from lander.console.region_context import (
    CandidateRow,
    EditScreen,
    KindOption,
    OtherElement,
    PartField,
    PictureOption,
    RegionFields,
    RegionRow,
    TaggingScreen,
)
from lander.document import Document
from lander.pages.editable import Mode
from lander.pages.models import Version
from lander.pages.pages import list_variants
from lander.pages.region_edits import Clash
from lander.pages.region_values import Values, list_pictures, longest
from lander.pages.regions import Kind, Part, Region, Regions, read_regions
from lander.pages.tagging import Tag, list_candidates
from lander.pages.versions import load_draft
from lander.preview import EditingLink, sign_editing

_KINDS: Final = {
    Kind.TEXT: "Text",
    Kind.RICH: "Text with formatting",
    Kind.IMAGE: "Picture",
    Kind.LINK: "Link",
    Kind.FORM: "Form",
}
_CONTROLS: Final = {"text": "text", "html": "html", "src": "picture"}
_SHORT: Final = 60


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody had typed when saving was refused, and why it was."""

    values: Values = field(default_factory=dict)
    clashes: Sequence[Clash] = ()
    in_every_variant: bool = False
    errors: tuple[FormError, ...] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """What somebody had chosen to mark when that was refused."""

    tags: Mapping[int, Tag] = field(default_factory=dict)
    errors: tuple[FormError, ...] = ()


def edit_screen(session: Session, place: Place, key: str, version: Version, typed: Typed | None = None) -> EditScreen:
    """The fields of `version`, which is the draft or the version that somebody started from."""
    typed = typed or Typed()
    regions = read_regions(Document(version.source))
    others = _read_others(session, place, key)
    clashes = {clash.region: clash for clash in typed.clashes}
    source_address = place.at(f"/{key}/source")
    link = make_link(place, key, version, Mode.EDIT)
    return EditScreen(
        label=place.label,
        key=key,
        page_address=variant_address(session, place, key),
        address=place.at(f"/{key}/edit"),
        tagging_address=place.at(f"/{key}/regions"),
        source_address=source_address,
        renew_address=place.at(f"/{key}/edit/preview", version=str(version.number), mode=Mode.EDIT.value),
        version=version.number,
        saved_at=version.created_at,
        saved_by=version.created_by,
        preview_address=address_of(link),
        channel=link.channel,
        regions=[
            RegionFields(
                number=number,
                name=region.name,
                kind_word=_KINDS[region.kind],
                line=region.line,
                line_address=f"{source_address}#line-{region.line}",
                elsewhere=_say_elsewhere(region, others),
                fields=[
                    _part_field(number, region, part, version, typed, clashes.get(region.name)) for part in region.parts
                ],
            )
            for number, region in enumerate(regions.found)
        ],
        gone=[
            (clash.region, text)
            for clash in typed.clashes
            for part, text in clash.mine.items()
            if (region := regions.find(clash.region)) is None or part not in region.values
        ],
        others=listing([other.upper() for other in others]) if others else "",
        in_every_variant=typed.in_every_variant,
        findings=_finding_rows(regions, place, key),
        errors=list(typed.errors),
    )


def tagging_screen(
    session: Session, place: Place, key: str, version: Version, chosen: Chosen | None = None
) -> TaggingScreen:
    """What is marked in the draft, and what could be."""
    chosen = chosen or Chosen()
    document = Document(version.source)
    regions = read_regions(document)
    source_address = place.at(f"/{key}/source")
    link = make_link(place, key, version, Mode.TAG)
    candidates = list_candidates(document)
    listed = {candidate.number for candidate in candidates}
    other = next((tag for number, tag in chosen.tags.items() if number not in listed), None)
    return TaggingScreen(
        label=place.label,
        key=key,
        page_address=variant_address(session, place, key),
        address=place.at(f"/{key}/regions"),
        edit_address=place.at(f"/{key}/edit"),
        source_address=source_address,
        renew_address=place.at(f"/{key}/edit/preview", version=str(version.number), mode=Mode.TAG.value),
        version=version.number,
        saved_at=version.created_at,
        saved_by=version.created_by,
        preview_address=address_of(link),
        channel=link.channel,
        regions=[
            RegionRow(item.name, _KINDS[item.kind], item.line, f"{source_address}#line-{item.line}")
            for item in regions.found
        ],
        candidates=[
            CandidateRow(
                number=item.number,
                noun=item.noun,
                excerpt=item.excerpt,
                line=item.line,
                line_address=f"{source_address}#line-{item.line}",
                name=tag.name if (tag := chosen.tags.get(item.number)) else item.suggested,
                kinds=_kind_options(item.kinds, tag.kind if tag else item.kinds[0]),
                is_chosen=item.number in chosen.tags,
            )
            for item in candidates
        ],
        other=OtherElement(
            number=str(other.number) if other else "",
            name=other.name if other else "",
            kinds=_kind_options(tuple(Kind), other.kind if other else Kind.TEXT),
        ),
        findings=_finding_rows(regions, place, key),
        errors=list(chosen.errors),
    )


def make_link(place: Place, key: str, version: Version, mode: Mode) -> EditingLink:
    """A version opened for editing, on a channel that nobody had before."""
    assert version.id is not None
    return EditingLink(place.page_id, key, version.id, mode, secrets.token_urlsafe(16))


def address_of(link: EditingLink) -> str:
    """Where a browser finds it, for ten minutes."""
    settings = studio().settings
    return f"{origin_of(settings.preview_host)}{sign_editing(settings, link)}"


def identify(number: int, part: str) -> str:
    """The name of a part's form control."""
    return f"r{number}-{part}"


def _read_others(session: Session, place: Place, key: str) -> dict[str, Regions]:
    """The regions of the other variants that have any."""
    found = {
        variant.key: read_regions(Document(load_draft(session, variant).source))
        for variant in list_variants(session, place.page)
        if variant.key != key
    }
    return {other: regions for other, regions in found.items() if regions.found}


def _say_elsewhere(region: Region, others: Mapping[str, Regions]) -> list[str]:
    said = []
    for key, regions in others.items():
        there = regions.find(region.name)
        if there is None or there.kind is not region.kind:
            said.append(f"{key.upper()} has no such {_KINDS[region.kind].lower()}.")
        elif there.values == region.values:
            said.append(f"The same in {key.upper()}.")
        else:
            different = [part.value for part in there.parts if part.value != region.values.get(part.name)]
            said.append(f"{key.upper()}: “{_shorten(different[0] if different else '')}”")
    return said


def _part_field(  # noqa: PLR0917  (one control: where, what, and what was typed)
    number: int, region: Region, part: Part, version: Version, typed: Typed, clash: Clash | None
) -> PartField:
    value = typed.values.get(region.name, {}).get(part.name, part.value)
    is_clashing = clash is not None and part.name in clash.mine and clash.theirs is not None
    control = _CONTROLS.get(part.name.partition("-")[0], "line")
    return PartField(
        identity=identify(number, part.name),
        part=part.name,
        label=region.name if len(region.parts) == 1 else part.label,
        control=control,
        value=value,
        longest=longest(part.name),
        is_changed=value != part.value,
        theirs=part.value if is_clashing else None,
        options=_picture_options(version, part.value, value) if control == "picture" else [],
        upload=identify(number, "file") if control == "picture" else "",
    )


def _picture_options(version: Version, stands: str, value: str) -> list[PictureOption]:
    """The page's own pictures, and first whatever stands there now."""
    folder = posixpath.dirname(version.path) or "."
    own = {
        quote(posixpath.relpath(path, folder)): (path, f"{ASSET_PREFIX}{version.files[path]}")
        for path in list_pictures(version.files)
        if ":" not in path
    }
    written = {unquote(address): address for address in own}
    options = []
    for current in dict.fromkeys((stands, value)):
        if current and unquote(current) not in written:
            options.append(PictureOption(current, current, "", current == value))
        elif current and current not in own:  # written in another way than we would
            own[current] = own.pop(written[unquote(current)])
    options += [PictureOption(address, path, shown, address == value) for address, (path, shown) in sorted(own.items())]
    return options


def _kind_options(kinds: Sequence[Kind], chosen: str) -> list[KindOption]:
    return [KindOption(kind.value, _KINDS[kind], kind.value == chosen) for kind in kinds]


def _finding_rows(regions: Regions, place: Place, key: str) -> list[FindingRow]:
    return finding_rows([replace(finding, where=f"variant {key}") for finding in regions.findings], place)


def _shorten(text: str) -> str:
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1].rstrip()}…"
