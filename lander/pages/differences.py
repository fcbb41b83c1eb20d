"""What differs between two versions: first what a reader would notice, word by word, then the lines of the source.

Read only. What is compared is the versions as they are stored, not what publishing makes of them.
"""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lander.document import Document, Element, Text
from lander.pages.models import Version

SAME, ADDED, REMOVED = "same", "added", "removed"
MOST_LINES: Final = 400
_MOST_ITEMS: Final = 4_000  # of each side that are really compared
_MOST_WORDS: Final = 2_000
_ALIKE: Final = 0.3  # below that, a text was replaced and not edited
_INLINE: Final = frozenset(
    [
        *("a", "abbr", "b", "bdi", "bdo", "br", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd"),
        *("lander-text", "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "u", "ub:dynamic"),
        *("var", "wbr"),
    ]
)
_BLOCKS: Final = {
    "title": "Title",
    "h1": "Headline",
    **dict.fromkeys(("h2", "h3", "h4", "h5", "h6"), "Heading"),
    "button": "Button",
    "label": "Label",
    "legend": "Label",
    "option": "Choice",
    "figcaption": "Caption",
    "li": "List",
    **dict.fromkeys(("td", "th"), "Table"),
}
_ATTRIBUTES: Final = {
    "alt": "Picture’s description",
    "aria-label": "Label for screen readers",
    "placeholder": "Placeholder",
    "title": "Hint",
    "href": "Link leads to",
    "src": "Picture",
}
_ONLY_ON: Final = {"href": ("a", "area"), "src": ("img", "source", "video", "audio", "input")}
_BUTTONS: Final = ("submit", "button", "reset")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that reads differently; `before` or `after` is empty where it is only on one side."""

    what: str  # as people call it: Headline, Button, or the region's own name
    line: int  # in the newer version, or in the older one where it was taken out
    before: str
    after: str
    words: tuple[tuple[str, str], ...]  # both sides in one, in order: kind (same, removed, added) and words of it

    def __str__(self) -> str:
        return f"{self.what}: {', '.join(self._say())}"

    def as_json(self) -> dict[str, Any]:
        return {"what": self.what, "line": self.line, "before": self.before, "after": self.after}

    def _say(self) -> Iterator[str]:
        words = [(kind, text) for kind, text in self.words if kind != SAME]
        while words:
            kind, text = words.pop(0)
            if kind == REMOVED and words and words[0][0] == ADDED:
                yield f"'{text}' → '{words.pop(0)[1]}'"
            else:
                yield f"'{text}' {'added' if kind == ADDED else 'taken out'}"


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that two versions do not share."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...]  # what no text shows
    lines: tuple[tuple[str, str], ...]  # of the source: kind (same, added, removed, place) and text

    @property
    def is_none(self) -> bool:
        return not (self.changes or self.notes or self.lines)


@dataclass(frozen=True, slots=True)
class _Item:
    """Something that a reader of the page sees or hears."""

    what: str
    text: str
    line: int

    @property
    def key(self) -> tuple[str, str]:
        return self.what, self.text


def compare_versions(before: Version, after: Version) -> Difference:
    """What is different in `after`."""
    changes = compare_texts(before.source, after.source)
    notes = [*_compare_files(before, after)]
    if changes is None:
        notes.insert(0, "So much differs that only the source is compared.")
    return Difference(tuple(changes or ()), tuple(notes), tuple(compare_lines(before.source, after.source)))


def compare_texts(before: str, after: str) -> list[Change] | None:
    """What reads differently, in the order of the page; None where that is too much to list."""
    old, new = _read_items(before), _read_items(after)
    start, end = _shared_ends([item.key for item in old], [item.key for item in new])
    old, new = old[start : len(old) - end], new[start : len(new) - end]
    if max(len(old), len(new)) > _MOST_ITEMS:
        return None
    changes: list[Change] = []
    for was, now in _differing([item.key for item in old], [item.key for item in new]):
        changes += _pair(old[was], new[now])
    return changes


def compare_lines(before: str, after: str) -> Iterator[tuple[str, str]]:
    """The source's lines that differ, with two around them, as kind and text; at most 400."""
    kinds = {"+": ADDED, "-": REMOVED, "@": "place"}
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)
    for number, line in enumerate(lines):
        if number == MOST_LINES:
            yield "place", "… and more"
            return
        if number >= 2:  # the two lines before name files that nobody here knows
            yield kinds.get(line[:1], SAME), line


def _read_items(source: str) -> list[_Item]:
    document = Document(source)
    found: list[tuple[int, _Item]] = []
    for block, texts in _gather_blocks(document):
        text = " ".join("".join(document.decode(text) for text in texts).split())
        if text:
            found.append((texts[0].start, _Item(_name_block(block), text, document.line(texts[0].start))))
    for element in document.elements:
        for what, value in _shown_attributes(element):
            found.append((element.start, _Item(what, " ".join(value.split()), element.line)))
    return [item for _, item in sorted(found, key=lambda pair: pair[0])]


def _gather_blocks(document: Document) -> Iterator[tuple[Element | None, list[Text]]]:
    """The texts of a page, those of one paragraph together whatever is bold in it."""
    current: Element | None = None
    texts: list[Text] = []
    for text in document.texts:
        block = text.parent
        while block is not None and block.name in _INLINE:
            block = block.parent
        if texts and block is not current:
            yield current, texts
            texts = []
        current = block
        texts.append(text)
    if texts:
        yield current, texts


def _name_block(block: Element | None) -> str:
    around = [] if block is None else [block, *block.ancestors()]
    named = next((name for element in around if (name := element.get("data-name"))), "")
    return named or next((_BLOCKS[element.name] for element in around if element.name in _BLOCKS), "Text")


def _shown_attributes(element: Element) -> Iterator[tuple[str, str]]:
    if element.name == "meta":
        if (element.get("name") or "").lower() == "description" and element.get("content"):
            yield "Description", element.get("content") or ""
        return
    for attribute in element.attributes:
        name = attribute.name
        if name in _ATTRIBUTES and attribute.value.strip() and element.name in _ONLY_ON.get(name, (element.name,)):
            yield _ATTRIBUTES[name], attribute.value
        elif name == "value" and element.name == "input" and (element.get("type") or "").lower() in _BUTTONS:
            yield "Button", attribute.value


def _shared_ends(old: Sequence[object], new: Sequence[object]) -> tuple[int, int]:
    """How many items both begin with, and how many they end with."""
    most = min(len(old), len(new))
    start = next((index for index in range(most) if old[index] != new[index]), most)
    end = next((index for index in range(most - start) if old[-1 - index] != new[-1 - index]), most - start)
    return start, end


def _differing(old: Sequence[Any], new: Sequence[Any]) -> Iterator[tuple[slice, slice]]:
    for kind, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new).get_opcodes():
        if kind != "equal":
            yield slice(i1, i2), slice(j1, j2)


