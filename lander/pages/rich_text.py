"""HTML that somebody typed or pasted into a rich region: which tags and attributes are kept, and what would be lost.

Fragments only, cleaned by nh3 until nothing changes any more, because one round of it can make what the next takes away.
Nothing here looks at a whole document.
"""

from collections import Counter
from collections.abc import Callable, Container
from typing import Final

import nh3

from lander.document import Document, Element
from lander.errors import InvalidInput

# fmt: off
INLINE: Final = frozenset((
    "a", "abbr", "b", "bdi", "bdo", "br", "cite", "code", "data", "del", "dfn", "em", "i", "img", "ins", "kbd", "mark",
    "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "u", "var", "wbr",
))
BLOCKS: Final = frozenset((
    "address", "article", "aside", "blockquote", "caption", "col", "colgroup", "dd", "details", "div", "dl", "dt",
    "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p",
    "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
))
# what a browser ends as soon as a block begins in it, or what must not hold one
_HOLDS_INLINE: Final = INLINE | frozenset((
    "button", "caption", "dt", "figcaption", "h1", "h2", "h3", "h4", "h5", "h6", "label", "legend", "p", "pre", "summary",
))
# fmt: on
_ATTRIBUTES: Final = {
    "*": {"class", "dir", "id", "lang", "role", "style", "tabindex", "title"},
    "a": {"download", "href", "hreflang", "rel", "target"},
    "col": {"span"},
    "colgroup": {"span"},
    "data": {"value"},
    "del": {"cite", "datetime"},
    "details": {"open"},
    "img": {"alt", "decoding", "fetchpriority", "height", "loading", "sizes", "src", "srcset", "width"},
    "ins": {"cite", "datetime"},
    "ol": {"reversed", "start", "type"},
    "td": {"colspan", "headers", "rowspan"},
    "th": {"abbr", "colspan", "headers", "rowspan", "scope"},
    "time": {"datetime"},
}
_PREFIXES: Final = {"aria-", "data-"}
_OURS: Final = ("data-lander", "data-edit", "data-name")
_SCHEMES: Final = {"https", "mailto", "tel"}
_MOST_ROUNDS: Final = 4


def clean_fragment(html: str, holder: Element, *, styles: Container[str] = ()) -> str:
    """The fragment with nothing left in it that a rich region in `holder` may not hold.

    `styles` are values of style attributes that stay because the page has them already. Raises `InvalidInput` where
    four rounds of cleaning come to no end.
    """
    tags, keep = _tags_in(holder), _attribute_filter(styles)
    for _ in range(_MOST_ROUNDS):
        cleaned = nh3.clean(
            html,
            tags=set(tags),
            attributes=_ATTRIBUTES,
            attribute_filter=keep,
            generic_attribute_prefixes=_PREFIXES,
            url_schemes=_SCHEMES,
            link_rel=None,
        )
        if cleaned == html:
            return html
        html = cleaned
    raise InvalidInput(
        "The markup is so tangled that it cannot be cleaned.", fix="Paste it as plain text and format it here."
    )


def list_losses(before: str, after: str) -> list[str]:
    """What cleaning took out: tags as `<svg>`, attributes as `onclick of <a>`; each once."""
    lost = _count(before) - _count(after)
    return sorted(set(lost), key=lambda item: (" of " in item, item))


def list_styles(html: str) -> frozenset[str]:
    """The style attributes of a fragment."""
    return frozenset(value for item in Document(html).elements if (value := item.get("style")) is not None)


def holds_inline_only(holder: Element) -> bool:
    """Whether a block in this element would end it, or one around it."""
    return bool(_around(holder) & _HOLDS_INLINE)


def _tags_in(holder: Element) -> frozenset[str]:
    tags = INLINE if holds_inline_only(holder) else INLINE | BLOCKS
    return tags - {"a"} if "a" in _around(holder) else tags


def _around(holder: Element) -> set[str]:
    return {holder.name, *(element.name for element in holder.ancestors())}


def _attribute_filter(styles: Container[str]) -> Callable[[str, str, str], str | None]:
    def keep(_tag: str, name: str, value: str) -> str | None:
        if name.startswith(_OURS) or (name == "style" and value not in styles):
            return None
        return value

    return keep


def _count(html: str) -> Counter[str]:
    counted: Counter[str] = Counter()
    for element in Document(html).elements:
        counted[f"<{element.name}>"] += 1
        counted.update(f"{item.name} of <{element.name}>" for item in element.attributes)
    return counted
