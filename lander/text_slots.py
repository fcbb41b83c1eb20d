"""Dynamic text: what a visitor's parameter becomes before it stands in a page.

The value is cleaned, transformed, cut and HTML-escaped for text and for quoted attributes; where nothing is left of it,
the page's own default stands there. Marketing's content is never run as a template. A leaf: publishing, previews and
the public path show the same.
"""

import html
import re
from collections.abc import Callable, Mapping
from typing import Final

LONGEST: Final = 80
# C0 and C1 controls, line and paragraph separators, marks that turn the direction of text around them, lone surrogates
_REMOVED: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_UNDECODABLE: Final = "\ufffd"


def _titlecase(text: str) -> str:
    # not str.title(), which makes "Don'T" of "don't"
    return " ".join(word.capitalize() for word in text.split(" "))


TRANSFORMS: Final[Mapping[str, Callable[[str], str]]] = {
    "": str,
    "titlecase": _titlecase,
    "uppercase": str.upper,
    "lowercase": str.lower,
    "capitalized": str.capitalize,
}
"""By the name that stands in `{{parameter|transform|default}}`."""


def fill_text(value: str | None, transform: str, default: str) -> str:
    """HTML for one slot: the visitor's `value` after `transform`, else the `default` as its author wrote it.

    At most 80 characters of the value are shown. A value that is missing, empty, made of controls only or not UTF-8
    gives the default. A transform nobody knows changes nothing.

    >>> fill_text("new york", "titlecase", "Vancouver")
    'New York'
    >>> fill_text("<b>", "", "Vancouver")
    '&lt;b&gt;'
    >>> fill_text(None, "uppercase", "R&D")
    'R&amp;D'
    """
    return html.escape(_show(value, transform) or default, quote=True)


def _show(value: str | None, transform: str) -> str:
    if not value or _UNDECODABLE in value:
        return ""
    cleaned = _REMOVED.sub("", value).strip()[:LONGEST]
    # cut again: upper case makes two letters of some
    return TRANSFORMS.get(transform, str)(cleaned)[:LONGEST].strip()
