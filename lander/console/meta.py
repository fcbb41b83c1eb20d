"""Search and social: what search engines and social networks are told of a page, with how that will look there."""

import base64
import hashlib
import io
import json
import warnings
from itertools import zip_longest

from flask import Blueprint, Response, request
from PIL import Image
from sqlmodel import Session

from lander.access.gate import actor, edge, studio, view
from lander.access.permissions import Permission
from lander.artifact import extension
from lander.console.context import FormError
from lander.console.meta_context import ImportedRow, MetaScreen, PictureChoice, TextRow, TypedMeta
from lander.console.places import Place, load_place
from lander.console.screens import go, show
from lander.db import reading, transaction
from lander.document import Document
from lander.errors import Conflict, InvalidInput
from lander.pages.expand import expand
from lander.pages.meta import (
    IMAGE_TYPES,
    InvalidMeta,
    Meta,
    Social,
    absolute,
    list_imported,
    load_meta,
    plan_tags,
    read_meta,
    save_meta,
    show_json,
    store_image,
)
from lander.pages.models import Asset, Page
from lander.pages.release import load_drafts, load_files
from lander.policy.content import find_description, show_defaults
from lander.policy.policy import MIB
from lander.policy.store import load_policy

blueprint = Blueprint("meta", __name__)

_ADDRESS = "/pages/<path:slug>/search"
_BYTES = 64 * MIB  # a picture; the policy's own limit is checked as it is read
_EMPTY_ROWS = 2
_CARD_PIXELS = (600, 315)
_SHOWN_TITLE, _SHOWN_DESCRIPTION = 60, 160


@view(blueprint, _ADDRESS, permission=Permission.PAGES_EDIT)
def show_meta(slug: str) -> Response:
    with reading(studio().engine) as session:
        place = load_place(session, slug)
        typed = _typed_of(load_meta(place.page), index=not place.page.noindex)
        screen = _screen(session, place, typed, base=_fingerprint(place.page))
    return show(screen)


@view(blueprint, _ADDRESS, permission=Permission.PAGES_EDIT, methods=("POST",), body_bytes=_BYTES)
def save(slug: str) -> Response:
    typed = _read_typed()
    try:
        with transaction(studio().engine) as session:
            place = load_place(session, slug)
            session.refresh(place.page, with_for_update=True)
            if request.form.get("base") != _fingerprint(place.page):
                raise Conflict(
                    "Somebody changed this meanwhile, and it is shown on the right as it is now.",
                    fix="Look what changed there; saving again replaces it with what you typed.",
                )
            image = _store_upload(session) or typed.image
            meta = _read(typed, image)
            changed = save_meta(session, place.page, meta, noindex=not typed.index, actor=actor(), now=edge().now)
            address = place.at("/search")
    except (Conflict, InvalidInput) as error:
        return _show_again(slug, typed, error)
    return go(address, notice="meta-saved" if changed else "")


def _show_again(slug: str, typed: TypedMeta, error: Conflict | InvalidInput) -> Response:
    if isinstance(error, InvalidMeta):
        errors = [FormError(item.sentence, item.field, item.fix) for item in error.mistakes]
    else:
        errors = [FormError(error.message, "", error.fix)]
    with reading(studio().engine) as session:
        place = load_place(session, slug)
        base = request.form.get("base", "") if isinstance(error, InvalidInput) else _fingerprint(place.page)
        screen = _screen(session, place, typed, base=base, errors=errors)
    return show(screen, status=error.status)


