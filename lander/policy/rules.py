"""The rules as pure functions: a page and a policy in, findings out. All of them at once, none of them fixed here.

What a page loads is handed in as `Load`s and its forms as they were adopted; this package knows nothing of how pages
are stored. Every refusal names element and line, and says what to do about it.
"""

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urlsplit

from lander.document import Attribute, Document, Element
from lander.policy.findings import Finding, Severity
from lander.policy.policy import Allow, Policy
from lander.published import Form

_NOUNS: Final = {
    "script": ("a script", "scripts"),
    "style": ("a stylesheet", "stylesheets"),
    "img": ("an image", "images"),
    "font": ("a font", "fonts"),
    "media": ("video or sound", "video or sound"),
    "frame": ("an embedded page", "embedded pages"),
    "link": ("a page", "pages"),
}
_HANDLER: Final = re.compile(r"on[a-z]{3,}")
_INVISIBLE: Final = re.compile(r"[\x00-\x20]+")
_ADDRESSES: Final = frozenset(("href", "xlink:href", "src", "data", "poster", "background", "formaction", "srcdoc"))
_CODE: Final = ("javascript", "vbscript")
_META: Final = {
    "refresh": ("sends visitors elsewhere by itself", "Link to the other page, or set it as the thank-you page."),
    "content-security-policy": (
        "brings security rules of its own",
        "Take it out: your IT's rules are sent with every page.",
    ),
    "set-cookie": ("sets a cookie", "Take it out: pages here set no cookies."),
}
_PLUGINS: Final = ("object", "embed", "applet")
_PLUGIN_TAGS: Final = tuple(f"<{name}>" for name in _PLUGINS)
_FRAMES: Final = ("iframe", "frame", "fencedframe", "portal")
_NOT_LOADED: Final = re.compile(r"(data|blob|about|javascript):", re.IGNORECASE)
_ON_ANOTHER_HOST: Final = re.compile(r"(https?:)?//", re.IGNORECASE)
_FIELD_NOUNS: Final = {
    "email": "an e-mail address",
    "name": "a name",
    "company": "a company",
    "phone": "a phone number",
    "text": "free text",
    "choice": "a choice",
    "hidden": "a hidden value",
}
_LOOSE_FIELDS: Final = {"password": "a password", "file": "a file"}
_NEVER_ASKED: Final = frozenset(("password", "file", "card"))  # the adopted form brings its own sentence for these


@dataclass(frozen=True, slots=True)
class Load:
    """One thing that a page wants loaded and that is none of its own files."""

    kind: str  # script style img font media connect frame
    address: str  # absolute where it leads to another host, else as it is written
    line: int  # of the page; where a stylesheet asks, the line that brings the stylesheet in
    element: str  # e.g. <script>
    is_external: bool = True  # else a file that the upload did not bring
    via: str = ""  # the stylesheet that asks for it
    via_line: int = 0  # where in that stylesheet
    is_early: bool = False  # only opens a connection for what is loaded later


class Adopted(Protocol):
    """What the rules need to know of an adopted form."""

    @property
    def form(self) -> Form: ...

    @property
    def element(self) -> Element: ...

    @property
    def line(self) -> int: ...

    @property
    def problems(self) -> tuple[str, ...]: ...


def check_page(
    document: Document,
    loads: Iterable[Load],
    forms: Sequence[Adopted],
    policy: Policy,
    *,
    thank_you: str = "",
    taken_out: Container[Element] = (),
) -> list[Finding]:
    """Everything the policy has to say about a page, in the order of its lines.

    `taken_out` are elements that publishing leaves out: what stands in their tags breaks no rule any more.
    """
    elements = [element for element in document.elements if element not in taken_out]
    found = [
        *(finding for load in loads if (finding := check_load(load, policy)) is not None),
        *_check_attributes(document, elements),
        *_check_head(elements),
        *_check_embeds(elements),
        *_check_forms(forms, policy),
        *_check_loose_fields(document, elements, forms),
        *(check_thank_you(thank_you, policy) if forms else ()),
    ]
    return sorted(found, key=lambda finding: finding.line or 0)


