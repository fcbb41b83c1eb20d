"""Finds dynamic text in a page: `{{city|titlecase|Vancouver}}`, and Unbounce's `<ub:dynamic>`.

Only places that show text take a slot: text, the title, `alt title placeholder aria-label value` and the meta
description. Never scripts, styles, addresses, handlers or Open Graph; what stands there stays as written and is
reported. Nothing is evaluated: a slot is a parameter, a transform and a default.
"""

import re
from typing import Final

from lander.document import Attribute, Document, Edits, Element, Text
from lander.escapes import unescape
from lander.policy.findings import Finding, Severity
from lander.published import TextSlot
from lander.text_slots import TRANSFORMS

# a parameter, then anything with a pipe: what reads like ours; `{{name}}` alone belongs to somebody's template engine
_BRACES: Final = re.compile(r"\{\{\s*([A-Za-z0-9_.-]{1,64})\s*\|([^{}]*)\}\}")
_PLAIN: Final = re.compile(r"\{\{[^{}|]*\}\}")
_UB: Final = re.compile(r"<ub:dynamic\b([^>]*)>([^<]*)</ub:dynamic\s*>", re.IGNORECASE)
_UB_ATTRIBUTE: Final = re.compile(r"""([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_TEXT_ATTRIBUTES: Final = frozenset(("alt", "title", "placeholder", "aria-label"))
_SHOWN_INPUTS: Final = frozenset(("", "text", "email", "tel", "search", "url", "number", "submit", "button", "reset"))
_SYNTAX: Final = "{{city|titlecase|Vancouver}}"


def place_slots(document: Document, edits: Edits) -> list[Finding]:
    """Put a slot into `edits` wherever the page asks for dynamic text; returns what could not be understood."""
    reader = _Reader(document, edits)
    reader.read()
    return reader.findings


class _Reader:
    def __init__(self, document: Document, edits: Edits) -> None:
        self.findings: list[Finding] = []
        self._document = document
        self._edits = edits
        self._replaced: list[tuple[int, int]] = []

    def read(self) -> None:
        for element in self._document.named("ub:dynamic"):
            self._read_ub(element)
        for text in self._document.texts:
            if not any(start <= text.start < end for start, end in self._replaced):
                self._read_text(text)
        for element in self._document.elements:
            for attribute in element.attributes:
                if "{{" in attribute.value:
                    self._read_attribute(element, attribute)

    def _read_ub(self, element: Element) -> None:
        if element.close_end == element.end:
            self._refuse(element.line, "<ub:dynamic>", "opens <ub:dynamic> and never closes it", "Write </ub:dynamic>.")
            return
        default = " ".join(self._document.text(element).split())
        slot = self._make(element.get("parameter"), element.get("method"), default, element.line, "<ub:dynamic>")
        if slot is not None:
            self._edits.remove_element(element)
            self._edits.insert(element.start, slot)
            self._replaced.append((element.start, element.close_end))

    def _read_text(self, text: Text) -> None:
        source = self._document.source[text.start : text.end]
        parent = f"<{text.parent.name}>" if text.parent else ""
        if parent in ("<title>", "<textarea>"):  # raw text: a browser sees no tags in there
            self._read_ub_in_raw_text(text, source, parent)
        if "{{" not in source:
            return
        line = self._document.line(text.start + source.index("{{"))
        if parent == "<option>":
            self._keep(line, parent, "a choice of a form, which the server must know beforehand")
            return
        for match in _BRACES.finditer(source):
            at = self._document.line(text.start + match.start())
            slot = self._read_braces(match, at, parent)
            if slot is not None:
                self._edits.replace(text.start + match.start(), text.start + match.end(), slot)
        self._warn_of_plain(source, line, parent)

    def _read_ub_in_raw_text(self, text: Text, source: str, parent: str) -> None:
        for match in _UB.finditer(source):
            line = self._document.line(text.start + match.start())
            found = {
                name.lower(): unescape(double or single) for name, double, single in _UB_ATTRIBUTE.findall(match[1])
            }
            slot = self._make(found.get("parameter"), found.get("method"), unescape(match[2]), line, parent)
            if slot is not None:
                self._edits.replace(text.start + match.start(), text.start + match.end(), slot)

    def _read_attribute(self, element: Element, attribute: Attribute) -> None:
        tag = f"<{element.name}>"
        line = self._document.line(attribute.start)
        if not shows_text(element, attribute.name):
            if _BRACES.search(attribute.value):
                self._keep(line, tag, f"the attribute {attribute.name}")
            return
        parts: list[object] = []
        position = 0
        for match in _BRACES.finditer(attribute.value):
            slot = self._read_braces(match, line, tag, decoded=True)
            if slot is not None:
                parts += [attribute.value[position : match.start()], slot]
                position = match.end()
        if parts:
            self._edits.set_attribute(element, attribute.name, *parts, attribute.value[position:])
        self._warn_of_plain(attribute.value, line, tag)

    def _read_braces(self, match: re.Match[str], line: int, tag: str, *, decoded: bool = False) -> TextSlot | None:
        parts = match[2].split("|")
        if len(parts) != 2:
            self._refuse(
                line,
                tag,
                f"has dynamic text {match[0]}, which does not have three parts",
                f"Write parameter, transform and default like {_SYNTAX}; the transform may be empty.",
            )
            return None
        default = parts[1].strip()
        return self._make(match[1], parts[0].strip(), default if decoded else unescape(default), line, tag)

    def _make(self, parameter: str | None, transform: str | None, default: str, line: int, tag: str) -> TextSlot | None:
        transform = (transform or "").strip().lower()
        if not parameter or not parameter.strip():
            self._refuse(line, tag, "has dynamic text that names no parameter", f"Write it like {_SYNTAX}.")
            return None
        if transform not in TRANSFORMS:
            known = ", ".join(name for name in TRANSFORMS if name)
            self._refuse(
                line,
                tag,
                f"changes dynamic text by '{transform}', which nobody knows",
                f"Write {known}, or nothing between the bars.",
            )
            return None
        return TextSlot(parameter.strip(), transform, default.strip())

    def _keep(self, line: int, tag: str, place: str) -> None:
        self.findings.append(
            Finding(
                severity=Severity.WARN,
                rule="dynamic-text.place",
                sentence=f"Line {line} has dynamic text in {place} of {tag}. It stays there as written.",
                fix="What visitors bring along is shown in text only, never in addresses, scripts or styles.",
                line=line,
                element=tag,
            )
        )

    def _refuse(self, line: int, tag: str, what: str, fix: str) -> None:
        self.findings.append(
            Finding(
                severity=Severity.REFUSE,
                rule="dynamic-text.syntax",
                sentence=f"Line {line} {what}.",
                fix=fix,
                line=line,
                element=tag,
            )
        )

    def _warn_of_plain(self, text: str, line: int, tag: str) -> None:
        if match := _PLAIN.search(text):
            self.findings.append(
                Finding(
                    severity=Severity.WARN,
                    rule="dynamic-text.syntax",
                    sentence=f"Line {line} shows {match[0]} to visitors as it is written.",
                    fix=f"If it is dynamic text, give it a transform and a default: {_SYNTAX}.",
                    line=line,
                    element=tag,
                )
            )


def shows_text(element: Element, name: str) -> bool:
    """Whether visitors read, or hear, what stands in this attribute of an element."""
    if name in _TEXT_ATTRIBUTES:
        return True
    if name == "value":
        return element.name == "input" and (element.get("type") or "").strip().lower() in _SHOWN_INPUTS
    return name == "content" and element.name == "meta" and (element.get("name") or "").strip().lower() == "description"
