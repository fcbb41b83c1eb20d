"""The gate's questions about a compiled page that need more than its own bytes: what it says and weighs, where its links
lead, which address speaks for it, and whether its variants can be compared.

Looking only. Every answer comes at once; the policy says how grave it is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from urllib.parse import urlsplit

from sqlmodel import Session, col, func, select

from lander.document import Document
from lander.pages.compile import Compiled, Shown
from lander.pages.deadlinks import Around, check_links, list_places
from lander.pages.loads import Files
from lander.pages.meta import absolute, list_imported
from lander.pages.models import Asset, Page, Site, StoredRelease, Version
from lander.pages.redirect_checks import Table
from lander.pages.redirects import load_table
from lander.pages.weight import compressed_size, inline_script_bytes, list_parts
from lander.policy.budgets import check_budgets
from lander.policy.content import check_content
from lander.policy.findings import Finding
from lander.policy.policy import Level, Policy
from lander.published import Allocation, read_release


class Gate:
    """Asks about the variants of one page, one after the other. The database is asked once, and only for what is needed."""

    def __init__(
        self, session: Session, page: Page, policy: Policy, files: Files, *, allocation: Allocation | None
    ) -> None:
        self._session = session
        self._page = page
        self._policy = policy
        self._files = files
        self._allocation = allocation
        self._sizes: dict[str, int] = {}
        self._places_of: dict[str, frozenset[str]] = {}

    def check(self, version: Version, compiled: Compiled, shown: Shown) -> Iterator[Finding]:
        """What is to be said about one variant."""
        content = self._policy.content
        found = [
            *check_content(shown.document, shown.forms, content),
            *(self._check_links(version, compiled, shown) if content.dead_links is not None else ()),
            *self._check_address(shown.served, content.canonical),
            *self._check_body(shown, content.variants),
            *self._check_weight(version, compiled, shown.served),
        ]
        for finding in sorted(found, key=lambda item: item.line or 0):
            yield replace(finding, where=f"variant {compiled.variant.key}")

    @cached_property
    def _site(self) -> Site:
        return self._session.get_one(Site, self._page.site_id)

    @cached_property
    def _pages(self) -> dict[str, bool]:
        """Every page of the site, and whether visitors see it."""
        rows = self._session.exec(select(Page.slug, Page.release_id).where(Page.site_id == self._page.site_id))
        return {slug: release_id is not None for slug, release_id in rows}

    def _places(self, slug: str) -> frozenset[str]:
        """What a fragment can mean on a live page of the site: places that every variant has which visitors see."""
        if slug in self._places_of:
            return self._places_of[slug]
        query = (
            select(StoredRelease)
            .join(Page, col(Page.release_id) == col(StoredRelease.id))
            .where(Page.site_id == self._page.site_id, Page.slug == slug)
        )
        stored = self._session.exec(query).one()
        release = read_release(stored.id, {name: text.encode() for name, text in stored.files.items()})
        seen = {release.control, *(key for key, *_ in (release.allocation.ranges if release.allocation else ()))}
        found = frozenset.intersection(*(list_places(Document(stored.files[f"{key}.html"])) for key in seen))
        self._places_of[slug] = found
        return found

    @cached_property
    def _table(self) -> Table:
        return load_table(self._session, self._site)

    def _check_links(self, version: Version, compiled: Compiled, shown: Shown) -> Iterator[Finding]:
        level = self._policy.content.dead_links
        assert level is not None
        live = {slug for slug, is_live in self._pages.items() if is_live}
        around = Around(
            self._site.host, self._page.slug, live, self._pages.keys() - live, lambda: self._table, self._places
        )
        yield from check_links(shown.document, version, compiled.assets, around, level)

    def _check_address(self, served: Document, level: Level) -> Iterator[Finding]:
        """Which address speaks for the page, and whether search engines are told one thing."""
        if level is None:
            return
        imported = list_imported(served)
        canonicals = [item for item in imported if item.kind == "canonical"]
        if len(canonicals) > 1:
            yield Finding(
                level,
                "content.canonical",
                f"The page has {len(canonicals)} canonical addresses; search engines then believe none of them.",
                "Set the one that speaks for it under Search and social.",
                element="<link>",
            )
        elif canonicals:
            yield from self._check_canonical(canonicals[0].value, level)
        elif not self._page.noindex:
            yield Finding(
                level,
                "content.canonical",
                "Search engines may list the page, and it does not say which address speaks for it.",
                "Set its own address as the canonical one under Search and social.",
                element="<link>",
            )
        yield from self._check_languages([item.value for item in imported if item.kind == "hreflang"], level)
        robots = [item for item in served.named("meta") if (item.get("name") or "").strip().lower() == "robots"]
        if not self._page.noindex and any("noindex" in (item.get("content") or "").lower() for item in robots):
            yield Finding(
                level,
                "content.canonical",
                "You let search engines list the page, and its HTML tells them not to (robots: noindex).",
                "Take that tag out of the HTML.",
                element="<meta>",
            )

    def _check_canonical(self, address: str, level: Level) -> Iterator[Finding]:
        path = self._own_path(address)
        slug = (path or "").strip("/")
        if path is None and _host_of(address).removeprefix("www.") == _core_host(self._site).removeprefix("www."):
            return
        if path is not None and (slug == self._page.slug or self._pages.get(slug)):
            return
        fix = "Set the page's own address, that of a live page here, or one of your core site, under Search and social."
        if path is None:
            what = f"another site ({_host_of(address) or address[:60]})"
        else:
            what = f"{path[:60]}, which is {'not live' if slug in self._pages else 'no page here'}"
        assert level is not None
        yield Finding(
            level,
            "content.canonical",
            f"The canonical address is that of {what}: search engines would leave this page out.",
            fix,
            element="<link>",
        )

    def _check_languages(self, addresses: Sequence[str], level: Level) -> Iterator[Finding]:
        assert level is not None
        if addresses and not any((self._own_path(item) or "").strip("/") == self._page.slug for item in addresses):
            yield Finding(
                level,
                "content.canonical",
                "The page names its other languages and not its own; search engines then ignore the list.",
                "Add the page's own language and address to the list.",
                element="<link>",
            )

    def _own_path(self, address: str) -> str | None:
        """The path of an address on the page's own host; None where it is elsewhere."""
        whole = absolute(address, f"https://{self._site.host}")
        return (urlsplit(whole).path or "/") if _host_of(whole) == self._site.host else None

    def _check_body(self, shown: Shown, level: Level) -> Iterator[Finding]:
        if level is None:
            return
        hidden = {"title", "textarea", "option"}
        texts = (text for text in shown.served.texts if text.parent is None or text.parent.name not in hidden)
        if not any(shown.served.decode(text).strip() for text in texts) and not any(shown.served.named("img", "video")):
            yield Finding(level, "content.variants", "The page shows nothing.", "Write something into its <body>.")
        if (running := self._allocation) is None:
            return
        missing = [
            f"Nothing matches '{selector}'" for selector in running.clicked if not shown.document.select(selector)
        ]
        if not shown.forms and any(kind == "form" for _, kind, _ in running.every_goal):
            missing.append("No form posts here")
        for what in missing:
            yield Finding(
                level,
                "content.variants",
                f"{what}, a goal of {running.experiment_key}: nobody here could reach it.",
                "Bring it back, or end the test first.",
            )

    def _check_weight(self, version: Version, compiled: Compiled, served: Document) -> Iterator[Finding]:
        budgets = self._policy.budgets
        if budgets.weight is None:
            return
        self._load_sizes(compiled.assets - self._sizes.keys())
        made = {name: compressed_size(content) for name, content in compiled.made.items()}
        parts = list_parts(
            served,
            sizes={name: size for name, size in {**self._sizes, **made}.items() if name in compiled.assets},
            paths={**self._files.pictures.name_renditions(version.files), **version.files},
            stylesheets=self._files.stylesheets,
        )
        yield from check_budgets(parts, budgets, inline_script_bytes=inline_script_bytes(served))

    def _load_sizes(self, names: Iterable[str]) -> None:
        """What is sent of each asset to a browser that takes the best form."""
        columns = (Asset.name, Asset.size_bytes, func.length(Asset.gzip), func.length(Asset.brotli))
        for name, plain, gzip, brotli in self._session.exec(select(*columns).where(col(Asset.name).in_(list(names)))):
            self._sizes[name] = min(size for size in (plain, gzip, brotli) if size is not None)


def compare_variants(compiled: Mapping[str, Compiled], level: Level) -> Iterator[Finding]:
    """Whether a visitor of each variant can do the same."""
    with_form = [key for key, item in compiled.items() if item.variant.forms]
    if level is None or not with_form:
        return
    for key in compiled.keys() - set(with_form):
        yield Finding(
            level,
            "content.variants",
            f"It has no form, and variant {with_form[0]} has one: a test that counts forms could not compare them.",
            "Add the form, or count clicks in a test of these two.",
            where=f"variant {key}",
            element="<form>",
        )


def _core_host(site: Site) -> str:
    return _host_of(site.core_site if "://" in site.core_site else f"https://{site.core_site}")


def _host_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