def _screen(
    session: Session, place: Place, typed: TypedMeta, *, base: str, errors: list[FormError] | None = None
) -> MetaScreen:
    """`typed` stands in the form, what was saved in the pictures of how it looks."""
    meta = load_meta(place.page)
    content = load_policy(session).content
    drafts = load_drafts(session, place.page)
    files = load_files(session, drafts.values())
    documents = {key: expand(version.source, files.blocks).document for key, version in drafts.items()}
    texts = [_text_row(place, key, document) for key, document in documents.items()]
    first = texts[0] if texts else TextRow("", "", 0, "", 0, "")
    origin = f"{studio().settings.scheme}://{place.site.host}"
    own = f"{origin}/{place.page.slug}"
    canonical = absolute(meta.canonical, origin) or own
    names = {asset: path for version in drafts.values() for path, asset in version.files.items()}
    pictures = {asset: path for asset, path in names.items() if extension(asset) in IMAGE_TYPES}
    if typed.image and session.get(Asset, typed.image) is not None:
        pictures.setdefault(typed.image, "the picture you uploaded")
    return MetaScreen(
        label=place.label,
        page_address=place.at(),
        address=place.at("/search"),
        own_address=f"/{place.page.slug}",
        base=base,
        typed=typed,
        pictures=[
            PictureChoice(asset, name, is_chosen=asset == typed.image)
            for asset, name in sorted(pictures.items(), key=lambda item: item[1])
        ],
        texts=texts,
        most_title=content.title_characters,
        most_description=content.description_characters,
        result_address=canonical.partition("://")[2].replace("/", " › "),
        result_title=_cut(first.title, _SHOWN_TITLE) or place.label,
        result_description=_cut(first.description, _SHOWN_DESCRIPTION),
        card_host=place.site.host,
        card_title=meta.social.title or first.title or place.label,
        card_description=meta.social.description or first.description,
        card_image=_shrink(session, meta.social.image),
        imported=[row for key, document in documents.items() for row in _imported_rows(place, key, document, meta)],
        errors=errors or [],
    )


def _text_row(place: Place, key: str, document: Document) -> TextRow:
    element = find_description(document)
    title = show_defaults(document.title)
    description = show_defaults((element.get("content") or "") if element is not None else "")
    return TextRow(key, title, len(title), description, len(description), place.at(f"/{key}/source"))


def _imported_rows(place: Place, key: str, document: Document, meta: Meta) -> list[ImportedRow]:
    replaced = {item.element for item in plan_tags(document, meta, origin="", path="").replaced}
    return [
        ImportedRow(
            key=key,
            name=item.name,
            value=_cut(item.value, _SHOWN_DESCRIPTION),
            line=item.element.line,
            line_address=f"{place.at(f'/{key}/source')}#line-{item.element.line}",
            is_replaced=item.element in replaced,
        )
        for item in list_imported(document)
    ]


def _typed_of(meta: Meta, *, index: bool) -> TypedMeta:
    return TypedMeta(
        index=index,
        canonical=meta.canonical,
        languages=_with_empty_rows(list(meta.hreflang)),
        json_ld=show_json(meta.json_ld),
        title=meta.social.title,
        description=meta.social.description,
        image=meta.social.image,
        image_alt=meta.social.image_alt,
    )


def _read_typed() -> TypedMeta:
    form = request.form
    languages = list(zip_longest(form.getlist("language"), form.getlist("language_address"), fillvalue=""))
    return TypedMeta(
        index="index" in form,
        canonical=form.get("canonical", ""),
        languages=_with_empty_rows([pair for pair in languages if any(part.strip() for part in pair)]),
        json_ld=form.get("json_ld", ""),
        title=form.get("social_title", ""),
        description=form.get("social_description", ""),
        image=form.get("image", ""),
        image_alt=form.get("image_alt", ""),
    )


def _read(typed: TypedMeta, image: str) -> Meta:
    return read_meta(
        canonical=typed.canonical,
        hreflang=typed.languages,
        json_ld=typed.json_ld,
        social=Social(typed.title, typed.description, image, typed.image_alt),
    )


def _with_empty_rows(languages: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [*languages, *[("", "")] * _EMPTY_ROWS]


def _store_upload(session: Session) -> str:
    """The asset that was uploaded with the form; empty where none was."""
    file = request.files.get("picture")
    if file is None or not file.filename:
        return ""
    policy = load_policy(session)
    content = file.stream.read(policy.uploads.file_bytes + 1)
    return store_image(session, file.filename, content, policy, now=edge().now)


def _fingerprint(page: Page) -> str:
    """What was saved, so that nobody replaces what a colleague saved meanwhile without having seen it."""
    text = json.dumps([page.meta or {}, page.noindex], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _shrink(session: Session, name: str) -> str:
    """A small copy of a picture, as an address that needs no request; empty where there is none."""
    asset = session.get(Asset, name) if name else None
    if asset is None:
        return ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(io.BytesIO(asset.body)) as image:
            image.draft("RGB", _CARD_PIXELS)
            small = image.convert("RGB")
    small.thumbnail((_CARD_PIXELS[0], _CARD_PIXELS[0]))
    made = io.BytesIO()
    small.save(made, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(made.getvalue()).decode('ascii')}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
