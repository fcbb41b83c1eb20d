"""Puts snippets into pages: `<lander-snippet name="footer"></lander-snippet>` becomes what the snippet holds.

Pure. The rest of the page stays byte for byte, and its lines keep their numbers: what a snippet brings is told as a line
of the page and one of the snippet. A snippet holds no other snippet, so nothing can go round in circles.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lander.artifact import ASSET_PREFIX
from lander.document import Document, Element, Insertion
from lander.policy.findings import Finding, Severity

ELEMENT: Final = "lander-snippet"
_MENTION: Final = re.compile(rf"<{ELEMENT}(?=[\s/>])", re.IGNORECASE)
_TAG: Final = re.compile(rf"<{ELEMENT}[\s/]((?:\"[^\"]*\"|'[^']*'|[^>\"'])*)", re.IGNORECASE)
_NAME: Final = re.compile(r"(?<![^\s\"'/])name\s*=\s*[\"']?\s*([^\"'\s/>]+)", re.IGNORECASE)
_ASSET: Final = re.compile(rf"{re.escape(ASSET_PREFIX)}([0-9a-f]{{64}}\.[a-z0-9]{{2,11}})")
_NEWLINE: Final = re.compile(r"\r\n?|\n")


@dataclass(frozen=True, slots=True)
class Block:
    """A snippet as compiling needs it."""

    version_id: int
    source: str
    assets: frozenset[str] = frozenset()  # of those that its source names, the ones that are there


@dataclass(frozen=True, slots=True)
class Expanded:
    """A page with its snippets in it."""

    document: Document
    used: dict[str, int] = field(default_factory=dict)  # name → snippet version id
    findings: tuple[Finding, ...] = ()


def mark(name: str) -> str:
    """What a page writes where the snippet is to stand."""
    return f'<{ELEMENT} name="{name}"></{ELEMENT}>'


def has_snippets(source: str) -> bool:
    """Whether a source may name a snippet; cheap, and true for one in a comment too."""
    return _MENTION.search(source) is not None


def named_in(source: str) -> list[str]:
    """The names of the snippets that a page uses, in the order of their first use."""
    return used_in(Document(source)) if has_snippets(source) else []


def used_in(page: Document) -> list[str]:
    """The same of a page that somebody has read already."""
    return list(dict.fromkeys(name for element in _outermost(page) if (name := _name_of(element))))


def mentioned_in(source: str) -> set[str]:
    """The names that may be used in a source, some of them perhaps in a comment; as cheap as looking gets."""
    return {name for tag in _TAG.findall(source) for name in _NAME.findall(tag)}


def assets_in(source: str) -> frozenset[str]:
    """The assets that a snippet names by their address."""
    return frozenset(_ASSET.findall(source))


def expand(source: str, blocks: Mapping[str, Block], *, page: Document | None = None) -> Expanded:
    """Put every snippet that is there into the page; one that is not stays as it is written and is refused.

    `page` is the source as a document, where somebody has it already.
    """
    page = page or Document(source)
    if not has_snippets(source):
        return Expanded(page)
    parts: list[str] = []
    insertions: list[Insertion] = []
    used: dict[str, int] = {}
    findings: list[Finding] = []
    position = length = 0
    for element in _outermost(page):
        name = _name_of(element)
        block = blocks.get(name)
        if block is None:
            findings.append(_refuse(element, name))
            continue
        kept = source[position : element.start]
        parts += [kept, block.source]
        start = length + len(kept)
        length = start + len(block.source)
        lines = len(_NEWLINE.findall(source, element.start, element.close_end))
        insertions.append(Insertion(start, length, name, lines))
        used[name] = block.version_id
        position = element.close_end
    parts.append(source[position:])
    return Expanded(Document("".join(parts), insertions), used, tuple(findings))


def _outermost(page: Document) -> list[Element]:
    """The marks of a page; what stands inside of one goes with it."""
    found: list[Element] = []
    for element in page.named(ELEMENT):
        if not found or element.start >= found[-1].close_end:
            found.append(element)
    return found


def _name_of(element: Element) -> str:
    return (element.get("name") or "").strip()


def _refuse(element: Element, name: str) -> Finding:
    if name:
        sentence = f"Line {element.line} asks for the snippet '{name}', which is not there."
        fix = "Make it under Snippets, or write the name of one that is there."
    else:
        sentence, fix = f"Line {element.line} asks for a snippet and does not say which.", f"Write {mark('footer')}."
    return Finding(Severity.REFUSE, "snippets.unknown", sentence, fix, line=element.line, element=f"<{ELEMENT}>")
