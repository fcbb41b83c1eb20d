"""What the styles and scripts of a page say that matters to its images. Pure text.

Read roughly, and always towards caution: a rule too many only makes an image load larger than it could.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_BRACE: Final = re.compile(r"([^{}]*)([{}])")
_COMMENT: Final = re.compile(r"/\*[\s\S]*?(?:\*/|$)")
SHAPES: Final = re.compile(
    r"(?<![\w-])(?:(?:(?:max-|min-)?height|(?:max-|min-)?block-size|aspect-ratio|all)\s*:\s*(?!auto|none)"
    r"|(?:width|inline-size)\s*:\s*(?:auto|[\w-]*content|initial|unset|revert))"
)
STACKS: Final = re.compile(r"(?<![\w-])(?:display\s*:[^;]*(?:flex|grid)|flex-(?:direction|flow)\s*:)")
HAS_WIDTH: Final = re.compile(
    r"(?<![\w-])(?:width\s*:\s*(?!auto|[\w-]*content|inherit|initial|unset|revert)|max-width\s*:[^;]*(?:%|vw))"
)
_CONTENT: Final = re.compile(r"(?<![\w-])content\s*:")
_PSEUDO_ELEMENT: Final = re.compile(r"::[\w-]+(?:\([^)]*\))?|:(?:before|after|first-line|first-letter)\b")
_PASSING: Final = re.compile(r":(?:hover|focus-within|focus-visible|focus|active|visited|link|target|checked)\b")
_SETS_ADDRESS: Final = re.compile(
    r"""([\w$]*)[)\]]?\.src\s*=(?!=)\s*(?!["'](?:https?:)?//)|(?:attr|prop|Attribute)\(\s*(?:["']src["']\s*,|{[^}]*\bsrc\b)"""
)
_MADE_THERE: Final = re.compile(r"([\w$]+)\s*=\s*(?:[\w$.]+\.createElement\(|new Image\b)")
_WALKS: Final = re.compile(
    r"\.(?:parentNode|parentElement|childNodes|children|(?:first|last)(?:Element)?Child|matches"
    r"|(?:next|previous)(?:Element)?Sibling|parent|next|prev|nextAll|prevAll|siblings|wrap|unwrap|tagName|nodeName)\b"
    r"""|["'`][^"'`\n]*(?:>|[+~]\s*[\w.#*\[]|-child|-of-type|picture)[^"'`\n]*["'`]"""
)
_BOOTSTRAP: Final = re.compile(r"\s*/\*!?\s*\*?\s*Bootstrap (?:JS )?v[3-5]\b")  # it walks among its own components

_PART: Final = re.compile(r"""\[(?:"[^"]*"|'[^']*'|[^\]"'])*\]|\\.|\s*[>+~]\s*|\s+|.""", re.DOTALL)
_POSITION: Final = re.compile(r":(?:first|last|only|nth|nth-last)-(?:child|of-type)(?:\([^()]*\))?")
_OF_TYPE: Final = re.compile(r"-of-type\b")
_FUNCTION: Final = re.compile(r":(?:not|is|where|matches|any)\((?:[^()]|\([^()]*\))*\)")
_ANYTHING: Final = re.compile(r"\*?(?::[\w-]+(?:\((?:[^()]|\([^()]*\))*\))?)*")
_TYPE: Final = re.compile(r"[A-Za-z][\w-]*")


@dataclass(frozen=True, slots=True)
class Rules:
    """The selectors of a stylesheet that matter to images."""

    shaping: tuple[str, ...] = ()  # of what gets a height or its own width, under whatever condition
    stacking: tuple[str, ...] = ()  # of what may stretch its children
    bounding: tuple[str, ...] = ()  # of what gets a width that is not its own, always
    noticing: tuple[str, ...] = ()  # of images that would not be found as before with an element around them


@lru_cache(maxsize=64)
def read_rules(css: str) -> Rules:
    """What a stylesheet says."""
    shaping, stacking, bounding, noticing = [], [], [], []
    around: list[str] = []
    for match in _BRACE.finditer(_COMMENT.sub(" ", css)):
        text, brace = match.groups()
        if brace == "{":
            around.append(text.rpartition(";")[2].strip())
            text = text.rpartition(";")[0]  # declarations before a nested rule
            selector, outer = (around[-2] if len(around) > 1 else ""), around[:-2]
        else:
            selector, outer = (around.pop() if around else ""), list(around)
        if any("keyframes" in item for item in outer) or not (selector or outer):
            continue
        is_nested = any(not item.startswith("@") or item.startswith("@scope") for item in outer)
        selectors = ["*"] if is_nested or selector.startswith("@") else list(_list_found(selector))
        if SHAPES.search(text):
            shaping += selectors
        if STACKS.search(text):
            stacking += selectors
        if HAS_WIDTH.search(text) and all(item.startswith("@layer") for item in outer) and not selector.startswith("@"):
            bounding += [] if is_nested else selectors
        if is_nested and text.strip():
            noticing.append("*")
        elif not selector.startswith("@") and text.strip():
            seen = (item for item in _split(selector) if _CONTENT.search(text) or not _PSEUDO_ELEMENT.search(item))
            noticing += [found for item in seen for found in find_noticing(item)]
    return Rules(*(tuple(dict.fromkeys(item)) for item in (shaping, stacking, bounding, noticing)))


def sets_addresses(script: str, *, is_file: bool = True) -> bool:
    """Whether a script gives images another address: theirs would not show beside a `srcset`.

    In a page's own short scripts, addresses of what the script has just made (a tag, a pixel) do not count.
    """
    made = set() if is_file else set(_MADE_THERE.findall(script))
    return any(match[1] not in made or not match[1] for match in _SETS_ADDRESS.finditer(script))


def walks_around(script: str) -> bool:
    """Whether a script goes from element to element, and so might meet one that its author did not write."""
    return _BOOTSTRAP.match(script) is None and _WALKS.search(script) is not None


def find_noticing(selector: str) -> Iterator[str]:
    """Selectors of the images for which one selector finds something else when an element stands around the image.

    Such an element has the image's place among its siblings, no class and no id, and is no box. So it is noticed only by
    who looks from parent to child, from sibling to sibling, at a position, or at elements of any kind.
    """
    bare = _PASSING.sub("", selector).strip()
    plain = _PSEUDO_ELEMENT.sub("", bare)
    if ":has(" in plain or "&" in plain or " of " in plain or re.search(r"\b(?:picture|source)\b", plain):
        yield "*"
        return
    if any(re.search(r"[>+~]|\S\s+\S", item[1:]) for item in _FUNCTION.findall(plain) if not _is_list(item)):
        yield "*"
        return
    compounds, combinators = _take_apart(plain)
    last = len(compounds) - 1
    for number, compound in enumerate(compounds):
        if _OF_TYPE.search(compound) and (_TYPE.match(compound) is None or re.match(r"img\b", compound)):
            yield "*"
            return
        if number < last and combinators[number] in "+~":
            yield _join(compounds, combinators, number, _loosen(compound))
    subject = compounds[last]
    if (combinators and combinators[-1] != " ") or _POSITION.search(subject):
        yield _join(compounds, combinators, last, _loosen(subject))
    if _is_anything(subject) and (_FUNCTION.search(subject) or bare != plain):
        yield _join(compounds, combinators, last, "*")
    if last and _is_anything(compounds[last - 1]):
        yield _join(compounds, combinators, last - 1, "*")


def _take_apart(selector: str) -> tuple[list[str], list[str]]:
    """`a > b c` → [a, b, c], [>, " "]."""
    compounds, combinators, depth = [""], [], 0
    for part in _PART.findall(selector):
        depth += {"(": 1, ")": -1}.get(part, 0)
        if depth <= 0 and part.strip() in ("", ">", "+", "~") and not part.startswith("\\"):
            compounds.append("")
            combinators.append(part.strip() or " ")
        else:
            compounds[-1] += part
    return compounds, combinators


def _join(compounds: list[str], combinators: list[str], number: int, compound: str) -> str:
    """The selector up to that compound, with another one in its place."""
    before = "".join(f"{item} {sign} " for item, sign in zip(compounds[:number], combinators, strict=False))
    return " ".join(f"{before}{compound}".split())


def _loosen(compound: str) -> str:
    """Without what it says about positions."""
    found = _POSITION.sub("", _FUNCTION.sub(lambda item: "" if _POSITION.search(item[0]) else item[0], compound))
    return found or "*"


def _is_anything(compound: str) -> bool:
    """Whether it names no kind, class, id or attribute."""
    return _ANYTHING.fullmatch(compound) is not None


def _is_list(function: str) -> bool:
    """Whether what stands in `:not(…)` is a list of simple selectors."""
    inside = function.partition("(")[2][:-1]
    return all(not re.search(r"[>+~]|\S\s+\S", item.strip()) for item in inside.split(","))


def _list_found(selector: str) -> Iterator[str]:
    """The selectors of a list that find elements, and not parts of them."""
    return (item for item in _split(selector) if not _PSEUDO_ELEMENT.search(item))


def _split(selector: str) -> Iterator[str]:
    for item in re.split(r",(?![^(\[]*[)\]])", selector):
        if item.strip():
            yield item.strip()


def without_passing(selector: str) -> str:
    """The selector of an element in whatever state it is."""
    return _PASSING.sub("", selector) or "*"
