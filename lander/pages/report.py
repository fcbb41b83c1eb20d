"""What an import did and found, as data and as sentences that a marketer reads.

Looking changes nothing: the same questions that publishing asks are asked here early, so that nobody is surprised.
"""

from dataclasses import dataclass
from typing import Any

from lander.document import Document, Edits
from lander.pages.expand import expand
from lander.pages.forms import AdoptedForm, adopt_forms, list_left_alone
from lander.pages.loads import Files, settle_references
from lander.pages.models import Page, Version
from lander.pages.references import inline_scripts, scripts_depending_on
from lander.pages.responsive import place_renditions
from lander.policy.findings import Finding, count_refusals, say_in_the_way
from lander.policy.policy import Allow, Policy
from lander.policy.rules import Load, check_load, check_page

_KIND_WORDS = {
    "script": "a script",
    "style": "a stylesheet",
    "img": "an image",
    "font": "a font",
    "media": "video or sound",
    "connect": "a connection",
    "frame": "an embedded page",
}


@dataclass(frozen=True, slots=True)
class PageMade:
    """An HTML file of the upload and the page it is now."""

    path: str
    slug: str
    variant: str
    version: int
    title: str
    is_new: bool  # False: the page had this very content already


@dataclass(frozen=True, slots=True)
class FileMade:
    """A file of the upload, or one brought in place of an address, and the asset it is now."""

    key: str
    asset: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ExternalReference:
    """Something that a page wants from another host. Without a finding it is allowed."""

    path: str
    load: Load
    finding: Finding | None
    used_by: tuple[str, ...] = ()  # local scripts that fail without it

    def __str__(self) -> str:
        if self.finding is not None:
            sentence = f"{self.path}: {self.finding.sentence} {self.finding.fix} ({self.load.address})"
        else:
            what = _KIND_WORDS.get(self.load.kind, self.load.kind)
            sentence = f"{self.path}: Line {self.load.line} loads {what} from {self.load.address}. Your IT allows it."
        return " ".join([sentence, *(f"{use}, which fails without it." for use in self.used_by)])

    def as_json(self) -> dict[str, Any]:
        return {
            "page": self.path,
            "address": self.load.address,
            "kind": self.load.kind,
            "line": self.load.line,
            "element": self.load.element,
            "via": self.load.via,
            "allowed": self.finding is None,
            "finding": self.finding.as_json() if self.finding else None,
            "used_by": list(self.used_by),
        }


