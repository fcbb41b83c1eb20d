"""The images of a page and what its own styles and scripts say about them: what may be done without anybody noticing."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from lander.document import Document, Element
from lander.pages.image_rules import (
    HAS_WIDTH,
    SHAPES,
    STACKS,
    Rules,
    find_noticing,
    read_rules,
    sets_addresses,
    walks_around,
    without_passing,
)

_ELSEWHERE: Final = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
_LAZY: Final = re.compile(r"data-(?:lazy|src|srcset|sizes|original|bg)(?:-.*)?|v-bind:src|:src")
_LAZY_CLASS: Final = re.compile(r"(?:^|[\s_-])lazy", re.IGNORECASE)
_AT_ONCE: Final = 200  # selectors asked for together


@dataclass(frozen=True, slots=True)
class Picture:
    """What an image asset measures, and its renditions as (width, asset), the widest last.

    Those in WebP end with one as wide as the image; those in AVIF do too, or there are none.
    """

    width: int
    height: int
    webp: tuple[tuple[int, str], ...] = ()
    avif: tuple[tuple[int, str], ...] = ()
    is_waiting: bool = False  # nobody has drawn it yet

    @property
    def renditions(self) -> tuple[tuple[int, str], ...]:
        return (*self.avif, *self.webp)


@dataclass(frozen=True, slots=True)
class Pictures:
    """What must be known of the files of versions to place renditions."""

    images: Mapping[str, Picture] = field(default_factory=dict)  # asset name → image
    rules: Mapping[str, Rules] = field(default_factory=dict)  # asset name of a stylesheet → its rules
    setting: frozenset[str] = frozenset()  # asset names of scripts that set the addresses of images
    walking: frozenset[str] = frozenset()  # asset names of scripts that go from element to element

    def name_renditions(self, files: Mapping[str, str]) -> dict[str, str]:
        """What people call the renditions of a version's files, as `files` calls those: hero.jpg at 640 px → asset."""
        return {
            f"{path} at {width} px, {name.rpartition('.')[2]}": name
            for path, original in files.items()
            if original in self.images
            for width, name in self.images[original].renditions
        }


@dataclass(frozen=True, slots=True)
class Used:
    """What a version came to use, once its references were settled."""

    images: Mapping[Element, str] = field(default_factory=dict)  # <img> → own image, by asset name
    assets: Collection[str] = ()
    sheets: Collection[str] = ()  # texts of stylesheets that compiling made
    inside: Collection[Element] = ()  # elements that load nothing from elsewhere any more
    preloaded: Collection[str] = ()  # assets that a <link> names
    clicked: Collection[str] = ()  # the selectors of the running test's goals


