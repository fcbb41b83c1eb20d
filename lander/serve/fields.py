"""Checks what a form sent against the fields that its published markup declared: every problem at once.

Only declared fields are kept. Markup can be changed by whoever fills in the form, so the server alone decides.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from email_validator import EmailNotValidError, validate_email

from lander.published import FormField

_PUNCTUATION: Final = re.compile(r"[\s()+./\-‐-―]+")
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_PHONE_DIGITS: Final = range(6, 16)


@dataclass(frozen=True, slots=True)
class Checked:
    """The values as they are kept, and what is wrong with them: field name → sentence."""

    values: dict[str, str]
    problems: dict[str, str]


def check_fields(fields: Sequence[FormField], sent: Mapping[str, Sequence[str]]) -> Checked:
    """Check every field; several values of one name are kept joined by commas."""
    values: dict[str, str] = {}
    problems: dict[str, str] = {}
    for field in fields:
        given = [value for value in (clean(text) for text in sent.get(field.name, ())) if value]
        if field.kind == "hidden":  # nobody can mend what they cannot see
            values[field.name] = ", ".join(given)[: field.max_length]
            continue
        values[field.name] = ", ".join(given)
        problem = _check_field(field, given)
        if problem:
            problems[field.name] = problem
    return Checked(values, problems)


def clean(text: str) -> str:
    """Without control characters and outer blanks, line ends as one character."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _check_field(field: FormField, given: Sequence[str]) -> str:
    if not given:
        return _ask_for(field) if field.required else ""
    if field.options:
        if all(value in field.options for value in given):
            return ""
        return "Please choose one of the options."
    value = ", ".join(given)
    if len(value) > field.max_length:
        return f"Please use at most {field.max_length} characters; these are {len(value)}."
    if field.kind == "email":
        return _check_email(value)
    return _check_phone(value) if field.kind == "phone" else ""


def _ask_for(field: FormField) -> str:
    if len(field.options) == 1:
        return "Please tick this box."
    return "Please choose one of the options." if field.options else "Please fill this in."


def _check_email(value: str) -> str:
    try:
        validate_email(value, check_deliverability=False)
    except EmailNotValidError as error:
        return f"This is not an e-mail address. {error}"
    return ""


def _check_phone(value: str) -> str:
    digits = _PUNCTUATION.sub("", value)
    if digits.isascii() and digits.isdigit() and len(digits) in _PHONE_DIGITS:
        return ""
    return "This is not a phone number. It has 6 to 15 digits; spaces, brackets and + are fine."
