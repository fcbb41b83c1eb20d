"""Compiles one version of a variant into the bytes that visitors get, with slots, headers and the list of its assets.

Pure: the same version under the same surroundings gives the same bytes, so the same release. The stored source never
changes; what is not rewritten stays byte for byte. Scripts and styles are hashed in the page as it will be served.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from lander import beacon, steps
from lander.document import Document, Edits, escape_attribute
from lander.errors import InvalidInput
from lander.form_names import HONEYPOT, KEY_FIELD, QUERY_FIELD, REFERRER_FIELD, TOKEN_FIELD
from lander.headers import Directives, hash_source, page_headers, serialize_csp
from lander.pages.dynamic_text import place_slots
from lander.pages.expand import expand
from lander.pages.forms import AdoptedForm, adopt_forms, apply_form
from lander.pages.loads import Files, Settled, integrity_of, settle_references
from lander.pages.meta import Meta, plan_tags
from lander.pages.models import Version
from lander.pages.regions import read_regions
from lander.pages.responsive import place_renditions
from lander.policy.csp import page_policy
from lander.policy.findings import Finding, Severity
from lander.policy.policy import Policy
from lander.policy.rules import check_page
from lander.published import Allocation, PublishedVariant, QuerySlot, ReferrerSlot, Segment, TextSlot, TokenSlot
from lander.text_slots import fill_text

PREVIEW_TOKEN: Final = "preview"  # noqa: S105  no token: what stands in its place where nothing is counted
_LONGEST_CSP: Final = 8_000  # with the other headers, proxies give up somewhere above
# fmt: off
_JAVASCRIPT: Final = frozenset((  # the HTML standard's list
    "application/ecmascript", "application/javascript", "application/x-ecmascript", "application/x-javascript",
    "text/ecmascript", "text/javascript", "text/javascript1.0", "text/javascript1.1", "text/javascript1.2",
    "text/javascript1.3", "text/javascript1.4", "text/javascript1.5", "text/jscript", "text/livescript",
    "text/x-ecmascript", "text/x-javascript",
))
# fmt: on
_RUNS: Final = _JAVASCRIPT | {"", "module", "importmap", "speculationrules"}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything outside a version that its compiled form depends on."""

    slug: str
    policy: Policy
    scheme: str
    noindex: bool = True
    thank_you: str = ""
    thank_you_message: str = ""
    allocation: Allocation | None = None
    strip_external: bool = False
    host: str = ""  # that absolute addresses of the page begin with
    meta: Meta = field(default_factory=Meta)
    preview_root: str | None = None  # the path that a preview stands under; None where it is published


@dataclass(frozen=True, slots=True)
class Compiled:
    """A variant ready to be released, unless a finding refuses it."""

    variant: PublishedVariant
    directives: Directives
    assets: frozenset[str]
    made: dict[str, bytes] = field(default_factory=dict)  # assets that compiling made: name → content
    findings: tuple[Finding, ...] = ()
    removed: tuple[str, ...] = ()
    siblings: frozenset[str] = frozenset()  # slugs that it links to
    snippets: dict[str, int] = field(default_factory=dict)  # what it uses: name → snippet version id


@dataclass(frozen=True, slots=True)
class Shown:
    """A compiled variant as documents: for who looks at what it says, and not kept for longer."""

    document: Document  # as it was written, snippets in it
    served: Document  # as a visitor without parameters gets it
    forms: tuple[AdoptedForm, ...]


@dataclass(frozen=True, slots=True)
class _Rewritten:
    """A version on its way: what is known once it has been rewritten."""

    document: Document
    parts: tuple[object, ...]
    settled: Settled
    forms: list[AdoptedForm]
    snippets: dict[str, int]
    findings: tuple[Finding, ...]


def compile_variant(key: str, version: Version, around: Surroundings, files: Files) -> Compiled:
    """Compile `version` as variant `key`; findings are reported, not raised. `InvalidInput` where it cannot be rewritten."""
    return compile_and_show(key, version, around, files)[0]


