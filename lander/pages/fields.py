"""The fields of a form as its markup declares them: what each asks for, what it is called, what it is labelled.

Reading only. A field without a name gets one here, because without a name a browser does not send it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from lander.document import Document, Element
from lander.form_names import RESERVED_NAMES
from lander.published import FormField

LONGEST_VALUE: Final = 500
_TAKEN_NAMES: Final = RESERVED_NAMES | {"_charset_"}
NEVER_ASKED: Final = frozenset(["password", "file", "card"])
_BUTTONS: Final = frozenset(["submit", "button", "reset", "image"])
_BY_TYPE: Final = {"hidden": "hidden", "email": "email", "tel": "phone", "password": "password", "file": "file"}
_TYPED: Final = frozenset(
    ["number", "range", "date", "time", "month", "week", "datetime-local", "color", "url", "search"]
)
_BY_AUTOCOMPLETE: Final = {
    "email": "email",
    "name": "name",
    "given-name": "name",
    "additional-name": "name",
    "family-name": "name",
    "nickname": "name",
    "organization": "company",
}
_CARD: Final = re.compile(r"\b(cc|card ?number|credit ?card|kreditkarte|cvc|cvv|card ?expiry)\b")
_BY_WORD: Final = (
    ("email", re.compile(r"\b(e ?mail|mail|courriel)\b")),
    ("phone", re.compile(r"\b(phone|telephone|tel|mobile|cell|handy|telefon|mobil|rufnummer)\b")),
    ("company", re.compile(r"\b(company|organi[sz]ation|employer|firma|unternehmen|betrieb|entreprise|société)\b")),
    ("name", re.compile(r"\b(name|firstname|lastname|fullname|surname|vorname|nachname|nom|prénom)\b")),
)
_CONSENT: Final = re.compile(
    r"consent|privacy|gdpr|dsgvo|datenschutz|terms|\bagb\b|\bagree|einwillig|zustimm|einverstanden|opt.?in|confidential"
    r"|newsletter|rgpd",
    re.IGNORECASE,
)
_NOT_A_NAME: Final = re.compile(r"[^A-Za-z0-9_.\[\]-]+")
_NOT_LABEL: Final = frozenset(["select", "option", "optgroup", "textarea", "button", "datalist", "script", "style"])


@dataclass(frozen=True, slots=True)
class Control:
    """One input, select, textarea or named button, with the field it sends."""

    element: Element
    field: FormField
    named_from: str = ""  # what its name was made of, where it had none
    made_required: bool = False  # another tool's markup asks for it; browsers do not know that
    is_consent: bool = False


class Labels:
    """Finds the words beside a control."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._by_control: dict[str, Element] = {}
        self._by_id: dict[str, Element] = {}
        for element in document.elements:
            if element.name == "label" and (target := element.get("for")):
                self._by_control.setdefault(target, element)
            if identity := element.get("id"):
                self._by_id.setdefault(identity, element)

    def find(self, control: Element) -> str:
        """The label's text, or what stands in for one; empty where nothing does."""
        label = self._by_control.get(control.get("id") or "") or next(
            (above for above in control.ancestors() if above.name == "label"), None
        )
        if label is not None and (text := self._words(label)):
            return text
        for other in (control.get("aria-labelledby") or "").split():
            if other in self._by_id and (text := self._words(self._by_id[other])):
                return text
        for attribute in ("aria-label", "placeholder", "title"):
            if text := " ".join((control.get(attribute) or "").split()):
                return text
        return ""

    def group(self, control: Element) -> str:
        """The legend of the fieldset around a control."""
        fieldset = next((above for above in control.ancestors() if above.name == "fieldset"), None)
        legend = (
            None if fieldset is None else next((e for e in self._document.inside(fieldset) if e.name == "legend"), None)
        )
        return "" if legend is None else self._words(legend)

    def options(self, select: Element) -> tuple[str, ...]:
        """The values a select can send, the empty one left out."""
        values = [
            (value if (value := option.get("value")) is not None else " ".join(self._document.text(option).split()))
            for option in self._document.inside(select)
            if option.name == "option" and option.get("disabled") is None
        ]
        return tuple(dict.fromkeys(value for value in values if value))

    def _words(self, element: Element) -> str:
        source = self._document
        inside = (
            text
            for text in source.texts_in(element)
            if text.parent is element or text.parent is None or text.parent.name not in _NOT_LABEL
        )
        return " ".join(" ".join(map(source.decode, inside)).split())[:LONGEST_VALUE]


def read_controls(document: Document, elements: Iterable[Element]) -> list[Control]:
    """The controls among a form's elements, each with the name it has or gets, in source order."""
    labels = Labels(document)
    candidates = [element for element in elements if _sends_something(element)]
    taken = {name for element in candidates if (name := element.get("name"))} | _TAKEN_NAMES
    groups: dict[int, str] = {}
    controls: list[Control] = []
    for element in candidates:
        name = (element.get("name") or "").strip()
        named_from = ""
        if not name or name in _TAKEN_NAMES:
            group = _group_of(element)
            name, named_from = _make_name(element, labels, name)
            if group is not None and group in groups:
                name = groups[group]
            else:
                name = _free(name, taken)
                if group is not None:
                    groups[group] = name
            taken.add(name)
        controls.append(_read_control(element, name, named_from, labels))
    return controls


