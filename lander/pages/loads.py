"""Decides, for every reference of a version, what stands in the published page.

Own and brought files become assets, sibling pages become their addresses, what is allowed elsewhere stays, and what is
not allowed is either reported or, when asked, taken out and listed. Stylesheets are followed into what they load.
"""

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from lander.artifact import ASSET_PREFIX, asset_name, link_address
from lander.document import Document, Edits, Element
from lander.pages.addresses import Kind, Scope, find_file
from lander.pages.expand import Block
from lander.pages.image_places import Pictures, Used
from lander.pages.models import Version
from lander.pages.references import (
    GOES_WHOLE,
    TAKE_OUT,
    Reference,
    find_references,
    inline_scripts,
    rewrite_references,
    scripts_depending_on,
)
from lander.pages.stylesheets import CssReference, external_references, rewrite_css, strip_external
from lander.policy.findings import Finding, Severity
from lander.policy.policy import Allow
from lander.policy.rules import Load, host_of, is_allowed

_EARLY: Final = frozenset(("preconnect", "dns-prefetch"))


@dataclass(frozen=True, slots=True)
class Stylesheet:
    """A stylesheet among the assets. `text` is given only where it, or one that it imports, loads from other hosts."""

    external: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Files:
    """What must be known of the assets of a version; everything else about them is in their names."""

    stylesheets: Mapping[str, Stylesheet] = field(default_factory=dict)  # asset name → stylesheet, imported ones too
    scripts: Mapping[str, str] = field(default_factory=dict)  # asset name → text; needed only to strip
    blocks: Mapping[str, Block] = field(default_factory=dict)  # snippet name → snippet
    pictures: Pictures = field(default_factory=Pictures)

    def is_in_block(self, asset: str) -> bool:
        """Whether a snippet brings that asset along."""
        return any(asset in block.assets for block in self.blocks.values())


@dataclass(slots=True)
class Settled:
    """What came of a version's references."""

    loads: list[Load] = field(default_factory=list)  # what is not ours, for the rules to judge
    assets: set[str] = field(default_factory=set)  # everything the page uses, through stylesheets too
    scripts: list[str] = field(default_factory=list)  # own script files, by asset name
    own: set[Element] = field(default_factory=set)  # what loads a file of ours
    images: dict[Element, str] = field(default_factory=dict)  # <img> → own image, by asset name
    preloaded: set[str] = field(default_factory=set)  # own images that a <link> names
    made: dict[str, bytes] = field(default_factory=dict)  # asset name → stylesheet without what was taken out
    removed: list[str] = field(default_factory=list)  # a sentence for each thing taken out
    taken_out: set[Element] = field(default_factory=set)
    siblings: set[str] = field(default_factory=set)  # slugs of pages that it links to
    findings: list[Finding] = field(default_factory=list)

    def used(self, clicked: Collection[str] = ()) -> Used:
        """What its images depend on, the selectors of a running test's goals included."""
        sheets = [content.decode() for content in self.made.values()]
        return Used(self.images, self.assets, sheets, self.taken_out | self.own, self.preloaded, clicked)


def settle_references(
    document: Document,
    edits: Edits,
    version: Version,
    *,
    slug: str,
    files: Files,
    allow: Allow,
    strip: bool = False,
    root: str = "",
) -> Settled:
    """Put the published addresses into `edits`. `root` goes before the addresses of sibling pages (in previews)."""
    settling = _Settling(document, version, slug=slug, files=files, allow=allow, strip=strip, root=root)
    references = find_references(document, version.path)
    rewrite_references(edits, document, references, settling.choose)
    for reference in references:
        settling.mark(edits, reference)
    settling.warn_of_dependents(references)
    return settling.settled