def compile_and_show(key: str, version: Version, around: Surroundings, files: Files) -> tuple[Compiled, Shown]:
    """The same, with what it was made of and what came out."""
    rewritten = _rewrite(key, version, around, files)
    settled = rewritten.settled
    served = Document("".join(map(_show, rewritten.parts)))
    directives = _hash(served, settled.scripts, around)
    findings = [*rewritten.findings, *_check_size(directives)]
    compiled = Compiled(
        variant=PublishedVariant(
            key=key,
            segments=_encode(rewritten.parts),
            headers=page_headers(directives, scheme=around.scheme, noindex=around.noindex),
            forms=tuple(
                replace(form.form, thank_you=around.thank_you, message=around.thank_you_message)
                for form in rewritten.forms
            ),
        ),
        directives=directives,
        assets=frozenset(settled.assets | ({image} if (image := around.meta.social.image) else set())),
        made=settled.made,
        findings=tuple(replace(finding, where=f"variant {key}") for finding in findings),
        removed=tuple(settled.removed),
        siblings=frozenset(settled.siblings),
        snippets=rewritten.snippets,
    )
    return compiled, Shown(rewritten.document, served, tuple(rewritten.forms))


def check_variant(
    key: str, version: Version, around: Surroundings, files: Files, *, page: Document | None = None
) -> tuple[Finding, ...]:
    """What compiling would find, but for what is known only of the page as it is served: in half the time."""
    rewritten = _rewrite(key, version, around, files, page=page)
    return tuple(replace(finding, where=f"variant {key}") for finding in rewritten.findings)


def _rewrite(
    key: str, version: Version, around: Surroundings, files: Files, *, page: Document | None = None
) -> _Rewritten:
    expanded = expand(version.source, files.blocks, page=page)
    document = expanded.document
    edits = Edits(document)
    settled = settle_references(
        document,
        edits,
        version,
        slug=around.slug,
        files=files,
        allow=around.policy.isolation.allow,
        strip=around.strip_external,
        root=around.preview_root or "",
    )
    clicked = around.allocation.clicked if around.allocation is not None else ()
    placed = place_renditions(document, edits, settled.used(clicked), files.pictures)
    settled.assets |= placed.assets
    if placed.style:
        edits.insert(_place_before_styles(document), placed.style)
    forms = adopt_forms(document, enable_submit=version.enable_submit)
    token: object = TokenSlot() if around.preview_root is None else PREVIEW_TOKEN
    for form in forms:
        apply_form(edits, form, at_end=_hidden_fields(form, token))
    slot_findings = place_slots(document, edits)
    _add_to_head(document, edits, around, token, in_steps=any(form.has_steps for form in forms))
    try:
        parts = edits.apply()
    except ValueError as error:  # tags so tangled that one change would reach into another
        raise InvalidInput(
            f"The markup of variant {key} cannot be rewritten: {error}",
            fix="Close the elements there in the order they were opened.",
        ) from None
    findings = (
        *check_page(
            document,
            settled.loads,
            forms,
            around.policy,
            thank_you=around.thank_you,
            taken_out=settled.taken_out,
        ),
        *slot_findings,
        *settled.findings,
        *expanded.findings,
        *read_regions(document).findings,
    )
    return _Rewritten(document, parts, settled, forms, expanded.used, findings)


def _hidden_fields(form: AdoptedForm, token: object) -> tuple[object, ...]:
    """What tells us which view and form an answer belongs to and where its visitor came from, and a field that only
    machines fill in.

    One element at the form's end: rules on the first child or on neighbours keep applying to what they applied to.
    """
    return (
        f'<span style="display:none!important" aria-hidden="true"><input type="hidden" name="{TOKEN_FIELD}" value="',
        token,
        f'"><input type="hidden" name="{KEY_FIELD}" value="{form.form.key}">'
        f'<input type="hidden" name="{QUERY_FIELD}" value="',
        QuerySlot(),
        f'"><input type="hidden" name="{REFERRER_FIELD}" value="',
        ReferrerSlot(),
        f'"><label>Leave this empty <input name="{HONEYPOT}" tabindex="-1" autocomplete="off"></label></span>',
    )


