"""Compiles a page: the versions of its variants into one release, with everything that is to be said about it.

Planning only. Nothing here makes anything live, and nothing is stored but what `store_release` is given.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from sqlmodel import Session, col, select

from lander.artifact import ASSET_PREFIX, extension
from lander.pages.compile import Compiled, Surroundings, compile_and_show
from lander.pages.gate import Gate, compare_variants
from lander.pages.image_places import Picture, Pictures
from lander.pages.image_rules import read_rules, sets_addresses, walks_around
from lander.pages.loads import Files, Stylesheet
from lander.pages.meta import load_meta
from lander.pages.models import Asset, Page, Redirect, Rendition, Site, StoredRelease, Version
from lander.pages.pages import list_variants
from lander.pages.renditions import DRAWN_TYPES, FORMATS, measure
from lander.pages.snippets import load_blocks
from lander.pages.storage import store_asset
from lander.pages.stylesheets import settle_css
from lander.pages.versions import load_draft
from lander.policy.findings import Finding, Severity
from lander.policy.policy import Policy
from lander.published import Allocation, PublishedVariant, build_release, read_release

_SCRIPTS: Final = frozenset(("js", "mjs"))
_READ: Final = _SCRIPTS | {"css"}  # for what they say about images


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled page that is not stored yet."""

    versions: dict[str, int]  # variant key → version id
    compiled: tuple[Compiled, ...]
    findings: tuple[Finding, ...]
    strip_external: bool
    policy_version: int

    @property
    def snippets(self) -> dict[str, int]:
        """What the variants use: name → snippet version id."""
        return {name: number for compiled in self.compiled for name, number in compiled.snippets.items()}

    @property
    def variants(self) -> tuple[PublishedVariant, ...]:
        return tuple(compiled.variant for compiled in self.compiled)

    @property
    def removed(self) -> tuple[str, ...]:
        """What was taken out, variant by variant."""
        return tuple(f"variant {item.variant.key}, {line}" for item in self.compiled for line in item.removed)

    @property
    def assets(self) -> list[str]:
        return sorted({name for compiled in self.compiled for name in compiled.assets})


def load_drafts(session: Session, page: Page) -> dict[str, Version]:
    """What publishing would take: the newest version of every variant."""
    return {variant.key: load_draft(session, variant) for variant in list_variants(session, page)}


def load_versions(session: Session, stored: StoredRelease) -> dict[str, Version]:
    """What a release was made of."""
    return {key: session.get_one(Version, number) for key, number in sorted(stored.versions.items())}


def plan_release(
    session: Session,
    page: Page,
    versions: Mapping[str, Version],
    *,
    policy: Policy,
    scheme: str,
    allocation: Allocation | None,
    strip_external: bool,
    snippets: Mapping[str, int] | None = None,
    offered: Collection[str] | None = None,
) -> Plan:
    """Compile every variant, and look at the page as a whole. `snippets` are taken in these versions, others as drafts.

    With `offered`, images come smaller only where all of that is among these assets: what is live stays as it is.
    """
    files = load_files(session, versions.values(), scripts=strip_external, snippets=snippets, offered=offered)
    around = Surroundings(
        slug=page.slug,
        policy=policy,
        scheme=scheme,
        noindex=page.noindex,
        thank_you=page.thank_you,
        thank_you_message=page.thank_you_message,
        allocation=allocation,
        strip_external=strip_external,
        host=session.get_one(Site, page.site_id).host,
        meta=load_meta(page),
    )
    gate = Gate(session, page, policy, files, allocation=allocation)
    compiled: dict[str, Compiled] = {}
    findings: list[Finding] = []
    for key, version in sorted(versions.items()):
        compiled[key], shown = compile_and_show(key, version, around, files)
        findings += [*compiled[key].findings, *gate.check(version, compiled[key], shown)]
    findings += compare_variants(compiled, policy.content.variants)
    if policy.content.dead_links is not None:
        findings += _check_neighbours(session, page, tuple(compiled.values()))
    return Plan(
        versions={key: _id(version) for key, version in sorted(versions.items())},
        compiled=tuple(compiled.values()),
        findings=tuple(findings),
        strip_external=strip_external,
        policy_version=policy.version,
    )