def _pair(old: Sequence[_Item], new: Sequence[_Item]) -> Iterator[Change]:
    """Each thing with what stands in its place: of the same sort, in the same order."""
    matcher = difflib.SequenceMatcher(None, [item.what for item in old], [item.what for item in new])
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind == "equal":
            for was, now in zip(old[i1:i2], new[j1:j2], strict=True):
                yield Change(now.what, now.line, was.text, now.text, _compare_words(was.text, now.text))
            continue
        for item in old[i1:i2]:
            yield Change(item.what, item.line, item.text, "", ((REMOVED, item.text),))
        for item in new[j1:j2]:
            yield Change(item.what, item.line, "", item.text, ((ADDED, item.text),))


def _compare_words(before: str, after: str) -> tuple[tuple[str, str], ...]:
    old, new = before.split(), after.split()
    whole = ((REMOVED, before), (ADDED, after))
    if max(len(old), len(new)) > _MOST_WORDS:
        return whole
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return whole
    words: list[tuple[str, str]] = []
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        sides = [(SAME, new[j1:j2])] if kind == "equal" else [(REMOVED, old[i1:i2]), (ADDED, new[j1:j2])]
        words += [(sort, " ".join(part)) for sort, part in sides if part]
    return tuple(words)


def _compare_files(before: Version, after: Version) -> Iterator[str]:
    for path in sorted({*before.files, *after.files}):
        old, new = before.files.get(path), after.files.get(path)
        if old is None:
            yield f"{path} is a file of the page now."
        elif new is None:
            yield f"{path} is no file of the page any more."
        elif old != new:
            yield f"{path} is another file."
    if before.enable_submit != after.enable_submit:
        yield f"Disabled submit buttons are {'switched on' if after.enable_submit else 'left as they are'} now."
