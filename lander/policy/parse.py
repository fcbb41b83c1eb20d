"""Reads the policy file.

It refuses everything it does not know by name, and reports all of a file's mistakes together; it never guesses what was
meant.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from lander.errors import LanderError
from lander.policy.findings import Severity
from lander.policy.policy import (
    CONTENT_RULES,
    FIELD_TYPES,
    MIB,
    SEALED,
    Allow,
    Budgets,
    Content,
    Egress,
    Forms,
    Freeze,
    Isolation,
    Level,
    Lifecycle,
    Policy,
    UploadLimits,
)

_LONGEST_REASON: Final = 200
_HOST: Final = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_PATH: Final = re.compile(r"(/[A-Za-z0-9._~@%+!$&()=:-]*)*")
_KEYWORD: Final = re.compile(r"'?(unsafe-|wasm-|nonce-|sha\d|strict-dynamic|self|none|report-sample)[^.]*")
# key in the file → (field of UploadLimits, unit, largest value that still protects the server)
_UPLOAD_KEYS: Final[Mapping[str, tuple[str, int, int]]] = {
    "zip_mib": ("zip_bytes", MIB, 200),
    "entries": ("entries", 1, 5_000),
    "unpacked_mib": ("unpacked_bytes", MIB, 1_000),
    "ratio": ("ratio", 1, 1_000),
    "file_mib": ("file_bytes", MIB, 100),
    "depth": ("depth", 1, 20),
    "image_megapixels": ("image_pixels", 1_000_000, 100),
}
_LENGTHS: Final = {"title_characters": 200, "description_characters": 500}  # each with the largest that makes sense
_BUDGETS: Final = {"page_kb": 100_000, "requests": 1_000, "script_kb": 100_000}
_LEVELS: Final[Mapping[str, Level]] = {"off": None, "warn": Severity.WARN, "refuse": Severity.REFUSE}
_LONGEST_WORD: Final = 100


_GROUPS: Final = tuple(item.name for item in fields(Policy) if item.name != "version")


class InvalidPolicy(LanderError):
    """A policy file that is not applied. `problems` holds every mistake in it, each with its line where it is known."""

    code = "invalid-policy"
    status = 422

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        count = "One line needs" if len(problems) == 1 else f"{len(problems)} places need"
        super().__init__(
            f"The policy file was not read. {count} mending:", fix="".join(f"\n  - {problem}" for problem in problems)
        )


def parse_policy(text: str, *, version: int = 0) -> Policy:
    """The policy a file states; raises `InvalidPolicy` with all of its mistakes."""
    text = text.removeprefix("\ufeff")  # some editors save it before the first line
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidPolicy([f"This is not TOML: {error}."]) from None
    reader = _Reader(text)
    root = reader.table("", document, _GROUPS)
    isolation = reader.table("isolation", root.get("isolation", {}), ("level", "frame_ancestors", "allow"))
    kinds = tuple(item.name for item in fields(Allow))
    allow = reader.table("isolation.allow", isolation.get("allow", {}), kinds)
    forms = reader.table("forms", root.get("forms", {}), ("field_types", "thank_you_hosts"))
    uploads = reader.table("uploads", root.get("uploads", {}), tuple(_UPLOAD_KEYS))
    lifecycle = reader.table("lifecycle", root.get("lifecycle", {}), ("freezes",))
    egress = reader.table("egress", root.get("egress", {}), ("webhook_hosts", "check_links"))
    content = reader.table("content", root.get("content", {}), tuple(item.name for item in fields(Content)))
    budgets = reader.table("budgets", root.get("budgets", {}), tuple(item.name for item in fields(Budgets)))
    _check_level(reader, isolation)
    policy = Policy(
        version=version,
        isolation=Isolation(
            frame_ancestors=reader.texts("isolation", "frame_ancestors", isolation, _read_origin, ()),
            allow=Allow(**{kind: reader.texts("isolation.allow", kind, allow, _read_source, ()) for kind in kinds}),
        ),
        forms=Forms(
            field_types=reader.texts("forms", "field_types", forms, _read_field_type, FIELD_TYPES),
            thank_you_hosts=reader.texts("forms", "thank_you_hosts", forms, _read_host, ()),
        ),
        uploads=UploadLimits(
            **{
                name: reader.number("uploads", key, uploads, top) * unit
                for key, (name, unit, top) in _UPLOAD_KEYS.items()
                if key in uploads
            }
        ),
        lifecycle=Lifecycle(freezes=tuple(_read_freezes(reader, lifecycle.get("freezes", [])))),
        egress=Egress(
            webhook_hosts=reader.texts("egress", "webhook_hosts", egress, _read_host, ()),
            check_links=reader.flag("egress", "check_links", egress),
        ),
        content=Content(
            **reader.levels("content", CONTENT_RULES, content),
            **reader.numbers("content", _LENGTHS, content),
            forbidden_words=reader.texts("content", "forbidden_words", content, _read_word, ()),
        ),
        budgets=Budgets(
            **reader.levels("budgets", ("weight",), budgets), **reader.numbers("budgets", _BUDGETS, budgets)
        ),
    )
    if reader.problems:
        raise InvalidPolicy(reader.problems)
    return policy


class _Reader:
    """Reads values out of the parsed file and keeps what is wrong with them."""

    def __init__(self, text: str) -> None:
        self.problems: list[str] = []
        self._lines = _find_lines(text)

    def refuse(self, key: str, problem: str) -> None:
        line = self._lines.get(key)
        self.problems.append(f"Line {line}: {problem}" if line else problem)

    def table(self, name: str, value: object, known: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.refuse(name, f"'{name}' is {value!r}, not a group. Write [{name}] on a line of its own.")
            return {}
        for key in value:
            if key not in known:
                full = f"{name}.{key}" if name else key
                noun, place = ("key", f" in [{name}]") if name else ("group", "")
                self.refuse(full, f"'{full}' is not a {noun} of the policy. Known{place}: {', '.join(known)}.")
        return value

    def texts(
        self, table: str, key: str, values: dict[str, Any], read: Callable[[str], str], default: tuple[str, ...]
    ) -> tuple[str, ...]:
        """A list of texts, each through `read`, which raises `ValueError` with the reason."""
        if key not in values:
            return default
        value = values[key]
        full = f"{table}.{key}"
        if not isinstance(value, list):
            self.refuse(full, f'{full} is {value!r}, not a list. Write it like {key} = ["example.com"].')
            return ()
        found: list[str] = []
        for item in value:
            try:
                if not isinstance(item, str):
                    raise ValueError("every entry is a text in quotation marks")
                found.append(read(item))
            except ValueError as reason:
                self.refuse(full, f"{full} names {item!r}: {reason}.")
        return tuple(dict.fromkeys(found))

    def number(self, table: str, key: str, values: dict[str, Any], top: int) -> int:
        value = values[key]
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= top:
            self.refuse(f"{table}.{key}", f"{table}.{key} is {value!r}. Write a whole number from 1 to {top}.")
            return 1
        return value

    def numbers(self, table: str, tops: Mapping[str, int], values: dict[str, Any]) -> dict[str, Any]:
        """Those of the numbers that the file gives."""
        return {key: self.number(table, key, values, top) for key, top in tops.items() if key in values}

    def flag(self, table: str, key: str, values: dict[str, Any]) -> bool:
        """Whether the file turns something on that is off by itself."""
        value = values.get(key, False)
        if not isinstance(value, bool):
            self.refuse(f"{table}.{key}", f"{table}.{key} is {value!r}. Write true or false.")
            return False
        return value

    def levels(self, table: str, keys: tuple[str, ...], values: dict[str, Any]) -> dict[str, Any]:
        """Those of the levels that the file gives."""
        found: dict[str, Level] = {}
        for key in keys:
            if key not in values:
                continue
            value = values[key]
            if isinstance(value, str) and value in _LEVELS:
                found[key] = _LEVELS[value]
            else:
                self.refuse(f"{table}.{key}", f'{table}.{key} is {value!r}. Write "off", "warn" or "refuse".')
        return found


def _check_level(reader: _Reader, isolation: dict[str, Any]) -> None:
    level = isolation.get("level", SEALED)
    if level == SEALED:
        return
    if level == "standard":
        reason = 'this version of Lander serves sealed pages only. Write "sealed", or leave the line out.'
    else:
        reason = 'the only level is "sealed".'
    reader.refuse("isolation.level", f"isolation.level is {level!r}: {reason}")


def _read_freezes(reader: _Reader, values: object) -> Iterator[Freeze]:
    key, example = "lifecycle.freezes", '{from = 2026-12-20T00:00:00+01:00, to = …, reason = "Christmas"}'
    if not isinstance(values, list):
        reader.refuse(key, f"{key} is {values!r}, not a list. Write it like [{example}].")
        return
    for value in values:
        if not isinstance(value, dict) or set(value) != {"from", "to", "reason"}:
            reader.refuse(key, f"{key} holds {value!r}. A freeze has from, to and reason, like {example}.")
            continue
        starts_at, ends_at, reason = value["from"], value["to"], value["reason"]
        wrong = [at for at in (starts_at, ends_at) if not isinstance(at, datetime) or at.tzinfo is None]
        if wrong:  # a policy is for all sites, and each of them has a zone of its own
            reader.refuse(
                key,
                f"{key} names {str(wrong[0])!r}, which is no moment. Write date, time and offset from UTC, like "
                "2026-12-20T00:00:00+01:00, without quotation marks.",
            )
        elif starts_at >= ends_at:
            reader.refuse(key, f"{key}: the freeze from {starts_at} ends at {ends_at}, before it begins.")
        elif not isinstance(reason, str) or not reason.strip() or len(reason) > _LONGEST_REASON:
            reader.refuse(key, f"{key}: the freeze from {starts_at} needs a reason of up to {_LONGEST_REASON} letters.")
        else:
            yield Freeze(starts_at, ends_at, reason.strip())


def _read_word(text: str) -> str:
    word = " ".join(text.split())
    if not word or len(word) > _LONGEST_WORD:
        raise ValueError(f"a word or a few, {_LONGEST_WORD} letters at most")
    return word


def _read_field_type(text: str) -> str:
    if text not in FIELD_TYPES:
        raise ValueError(
            f"the field types are {', '.join(FIELD_TYPES)}; passwords, files and cards are never asked for"
        )
    return text


def _read_host(text: str) -> str:
    if "*" in text:
        raise ValueError("a wildcard would allow hosts nobody has looked at; name each host")
    if not _HOST.fullmatch(text.lower()):
        raise ValueError("this is not a host name like www.example.com, without scheme and port")
    return text.lower()


def _read_source(text: str) -> str:
    """An exact https host, with a path where wanted, as a CSP source."""
    if _KEYWORD.fullmatch(text.lower()):
        raise ValueError("keywords that loosen the page's box are never taken; name a host like cdn.example.com")
    scheme, separator, rest = text.partition("://")
    if separator and scheme.lower() != "https":
        raise ValueError("only https addresses are loaded")
    rest = rest if separator else text
    if re.match(r"[a-z][a-z0-9+.-]*:", rest, re.IGNORECASE):
        raise ValueError("a scheme or a port is not a host; name a host like cdn.example.com")
    host, slash, path = rest.partition("/")
    host = _read_host(host)
    if not _PATH.fullmatch(slash + path):
        raise ValueError("its path holds characters that an address here cannot hold (no query, spaces, * ; or ,)")
    return f"https://{host}{slash + path if path else ''}"


def _read_origin(text: str) -> str:
    source = _read_source(text)
    if source.count("/") > 2:
        raise ValueError("who may frame a page is a host, without a path")
    return source


def _find_lines(text: str) -> dict[str, int]:
    """Line of each key by its full name, as far as it can be told from lines alone; a hint, not the parser."""
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line):
            table = header[1].replace('"', "").replace(" ", "")
            lines.setdefault(table, number)
        elif key := re.match(r"""\s*["']?([A-Za-z0-9_.-]+)["']?\s*=""", line):
            lines.setdefault(f"{table}.{key[1]}" if table else key[1], number)
    return lines
