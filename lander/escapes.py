"""Text into HTML and back: escaping, and character references decoded as a browser decodes them."""

import re
from html.entities import html5
from typing import Final

_ASCII_LOWER: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)} | {0: "\ufffd"}
_REFERENCE: Final = re.compile(r"&(?:#[xX]([0-9a-fA-F]+);?|#([0-9]+);?|([A-Za-z][A-Za-z0-9]*;?))")
_LONGEST_ENTITY: Final = max(map(len, html5))


def escape_text(text: str) -> str:
    """Text as HTML content."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_attribute(text: str) -> str:
    """Text as the content of a double-quoted attribute."""
    return escape_text(text).replace('"', "&quot;")


def lower(text: str) -> str:
    """Lower case of ASCII letters alone, as HTML compares names ('K', the Kelvin sign, is no k)."""
    if text.islower() and "\0" not in text:  # nearly always, and four times as fast
        return text
    return text.translate(_ASCII_LOWER)


def unescape(text: str, *, in_attribute: bool = False) -> str:
    """Character references and newlines decoded as a browser does; `?a=1&copy=2` in an attribute stays what it is."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "&" not in text:
        return text

    def decode(match: re.Match[str]) -> str:
        hexadecimal, decimal, name = match.groups()
        if name is None:
            return _character(int(hexadecimal[:8], 16) if hexadecimal else int(decimal[:8]))
        if name in html5 and (name.endswith(";") or not in_attribute or text[match.end() : match.end() + 1] != "="):
            return html5[name]
        if not in_attribute:
            for length in range(min(len(name), _LONGEST_ENTITY), 1, -1):
                if name[:length] in html5:
                    return html5[name[:length]] + name[length:]
        return match.group()

    return _REFERENCE.sub(decode, text)


def _character(code: int) -> str:
    if code == 0 or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    if 0x80 <= code <= 0x9F:
        return bytes([code]).decode("cp1252", errors="ignore") or chr(code)
    return chr(code)