@dataclass(frozen=True, slots=True)
class Examined:
    """What one page holds, as the rules see it."""

    path: str
    external: tuple[ExternalReference, ...]
    findings: tuple[Finding, ...]
    forms: tuple[AdoptedForm, ...]
    left_alone: tuple[str, ...]
    scripts: tuple[str, ...]
    images: tuple[str, ...] = ()  # what publishing does to them


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Everything that an import did, and what stands in the way of publishing it."""

    page: Page
    address: str
    variant: str
    pages: tuple[PageMade, ...]
    files: tuple[FileMade, ...]
    examined: tuple[Examined, ...]
    left_out: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]

    @property
    def external(self) -> tuple[ExternalReference, ...]:
        return tuple(reference for examined in self.examined for reference in examined.external)

    @property
    def forms(self) -> tuple[AdoptedForm, ...]:
        return tuple(form for examined in self.examined for form in examined.forms)

    def as_json(self) -> dict[str, Any]:
        return {
            "address": self.address,
            "variant": self.variant,
            "thank_you": self.page.thank_you,
            "pages": [
                {
                    "path": made.path,
                    "slug": made.slug,
                    "variant": made.variant,
                    "version": made.version,
                    "title": made.title,
                    "new": made.is_new,
                }
                for made in self.pages
            ],
            "files": [{"path": file.key, "asset": file.asset, "bytes": file.size_bytes} for file in self.files],
            "left_out": [{"path": path, "reason": reason} for path, reason in self.left_out],
            "external": [reference.as_json() for reference in self.external],
            "findings": [
                {"page": examined.path, **finding.as_json()}
                for examined in self.examined
                for finding in examined.findings
            ],
            "scripts": [{"page": item.path, "script": name} for item in self.examined for name in item.scripts],
            "forms": [{"page": item.path, **form.as_json()} for item in self.examined for form in item.forms],
            "images": [f"{item.path}: {sentence}" for item in self.examined for sentence in item.images],
            "forms_left_alone": [sentence for item in self.examined for sentence in item.left_alone],
            "warnings": list(self.warnings),
        }

    def sentences(self) -> list[str]:
        """The report in words: what is there now, what was changed, what stands in the way."""
        return [
            *self._say_what_came(),
            *(f"Left out: {path} ({reason})." for path, reason in self.left_out),
            *self.warnings,
            *(sentence for examined in self.examined for sentence in _say_forms(examined)),
            *(f"{examined.path}: {sentence}" for examined in self.examined for sentence in examined.images),
            *self._say_what_stands_in_the_way(),
        ]

    def _say_what_came(self) -> list[str]:
        main, *others = self.pages
        said = [f"{main.path} is variant {main.variant} of {self.address} now. Visitors see nothing until you publish."]
        host = self.address.partition("/")[0]
        for made in others:
            role = ", where its forms lead" if self.page.thank_you == f"/{made.slug}" else ""
            state = "is" if made.is_new else "was already"
            said.append(f"{made.path} {state} the page {host}/{made.slug}{role}.")
        if self.files:
            size = sum(file.size_bytes for file in self.files) / 1e6
            count = f"{len(self.files)} files" if len(self.files) != 1 else "One file"
            said.append(f"{count} came along ({size:.1f} MB).")
        scripts = [f"{name} ({item.path})" for item in self.examined for name in item.scripts]
        if scripts:
            said.append(f"Scripts of its own: {', '.join(dict.fromkeys(scripts))}.")
        return said

    def _say_what_stands_in_the_way(self) -> list[str]:
        refusals = sum(reference.finding is not None for reference in self.external) + sum(
            count_refusals(examined.findings) for examined in self.examined
        )
        said = [str(reference) for reference in self.external]
        said += [
            f"{examined.path}: {finding.sentence} {finding.fix}"
            for examined in self.examined
            for finding in examined.findings
        ]
        if refusals:
            said.append(f"{say_in_the_way(refusals)} of publishing; all of them are named above.")
        return said


def examine(version: Version, *, slug: str, files: Files, policy: Policy, thank_you: str) -> Examined:
    """Ask of a version what publishing would ask."""
    document = expand(version.source, files.blocks).document
    # nothing is allowed here, so that what IT allows is listed too
    settled = settle_references(document, Edits(document), version, slug=slug, files=files, allow=Allow())
    used = {key: name for key, name in version.files.items() if name in settled.assets and name in files.scripts}
    local = {**inline_scripts(document), **{key: files.scripts[name] for key, name in used.items()}}
    external = [
        ExternalReference(
            version.path,
            load,
            check_load(load, policy),
            tuple(scripts_depending_on(load.address, local)) if load.kind == "script" else (),
        )
        for load in settled.loads
        if load.is_external
    ]
    missing = [load for load in settled.loads if not load.is_external]
    forms = adopt_forms(document, enable_submit=version.enable_submit)
    return Examined(
        path=version.path,
        external=tuple(external),
        findings=tuple(check_page(document, missing, forms, policy, thank_you=thank_you)),
        forms=tuple(forms),
        left_alone=tuple(list_left_alone(document)),
        scripts=tuple(local),
        images=tuple(_say_images(document, version, slug=slug, files=files, policy=policy)),
    )


def _say_images(document: Document, version: Version, *, slug: str, files: Files, policy: Policy) -> list[str]:
    """As they would be published, without what may not be loaded."""
    edits, allow = Edits(document), policy.isolation.allow
    settled = settle_references(document, edits, version, slug=slug, files=files, allow=allow, strip=True)
    return place_renditions(document, edits, settled.used(), files.pictures).sentences


def _say_forms(examined: Examined) -> list[str]:
    said = [f"{examined.path}: {sentence}" for sentence in examined.left_alone]
    for form in examined.forms:
        consent = form.form.consent_text
        asked = ", ".join(
            "consent" if item.label == consent else f"{_shorten(item.label)} ({item.kind})"
            for item in form.form.fields
            if item.kind != "hidden"
        )
        said.append(f"{examined.path}: The form in line {form.line} asks for {asked or 'nothing'}.")
        said += [f"  {sentence}" for sentence in (*form.sentences, *form.notes)]
        if asked:
            said.append(f"  With each answer is kept: “{consent}”" if consent else "  It has no consent box.")
    return said


def _shorten(label: str) -> str:
    return label if len(label) <= 40 else f"{label[:39].rstrip()}…"