def _add_to_head(document: Document, edits: Edits, around: Surroundings, token: object, *, in_steps: bool) -> None:
    robots = [item for item in document.named("meta") if (item.get("name") or "").strip().lower() == "robots"]
    added: list[object] = []
    if around.noindex and robots:
        for element in robots:
            edits.set_attribute(element, "content", "noindex")
    elif around.noindex:
        added.append('<meta name="robots" content="noindex">')
    added += ['<script data-lander="', token, '"']
    watched = [goal for goal in around.allocation.every_goal if goal[1] != "form"] if around.allocation else []
    if watched:  # a form is counted where it arrives
        goals = json.dumps(watched, separators=(",", ":"))
        added.append(f' data-goals="{escape_attribute(goals)}"')
    added.append(f">{beacon.SCRIPT}</script>")
    if in_steps:
        added.append(f"<script>{steps.SCRIPT}</script>")
    tags = plan_tags(document, around.meta, origin=f"{around.scheme}://{around.host}", path=f"/{around.slug}")
    for item in tags.replaced:
        edits.remove_element(item.element)
    edits.insert(_place_in_head(document), tags.added, *added)


def _place_in_head(document: Document) -> int:
    """Before </head>; without one before <body>, else behind <html>, else before the first tag, never before a doctype."""
    head, body, html = (
        next((item for item in document.named(name) if not item.foreign), None) for name in ("head", "body", "html")
    )
    if head is not None and head.content_end > head.end:
        return head.content_end
    if body is not None:
        return body.start
    if head is not None or html is not None:
        return (head or html or document.elements[0]).end
    return document.elements[0].start if document.elements else len(document.source)


def _place_before_styles(document: Document) -> int:
    """Behind <head>; without one behind <html>, else before the first tag."""
    for name in ("head", "html"):
        if found := next((item for item in document.named(name) if not item.foreign), None):
            return found.end
    return document.elements[0].start


def _hash(served: Document, own_scripts: Iterable[str], around: Surroundings) -> Directives:
    """The page's policy, from the scripts and styles that stand in it as it is served."""
    scripts = [f"'{integrity_of(name)}'" for name in own_scripts]
    for element in served.named("script"):
        kind = (element.get("type") or "").strip().lower()
        text = served.text(element)
        if element.get("src") is None and text and kind in _RUNS:
            scripts.append(hash_source(text))
    return page_policy(
        around.policy,
        scheme=around.scheme,
        scripts=scripts,
        styles=[hash_source(served.text(element)) for element in served.named("style")],
        style_attributes=[hash_source(value) for item in served.elements if (value := item.get("style")) is not None],
        thank_you=[around.thank_you],
    )


def _check_size(directives: Directives) -> list[Finding]:
    size = len(serialize_csp(directives))
    if size <= _LONGEST_CSP:
        return []
    return [
        Finding(
            Severity.WARN,
            "isolation.header-size",
            f"The page has {len(directives['style-src']):,} styles of its own inside tags and <style>; listing them "
            f"takes a header of {size:,} bytes, more than some proxies pass on.",
            "Move the style attributes into a stylesheet.",
        )
    ]


def _show(part: object) -> str:
    """What a visitor without parameters sees of it."""
    if isinstance(part, TextSlot):
        return fill_text(None, part.transform, part.default)
    return part if isinstance(part, str) else "-"


def _encode(parts: Sequence[object]) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    for part in parts:
        if isinstance(part, str):
            segments.append(part.encode())
        else:
            assert isinstance(part, TokenSlot | TextSlot | QuerySlot | ReferrerSlot), part
            segments.append(part)
    return tuple(segments)
