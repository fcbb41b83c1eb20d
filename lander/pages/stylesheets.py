"""What stylesheets refer to, and rewriting it: addresses change, every other byte of the CSS stays.

Pure text in, text out. tinycss2 says where the addresses are; the splices are made on the text itself.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import tinycss2  # type: ignore[import-untyped]

from lander.pages.addresses import Address, Kind, Scope, is_absolute, resolve_address

REMOVED_ADDRESS: Final = "data:,"
_WORTH_KEEPING: Final = 4_096  # characters: below are the contents of attributes, and there are many of those
_IMAGE_SETS: Final = frozenset(["image-set", "-webkit-image-set"])
_URL_FUNCTIONS: Final = frozenset(["url", "src"])
_STRING: Final = {
    '"': re.compile(r'"(?:[^"\\\n]|\\[\s\S])*"?'),
    "'": re.compile(r"'(?:[^'\\\n]|\\[\s\S])*'?"),
}
_UNQUOTED: Final = re.compile(r"[^(]*\((?:[^)\\]|\\[\s\S])*\)?")
_TO_ESCAPE: Final = re.compile(r'["\\\n\r\f<]')


@dataclass(frozen=True, slots=True)
class CssReference:
    """One address in a stylesheet. `start` and `end` span the token that holds it: a string, or `url(…)` without quotes."""

    kind: Kind
    address: str
    start: int
    end: int
    line: int
    quoted: bool
    statement: tuple[int, int] | None = None  # of an @import: the whole of it, to take it out


def find_css_references(css: str) -> Sequence[CssReference]:
    """Every address that a stylesheet, or the content of a style attribute, loads, in the order of the text."""
    return _find_once(css) if len(css) >= _WORTH_KEEPING else _find(css)


def _find(css: str) -> tuple[CssReference, ...]:
    text = _even(css)
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    found: list[CssReference] = []
    for kind, token, statement in _walk(tinycss2.parse_component_value_list(text)):
        start = _offset(starts, token)
        quoted = token.type == "string"
        match = (_STRING[text[start]] if quoted else _UNQUOTED).match(text, start)
        if match is None or not token.value.strip():
            continue
        span = None
        if statement is not None:
            first, last = statement
            span = (_offset(starts, first), len(css) if last is None else _offset(starts, last) + 1)
        found.append(CssReference(kind, token.value.strip(), start, match.end(), token.source_line, quoted, span))
    return tuple(sorted(found, key=lambda item: item.start))


# one stylesheet is read for each variant and page that uses it, and for each look at their screens; Bootstrap's takes 0.1 s
_find_once = lru_cache(maxsize=16)(_find)


def rewrite_css(css: str, choose: Callable[[CssReference], str | None]) -> str:
    """The stylesheet with other addresses: what `choose` gives, or what was there where it gives None."""
    changes = [
        (reference.start, reference.end, write_css_address(address, quoted=reference.quoted))
        for reference in find_css_references(css)
        if (address := choose(reference)) is not None and address != reference.address
    ]
    return splice(css, changes)


def external_references(css: str) -> list[CssReference]:
    """The references that lead to another host."""
    return [item for item in find_css_references(css) if _is_external(item.address)]


def strip_external(css: str, *, keeps: Callable[[CssReference], bool] = lambda _: False) -> tuple[str, list[str]]:
    """The stylesheet without what it loads from other hosts, and the addresses taken out.

    An external `@import` goes as a whole; any other address becomes an empty one, so that the rule around it holds.
    `keeps` names the references that may stay.
    """
    changes: list[tuple[int, int, str]] = []
    removed: list[str] = []
    for reference in external_references(css):
        if keeps(reference):
            continue
        removed.append(reference.address)
        if reference.statement is not None:
            changes.append((*reference.statement, ""))
        else:
            written = write_css_address(REMOVED_ADDRESS, quoted=reference.quoted)
            changes.append((reference.start, reference.end, written))
    return splice(css, changes), removed


def _is_external(address: str) -> bool:
    return resolve_address(address, "style.css").scope is Scope.EXTERNAL


def _even(css: str) -> str:
    # the same length, so that offsets stay true; tinycss2 counts lines by \n alone
    return css.replace("\r\n", " \n").replace("\r", "\n").replace("\f", "\n").replace("\0", "\ufffd")


def _offset(starts: list[int], token: Any) -> int:
    line: int = token.source_line
    column: int = token.source_column
    return starts[line - 1] + column - 1


def _walk(tokens: list[Any]) -> Iterator[tuple[Kind, Any, tuple[Any, Any] | None]]:
    """(kind, string or url token, (first, last) token of its @import) of every address, without recursion."""
    waiting: list[tuple[list[Any], Kind, bool]] = [(tokens, Kind.IMG, False)]
    while waiting:
        level, kind, strings_count = waiting.pop()
        rule: Any = None  # the at-keyword that the tokens after it belong to
        for position, token in enumerate(level):
            if token.type == "at-keyword":
                rule = token
            elif token.type == "literal" and token.value == ";":
                rule = None
            elif token.type in ("string", "url"):
                if rule is not None and rule.lower_value == "import":
                    yield Kind.STYLE, token, (rule, _end_of_statement(level, position))
                elif (rule is None or rule.lower_value != "namespace") and (token.type == "url" or strings_count):
                    yield kind, token, None
            elif token.type == "function":
                yield from _walk_function(token, rule, level, position, kind)
                if token.lower_name not in _URL_FUNCTIONS:
                    waiting.append((token.arguments, kind, token.lower_name in _IMAGE_SETS))
            elif token.type in ("{} block", "[] block", "() block"):
                is_font = rule is not None and rule.lower_value == "font-face"
                waiting.append((token.content, Kind.FONT if is_font else kind, False))
                if token.type == "{} block":
                    rule = None


def _walk_function(
    token: Any, rule: Any, level: list[Any], position: int, kind: Kind
) -> Iterator[tuple[Kind, Any, tuple[Any, Any] | None]]:
    if token.lower_name not in _URL_FUNCTIONS or (rule is not None and rule.lower_value == "namespace"):
        return
    for argument in token.arguments:
        if argument.type == "string":
            if rule is not None and rule.lower_value == "import":
                yield Kind.STYLE, argument, (rule, _end_of_statement(level, position))
            else:
                yield kind, argument, None
            return


def _end_of_statement(level: list[Any], position: int) -> Any:
    return next((item for item in level[position:] if item.type == "literal" and item.value == ";"), None)


def write_css_address(address: str, *, quoted: bool) -> str:
    """The token that stands for an address in CSS."""
    text = _TO_ESCAPE.sub(lambda match: f"\\{ord(match.group()):x} ", address)
    return f'"{text}"' if quoted else f'url("{text}")'


def splice(text: str, changes: list[tuple[int, int, str]]) -> str:
    """Text with other text at these spans, which come in order and do not overlap."""
    parts, position = [], 0
    for start, end, replacement in changes:
        parts += [text[position:start], replacement]
        position = end
    return "".join([*parts, text[position:]])


@dataclass(frozen=True, slots=True)
class Settled:
    """A stylesheet whose references are settled: those that are files of ours lead there."""

    text: str
    external: tuple[str, ...]  # absolute addresses that are still loaded from elsewhere
    assets: tuple[str, ...]  # names of the files of ours it refers to
    missing: tuple[tuple[str, int], ...]  # relative addresses that lead to no file, with their lines


def settle_css(css: str, *, base: str, prefix: str, name_of: Callable[[Address], str | None]) -> Settled:
    """Lead a stylesheet's references to assets.

    `base` is where it stood: an archive path, or the absolute address it was brought from. `name_of` gives the asset name
    of what an address leads to. What is not ours becomes an absolute address, so that it can be listed, allowed, brought
    inside later, or taken out.
    """
    external: list[str] = []
    assets: list[str] = []
    missing: list[tuple[str, int]] = []

    def choose(reference: CssReference) -> str | None:
        if reference.address.startswith(prefix):
            assets.append(resolve_address(reference.address, base="").target.removeprefix(prefix.lstrip("/")))
            return None
        address = resolve_address(reference.address, base)
        if address.scope not in (Scope.EXTERNAL, Scope.RELATIVE):
            return None
        name = name_of(address)
        if name is not None:
            assets.append(name)
            return prefix + name + address.fragment
        if address.scope is Scope.RELATIVE:
            missing.append((reference.address, reference.line))
            return None
        external.append(address.target)
        return address.target + address.fragment if not is_absolute(reference.address) else None

    text = rewrite_css(css, choose)
    return Settled(text, tuple(dict.fromkeys(external)), tuple(dict.fromkeys(assets)), tuple(missing))
