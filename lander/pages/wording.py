"""Words in text: found as a reader sees them, however they are written (`&amp;`, line ends between words), and what
comes in their place in the same case. Pure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from lander.escapes import unescape

SPACE: Final = re.compile(r"\s+")
_REFERENCE: Final = re.compile(r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);?|\r\n?")


@dataclass(frozen=True, slots=True)
class Pattern:
    """What is looked for: in text as a reader sees it, and in source as it is written."""

    decoded: re.Pattern[str]
    written: re.Pattern[str]
    hint: re.Pattern[str]  # its longest plain stretch, which stands in every source that can match

    def may_match(self, source: str) -> bool:
        return self.hint.search(source) is not None or "&#" in source


@lru_cache(maxsize=1)  # one is worked with at a time, on many sources
def compile_words(find: str, *, whole_word: bool, match_case: bool) -> Pattern:
    """White space matches any other, as browsers fold it; how much of it stands there does not matter."""
    flags = 0 if match_case else re.IGNORECASE
    decoded = r"\s+".join(re.escape(word) for word in SPACE.split(find))
    if whole_word:
        decoded = rf"(?<!\w){decoded}(?!\w)"
    written = decoded.replace(r"\&", "&(?:amp;)?").replace("&(?:amp;)?amp;", "&amp;")
    plain = max(re.split(r"[^A-Za-z0-9]+", find), key=len)
    return Pattern(re.compile(decoded, flags), re.compile(written, flags), re.compile(plain, flags))


def fit_case(new: str, found: str, looked_for: str) -> str:
    """`new` in the place of `found`: where neither was written in capitals, those of what stands there stay.

    >>> fit_case("buggies", "Bumpers", "bumpers"), fit_case("buggies", "BUMPERS", "bumpers")
    ('Buggies', 'BUGGIES')
    """
    if new != new.lower() or not found[:1].isalpha() or looked_for[:1].isspace():
        return new
    letters = [letter for letter in found if letter.isalpha()]
    if len(letters) > 1 and all(letter.isupper() for letter in letters) and not looked_for.isupper():
        return new.upper()
    return new[:1].upper() + new[1:] if found[0].isupper() and not looked_for[:1].isupper() else new


@dataclass(frozen=True, slots=True)
class Places:
    """From an offset in decoded text to one in what is written."""

    bounds: Sequence[tuple[int, int]]  # (decoded offset, written offset) after each reference

    def __call__(self, offset: int) -> int:
        low = (0, 0)
        for bound in self.bounds:
            if bound[0] > offset:
                break
            low = bound
        return low[1] + offset - low[0]


def decode(raw: str) -> tuple[str, Places]:
    """A run of text as a reader sees it, and the way back to where each character is written.

    >>> text, place = decode("a &amp; b")
    >>> text, place(text.index("b"))
    ('a & b', 8)
    """
    parts: list[str] = []
    bounds: list[tuple[int, int]] = []
    position = length = 0
    for found in _REFERENCE.finditer(raw):
        meant = unescape(found[0])
        plain = raw[position : found.start()]
        parts += [plain, meant]
        length += len(plain) + len(meant)
        position = found.end()
        bounds.append((length, position))
    parts.append(raw[position:])
    return "".join(parts), Places(bounds)
