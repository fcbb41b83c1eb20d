"""Joins a published variant's segments: the view token, and dynamic text from the visitor's parameters."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from lander.published import PublishedVariant, TextSlot, TokenSlot
from lander.text_slots import fill_text


@dataclass(frozen=True, slots=True)
class Template:
    """A variant's bytes with its slots found, once per release."""

    parts: tuple[bytes, ...]
    token_at: tuple[int, ...]
    text_at: tuple[tuple[int, TextSlot], ...]


def prepare(variant: PublishedVariant) -> Template:
    """Find the slots."""
    segments = variant.segments
    return Template(
        parts=tuple(segment if isinstance(segment, bytes) else b"" for segment in segments),
        token_at=tuple(index for index, segment in enumerate(segments) if isinstance(segment, TokenSlot)),
        text_at=tuple((index, segment) for index, segment in enumerate(segments) if isinstance(segment, TextSlot)),
    )


def fill(template: Template, token: bytes, query: str) -> bytes:
    """The page for one view. The first of repeated parameters counts."""
    parts = list(template.parts)
    for index in template.token_at:
        parts[index] = token
    if template.text_at:
        values: dict[str, str] = {}
        for name, value in parse_qsl(query, keep_blank_values=True, errors="replace"):
            values.setdefault(name, value)
        for index, slot in template.text_at:
            parts[index] = fill_text(values.get(slot.parameter), slot.transform, slot.default).encode(
                "utf-8", "replace"
            )
    return b"".join(parts)
