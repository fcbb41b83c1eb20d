"""The few pages that are ours on the pages host, in plain words for a visitor, without scripts.

Not found, thank you, a form with its errors beside the fields, "try again", "don't count me". Everything that came from
a visitor is escaped here.
"""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from lander.form_names import FORM_PATH, HONEYPOT, KEY_FIELD, TOKEN_FIELD
from lander.published import FormField

STYLE: Final = (
    ":root{color-scheme:light dark;background:Canvas;color:CanvasText}"
    "body{font:1.0625rem/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1.25rem}"
    "h1{font-size:1.5rem;line-height:1.25}"
    "label,legend{display:block;font-weight:600;margin-top:1rem}"
    "input,select,textarea,button{font:inherit;padding:.5rem;box-sizing:border-box}"
    "input:not([type=checkbox]),select,textarea{width:100%}"
    "button{margin-top:1.5rem;padding:.5rem 1.25rem}"
    ".error{color:#b3261e;margin:.25rem 0 0}"
    "@media(prefers-color-scheme:dark){.error{color:#ffb4ab}}"
    "[role=alert]{border-left:4px solid;padding:.25rem 1rem}"
    ".trap{position:absolute;left:-99rem}"
    "fieldset{border:0;padding:0;margin:1.5rem 0 0}legend{font-size:1.125rem;padding:0;margin:0}"
)
THANKS_PATH: Final = "/_l/thanks"
OPT_OUT_PATH: Final = "/_l/opt-out"
_BLANK_LINES: Final = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Refilled:
    """A form as somebody sent it: what to show again, and what is wrong with it."""

    token: str
    key: str
    fields: Sequence[FormField]
    values: Mapping[str, Sequence[str]]
    problems: Mapping[str, str]  # field name → sentence
    brought: Mapping[str, str]  # what the page's own hidden fields say of the visit


def not_found() -> str:
    return _page(
        "This page is not here",
        "<p>The address may have a typing error, or the page has been taken away.</p>",
    )


def gone() -> str:
    return _page("This page is gone", "<p>It has been taken away, and nothing took its place.</p>")


def thanks(message: str = "") -> str:
    """After a form: the page's own words, their first line as the heading, a paragraph for each block; or ours."""
    heading, _, rest = message.strip().partition("\n")
    if not heading:
        return _page("Thank you", "<p>We have received what you sent.</p>")
    blocks = (html.escape(block.strip()).replace("\n", "<br>") for block in _BLANK_LINES.split(rest))
    return _page(html.escape(heading.strip()), "".join(f"<p>{block}</p>" for block in blocks if block))


def refused_post() -> str:
    return _page(
        "This form cannot be sent from here",
        "<p>It did not come from one of our pages, or its page is too old. "
        "Please go back, load the page again, and fill in the form once more.</p>",
    )


def bad_post(what: str) -> str:
    return _page("This form could not be read", f"<p>{html.escape(what)}</p>")


def misbehaving() -> str:
    return _page("This does not work right now", "<p>Please try again in a minute.</p>")


def opt_out(*, done: bool) -> str:
    if done:
        return _page(
            "You are not counted any more",
            "<p>This browser remembers your choice for 90 days. You see our pages as before.</p>",
        )
    return _page(
        "Visits to these pages are counted",
        "<p>We compare versions of our pages by counting visits, without names and without passing anything on. "
        "If you don't want your visits to be part of it:</p>"
        f'<form method="post" action="{OPT_OUT_PATH}"><button>Don\'t count my visits</button></form>',
    )


def correct_form(form: Refilled) -> str:
    """The form again, every problem named on top and beside its field."""
    labels = {field.name: field.label or field.name for field in form.fields}
    problems = "".join(
        f'<li><a href="#{_id(form, name)}">{html.escape(labels[name])}</a>: {html.escape(problem)}</li>'
        for name, problem in form.problems.items()
    )
    return _page(
        "Please check what you filled in",
        f'<div role="alert" tabindex="-1" autofocus><p>Nothing has been sent yet.</p><ul>{problems}</ul></div>'
        + _form(form, "Send"),
    )


def try_again(form: Refilled) -> str:
    """The form again where nothing could be kept; what was filled in stays."""
    return _page(
        "We could not keep what you sent",
        '<div role="alert" tabindex="-1" autofocus><p>Something on our side does not work right now, and what you sent '
        "was not received. It is still filled in below: please try again in a minute.</p></div>"
        + _form(form, "Try again"),
    )


def _page(title: str, content: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>{content}</main></body></html>"
    )


def _form(form: Refilled, button: str) -> str:
    fields = "".join(
        _step(step, "".join(_field(form, field) for field in inside))
        for step, inside in groupby(form.fields, key=lambda field: field.step)
    )
    known = {field.name for field in form.fields}
    others = "".join(
        _hidden(name, value) for name, values in form.values.items() if name not in known for value in values
    )
    return (
        f'<form method="post" action="{FORM_PATH}" novalidate>{_hidden(TOKEN_FIELD, form.token)}'
        f"{_hidden(KEY_FIELD, form.key)}{''.join(_hidden(name, value) for name, value in form.brought.items())}"
        f'{fields}{others}<div class="trap" aria-hidden="true">'
        f'<label>Leave this empty <input name="{HONEYPOT}" tabindex="-1" autocomplete="off"></label></div>'
        f"<button>{button}</button></form>"
    )


def _step(name: str, fields: str) -> str:
    return f"<fieldset><legend>{html.escape(name)}</legend>{fields}</fieldset>" if name else fields


def _field(form: Refilled, field: FormField) -> str:
    values = form.values.get(field.name, ())
    if field.kind == "hidden":
        return "".join(_hidden(field.name, value) for value in values)
    identity = _id(form, field.name)
    problem = form.problems.get(field.name)
    attributes = f'id="{identity}" name="{html.escape(field.name)}"'
    if field.required:
        attributes += " required"
    if problem:
        attributes += f' aria-invalid="true" aria-describedby="{identity}-error"'
    error = f'<p class="error" id="{identity}-error">{html.escape(problem)}</p>' if problem else ""
    label = html.escape(field.label or field.name)
    if len(field.options) == 1:
        checked = " checked" if field.options[0] in values else ""
        box = f'<input type="checkbox" {attributes} value="{html.escape(field.options[0])}"{checked}>'
        return f'<label for="{identity}">{box} {label}</label>{error}'
    return f'<label for="{identity}">{label}</label>{_control(field, attributes, values)}{error}'


def _control(field: FormField, attributes: str, values: Sequence[str]) -> str:
    if field.options:
        options = "".join(
            f'<option value="{html.escape(option)}"{" selected" if option in values else ""}>'
            f"{html.escape(option) or 'Please choose'}</option>"
            for option in field.options
        )
        none = "" if "" in field.options else '<option value="">Please choose</option>'
        return f"<select {attributes}{' multiple' if len(values) > 1 else ''}>{none}{options}</select>"
    value = html.escape("\n".join(values))
    if field.kind == "text" and (len(value) > 80 or "\n" in value):
        return f'<textarea {attributes} rows="4">\n{value}</textarea>'
    kinds = {"email": "email", "phone": "tel"}
    return f'<input type="{kinds.get(field.kind, "text")}" {attributes} value="{value}">'


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'


def _id(form: Refilled, name: str) -> str:
    position = next(index for index, field in enumerate(form.fields) if field.name == name)
    return f"field-{position}"
