"""A report's file as an object of strict JSON: no size that fills the memory, no key twice, no number that is none."""

import json
import math
from pathlib import Path
from typing import Any, Final

from lander.verification.parts import Unreadable

FORMAT: Final = 1
_LARGEST: Final = 32 * 1024 * 1024  # bytes; a report of a year in twenty variants has 3 MB


def read_file(file: Path) -> dict[str, Any]:
    """The object in a file of strict JSON; raises `Unreadable`."""
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST + 1)
    except OSError as error:
        raise Unreadable(
            f"{file}: {error.strerror or error}.", fix="Name a report that was exported as JSON."
        ) from None
    if len(content) > _LARGEST:
        raise Unreadable(f"{file} is larger than 32 MiB, which no report is.", fix="Name the report, not the events.")
    try:
        raw = json.loads(
            content, object_pairs_hook=_read_object, parse_constant=_refuse_number, parse_float=_read_float
        )
    except (ValueError, RecursionError) as error:
        reason = "too deep" if isinstance(error, RecursionError) else str(error)
        raise Unreadable(f"{file} is not JSON: {reason}.", fix="Name a report that was exported as JSON.") from None
    if not isinstance(raw, dict) or "format" not in raw or "variants" not in raw:
        raise Unreadable(f"{file} is JSON, and no report.", fix="Export one with: lander report export --what report")
    if raw["format"] != FORMAT or isinstance(raw["format"], bool):
        raise Unreadable(
            f"{file} is a report of format {raw['format']!r}; this version of Lander reads format {FORMAT}.",
            fix="Recompute it with the version of Lander that wrote it.",
        )
    return raw


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object that says everything once: of two values for one key, a reader would see one, and another the other."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for position, (key, _) in enumerate(pairs) if key in dict(pairs[:position]))
        raise ValueError(f"the key '{twice}' stands in it twice")
    return found


def _read_float(text: str) -> float:
    if not math.isfinite(float(text)):
        raise ValueError(f"{text[:40]} is too large a number")
    return float(text)


def _refuse_number(text: str) -> None:
    raise ValueError(f"{text} is no number")
