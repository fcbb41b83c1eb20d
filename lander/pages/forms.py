"""Adopting the forms of a page, so that they post to Lander instead of nowhere or to somebody else.

`adopt_forms` only reads: it says what each form asks for and lists every change it would make. `apply_form` makes them
on an edit of the source; the stored source never changes. `data-lander="off"` on a form leaves it alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lander.campaign import PARAMETERS
from lander.document import Document, Edits, Element
from lander.form_names import FORM_PATH
from lander.pages.fields import NEVER_ASKED, Control, merge_fields, read_controls, type_of
from lander.published import Form, QuerySlot

_ELSEWHERE: Final = ("formaction", "formmethod", "formenctype", "formtarget")
_CONTROLS: Final = frozenset(("input", "select", "textarea", "button"))
_URLENCODED: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Change:
    """One change to one attribute, and why, as a sentence. `value` None takes the attribute away."""

    sentence: str
    element: Element
    attribute: str
    value: str | QuerySlot | None


@dataclass(frozen=True, slots=True)
class AdoptedForm:
    """A form, what it asks for, and what adopting it changes."""

    form: Form
    element: Element
    changes: tuple[Change, ...]
    problems: tuple[str, ...]  # what keeps it from working or being allowed
    notes: tuple[str, ...]  # what its owner should know

    @property
    def line(self) -> int:
        return self.element.line

    @property
    def has_steps(self) -> bool:
        """Whether it is filled in step by step."""
        return _count_steps(self.form) > 1

    @property
    def sentences(self) -> tuple[str, ...]:
        """Every change in words, in source order."""
        return tuple(dict.fromkeys(change.sentence for change in self.changes if change.sentence))

    def as_json(self) -> dict[str, Any]:
        return {
            "key": self.form.key,
            "line": self.line,
            "fields": [
                {"name": item.name, "kind": item.kind, "label": item.label, "required": item.required}
                for item in self.form.fields
            ],
            "consent_text": self.form.consent_text,
            "changes": list(self.sentences),
            "problems": list(self.problems),
            "notes": list(self.notes),
        }


@dataclass(slots=True)
class _Draft:
    changes: list[Change] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def adopt_forms(document: Document, *, enable_submit: bool) -> list[AdoptedForm]:
    """Every form that becomes ours, in source order; keys f1, f2… count all forms of the page."""
    adopted = []
    for number, element in enumerate(document.named("form"), start=1):
        if _reason_to_leave(element, document) is None:
            adopted.append(_adopt(document, element, f"f{number}", enable_submit=enable_submit))
    return adopted


def list_left_alone(document: Document) -> list[str]:
    """A sentence on each form that is not adopted."""
    return [
        f"The form in line {element.line} is left alone: {reason}."
        for element in document.named("form")
        if (reason := _reason_to_leave(element, document)) is not None
    ]


def apply_form(edits: Edits, adopted: AdoptedForm, *, at_end: Sequence[object] = ()) -> None:
    """Make the changes, and post the form to us; `at_end` are parts to put before its end tag."""
    for change in adopted.changes:
        if change.value is None:
            edits.remove_attribute(change.element, change.attribute)
        else:
            edits.set_attribute(change.element, change.attribute, change.value)
    edits.set_attribute(adopted.element, "method", "post")
    edits.set_attribute(adopted.element, "action", FORM_PATH)
    if at_end:
        edits.insert(adopted.element.content_end, *at_end)


def _reason_to_leave(element: Element, document: Document) -> str | None:
    if (element.get("data-lander") or "").strip().lower() == "off":
        return 'its author wrote data-lander="off"'
    if (element.get("method") or "").strip().lower() == "dialog":
        return "it closes a dialog and sends nothing"
    if (element.get("role") or "").strip().lower() == "search" or any(
        item.name == "input" and type_of(item) == "search" for item in document.inside(element)
    ):
        return "it is a search form"
    return None


def _adopt(document: Document, element: Element, key: str, *, enable_submit: bool) -> AdoptedForm:
    draft = _Draft()
    members = _members(document, element)
    controls = read_controls(document, members)
    _redirect(element, members, draft)
    for control in controls:
        _plan_control(control, draft)
    _plan_submit(element, members, draft, enable_submit=enable_submit)
    _check_steps(element, controls, draft)
    _check_markup(document, element, controls, draft)
    consent = sorted((item for item in controls if item.is_consent), key=lambda item: not item.field.required)
    form = Form(
        key=key,
        fields=merge_fields(controls),
        thank_you="",
        consent_text=consent[0].field.label if consent else "",
    )
    return AdoptedForm(form, element, tuple(draft.changes), tuple(draft.problems), tuple(draft.notes))


def _members(document: Document, form: Element) -> list[Element]:
    """The elements that belong to a form: those in it, and those elsewhere that name it.

    Its end tag may stand inside an element that goes on (`<form><div></form><input></div>`): then that element, and what
    follows in it, is still in the form. In a table it is the other way round: what stands before the end tag belongs to
    the form, though it is not in it.
    """
    identity = form.get("id")
    inside = {id(element) for element in document.inside(form)}
    members = []
    for element in document.elements:
        owner = element.get("form")
        if owner is not None:
            if owner == identity:
                members.append(element)
        elif id(element) in inside or (element.name in _CONTROLS and form in element.ancestors()):
            members.append(element)
    return members


def _redirect(form: Element, members: list[Element], draft: _Draft) -> None:
    where, action = f"The form in line {form.line}", (form.get("action") or "").strip()
    if action and action != FORM_PATH:
        draft.changes.append(
            Change(f"{where} was sent to {action}; it comes to Lander instead.", form, "action", FORM_PATH)
        )
    else:
        draft.changes.append(Change(f"{where} was sent nowhere; it comes to Lander.", form, "action", FORM_PATH))
    if (form.get("method") or "").strip().lower() != "post":
        sentence = f"{where} wrote its answers into the address; they are sent unseen (method post)."
        draft.changes.append(Change(sentence, form, "method", "post"))
    if (form.get("enctype") or _URLENCODED).strip().lower() != _URLENCODED:
        draft.changes.append(Change(f"{where} is sent as plain fields (no enctype).", form, "enctype", None))
    if (form.get("target") or "_self").strip().lower() != "_self":
        sentence = f"{where} opened its answer elsewhere; the thank-you page opens in the same window (no target)."
        draft.changes.append(Change(sentence, form, "target", None))
    for element in members:
        for attribute in _ELSEWHERE:
            if element.get(attribute) is not None:
                sentence = (
                    f"The button in line {element.line} no longer overrides where the form goes (no {attribute})."
                )
                draft.changes.append(Change(sentence, element, attribute, None))


def _plan_control(control: Control, draft: _Draft) -> None:
    element, item = control.element, control.field
    if control.named_from:
        sentence = f"The {_noun(element)} in line {element.line} had no name; it is called '{item.name}', after "
        sentence += f"{control.named_from}."
        if "Lander needs" in control.named_from:
            sentence = (
                f"The {_noun(element)} in line {element.line} was called {control.named_from}; it is '{item.name}'."
            )
        draft.changes.append(Change(sentence, element, "name", item.name))
    if control.made_required and type_of(element) not in ("checkbox", "radio"):
        sentence = f"'{item.label}' (line {element.line}) was required by a script; now the browser asks for it."
        draft.changes.append(Change(sentence, element, "required", ""))
    if item.kind == "hidden" and item.name in PARAMETERS:
        value = element.get("value") or ""
        sentence = f"The hidden field '{item.name}' in line {element.line} gets what the visitor's address brings."
        draft.changes.append(Change(sentence, element, "value", QuerySlot(item.name, "" if "{{" in value else value)))
    if item.kind in NEVER_ASKED:
        what = {"password": "a password", "file": "a file", "card": "a payment card"}[item.kind]
        draft.problems.append(
            f"'{item.label}' in line {element.line} asks for {what}. Landing pages never do: take the field out."
        )


def _plan_submit(form: Element, members: list[Element], draft: _Draft, *, enable_submit: bool) -> None:
    buttons = [item for item in members if item.name in ("button", "input") and type_of(item) in ("submit", "image")]
    if not buttons:
        draft.notes.append(
            f"The form in line {form.line} has no submit button; some visitors will not find how to send it."
        )
    for button in buttons:
        classes = (button.get("class") or "").split()
        switched_off = [
            *(["attribute disabled"] if button.get("disabled") is not None else []),
            *(["class disabled"] if "disabled" in classes else []),
        ]
        if not switched_off:
            continue
        what = f"The submit button in line {button.line} is switched off ({' and '.join(switched_off)})"
        if not enable_submit:
            draft.notes.append(f"{what}: nobody can send this form until the page switches it on itself.")
            continue
        sentence = f"{what}; it is switched on."
        if button.get("disabled") is not None:
            draft.changes.append(Change(sentence, button, "disabled", None))
        if "disabled" in classes:
            kept = " ".join(word for word in classes if word != "disabled")
            draft.changes.append(Change(sentence, button, "class", kept))


def _check_steps(form: Element, controls: list[Control], draft: _Draft) -> None:
    if form.get("data-steps") is None:
        return
    steps = list(dict.fromkeys(control.field.step for control in controls if control.field.step))
    if len(steps) > 1:
        draft.notes.append(
            f"The form in line {form.line} is filled in step by step: {', '.join(steps)}. "
            "Where no script runs, all steps stand below one another."
        )
    else:
        draft.notes.append(
            f"The form in line {form.line} says data-steps and has fewer than two steps with fields in them; it is shown "
            'as a whole. Put each step into <fieldset data-step="Its name">.'
        )


def _count_steps(form: Form) -> int:
    return len({item.step for item in form.fields if item.step})


def _check_markup(document: Document, form: Element, controls: list[Control], draft: _Draft) -> None:
    if not any(control.field.kind != "hidden" for control in controls):
        draft.problems.append(
            f"The form in line {form.line} asks for nothing: it has no field that a visitor can fill in."
        )
    if form.content_end == form.end and form.close_end == form.end:
        draft.problems.append(f"The form in line {form.line} is never closed. Add </form> after its last field.")
    if any(item.name == "noscript" and item.content_end >= form.content_end for item in document.inside(form)):
        # what tells us whose answer it is goes before the end tag, and would be gone wherever scripts run
        draft.problems.append(
            f"The form in line {form.line} is closed inside <noscript>, which browsers that run scripts pass over. "
            "Move </form> behind </noscript>."
        )
    if any(above.name == "form" for above in form.ancestors()):
        draft.problems.append(
            f"The form in line {form.line} stands inside another form; browsers ignore it. Take one out."
        )
    if form.get("data-sb-form-api-token") is not None:
        draft.notes.append(f"The form in line {form.line} was made for SB Forms; its answers come to Lander now.")


def _noun(element: Element) -> str:
    kind = type_of(element)
    return {"textarea": "text box", "select": "list", "checkbox": "checkbox", "radio": "choice"}.get(kind, "field")
