"""Taking a page in: an upload becomes pages, variants, versions and assets, or an error and nothing.

The HTML is stored as it came. What publishing will change is listed in the report; what the policy forbids is said
here, and refused there.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlmodel import Session

from lander.access import audit
from lander.artifact import extension
from lander.document import Document
from lander.errors import Conflict, InvalidInput
from lander.pages import pages, versions
from lander.pages.addresses import Kind, Scope, normalise_url, resolve_address
from lander.pages.archive import HTML_TYPES, decode_html, read_upload
from lander.pages.assets import Prepared, Stored, name_brought, prepare_file, resettle, store_files
from lander.pages.models import Asset, Page, Site, Version
from lander.pages.places import Place, find_thank_you, plan_places
from lander.pages.references import find_references
from lander.pages.release import load_files
from lander.pages.report import FileMade, ImportReport, PageMade, examine
from lander.pages.stylesheets import find_css_references
from lander.policy.policy import Policy, UploadLimits
from lander.policy.store import load_policy

_WEB_ADDRESS: Final = re.compile(r"(https?:)?//[^/\s]+(/\S*)?", re.IGNORECASE)


def import_upload(
    session: Session,
    *,
    site: Site,
    slug: str,
    variant_key: str = "a",
    filename: str,
    content: bytes,
    brought: Mapping[str, bytes],
    enable_submit: bool = True,
    replace: bool = False,
    actor: str,
    now: datetime,
    policy: Policy,
) -> ImportReport:
    """Import an HTML file or a zip as a new page, as a new variant of a page, or (`replace`) as a variant's next version.

    Every HTML file of a zip becomes a page under `slug`; the main one becomes `slug` itself. `brought` are files to use
    in place of external addresses. Raises `InvalidInput` or `Conflict` and changes nothing where anything is wrong.
    """
    pages.check_slug(slug)
    pages.check_variant_key(variant_key)
    _check_target(session, site, slug, variant_key, replace=replace)
    upload = read_upload(filename, content, policy.uploads)
    sources, warnings = _read_sources(upload.files)
    places = plan_places(session, site, sources, slug=slug, key=variant_key, replace=replace)
    prepared = [
        prepare_file(path, body, policy.uploads)
        for path, body in upload.files.items()
        if extension(path) not in HTML_TYPES
    ]
    prepared += _prepare_brought(brought, sources, prepared, policy.uploads)
    stored = store_files(session, prepared, now=now)
    warnings += stored.warnings + _warn_of_unused(brought, sources, prepared)
    links = {place.path: place.slug for place in places}
    made = {
        place.path: _settle_in(
            session, site, place, stored=stored, links=links, enable_submit=enable_submit, actor=actor, now=now
        )
        for place in places
    }
    page = pages.load_page(session, site, slug)
    if not page.thank_you and (thank_you := find_thank_you(places)) is not None:
        page.thank_you = thank_you
        session.add(page)
        session.flush()
    address = pages.page_address(site, page)
    audit.record(
        session,
        now=now,
        actor=actor,
        action="page.import",
        subject=address,
        variant=variant_key,
        pages=[place.slug for place in places],
        files=len(stored.names),
    )
    files = load_files(session, made.values(), scripts=True)
    return ImportReport(
        page=page,
        address=address,
        variant=variant_key,
        pages=tuple(
            PageMade(
                place.path,
                place.slug,
                place.key,
                made[place.path].number,
                Document(place.source).title,
                is_new=not place.is_there,
            )
            for place in places
        ),
        files=tuple(FileMade(key, name, stored.assets[name].size_bytes) for key, name in stored.names.items()),
        examined=tuple(
            examine(made[place.path], slug=place.slug, files=files, policy=policy, thank_you=page.thank_you)
            for place in places
            if not place.is_there
        ),
        left_out=upload.left_out,
        warnings=tuple(warnings),
    )


def bring_inside(  # noqa: PLR0917  (whose variant, which address, which file)
    session: Session,
    page: Page,
    key: str,
    url: str,
    filename: str,
    content: bytes,
    *,
    actor: str,
    now: datetime,
) -> Version:
    """Use a file of ours in place of an external address, in a new version of a variant.

    A stylesheet's own addresses are read from where it came from; those that are inside already lead there. Raises
    `InvalidInput` where nothing on the page loads that address.
    """
    variant = pages.load_variant(session, page, key)
    current = versions.load_draft(session, variant)
    _check_url(url)
    kind = _find_kind(session, current, url)
    if kind is None:
        raise InvalidInput(
            f"Nothing on variant {key} loads {url}.",
            fix="Copy the address from the list of findings, with everything behind the host.",
        )
    limits = load_policy(session).uploads
    prepared = prepare_file(url, content, limits, path=name_brought(url, filename, content, kind))
    stored = store_files(session, [prepared], now=now)
    files = resettle(session, {**current.files, **stored.names}, now=now)
    version = versions.revise(
        session, variant, current, files=files, note=f"{url} brought inside", actor=actor, now=now
    )
    audit.record(
        session,
        now=now,
        actor=actor,
        action="page.bring-inside",
        subject=pages.address_of(session, page),
        variant=key,
        url=url,
        asset=stored.names[url],
        before=current.number,
        after=version.number,
    )
    return version


def _check_target(session: Session, site: Site, slug: str, key: str, *, replace: bool) -> None:
    page = pages.find_page(session, site, slug)
    if page is None and key != "a":
        raise Conflict(
            f"There is no page at {site.host}/{slug} yet; its first variant is a.", fix="Import it as variant a first."
        )
    if page is None:
        pages.check_new_slug(slug)
    if page is not None and not replace and pages.find_variant(session, page, key) is not None:
        raise Conflict(
            f"The page {site.host}/{slug} already has a variant {key}.",
            fix="Choose another address for a new page, another letter for a new variant of this one, "
            "or say that it replaces the variant's draft (--replace).",
        )


def _read_sources(files: Mapping[str, bytes]) -> tuple[dict[str, str], list[str]]:
    sources: dict[str, str] = {}
    warnings: list[str] = []
    for path, body in files.items():
        if extension(path) not in HTML_TYPES:
            continue
        text, encoding = decode_html(path, body)
        sources[path] = versions.check_source(text, called=path)
        if encoding != "utf-8":
            warnings.append(f"{path} was in {encoding}; it is stored and sent as UTF-8.")
    if not sources:
        raise InvalidInput("The upload holds no HTML file.", fix="Zip the folder that holds index.html.")
    return sources, warnings


def _prepare_brought(
    brought: Mapping[str, bytes], sources: Mapping[str, str], prepared: list[Prepared], limits: UploadLimits
) -> list[Prepared]:
    kinds = _kinds_of(sources, prepared)
    made = []
    for url, content in brought.items():
        _check_url(url)
        path = name_brought(url, "", content, kinds.get(normalise_url(url)))
        made.append(prepare_file(url, content, limits, path=path))
    return made


def _warn_of_unused(brought: Mapping[str, bytes], sources: Mapping[str, str], prepared: list[Prepared]) -> list[str]:
    known = _kinds_of(sources, prepared) if brought else {}
    return [
        f"You brought {url}, but nothing on the pages loads it." for url in brought if normalise_url(url) not in known
    ]


def _kinds_of(sources: Mapping[str, str], prepared: list[Prepared]) -> dict[str, Kind]:
    """What each external address of the pages and their stylesheets is loaded as, by its normal form."""
    kinds: dict[str, Kind] = {}
    for path, source in sources.items():
        for reference in find_references(Document(source), path):
            if reference.is_external and reference.kind is not Kind.LINK:
                kinds.setdefault(normalise_url(reference.resolved.target), reference.kind)
    for file in prepared:
        for item in find_css_references(file.content.decode()) if file.ext == "css" else ():
            address = resolve_address(item.address, file.key)
            if address.scope is Scope.EXTERNAL:
                kinds.setdefault(normalise_url(address.target), item.kind)
    return kinds


def _check_url(url: str) -> None:
    if not _WEB_ADDRESS.fullmatch(url):
        raise InvalidInput(
            f"'{url}' is not the address of a file on another host.",
            fix="Write it as it stands on the page, with https://.",
        )


def _settle_in(
    session: Session,
    site: Site,
    place: Place,
    *,
    stored: Stored,
    links: dict[str, str],
    enable_submit: bool,
    actor: str,
    now: datetime,
) -> Version:
    if place.is_there and place.page is not None:
        return versions.load_draft(session, pages.load_variant(session, place.page, place.key))
    page = place.page or pages.add_page(session, site, place.slug, actor=actor, now=now)
    variant = pages.find_variant(session, page, place.key) or pages.add_variant(session, page, place.key, now=now)
    return versions.add_version(
        session,
        variant,
        source=place.source,
        path=place.path,
        files=stored.names,
        links=links,
        enable_submit=enable_submit,
        note="import",
        actor=actor,
        now=now,
    )


def _find_kind(session: Session, version: Version, url: str) -> Kind | None:
    """As what a version or one of its stylesheets loads an address; None where nothing does."""
    sheets = [
        Prepared(key, "css", asset.body)
        for key, name in version.files.items()
        if extension(name) == "css" and (asset := session.get(Asset, name)) is not None
    ]
    return _kinds_of({version.path: version.source}, sheets).get(normalise_url(url))