def check_load(load: Load, policy: Policy) -> Finding | None:
    """What the policy says of one thing loaded; None where it is allowed."""
    one, many = _NOUNS.get(load.kind, ("data", "connections"))
    asks = f"Line {load.via_line} of {load.via}" if load.via else f"Line {load.line}"
    if load.element in _PLUGIN_TAGS:
        return None  # refused for what it is, wherever it loads from
    if load.kind == "style" and (scheme := _NOT_LOADED.match(load.address)):
        return Finding(
            Severity.REFUSE,
            "isolation.style-address",
            f"{asks} loads a stylesheet from a {scheme[0].lower()} address. Sealed pages load none from there.",
            "Write the rules into a <style> of the page, or upload them as a file.",
            line=load.line,
            element=load.element,
        )
    if not load.is_external:
        return Finding(
            Severity.WARN,
            "references.missing",
            f"{asks} {'leads to' if load.kind == 'link' else f'wants {one},'} {load.address}, "
            "which is not among the uploaded files.",
            "Upload it together with the page, or take the reference out.",
            line=load.line,
            element=load.element,
        )
    if is_allowed(load, policy.isolation.allow):
        return None
    host = host_of(load.address)
    verb, there = ("connects to", "there") if load.kind == "connect" else (f"loads {one} from", "from there")
    fix = f"Take it out (one click), upload a copy of it, or ask IT to allow {host} for {many}."
    if load.address.lower().startswith("http:"):
        fix = f"Only https is ever loaded. {fix}"
    return Finding(
        Severity.REFUSE,
        f"isolation.allow.{load.kind}",
        f"{asks} {verb} {host}. Your IT allows no {many} {there}.",
        fix,
        line=load.line,
        element=load.element,
        address=load.address,
    )


def is_allowed(load: Load, allow: Allow) -> bool:
    """Whether IT lets this be loaded; a connection opened early is, where anything at all may come from that host."""
    return allow.names(host_of(load.address)) if load.is_early else allow.permits(load.kind, load.address)


def check_thank_you(address: str, policy: Policy) -> list[Finding]:
    """Where a form leads: our own host, or one that IT named."""
    if not address or (address.startswith("/") and not address.startswith(("//", "/\\"))):
        return []
    if any(
        address == f"https://{host}" or address.startswith(f"https://{host}/") for host in policy.forms.thank_you_hosts
    ):
        return []
    return [
        Finding(
            Severity.REFUSE,
            "forms.thank_you_hosts",
            f"The form leads to {address}. Your IT lets forms lead to pages here"
            + (f" and to {', '.join(policy.forms.thank_you_hosts)}." if policy.forms.thank_you_hosts else " only."),
            "Choose a thank-you page of your own, write its https address in full, or ask IT to allow its host.",
            element="<form>",
        )
    ]


def is_code(attribute: str, value: str) -> bool:
    """Whether a browser would run, or show as a page, what stands in such an attribute."""
    scheme = _INVISIBLE.sub("", value).lower().partition(":")[0]
    return (
        _HANDLER.fullmatch(attribute) is not None
        or attribute == "srcdoc"
        or (attribute in _ADDRESSES and scheme in _CODE)
    )


def host_of(address: str) -> str:
    """The host that a person recognises an address by."""
    try:
        return urlsplit(address).netloc.rpartition("@")[2] or address
    except ValueError:
        return address


def _check_attributes(document: Document, elements: list[Element]) -> Iterator[Finding]:
    for element in elements:
        for attribute in element.attributes:
            if problem := _find_code(element, attribute):
                rule, what, fix = problem
                line = document.line(attribute.start)
                sentence = (
                    f"Line {line} {what} of <{element.name}>. Pages here run only what was looked at when publishing."
                )
                yield Finding(Severity.REFUSE, rule, sentence, fix, line=line, element=f"<{element.name}>")