def merge_fields(controls: Iterable[Control]) -> tuple[FormField, ...]:
    """One field per name: radios and checkboxes of one name share their options."""
    fields: dict[str, FormField] = {}
    for control in controls:
        field, known = control.field, fields.get(control.field.name)
        if known is None:
            fields[field.name] = field
        else:
            options = tuple(dict.fromkeys([*known.options, *field.options])) if known.options and field.options else ()
            fields[field.name] = replace(known, options=options, required=known.required or field.required)
    return tuple(fields.values())


def type_of(element: Element) -> str:
    """The type of an input or button in lower case, with what browsers assume where it is missing."""
    if element.name not in ("input", "button"):
        return element.name
    return (element.get("type") or "").strip().lower() or ("submit" if element.name == "button" else "text")


def is_disabled(element: Element) -> bool:
    return element.get("disabled") is not None or any(
        above.name == "fieldset" and above.get("disabled") is not None for above in element.ancestors()
    )


def _may_be_absent(element: Element) -> bool:
    """Whether it is on the page only where a script puts it there, or only where none runs."""
    return any(above.name in ("template", "noscript") for above in element.ancestors())


def _sends_something(element: Element) -> bool:
    if element.name in ("select", "textarea"):
        return True
    if element.name == "input" and type_of(element) not in _BUTTONS:
        return True
    return element.name in ("input", "button") and type_of(element) == "submit" and bool(element.get("name"))


def _read_control(element: Element, name: str, named_from: str, labels: Labels) -> Control:
    label, kind_of_input = labels.find(element), type_of(element)
    validations = re.split(r"[\s,]+", element.get("data-sb-validations") or "")
    elsewhere = "required" in validations or (element.get("aria-required") or "").lower() == "true"
    required = element.get("required") is not None or elsewhere
    consent = kind_of_input == "checkbox" and _CONSENT.search(f"{label} {name} {element.get('id') or ''}") is not None
    field = FormField(
        name=name,
        kind=_kind_of(element, name, label),
        label=label or (labels.group(element) if _group_of(element) is not None else "") or _spaced(name).capitalize(),
        required=required and not is_disabled(element) and not _may_be_absent(element),
        max_length=_longest(element),
        options=_options_of(element, labels),
        step=_step_of(element),
    )
    made_required = field.required and element.get("required") is None
    return Control(element, field, named_from, made_required=made_required, is_consent=consent)


def _kind_of(element: Element, name: str, label: str) -> str:
    kind = type_of(element)
    if kind in ("select", "checkbox", "radio", "submit"):
        return "choice"
    autocomplete = (element.get("autocomplete") or "").lower().split()
    words = f"{_spaced(name)} / {_spaced(element.get('id') or '')}"
    if kind != "hidden" and (any(word.startswith("cc-") for word in autocomplete) or _CARD.search(words)):
        return "card"
    if kind in _BY_TYPE:
        return _BY_TYPE[kind]
    if kind == "textarea" or kind in _TYPED:
        return "text"
    for word in autocomplete:
        if word in _BY_AUTOCOMPLETE:
            return _BY_AUTOCOMPLETE[word]
        if word.startswith("tel"):
            return "phone"
    short_label = _spaced(label) if len(label.split()) <= 4 else ""
    return next((kind for text in (words, short_label) for kind, pattern in _BY_WORD if pattern.search(text)), "text")


def _step_of(element: Element) -> str:
    """The step it is asked in, where the form is filled in step by step."""
    above = list(element.ancestors())
    if not any(item.name == "form" and item.get("data-steps") is not None for item in above):
        return ""
    steps = (item.get("data-step") for item in above if item.name == "fieldset")
    return " ".join(next((step for step in steps if step is not None), "").split())[:LONGEST_VALUE]


def _options_of(element: Element, labels: Labels) -> tuple[str, ...]:
    kind = type_of(element)
    if kind == "select":
        return labels.options(element)
    if kind in ("radio", "checkbox"):
        value = element.get("value")
        return ("on" if value is None else value,)
    return (element.get("value") or "",) if kind == "submit" else ()


def _longest(element: Element) -> int:
    written = (element.get("maxlength") or "").strip()
    return min(int(written), LONGEST_VALUE) if written.isascii() and written.isdigit() else LONGEST_VALUE


def _group_of(element: Element) -> int | None:
    """Radio buttons of one fieldset or form are one question."""
    if type_of(element) != "radio":
        return None
    around = next((above for above in element.ancestors() if above.name in ("fieldset", "form")), None)
    return -1 if around is None else around.start


def _make_name(element: Element, labels: Labels, reserved: str) -> tuple[str, str]:
    if reserved:
        return f"page_{reserved.strip('_')}", f"'{reserved}', which Lander needs itself"
    label = labels.group(element) if type_of(element) == "radio" else labels.find(element)
    autocomplete = (element.get("autocomplete") or "").lower().split()
    kind = type_of(element)
    sources = [
        ("its id", element.get("id") if kind != "radio" else ""),
        ("its autocomplete", autocomplete[-1] if autocomplete and autocomplete[-1] not in ("on", "off") else ""),
        ("its type", {"email": "email", "tel": "phone", "url": "website", "date": "date"}.get(kind, "")),
        ("its label", "_".join(_spaced(label).split()[:4])),
    ]
    for origin, text in sources:
        if name := _NOT_A_NAME.sub("_", text or "").strip("_.-")[:60]:
            return name, origin
    return ("choice" if kind in ("radio", "checkbox", "select") else "field"), "its place"


def _free(name: str, taken: Iterable[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free


def _spaced(text: str) -> str:
    """Words in lower case: 'emailAddress', 'email_address' and 'E-Mail address' become 'email address', 'e mail address'."""
    return " ".join(re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text))).lower()