class Places:
    """Answers for one page."""

    def __init__(self, document: Document, used: Used, pictures: Pictures) -> None:
        self._document = document
        self._used = used
        self._pictures = pictures

    def is_its_scripts(self, element: Element) -> bool:
        """Whether a script of the page says what an image loads, and when."""
        return _LAZY_CLASS.search(element.get("class") or "") is not None or any(
            _LAZY.fullmatch(item.name) for item in element.attributes
        )

    def may_choose(self, element: Element) -> bool:
        """Whether a browser may load another file in the place of the image."""
        in_picture = element.parent is not None and element.parent.name == "picture"
        return not (
            self.setting_script
            or in_picture
            or element.get("srcset") is not None
            or self._used.images.get(element) in self._used.preloaded
        )

    def may_enclose(self, element: Element) -> bool:
        """Whether nothing on the page can tell that an element stands around the image."""
        parent = element.parent
        return (
            parent is not None
            and not parent.foreign
            and not self._has_unread
            and not self._has_walking_script
            and element not in self._noticed
        )

    def keeps_ratio(self, element: Element) -> bool:
        """Whether its width may follow from its height or its neighbours, so that a width in the tag would be wrong."""
        style = element.get("style") or ""
        return (
            self._has_unread
            or element in self._shaped
            or (element.parent is not None and element.parent in self._stacks)
            or SHAPES.search(style) is not None
        )

    def has_width(self, element: Element) -> bool:
        """Whether its width is always said by something else than the image itself."""
        return (
            element.get("width") is not None
            or element in self._bound
            or HAS_WIDTH.search(element.get("style") or "") is not None
        )

    @cached_property
    def setting_script(self) -> str:
        """A script that sets addresses of images, or may do so, as a person finds it; empty where none does."""
        for element in self._document.named("script"):
            address = (element.get("src") or "").strip()
            if self._is_elsewhere(element, address):
                return f"the script {address[:80]}"
            if element.get("src") is None and sets_addresses(self._document.text(element), is_file=False):
                return f"the script in line {element.line}"
        if self._pictures.setting.intersection(self._used.assets):
            return "a script file of the page"
        for element, name, value in self._handlers:
            if sets_addresses(value, is_file=False):
                return f"{name} in line {element.line}"
        return ""

    @cached_property
    def _has_walking_script(self) -> bool:
        scripts = (self._document.text(item) for item in self._document.named("script") if item.get("src") is None)
        return (
            not self._pictures.walking.isdisjoint(self._used.assets)
            or any(walks_around(text) for text in scripts)
            or any(walks_around(value) for _, _, value in self._handlers)
        )

    @cached_property
    def _handlers(self) -> list[tuple[Element, str, str]]:
        return [
            (element, attribute.name, attribute.value)
            for element in self._document.elements
            for attribute in element.attributes
            if attribute.name.startswith("on")
        ]

    @cached_property
    def _has_unread(self) -> bool:
        """Whether a stylesheet of the page lies on another host."""
        return any(
            "stylesheet" in (item.get("rel") or "").lower().split() and self._is_elsewhere(item, item.get("href") or "")
            for item in self._document.named("link")
        )

    @cached_property
    def _rules(self) -> list[Rules]:
        styles = [read_rules(self._document.text(item)) for item in self._document.named("style")]
        files = [self._pictures.rules[name] for name in self._used.assets if name in self._pictures.rules]
        return [*files, *map(read_rules, self._used.sheets), *styles]

    @cached_property
    def _shaped(self) -> set[Element]:
        return self._matched((item for rules in self._rules for item in rules.shaping), unread="img")

    @cached_property
    def _stacks(self) -> set[Element]:
        found = self._matched((item for rules in self._rules for item in rules.stacking), unread="*")
        return found | {item for item in self._document.elements if STACKS.search(item.get("style") or "")}

    @cached_property
    def _bound(self) -> set[Element]:
        return self._matched((item for rules in self._rules for item in rules.bounding), unread="")

    @cached_property
    def _noticed(self) -> set[Element]:
        goals = (item for selector in self._used.clicked for item in find_noticing(selector))
        return self._matched([*goals, *(item for rules in self._rules for item in rules.noticing)], unread="img")

    def _matched(self, selectors: Iterable[str], *, unread: str) -> set[Element]:
        """What the selectors find, in whatever state it is; `unread` stands for one that cannot be read."""
        asked = list(dict.fromkeys(map(without_passing, selectors)))
        found: set[Element] = set()
        for start in range(0, len(asked), _AT_ONCE):
            found |= self._select(asked[start : start + _AT_ONCE], unread)
        return found

    def _select(self, selectors: list[str], unread: str) -> set[Element]:
        """All together, and by halves where one of them cannot be read."""
        try:
            return set(self._document.select(", ".join(selectors)))
        except ValueError:
            if len(selectors) == 1:
                return set(self._document.select(unread)) if unread else set()
        half = len(selectors) // 2
        return self._select(selectors[:half], unread) | self._select(selectors[half:], unread)

    def _is_elsewhere(self, element: Element, address: str) -> bool:
        """Whether it comes from another host, and stays."""
        return element not in self._used.inside and _ELSEWHERE.match(address) is not None