def _find_code(element: Element, attribute: Attribute) -> tuple[str, str, str] | None:
    """(rule, what is wrong, how to mend it) where an attribute holds code."""
    if _HANDLER.fullmatch(attribute.name):
        fix = f"Move it into a script of the page: element.addEventListener('{attribute.name[2:]}', …)."
        return "isolation.inline-handler", f"runs code from the attribute {attribute.name}", fix
    if attribute.name not in _ADDRESSES:
        return None
    scheme = _INVISIBLE.sub("", attribute.value).lower().partition(":")[0]
    if scheme in _CODE:
        fix = "Give it a real address or '#', and let a script of the page do the rest."
        return "isolation.javascript-address", f"has a {scheme}: address in the attribute {attribute.name}", fix
    if element.name == "script" and scheme in ("data", "blob"):
        fix = "Write the script into the page, or upload it as a file."
        return (
            "isolation.script-address",
            f"loads a script from a {scheme}: address in the attribute {attribute.name}",
            fix,
        )
    return None


def _check_head(elements: list[Element]) -> Iterator[Finding]:
    for element in elements:
        if element.name == "base":
            what, fix = "changes where every address of the page leads", "Take it out, and write addresses in full."
            yield _refuse_element(element, "isolation.base", what, fix)
        equivalent = (element.get("http-equiv") or "").strip().lower()
        if element.name == "meta" and equivalent in _META:
            what, fix = _META[equivalent]
            yield _refuse_element(element, f"isolation.meta-{equivalent}", what, fix)


def _check_embeds(elements: list[Element]) -> Iterator[Finding]:
    for element in elements:
        address = (element.get("src") or "").strip()
        if element.name in _PLUGINS:
            what = "embeds a file the old way, which never loads in a sealed page"
            yield _refuse_element(element, "isolation.plugin", what, "Link to it, or show it as an image or video.")
        elif element.name in _FRAMES and element.get("srcdoc") is not None:
            what = "embeds a page written into the attribute srcdoc"
            yield _refuse_element(element, "isolation.frame", what, "Put its content into the page itself.")
        elif element.name in _FRAMES and address and not _ON_ANOTHER_HOST.match(address):
            what = "embeds a page that is on no other host; sealed pages embed nothing of their own"
            yield _refuse_element(element, "isolation.frame", what, "Put its content into the page, or link to it.")


def _check_forms(forms: Sequence[Adopted], policy: Policy) -> Iterator[Finding]:
    allowed = policy.forms.field_types
    for adopted in forms:
        for problem in adopted.problems:
            yield Finding(
                Severity.REFUSE, "forms.markup", problem, "Change it in the page's source.", "", adopted.line, "<form>"
            )
        for item in adopted.form.fields:
            if item.kind in allowed or item.kind in _NEVER_ASKED:
                continue
            yield Finding(
                Severity.REFUSE,
                "forms.field_types",
                f"The form in line {adopted.line} asks for {_FIELD_NOUNS.get(item.kind, item.kind)} "
                f"('{item.label or item.name}'). Your IT does not let forms ask for that.",
                "Take the field out, or ask IT.",
                line=adopted.line,
                element="<form>",
            )


def _check_loose_fields(document: Document, elements: list[Element], forms: Sequence[Adopted]) -> Iterator[Finding]:
    """What no page asks for is not asked for outside of adopted forms either, in a form left alone or for a script."""
    adopted = {inner for item in forms for inner in document.inside(item.element)}
    for element in elements:
        noun = _LOOSE_FIELDS.get((element.get("type") or "").strip().lower()) if element.name == "input" else None
        if noun is not None and element not in adopted:
            what = f"asks for {noun}. Landing pages never do"
            yield _refuse_element(element, "forms.field_types", what, "Take the field out.")


def _refuse_element(element: Element, rule: str, what: str, fix: str) -> Finding:
    sentence = f"Line {element.line} {what} (<{element.name}>)."
    return Finding(Severity.REFUSE, rule, sentence, fix, line=element.line, element=f"<{element.name}>")