class _Settling:
    def __init__(
        self, document: Document, version: Version, *, slug: str, files: Files, allow: Allow, strip: bool, root: str
    ) -> None:
        self.settled = Settled()
        self._document = document
        self._version = version
        self._pages = {**version.links, version.path: slug}
        self._files = files
        self._allow = allow
        self._strip = strip
        self._root = root
        self._sheets: dict[str, str] = {}
        self._scripts_gone: list[str] = []

    def choose(self, reference: Reference) -> str | None:
        """What `rewrite_references` is told: another address, `TAKE_OUT`, or None to leave it."""
        if reference.kind is Kind.LINK:
            return self._choose_link(reference)
        resolved = reference.resolved
        if resolved.scope not in (Scope.EXTERNAL, Scope.RELATIVE):
            if reference.kind is Kind.STYLE and resolved.target:  # a sealed page loads no stylesheet from there
                self.settled.loads.append(_describe(reference))
            return None
        name = self._own(reference)
        if name is not None:
            self.settled.own.add(reference.element)
            if reference.element.name == "img" and reference.attribute == "src":
                self.settled.images[reference.element] = name
            elif reference.element.name == "link":
                self.settled.preloaded.add(name)
            return f"{ASSET_PREFIX}{self._use(name, reference)}{resolved.fragment}"
        load = _describe(reference)
        if load.is_external and is_allowed(load, self._allow):
            return None
        if not (load.is_external and self._strip):
            self.settled.loads.append(load)
            return None
        self.settled.removed.append(f"Line {load.line}: {load.element} {load.address}")
        if reference.css is None and reference.element.name in GOES_WHOLE:
            self.settled.taken_out.add(reference.element)
        if reference.kind is Kind.SCRIPT:
            self._scripts_gone.append(resolved.target)
        return TAKE_OUT

    def mark(self, edits: Edits, reference: Reference) -> None:
        """Own scripts run by their hash, which a browser checks on CORS requests only; other hashes are stale here."""
        element, name = reference.element, self._own(reference)
        if name is None or element in self.settled.taken_out or element.name not in ("script", "link"):
            return
        if reference.kind is Kind.SCRIPT:
            self.settled.scripts.append(name)
            edits.set_attribute(element, "integrity", integrity_of(name))
            edits.set_attribute(element, "crossorigin", "anonymous")
        else:
            edits.remove_attribute(element, "integrity")
            if element.get("crossorigin") is not None:
                edits.set_attribute(element, "crossorigin", "anonymous")

    def warn_of_dependents(self, references: list[Reference]) -> None:
        local = inline_scripts(self._document)
        for reference in references:
            name = self._own(reference) if reference.kind is Kind.SCRIPT else None
            if name is not None and name in self._files.scripts:
                local[reference.address] = self._files.scripts[name]
        for address in self._scripts_gone:
            for sentence in scripts_depending_on(address, local):
                self.settled.findings.append(
                    Finding(
                        Severity.WARN,
                        "strip.dependents",
                        f"{sentence}, which {host_of(address)} no longer brings: it will fail there.",
                        f"Bring a copy of {address} inside, or take that part out of the script.",
                        element="<script>",
                    )
                )

    def _choose_link(self, reference: Reference) -> str | None:
        resolved = reference.resolved
        if resolved.scope is not Scope.RELATIVE or reference.address.startswith("?"):
            return None
        target = resolved.target
        path = find_file(self._pages, resolved)
        if path is None and (not target or target.endswith("/")):
            path = f"{target}index.html" if f"{target}index.html" in self._pages else None
        if path is not None:
            slug = self._pages[path]
            self.settled.siblings.add(slug)
            query = reference.address.partition("#")[0].partition("?")[2]
            return f"{self._root}/{slug}{'?' if query else ''}{query}{resolved.fragment}"
        name = self._own(reference)
        if name is not None:
            return f"{link_address(self._use(name, reference), target)}{resolved.fragment}"
        if not resolved.rooted:
            load = Load("link", reference.address, reference.line, reference.tag, is_external=False)
            self.settled.loads.append(load)
        return None

    def _own(self, reference: Reference) -> str | None:
        """The asset that a reference leads to, if any."""
        address = reference.address.strip()
        if address.startswith(ASSET_PREFIX):
            name = address.removeprefix(ASSET_PREFIX).partition("#")[0].partition("?")[0]
            return name if name in self._version.files.values() or self._files.is_in_block(name) else None
        key = find_file(self._version.files, reference.resolved)
        return None if key is None else self._version.files[key]

    def _use(self, name: str, reference: Reference) -> str:
        """Count an asset as used, with all that it loads; gives the name to use, another one where it was stripped."""
        if name in self._sheets:
            return self._sheets[name]
        sheet = self._files.stylesheets.get(name)
        if sheet is not None and sheet.text:
            used = self._settle_sheet(name, sheet, reference)
        else:
            used = name
            for inner in sheet.assets if sheet is not None else ():
                self._use(inner, reference)
        self._sheets[name] = used
        self.settled.assets.add(used)
        return used

    def _settle_sheet(self, name: str, sheet: Stylesheet, reference: Reference) -> str:
        via = next((path for path, asset in self._version.files.items() if asset == name), name)
        kept = [item for item in external_references(sheet.text) if not self._keeps(item)]
        if not self._strip:
            for item in kept:
                line, tag = reference.line, reference.tag
                self.settled.loads.append(Load(item.kind.value, item.address, line, tag, via=via, via_line=item.line))
            for inner in sheet.assets:
                self._use(inner, reference)
            return name
        text, _ = strip_external(sheet.text, keeps=self._keeps)
        self.settled.removed += [f"Line {item.line} of {via}: {item.address}" for item in kept]

        def lead_to_stripped(item: CssReference) -> str | None:
            inner, mark, fragment = item.address.removeprefix(ASSET_PREFIX).partition("#")
            if not item.address.startswith(ASSET_PREFIX):
                return None
            return f"{ASSET_PREFIX}{self._use(inner, reference)}{mark}{fragment}"

        content = rewrite_css(text, lead_to_stripped).encode()
        made = asset_name(content, "css")
        if made != name:
            self.settled.made[made] = content
        return made

    def _keeps(self, item: CssReference) -> bool:
        return self._allow.permits(item.kind.value, item.address)


def _describe(reference: Reference) -> Load:
    is_external = reference.is_external
    words = set((reference.element.get("rel") or "").lower().split()) if reference.element.name == "link" else set()
    return Load(
        kind=reference.kind.value,
        address=reference.resolved.target if is_external else reference.address,
        line=reference.line,
        element=reference.tag,
        is_external=is_external,
        is_early=bool(_EARLY & words),
    )


def integrity_of(asset: str) -> str:
    """The `integrity` of an asset: its name is its hash."""
    digest = bytes.fromhex(asset.partition(".")[0])
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