def build(
    site: Site, page: Page, plan: Plan, *, control: str, allocation: Allocation | None
) -> tuple[str, dict[str, bytes]]:
    """Id and files of the release that a plan comes to."""
    assert page.id is not None
    return build_release(
        page_id=page.id,
        host=site.host,
        path=f"/{page.slug}",
        control=control,
        variants=plan.variants,
        policy_version=plan.policy_version,
        allocation=allocation,
    )


def store_release(
    session: Session, page: Page, plan: Plan, release_id: str, files: Mapping[str, bytes], *, now: datetime
) -> StoredRelease:
    """Keep a release for the nodes and for going back; the same again is the one that is there, made of other versions."""
    stored = session.get(StoredRelease, release_id)
    if stored is not None:
        stored.versions, stored.snippets = plan.versions, plan.snippets
        session.add(stored)
        return stored
    assert page.id is not None
    for compiled in plan.compiled:
        for content in compiled.made.values():
            css = settle_css(content.decode(), base="", prefix=ASSET_PREFIX, name_of=lambda _: None)
            store_asset(session, "css", content, now=now, css=css)
    stored = StoredRelease(
        id=release_id,
        page_id=page.id,
        versions=plan.versions,
        snippets=plan.snippets,
        assets=plan.assets,
        files={name: content.decode() for name, content in files.items()},
        strip_external=plan.strip_external,
        policy_version=plan.policy_version,
        created_at=now,
    )
    session.add(stored)
    session.flush()
    return stored


def has_same_content(stored: StoredRelease, plan: Plan, keys: Iterable[str]) -> bool:
    """Whether visitors would notice nothing: the bytes and forms of these variants are what they were."""
    live = read_release(stored.id, {name: text.encode() for name, text in stored.files.items()}).variants
    planned = {variant.key: variant for variant in plan.variants}
    return all(
        key in live
        and key in planned
        and live[key].segments == planned[key].segments
        and live[key].forms == planned[key].forms
        for key in keys
    )


def load_files(
    session: Session,
    versions: Iterable[Version],
    *,
    scripts: bool = False,
    snippets: Mapping[str, int] | None = None,
    offered: Collection[str] | None = None,
) -> Files:
    """What compiling must know of the assets and snippets of versions.

    The texts of scripts are loaded only where something is taken out; `snippets` names versions to take instead of
    drafts, `offered` the only drawings of images to take.
    """
    versions = list(versions)
    blocks = load_blocks(session, versions, pinned=snippets or {})
    names = {name for version in versions for name in version.files.values()}
    names |= {name for block in blocks.values() for name in block.assets}
    sheets = _load_stylesheets(session, {name for name in names if extension(name) == "css"})
    bodies = _load_bodies(session, {name for name in names if scripts and extension(name) in _SCRIPTS})
    texts = {name: body.decode(errors="replace") for name, body in bodies.items()}
    return Files(
        stylesheets=sheets, scripts=texts, blocks=blocks, pictures=_load_pictures(session, names, offered=offered)
    )


def _load_pictures(session: Session, names: set[str], *, offered: Collection[str] | None) -> Pictures:
    """The images, and what the other files say about images."""
    images = load_images(session, {name for name in names if extension(name) in DRAWN_TYPES}, offered)
    if not images:
        return Pictures()
    rules, setting, walking = {}, set(), set()
    for name, body in _load_bodies(session, {name for name in names if extension(name) in _READ}).items():
        if extension(name) == "css":
            rules[name] = read_rules(body.decode())
            continue
        sets, walks = _read_script(body)
        setting |= {name} if sets else set()
        walking |= {name} if walks else set()
    return Pictures(images, rules, frozenset(setting), frozenset(walking))


