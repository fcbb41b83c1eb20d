"""What HTML says about its elements: which are void, which end by themselves, which end others.

Tables of the WHATWG standard (parsing, tree construction) as far as reading tags needs them; no code.
"""

from typing import Final

# fmt: off
VOID: Final = frozenset((
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "keygen", "link", "meta",
    "param", "source", "track", "wbr",
))
RAW_TEXT: Final = frozenset(("script", "style", "xmp", "iframe", "noembed", "noframes"))
ESCAPABLE_RAW_TEXT: Final = frozenset(("title", "textarea"))
OPTIONAL_END: Final = frozenset((
    "html", "head", "body", "p", "li", "dt", "dd", "option", "optgroup", "rt", "rp", "colgroup", "thead", "tbody", "tfoot",
    "tr", "td", "th", "caption",
))
FORMATTING: Final = frozenset((
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u", "form",
))
SCOPE: Final = frozenset(("applet", "caption", "html", "table", "td", "th", "marquee", "object", "template"))
TABLE_SCOPE: Final = frozenset(("html", "table", "template"))
TABLE_PARTS: Final = frozenset(("table", "caption", "colgroup", "thead", "tbody", "tfoot", "tr", "td", "th"))
CLOSES_P: Final = frozenset((
    "address", "article", "aside", "blockquote", "center", "dd", "details", "dialog", "dir", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "li", "listing",
    "main", "menu", "nav", "ol", "p", "plaintext", "pre", "search", "section", "summary", "table", "ul", "xmp",
))
SPECIAL: Final = (CLOSES_P | SCOPE | OPTIONAL_END | {"button", "frameset", "noscript", "select"}) - {
    "dialog", "option", "optgroup", "rt", "rp",
}
LEAVES_FOREIGN: Final = frozenset((
    "b", "big", "blockquote", "body", "br", "center", "code", "dd", "div", "dl", "dt", "em", "embed", "h1", "h2", "h3", "h4",
    "h5", "h6", "head", "hr", "i", "img", "li", "listing", "menu", "meta", "nobr", "ol", "p", "pre", "ruby", "s", "small",
    "span", "strong", "strike", "sub", "sup", "table", "tt", "u", "ul", "var",
))
# start tag → (open elements it ends, where looking for them stops)
_LIST, _SELECT, _ROW_GROUP = SCOPE | {"ul", "ol", "menu"}, SCOPE | {"select"}, TABLE_SCOPE | {"thead", "tbody", "tfoot"}
_GROUP_ENDS: Final = frozenset(("thead", "tbody", "tfoot", "caption", "colgroup", "tr"))
IMPLIED_ENDS: Final = {
    "li": (frozenset(("li",)), _LIST),
    "dt": (frozenset(("dt", "dd")), SCOPE | {"dl"}), "dd": (frozenset(("dt", "dd")), SCOPE | {"dl"}),
    "option": (frozenset(("option",)), _SELECT), "optgroup": (frozenset(("optgroup", "option")), _SELECT),
    "td": (frozenset(("td", "th")), TABLE_SCOPE | {"tr"}), "th": (frozenset(("td", "th")), TABLE_SCOPE | {"tr"}),
    "tr": (frozenset(("tr", "caption", "colgroup")), _ROW_GROUP),
    "thead": (_GROUP_ENDS, TABLE_SCOPE), "tbody": (_GROUP_ENDS, TABLE_SCOPE), "tfoot": (_GROUP_ENDS, TABLE_SCOPE),
    "rt": (frozenset(("rt", "rp")), SCOPE | {"ruby"}), "rp": (frozenset(("rt", "rp")), SCOPE | {"ruby"}),
    "body": (frozenset(("head",)), frozenset(("html",))),
}
# fmt: on
HTML_ENCODINGS: Final = frozenset(("text/html", "application/xhtml+xml"))  # of an annotation-xml that holds HTML
HTML_INSIDE: Final = {
    "svg": frozenset(("foreignobject", "desc", "title")),
    "math": frozenset(("mi", "mo", "mn", "ms", "mtext")),
}