def load_images(session: Session, names: set[str], offered: Collection[str] | None) -> dict[str, Picture]:
    """As they were drawn; those that still wait for it with their size, and those that do not open not at all."""
    rows = session.exec(select(Rendition).where(col(Rendition.original).in_(names)).order_by(col(Rendition.width)))
    found: dict[str, list[Rendition]] = {name: [] for name in sorted(names)}
    for row in rows:
        found[row.original].append(row)
    images = {name: _describe(name, items, offered) for name, items in found.items() if items}
    for name, body in _load_bodies(session, {name for name, items in found.items() if not items}).items():
        size = measure(body) or (0, 0)
        images[name] = Picture(*size, is_waiting=True)
    return {name: image for name, image in images.items() if image.width and image.height}


def _describe(name: str, rows: list[Rendition], offered: Collection[str] | None) -> Picture:
    original = next(row for row in rows if row.name == name)
    drawn = [row for row in rows if row is not original]
    if offered is not None and not all(row.name in offered for row in drawn if row.format == FORMATS[-1]):
        drawn = []
    avif, webp = ({row.width: row.name for row in drawn if row.format == kind} for kind in FORMATS)
    if webp:  # the widest is as wide as the image: a drawing, or itself
        webp.setdefault(original.width, name)
    return Picture(original.width, original.height, tuple(sorted(webp.items())), tuple(sorted(avif.items())))


@lru_cache(maxsize=256)
def _read_script(body: bytes) -> tuple[bool, bool]:
    text = body.decode(errors="replace")
    return sets_addresses(text), walks_around(text)


def _load_stylesheets(session: Session, names: set[str]) -> dict[str, Stylesheet]:
    """Stylesheets and the ones they import; with text where one of them loads from other hosts."""
    found: dict[str, Stylesheet] = {}
    while names:
        query = select(Asset.name, Asset.css_references).where(col(Asset.name).in_(names))
        for name, references in session.exec(query):
            found[name] = Stylesheet(tuple(references.get("external", ())), tuple(references.get("assets", ())))
        names = {inner for sheet in found.values() for inner in sheet.assets if extension(inner) == "css"} - set(found)
    outward = {name for name, sheet in found.items() if sheet.external}
    while more := {name for name, sheet in found.items() if outward & set(sheet.assets)} - outward:
        outward |= more
    for name, body in _load_bodies(session, outward).items():
        found[name] = Stylesheet(found[name].external, found[name].assets, body.decode())
    return found


def _load_bodies(session: Session, names: set[str]) -> dict[str, bytes]:
    if not names:
        return {}
    return dict(session.exec(select(Asset.name, Asset.body).where(col(Asset.name).in_(names))).all())


def _check_neighbours(session: Session, page: Page, compiled: tuple[Compiled, ...]) -> list[Finding]:
    """Pages that visitors are led to and would not find."""
    wanted = {slug: "The page links to" for item in compiled for slug in item.siblings if slug != page.slug}
    if any(item.variant.forms for item in compiled) and page.thank_you.startswith("/"):
        slug = page.thank_you.strip("/").partition("?")[0].partition("#")[0]
        wanted[slug] = "Its form leads to"
    rows = session.exec(
        select(Page.slug, Page.release_id).where(Page.site_id == page.site_id, col(Page.slug).in_(list(wanted)))
    )
    known = dict(rows.all())
    old = select(Redirect.path).where(
        Redirect.site_id == page.site_id, col(Redirect.path).in_([f"/{slug}" for slug in wanted])
    )
    led_on = {path.lstrip("/") for path in session.exec(old)}  # the table of redirects has its own checks
    return [
        Finding(
            Severity.WARN,
            "references.not-live",
            f"{why} /{slug}, which {'is not live yet' if slug in known else 'is no page here'}.",
            "Publish it too, with this page or before it."
            if slug in known
            else "Make that page, or lead visitors elsewhere.",
        )
        for slug, why in sorted(wanted.items())
        if known.get(slug) is None and slug not in led_on
    ]


def _id(version: Version) -> int:
    assert version.id is not None
    return version.id
